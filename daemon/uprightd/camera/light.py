"""Whether a picture shows anything: its brightness and how much that varies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uprightd import opencv

if TYPE_CHECKING:
    import numpy as np

DARK_MEAN = 10.0
DARK_SPREAD = 6.0
"""A covered lens shows some noise; a dim room with one lit screen in it already spreads more."""
EVERY_ROW = 16
EVEN_SPREAD = 1.0
"""Below this the picture is one colour, of whatever brightness: a shutter, a test card, a dead sensor."""


class Light(NamedTuple):
    """Mean and standard deviation of the luminance, both 0–255."""

    mean: float
    spread: float

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see: dark all over, or one even colour."""
        return self.spread < EVEN_SPREAD or (self.mean < DARK_MEAN and self.spread < DARK_SPREAD)


def light_of(image: np.ndarray) -> Light:
    """Given a BGR uint8 picture (H, W, 3), return its light, measured on every sixteenth row."""
    cv2 = opencv.load()
    mean, spread = cv2.meanStdDev(cv2.cvtColor(image[::EVERY_ROW], cv2.COLOR_BGR2GRAY))
    return Light(float(mean[0, 0]), float(spread[0, 0]))
