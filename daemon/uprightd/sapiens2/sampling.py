"""From a pointmap to places of keypoints in space, past holes and past what lies behind the person's outline."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

import numpy as np

from uprightd.domain import Keypoint
from uprightd.sapiens2.subject import SURE, box_around

Place = tuple[float, float, float]

RADIUS = 0.015
"""Half a window's side, as a share of the larger side of the box around the keypoints that are seen: 2.5 cm on
somebody who stands, less than half a wrist's width either way."""
SMALLEST = 2
"""Pixels of half a window's side at least."""
NEAR_SHARE = 0.15
"""Share of a window that the person must fill: less is a speck in front, or a keypoint beside the person."""
THICKNESS = 0.15
"""Metres behind this nearest share that still count as the person, who curves away but does not end in a step."""
REACH = 1.0
"""Metres before or behind the person's middle within which all of them lies; a stretched arm is shorter."""
ORIGINS = (("left_hip", "right_hip"), ("left_shoulder", "right_shoulder"))


def sampled(points: np.ndarray, keypoints: Mapping[str, Keypoint]) -> dict[str, Place]:
    """Given a pointmap (H, W, 3) in metres with NaN where nothing is known and a person's keypoints in its pixels,
    return where in space those keypoints lie that are seen and known.

    Metres about the mid-hip, about the mid-shoulder where a hip is not known; nothing where no shoulder is either. z
    runs along the line of sight to that origin on the floor plan, x to the right of it, y down (see `Pose.world`).
    """
    seen = {name: point for name, point in keypoints.items() if point.score >= SURE}
    if not seen:
        return {}
    box = box_around(seen.values())
    radius = max(round(RADIUS * max(box.width, box.height)), SMALLEST)
    found = {name: _nearest(points, point, radius) for name, point in seen.items()}
    places = {name: place for name, place in found.items() if place is not None}
    middle = statistics.median([place[2] for place in places.values()] or [math.nan])
    places = {name: place for name, place in places.items() if abs(place[2] - middle) <= REACH}
    for left, right in ORIGINS:
        if left in places and right in places:
            x, y, z = ((a + b) / 2 for a, b in zip(places[left], places[right], strict=True))
            bearing = math.atan2(x, z)
            return {
                name: _turned((place[0] - x, place[1] - y, place[2] - z), bearing)
                for name, place in places.items()
            }
    return {}


def _turned(place: Place, bearing: float) -> Place:
    """Given a place and where the person is seen (radians right of the optical axis), return it along that sight."""
    x, y, z = place
    return x * math.cos(bearing) - z * math.sin(bearing), y, x * math.sin(bearing) + z * math.cos(bearing)


def _nearest(points: np.ndarray, at: Keypoint, radius: int) -> Place | None:
    """Given a pointmap, a keypoint and a window's half side, return the median of what lies nearest in the window.

    A keypoint beside the outline, or on a limb narrower than the window, has the person in a part of it only and in
    the rest the wall behind. None when the point lies outside the picture or too little is known around it.
    """
    height, width = points.shape[:2]
    column, row = round(at.x), round(at.y)
    if not (0 <= column < width and 0 <= row < height):
        return None
    window = points[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
    window = window.reshape(-1, 3).astype(np.float64)
    needed = math.ceil(NEAR_SHARE * len(window))
    known = window[np.isfinite(window).all(axis=1) & (window[:, 2] > 0)]
    if len(known) < needed:
        return None
    limit = np.sort(known[:, 2])[needed - 1] + THICKNESS
    x, y, z = np.median(known[known[:, 2] <= limit], axis=0).tolist()
    return x, y, z
