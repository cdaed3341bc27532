"""Signals with gaps and uneven times: filled, brought to an even grid, smoothed without lag, and differentiated."""

from __future__ import annotations

import functools

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.signal import butter, sosfiltfilt

LONGEST_GAP = 0.12
"""Seconds without samples that are filled (Stenum et al. 2021); a longer gap stays one."""
SHORTEST_RUN = 0.25
"""Seconds of samples under which a stretch between gaps tells nothing."""
CUTOFF = 6.0
"""Hz. Zero-lag Butterworth, as gait laboratories smooth marker tracks (5-6 Hz)."""
RATE = 100.0
"""Samples per second of the even grid: fine enough to find a crossing to a millisecond by a straight line."""


def grid_of(times: np.ndarray) -> np.ndarray:
    """Given increasing times in seconds, return the even grid that spans them, (M,) at `RATE`."""
    return times[0] + np.arange(int(np.floor((times[-1] - times[0]) * RATE + 1e-9)) + 1) / RATE


def frame_interval(times: np.ndarray) -> float:
    """Given times in seconds, return the usual time between frames."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def runs(times: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """Given times and which samples are known, return the known samples' places between gaps that are not filled.

    A gap is measured by what is missing: two neighbours at the usual interval have none between them.
    """
    places = np.flatnonzero(known)
    if not places.size:
        return []
    longest = LONGEST_GAP + 1.05 * frame_interval(times)
    cuts = np.flatnonzero(np.diff(times[places]) > longest) + 1
    return np.split(places, cuts)


def smooth(times: np.ndarray, values: np.ndarray, grid: np.ndarray, cutoff: float = CUTOFF) -> np.ndarray:
    """Given samples (N,) or (N, K) with NaN gaps, return them on an even grid (M,) or (M, K), gaps up to 0.12 s filled,
    low-passed. Of K columns a row counts as known where all are.

    Filled by shape-preserving cubics, which do not overshoot, brought to the grid by a cubic spline, and passed twice
    through a second-order Butterworth, forwards and back, so that nothing is delayed. The two passes together have
    `cutoff` Hz as their -3 dB point (Winter 2009). NaN where there is nothing.
    """
    smoothed = np.full((len(grid), *values.shape[1:]), np.nan)
    known = np.isfinite(values)
    for run in runs(times, known if values.ndim == 1 else known.all(axis=1)):
        first, last = times[run[0]], times[run[-1]]
        if last - first < SHORTEST_RUN or len(run) < 4:
            continue
        inside = np.flatnonzero((times >= first) & (times <= last))
        filled = PchipInterpolator(times[run], values[run])(times[inside])
        span = np.flatnonzero((grid >= first - 1e-9) & (grid <= last + 1e-9))
        smoothed[span] = low_pass(CubicSpline(times[inside], filled)(grid[span]), RATE, cutoff)
    return smoothed


def low_pass(values: np.ndarray, rate: float, cutoff: float) -> np.ndarray:
    """Given even samples (M,) or (M, K) without gaps, their rate and the -3 dB point in Hz, return them low-passed
    along the first axis, without lag."""
    once = float(cutoff / (np.sqrt(2) - 1) ** 0.25)  # two passes lower the -3 dB point of one by this much
    if len(values) < 4 or once >= 0.49 * rate:
        return values
    reach = min(len(values) - 1, int(1.5 * rate / cutoff))
    return sosfiltfilt(_sections(once, float(rate)), values, axis=0, padtype="odd", padlen=reach)


@functools.cache
def _sections(cutoff: float, rate: float) -> np.ndarray:
    """The filter's second-order sections; a walk needs the same few of them a hundred times."""
    return np.asarray(butter(2, cutoff, fs=rate, output="sos"))


def slope(values: np.ndarray) -> np.ndarray:
    """Given values on the even grid, return their change per second; NaN at gaps."""
    return np.gradient(values, 1 / RATE)


def at(grid: np.ndarray, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Given values on the grid, return them at other times; NaN where the grid has none within a hundredth second."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(times), np.nan)
    place = np.clip((times - grid[0]) * RATE, -1, len(grid))
    lower, upper = (np.clip(it.astype(int), 0, len(grid) - 1) for it in (np.floor(place), np.ceil(place)))
    near = (known[lower] | known[upper]) & (place > -1) & (place < len(grid))
    return np.where(near, np.interp(times, grid[known], values[known]), np.nan)


def crossing(
    grid: np.ndarray, values: np.ndarray, near: int, level: float, reach: int, step: int
) -> float | None:
    """Given values on the grid, return when they first pass a level, looking from a place `near` in the direction
    `step` (+1, -1) for at most `reach` samples; None when they do not."""
    for here in range(near, near + step * reach, step):
        there = here + step
        if not 0 <= there < len(values):
            return None
        a, b = values[here] - level, values[there] - level
        if not (np.isfinite(a) and np.isfinite(b)):
            return None
        if a == 0:
            return float(grid[here])
        if (a > 0) != (b > 0):
            return float(grid[here] + (grid[there] - grid[here]) * a / (a - b))
    return None
