"""The hook for a classifier of the user's own. None is shipped, and nothing is concluded from what it says."""
