"""Confirmatory factors: a model in words, its parameters, its estimates and how well it fits."""
