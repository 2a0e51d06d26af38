"""The faces of a result."""
