"""Wording that others own, read from where its owner publishes it; never kept, never written into results."""
