"""Asking many people over the web."""
