"""The Sapiens2 engine: reads Meta's checkpoints and turns pictures into keypoints, classes, normals and points."""
