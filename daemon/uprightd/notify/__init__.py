"""Telling the person, and knowing whether it was told."""
