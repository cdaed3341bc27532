"""The rhythm of the legs: whether they alternate, and how long a stride lasts, from any view."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uprightd.gait.motion import Motion
from uprightd.gait.signals import RATE

STRIDES = (0.5, 2.6)
"""Seconds a stride may last: from a fast run to 46 steps a minute."""
LEAST_SWING = 0.06
"""Leg lengths: the feet's difference of somebody who stands and fidgets stays under it."""
LEAST_REGULARITY = 0.25
"""Correlation of the legs' difference with itself a stride later, from which it counts as a rhythm."""


class Rhythm(NamedTuple):
    """stride: seconds; 0 without a rhythm. regularity: how like one stride is to the next, 0-1. swing: how far
    the feet move against each other, leg lengths (standard deviation)."""

    stride: float
    regularity: float
    swing: float

    @property
    def alternates(self) -> bool:
        return self.stride > 0


def read_rhythm(motion: Motion, begin: float, end: float) -> Rhythm:
    """Given a motion and a stretch of it in seconds, return the rhythm of the legs in it.

    The autocorrelation of D = left minus right ankle: a stride is the first lag at which it rises to a peak after it
    went down, where the legs have changed places and come back.
    """
    inside = (motion.grid >= begin) & (motion.grid <= end)
    apart = (motion.xy["left_ankle"] - motion.xy["right_ankle"])[inside] / motion.leg
    known = np.isfinite(apart).all(axis=1)
    if known.sum() < 2 * STRIDES[0] * RATE / 2:
        return Rhythm(0.0, 0.0, 0.0)
    steady = _level(apart, known)
    swing = float(np.sqrt((steady[known] ** 2).sum(axis=1).mean()))
    if swing < LEAST_SWING:
        return Rhythm(0.0, 0.0, swing)
    return Rhythm(*_period(steady, known), swing)


def _level(apart: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return D without its mean and slope (a walker who comes nearer grows), zero where it is unknown."""
    time = np.arange(len(apart))
    line = np.polynomial.polynomial.polyfit(time[known], apart[known], 1)
    return np.where(
        known[:, None], apart - np.outer(np.ones(len(apart)), line[0]) - np.outer(time, line[1]), 0.0
    )


def _period(steady: np.ndarray, known: np.ndarray) -> tuple[float, float]:
    """Return the stride in seconds and the correlation at that lag; zeros where there is none."""
    longest = min(int(STRIDES[1] * RATE), int(0.75 * len(steady)))
    size = 1 << (2 * len(steady)).bit_length()
    spectrum = np.abs(np.fft.rfft(steady, size, axis=0)) ** 2
    shared = np.fft.irfft(np.abs(np.fft.rfft(known.astype(float), size)) ** 2)[:longest]
    raw = np.fft.irfft(spectrum.sum(axis=1))[:longest]
    likeness = raw / np.maximum(shared, 1.0)
    likeness /= likeness[0]
    low = int(np.argmax(likeness < 0))
    if likeness[low] >= 0:
        return 0.0, 0.0
    start = max(low, int(STRIDES[0] * RATE))
    above = (
        start
        + np.flatnonzero(
            (likeness[start + 1 : -1] > likeness[start:-2])
            & (likeness[start + 1 : -1] >= likeness[start + 2 :])
        )
        + 1
    )
    good = [lag for lag in above if likeness[lag] >= max(LEAST_REGULARITY, 0.7 * likeness[above].max())]
    return (good[0] / RATE, float(likeness[good[0]])) if good else (0.0, 0.0)
