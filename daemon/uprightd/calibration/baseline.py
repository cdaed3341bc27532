"""The upright pose that relative metrics count from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, pstdev

from uprightd.domain import View
from uprightd.metrics.geometry import Point
from uprightd.metrics.head_pose import own_face
from uprightd.metrics.reading import Sight
from uprightd.metrics.scene import Optics, Scene

SAME_SHAPE = 0.01
"""By how much the ratio of width to height may differ for two frame sizes to show the same picture."""
OFTEN = 0.8
"""Share of the looks in which a point must be seen to belong to the baseline."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where each point of the body lay while sitting or standing upright, as the mean over some seconds.

    points: in pixels of a frame of `size` (width, height). spread: of each point over those seconds, in pixels (SD).
    world: in metres, where the backend estimates it. backend: whose points these are; another's do not compare.
    """

    view: View
    size: tuple[int, int]
    points: Mapping[str, Point]
    spread: Mapping[str, float]
    world: Mapping[str, tuple[float, float, float]]
    backend: str
    samples: int
    seconds: float

    def fits_frame(self, size: tuple[int, int]) -> bool:
        """Given a frame's (width, height), return whether it shows the same picture, larger or smaller."""
        return abs(size[0] / size[1] / (self.size[0] / self.size[1]) - 1) <= SAME_SHAPE

    def scene(self, size: tuple[int, int], optics: Optics) -> Scene:
        """Given a frame's (width, height) of the same shape, return the upright scene in its pixels."""
        scale = size[0] / self.size[0]
        points = {name: Point(point.x * scale, point.y * scale) for name, point in self.points.items()}
        plain = Scene(points, size, self.view, self.world, optics)
        face = own_face(points, size, plain.focal)
        turn = face.turned(points, size, plain.focal) if face else None
        return Scene(points, size, self.view, self.world, optics, face=face, turn=turn)


def averaged(
    sights: Sequence[Sight], view: View, size: tuple[int, int], backend: str, seconds: float
) -> Baseline:
    """Given what was seen over some seconds of one pose held still, its view, the frame's (width, height) and the
    backend, return the baseline: of each point that was seen nearly always, the median place and its spread."""
    points, spread = {}, {}
    for name in _steady(sight.points for sight in sights):
        seen = [sight.points[name] for sight in sights if name in sight.points]
        points[name] = Point(median(point.x for point in seen), median(point.y for point in seen))
        spread[name] = math.hypot(pstdev(point.x for point in seen), pstdev(point.y for point in seen))
    world = {}
    for name in _steady(sight.world for sight in sights):
        places = [sight.world[name] for sight in sights if name in sight.world]
        x, y, z = (median(axis) for axis in zip(*places, strict=True))
        world[name] = (x, y, z)
    return Baseline(view, size, points, spread, world, backend, len(sights), seconds)


def _steady(looks: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the names that are there in nearly all looks."""
    looks = list(looks)
    counts = Counter(name for look in looks for name in look)
    return [name for name, count in counts.items() if count >= OFTEN * len(looks)]
