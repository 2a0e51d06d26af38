"""How well it is measured."""
