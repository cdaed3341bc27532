"""Foot strikes of a walker who comes towards the camera or goes away from it: by the fall of the trunk.

From there the feet hardly move across the picture, and their height in it is half lift, half distance, with opposite
signs from the front and from behind. The trunk tells the same in every view: it vaults over the standing leg and is
lowest midway through double support (inverted pendulum; the accelerometer methods after Zijlstra and Hof 2003
rest on it). Double support takes about an eighth of the stride, so the strike came a sixteenth of a stride before.
Head, shoulders and hips move up and down together: their mean is steadier than any foot. Whose strike it was is told by
the ankles: the leg that swung just before was lifted higher, and from the front the foot that stands is lower.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import find_peaks

from uprightd.domain import View
from uprightd.gait.course import Course
from uprightd.gait.model import EventKind, Side
from uprightd.gait.motion import Motion
from uprightd.gait.rhythm import STRIDES
from uprightd.gait.sagittal import Candidate
from uprightd.gait.signals import RATE, low_pass

TRUNK = (
    "nose",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_hip",
    "right_hip",
)
HALF_DOUBLE_SUPPORT = 0.06
"""Strides from a strike to the lowest trunk: half of a double support of 12 % (Perry and Burnfield 2010)."""
CLEAR = 0.35
"""Of the usual rise and fall, from which a low counts."""
LEAST_FALL = 0.004
"""Trunk lengths (standard deviation): a walker's trunk rises and falls by four times that, about 2 cm."""
NEXT_STEP = 0.6
"""Step times between two lows at the least."""


def trunk_falls(motion: Motion, course: Course, stride: float) -> list[Candidate]:
    """Given a motion, its course and the stride in seconds (0 where the legs tell none), return the strikes by time."""
    down, known = _fall(motion, course, stride)
    if not known.any():
        return []
    step = stride / 2 if stride else _step_of(down, known)
    if not step:
        return []
    usual = float(np.std(down[known]))
    if usual < LEAST_FALL:
        return []
    lows, shape = find_peaks(
        down, distance=max(1, int(NEXT_STEP * step * RATE)), prominence=CLEAR * 2 * usual, height=0.0
    )
    kept = [
        (int(low), float(rise)) for low, rise in zip(lows, shape["prominences"], strict=True) if known[low]
    ]
    if len(kept) < 2:
        return []
    sides = _sides(motion, course, [low for low, _ in kept], step)
    early = HALF_DOUBLE_SUPPORT * 2 * step
    return [
        Candidate(_top(motion.grid, down, low) - early, side, EventKind.STRIKE, min(1.0, rise / (3 * usual)))
        for (low, rise), side in zip(kept, sides, strict=True)
    ]


def ankle_turns(motion: Motion, course: Course, stride: float) -> list[Candidate]:
    """Given the same, return the strikes by Stenum et al. (2021) for these views: the peaks of the height difference
    of the ankles in the picture. They come with the next swing (front) or before the strike (rear): a second opinion
    on how many strikes there are and on their rhythm, not on their instant."""
    inside = (motion.grid >= course.begin) & (motion.grid <= course.end)
    lower = motion.xy["left_ankle"][:, 1] - motion.xy["right_ankle"][:, 1]
    known = np.flatnonzero(np.isfinite(lower) & inside)
    if known.size < RATE or not stride:
        return []
    begin, end = known[0], known[-1] + 1
    every = np.arange(begin, end)
    level = np.interp(every, known, lower[known])
    level = low_pass(level, RATE, 4 / stride) - low_pass(level, RATE, 0.5 / stride)
    found = []
    for side, sign in ((Side.LEFT, 1.0), (Side.RIGHT, -1.0)):
        towards = sign if course.view is View.FRONTAL else -sign
        tops, _ = find_peaks(
            towards * level,
            distance=max(1, int(NEXT_STEP * stride * RATE)),
            prominence=CLEAR * 2 * float(np.std(level)),
        )
        found += [Candidate(float(motion.grid[begin + top]), side, EventKind.STRIKE, 1.0) for top in tops]
    return sorted(found)


def _fall(motion: Motion, course: Course, stride: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the trunk has sunk (M,), trunk lengths, without what is slower than a step; where it is known."""
    inside = (motion.grid >= course.begin) & (motion.grid <= course.end)
    size = np.abs(motion.middle("hip")[:, 1] - motion.middle("shoulder")[:, 1])
    step = stride / 2 if stride else 0.55
    sunk = [_steps_of(motion.xy[name][:, 1], size, inside, step) for name in TRUNK if name in motion.xy]
    sums = np.sum([np.nan_to_num(it) for it in sunk], axis=0)
    counts = np.sum([np.isfinite(it) for it in sunk], axis=0)
    known = counts >= 2
    return np.where(known, sums / np.maximum(counts, 1), 0.0), known


def _steps_of(down: np.ndarray, size: np.ndarray, inside: np.ndarray, step: float) -> np.ndarray:
    """Return one point's fall (M,) within its steps, in trunk lengths; NaN where it is unknown."""
    fall = np.full(len(down), np.nan)
    known = np.flatnonzero(np.isfinite(down) & np.isfinite(size) & inside)
    for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        if len(run) < 1.5 * step * RATE:
            continue
        # Slower than half the rhythm of the steps is the walk itself: nearer, and so larger and lower.
        quick = low_pass(down[run], RATE, 2 / step) - low_pass(down[run], RATE, 0.45 / step)
        line = np.polynomial.polynomial.polyfit(np.arange(len(run)), 1 / size[run], 1)
        fall[run] = quick * np.polynomial.polynomial.polyval(np.arange(len(run)), line)
    return fall


def _step_of(down: np.ndarray, known: np.ndarray) -> float:
    """Return the step time in seconds by the trunk's own rhythm; 0 without one."""
    signal = np.where(known, down, 0.0)
    size = 1 << (2 * len(signal)).bit_length()
    likeness = np.fft.irfft(np.abs(np.fft.rfft(signal, size)) ** 2)
    first, last = (int(it / 2 * RATE) for it in STRIDES)
    last = min(last, len(signal) - 1)
    if last <= first or likeness[0] <= 0:
        return 0.0
    best = first + int(np.argmax(likeness[first:last]))
    return best / RATE if likeness[best] > 0.2 * likeness[0] and best < last - 1 else 0.0


def _sides(motion: Motion, course: Course, lows: list[int], step: float) -> list[Side]:
    """Return whose strike each low is: what the ankles say of all of them together, since the sides alternate."""
    lower = motion.xy["left_ankle"][:, 1] - motion.xy["right_ankle"][:, 1]
    front = course.view is View.FRONTAL
    # In steps from the low: while the new leg stands, or (from behind) while it was still in the air.
    begin, end = (0.0, 0.4) if front else (-0.55, -0.2)
    told = []
    for low in lows:
        window = lower[max(0, low + int(begin * step * RATE)) : max(0, low + int(end * step * RATE))]
        here = float(np.nanmean(window)) if np.isfinite(window).any() else 0.0
        told.append(here if front else -here)
    gaps = np.diff(lows) / RATE / step
    parity = np.concatenate([[0], np.cumsum(np.maximum(np.round(gaps), 1))]) % 2
    turn = 1.0 if float(np.sum(np.array(told) * np.where(parity == 0, 1, -1))) > 0 else -1.0
    return [Side.LEFT if turn * (1 if it == 0 else -1) > 0 else Side.RIGHT for it in parity]


def _top(grid: np.ndarray, values: np.ndarray, peak: int) -> float:
    """Return when the parabola through a peak and its neighbours is highest."""
    if not 0 < peak < len(values) - 1:
        return float(grid[peak])
    before, here, after = values[peak - 1 : peak + 2]
    bend = before - 2 * here + after
    return float(grid[peak] + (0.5 * (before - after) / bend if bend else 0.0) / RATE)
