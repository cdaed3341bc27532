"""Drawing the figures of docs/METRICS.md: a mannequin, marks on it, and one figure for each metric."""
