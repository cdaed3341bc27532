"""Foot strikes and toe-offs: on walkers from a formula, and on the true joints of the clips."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.walker import (
    Walk,
    cut,
    known,
    limping,
    matched,
    mirrored,
    retimed,
    shaken,
    true_walk,
    walker,
    with_legs_exchanged,
    with_points,
)

from uprightd.gait.analysis import analyse
from uprightd.gait.course import read_course
from uprightd.gait.model import Event, EventKind, Side
from uprightd.gait.motion import read_motion
from uprightd.gait.rhythm import read_rhythm
from uprightd.gait.sagittal import Candidate, oconnor, zeni

STRIKE, OFF = EventKind.STRIKE, EventKind.OFF
SEEN = (0.75, 5.5)
"""Seconds between which the walker of walk_side is in the picture as a whole."""


def found(walk: Walk, method: str = "zeni") -> list[Candidate]:
    course = read_course(walk.track)
    assert course is not None
    motion = read_motion(walk.track)
    stride = read_rhythm(motion, course.begin, course.end).stride
    return {"zeni": zeni, "oconnor": oconnor}[method](motion, course, stride)


# ---- from a formula ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cadence", [60, 90, 110, 140])
@pytest.mark.parametrize("direction", [-1, 1])
def test_every_strike_and_toe_off_is_found_at_its_foot(cadence: float, direction: int) -> None:
    walk = walker(cadence=cadence, direction=direction, seconds=6.0)
    analysis = analyse(walk.track)
    for kind, late in ((STRIKE, 0.025), (OFF, 0.045 * 110 / cadence)):
        match = matched(analysis.events, walk, kind, within=(0.3, 5.6))
        assert (match.missed, match.extra) == ((), ())
        assert abs(match.bias) <= late
        assert match.sd <= 0.006


@pytest.mark.parametrize("late", [0.004, 0.011, 0.017, 0.025])
def test_an_event_between_two_frames_is_told_finer_than_a_frame(late: float) -> None:
    """A camera that starts later by a part of a frame sees everything earlier by just that."""
    first, second = found(walker()), found(walker(late=late))
    pairs = [
        (a.t, b.t)
        for a in first
        for b in second
        if (a.side, a.kind) == (b.side, b.kind) and abs(a.t - b.t) < 0.1
    ]
    assert len(pairs) >= 14
    assert [a - b for a, b in pairs] == pytest.approx([late] * len(pairs), abs=0.004)


def test_a_treadmill_is_read_as_a_floor() -> None:
    floor, belt = analyse(walker().track, height_m=1.74), analyse(walker(treadmill=True).track, height_m=1.74)
    match = [(a.t, b.t) for a, b in zip(floor.events, belt.events, strict=True)]
    assert [a for a, _ in match] == pytest.approx([b for _, b in match], abs=0.01)
    for name in ("stride_length", "speed", "cadence"):
        assert belt.parameters[name].value == pytest.approx(floor.parameters[name].value, rel=0.02)
    assert any("treadmill" in note for note in belt.notes)


def test_the_usual_early_strike_of_zeni_is_taken_off() -> None:
    """At the heel's furthest place it still moves as fast as the body: the floor is met later."""
    walk = true_walk("walk_side_m")
    match = matched(_as_events(found(walk)), walk, STRIKE, within=SEEN)
    assert -0.005 < match.bias < 0.015


# ---- the true joints of a clip -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mirror", [False, True])
def test_on_the_true_joints_every_event_within_three_milliseconds_of_the_others(mirror: bool) -> None:
    walk = mirrored(true_walk("walk_side_m")) if mirror else true_walk("walk_side_m")
    analysis = analyse(walk.track, height_m=1.76)
    for kind in EventKind:
        match = matched(analysis.events, walk, kind, within=SEEN)
        assert (match.missed, match.extra) == ((), ())
        assert match.sd <= 0.003
        assert abs(match.bias) <= 0.025
    assert analysis.parameters["cadence"].value == pytest.approx(111.11, abs=0.3)
    assert analysis.parameters["stride_length"].value == pytest.approx(1.26, rel=0.05)
    assert analysis.direction == (1 if mirror else -1)


def test_the_two_views_across_are_each_other_s_mirror() -> None:
    there = analyse(true_walk("walk_side_m").track, height_m=1.76)
    back = analyse(mirrored(true_walk("walk_side_m")).track, height_m=1.76)
    for one, other in zip(there.events, back.events, strict=True):
        assert (one.side.other, one.kind) == (other.side, other.kind)
        assert one.t == pytest.approx(other.t, abs=0.002)
    for name in ("step_time", "stance", "swing", "step_length", "knee_range"):
        for side in Side:
            mirror = back.parameters[f"{name}_{side.other}"]
            assert there.parameters[f"{name}_{side}"].value == pytest.approx(mirror.value, rel=0.02)


@pytest.mark.parametrize("share", [-0.08, -0.04, 0.04, 0.08])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_limp_is_told_on_its_side(share: float, mirror: bool) -> None:
    """Step times that differ by 8 and 16 %."""
    walk = retimed(true_walk("walk_side_m"), limping(share))
    walk = mirrored(walk) if mirror else walk
    parameters = analyse(walk.track).parameters
    true = (-1 if mirror else 1) * 2 * share * 0.54
    told = known(parameters["step_time_difference"].value)
    assert told == pytest.approx(true, abs=0.015)
    assert told * true > 0
    assert parameters["step_time_symmetry_index"].value == pytest.approx(200 * abs(share), abs=3.0)


@pytest.mark.parametrize("tempo", [0.7, 1.25, 1.6])
def test_at_other_cadences(tempo: float) -> None:
    walk = retimed(true_walk("walk_side_m"), lambda times: tempo * times)
    analysis = analyse(walk.track)
    for kind in EventKind:
        match = matched(analysis.events, walk, kind, within=(SEEN[0] * tempo, SEEN[1] * tempo))
        assert (match.missed, match.extra) == ((), ())
        assert match.sd <= 0.006
    assert analysis.parameters["cadence"].value == pytest.approx(111.11 / tempo, abs=0.4)


def test_with_noise_and_exchanged_legs() -> None:
    walk = shaken(true_walk("walk_side_m"), 1.5)
    frames = np.random.default_rng(2).random(walk.track.count) < 0.15
    analysis = analyse(with_legs_exchanged(walk, frames).track)
    match = matched(analysis.events, walk, STRIKE, within=SEEN)
    assert (match.missed, match.extra) == ((), ())
    assert match.sd <= 0.015
    assert analysis.swapped.sum() > 10


def test_frames_that_were_never_delivered_change_nothing() -> None:
    """A quarter of the frames lost, the others with their true times: a variable frame rate."""
    walk = true_walk("walk_side_m")
    kept = np.flatnonzero(np.random.default_rng(4).random(walk.track.count) > 0.25)
    points = {name: array[kept] for name, array in walk.track.points.items()}
    track = type(walk.track)(walk.track.times[kept], points, walk.track.size, "truth")
    match = matched(analyse(track).events, walk, STRIKE, within=SEEN)
    assert (match.missed, match.extra) == ((), ())
    assert match.sd <= 0.004


def test_a_model_without_feet_has_its_ankles_read() -> None:
    walk = true_walk("walk_side_m")
    points = {
        name: array for name, array in walk.track.points.items() if "heel" not in name and "toe" not in name
    }
    track = type(walk.track)(walk.track.times, points, walk.track.size, "truth")
    match = matched(analyse(track).events, walk, STRIKE, within=SEEN)
    assert (match.missed, match.extra) == ((), ())


@pytest.mark.parametrize("name", ["walk_front_m", "walk_rear_f"])
def test_from_the_front_and_from_behind_the_trunk_tells_the_strikes(name: str) -> None:
    for walk in (
        true_walk(name),
        mirrored(true_walk(name)),
        retimed(true_walk(name), lambda times: 1.3 * times),
    ):
        analysis = analyse(walk.track)
        last = walk.track.times[-1]
        match = matched(analysis.events, walk, STRIKE, within=(0.3, last - 0.3), tolerance=0.15)
        assert (match.missed, match.extra) == ((), ())
        assert match.sd <= 0.015
        assert abs(match.bias) <= 0.02
        assert [it for it in analysis.events if it.kind is OFF] == []


def test_an_event_at_the_end_of_what_is_seen_needs_less_than_a_whole_swing() -> None:
    walk = true_walk("walk_side_m")
    [strike] = [it for it in walk.events if it.kind is STRIKE and 2.8 < it.t < 3.0]
    short = cut(walk, slice(30, round((strike.t + 0.1) * 30)))
    match = matched(analyse(short.track).events, short, STRIKE, within=(0.1, 9.0))
    assert (match.missed, match.extra) == ((), ())


def test_a_second_method_confirms_and_its_silence_costs_confidence() -> None:
    walk = true_walk("walk_side_m")
    sure = analyse(walk.track)
    assert sure.agreement is not None
    assert sure.agreement.first == "Zeni"
    assert (sure.agreement.matched, sure.agreement.events) == (9, 9)
    assert sure.agreement.sd is not None
    assert sure.agreement.sd < 0.01

    def level(name: str, array: np.ndarray) -> np.ndarray:
        array[:, 1] = {"hip": 190, "shoulder": 140}.get(name.rpartition("_")[2], 240)
        return array

    flat = analyse(with_points(walk, level).track)
    inner = slice(2, -2)
    pairs = zip(flat.events[inner], sure.events[inner], strict=False)
    assert all(one.confidence < other.confidence for one, other in pairs)


def test_o_connor_finds_every_strike_earlier_by_always_the_same() -> None:
    walk = true_walk("walk_side_m")
    match = matched(_as_events(found(walk, "oconnor")), walk, STRIKE, within=SEEN)
    assert (match.missed, match.extra) == ((), ())
    assert match.sd <= 0.01


def _as_events(candidates: list[Candidate]) -> list[Event]:
    return [Event(it.t, it.side, it.kind, 1.0) for it in candidates]
