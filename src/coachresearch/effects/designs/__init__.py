"""Designs of a study, each one call that says what it estimates."""
