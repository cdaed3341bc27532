"""One pose from several looks at a still picture.

A light model's answer on a single picture depends on how the person happens to lie in it: on a portrait
turned by 10° the shoulder line it finds turns by anything from 3° to 20°. A stream evens that out over time;
a still has no time. So the picture is looked at mirrored and turned by a few degrees around the angle at which
the eyes are level, and each keypoint is the mean of what was found. What comes out turns with the picture.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uprightd import opencv
from uprightd.domain import Box, Keypoint, Pose

Estimate = Callable[[np.ndarray], Pose | None]
FindNear = Callable[[np.ndarray, Mapping[str, Keypoint]], Mapping[str, Keypoint]]
"""Given a picture and the keypoints of a pose in it, finds further points."""

FIRST_TURNS = (-15.0, -9.0, -3.0, 3.0, 9.0, 15.0)
TURNS = (-14.0, -7.0, 0.0, 7.0, 14.0)
"""Degrees by which the picture is turned, before and after it has been levelled."""
SCALES = (1.0, 0.9)
NEAR_TURNS = (-7.0, 0.0, 7.0)
"""The same for the points found near a pose: each look costs as much as several at the body."""
EYES_APART = 0.2
"""Eye distance over nose–shoulder distance under which the face is seen from the side and no eye line is used."""


def consensus(estimate: Estimate, image: np.ndarray) -> Pose | None:
    """Given a way to estimate one pose and a picture, BGR uint8 (H, W, 3), return the pose all looks agree on.

    None when nobody is seen in the picture as it is, nor in half of its looks. Keypoints are pixels of the
    given picture; `world` is the one of the picture as it is.
    """
    plain = estimate(image)
    first = list(_looks(estimate, image, FIRST_TURNS, (1.0,)))
    if plain is None and len(first) < len(FIRST_TURNS):
        return None
    level = statistics.fmean([_eye_line(pose) for pose in first] or [0.0])
    looks = list(_looks(estimate, image, [turn - level for turn in TURNS], SCALES))
    if not looks:
        return plain
    keypoints = {
        name: _mean([pose.keypoints[name] for pose in looks], plain and plain.keypoints[name])
        for name in looks[0].keypoints
    }
    return replace(
        plain or looks[0],
        keypoints=keypoints,
        box=box_around(keypoints.values()),
        score=statistics.fmean(point.score for point in keypoints.values()),
    )


def near_consensus(find: FindNear, image: np.ndarray, pose: Pose) -> dict[str, Keypoint]:
    """Given a way to find points near a pose, a picture and the pose agreed upon, return the points agreed upon.

    A point is the mean of the looks that have it, and is left out when fewer than half have it.
    """
    level, found = _eye_line(pose), []
    for turn, mirrored in itertools.product(NEAR_TURNS, (False, True)):
        look = _Look(turn - level, 1.0, mirrored, image.shape)
        found.append(look.back(find(look.of(image), look.there(pose.keypoints))))
    names = dict.fromkeys(name for points in found for name in points)
    having = {name: [points[name] for points in found if name in points] for name in names}
    return {name: _mean(points) for name, points in having.items() if 2 * len(points) >= len(found)}


def box_around(points: Iterable[Keypoint]) -> Box:
    """Given keypoints, return the rectangle that holds them."""
    points = list(points)
    xs, ys = [point.x for point in points], [point.y for point in points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


class _Look(NamedTuple):
    """A picture of some shape turned clockwise about its centre, shrunk and perhaps mirrored, and the way back."""

    degrees: float
    scale: float
    mirrored: bool
    shape: tuple[int, ...]

    def of(self, image: np.ndarray) -> np.ndarray:
        """The picture as this look shows it; the border is mirrored, as black would look like an edge."""
        cv2 = opencv.load()
        height, width = self.shape[:2]
        matrix = cv2.getRotationMatrix2D(self._centre, -self.degrees, self.scale)
        look = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        return np.ascontiguousarray(look[:, ::-1]) if self.mirrored else look

    def there(self, points: Mapping[str, Keypoint]) -> dict[str, Keypoint]:
        """Given points of the picture as it was, return them as this look shows them."""
        turned = {name: self._turned(point, self.degrees, self.scale) for name, point in points.items()}
        return _mirror(turned, self.shape[1]) if self.mirrored else turned

    def back(self, points: Mapping[str, Keypoint]) -> dict[str, Keypoint]:
        """Given points of this look, return them in pixels of the picture as it was."""
        plain = _mirror(points, self.shape[1]) if self.mirrored else points
        return {name: self._turned(point, -self.degrees, 1 / self.scale) for name, point in plain.items()}

    @property
    def _centre(self) -> tuple[float, float]:
        return (self.shape[1] - 1) / 2, (self.shape[0] - 1) / 2

    def _turned(self, point: Keypoint, degrees: float, scale: float) -> Keypoint:
        x0, y0 = self._centre
        cos, sin = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
        x, y = point.x - x0, point.y - y0
        return Keypoint(x0 + x * cos - y * sin, y0 + x * sin + y * cos, point.score)


def _looks(
    estimate: Estimate, image: np.ndarray, turns: Iterable[float], scales: tuple[float, ...]
) -> Iterator[Pose]:
    """Yield the poses found in the picture turned, shrunk and mirrored, in pixels of the picture as it was."""
    for turn, scale, mirrored in itertools.product(turns, scales, (False, True)):
        look = _Look(turn, scale, mirrored, image.shape)
        pose = estimate(look.of(image))
        if pose is not None:
            yield replace(pose, keypoints=look.back(pose.keypoints))


def _mirror(keypoints: Mapping[str, Keypoint], width: int) -> dict[str, Keypoint]:
    """Undo a mirror image: x counts from the other edge, and what was called left is right."""
    swap = {"left": "right", "right": "left"}
    out = {}
    for name, point in keypoints.items():
        side, _, part = name.partition("_")
        out[f"{swap[side]}_{part}" if side in swap else name] = point._replace(x=width - 1 - point.x)
    return out


def _eye_line(pose: Pose) -> float:
    """Return how far the eye line is turned clockwise, in degrees; 0 where the face is seen from the side."""
    left, right, nose = (pose.keypoints[name] for name in ("left_eye", "right_eye", "nose"))
    shoulder = pose.keypoints["left_shoulder"]
    across = math.hypot(left.x - right.x, left.y - right.y)
    if across < EYES_APART * math.hypot(nose.x - shoulder.x, nose.y - shoulder.y):
        return 0.0
    line = math.degrees(math.atan2(left.y - right.y, left.x - right.x))
    return line if abs(line) <= 90 else line - math.copysign(180, line)


def _mean(points: list[Keypoint], plain: Keypoint | None = None) -> Keypoint:
    """The mean place; never surer than the picture as it is, since a shrunk one invents what lies outside."""
    x, y, score = (statistics.fmean(numbers) for numbers in zip(*points, strict=True))
    return Keypoint(x, y, min(score, plain.score) if plain else score)
