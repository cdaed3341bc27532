"""A walk while it happens: frame after frame in, steps and their rhythm out. The same methods as for a recording, over
the last seconds; a step is announced once it has settled, about half a second after the foot met the floor."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

import numpy as np

from uprightd.domain import Keypoint, View
from uprightd.gait.angles import head_x, lean_sign, stride_asymmetry, trunk_lean
from uprightd.gait.course import Course, read_course
from uprightd.gait.frontal import trunk_falls
from uprightd.gait.legs import MOST_SKIPPED, LegNamer, Naming, difference
from uprightd.gait.model import Event, Side, Track
from uprightd.gait.motion import LEAST_SCORE, Motion, complete, read_motion
from uprightd.gait.order import judge, strikes_of
from uprightd.gait.rhythm import read_rhythm
from uprightd.gait.sagittal import zeni

WINDOW = 5.0
"""Seconds that are looked at: four or five strides."""
REFRESH = 0.25
"""Seconds between two looks for steps; everything else is of each frame."""
SETTLED = 0.3
"""Seconds after which a strike no longer moves when more of the walk is seen."""
SLOWEST = 9.0
"""Frames a second under which no step can be timed."""
RECENT = 10.0
"""Seconds whose steps make cadence and asymmetry."""
FEWEST = 4
"""Steps from which there are a cadence and an asymmetry."""
SWAY = 3.0
"""Seconds over which the trunk's sway is read."""
NEEDED = ("left_hip", "right_hip", "left_shoulder", "right_shoulder", "left_ankle", "right_ankle")
USED = (
    *("nose", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    *(f"{side}_{part}" for part in ("knee", "ankle", "heel", "big_toe") for side in ("left", "right")),
)


class Quality(StrEnum):
    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class LiveReadout:
    """What is known at a moment t (seconds from the first frame). None where it is not known.

    steps: how many were announced. fresh: those announced now, by time. cadence: steps/min of the last ten seconds.
    asymmetry: right minus left step time, seconds. trunk_lean: degrees, forwards from the side, to the subject's right
    from the front and from behind. sway: standard deviation of the lean over three seconds, degrees. head_x and
    stride_asymmetry as in `angles`. rate: frames a second. why: what is the matter, in words; empty when all is well.
    """

    t: float
    steps: int
    fresh: tuple[Event, ...]
    cadence: float | None
    asymmetry: float | None
    trunk_lean: float | None
    sway: float | None
    head_x: float | None
    stride_asymmetry: float | None
    quality: Quality
    why: str
    rate: float
    view: View

    @property
    def last_side(self) -> Side | None:
        """The side of the step announced now; None when there is none."""
        return self.fresh[-1].side if self.fresh else None


@dataclass(slots=True)
class LiveGait:
    """One walker before a camera. `size`: width and height of the picture in pixels."""

    size: tuple[int, int]
    _times: deque[float] = field(default_factory=deque)
    _frames: deque[Mapping[str, Keypoint]] = field(default_factory=deque)
    _namer: LegNamer = field(default_factory=LegNamer)
    _cues: int = 0
    """How many numbers tell the legs apart: fewer where a model gives no feet."""
    _leg: float = np.nan
    _course: Course | None = None
    _strikes: list[Event] = field(default_factory=list)
    """Of the last seconds, as they are read now."""
    _announced: list[Event] = field(default_factory=list)
    _steps: int = 0
    _looked: float = -np.inf
    _wild: float = 0.0
    """Share of the frames in sight in which a point was thrown out."""

    def see(self, t: float, keypoints: Mapping[str, Keypoint] | None) -> LiveReadout:
        """Given a frame's time in seconds (from the first frame, increasing) and its keypoints in pixels (None or empty
        without a person), return what is known now. Raise ValueError when time does not increase."""
        if self._times and t <= self._times[-1]:
            raise ValueError(f"expected a time after {self._times[-1]:g} s, got {t:g}")
        self._take(t, keypoints or {})
        fresh: tuple[Event, ...] = ()
        if t - self._looked >= REFRESH and t - self._times[0] >= 1.0:
            self._looked = t
            fresh = self._look(t)
        return self._readout(t, fresh)

    def _take(self, t: float, keypoints: Mapping[str, Keypoint]) -> None:
        seen = {name: keypoints[name] for name in USED if name in keypoints}
        self._times.append(t)
        self._frames.append(seen)
        while t - self._times[0] > WINDOW:
            self._times.popleft()
            self._frames.popleft()
        if not set(NEEDED) <= seen.keys():
            return
        points = {name: np.array([point]) for name, point in seen.items()}
        leg = np.hypot(*(points["left_hip"] - points["left_ankle"])[0, :2])
        # The length of a leg in the picture changes slowly with the distance; a bent knee must not count.
        self._leg = leg if not np.isfinite(self._leg) else max(leg, 0.98 * self._leg)
        named = self._namer.times
        if named and t - named[-1] > (MOST_SKIPPED + 1.5) / max(self._rate(), 1.0):
            self._namer = LegNamer(self._namer.square)
        apart = difference(points)[0] / max(self._leg, 1.0)
        if len(apart) > self._cues:
            self._namer = LegNamer(self._namer.square)
        if len(apart) >= self._cues:  # a frame without a foot tells less than those before it
            self._namer.see(t, apart)
            self._cues = len(apart)
        self._namer.forget(t - WINDOW)

    def _look(self, now: float) -> tuple[Event, ...]:
        """Read the last seconds anew; return the steps that have settled since."""
        track = self._track()
        if self._rate() < SLOWEST:
            self._course = read_course(track) if track.detected.sum() > 3 else None
            return ()
        if track.detected.sum() * 1.0 < self._rate():
            self._course = None
            return ()
        self._course = read_course(track)
        if self._course is None:
            return ()
        square = self._course.view in (View.FRONTAL, View.REAR)
        if square is not self._namer.square:
            self._namer = LegNamer(square)
        motion = read_motion(complete(track), square, self._naming(track))
        self._wild = float(motion.outliers.mean())
        current = self._read(motion, self._course)
        begin = track.times[0] + 0.2
        kept = [it for it in self._strikes if it.t < begin]
        self._strikes = [it for it in kept if now - it.t <= RECENT] + [it for it in current if it.t >= begin]
        return self._announce(current, now)

    def _read(self, motion: Motion, course: Course) -> list[Event]:
        rhythm = read_rhythm(motion, course.begin, course.end)
        if not (course.travels or rhythm.alternates):
            return []
        if course.direction == 0:
            found = trunk_falls(motion, course, rhythm.stride) if course.travels else []
        else:
            found = zeni(motion, course, rhythm.stride or 1.1)
        judged = judge(found, (), motion, rhythm.stride, ("", ""))
        return strikes_of(judged.events)

    def _announce(self, current: list[Event], now: float) -> tuple[Event, ...]:
        last = self._announced[-1].t if self._announced else -np.inf
        before = {
            side: max((it.t for it in self._announced if it.side is side), default=-np.inf) for side in Side
        }
        fresh = [
            it
            for it in current
            if it.t <= now - SETTLED and it.t > last + 0.15 and it.t > before[it.side] + 0.3
        ]
        self._announced = (self._announced + fresh)[-8:]
        self._steps += len(fresh)
        return tuple(fresh)

    def _naming(self, track: Track) -> Naming:
        """Return what the namer says of the frames of a track."""
        swapped, doubtful = np.zeros(track.count, bool), np.zeros(track.count, bool)
        place_of = {time: place for place, time in enumerate(track.times)}
        for time, sign in zip(self._namer.times, self._namer.signs(), strict=True):
            if time in place_of:
                swapped[place_of[time]], doubtful[place_of[time]] = sign < 0, sign == 0
        return Naming(swapped, doubtful)

    def _track(self) -> Track:
        nothing = (np.nan, np.nan, np.nan)
        points = {name: np.array([frame.get(name, nothing) for frame in self._frames]) for name in USED}
        given = {name: array for name, array in points.items() if np.isfinite(array).any() or name in NEEDED}
        return Track(np.array(self._times), given, self.size, "live")

    def _rate(self) -> float:
        recent = [it for it in self._times if self._times[-1] - it <= 2.0]
        return (len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0

    def _readout(self, t: float, fresh: tuple[Event, ...]) -> LiveReadout:
        cadence, asymmetry = self._rhythm(t)
        quality, why = self._quality()
        here = self._here()
        lean = _number(trunk_lean(here, lean_sign(self._course))) if here and self._course else None
        return LiveReadout(
            t,
            self._steps,
            fresh,
            cadence,
            asymmetry,
            lean,
            self._sway(t),
            _number(head_x(here, self.size[0])) if "nose" in here else None,
            _number(stride_asymmetry(here, self.size[1])) if here else None,
            quality,
            why,
            self._rate(),
            self._course.view if self._course else View.UNKNOWN,
        )

    def _here(self) -> dict[str, np.ndarray]:
        """Return the present frame's points when the body is in it, else nothing."""
        sure = {
            name: np.array([point]) for name, point in self._frames[-1].items() if point.score >= LEAST_SCORE
        }
        return sure if set(NEEDED) <= sure.keys() else {}

    def _rhythm(self, now: float) -> tuple[float | None, float | None]:
        """Return cadence and asymmetry of the last seconds."""
        strikes = [it for it in self._strikes if now - it.t <= RECENT and it.t <= now - SETTLED]
        times: dict[Side, list[float]] = {side: [] for side in Side}
        for before, strike in pairwise(strikes):
            if before.side is not strike.side and 0.2 <= strike.t - before.t <= 1.5:
                times[strike.side].append(strike.t - before.t)
        every = [it for side in Side for it in times[side]]
        if len(every) < FEWEST - 1:
            return None, None
        both = all(len(it) >= 2 for it in times.values())
        asymmetry = float(np.mean(times[Side.RIGHT]) - np.mean(times[Side.LEFT])) if both else None
        return 60 / float(np.mean(every)), asymmetry

    def _sway(self, now: float) -> float | None:
        if self._course is None:
            return None
        frames = [f for t, f in zip(self._times, self._frames, strict=True) if now - t <= SWAY]
        whole = [f for f in frames if set(NEEDED) <= f.keys()]
        if len(whole) < 4:
            return None
        places = {name: np.array([f[name] for f in whole]) for name in NEEDED}
        return float(np.std(trunk_lean(places, lean_sign(self._course))))

    def _quality(self) -> tuple[Quality, str]:
        """Return how much the numbers are worth now, and what is the matter."""
        recent = [
            set(NEEDED) <= frame.keys() for frame in list(self._frames)[-max(3, int(2 * self._rate())) :]
        ]
        seen = sum(recent) / len(recent)
        rate = self._rate()
        if seen < 0.5:
            return Quality.POOR, "nobody is seen whole, from shoulders to feet"
        if 0 < rate < SLOWEST:
            return Quality.POOR, f"{rate:.0f} frames a second: too few to time steps"
        if self._course is None:
            return Quality.FAIR, "not seen long enough yet"
        if self._wild > 0.3:
            return Quality.POOR, "the legs are not told apart"
        if seen < 0.9:
            return Quality.FAIR, "the body is not seen all the time"
        if rate < 20:
            return Quality.FAIR, f"{rate:.0f} frames a second: times are less sure"
        if self._course.view is View.OBLIQUE:
            return Quality.FAIR, "seen at an angle"
        if self._wild > 0.15:
            return Quality.FAIR, "the legs are hard to tell apart"
        return Quality.GOOD, ""


def _number(values: np.ndarray) -> float | None:
    return float(values[0]) if np.isfinite(values[0]) else None
