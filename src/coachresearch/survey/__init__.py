"""Asking one person."""
