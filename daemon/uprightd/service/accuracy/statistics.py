"""How a metric's values lie to their truth: offset, scatter, whether they move together, and how far."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev
from typing import Any

MOVED = {"°": 2.0, "cm": 1.0}
"""Standard deviation, in the metric's unit, under which a truth hardly moves and no correlation means anything,"""
MOVED_SHARE = 0.01
"""and that of a proportion."""
FEWEST = 10
"""Frames under which no correlation means anything either."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Pair:
    """A value and its truth in frame number `frame`."""

    frame: int
    value: float
    truth: float

    @property
    def error(self) -> float:
        return self.value - self.truth


@dataclass(frozen=True, slots=True)
class Agreement:
    """Values m against truths t, in the metric's unit.

    bias: mean(m − t). rms: √mean((m − t)²). change_rms: the same of changes, (m − m0) − (t − t0), from the medians m0,
    t0 over the upright frames, or over all where there are none. correlation: Pearson's; None when the truth
    hardly moved. median_error: median |m − t|.
    """

    n: int
    bias: float
    rms: float
    change_rms: float
    correlation: float | None
    truth_sd: float
    median_error: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some frames of a clip: medians of the measured and the true change from m0 and t0, and between which values the
    measured one lay."""

    measured: float
    truth: float
    lowest: float
    highest: float
    n: int


def agreement(pairs: Sequence[Pair], upright: int, unit: str) -> Agreement:
    """Given at least one pair, how many frames from the start on are upright, and the unit, return the figures."""
    errors = [pair.error for pair in pairs]
    offset = _start(pairs, upright).error
    return Agreement(
        n=len(pairs),
        bias=fmean(errors),
        rms=root_mean_square(errors),
        change_rms=root_mean_square([error - offset for error in errors]),
        correlation=correlation(pairs, unit),
        truth_sd=pstdev(pair.truth for pair in pairs),
        median_error=median(map(abs, errors)),
    )


def correlation(pairs: Sequence[Pair], unit: str) -> float | None:
    """Given pairs and their unit, return Pearson's r; None with few of them or a truth that hardly moved, 0 when only
    the value never moved."""
    if not moved([pair.truth for pair in pairs], unit):
        return None
    values, truths = ([getattr(pair, name) for pair in pairs] for name in ("value", "truth"))
    mean_value, mean_truth = fmean(values), fmean(truths)
    together = fmean((m - mean_value) * (t - mean_truth) for m, t in zip(values, truths, strict=True))
    spread = pstdev(values) * pstdev(truths)
    return max(-1.0, min(1.0, together / spread)) if spread > 0 else 0.0


def stretch(pairs: Sequence[Pair], upright: int, frames: Collection[int]) -> Stretch | None:
    """Given pairs, how many frames from the start on are upright, and the frames to look at, return how they lie; None
    when none of them, or none of the upright ones, was measured."""
    chosen = [pair for pair in pairs if pair.frame in frames]
    if not chosen or not any(pair.frame < upright for pair in pairs):
        return None
    start = _start(pairs, upright)
    changes = [pair.value - start.value for pair in chosen]
    return Stretch(
        measured=median(changes),
        truth=median(pair.truth - start.truth for pair in chosen),
        lowest=min(changes),
        highest=max(changes),
        n=len(chosen),
    )


def root_mean_square(numbers: Sequence[float]) -> float:
    return math.sqrt(fmean(number * number for number in numbers))


def moved(truths: Sequence[float], unit: str) -> bool:
    """Given a truth in each of some frames, and its unit, return whether it moved enough to be followed."""
    return len(truths) >= FEWEST and pstdev(truths) >= MOVED.get(unit, MOVED_SHARE)


def _start(pairs: Sequence[Pair], upright: int) -> Pair:
    """The medians over the upright frames; over all where none of them was measured."""
    first = [pair for pair in pairs if pair.frame < upright] or pairs
    return Pair(0, median(pair.value for pair in first), median(pair.truth for pair in first))


def rounded(value: Any) -> Any:
    """Given figures in dicts, tuples and numbers, return them to four decimals, as JSON has them."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [rounded(item) for item in value]
    return round(value, DIGITS) if isinstance(value, float) else value
