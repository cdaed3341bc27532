"""The pointmap head: where in space every pixel lies, in metres, in the camera's frame."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from torch import Tensor

from uprightd.errors import UsageError
from uprightd.sapiens2.architecture import Architecture, Task
from uprightd.sapiens2.device import memory_named
from uprightd.sapiens2.geometry import RESOLUTIONS, Inlay
from uprightd.sapiens2.network import Network
from uprightd.sapiens2.preprocess import inlaid, taken_out


class Pointmap(NamedTuple):
    """Points (H, W, 3), float32: x to the image's right, y down, z away from the camera, in metres.

    `scale` is the canonical over the camera's focal length, by which the network's points were divided.
    """

    points: np.ndarray
    scale: float


class PointmapHead:
    """A pointmap network. Its scale branch works at one input size only, the one it was trained at."""

    def __init__(self, network: Network, resolution: tuple[int, int] = RESOLUTIONS[0]) -> None:
        """Raise ValueError for a network of another task, UsageError for a resolution its scale does not know."""
        if network.checkpoint.task is not Task.POINTMAP:
            raise ValueError(f"a pointmap network is needed, got {network.checkpoint.name}")
        if not fits(network.checkpoint.architecture, resolution):
            high, wide = RESOLUTIONS[0]
            raise UsageError(
                f"the pointmap does not work at {resolution[0]}x{resolution[1]}", f"Use {high}x{wide}."
            )
        self.network = network
        self.resolution = resolution

    def points(self, image: np.ndarray, mask: np.ndarray | None = None) -> Pointmap:
        """Given a picture, BGR uint8 (H, W, 3), return where its pixels lie; NaN outside `mask` (H, W) if given."""
        pixels, inlay = inlaid(image, self.resolution)
        shape = (image.shape[0], image.shape[1])
        with memory_named("a pointmap", self.network.placement):
            output = self.network(pixels)
            return scaled_points(output.pointmaps, output.scales, inlay, shape, mask)

    def close(self) -> None:
        """Give the network's memory back."""
        self.network.close()


def scaled_points(
    raw: Tensor, scales: Tensor, inlay: Inlay, shape: tuple[int, int], mask: np.ndarray | None = None
) -> Pointmap:
    """Given a network's points (1, 3, h, w), their scale (1, 1) and where the picture of `shape` (height, width)
    lies in them, return its points in metres.

    NaN outside the mask, and everywhere when the scale is not a positive number.
    """
    scale = float(scales.float().item())
    if not (math.isfinite(scale) and scale > 0):
        return Pointmap(np.full((*shape, 3), np.nan, np.float32), math.nan)
    points = taken_out(raw.float() / scale, inlay, shape)[0].permute(1, 2, 0).cpu().numpy()
    if mask is not None:
        points = np.where(mask[..., None] > 0, points, np.float32(np.nan))
    return Pointmap(points, scale)


def fits(net: Architecture, resolution: tuple[int, int]) -> bool:
    """Whether the scale branch, whose perceptron takes a fixed count of numbers, works at this input size.

    Each of its convolutions halves height and width, rounding up.
    """
    assert net.scale is not None
    high, wide = (side // net.patch for side in resolution)
    for _ in net.scale.channels:
        high, wide = (high + 1) // 2, (wide + 1) // 2
    return high * wide * net.scale.channels[-1] == net.scale.inputs
