"""Telling it to others: a report is one page that needs nothing else, and the same bytes on every run."""
