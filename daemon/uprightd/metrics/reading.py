"""From a pose to a reading: every metric a number, or NaN with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping

from uprightd.domain import Instant, Keypoint, Pose, Reading, Reason, Value, View, unknown
from uprightd.metrics.definitions import METRICS, Metric
from uprightd.metrics.geometry import Point
from uprightd.metrics.views import estimate_view

CORE = ("nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip")
"""The points whose mean score is the reading's confidence, as far as they are in sight."""


def read_pose(
    pose: Pose | None,
    size: tuple[int, int],
    at: Instant,
    min_score: float = 0.5,
    position: float | None = None,
) -> Reading:
    """Given a pose (None when nobody is seen), the frame's (width, height) and moment, return the reading.

    A keypoint counts as seen when it lies inside the frame, is finite and scores at least `min_score`. A
    metric is NaN with a reason when one of its keypoints is not seen, when the view is not one of its own,
    or when its points coincide.
    """
    if pose is None:
        nobody = dict.fromkeys(METRICS, unknown(Reason.NO_PERSON))
        return Reading(at, False, View.UNKNOWN, nobody, position=position)
    faults = {name: _fault(point, size, min_score) for name, point in pose.keypoints.items()}
    points = {name: Point(point.x, point.y) for name, point in pose.keypoints.items() if faults[name] is None}
    view = estimate_view(points)
    values = {metric.name: _value(metric, points, faults, view, size) for metric in METRICS.values()}
    return Reading(at, True, view, values, _confidence(pose, points), position)


def _fault(point: Keypoint, size: tuple[int, int], min_score: float) -> Reason | None:
    """Return why a keypoint cannot be used, or None when it can."""
    if not all(math.isfinite(number) for number in point):
        return Reason.OCCLUDED
    if not (0 <= point.x <= size[0] and 0 <= point.y <= size[1]):
        return Reason.OCCLUDED
    return None if point.score >= min_score else Reason.LOW_CONFIDENCE


def _value(
    metric: Metric,
    points: Mapping[str, Point],
    faults: Mapping[str, Reason | None],
    view: View,
    size: tuple[int, int],
) -> Value:
    for name in metric.keypoints:
        fault = faults.get(name, Reason.OCCLUDED)
        if fault is not None:
            return unknown(fault)
    if view not in metric.views:
        return unknown(Reason.VIEW)
    number = metric.measure(points, size)
    return Value(number) if math.isfinite(number) else unknown(Reason.LOW_CONFIDENCE)


def _confidence(pose: Pose, points: Mapping[str, Point]) -> float:
    scores = [pose.keypoints[name].score for name in CORE if name in points]
    return sum(scores) / len(scores) if scores else 0.0
