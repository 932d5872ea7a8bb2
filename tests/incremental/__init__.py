"""What is rebuilt after which change: a table that builds are held against."""
