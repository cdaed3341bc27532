"""The user's settings: read once, checked whole, frozen."""
