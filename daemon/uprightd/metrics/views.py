"""From where the camera sees the person, read from the keypoints of one frame."""

from __future__ import annotations

from collections.abc import Mapping

from uprightd.domain import View
from uprightd.metrics.geometry import Point, midpoint

TORSO_PER_SHOULDER_WIDTH = 1.45
"""Mid-hip→mid-shoulder length over shoulder width of a person seen square on (pose-model landmarks)."""
NECK_PER_SHOULDER_WIDTH = 0.62
"""Mid-shoulder→nose length over shoulder width, likewise; used when the hips are out of sight."""

FACING_FROM = 0.75
"""Share of its full width from which the shoulder line counts as square to the camera (about 40° of turn)."""
SIDEWAYS_UP_TO = 0.42
"""Share up to which the person counts as seen from the side (about 65° of turn)."""


def estimate_view(points: Mapping[str, Point]) -> View:
    """Given the visible keypoints by name (pixels), return the view; UNKNOWN without shoulders and a length.

    The shoulder line is as wide as the person is turned to the camera: its width over the length of the
    trunk (or of the neck, where a desk hides the hips) tells the turn, and which shoulder stands at the
    image's left tells front from rear.
    """
    left, right = points.get("left_shoulder"), points.get("right_shoulder")
    if left is None or right is None:
        return View.UNKNOWN
    full_width = _square_on_width(points, midpoint(left, right))
    if full_width <= 0:
        return View.UNKNOWN
    share = abs(left.x - right.x) / full_width
    if share <= SIDEWAYS_UP_TO:
        return _side(points, midpoint(left, right))
    if share < FACING_FROM:
        return View.OBLIQUE
    return View.FRONTAL if right.x < left.x else View.REAR


def _square_on_width(points: Mapping[str, Point], shoulders: Point) -> float:
    """Return how wide the shoulders would be if turned to the camera, in pixels; 0 when nothing tells."""
    if "left_hip" in points and "right_hip" in points:
        return (
            _distance(midpoint(points["left_hip"], points["right_hip"]), shoulders) / TORSO_PER_SHOULDER_WIDTH
        )
    if "nose" in points:
        return _distance(points["nose"], shoulders) / NECK_PER_SHOULDER_WIDTH
    return 0.0


def _side(points: Mapping[str, Point], shoulders: Point) -> View:
    """Return which side is seen: a person who faces the image's left shows the left side."""
    nose = points.get("nose")
    if nose is None:
        return View.UNKNOWN
    ears = [points[name].x for name in ("left_ear", "right_ear") if name in points]
    behind = sum(ears) / len(ears) if ears else shoulders.x
    return View.SAGITTAL_LEFT if nose.x < behind else View.SAGITTAL_RIGHT


def _distance(a: Point, b: Point) -> float:
    return ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5
