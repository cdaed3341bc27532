"""Gait on demand: from a video or a camera to a walker's track, and from its analysis to a folder of results."""
