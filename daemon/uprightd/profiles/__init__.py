"""Calibrated profiles on this disk: one file each, its former revisions beside it."""
