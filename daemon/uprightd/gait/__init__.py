"""Gait: from the points of a walker in a video to foot strikes, toe-offs and the numbers a gait lab prints.

Pure: no files, no clock, no pictures. `analysis.analyse` reads a whole track, `live.LiveGait` one frame after another.
"""
