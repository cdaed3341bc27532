"""Where a crop or a padded picture lies in the picture it comes from: pure numbers, both ways.

The crop is UDP's (Huang et al., "The Devil is in the Details", CVPR 2020): pixel centres of the crop's first and
last column lie on the edges of the window, so coordinates scale by (width − 1) / window width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from uprightd.domain import Box

RESOLUTIONS = ((1024, 768), (768, 576), (512, 384))
"""Input sizes (height, width). The networks were trained on the first."""
PADDING = 1.25
"""How much wider and higher than the box the crop's window is, as in training."""


class Window(NamedTuple):
    """The part of a picture that a crop shows, in pixels of the picture: centre, width, height."""

    x: float
    y: float
    width: float
    height: float


def window_around(box: Box, resolution: tuple[int, int]) -> Window:
    """Given a person's box and the crop's (height, width), return the padded window with the crop's aspect."""
    aspect = resolution[1] / resolution[0]
    width, height = max(box.width, 1.0) * PADDING, max(box.height, 1.0) * PADDING
    if width > height * aspect:
        height = width / aspect
    else:
        width = height * aspect
    return Window(box.x + box.width / 2, box.y + box.height / 2, width, height)


def to_picture(points: np.ndarray, windows: Sequence[Window], size: tuple[int, int]) -> np.ndarray:
    """Given points (N, K, 2) in pixels of N crops or heatmaps of `size` (height, width), and the crops' windows,
    return them in pixels of the pictures, float64."""
    last = np.array([size[1] - 1, size[0] - 1], np.float64)
    places = np.array(windows, np.float64).reshape(-1, 1, 4)
    return points / last * places[..., 2:] + places[..., :2] - places[..., 2:] / 2


def to_crop(points: np.ndarray, windows: Sequence[Window], size: tuple[int, int]) -> np.ndarray:
    """Given points (N, K, 2) in pixels of the pictures, return them in pixels of the crops: `to_picture` undone."""
    last = np.array([size[1] - 1, size[0] - 1], np.float64)
    places = np.array(windows, np.float64).reshape(-1, 1, 4)
    return (points - places[..., :2] + places[..., 2:] / 2) / places[..., 2:] * last


class Inlay(NamedTuple):
    """Where the whole picture lies inside a padded input: left, top, width, height in pixels."""

    left: int
    top: int
    width: int
    height: int


def inlay_of(shape: tuple[int, int], resolution: tuple[int, int]) -> Inlay:
    """Given a picture's and an input's (height, width), return where the picture goes: as large as fits, centred.

    Sizes are cut to whole pixels and the odd pixel of padding goes right and below, as in Meta's code.
    """
    height, width = shape
    scale = min(resolution[1] / width, resolution[0] / height)
    wide, high = max(int(width * scale), 1), max(int(height * scale), 1)
    return Inlay((resolution[1] - wide) // 2, (resolution[0] - high) // 2, wide, high)
