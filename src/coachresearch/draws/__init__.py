"""Random arrays from a stated truth."""
