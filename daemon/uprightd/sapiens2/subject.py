"""Whom to look at: the whole frame, the person chosen among several, and the box that follows the keypoints.

The subject is the person followed so far, if one of the boxes overlaps with their last one by at least
`SAME_PERSON`; otherwise the largest and most central: area × (1 − distance of the box's centre from the middle of
the picture / half its diagonal). So of two people equally large the one in the middle wins, and someone passing in
the background does not take over.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from uprightd.domain import COCO_17, Box, Keypoint

SURE = 0.3
"""Score from which a keypoint counts as seen; Meta's own threshold for drawing it."""
ENOUGH = 5
"""Body points that must be seen for somebody to be there. At a desk ten of the seventeen are hidden, so their
median says nothing; the head alone has five."""
SAME_PERSON = 0.3
"""Intersection over union."""
MARGIN = 0.15
"""By how much of its size the box around keypoints is extended on each side: they lie inside the person."""
SMALLEST = 0.05
"""Share of the picture's shorter side under which a box around keypoints is no person."""


def whole_frame(width: int, height: int) -> Box:
    """Given a picture's size, return the box that Meta's demo uses where no person was detected."""
    return Box(0.0, 0.0, width - 1.0, height - 1.0)


def somebody(keypoints: Mapping[str, Keypoint]) -> bool:
    """Whether enough body points are seen for somebody to be there."""
    return sum(keypoints[name].score >= SURE for name in COCO_17) >= ENOUGH


def presence(keypoints: Mapping[str, Keypoint]) -> float:
    """How sure it is that somebody is there, 0 to 1: the median score of the body points that are seen, else of all."""
    scores = [keypoints[name].score for name in COCO_17]
    return statistics.median([score for score in scores if score >= SURE] or scores)


def box_around(points: Iterable[Keypoint]) -> Box:
    """Given keypoints, return the rectangle that holds those seen, or all where none is."""
    points = list(points)
    seen = [point for point in points if point.score >= SURE] or points
    left, right = min(point.x for point in seen), max(point.x for point in seen)
    top, bottom = min(point.y for point in seen), max(point.y for point in seen)
    return Box(left, top, right - left, bottom - top)


def followed(box: Box, width: int, height: int) -> Box | None:
    """Given the box around somebody's keypoints and the picture's size, return where to look next; None: everywhere."""
    left, right = box.x - MARGIN * box.width, box.x + (1 + MARGIN) * box.width
    top, bottom = box.y - MARGIN * box.height, box.y + (1 + MARGIN) * box.height
    left, right = max(left, 0.0), min(right, width - 1.0)
    top, bottom = max(top, 0.0), min(bottom, height - 1.0)
    if min(right - left, bottom - top) < SMALLEST * min(width, height):
        return None
    return Box(left, top, right - left, bottom - top)


def choose(boxes: Sequence[Box], width: int, height: int, previous: Box | None = None) -> Box | None:
    """Given the boxes of all people in a picture of that size and the subject's last box, return the subject's.

    None when there is nobody.
    """
    if not boxes:
        return None
    if previous is not None:
        closest = max(boxes, key=lambda box: overlap(box, previous))
        if overlap(closest, previous) >= SAME_PERSON:
            return closest
    return max(boxes, key=lambda box: _prominence(box, width, height))


def overlap(one: Box, other: Box) -> float:
    """Given two boxes, return intersection over union, 0 to 1."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(wide, 0.0) * max(high, 0.0)
    union = one.width * one.height + other.width * other.height - shared
    return shared / union if union > 0 else 0.0


def _prominence(box: Box, width: int, height: int) -> float:
    across = box.x + box.width / 2 - width / 2
    down = box.y + box.height / 2 - height / 2
    off_centre = math.hypot(across, down) / (math.hypot(width, height) / 2)
    return box.width * box.height * (1 - min(off_centre, 1.0))
