"""What may be said: an estimate, the design it comes from and the measurement behind it become a verdict and a verb."""
