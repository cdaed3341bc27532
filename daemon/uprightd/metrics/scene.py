"""What one frame offers to a metric: seen points, their places in space, the optics, and the upright pose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from uprightd.domain import View
from uprightd.metrics.geometry import Point, midpoint
from uprightd.metrics.head_pose import HeadTurn, OwnFace

Points = Mapping[str, Point]
"""Keypoint positions by name, in pixels."""
Places = Mapping[str, tuple[float, float, float]]
"""Keypoint positions by name, in metres: x to the image's right, y down, z away from the camera."""


class Optics(NamedTuple):
    """What is known of camera and person beside the picture.

    field_of_view: the camera's horizontal angle of view in degrees. pupil_distance: between the person's pupils in
    millimetres, 0 when nobody has measured it.
    """

    field_of_view: float = 65.0
    pupil_distance: float = 0.0

    def focal(self, width: float) -> float:
        """Given the picture's width in pixels, return the focal length in pixels (pinhole)."""
        return width / (2 * math.tan(math.radians(self.field_of_view) / 2))


USUAL_OPTICS = Optics()


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame. `points` and `world` hold only what counts as seen; `size` is the frame's (width, height) in pixels.

    upright: the same of the calibrated upright pose, in pixels of a frame of this size; None without calibration.
    face: the person's own face, known of an upright scene only. turn: how the head is turned against upright.
    """

    points: Points
    size: tuple[int, int]
    view: View = View.UNKNOWN
    world: Places = field(default_factory=dict)
    optics: Optics = USUAL_OPTICS
    upright: Scene | None = None
    face: OwnFace | None = None
    turn: HeadTurn | None = None

    @property
    def focal(self) -> float:
        return self.optics.focal(self.size[0])

    def between(self, part: str) -> Point:
        """Given a part that has a left and a right ("shoulder"), return the middle of the two."""
        return midpoint(self.points[f"left_{part}"], self.points[f"right_{part}"])

    def across(self, part: str) -> float:
        """Given a part that has a left and a right, return how far they are apart, in pixels."""
        return math.dist(self.points[f"left_{part}"], self.points[f"right_{part}"])
