"""People who are missing: who leaves, filling in with its uncertainty, weights, and what if they differed."""
