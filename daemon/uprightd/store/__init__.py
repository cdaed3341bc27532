"""The log: one SQLite file, one writer."""
