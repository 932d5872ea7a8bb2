"""Our converter and its peer on the same networks, in the same run, side by side."""
