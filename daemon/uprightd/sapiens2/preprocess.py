"""From a picture to a network's input: cut out and scaled, or resized whole, then normalised.

Everything is done in floating point except the two resizes, which are OpenCV's as in Meta's code.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from uprightd import opencv
from uprightd.sapiens2.geometry import Inlay, Window, inlay_of

MEAN = (123.675, 116.28, 103.53)
DEVIATION = (58.395, 57.12, 57.375)
"""ImageNet's, for red, green, blue from 0 to 255."""
CUBIC = -0.75
"""The free parameter of the cubic kernel, as in OpenCV and torch."""


def crops(
    images: Sequence[np.ndarray], windows: Sequence[Window], resolution: tuple[int, int], device: str = "cpu"
) -> Tensor:
    """Given pictures, BGR uint8 (H, W, 3), and a window of each, return the crops as input (N, 3, *resolution).

    Black lies outside the picture. A window larger than the crop is sampled linearly and without smoothing, a
    smaller one cubically, as in Meta's code (which rounds to whole grey levels besides).
    """
    cut = [_crop(image, window, resolution, device) for image, window in zip(images, windows, strict=True)]
    return normalised(torch.stack(cut))


def _crop(image: np.ndarray, window: Window, resolution: tuple[int, int], device: str) -> Tensor:
    """The crop of one picture, BGR float (height, width, 3): its rows first, then its columns."""
    high, wide = resolution
    scales = (high - 1) / window.height, (wide - 1) / window.width
    cubic = min(scales) >= 1.0
    rows = _samples(high, image.shape[0], window.y - window.height / 2, scales[0], cubic)
    columns = _samples(wide, image.shape[1], window.x - window.width / 2, scales[1], cubic)
    pixels = _tensor(image).to(device)
    for axis, (places, weights) in enumerate((rows, columns)):
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        taken = [
            pixels.index_select(axis, place.to(device)) * weight.to(device).view(shape)
            for place, weight in zip(places, weights, strict=True)
        ]
        pixels = sum(taken[1:], taken[0])
    return pixels.clamp(0, 255) if cubic else pixels  # cubic overshoots at edges


def _samples(count: int, length: int, start: float, scale: float, cubic: bool) -> tuple[Tensor, Tensor]:
    """Which pixels of an axis make up each of `count` samples, and how much of each: two (taps, count) tensors.

    Sample i lies at start + i / scale. Pixels outside the axis have no weight.
    """
    at = start + torch.arange(count, dtype=torch.float64) / scale
    first = at.floor()
    part = at - first
    if cubic:
        steps = torch.arange(-1, 3)[:, None]
        distance = (part - steps).abs()
        near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance**2 + 1
        far = CUBIC * (((distance - 5) * distance + 8) * distance - 4)
        weights = torch.where(distance <= 1, near, far)
    else:
        steps = torch.arange(2)[:, None]
        weights = torch.stack((1 - part, part))
    places = first + steps
    inside = (places >= 0) & (places < length)
    return places.clamp(0, length - 1).long(), (weights * inside).float()


def stretched(image: np.ndarray, resolution: tuple[int, int]) -> Tensor:
    """Given a picture, BGR uint8 (H, W, 3), return it stretched to the input (1, 3, *resolution), for segmentation."""
    cv2 = opencv.load()
    high, wide = resolution
    how = cv2.INTER_AREA if wide < image.shape[1] else cv2.INTER_CUBIC
    return _input(cv2.resize(image, (wide, high), interpolation=how))


def inlaid(image: np.ndarray, resolution: tuple[int, int]) -> tuple[Tensor, Inlay]:
    """Given a picture, BGR uint8 (H, W, 3), return it whole inside a black input (1, 3, *resolution), and where."""
    cv2 = opencv.load()
    inlay = inlay_of((image.shape[0], image.shape[1]), resolution)
    canvas = np.zeros((*resolution, 3), np.uint8)
    inside = cv2.resize(image, (inlay.width, inlay.height), interpolation=cv2.INTER_LINEAR)
    canvas[inlay.top : inlay.top + inlay.height, inlay.left : inlay.left + inlay.width] = inside
    return _input(canvas), inlay


def taken_out(maps: Tensor, inlay: Inlay, shape: tuple[int, int]) -> Tensor:
    """Given maps (1, C, h, w) of an input made by `inlaid`, return the picture's part at its size, (1, C, *shape)."""
    part = maps[..., inlay.top : inlay.top + inlay.height, inlay.left : inlay.left + inlay.width]
    return torch.nn.functional.interpolate(part, size=shape, mode="bilinear", align_corners=False)


def _input(image: np.ndarray) -> Tensor:
    return normalised(_tensor(image)[None].float())


def _tensor(image: np.ndarray) -> Tensor:
    """Given an array, return it as a tensor; copied where it is read-only, of which torch would warn."""
    return torch.from_numpy(np.require(image, requirements=("C", "W")))


def normalised(pixels: Tensor) -> Tensor:
    """Given BGR pictures from 0 to 255, float (N, H, W, 3), return a network's input, RGB (N, 3, H, W)."""
    mean, deviation = pixels.new_tensor(MEAN), pixels.new_tensor(DEVIATION)
    return ((pixels.flip(-1) - mean) / deviation).permute(0, 3, 1, 2).contiguous()
