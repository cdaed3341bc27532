"""The two ways from a picture to keypoints that `bench pose` compares, stage by stage, with a clock beside them:
Meta's demo for one frame, which nothing else runs, and ours.

The reference is after `vis_pose.py`, the pose configs and `UDPHeatmap` of Meta's repository sapiens2 (commit
3098c14): people are cut out with cv2.warpAffine in whole grey levels; the network runs twice, on the pictures and
on their mirror images, both times for all 308 maps; the maps are averaged, and decoded in numpy, person by person.
The network is transformers', which takes 0 to 7 % less than Meta's own. Detector, drawing and files are left out.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from uprightd import opencv
from uprightd.errors import UnavailableError
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.decode import HIGHEST, LOWEST, RADIUS, decode
from uprightd.sapiens2.device import Placement, memory_named
from uprightd.sapiens2.geometry import Window, to_picture, window_around
from uprightd.sapiens2.names import MIRROR, NEEDED
from uprightd.sapiens2.network import Network, load
from uprightd.sapiens2.pose import Keypoints, PoseHead
from uprightd.sapiens2.preprocess import normalised
from uprightd.sapiens2.subject import whole_frame

KERNEL = 2 * RADIUS + 1
"""Width of the Gaussian. OpenCV makes its sigma of it: 2."""
BATCHES = (1, 2, 4, 8, 16, 32)
FEWEST, LONG_ENOUGH = 3, 1.0
"""Runs and seconds for which each batch size is run at least."""
WARM_UPS = 2
"""Runs of each batch size that do not count: a device compiles and chooses kernels in them."""
DECODES = 10
"""How often the decoders take turns, and how many times ours runs in one of its turns. The median counts."""

PEAK = 6.0
"""Standard deviation of the peaks in maps made for the decoders, in their pixels."""

Cost = dict[str, float]
"""Seconds by clock: "cpu", of all threads of the process, and "wall"."""


# ---- the reference -----------------------------------------------------------------------------------------


class ReferencePose:
    """A pose network as Meta's demo runs it."""

    def __init__(self, network: Network, resolution: tuple[int, int]) -> None:
        """`resolution` is (height, width), multiples of 16."""
        self.network = network
        self.resolution = resolution

    def crop(self, images: Sequence[np.ndarray], windows: Sequence[Window]) -> Tensor:
        """Given pictures, BGR uint8 (H, W, 3), and a window of each, return the input (N, 3, *resolution)."""
        cut = [_crop(image, window, self.resolution) for image, window in zip(images, windows, strict=True)]
        return normalised(torch.from_numpy(np.stack(cut)).to(self.network.placement.device).float())

    def heatmaps(self, pixels: Tensor) -> Tensor:
        """Given the input, return the heatmaps (N, 308, height / 4, width / 4) of both forwards, averaged."""
        maps = self.network(pixels).heatmaps
        mirrored = self.network(pixels.flip(-1)).heatmaps
        return (maps + mirrored[:, list(MIRROR)].flip(-1)) / 2

    def keypoints_of(self, heatmaps: Tensor, windows: Sequence[Window]) -> Keypoints:
        """Given heatmaps (N, K, h, w) and the windows they show, return keypoints in pixels of the pictures."""
        found = [decode_in_numpy(maps) for maps in heatmaps.float().cpu().numpy()]
        places = np.stack([places for places, _ in found])
        size = (heatmaps.shape[2], heatmaps.shape[3])
        return Keypoints(to_picture(places, windows, size), np.stack([scores for _, scores in found]))


def _crop(image: np.ndarray, window: Window, resolution: tuple[int, int]) -> np.ndarray:
    """UDP's crop of one picture, uint8 (height, width, 3). OpenCV takes INTER_AREA for linear here."""
    cv2 = opencv.load()
    high, wide = resolution
    across, down = (wide - 1) / window.width, (high - 1) / window.height
    left, top = window.x - window.width / 2, window.y - window.height / 2
    matrix = np.array([[across, 0.0, -left * across], [0.0, down, -top * down]])
    how = cv2.INTER_AREA if min(across, down) < 1 else cv2.INTER_CUBIC
    return cv2.warpAffine(image, matrix, (wide, high), flags=how)


def decode_in_numpy(heatmaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Given one person's heatmaps, float32 (K, H, W), return places (K, 2), x and y in their pixels, and scores (K,).

    UDP/DARK on whole maps; `sapiens2.decode` has the formula.
    """
    count, height, width = heatmaps.shape
    flat = heatmaps.reshape(count, -1)
    y, x = np.unravel_index(flat.argmax(1), (height, width))
    scores = flat.max(1)
    places = np.stack((x, y), 1).astype(np.float32)
    places[scores <= 0] = -1
    logs = _blurred(heatmaps)
    np.clip(logs, LOWEST, HIGHEST, out=logs)
    np.log(logs, out=logs)
    padded = np.pad(logs, ((0, 0), (1, 1), (1, 1)), mode="edge").ravel()
    row = width + 2
    at = (places[:, 0] + 1 + (places[:, 1] + 1) * row).astype(int) + row * (height + 2) * np.arange(count)
    return places - _steps(padded, at, row), scores


def _blurred(heatmaps: np.ndarray) -> np.ndarray:
    """Each map blurred with zeros around it and scaled back to its maximum."""
    cv2 = opencv.load()
    inner = slice(RADIUS, -RADIUS)
    canvas = np.pad(np.zeros_like(heatmaps[0]), RADIUS)
    blurred = np.empty_like(heatmaps)
    for heatmap, smooth in zip(heatmaps, blurred, strict=True):
        canvas[inner, inner] = heatmap
        smooth[:] = cv2.GaussianBlur(canvas, (KERNEL, KERNEL), 0)[inner, inner]
        np.multiply(smooth, heatmap.max() / smooth.max(), out=smooth)
    return blurred


def _steps(values: np.ndarray, at: np.ndarray, row: int) -> np.ndarray:
    """Newton steps (K, 2) away from the peaks, given padded log maps in one row and the index of each maximum."""
    here = values[at]
    right, left = values[at + 1], values[at - 1]
    below, above = values[at + row], values[at - row]
    twist = (values[at + row + 1] - right - below + 2 * here - left - above + values[at - row - 1]) / 2
    hessian = np.stack((right - 2 * here + left, twist, twist, below - 2 * here + above), 1).reshape(-1, 2, 2)
    slope = np.stack((right - left, below - above), 1) / 2
    inverse = np.linalg.inv(hessian + np.finfo(np.float32).eps * np.eye(2))
    return np.einsum("kij,kj->ki", inverse, slope)


# ---- ours, and the clock -----------------------------------------------------------------------------------


class OurPose:
    """`sapiens2.pose.PoseHead`, stage by stage."""

    def __init__(self, network: Network, resolution: tuple[int, int]) -> None:
        """`resolution` is (height, width), multiples of 16."""
        head = PoseHead(network, resolution)
        self.crop = head.crop
        self.heatmaps = head.heatmaps
        self.keypoints = head.keypoints

    @staticmethod
    def keypoints_of(heatmaps: Tensor, windows: Sequence[Window]) -> Keypoints:
        """The last stage of PoseHead.keypoints."""
        places, scores = decode(heatmaps)
        size = (heatmaps.shape[2], heatmaps.shape[3])
        return Keypoints(to_picture(places.cpu().double().numpy(), windows, size), scores.cpu().numpy())


class Stopwatch:
    """Takes the cost of one stage after the other; what a device still has to do belongs to the stage."""

    def __init__(self, placement: Placement) -> None:
        self._placement = placement
        self._last = self._now()

    def lap(self) -> Cost:
        """Return the cost since the last lap, or since the start."""
        last, self._last = self._last, self._now()
        return {clock: now - last[clock] for clock, now in self._last.items()}

    def _now(self) -> Cost:
        if self._placement.kind == "cuda":
            torch.cuda.synchronize(self._placement.device)
        elif self._placement.kind == "mps":
            torch.mps.synchronize()
        return {"cpu": time.process_time(), "wall": time.perf_counter()}


def peaked_maps(like: Tensor) -> Tensor:
    """Given heatmaps (1, K, h, w), return as many of the same size with a Gaussian each, 0.3 to 1 high, anywhere."""
    _, count, height, width = like.shape
    noise = torch.rand(3, count, 1, 1, generator=torch.Generator().manual_seed(0)).to(like.device)
    rows = torch.arange(height, device=like.device)[:, None] - noise[0] * (height - 1)
    columns = torch.arange(width, device=like.device) - noise[1] * (width - 1)
    return ((0.3 + 0.7 * noise[2]) * torch.exp(-(rows**2 + columns**2) / (2 * PEAK**2)))[None]


class Runner:
    """One path with its network in memory, in a process that does nothing else."""

    def __init__(self, weights: Path, resolution: tuple[int, int], placement: Placement, ours: bool) -> None:
        """Raise DataError or UnavailableError as `load` does."""
        self._network = load(read_checkpoint(weights), placement)
        self._path = (OurPose if ours else ReferencePose)(self._network, resolution)
        self._resolution = resolution
        self._placement = placement
        self._maps: Tensor | None = None

    def warm_up(self, picture: np.ndarray, resolution: tuple[int, int], times: int) -> None:
        """Run every stage `times` times, the network on noise of `resolution`."""
        window = self._window(picture)
        for _ in range(times):
            self._path.crop([picture], [window])
            maps = self._path.heatmaps(torch.randn(1, 3, *resolution, device=self._placement.device))
            self._path.keypoints_of(maps, [window])

    def frame(self, picture: np.ndarray) -> dict[str, Cost]:
        """Given a picture, BGR uint8 (H, W, 3), find one person in the whole of it; return what each stage costs."""
        window = self._window(picture)
        self._maps = None
        watch = Stopwatch(self._placement)
        pixels = self._path.crop([picture], [window])
        costs = {"crop": watch.lap()}
        maps = self._path.heatmaps(pixels)
        costs["forward"] = watch.lap()
        self._path.keypoints_of(maps, [window])
        costs["decode"] = watch.lap()
        self._maps = maps
        return costs

    def decoders(self) -> dict[str, dict[str, Cost]]:
        """Return what numpy's decoder costs for 308 maps and ours for those of them that we need.

        "decode": on maps with peaks, as a trained network's, one thread each, which is work against work.
        "decode_threads": the same with all threads. "decode_noise": on the last frame's maps, one thread each; they
        are ragged with random weights, and ours is slow where a map is not clearly above 0 around its maximum.
        """
        assert self._maps is not None, "a frame comes first"
        cv2 = opencv.load()
        threads, peaked = torch.get_num_threads(), peaked_maps(self._maps)
        costs = {"decode_threads": self._decoders(peaked)}
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        try:
            return {"decode": self._decoders(peaked), **costs, "decode_noise": self._decoders(self._maps)}
        finally:
            torch.set_num_threads(threads)
            cv2.setNumThreads(-1)

    def _decoders(self, maps: Tensor) -> dict[str, Cost]:
        windows, needed = [Window(0.0, 0.0, 1.0, 1.0)], maps[:, list(NEEDED)].contiguous()
        laps: dict[str, list[Cost]] = {"numpy": [], "ours": []}
        for _ in range(1 + DECODES):
            watch = Stopwatch(self._placement)
            self._path.keypoints_of(maps, windows)
            laps["numpy"].append(watch.lap())
            for _ in range(DECODES):
                OurPose.keypoints_of(needed, windows)
            laps["ours"].append({clock: taken / DECODES for clock, taken in watch.lap().items()})
        return {
            name: {clock: median(cost[clock] for cost in costs[1:]) for clock in costs[0]}
            for name, costs in laps.items()
        }

    def throughput(self, picture: np.ndarray) -> dict[int, float]:
        """Given a picture, return frames per second, all stages, by batch size, as far as memory goes."""
        rates: dict[int, float] = {}
        for batch in BATCHES:
            try:
                with memory_named(f"a batch of {batch}", self._placement):
                    rates[batch] = self._rate([picture] * batch)
            except UnavailableError:
                break
        return rates

    def _rate(self, pictures: list[np.ndarray]) -> float:
        windows = [self._window(picture) for picture in pictures]
        runs, began, lasted = -WARM_UPS, 0.0, 0.0
        while runs < FEWEST or lasted < LONG_ENOUGH:
            if runs == 0:
                began = time.perf_counter()
            maps = self._path.heatmaps(self._path.crop(pictures, windows))
            self._path.keypoints_of(maps, windows)  # its result is in the CPU's memory, so the device is done
            runs += 1
            lasted = time.perf_counter() - began if runs > 0 else 0.0
        return len(pictures) * runs / lasted

    def state(self) -> dict[str, Any]:
        """Return the peak memory so far in bytes, here and on a CUDA device, and what it runs on."""
        cuda, device = self._placement.kind == "cuda", self._placement.device
        return {
            "memory": _peak_memory(),
            "device_memory": torch.cuda.max_memory_allocated(device) if cuda else 0,
            "compile_failure": self._network.compile_failure,
            "machine": {
                "name": torch.cuda.get_device_name(device) if cuda else _processor(),
                "cores": os.cpu_count(),
                "torch_threads": torch.get_num_threads(),
                "torch": torch.__version__,
            },
        }

    def _window(self, picture: np.ndarray) -> Window:
        return window_around(whole_frame(picture.shape[1], picture.shape[0]), self._resolution)


def _peak_memory() -> int:
    """The most memory this process ever had resident, in bytes; pages of mapped files count."""
    if sys.platform == "linux":
        # Not ru_maxrss: on Linux it starts with the peak of the process that started this one.
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _processor() -> str:
    if sys.platform == "darwin":
        order = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(order, capture_output=True, text=True, check=False).stdout.strip()
    listed = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = re.search(r"^model name\s*:\s*(.+)$", listed, re.MULTILINE)
    return named[1] if named else platform.machine()  # Arm lists no names
