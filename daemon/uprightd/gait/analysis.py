"""The whole way from a track to the numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from uprightd.domain import View
from uprightd.errors import DataError
from uprightd.gait.angles import all_series
from uprightd.gait.body import NO_ANGLES, of_the_body
from uprightd.gait.course import ACROSS_UP_TO, Course, read_course, walks_backwards
from uprightd.gait.frontal import ankle_turns, trunk_falls
from uprightd.gait.model import Analysis, Event, KnownDistance, Parameter, Scale, Series, Track
from uprightd.gait.motion import Motion, complete, read_motion
from uprightd.gait.order import Judged, judge
from uprightd.gait.parameters import temporal_and_spatial
from uprightd.gait.precision import FEWEST_STEPS, Terms
from uprightd.gait.rhythm import Rhythm, read_rhythm
from uprightd.gait.sagittal import oconnor, zeni
from uprightd.gait.scale import read_scale
from uprightd.gait.steps import cycles_of, steps_of

LEAST_SECONDS = 0.8
"""Of a person, under which there is not one step to see."""
STILL = 0.003
"""Of the body's size: who moves less than this from frame to frame is a picture."""
SLOW_RATE = 24.0
"""Frames a second under which events become unsure; gait laboratories ask for 25 and prefer 60."""
SLOWEST_RATE = 9.0
"""Frames a second under which a foot's swing has too few frames to be timed."""
FEET_UP_TO = 50.0
"""Degrees between path and picture up to which the feet move across it far enough to be read."""
EVENT_ERROR = 0.012
"""Seconds, one rms error of an event seen from the side at 30 frames a second, measured on clips with exact joints."""
FRONTAL_ERROR = 0.030
"""Seconds, likewise from the front and from behind."""
FRAME_SHARE = 0.25
"""Share of a frame longer than a thirtieth that is added."""
THROWN_ERROR = 0.05
"""Seconds that are added when a point was thrown out in every frame; in proportion when in some."""
MANY_THROWN = 0.25
SIDE_METHOD = (
    "Zeni 2008, corrected to the speed of a foot at the floor; checked by O'Connor 2007 and the trunk's fall"
)
FRONT_METHOD = (
    "fall of the trunk, sides by the ankles' height, checked by Stenum 2021 (ankle height difference)"
)


class GaitError(DataError):
    """No walk could be read. `analysis` holds what there is (series, detected frames), None when there is nothing."""

    def __init__(self, message: str, hint: str = "", analysis: Analysis | None = None) -> None:
        super().__init__(message, hint)
        self.analysis = analysis


def analyse(
    track: Track, *, height_m: float | None = None, distance: KnownDistance | None = None
) -> Analysis:
    """Given a walker's track, and the body height in metres or a known distance where there is one, return what it
    tells. Raise GaitError (a DataError) with what is kept: nobody, nobody walking, a still image, one step only."""
    _check_person(track)
    given, track = track, complete(track)
    course = read_course(track)
    if course is None:
        raise GaitError(
            "no walk: shoulders and hips are not seen long enough",
            "Film the whole body from head to feet, for four steps at least.",
        )
    oblique = course.angle is not None and course.angle > FEET_UP_TO
    square = course.view in (View.FRONTAL, View.REAR) or oblique
    motion = read_motion(track, square)
    rhythm = read_rhythm(motion, course.begin, course.end)
    kept = _partial(track, motion, course)
    _check_walk(motion, course, rhythm, kept)
    judged, method = _events(motion, course, rhythm, square)
    if len(judged.events) == 0 or sum(it.kind == "strike" for it in judged.events) < 2:
        raise _too_little(judged, kept)
    notes = _notes(motion, course, judged)
    terms = _terms(motion, course, square, height_m, distance, notes)
    steps = steps_of(
        judged.events, motion, course, rhythm.stride, terms.scale if terms.spatial is None else None
    )
    angles = None if course.from_the_side else NO_ANGLES
    cycles = cycles_of(steps, motion, course) if angles is None else []
    few = len(steps) < FEWEST_STEPS
    if few:
        notes.append(f"Only {len(steps)} steps are seen; {FEWEST_STEPS} are needed for means.")
    parameters = {
        **temporal_and_spatial(steps, terms),
        **of_the_body(motion, course, cycles, steps, angles),
    }
    return Analysis(
        track=_repaired(track, motion),
        raw=given,
        view=course.view,
        direction=course.direction,
        walk=(course.begin, course.end),
        method=method,
        swapped=motion.swapped,
        outliers=motion.outliers,
        series=all_series(track, motion, course),
        events=judged.events,
        steps=tuple(steps),
        cycles=tuple(cycles),
        parameters=parameters,
        scale=terms.scale,
        agreement=judged.agreement,
        notes=tuple(notes),
        partial=f"only {len(steps)} steps are seen" if few else None,
    )


def _check_person(track: Track) -> None:
    if track.count < 2:
        raise GaitError("a single picture: a walk needs a video", "Film for four steps at least.")
    found = int(track.detected.sum())
    if not found:
        raise GaitError(
            "nobody was found in this video", "Film the whole body from head to feet, in good light."
        )
    seen = track.times[track.detected]
    if seen[-1] - seen[0] < LEAST_SECONDS:
        raise GaitError(
            f"somebody is seen for {seen[-1] - seen[0]:.1f} s only, less than a step takes",
            "Film for four steps at least.",
        )
    if _is_still(track):
        raise GaitError("a still picture: nothing moves in this video", "Film somebody who walks.")


def _is_still(track: Track) -> bool:
    """Return whether no point moves over the whole track by more than a model's jitter on one picture."""
    known = [array[np.isfinite(array[:, :2]).all(axis=1), :2] for array in track.points.values()]
    known = [places for places in known if len(places) > 1]
    if not known:
        return False
    middles = np.array([np.median(places, axis=0) for places in known])
    size = max(float(np.ptp(middles, axis=0).max()), 1.0)
    return float(np.percentile([places.std(axis=0).max() for places in known], 90)) < STILL * size


def _check_walk(motion: Motion, course: Course, rhythm: Rhythm, kept: Analysis) -> None:
    rate = 1 / motion.interval
    if rate < SLOWEST_RATE:
        raise GaitError(
            f"{rate:.1f} frames a second are too few to time a step",
            "Film at 25 frames a second or more, best 60.",
            kept,
        )
    if not course.travels and not rhythm.alternates:
        raise GaitError(
            "nobody walks in this video: somebody is there, and stays in one place",
            "Film four steps at least, best from the side; on a treadmill the whole body.",
            kept,
        )
    if not course.travels and not course.direction:
        raise GaitError(
            f"somebody steps in place, {course.view.words}; on a treadmill only the side can be read",
            "Film the treadmill from the side.",
            kept,
        )
    if walks_backwards(motion, course):
        raise GaitError(
            "somebody walks backwards: strikes and toe-offs are defined for walking forwards",
            "Film a walk forwards.",
            kept,
        )


def _events(motion: Motion, course: Course, rhythm: Rhythm, square: bool) -> tuple[Judged, str]:
    falls = trunk_falls(motion, course, rhythm.stride)
    if square:
        turns = ankle_turns(motion, course, rhythm.stride)
        return judge(falls, (turns,), motion, rhythm.stride, ("trunk fall", "Stenum")), FRONT_METHOD
    stride = rhythm.stride or 1.1
    found = zeni(motion, course, stride)
    names = ("Zeni", "O'Connor")
    return judge(found, (oconnor(motion, course, stride), falls), motion, stride, names), SIDE_METHOD


def _too_little(judged: Judged, kept: Analysis) -> GaitError:
    count = sum(it.kind == "strike" for it in judged.events)
    what = "one step only" if count else "no step"
    return GaitError(
        f"{what} can be read in this video; {FEWEST_STEPS} are needed",
        "Film a longer way, with the feet in the picture.",
        kept,
    )


def _terms(
    motion: Motion,
    course: Course,
    square: bool,
    height: float | None,
    distance: KnownDistance | None,
    notes: list[str],
) -> Terms:
    """Return what the numbers rest on; a slow rate and an oblique path widen them or refuse."""
    slow = max(0.0, motion.interval - 1 / 30)
    walking = (motion.times >= course.begin) & (motion.times <= course.end)
    thrown = float(motion.outliers[walking].mean())
    error = math.hypot(FRONTAL_ERROR if square else EVENT_ERROR, FRAME_SHARE * slow, THROWN_ERROR * thrown)
    if thrown > MANY_THROWN:
        notes.append(
            f"In {100 * thrown:.0f} % of the frames a leg was misplaced (motion blur, clothes, light?)."
        )
    spatial, scale, lateral = None, None, 0.0
    if not course.from_the_side:
        where = (
            "an oblique path foreshortens lengths"
            if course.view is View.OBLIQUE
            else "lengths lie along the view"
        )
        spatial = f"{where}: film from the side"
    else:
        scale = read_scale(motion, course, height, distance)
        lateral = 0.0 if course.angle is None else 1 - math.cos(math.radians(course.angle))
        if scale is None:
            spatial = "no scale: the body is not seen whole"
        elif height is None and distance is None:
            notes.append(
                "Lengths and speed rest on a usual adult's height; give the body height for better ones."
            )
    offs = "toe-offs are not seen from the front or from behind: film from the side" if square else None
    spread = "times from the front or from behind are too unsure for their spread" if square else None
    return Terms(error, scale, spatial, offs, spread, lateral)


def _notes(motion: Motion, course: Course, judged: Judged) -> list[str]:
    notes = []
    rate = 1 / motion.interval
    if rate < SLOW_RATE:
        notes.append(f"{rate:.0f} frames a second: times are less sure; film at 30 or more.")
    if course.view is View.OBLIQUE:
        notes.append(
            f"The path lies {course.angle:.0f} degrees off the picture: no lengths and no joint angles."
        )
    elif course.from_the_side and course.angle is not None and course.angle > ACROSS_UP_TO / 2:
        notes.append(
            f"The path lies about {course.angle:.0f} degrees off the picture; lengths are less sure."
        )
    if course.view in (View.FRONTAL, View.REAR):
        notes.append(f"The walker is {course.view.words}: times of strikes and sway only.")
    if not course.travels:
        notes.append("The walker stays in place: taken for a treadmill, speed is that of its belt.")
    if course.others:
        notes.append("More than one stretch is walked; the longest was read.")
    swapped = int(motion.swapped.sum())
    if swapped:
        notes.append(f"The model exchanged the legs in {swapped} frames; they were put back.")
    inside = (motion.times >= course.begin) & (motion.times <= course.end)
    lost = float(np.mean(~np.isfinite(motion.points["left_ankle"][inside, 0]))) if inside.any() else 0.0
    if lost > 0.1:
        notes.append(f"In {100 * lost:.0f} % of the walk the feet were not seen.")
    if judged.disordered:
        notes.append(f"{judged.disordered} events stand out of order; look at the confidence of each.")
    return notes


def _repaired(track: Track, motion: Motion) -> Track:
    return Track(track.times, motion.points, track.size, track.backend, track.world)


def _partial(track: Track, motion: Motion, course: Course) -> Analysis:
    """Return what is kept when no walk can be read: the track and its series."""
    nothing: Mapping[str, Parameter] = {}
    series: Mapping[str, Series] = all_series(track, motion, course)
    scale: Scale | None = None
    events: tuple[Event, ...] = ()
    return Analysis(
        _repaired(track, motion),
        track,
        course.view,
        course.direction,
        (course.begin, course.end),
        "none",
        motion.swapped,
        motion.outliers,
        series,
        events,
        (),
        (),
        nothing,
        scale,
        None,
        (),
        partial="no walk could be read",
    )
