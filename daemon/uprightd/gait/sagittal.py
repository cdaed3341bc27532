"""Foot strikes and toe-offs of a walker seen from the side, by two methods that share nothing but the feet.

Zeni, Richards and Higginson (2008): a strike is where the heel is furthest in front of the pelvis, a toe-off where
the toe is furthest behind it. At that instant the foot moves exactly as fast as the body: a strike is still about to
rest on the floor, a toe-off has already left it. So the method is early at strikes and late at toe-offs, whoever walks
(17-19 ms and 36 ms on exact coordinates). The floor is met, and left, while the foot's speed goes between the body's
and zero. Methods by foot speed take 0.5 m/s for both (Ghoussayni et al. 2004), 0.4 of a usual walking speed; the middle
of such an edge is also what smoothing moves least. How long the foot takes from the body's speed to 0.4 of it is
measured on each walk, and the median added to all strikes (taken from all toe-offs), of both feet alike, so that no
asymmetry comes from it.

O'Connor et al. (2007), foot velocity algorithm: a strike is where the foot's centre (heel and toe) falls fastest after
mid-swing, a toe-off where it rises fastest before it. Mid-swing is where the foot moves forward fastest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d
from scipy.signal import find_peaks

from uprightd.gait.course import Course
from uprightd.gait.model import EventKind, Side
from uprightd.gait.motion import Motion
from uprightd.gait.signals import RATE, crossing, slope

PROMINENCE = 0.15
"""Leg lengths by which the foot must come out in front, or stay behind: about 12 cm."""
AT_THE_EDGE = 0.03
"""The same towards an end of what is seen, where the rest of the swing is cut off."""
EDGE = 0.35
"""Seconds from an end of what is seen in which that is enough."""
NEXT_STRIKE = 0.6
"""Strides between two strikes of one foot at the least."""
PARTS = {EventKind.STRIKE: ("heel", "ankle", "big_toe"), EventKind.OFF: ("big_toe", "small_toe")}
"""What stands for heel and toe. Before a strike the foot moves as one, and its mean is steadier than the heel."""
FLOOR_SPEED = 0.4
"""Of the body's speed: where the floor is met and left. Ghoussayni et al. 2004 take 0.5 m/s; others 0.5 to 0.8 of the
walking speed (Bonci et al. 2022, PMC9201978, table 1), which is nearer to Zeni's own instant."""
SEARCHED = 0.4
"""Strides before and after mid-swing in which O'Connor's peaks are looked for."""
LEAST_RISE = 0.2
"""Leg lengths a second at which a foot must rise and fall at the least to be said to."""
LOW = 0.35
"""Share of its lift up to which a heel is near enough to the floor for a strike (O'Connor et al. 2007)."""
LONGEST_SHIFT = 0.08
"""Seconds which the foot takes at most from the body's speed to that."""
RESTING = 0.3
"""Seconds after a strike, and before a toe-off, over which the body's speed is read off the resting foot."""
CLEAR = 0.5
"""How clearly an event stands out that counts for how long that takes."""


class Candidate(NamedTuple):
    """An event that one method found: t in seconds; clear: how far it stands out, 0-1."""

    t: float
    side: Side
    kind: EventKind
    clear: float


def zeni(motion: Motion, course: Course, stride: float) -> list[Candidate]:
    """Given a motion seen from the side, its course and the stride in seconds, return the events by time."""
    found: list[Candidate] = []
    window = _window(motion, course)
    body = course.direction * motion.middle("hip")[:, 0]
    for kind, way in ((EventKind.STRIKE, 1), (EventKind.OFF, -1)):
        tops: list[tuple[float, Side, float]] = []
        shifts: list[float] = []
        for side in Side:
            ahead = way * (course.direction * _foot(motion, side, PARTS[kind])[:, 0] - body)
            speed = slope(ahead)
            for peak, clear in _peaks(ahead, window, motion.leg, stride):
                top = crossing(motion.grid, speed, max(peak - 2, 0), 0.0, 6, 1)
                if top is None:
                    continue
                tops.append((top, side, clear))
                shift = _shift(motion.grid, speed, peak, top, way)
                shifts += [shift] if shift is not None and clear >= CLEAR else []
        usual = float(np.median(shifts)) if shifts else 0.0
        found += [Candidate(top + way * usual, side, kind, clear) for top, side, clear in tops]
    return sorted(found)


def oconnor(motion: Motion, course: Course, stride: float) -> list[Candidate]:
    """Given the same, return the events by the foot's velocity, by time."""
    found: list[Candidate] = []
    window = _window(motion, course)
    for side in Side:
        foot = _foot(motion, side, ("heel", "big_toe"))
        forward, rising = course.direction * slope(foot[:, 0]), -slope(foot[:, 1])
        # Relative to the body a swing is forward on a treadmill too.
        swinging = forward - course.direction * slope(motion.middle("hip")[:, 0])
        known = np.isfinite(swinging) & np.isfinite(rising) & window
        if not known.any():
            continue
        apart = max(1, int(NEXT_STRIKE * stride * RATE))
        swings, _ = find_peaks(np.where(known, swinging, -1e9), distance=apart, height=0.5 * motion.leg)
        reach = int(SEARCHED * stride * RATE)
        low = _low(motion.xy[f"{side}_heel" if f"{side}_heel" in motion.xy else f"{side}_ankle"][:, 1], reach)
        for swing in swings:
            least = LEAST_RISE * motion.leg
            after = _next_peak(np.where(low, -rising, np.nan), known, int(swing), reach, least)
            before = _next_peak(rising, known, int(swing), -reach, least)
            if after is not None:
                found.append(Candidate(float(motion.grid[after]), side, EventKind.STRIKE, 1.0))
            if before is not None:
                found.append(Candidate(float(motion.grid[before]), side, EventKind.OFF, 1.0))
    return sorted(found)


def _foot(motion: Motion, side: Side, parts: tuple[str, ...]) -> np.ndarray:
    """Return the mean of the parts of a foot that a model gives (M, 2), the ankle where it gives none of them."""
    given = [motion.xy[f"{side}_{part}"] for part in parts if f"{side}_{part}" in motion.xy]
    return np.mean(given, axis=0) if given else motion.xy[f"{side}_ankle"]


def _window(motion: Motion, course: Course) -> np.ndarray:
    return (motion.grid >= course.begin) & (motion.grid <= course.end)


def _peaks(ahead: np.ndarray, window: np.ndarray, leg: float, stride: float) -> Iterator[tuple[int, float]]:
    """Given how far the foot is ahead (M,), yield the places where it is furthest, and how clearly."""
    known = np.isfinite(ahead) & window
    places = np.flatnonzero(known)
    if places.size < 3:
        return
    filled = np.where(known, ahead, np.nan)
    inside = filled[places[0] : places[-1] + 1]
    every = np.arange(len(inside))
    have = np.isfinite(inside)
    solid = np.interp(every, every[have], inside[have])
    tops, _ = find_peaks(solid, distance=max(1, int(NEXT_STRIKE * stride * RATE)))
    for top in tops:
        if not have[top]:
            continue
        clear = _clearness(solid, int(top), leg, int(0.5 * stride * RATE))
        if clear > 0:
            yield int(places[0] + top), clear


def _clearness(values: np.ndarray, top: int, leg: float, reach: int) -> float:
    """Return how clearly a peak stands out on both its sides, 0-1; 0 when it does not."""
    worth = 1.0
    for side in (values[max(0, top - reach) : top + 1], values[top : top + reach + 1]):
        drop = float(values[top] - side.min()) / leg
        cut_off = len(side) - 1 < EDGE * RATE and len(side) - 1 < reach
        if drop < (AT_THE_EDGE if cut_off else PROMINENCE):
            return 0.0
        worth = min(worth, drop / (2 * PROMINENCE))
    return min(1.0, worth)


def _shift(grid: np.ndarray, speed: np.ndarray, peak: int, top: float, way: int) -> float | None:
    """Return the seconds between Zeni's instant and FLOOR_SPEED: after a strike (+1), before a toe-off (-1).

    speed: of the foot against the body, positive while it gets further. None where the floor is not seen.
    """
    reach = int(RESTING * RATE)
    resting = speed[peak : peak + reach] if way > 0 else speed[max(0, peak - reach) : peak + 1]
    known = resting[np.isfinite(resting)]
    if not known.size:
        return None
    # While the foot rests, the body passes over it at its own speed.
    body = abs(float(np.median(known)))
    level = -(1 - FLOOR_SPEED) * body
    reached = crossing(grid, way * speed, peak, level, int(LONGEST_SHIFT * RATE) + 4, way)
    return None if reached is None else min(abs(reached - top), LONGEST_SHIFT)


def _low(down: np.ndarray, reach: int) -> np.ndarray:
    """Given a heel's place in the picture (M,), downwards, return where it is in the lowest 35 % of its lift nearby."""
    known = np.isfinite(down)
    floor = maximum_filter1d(np.where(known, down, -np.inf), 4 * reach + 1)
    top = minimum_filter1d(np.where(known, down, np.inf), 4 * reach + 1)
    with np.errstate(invalid="ignore"):
        return known & (floor - down <= LOW * (floor - top))


def _next_peak(values: np.ndarray, known: np.ndarray, start: int, reach: int, least: float) -> int | None:
    """Return the first peak of a third of the highest within reach of a start (before it where negative); None when
    the highest is under the least that counts."""
    places = np.arange(start, start + reach, 1 if reach > 0 else -1)
    places = places[(places >= 1) & (places < len(values) - 1)]
    broken = np.flatnonzero(~known[places])
    near = values[places[: broken[0]] if broken.size else places]
    filled = np.where(np.isfinite(near), near, -1e9)
    if len(near) < 3 or filled.max() < least:
        return None
    tops, _ = find_peaks(filled, height=filled.max() / 3)
    return int(places[tops[0]]) if tops.size else None
