"""Measuring posture: pure functions from keypoints to angles, each with its reason when there is none."""
