"""From heatmaps to keypoints: the UDP/DARK decoder, on the device, for as many channels as there are.

The place of the maximum is refined by one Newton step on the logarithm of the blurred map (Zhang et al.,
"Distribution-Aware Coordinate Representation for Human Pose Estimation", CVPR 2020, in the form of Meta's
`UDPHeatmap`): Gaussian 11 × 11 with sigma 2 on the map with zeros around it, scaled back to the map's maximum,
clipped to 0.001–50. The step needs nine blurred values only, so nine are computed; scaling does not move it, as
long as nothing is clipped, which is checked.
"""

from __future__ import annotations

import torch
from torch import Tensor

RADIUS = 5
SIGMA = 2.0
LOWEST, HIGHEST = 1e-3, 50.0
FARTHEST = 3.0
"""Heatmap pixels that a Newton step may go; a flat or ragged map sends it anywhere, and then the maximum stands."""


def decode(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Given heatmaps (N, K, H, W), return places (N, K, 2), x and y in heatmap pixels, and scores (N, K), float32.

    The score is the map's maximum. Where the map is flat or ragged around it, or nowhere above 0, the place is the
    maximum's pixel. A map with NaN or infinity has score 0 and the place NaN.
    """
    people, count, height, width = heatmaps.shape
    maps = heatmaps.reshape(people * count, height, width).float()
    peaks = maps.amax((1, 2))
    sound = peaks.isfinite() & maps.amin((1, 2)).isfinite()
    maps = torch.where(sound[:, None, None], maps, 0.0) if not bool(sound.all()) else maps
    x, y = _maxima(maps)
    step = _newton_step(_log_around(maps, x, y, peaks))
    usable = step.isfinite().all(1) & (step.abs() <= FARTHEST).all(1)
    places = torch.stack((x, y), 1) - torch.where(usable[:, None], step, 0.0)
    places = torch.where(sound[:, None], places, torch.nan)
    scores = torch.where(sound, peaks, 0.0)
    return places.view(people, count, 2), scores.view(people, count)


def _maxima(maps: Tensor) -> tuple[Tensor, Tensor]:
    """Given maps (M, H, W), return column and row of each one's first maximum.

    By the maxima of the rows first: torch finds the place of a maximum 100 times slower than the maximum.
    """
    rows = maps.amax(2)
    y = rows.argmax(1)
    x = maps[torch.arange(len(maps), device=maps.device), y].argmax(1)
    return x, y


def _log_around(maps: Tensor, x: Tensor, y: Tensor, peaks: Tensor) -> Tensor:
    """Return the logarithm of the blurred maps (M, H, W) at x−1, x, x+1 and y−1, y, y+1, as (M, 3, 3) by y and x.

    Beyond the border the border's value counts.
    """
    kernel = _kernel(maps)
    near = _blurred_around(maps, x, y, kernel)
    clipped = (near.amin((1, 2)) < LOWEST) | (peaks > HIGHEST)
    if bool(clipped.any()):
        # There the scale back to the maximum decides what is clipped, and it needs the whole blurred map.
        height, width = maps.shape[1:]
        whole = _blur_matrix(height, kernel) @ maps[clipped] @ _blur_matrix(width, kernel)
        near[clipped] *= (peaks[clipped] / whole.amax((1, 2)))[:, None, None]
    return near.clamp(LOWEST, HIGHEST).log()


def _blurred_around(maps: Tensor, x: Tensor, y: Tensor, kernel: Tensor) -> Tensor:
    """Return the blurred maps (M, H, W) around each (x, y), as (M, 3, 3); beyond the border, the border's value."""
    height, width = maps.shape[1:]
    offsets = torch.arange(-RADIUS - 1, RADIUS + 2, device=maps.device)
    rows, columns = y[:, None] + offsets, x[:, None] + offsets
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    index = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    patches = maps.flatten(1).gather(1, index.flatten(1)).view(index.shape) * inside
    blurred = patches.unfold(1, len(kernel), 1) @ kernel  # (M, 3, 13): blurred along y
    blurred = blurred.unfold(2, len(kernel), 1) @ kernel
    for axis, at, last in ((1, y, height - 1), (2, x, width - 1)):
        steps = torch.arange(-1, 2, device=maps.device)
        held = ((at[:, None] + steps).clamp(0, last) - at[:, None] + 1).clamp(0, 2)
        shape = (-1, 3, 1) if axis == 1 else (-1, 1, 3)
        blurred = blurred.gather(axis, held.view(shape).expand_as(blurred))
    return blurred


def _kernel(maps: Tensor) -> Tensor:
    """The Gaussian along one axis; it sums to one."""
    steps = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float32, device=maps.device)
    weights = torch.exp(-(steps**2) / (2 * SIGMA**2))
    return weights / weights.sum()


def _blur_matrix(length: int, kernel: Tensor) -> Tensor:
    """The blur of an axis as a symmetric matrix (length, length); as a product it is faster than as a convolution."""
    places = torch.arange(length, device=kernel.device)
    offsets = places[:, None] - places + RADIUS
    inside = (offsets >= 0) & (offsets < len(kernel))
    return torch.where(inside, kernel[offsets.clamp(0, len(kernel) - 1)], 0.0)


def _newton_step(near: Tensor) -> Tensor:
    """Given log values (M, 3, 3) by y and x around a maximum, return the step (M, 2), x and y, away from their peak.

    Infinite or NaN where the surface has no single peak.
    """
    slope_x = (near[:, 1, 2] - near[:, 1, 0]) / 2
    slope_y = (near[:, 2, 1] - near[:, 0, 1]) / 2
    bend_x = near[:, 1, 2] - 2 * near[:, 1, 1] + near[:, 1, 0]
    bend_y = near[:, 2, 1] - 2 * near[:, 1, 1] + near[:, 0, 1]
    twist = (
        near[:, 2, 2] - near[:, 1, 2] - near[:, 2, 1] + 2 * near[:, 1, 1]
        - near[:, 1, 0] - near[:, 0, 1] + near[:, 0, 0]
    ) / 2  # fmt: skip
    # Meta's, which keeps a surface without any bend invertible.
    bend_x, bend_y = (bend + torch.finfo(torch.float32).eps for bend in (bend_x, bend_y))
    area = bend_x * bend_y - twist * twist
    steps = (bend_y * slope_x - twist * slope_y, bend_x * slope_y - twist * slope_x)
    return torch.stack(steps, 1) / area[:, None]
