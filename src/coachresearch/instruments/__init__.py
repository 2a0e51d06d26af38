"""What is asked, and who says so."""
