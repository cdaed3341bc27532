"""Collecting a baseline: still seconds of one upright person, and in words what stands in the way of the next one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from uprightd.calibration.baseline import Baseline, averaged
from uprightd.domain import Keypoint, Pose, View
from uprightd.metrics.geometry import Point, midpoint
from uprightd.metrics.model import FACING, SHOULDERS
from uprightd.metrics.reading import CORE, Sight, Terms, sight_of
from uprightd.metrics.views import NECK_PER_SHOULDER_WIDTH, bearing_of, estimate_view

WANTED = 5.0
"""Seconds of one pose held still that make a baseline."""
SHORT = 0.8
"""Seconds that a file has to give, which cannot be asked for more: a second, less what a tracker takes to settle."""
AT_THE_START = 1.0
"""Seconds into a file until which a stretch shorter than asked for may begin. A later one, after a pose that did not
last, is as likely to be the crooked one that followed."""
FEWEST = 5
"""Looks under which nothing can be said of how still they were."""
NEEDED = ("nose", *SHOULDERS)
"""Points that must be seen, and whose movement is watched."""
WHOLE = (*NEEDED, "left_eye", "right_eye")
"""Points that must lie inside the frame; a model puts them where they would be outside of it."""
MARGIN = 0.01
"""Share of the frame's width and height by which they must lie inside it."""
STRAYED = 0.05
"""Distance of a needed point from where it lay first, in shoulder widths, from which somebody has moved.

mediapipe's own jitter reaches 0.03 while somebody sits upright on the clips (0.04 bent over; its median is 0.01). A
bending neck passes it at 11–17°, 0.4–0.5 s after it has begun."""
FIRST_SECOND = 1.0
"""Seconds of a stretch whose median tells where the points lie; all of it would follow somebody who sinks slowly."""
UNNOTICED = 0.3
"""Seconds before a movement was noticed in which it may have begun: they do not count."""
DOUBTS = 2
"""Looks in a row that end a stretch; a lone one is left out (a blink of the model)."""
LONGEST_STEP = 1.0
"""Seconds for which one look stands at most, however long the next one takes to come."""
ROUNDING = 1e-6


class Fault(StrEnum):
    """Why a look does not count."""

    NOBODY = "nobody in view"
    SEVERAL = "several people in view"
    CUT_OFF = "head or shoulders cut off"
    DARK = "darkness"
    UNSURE = "an unsure model"
    BEHIND = "a view from behind"
    TURNING = "an unclear or changing view"
    MOVING = "movement"

    @property
    def advice(self) -> str:
        """What the person can do about it."""
        return _ADVICE[self]


_ADVICE = {
    Fault.NOBODY: "Nobody is in view: sit where the camera sees head and shoulders.",
    Fault.SEVERAL: "Two people are in view: only the one to be calibrated may be.",
    Fault.CUT_OFF: "Move back or tilt the camera: your head or shoulders are cut off.",
    Fault.DARK: "More light, please: the picture is dark.",
    Fault.UNSURE: "More light, please: the model is unsure.",
    Fault.BEHIND: "The camera sees you from behind: place it in front of you or beside you.",
    Fault.TURNING: "The view keeps changing: do not turn, and face the camera or stand sideways to it.",
    Fault.MOVING: "Hold still.",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """Good seconds so far, of how many, and what is wrong now; None when nothing is."""

    seconds: float
    wanted: float
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class _Look:
    """One look that shows somebody well. `step`: seconds it stands for. `backend`: whose points these are."""

    mono: float
    step: float
    sight: Sight
    view: View
    size: tuple[int, int]
    backend: str


class Collector:
    """Takes looks until enough of them in a row show one person, well seen and still.

    A movement begins the stretch anew, and so does any other fault that lasts. What leads up to a movement does not
    count. With `least` under `wanted` a shorter stretch at the start of a file will do.
    """

    def __init__(self, terms: Terms, wanted: float = WANTED, least: float | None = None) -> None:
        """`wanted` and `least` are in seconds."""
        self.wanted = wanted
        self.hindrances: defaultdict[Fault, float] = defaultdict(float)
        """For how many seconds each fault stood in the way."""
        self.looks = 0
        self.longest = 0.0
        """Seconds of the longest stretch so far."""
        self._terms = terms
        self._least = wanted if least is None else min(least, wanted)
        self._first: float | None = None
        self._last: float | None = None
        self._stretch: list[_Look] = []
        self._doubts: list[tuple[float, _Look | None]] = []
        self._chosen: list[_Look] = []

    @property
    def done(self) -> bool:
        return bool(self._chosen)

    def see(self, pose: Pose | None, size: tuple[int, int], mono: float) -> Progress:
        """Given the pose in a frame (None: nobody) of (width, height) and its moment in seconds, return how far the
        collection is."""
        if self.done:
            return self._progress(None)
        if pose is None:
            return self.miss(Fault.NOBODY, mono)
        sight = sight_of(pose, size, self._terms.min_score)
        fault = _fault(pose, sight, size, self._terms)
        if fault is not None:
            return self.miss(fault, mono)
        bearing = bearing_of(sight.points, size[0], self._terms.optics.focal(size[0]))
        view = estimate_view(sight.points, sight.world, bearing)
        if view in (View.REAR, View.UNKNOWN):
            return self.miss(Fault.BEHIND if view is View.REAR else Fault.TURNING, mono)
        look = _Look(mono, self._step(mono), sight, view, size, pose.backend)
        fault = self._odd(look)
        if fault is not None:
            self._leave_out(fault, mono, look.step, look)
            return self._progress(fault)
        self._doubts.clear()
        self._stretch.append(look)
        sure = self._sure(mono)
        self.longest = max(self.longest, _seconds(sure))
        if _seconds(sure) >= self.wanted - ROUNDING and len(sure) >= FEWEST:
            self._chosen = sure
        return self._progress(None)

    def miss(self, fault: Fault, mono: float) -> Progress:
        """Given why a picture shows nothing that could count, and its moment, return how far the collection is."""
        self._leave_out(fault, mono, self._step(mono), None)
        return self._progress(fault)

    def end(self) -> None:
        """The file is over: what there is may do."""
        self._settle_for(self._stretch)

    def baseline(self) -> Baseline:
        """Return the mean pose of the stretch that was chosen. Only when `done`."""
        looks = self._chosen
        view = Counter(look.view for look in looks).most_common(1)[0][0]
        seconds = round(min(_seconds(looks), self.wanted), 3)
        return averaged([look.sight for look in looks], view, looks[0].size, looks[0].backend, seconds)

    def _step(self, mono: float) -> float:
        """Note that a look was taken; return the seconds it stands for: those since the last one."""
        step = 0.0 if self._last is None else min(max(0.0, mono - self._last), LONGEST_STEP)
        self._first = mono if self._first is None else self._first
        self._last = mono
        self.looks += 1
        return step

    def _odd(self, look: _Look) -> Fault | None:
        """Given a look that shows somebody well, return why it does not belong to the present stretch."""
        if not self._stretch:
            return None
        first = self._stretch[0]
        if look.size != first.size or not _alike(look.view, first.view):
            return Fault.TURNING
        start = [it for it in self._stretch if it.mono - first.mono <= FIRST_SECOND]
        return Fault.MOVING if _strayed(look, start) > STRAYED else None

    def _leave_out(self, fault: Fault, mono: float, step: float, look: _Look | None) -> None:
        """Given a look that does not count, or does not belong to the stretch, end that when it is not the only one."""
        self.hindrances[fault] += step
        self._doubts.append((mono, look))
        if len(self._doubts) < DOUBTS or self.done:
            return
        self._settle_for(self._sure(self._doubts[0][0]))
        self._stretch = []
        for _, again in self._doubts:
            if again is not None:
                self._stretch = [*self._stretch, again] if self._odd(again) is None else [again]
        self._doubts.clear()

    def _sure(self, now: float) -> list[_Look]:
        """Return the part of the stretch in which a movement noticed now had not begun."""
        return [look for look in self._stretch if look.mono <= now - UNNOTICED + ROUNDING]

    def _settle_for(self, stretch: Sequence[_Look]) -> None:
        """Given a stretch that will not grow, choose it if it may be that short."""
        self.longest = max(self.longest, _seconds(stretch))
        if not self.done and self._is_enough(stretch):
            self._chosen = list(stretch)

    def _is_enough(self, stretch: Sequence[_Look]) -> bool:
        if len(stretch) < FEWEST or self._first is None or self._least >= self.wanted:
            return False
        early = stretch[0].mono - self._first <= AT_THE_START + ROUNDING
        return early and _seconds(stretch) >= self._least - ROUNDING

    def _progress(self, fault: Fault | None) -> Progress:
        good = self._chosen or self._sure(self._last or 0.0)
        return Progress(min(_seconds(good), self.wanted), self.wanted, fault)


def _seconds(looks: Iterable[_Look]) -> float:
    return sum(look.step for look in looks)


def _alike(view: View, other: View) -> bool:
    """From the front and at an angle a baseline is the same one."""
    return view is other or {view, other} <= FACING


def _fault(pose: Pose, sight: Sight, size: tuple[int, int], terms: Terms) -> Fault | None:
    """Return why a pose cannot be calibrated from, whatever it is doing."""
    if pose.people > 1:
        return Fault.SEVERAL
    if not all(name in pose.keypoints and _inside(pose.keypoints[name], size) for name in WHOLE):
        return Fault.CUT_OFF
    scores = [pose.keypoints[name].score for name in CORE if name in sight.points]
    if not all(name in sight.points for name in NEEDED) or sum(scores) / len(scores) < terms.min_confidence:
        return Fault.UNSURE
    return None


def _inside(point: Keypoint, size: tuple[int, int]) -> bool:
    return all(
        math.isfinite(place) and MARGIN * side <= place <= (1 - MARGIN) * side
        for place, side in zip((point.x, point.y), size, strict=True)
    )


def _strayed(look: _Look, start: Sequence[_Look]) -> float:
    """Return how far a look's needed points lie from the median of the start of a stretch, in shoulder widths.

    Seen from the side, the neck's length tells what the shoulders' width would be.
    """
    places = {name: [it.sight.points[name] for it in start] for name in NEEDED}
    middle = {
        name: Point(median(point.x for point in points), median(point.y for point in points))
        for name, points in places.items()
    }
    nose, left, right = (middle[name] for name in NEEDED)
    neck = math.dist(nose, midpoint(left, right))
    width = max(math.dist(left, right), neck / NECK_PER_SHOULDER_WIDTH, 1.0)
    return max(math.dist(look.sight.points[name], middle[name]) for name in NEEDED) / width
