"""The walk in the video: when somebody walks straight, which way, and from where the camera sees it.

The trunk tells. A pinhole camera shows a body of constant size at a distance Z ~ 1 / size and at X ~ (x - centre) /
size aside, so the path over the floor is known up to the body's size and the camera's focal length, which a usual
angle of view gives. The path's direction is the view: across the picture, towards the camera, away from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from uprightd.domain import View
from uprightd.gait.model import Track
from uprightd.gait.motion import Motion
from uprightd.gait.signals import RATE, at, grid_of, low_pass, slope, smooth
from uprightd.metrics.geometry import Point
from uprightd.metrics.scene import USUAL_OPTICS
from uprightd.metrics.views import bearing_of, estimate_view

ACROSS_UP_TO = 30.0
"""Degrees between the path and the picture's plane up to which the walker is seen from the side: cos 30° = 0.87."""
TOWARDS_FROM = 60.0
"""Degrees from which the walker comes towards the camera or goes away; between lies oblique."""
SLOWEST = 0.4
"""Trunk lengths a second (about 0.2 m/s) under which nobody walks anywhere."""
PAUSE = 0.3
"""Share of the usual speed under which a walk begins and ends, and a turn shows."""
SHORTEST_WAY = 1.5
"""Trunk lengths (about 0.7 m): who gets less far stays where they are."""
LONGEST_BREAK = 1.0
"""Seconds without a person after which it is another walk."""
BRIEF = 0.6
"""Seconds at the ends of what is seen that still belong to a walk."""
SLOW_MOMENT = 1.0
"""Seconds a walker may seem to slow down without ending the walk; distance is read off a noisy size."""
STEADY = 0.7
"""Hz over which a path is read, so that the trunk's sway within a step is not taken for a turn."""
_TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")


@dataclass(frozen=True, slots=True)
class Course:
    """view: from where the walk is seen. direction: -1 to the image's left, +1 right, 0 neither. begin, end: seconds.

    angle: degrees between path and picture plane, 0-90; None on a treadmill. travels: gets anywhere. others: how many
    further stretches of walking there are, which are not read.
    """

    view: View
    direction: int
    begin: float
    end: float
    angle: float | None
    travels: bool
    others: int = 0

    @property
    def from_the_side(self) -> bool:
        return self.view in (View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT)


@dataclass(frozen=True, slots=True)
class _Pass:
    begin: int
    end: int
    aside: float
    """Trunk lengths across, to the image's right."""
    away: float
    """Trunk lengths away from the camera."""

    @property
    def way(self) -> float:
        return math.hypot(self.aside, self.away)


def read_course(track: Track) -> Course | None:
    """Given a track, return the longest straight walk in it; None when the trunk is seen nowhere long enough."""
    grid = grid_of(track.times)
    if not set(_TORSO) <= track.points.keys():
        return None
    aside, away = _path(track, grid)
    stretches = list(_stretches(aside))
    if not stretches:
        return None
    passes = [it for begin, end in stretches for it in _passes(aside, away, begin, end)]
    walked = [it for it in passes if it.way >= SHORTEST_WAY]
    if not walked:
        begin, end = max(stretches, key=lambda it: it[1] - it[0])
        view, direction = _facing(track, grid[begin], grid[end - 1])
        return Course(view, direction, float(grid[begin]), float(grid[end - 1]), None, travels=False)
    best = max(walked, key=lambda it: it.way)
    begin, end = _with_ends(best, stretches)
    angle = math.degrees(math.atan2(abs(best.away), abs(best.aside)))
    direction = 0 if angle >= TOWARDS_FROM else int(math.copysign(1, best.aside))
    return Course(
        _view_of(angle, best),
        direction,
        float(grid[begin]),
        float(grid[end - 1]),
        angle,
        travels=True,
        others=sum(it is not best and it.way >= 0.5 * best.way for it in walked),
    )


def _path(track: Track, grid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the path over the floor, (M,) each: aside to the image's right and away from the camera, trunk lengths."""
    places = {
        name: np.column_stack([smooth(track.times, track.points[name][:, axis], grid) for axis in (0, 1)])
        for name in _TORSO
    }
    shoulders = (places["left_shoulder"] + places["right_shoulder"]) / 2
    hips = (places["left_hip"] + places["right_hip"]) / 2
    size = _steady(np.hypot(*(shoulders - hips).T))
    focal = USUAL_OPTICS.focal(track.size[0])
    across = (shoulders[:, 0] + hips[:, 0]) / 2 - track.size[0] / 2
    return _steady(across / size), focal / size


def _steady(values: np.ndarray) -> np.ndarray:
    """Return values without what changes within a step, gaps filled straight; NaN before the first and after the
    last, and where nothing is known for longer than a break."""
    known = np.flatnonzero(np.isfinite(values))
    steady = np.full(len(values), np.nan)
    for run in np.split(known, np.flatnonzero(np.diff(known) > LONGEST_BREAK * RATE) + 1):
        if len(run) > 3:
            every = np.arange(run[0], run[-1] + 1)
            steady[every] = low_pass(np.interp(every, run, values[run]), RATE, STEADY)
    return steady


def _stretches(values: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield begin and end (exclusive) of where values are known for a second at least."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(known[1:] != known[:-1])
    yield from ((int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= RATE)


def _passes(aside: np.ndarray, away: np.ndarray, begin: int, end: int) -> Iterator[_Pass]:
    """Yield the straight walks of a stretch: cut where the path along its main direction slows down or turns back."""
    here = slice(begin, end)
    speeds = np.column_stack([slope(aside[here]), slope(away[here])])
    # Distance is read off the body's size and so less surely than the place: it needs more to be the main direction.
    main = 0 if np.abs(speeds[:, 0]).sum() >= 0.7 * np.abs(speeds[:, 1]).sum() else 1
    along = speeds[:, main]
    usual = float(np.percentile(np.abs(along), 80))
    least = max(PAUSE * usual, SLOWEST / 2)
    for sign in (1.0, -1.0):
        for a, b in _lasting(sign * along >= least, sign * along <= -least):
            seconds, line = (b - a) / RATE, np.arange(b - a)
            if seconds < 0.5:
                continue
            gained = [
                float(np.polynomial.polynomial.polyfit(line, path[begin + a : begin + b], 1)[1] * (b - a))
                for path in (aside, away)
            ]
            if math.hypot(*gained) >= SLOWEST * seconds:
                yield _Pass(begin + int(a), begin + int(b), *gained)


def _lasting(moving: np.ndarray, turned: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield begin and end of where somebody moves on; a slow moment that is no turn does not end it."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving.astype(int), [0]]))).reshape(-1, 2)
    joined: list[tuple[int, int]] = []
    for begin, end in edges:
        slow = slice(joined[-1][1], begin) if joined else None
        if slow is not None and begin - slow.start <= SLOW_MOMENT * RATE and not turned[slow].any():
            joined[-1] = (joined[-1][0], int(end))
        else:
            joined.append((int(begin), int(end)))
    yield from joined


def _with_ends(walked: _Pass, stretches: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Return begin and end of a walk, with what little is seen before and after it: half a step is no standing."""
    begin, end = next(it for it in stretches if it[0] <= walked.begin and walked.end <= it[1])
    short = BRIEF * RATE
    return (
        begin if walked.begin - begin <= short else walked.begin,
        end if end - walked.end <= short else walked.end,
    )


def _view_of(angle: float, walked: _Pass) -> View:
    if angle >= TOWARDS_FROM:
        return View.REAR if walked.away > 0 else View.FRONTAL
    if angle > ACROSS_UP_TO:
        return View.OBLIQUE
    return View.SAGITTAL_RIGHT if walked.aside > 0 else View.SAGITTAL_LEFT


def _facing(track: Track, begin: float, end: float) -> tuple[View, int]:
    """Return the view of somebody who stays in place, as on a treadmill: what most frames say, and where they face."""
    votes: dict[View, int] = {}
    focal = USUAL_OPTICS.focal(track.size[0])
    inside = np.flatnonzero((track.times >= begin) & (track.times <= end))
    for place in inside[:: max(1, len(inside) // 40)]:
        points = {name: Point(*array[place, :2]) for name, array in _known(track.points, place).items()}
        world = {name: tuple(array[place]) for name, array in _known(track.world, place).items()}
        view = estimate_view(points, world, bearing_of(points, track.size[0], focal))
        votes[view] = votes.get(view, 0) + 1
    votes.pop(View.UNKNOWN, None)
    view = max(votes, key=lambda it: votes[it], default=View.UNKNOWN)
    return view, {View.SAGITTAL_LEFT: -1, View.SAGITTAL_RIGHT: 1}.get(view, 0)


def _known(places: Mapping[str, np.ndarray], frame: int) -> dict[str, np.ndarray]:
    return {name: array for name, array in places.items() if np.isfinite(array[frame]).all()}


def walks_backwards(motion: Motion, course: Course) -> bool:
    """Given a motion and its course, return whether the toes point where the walker comes from."""
    if not course.direction or not course.travels:
        return False
    inside = (motion.times >= course.begin) & (motion.times <= course.end)
    pointing = [
        np.sign(
            at(
                motion.grid,
                motion.xy[f"{side}_big_toe"][:, 0] - motion.xy[f"{side}_heel"][:, 0],
                motion.times,
            )
        )
        for side in ("left", "right")
        if f"{side}_heel" in motion.xy and f"{side}_big_toe" in motion.xy
    ]
    told = [float(np.nanmean(it[inside])) for it in pointing if np.isfinite(it[inside]).any()]
    return bool(told) and course.direction * float(np.mean(told)) < -0.3
