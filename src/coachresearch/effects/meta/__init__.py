"""Across cohorts and studies: effects, their pooling, what may bias it, and what others have published."""
