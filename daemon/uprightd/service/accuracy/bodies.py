"""A body whose joints are known exactly, as a pinhole camera sees it.

Places are metres in the camera's own axes: to its right, up, and back towards whoever holds it; the camera is at 0.
In them a rolled camera and a mirror image are simple changes of the places, the same for truth and picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from uprightd.metrics.geometry import Point
from uprightd.metrics.scene import Optics

IN_SIGHT = ("nose", "left_shoulder", "right_shoulder")
"""Joints that must lie inside the picture for the person to count as in sight."""


@dataclass(frozen=True, slots=True)
class Lens:
    """The camera: picture (width, height) and focal length in pixels, and where up is in its axes, length 1.

    Up is the picture's: against it metrics measure. It has no part to the camera's right.
    """

    size: tuple[int, int]
    focal: float
    up: np.ndarray

    @property
    def field_of_view(self) -> float:
        """Horizontal angle of view in degrees."""
        return math.degrees(2 * math.atan(self.size[0] / (2 * self.focal)))


@dataclass(frozen=True, slots=True)
class Body:
    """Joints by name: places (3,) in the camera's axes."""

    places: Mapping[str, np.ndarray]
    lens: Lens

    def between(self, part: str) -> np.ndarray:
        """Given a part that has a left and a right, return the middle of the two."""
        return (self.places[f"left_{part}"] + self.places[f"right_{part}"]) / 2

    def leftward(self, *parts: str) -> np.ndarray:
        """Given such parts, return the direction from the subject's right to their left."""
        return sum(
            (self.places[f"left_{part}"] - self.places[f"right_{part}"] for part in parts), start=np.zeros(3)
        )

    def depth(self, part: str) -> float:
        """Given such a part, return how far its middle is along the camera's axis, in metres."""
        return -float(self.between(part)[2])

    def points(self) -> dict[str, Point]:
        """Return the joints' places in the picture in pixels; those behind the camera are left out."""
        width, height = self.lens.size
        return {
            name: Point(
                float(width / 2 - self.lens.focal * place[0] / place[2]),
                float(height / 2 + self.lens.focal * place[1] / place[2]),
            )
            for name, place in self.places.items()
            if place[2] < 0
        }

    def in_sight(self) -> bool:
        """Return whether head and shoulders lie inside the picture."""
        points, (width, height) = self.points(), self.lens.size
        return all(
            name in points and 0 <= points[name].x <= width and 0 <= points[name].y <= height
            for name in IN_SIGHT
        )

    def optics(self) -> Optics:
        """Return what a person would have told us: the lens's angle of view, and their pupils' distance."""
        pupils = float(np.linalg.norm(self.places["left_eye"] - self.places["right_eye"]))
        return Optics(self.lens.field_of_view, pupils * 1000)

    def turned(self, degrees: float) -> Body:
        """Return the body as a camera sees it whose picture is turned clockwise on the screen."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        roll = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        return Body({name: roll @ place for name, place in self.places.items()}, self.lens)

    def mirrored(self) -> Body:
        """Return the body in the mirror: what was its left is a right."""
        flip = np.array([-1.0, 1.0, 1.0])
        return Body({swapped(name): flip * place for name, place in self.places.items()}, self.lens)


def mean_body(bodies: Sequence[Body]) -> Body:
    """Given one body at several moments, return the mean of its places."""
    first = bodies[0]
    return Body(
        {name: np.mean([body.places[name] for body in bodies], axis=0) for name in first.places}, first.lens
    )


def swapped(name: str) -> str:
    """Given a joint's name, return it with left and right exchanged."""
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name
