"""What lies over a region of skin, and what the picture's edge cuts off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uprightd import opencv
from uprightd.derm.light import to_lab
from uprightd.derm.regions import Region
from uprightd.sapiens2.classes import MOUTH

UNLIKE = 4.0
"""Robust deviations of colour (a*, b*) from the region's median from which a pixel is not taken for its skin,"""
LEAST_SPREAD = 4.0
"""one of them being at least so many units;"""
DARK, LIGHT = 0.45, 1.6
"""and shares of the median lightness outside of which it is not either."""
MARGIN_OF_EDGE = 1
"""Pixels from the picture's edge within which an outline is cut off by it."""


@dataclass(frozen=True, slots=True)
class Cover:
    """holes: share of the filled outline that is something else; unlike: share of the region that has not its colour;
    cut: share of the outline that lies on the picture's edge."""

    holes: float
    unlike: float
    cut: float

    @property
    def covered(self) -> float:
        return max(self.holes, self.unlike)


def measure_cover(image: np.ndarray, classes: np.ndarray, region: Region) -> Cover:
    """Given a picture BGR uint8 (H, W, 3), its class ids (H, W) and a region, return what covers and cuts it."""
    cv2 = opencv.load()
    contours, _ = cv2.findContours(region.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros(region.mask.shape, np.uint8)
    cv2.drawContours(filled, contours, -1, 1, cv2.FILLED)
    inside = (filled > 0) & ~region.mask & ~np.isin(classes[region.box.window], MOUTH)
    outline = np.vstack([contour[:, 0] for contour in contours])
    x, y = outline[:, 0] + region.box.x, outline[:, 1] + region.box.y
    last_y, last_x = (side - 1 - MARGIN_OF_EDGE for side in image.shape[:2])
    on_edge = (x <= MARGIN_OF_EDGE) | (y <= MARGIN_OF_EDGE) | (x >= last_x) | (y >= last_y)
    return Cover(
        float(np.count_nonzero(inside) / max(1, np.count_nonzero(filled))),
        _unlike(image[region.box.window][region.mask]),
        float(on_edge.mean()),
    )


def _unlike(pixels: np.ndarray) -> float:
    lab = to_lab(pixels[:: max(1, len(pixels) // 200_000)])
    middle = np.median(lab, axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(lab - middle), axis=0), LEAST_SPREAD)
    away = np.hypot((lab[:, 1] - middle[1]) / spread[1], (lab[:, 2] - middle[2]) / spread[2])
    dark, light = lab[:, 0] < DARK * middle[0], lab[:, 0] > LIGHT * middle[0]
    return float(((away > UNLIKE) | dark | light).mean())
