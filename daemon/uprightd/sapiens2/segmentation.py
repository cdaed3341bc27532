"""The segmentation head: a class for every pixel of a picture."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.device import memory_named
from uprightd.sapiens2.geometry import RESOLUTIONS
from uprightd.sapiens2.network import Network
from uprightd.sapiens2.preprocess import stretched


class SegmentationHead:
    """A segmentation network with its input size."""

    def __init__(self, network: Network, resolution: tuple[int, int] = RESOLUTIONS[0]) -> None:
        """`resolution` is (height, width), multiples of 16. Raise ValueError for a network of another task."""
        if network.checkpoint.task is not Task.SEG:
            raise ValueError(f"a segmentation network is needed, got {network.checkpoint.name}")
        self.network = network
        self.resolution = resolution

    def classes(self, image: np.ndarray) -> np.ndarray:
        """Given a picture, BGR uint8 (H, W, 3), return its class ids, uint8 (H, W); see `classes.CLASSES`."""
        with memory_named("a segmentation", self.network.placement):
            return class_ids(self._logits(image), (image.shape[0], image.shape[1]))

    def probabilities(self, image: np.ndarray) -> np.ndarray:
        """Given a picture, BGR uint8 (H, W, 3), return each class's probability, float32 (29, H, W)."""
        with memory_named("the probabilities of 29 classes", self.network.placement):
            return class_probabilities(self._logits(image), (image.shape[0], image.shape[1]))

    def close(self) -> None:
        self.network.close()

    def _logits(self, image: np.ndarray) -> Tensor:
        return self.network(stretched(image, self.resolution)).logits


def class_ids(logits: Tensor, shape: tuple[int, int]) -> np.ndarray:
    """Given logits (1, C, h, w) and a picture's (height, width), return the most likely class ids, uint8 `shape`.

    The logits are resized before they are compared, class by class, as all of them at full size take a gigabyte
    for a 4K picture. Of equal ones the first counts. Where a logit is NaN the class is 0, the background.
    """
    best = ids = None
    broken = torch.zeros(shape, dtype=torch.bool, device=logits.device)
    for index in range(logits.shape[1]):
        here = _resized(logits[:, index : index + 1], shape)[0, 0]
        broken |= here.isnan()
        if best is None or ids is None:
            best, ids = here, torch.zeros(shape, dtype=torch.uint8, device=logits.device)
            continue
        better = here > best
        best = torch.where(better, here, best)
        ids = ids.masked_fill(better, index)
    assert ids is not None
    return ids.masked_fill(broken, 0).cpu().numpy()


def class_probabilities(logits: Tensor, shape: tuple[int, int]) -> np.ndarray:
    """Given logits (1, C, h, w) and a picture's (height, width), return probabilities, float32 (C, *shape)."""
    return _resized(logits, shape)[0].softmax(0).cpu().numpy()


def _resized(maps: Tensor, shape: tuple[int, int]) -> Tensor:
    return interpolate(maps.float(), size=shape, mode="bilinear", align_corners=False)
