"""A pose model and a finder of people that find a white bar on black: a walker without a body."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from uprightd.domain import COCO_17, Box, Keypoint, Pose


class BarModel:
    """Sees the brightest bar in what it is shown; all of a body's points lie on it."""

    name = "bar"
    device = "cpu"

    def __init__(self, fails_after: int | None = None) -> None:
        self.shown: list[tuple[int, int]] = []
        self.closed = False
        self._fails_after = fails_after

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        if self._fails_after is not None and len(self.shown) >= self._fails_after:
            raise KeyboardInterrupt
        self.shown += [(image.shape[1], image.shape[0]) for image in images]
        return [self._one(image) for image in images]

    def _one(self, image: np.ndarray) -> Pose | None:
        rows, columns = np.nonzero(image[..., 0] > 180)
        if not len(rows):
            return None
        left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
        points = {
            name: Keypoint((left + right) / 2, top + (bottom - top) * i / 16, 0.9)
            for i, name in enumerate(COCO_17)
        }
        box = Box(float(left), float(top), float(right - left), float(bottom - top))
        return Pose(points, box, 0.9, self.name, dict.fromkeys(COCO_17, (0.0, 0.1, 0.2)))

    def close(self) -> None:
        self.closed = True


class BarFinder:
    """Finds every bar, bright or not."""

    def __init__(self) -> None:
        self.asked = 0
        self.closed = False

    def __call__(self, image: np.ndarray) -> list[Box]:
        self.asked += 1
        lit = (image[..., 0] > 60).any(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], lit.astype(int), [0]])))
        return [
            Box(float(a), float(rows[0]), float(b - a), float(rows[-1] - rows[0] + 1))
            for a, b in zip(edges[::2], edges[1::2], strict=True)
            for rows in [np.flatnonzero((image[:, a:b, 0] > 60).any(axis=1))]
        ]

    def close(self) -> None:
        self.closed = True


def scene(*bars: tuple[float, int], size: tuple[int, int] = (640, 360)) -> np.ndarray:
    """A picture with bars: (middle x, brightness)."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for x, level in bars:
        picture[100:260, max(0, round(x) - 10) : max(0, round(x) + 10)] = level
    return picture
