"""The optional person detector: where all the people in a picture are."""
