"""Drawn bodies for tests: named points in a picture of 640 × 960 pixels, and ways to move them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from uprightd.domain import Box, Instant, Keypoint, Pose, Reading
from uprightd.metrics.reading import read_pose

WIDTH, HEIGHT = SIZE = (640, 960)
Places = Mapping[str, tuple[float, float]]
NOW = Instant(1_795_348_800.0, 100.0)

FRONT: Places = {
    "nose": (320, 126),
    "right_eye": (308, 112),
    "left_eye": (332, 112),
    "right_ear": (292, 120),
    "left_ear": (348, 120),
    "right_shoulder": (260, 200),
    "left_shoulder": (380, 200),
    "right_elbow": (244, 290),
    "left_elbow": (396, 290),
    "right_wrist": (236, 370),
    "left_wrist": (404, 370),
    "right_hip": (284, 374),
    "left_hip": (356, 374),
    "right_knee": (284, 520),
    "left_knee": (356, 520),
    "right_ankle": (284, 660),
    "left_ankle": (356, 660),
    "right_heel": (284, 672),
    "left_heel": (356, 672),
    "right_big_toe": (270, 690),
    "left_big_toe": (370, 690),
}
"""Square to the camera, upright: the subject's right is at the picture's left."""


def narrowed(places: Places, share: float) -> Places:
    """Given places, return them drawn together towards the middle, as when the body turns about its axis."""
    return {name: (320 + (x - 320) * share, y) for name, (x, y) in places.items()}


REAR: Places = narrowed(FRONT, -1.0)
OBLIQUE: Places = narrowed(FRONT, 0.6)


def from_the_left(neck: float = 38.0, trunk: float = 0.0) -> Places:
    """Given two angles against the vertical in degrees, return a body seen from its left, facing the picture's left.

    It sits: thighs forward, shanks down. The neck's angle is exact, and so is the trunk's.
    """
    hip = (400.0, 560.0)
    shoulder = _up(hip, 174.0, trunk)
    nose = _up(shoulder, 80.0, neck)
    middle = {
        "hip": hip,
        "shoulder": shoulder,
        "elbow": (shoulder[0] - 20, shoulder[1] + 90),
        "wrist": (shoulder[0] - 100, shoulder[1] + 100),
        "knee": (hip[0] - 150, hip[1]),
        "ankle": (hip[0] - 150, hip[1] + 140),
        "heel": (hip[0] - 145, hip[1] + 152),
        "big_toe": (hip[0] - 180, hip[1] + 152),
        "ear": (nose[0] + 26, nose[1] - 6),
        "eye": (nose[0] + 8, nose[1] - 14),
    }
    pairs = {
        f"{side}_{part}": (x + off, y)
        for part, (x, y) in middle.items()
        for side, off in (("left", 2), ("right", -2))
    }
    return {"nose": nose, **pairs}


def _up(foot: tuple[float, float], length: float, degrees: float) -> tuple[float, float]:
    """The place `length` pixels above a foot, leaning by that angle towards the picture's left."""
    angle = math.radians(degrees)
    return foot[0] - length * math.sin(angle), foot[1] - length * math.cos(angle)


def moved(places: Places, move: Callable[[float, float], tuple[float, float]]) -> Places:
    """Given places and what happens to each point, return where they are then."""
    return {name: move(x, y) for name, (x, y) in places.items()}


def swapped(name: str) -> str:
    """Given a name, return it with left and right exchanged."""
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name


def mirrored(places: Places, width: float = WIDTH) -> Places:
    """Given places, return those of the mirror image: what was the left side looks like a right one."""
    return {swapped(name): (width - x, y) for name, (x, y) in places.items()}


def turned(places: Places, degrees: float, centre: tuple[float, float] = (320.0, 480.0)) -> Places:
    """Given places, return them turned clockwise on the screen."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x0, y0 = centre
    return moved(
        places, lambda x, y: (x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos)
    )


def pose(places: Places, score: float = 0.9, /, **keypoints: Keypoint) -> Pose:
    """Given places and a score for all, return the pose; single keypoints may be given as they are."""
    points = {name: Keypoint(x, y, score) for name, (x, y) in places.items()} | keypoints
    return Pose(points, Box(0, 0, *SIZE), score, "drawn")


def read(places: Places, **keypoints: Keypoint) -> Reading:
    """Given places, return the reading of that pose."""
    return read_pose(pose(places, **keypoints), SIZE, NOW)
