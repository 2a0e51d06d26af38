"""What was answered."""
