"""Model weights on this disk: where they come from, under which licence, and whether they are intact."""
