"""Checkpoints with random weights under Meta's names: to prove and to measure at full size without the real ones."""

from __future__ import annotations

import itertools
import json
import math
import os
from pathlib import Path

import numpy as np

from uprightd.sapiens2.architecture import SIZES, Architecture, ScaleHead, Shape, Task, tensors_of

NOISE = 1_048_573
"""Random numbers that are drawn; they are written over and over, each tensor beginning elsewhere. A prime, so that
no two rows of a matrix are the same."""
LOW = 0.15
"""By how much the last layer of the pose head is damped."""
FULL_ATTENTION = 8
"""Layers at each end in which every query has its own key; between them two share one."""
_HEADS: dict[Task, tuple[tuple[int, ...], int, tuple[int, ...], int]] = {
    Task.POSE: ((1024, 768), 4, (512, 512, 256), 1),
    Task.SEG: ((512, 256, 128, 64), 4, (64, 64), 1),
    Task.NORMAL: ((768, 512, 256, 128), 3, (64, 32, 16), 3),
    Task.POINTMAP: ((1536, 768, 512, 256), 3, (64, 32, 16), 3),
}
"""Meta's 0.4b heads: channels and kernel of the upsampling steps, channels and kernel of the convolutions."""
_SCALE = ScaleHead((1536, 512, 128), (1, 1, 1), 6144, (512, 128))


def full_size(size: str, task: Task) -> Architecture:
    """Given one of Meta's sizes and a task, return the network: its backbone, with the head of the 0.4b network.

    The heads of the larger sizes are partly wider; that takes nothing from what the backbone costs.
    """
    hidden, layers, heads = SIZES[size]
    upsample, up_kernel, convolutions, kernel = _HEADS[task]
    ends = range(FULL_ATTENTION, layers - FULL_ATTENTION)
    return Architecture(
        task=task,
        hidden=hidden,
        layers=layers,
        heads=heads,
        key_heads=tuple(heads // 2 if index in ends else heads for index in range(layers)),
        intermediate=4 * hidden,
        registers=8,
        patch=16,
        upsample=upsample,
        upsample_kernels=(up_kernel,) * len(upsample),
        convolutions=convolutions,
        kernels=(kernel,) * len(convolutions),
        scale=_SCALE if task is Task.POINTMAP else None,
    )


def write(path: Path, net: Architecture, seed: int = 0) -> None:
    """Given a path that does not exist yet and a network, write a float32 checkpoint with random weights there.

    Weights keep the size of what passes through them, so that a network of any depth gives finite numbers. Heatmaps
    reach about 0.4: enough for a pose to come out of it, and low, as it should be for one that means nothing.
    """
    tensors = tensors_of(net)
    ends = list(itertools.accumulate(4 * math.prod(shape) for shape in tensors.values()))
    entries = {
        name: {"dtype": "F32", "shape": [*shape], "data_offsets": [end - 4 * math.prod(shape), end]}
        for (name, shape), end in zip(tensors.items(), ends, strict=True)
    }
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    pool = np.random.default_rng(seed).standard_normal(NOISE, np.float32)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        begin = 0
        for name, shape in tensors.items():
            mean, deviation = _spread(name, shape)
            noise = mean + deviation * pool
            left = math.prod(shape)
            while left:
                part = noise[begin : begin + left]
                file.write(part.tobytes())
                left -= len(part)
                begin = (begin + len(part)) % NOISE


def _spread(name: str, shape: Shape) -> tuple[float, float]:
    """Mean and standard deviation for a tensor's numbers."""
    if name.endswith(("ln1.weight", "ln2.weight", "norm.weight")):
        return 1.0, 0.1
    if name.endswith("gamma.weight"):
        return 0.1, 0.02
    if len(shape) < 2:
        return 0.0, 0.02
    return 0.0, (LOW if ".conv_pose." in name else 1.0) / math.sqrt(math.prod(shape[1:]))
