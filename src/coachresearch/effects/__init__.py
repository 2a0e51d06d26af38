"""What differs, and by how much."""
