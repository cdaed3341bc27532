"""How many people are in a picture, and where, with a model that sees one person at a time.

mediapipe answers with one person per picture. Shown parts of it, upright strips that overlap, it finds one in each;
the same person seen in two strips counts once. That is a way to begin with the right one of a few people who stand
apart, and no detector for a crowd: somebody hidden behind somebody else is not found.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from uprightd.domain import Box
from uprightd.pose.mediapipe import MediapipePose

STRIPS = (1, 3)
"""Into how many strips the picture's width is cut, one after the other; neighbours overlap by half."""
SAME = 0.4
"""Share of the smaller box that two boxes have in common when they are one person's."""
SURE = 0.5
"""Mean score from which somebody is somebody."""
SMALLEST = 0.1
"""Share of the picture's height under which a box is no person whose walk could be read."""


class PeopleInStrips:
    """Finds the people in a picture by looking at strips of it. Raise UnavailableError without mediapipe."""

    def __init__(self) -> None:
        self._pose = MediapipePose(tracking=False, face=False)

    def __call__(self, image: np.ndarray) -> list[Box]:
        """Given a picture, BGR uint8 (H, W, 3), return the boxes around the people in it, from left to right."""
        found: list[tuple[float, Box]] = []
        for left, right in _strips(image.shape[1]):
            pose = self._pose.look(np.ascontiguousarray(image[:, left:right]))
            if pose is not None and pose.score >= SURE and pose.box.height >= SMALLEST * image.shape[0]:
                found.append((pose.score, pose.box._replace(x=pose.box.x + left)))
        kept: list[Box] = []
        for _, box in sorted(found, key=lambda each: -each[0]):
            if all(in_common(box, other) < SAME for other in kept):
                kept.append(box)
        return sorted(kept, key=lambda box: box.x + box.width / 2)

    def close(self) -> None:
        self._pose.close()


def _strips(width: int) -> Iterator[tuple[int, int]]:
    for count in STRIPS:
        wide = width / count
        for place in range(2 * count - 1):
            yield round(place * wide / 2), round(place * wide / 2 + wide)


def in_common(one: Box, other: Box) -> float:
    """Given two boxes, return the share of the smaller one that lies in the other, 0 to 1."""
    across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0.0, across) * max(0.0, down) / smaller if smaller > 0 else 0.0
