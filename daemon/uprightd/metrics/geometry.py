"""Plane geometry of the metrics: points in image pixels, x right and y down; angles in degrees.

Every function returns NaN where the geometry is undefined (points that coincide, non-finite input) rather
than a number that means nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SHORTEST = 1e-6
"""Pixels under which two points count as one: no direction can be read from them."""


class Point(NamedTuple):
    x: float
    y: float


def midpoint(a: Point, b: Point) -> Point:
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)


def joint_angle(a: Point, b: Point, c: Point) -> float:
    """Given neighbours a and c of a joint b, return the angle at b in 0–180°.

    arccos(((a−b)·(c−b)) / (|a−b||c−b|)), computed by atan2 of cross and dot product, which is the same angle
    without the loss of digits near 0° and 180°.
    """
    ux, uy, vx, vy = a.x - b.x, a.y - b.y, c.x - b.x, c.y - b.y
    if not _long_enough(ux, uy) or not _long_enough(vx, vy):
        return math.nan
    return math.degrees(math.atan2(abs(ux * vy - uy * vx), ux * vx + uy * vy))


def angle_to_vertical(low: Point, high: Point) -> float:
    """Given an axis from its lower to its upper end, return its unsigned angle to the vertical, 0–180°.

    0 is upright, 90 lies on its side, beyond 90 hangs upside down.
    """
    return abs(signed_angle_to_vertical(low, high))


def signed_angle_to_vertical(low: Point, high: Point) -> float:
    """Given an axis from its lower to its upper end, return its angle to the vertical, −180–180°.

    arctan2(dx, −dy): positive when the upper end stands to the image's right.
    """
    dx, dy = high.x - low.x, high.y - low.y
    return math.degrees(math.atan2(dx, -dy)) if _long_enough(dx, dy) else math.nan


def tilt_of_line(left: Point, right: Point) -> float:
    """Given the subject's left and right end of a line, return its angle to the horizontal, −90–90°.

    Positive when the subject's right end is the lower one. The same for a person seen from the front or from
    behind, because it does not ask which end is at the image's left.
    """
    dx, dy = right.x - left.x, right.y - left.y
    return math.degrees(math.atan2(dy, abs(dx))) if _long_enough(dx, dy) else math.nan


def _long_enough(dx: float, dy: float) -> bool:
    length = math.hypot(dx, dy)
    return math.isfinite(length) and length > SHORTEST
