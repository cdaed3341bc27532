"""The normal head: which way the surface faces at every pixel, in the camera's frame."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.device import memory_named
from uprightd.sapiens2.geometry import RESOLUTIONS, Inlay
from uprightd.sapiens2.network import Network
from uprightd.sapiens2.preprocess import inlaid, taken_out

SHORTEST = 1e-8


class NormalHead:
    """A surface normal network with its input size."""

    def __init__(self, network: Network, resolution: tuple[int, int] = RESOLUTIONS[0]) -> None:
        """`resolution` is (height, width), multiples of 16. Raise ValueError for a network of another task."""
        if network.checkpoint.task is not Task.NORMAL:
            raise ValueError(f"a normal network is needed, got {network.checkpoint.name}")
        self.network = network
        self.resolution = resolution

    def normals(self, image: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """Given a picture, BGR uint8 (H, W, 3), return unit vectors, float32 (H, W, 3).

        `mask` (H, W) is where a person is (segmentation > 0); elsewhere normals are made up by the network, and
        NaN is returned.
        """
        pixels, inlay = inlaid(image, self.resolution)
        shape = (image.shape[0], image.shape[1])
        with memory_named("surface normals", self.network.placement):
            return unit_normals(self.network(pixels).normals, inlay, shape, mask)


def unit_normals(
    raw: Tensor, inlay: Inlay, shape: tuple[int, int], mask: np.ndarray | None = None
) -> np.ndarray:
    """Given a network's normals (1, 3, h, w) and where the picture of `shape` (height, width) lies in them, return
    unit vectors, float32 (*shape, 3); NaN outside the mask and where there is no direction.

    Made unit length before they are resized, so that each counts the same, and again after.
    """
    vectors = taken_out(_unit(raw.float()), inlay, shape)
    normals = _unit(vectors)[0].permute(1, 2, 0).cpu().numpy()
    return normals if mask is None else np.where(mask[..., None] > 0, normals, np.float32(np.nan))


def _unit(vectors: Tensor) -> Tensor:
    length = vectors.norm(dim=1, keepdim=True)
    return torch.where(length > SHORTEST, vectors / length, torch.nan)
