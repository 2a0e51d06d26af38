"""Asking imaginary people."""
