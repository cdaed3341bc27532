"""Deciding when to speak: threshold rules over readings."""
