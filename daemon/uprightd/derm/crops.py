"""Cutting a region out of its picture: the crop with a margin, a copy with what is around it dimmed, the mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uprightd import opencv
from uprightd.derm.regions import IDENTITY, Rect, Region

MARGIN = 0.1
"""Of the longer side of a region's box, on every side."""
DIM = 0.3
"""What is left of the brightness around a region."""
HIDDEN = 128
"""The grey that lies over a face nobody asked for."""
SEAM = 0.01
"""By how much more than the found face is covered, as a share of the crop's longer side: its edge is not exact."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A region cut out. box: the region's own in the picture; frame: with the margin, clipped to the picture.

    picture, dimmed: BGR uint8 (h, w, 3) of the frame; mask: bool (h, w). hidden: pixels of a face that were covered.
    """

    box: Rect
    frame: Rect
    picture: np.ndarray
    dimmed: np.ndarray
    mask: np.ndarray
    hidden: int


def cut(image: np.ndarray, region: Region, classes: np.ndarray, margin: float = MARGIN) -> Crop:
    """Given a picture BGR uint8 (H, W, 3), a region and the class ids (H, W) it was found in, cut it out.

    A face that is in the way of another region is covered with grey; see `regions.IDENTITY`.
    """
    frame = with_margin(region.box, margin, image.shape)
    mask = np.zeros((frame.height, frame.width), bool)
    inner = Rect(region.box.x - frame.x, region.box.y - frame.y, region.box.width, region.box.height)
    mask[inner.window] = region.mask
    picture = image[frame.window].copy()
    hidden = np.zeros_like(mask)
    if region.part != "face":
        hidden = _covered(classes[frame.window]) & ~mask
        picture[hidden] = HIDDEN
    return Crop(region.box, frame, picture, dim(picture, mask), mask, int(np.count_nonzero(hidden)))


def with_margin(box: Rect, margin: float, shape: tuple[int, ...]) -> Rect:
    """Given a box, a margin as a share of its longer side, and a picture's shape, return the box with the margin.

    The margin is rounded to whole pixels and ends where the picture does.
    """
    by = round(margin * max(box.width, box.height))
    left, top = max(0, box.x - by), max(0, box.y - by)
    right = min(shape[1], box.x + box.width + by)
    bottom = min(shape[0], box.y + box.height + by)
    return Rect(left, top, right - left, bottom - top)


def dim(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Given a picture uint8 (h, w, 3) and a mask (h, w), return a copy with DIM of it outside the mask, rounded."""
    table = np.rint(np.arange(256) * DIM).astype(np.uint8)
    return np.where(mask[..., None], picture, table[picture])


def _covered(classes: np.ndarray) -> np.ndarray:
    """Where a face is to be covered: its classes, and a little more."""
    cv2 = opencv.load()
    face = np.isin(classes, IDENTITY).astype(np.uint8)
    by = max(1, round(SEAM * max(face.shape)))
    return cv2.dilate(face, np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0
