"""Words everyone shares: errors, frames, estimates, cautions, gates."""
