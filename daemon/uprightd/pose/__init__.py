"""From frame to named keypoints."""
