"""Before a study starts: power, precision, the smallest effect it can see, and what it may ever claim."""
