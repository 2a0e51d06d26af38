"""Telling it to others."""
