"""What is kept, durably."""
