"""Skin regions: found in a map of classes, cut out, measured and compared. Pictures in, numbers and pictures out."""
