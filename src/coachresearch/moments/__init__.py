"""Many rows become one small summary."""
