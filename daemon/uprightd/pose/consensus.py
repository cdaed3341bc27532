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

import numpy as np

from uprightd import opencv
from uprightd.domain import Box, Keypoint, Pose

Estimate = Callable[[np.ndarray], Pose | None]

FIRST_TURNS = (-15.0, -9.0, -3.0, 3.0, 9.0, 15.0)
TURNS = (-14.0, -7.0, 0.0, 7.0, 14.0)
"""Degrees by which the picture is turned, before and after it has been levelled."""
SCALES = (1.0, 0.9)
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


def box_around(points: Iterable[Keypoint]) -> Box:
    """Given keypoints, return the rectangle that holds them."""
    points = list(points)
    xs, ys = [point.x for point in points], [point.y for point in points]
    return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _looks(
    estimate: Estimate, image: np.ndarray, turns: Iterable[float], scales: tuple[float, ...]
) -> Iterator[Pose]:
    """Yield the poses found in the picture turned, shrunk and mirrored, in pixels of the picture as it was."""
    for turn, scale, mirrored in itertools.product(turns, scales, (False, True)):
        look = _turned(image, turn, scale)
        pose = estimate(np.ascontiguousarray(look[:, ::-1]) if mirrored else look)
        if pose is not None:
            found = _mirror(pose.keypoints, image.shape[1]) if mirrored else pose.keypoints
            back = {name: _turned_back(point, turn, scale, image.shape) for name, point in found.items()}
            yield replace(pose, keypoints=back)


def _turned(image: np.ndarray, degrees: float, scale: float) -> np.ndarray:
    """Turn clockwise on the screen about the centre; the border is mirrored, as black would look like an edge."""
    cv2 = opencv.load()
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(_centre(image.shape), -degrees, scale)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)


def _turned_back(point: Keypoint, degrees: float, scale: float, shape: tuple[int, ...]) -> Keypoint:
    """Given a point of the turned picture, return where it lies in the picture as it was."""
    x0, y0 = _centre(shape)
    cos, sin = math.cos(math.radians(degrees)) / scale, math.sin(math.radians(degrees)) / scale
    x, y = point.x - x0, point.y - y0
    return Keypoint(x0 + x * cos + y * sin, y0 - x * sin + y * cos, point.score)


def _centre(shape: tuple[int, ...]) -> tuple[float, float]:
    return (shape[1] - 1) / 2, (shape[0] - 1) / 2


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


def _mean(points: list[Keypoint], plain: Keypoint | None) -> Keypoint:
    """The mean place; never surer than the picture as it is, since a shrunk one invents what lies outside."""
    x, y, score = (statistics.fmean(numbers) for numbers in zip(*points, strict=True))
    return Keypoint(x, y, min(score, plain.score) if plain else score)
