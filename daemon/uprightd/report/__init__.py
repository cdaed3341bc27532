"""Summaries from the log."""
