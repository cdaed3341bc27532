"""The one frame rate that files for other programs ask for, from times that may vary."""

from __future__ import annotations

import numpy as np

EVEN = 0.02
"""Share by which the mean and the median gap may differ in a video of constant rate."""
WHOLE = 2e-3
"""Share by which a rate may miss a whole number that it is meant to be: times are often rounded to milliseconds."""


def rate_of(times: np.ndarray) -> float | None:
    """Given times (N,) in seconds, increasing, return frames per second: of the whole where the rate is constant, else
    by the median gap; None for fewer than two."""
    if len(times) < 2:
        return None
    usual, mean = 1 / float(np.median(np.diff(times))), (len(times) - 1) / float(times[-1] - times[0])
    rate = mean if abs(mean / usual - 1) < EVEN else usual
    whole = round(rate)
    return float(whole) if whole and abs(rate / whole - 1) < WHOLE else rate
