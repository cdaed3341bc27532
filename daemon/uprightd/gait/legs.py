"""Which leg is which: where a model exchanges the legs for some frames, they are put back, over the whole track.

Seen from the side a pose model takes the near leg for the far one, mostly when the feet are furthest apart, for one
frame or for a dozen, from knee to toe as a whole; its scores and depths say nothing of it. What tells is motion.
The sum of the two legs does not know which is which; their difference D = left - right changes sign with an exchange.
A walker's D moves smoothly and passes through zero at each crossing of the legs with its full speed. So the signs are
chosen, all at once, that make D(t) the smoothest (Viterbi over pairs of frames, frames that fit neither way left
out), with a small preference for the model's own naming, which decides which side is which in the end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

CHAIN = ("knee", "ankle", "heel", "big_toe", "small_toe")
"""What is exchanged together. The hips are not: models keep them right, they hardly move apart."""
CUES = ("knee", "ankle", "heel", "big_toe")
NOISE = 0.05
"""Leg lengths by which a good frame's D scatters, one standard deviation."""
ACCELERATION = 22.0
"""Leg lengths per second squared, one standard deviation of how D's speed changes: what a slow frame rate adds."""
STEP = 0.4
"""Leg lengths D may move between the first two frames, where no speed is known yet."""
SKIPPED = 25.0
"""Cost of leaving a frame out: a miss by two and a half standard deviations in each of the points."""
WORST = 150.0
"""Cost of a jump, however wide: one lost frame must not outvote the rest of the walk."""
RENAMED = 1.0
"""Cost of naming the legs otherwise than the model does, when they are a leg's length apart."""
RENAMED_SQUARE = 12.0
"""The same from the front and from behind, where the legs stand beside each other and models know them."""
NAMED_RATE = 30.0
"""Frames a second that are enough to name the legs; of a faster video every second or fourth is looked at."""
FITS = 0.15
"""Leg lengths from where its neighbours lead, up to which a frame that was left out is a good one after all."""
MOST_SKIPPED = 3
"""Frames in a row that may be left out; after more the walk is taken up anew."""
_SIGNS = np.array([1.0, -1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Naming:
    """swapped: (N,) bool, the model's left leg is the right one. doubtful: (N,) bool, the legs fit neither way."""

    swapped: np.ndarray
    doubtful: np.ndarray


def name_legs(
    times: np.ndarray, points: Mapping[str, np.ndarray], leg: float, square: bool = False
) -> Naming:
    """Given times (N,), points by name (N, >= 2) in pixels and the leg's length in pixels, return the naming.

    square: the walker is seen from the front or from behind.
    """
    apart = difference(points) / leg
    swapped, doubtful = np.zeros(len(times), bool), np.zeros(len(times), bool)
    known = np.flatnonzero(np.isfinite(apart).all(axis=1))
    if len(known) < 2:
        return Naming(swapped, doubtful)
    interval = float(np.median(np.diff(times[known])))
    longest = (MOST_SKIPPED + 1.5) * max(interval, 1 / NAMED_RATE)
    for stretch in np.split(known, np.flatnonzero(np.diff(times[known]) > longest) + 1):
        namer, signs = LegNamer(square), np.zeros(len(stretch))
        every = slice(None, None, max(1, round(1 / (NAMED_RATE * interval))))
        for place in stretch[every]:
            namer.see(float(times[place]), apart[place])
        signs[every] = namer.signs()
        expected = _expected(times[stretch], apart[stretch], signs)
        nearer = np.where((apart[stretch] * expected).sum(axis=1) < 0, -1.0, 1.0)
        off = np.abs(apart[stretch] * nearer[:, None] - expected).max(axis=1)
        swapped[stretch] = np.where(signs == 0, nearer, signs) < 0
        doubtful[stretch] = (signs == 0) & (off > FITS)
    return Naming(swapped, doubtful)


def exchanged(points: Mapping[str, np.ndarray], swapped: np.ndarray) -> dict[str, np.ndarray]:
    """Given points by name and the frames whose legs are exchanged, return them with the legs put back."""
    mended = dict(points)
    for part in CHAIN:
        left, right = f"left_{part}", f"right_{part}"
        if left in points and right in points:
            mended[left] = np.where(swapped[:, None], points[right], points[left])
            mended[right] = np.where(swapped[:, None], points[left], points[right])
    return mended


def difference(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """Given points by name (N, >= 2), return left minus right of the leg's points, (N, 2K) pixels."""
    pairs = [(f"left_{part}", f"right_{part}") for part in CUES]
    return np.hstack([points[a][:, :2] - points[b][:, :2] for a, b in pairs if a in points and b in points])


@dataclass(slots=True)
class LegNamer:
    """The cheapest naming of all frames so far, one frame after another: a live walk is named as a recorded one.

    A state is a frame, how many were left out before it (g), its sign (s) and the sign of the frame before (p). From
    the state (g', p, q) of the frame before it costs what D is off from where its speed would have taken it.
    """

    square: bool = False
    _times: list[float] = field(default_factory=list)
    _apart: list[np.ndarray] = field(default_factory=list)
    _costs: list[np.ndarray] = field(default_factory=list)
    """Of each frame (g, s, p)."""
    _origins: list[np.ndarray] = field(default_factory=list)
    """Of each frame (g, s, p) -> (g', q); g' = -1 where the frame before was the first."""
    _names: list[np.ndarray] = field(default_factory=list)
    """Of each frame what its two namings cost in themselves."""
    _begins: bool = True
    """Whether the first frames held are those the walk began with."""

    def see(self, time: float, apart: np.ndarray) -> None:
        """Given the next frame's time in seconds and its D (2K,) in leg lengths, take it in."""
        spread = float(np.linalg.norm(apart) / np.sqrt(len(apart) / 2))
        renamed = RENAMED_SQUARE if self.square else RENAMED * min(spread, 1.0)
        name = np.array([0.0, renamed])
        here, gaps = len(self._times), MOST_SKIPPED + 1
        self._times.append(time)
        self._apart.append(apart)
        self._names.append(name)
        cost, origin = np.full((gaps, 2, 2), np.inf), np.full((gaps, 2, 2, 2), -1, np.int8)
        for gap in range(min(gaps, here)):
            best, origin[gap] = self._reached(here, here - 1 - gap)
            cost[gap] = best + SKIPPED * gap + name[:, None]
        self._costs.append(cost)
        self._origins.append(origin)

    def _reached(self, here: int, before: int) -> tuple[np.ndarray, np.ndarray]:
        """Given a frame and the one before it on the way, return the least costs (s, p) and where they come from."""
        now, then = self._apart[here], self._apart[before]
        origin = np.full((2, 2, 2), -1, np.int8)
        first = self._begins and before <= MOST_SKIPPED
        begun = SKIPPED * before + self._names[before] if first else np.full(2, np.inf)
        moved = _SIGNS[:, None, None] * now - _SIGNS[None, :, None] * then
        best = begun[None, :] + np.minimum((moved**2).sum(-1) / STEP**2, WORST)
        earlier = [gap for gap in range(MOST_SKIPPED + 1) if before - 1 - gap >= 0]
        if not earlier:
            return best, origin
        firsts = [before - 1 - gap for gap in earlier]
        step = self._times[here] - self._times[before]
        shares = np.array([step / (self._times[before] - self._times[first]) for first in firsts])
        bends = ACCELERATION * step * (step + step / shares) / 2
        noises = NOISE**2 * (1 + (1 + shares) ** 2 + shares**2) / 6 + bends**2
        # D as its speed takes it here: (gap', p, q, 2K), and what it is off with either sign: (s, gap', p, q).
        ahead = (
            _SIGNS[None, :, None, None] * then * (1 + shares)[:, None, None, None]
            - _SIGNS[None, None, :, None]
            * np.array([self._apart[first] for first in firsts])[:, None, None]
            * shares[:, None, None, None]
        )
        off = _SIGNS[:, None, None, None, None] * now - ahead[None]
        jump = np.minimum((off**2).sum(-1) / noises[None, :, None, None], WORST)
        reached = (self._costs[before][: len(earlier)][None] + jump).transpose(0, 2, 1, 3).reshape(2, 2, -1)
        which = reached.argmin(axis=2)
        least = np.take_along_axis(reached, which[..., None], 2)[..., 0]
        better = least < best
        origin[better, 0], origin[better, 1] = which[better] // 2, which[better] % 2
        return np.where(better, least, best), origin

    @property
    def times(self) -> tuple[float, ...]:
        """Seconds of the frames held, those that `signs` is about."""
        return tuple(self._times)

    def signs(self) -> np.ndarray:
        """Return for each frame so far +1 as the model named the legs, -1 exchanged, 0 left out: the cheapest way."""
        count = len(self._times)
        signs = np.zeros(count)
        if count < 2:
            return signs + 1
        late = range(min(MOST_SKIPPED + 1, count - 1))
        here = count - 1 - min(late, key=lambda it: self._costs[count - 1 - it].min() + SKIPPED * it)
        gap, sign, before = (
            int(it) for it in np.unravel_index(self._costs[here].argmin(), (MOST_SKIPPED + 1, 2, 2))
        )
        while True:
            signs[here] = _SIGNS[sign]
            earlier, further = (int(it) for it in self._origins[here][gap, sign, before])
            here -= 1 + gap
            if here < 0:
                return signs
            if earlier < 0:
                signs[here] = _SIGNS[before]
                return signs
            gap, sign, before = earlier, before, further

    def forget(self, before: float) -> None:
        """Given a time in seconds, let go of the frames before it: what they cost stays in those after them."""
        count = bisect_left(self._times, before)
        if 0 < count <= len(self._times) - 2 * (MOST_SKIPPED + 1):
            for held in (self._times, self._apart, self._costs, self._origins, self._names):
                del held[:count]
            self._begins = False


def _expected(times: np.ndarray, apart: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Given D (N, C) and its signs, 0 where none is known, return the D that those about each frame lead to."""
    good = np.flatnonzero(signs)
    told = apart[good] * signs[good, None]
    return np.column_stack([np.interp(times, times[good], column) for column in told.T])
