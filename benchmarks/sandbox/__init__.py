"""What the sandbox costs beside a bare process."""
