"""The pose head: from pictures and boxes to keypoints in pixels of the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from uprightd.domain import Box
from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.decode import decode
from uprightd.sapiens2.device import memory_named
from uprightd.sapiens2.geometry import RESOLUTIONS, Window, to_picture, window_around
from uprightd.sapiens2.names import MIRROR, NEEDED
from uprightd.sapiens2.network import Network
from uprightd.sapiens2.preprocess import crops


class Keypoints(NamedTuple):
    """Keypoints of N people: places (N, K, 2) in pixels of their pictures, float64, and scores (N, K), float32.

    A score is the heatmap's maximum, about 1 where the network is sure; it can pass 1 and fall under 0. Where the
    network's output was NaN or infinite, places are NaN and scores 0.
    """

    places: np.ndarray
    scores: np.ndarray


class PoseHead:
    """A pose network with its input size. The last layer is applied to the wanted channels only."""

    def __init__(self, network: Network, resolution: tuple[int, int] = RESOLUTIONS[0]) -> None:
        """`resolution` is (height, width), multiples of 16. Raise ValueError for a network of another task."""
        if network.checkpoint.task is not Task.POSE:
            raise ValueError(f"a pose network is needed, got {network.checkpoint.name}")
        self.network = network
        self.resolution = resolution
        last = network.model.decode_head.predictor
        # In single precision on any device: half of it would round away what tells a pixel from its neighbour.
        self._weights, self._biases = last.weight.detach().float(), last.bias.detach().float()
        network.model.decode_head.predictor = torch.nn.Identity()

    def keypoints(
        self,
        images: Sequence[np.ndarray],
        boxes: Sequence[Box],
        flip: bool = False,
        channels: Sequence[int] = NEEDED,
    ) -> Keypoints:
        """Given pictures, BGR uint8 (H, W, 3), and one person's box in each, return their keypoints.

        For several people in a picture give it several times. All go through the network as one batch; with
        `flip` also mirrored, and the two heatmaps are averaged, which is Meta's reference result.
        """
        windows = [window_around(box, self.resolution) for box in boxes]
        with memory_named(f"{len(images)} pictures", self.network.placement):
            pixels = self.crop(images, windows)
            places, scores = decode(self.heatmaps(pixels, flip, channels))
        size = (self.resolution[0] // 4, self.resolution[1] // 4)
        return Keypoints(to_picture(places.cpu().double().numpy(), windows, size), scores.cpu().numpy())

    def crop(self, images: Sequence[np.ndarray], windows: Sequence[Window]) -> Tensor:
        """Given pictures and a window of each, return the network's input (N, 3, *resolution)."""
        return crops(images, windows, self.resolution, self.network.placement.device)

    def heatmaps(self, pixels: Tensor, flip: bool = False, channels: Sequence[int] = NEEDED) -> Tensor:
        """Given the network's input, return heatmaps (N, len(channels), height / 4, width / 4)."""
        maps = self._forward(pixels, channels)
        if flip:
            partners = [MIRROR[channel] for channel in channels]
            maps = (maps + self._forward(pixels.flip(-1), partners).flip(-1)) / 2
        return maps

    def _forward(self, pixels: Tensor, channels: Sequence[int]) -> Tensor:
        features = self.network(pixels).heatmaps.float()
        chosen = torch.tensor(channels, device=features.device)
        with torch.inference_mode():
            return torch.nn.functional.conv2d(features, self._weights[chosen], self._biases[chosen])

    def close(self) -> None:
        """Give the network's memory back."""
        self._weights = self._biases = torch.empty(0)
        self.network.close()
