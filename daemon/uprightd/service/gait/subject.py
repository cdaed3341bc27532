"""Who of several people is the walker, and the part of the picture that follows them.

A pose model that is shown only the part around the walker cannot jump to somebody who passes, and sees a small walker
larger. The part moves in steps and not with every frame, since a model that tracks expects the picture to stay.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from uprightd import opencv
from uprightd.domain import Box, Keypoint, Pose
from uprightd.errors import UsageError

ROOM = 1.5
"""Side of the part that is looked at, over the larger side of the walker's box."""
SHIFT = 0.08
RESIZE = 1.2
"""By what share of its side the walker must leave its middle, and how much larger or smaller they must become, before
it moves."""
SEEN = 0.5
"""Score from which a point counts for the walker's box."""
JUMP = 0.6
"""Body heights by which the middle of the body cannot move between two frames: that is somebody else."""
WIDEN_AFTER = 0.4
"""Seconds without the walker after which the part grows, each time by half."""
EXPECTED = "Expected largest, moving, a number counted from the left (1, 2, …), or a point as X,Y in pixels."


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom to follow: "largest", "moving", "number" with `number`, or "point" with `point`."""

    rule: str
    number: int = 0
    point: tuple[float, float] = (0.0, 0.0)

    def __str__(self) -> str:
        if self.rule == "point":
            return f"{self.point[0]:g},{self.point[1]:g}"
        return str(self.number) if self.rule == "number" else self.rule


def parse_subject(text: str) -> Subject:
    """Given what the user wrote, return whom to follow. Raise UsageError."""
    if text in ("largest", "moving"):
        return Subject(text)
    if re.fullmatch(r"[1-9][0-9]?", text):
        return Subject("number", number=int(text))
    if point := re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]+)?) *, *([0-9]{1,5}(?:\.[0-9]+)?)", text):
        return Subject("point", point=(float(point[1]), float(point[2])))
    raise UsageError(f"--subject {text!r} is nobody", EXPECTED)


def chosen(subject: Subject, boxes: Sequence[Box], motion: Sequence[float]) -> Box | None:
    """Given whom to follow, the boxes of all people from left to right and how much moves in each (0 to 255), return
    the walker's box; None when they are not there yet."""
    if not boxes:
        return None
    if subject.rule == "number":
        return boxes[subject.number - 1] if len(boxes) >= subject.number else None
    if subject.rule == "point":
        x, y = subject.point
        holds = [box for box in boxes if _distance(box, x, y) == 0]
        return min(holds, key=lambda box: box.width * box.height) if holds else None
    if subject.rule == "moving":
        best = max(range(len(boxes)), key=lambda index: motion[index])
        return boxes[best] if motion[best] >= MOVES else None
    return max(boxes, key=lambda box: box.height)


MOVES = 4.0
"""Mean change of grey in a person's box over two fifths of a second from which they move."""


def motion_in(boxes: Sequence[Box], before: np.ndarray, after: np.ndarray) -> list[float]:
    """Given boxes and two pictures BGR uint8 (H, W, 3) a moment apart, return the mean change of grey in each."""
    cv2 = opencv.load()
    change = cv2.absdiff(cv2.cvtColor(before, cv2.COLOR_BGR2GRAY), cv2.cvtColor(after, cv2.COLOR_BGR2GRAY))
    found = []
    for box in boxes:
        left, top = max(0, round(box.x)), max(0, round(box.y))
        part = change[
            top : max(top + 1, round(box.y + box.height)), left : max(left + 1, round(box.x + box.width))
        ]
        found.append(float(part.mean()) if part.size else 0.0)
    return found


def _distance(box: Box, x: float, y: float) -> float:
    across = max(box.x - x, 0.0, x - box.x - box.width)
    return math.hypot(across, max(box.y - y, 0.0, y - box.y - box.height))


class Part(NamedTuple):
    """A part of a picture in whole pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, image: np.ndarray) -> np.ndarray:
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


class Follower:
    """The part of the picture around one walker, frame after frame.

    size: width and height of the picture in pixels. start: the walker's box in the first of the frames.
    """

    def __init__(self, size: tuple[int, int], start: Box) -> None:
        self._size = size
        self._middle = (start.x + start.width / 2, start.y + start.height / 2)
        self._tall = max(start.width, start.height)
        self._seen_at: float | None = None
        self._widened_at = 0.0
        self.part = self._around(ROOM * self._tall)

    def see(self, t: float, pose: Pose | None) -> bool:
        """Given a frame's time in seconds and the pose found in `part`, in pixels of the whole picture, move on.

        Return whether the pose is the walker's.
        """
        if self._seen_at is None:
            self._seen_at = self._widened_at = t
        body = pose and _body(pose.keypoints.values())
        if body is None or not self._near(body, t):
            if t - self._widened_at > WIDEN_AFTER:
                self._widened_at = t
                self.part = self._around(min(self.part.width * 1.5, float(max(self._size))))
            return False
        self._seen_at = self._widened_at = t
        self._middle = (body.x + body.width / 2, body.y + body.height / 2)
        self._tall += 0.2 * (max(body.width, body.height) - self._tall)
        side = float(max(self.part.width, self.part.height))
        off = max(
            abs(self._middle[0] - self.part.left - self.part.width / 2),
            abs(self._middle[1] - self.part.top - self.part.height / 2),
        )
        wanted = ROOM * self._tall
        if off > SHIFT * side or not 1 / RESIZE < side / wanted < RESIZE:
            self.part = self._around(wanted)
        return True

    def _near(self, body: Box, t: float) -> bool:
        """Whether a body can be the one last seen: the longer ago, the farther it may have come."""
        assert self._seen_at is not None
        moved = math.hypot(
            body.x + body.width / 2 - self._middle[0], body.y + body.height / 2 - self._middle[1]
        )
        return moved <= (JUMP + (t - self._seen_at)) * self._tall

    def _around(self, side: float) -> Part:
        width, height = self._size
        side = max(64.0, side)
        left = min(max(round(self._middle[0] - side / 2), 0), max(0, width - 64))
        top = min(max(round(self._middle[1] - side / 2), 0), max(0, height - 64))
        right = min(width, max(left + 64, round(self._middle[0] + side / 2)))
        bottom = min(height, max(top + 64, round(self._middle[1] + side / 2)))
        return Part(left, top, right - left, bottom - top)


def _body(points: Sequence[Keypoint] | object) -> Box | None:
    """The box around the points that are seen, None where too few are."""
    seen = [point for point in points if point.score >= SEEN]  # type: ignore[attr-defined]
    if len(seen) < 5:
        return None
    left, top = min(point.x for point in seen), min(point.y for point in seen)
    return Box(left, top, max(p.x for p in seen) - left, max(p.y for p in seen) - top)
