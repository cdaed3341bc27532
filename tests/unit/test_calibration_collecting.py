"""What makes a baseline and what does not: five seconds of one upright person, well seen, from one side, and still."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.body import (
    FRONT,
    HEIGHT,
    OBLIQUE,
    REAR,
    SIZE,
    WIDTH,
    Places,
    from_the_left,
    moved,
    narrowed,
    pose,
)

from uprightd.calibration.baseline import Baseline
from uprightd.calibration.collecting import FEWEST, SHORT, STRAYED, WANTED, Collector, Fault, Progress
from uprightd.domain import Keypoint, Pose, View
from uprightd.metrics.reading import Terms

TERMS = Terms(min_score=0.5, min_confidence=0.6)
SHOULDERS = 120.0
"""Pixels from shoulder to shoulder of the drawn body."""
LIMIT = STRAYED * SHOULDERS
PERIOD = 0.1

Script = Callable[[float], Pose | None]
"""Given seconds since the start, what is seen then."""


def live() -> Collector:
    return Collector(TERMS)


def of_a_file() -> Collector:
    return Collector(TERMS, least=SHORT)


def watch(collector: Collector, script: Script, seconds: float, period: float = PERIOD) -> list[Progress]:
    """Let the collector look at a script from its start, as long as it wants to; return what it said."""
    told = []
    for number in range(round(seconds / period) + 1):
        if collector.done:
            break
        told.append(collector.see(script(number * period), SIZE, 100.0 + number * period))
    return told


def still(places: Places = FRONT) -> Script:
    return lambda _: pose(places)


def shifted(x: float, y: float = 0.0, places: Places = FRONT) -> Places:
    return moved(places, lambda at, down: (at + x, down + y))


def nodding(pixels: float, places: Places = FRONT) -> Places:
    """The drawn body with its head so many pixels lower."""
    head = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    return {name: (x, y + pixels) if name in head else (x, y) for name, (x, y) in places.items()}


def faults(told: Iterable[Progress]) -> set[Fault | None]:
    return {progress.fault for progress in told}


def made(collector: Collector) -> Baseline:
    assert collector.done, dict(collector.hindrances)
    return collector.baseline()


def test_five_seconds_of_somebody_who_holds_still_make_a_baseline() -> None:
    collector = live()
    told = watch(collector, still(), 20)
    baseline = made(collector)
    assert (baseline.view, baseline.size, baseline.backend) == (View.FRONTAL, SIZE, "drawn")
    assert baseline.seconds == WANTED == told[-1].seconds
    assert len(told) <= 55
    assert baseline.samples >= 50
    assert baseline.points.keys() == FRONT.keys()
    for name, place in FRONT.items():
        assert baseline.points[name] == place
        assert baseline.spread[name] == 0.0
    assert faults(told) == {None}


def test_the_good_seconds_grow_as_they_pass() -> None:
    told = watch(live(), still(), 3)
    seconds = [progress.seconds for progress in told]
    assert seconds == sorted(seconds)
    assert seconds[-1] == pytest.approx(3.0, abs=0.35)
    assert {progress.wanted for progress in told} == {WANTED}


BAD: dict[str, tuple[Pose | None, Fault]] = {
    "nobody": (None, Fault.NOBODY),
    "two people": (replace(pose(FRONT), people=2), Fault.SEVERAL),
    "a shoulder outside of the picture": (pose(shifted(-265)), Fault.CUT_OFF),
    "a shoulder at the very edge": (pose(shifted(-257)), Fault.CUT_OFF),
    "the eyes above the picture": (pose(shifted(0, -114)), Fault.CUT_OFF),
    "the shoulders under the picture": (pose(shifted(0, HEIGHT - 195)), Fault.CUT_OFF),
    "a place that is none": (pose(FRONT, nose=Keypoint(math.nan, 126, 0.9)), Fault.CUT_OFF),
    "no nose": (pose({name: place for name, place in FRONT.items() if name != "nose"}), Fault.CUT_OFF),
    "a nose that is hardly seen": (pose(FRONT, nose=Keypoint(320, 126, 0.4)), Fault.UNSURE),
    "points that are just seen, all of them": (pose(FRONT, 0.55), Fault.UNSURE),
    "the back": (pose(REAR), Fault.BEHIND),
    "front and back at once": (
        pose(FRONT, left_ear=Keypoint(322, 120, 0.9), right_ear=Keypoint(318, 120, 0.9)),
        Fault.TURNING,
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_calibrated_from_never_is_and_the_person_is_told_what_to_do(what: str) -> None:
    seen, fault = BAD[what]
    for collector in (live(), of_a_file()):
        told = watch(collector, lambda _: seen, 10)
        collector.end()
        assert not collector.done
        assert faults(told) == {fault}
        assert max(progress.seconds for progress in told) == 0.0
        assert dict(collector.hindrances) == {fault: pytest.approx(10.0)}


def test_every_advice_is_a_sentence_of_its_own() -> None:
    advices = {fault.advice for fault in Fault}
    assert len(advices) == len(Fault)
    assert all(advice.endswith(".") for advice in advices)


def test_the_hips_may_be_hidden_behind_the_desk() -> None:
    hidden: dict[str, Any] = {
        name: Keypoint(*FRONT[name], 0.01) for name in ("left_hip", "right_hip", "left_knee", "right_knee")
    }
    collector = live()
    watch(collector, lambda _: pose(FRONT, **hidden), 6)
    assert "left_hip" not in made(collector).points


def test_hips_that_are_seen_count_for_the_confidence_as_they_do_in_a_reading() -> None:
    dim: dict[str, Any] = {name: Keypoint(*FRONT[name], 0.51) for name in ("left_hip", "right_hip")}
    told = watch(live(), lambda _: pose(FRONT, 0.62, **dim), 6)
    assert faults(told) == {Fault.UNSURE}


@pytest.mark.parametrize("fault", [None, "two", "aside"])
def test_a_lone_bad_look_is_left_out_and_nothing_begins_anew(fault: str | None) -> None:
    bad = {None: None, "two": replace(pose(FRONT), people=2), "aside": pose(shifted(60))}[fault]
    collector = live()
    told = watch(collector, lambda at: bad if round(at, 1) in (1.0, 2.5, 4.0) else pose(FRONT), 7)
    baseline = made(collector)
    assert len(told) <= 58
    assert baseline.points["nose"] == FRONT["nose"]
    assert baseline.spread["nose"] == 0.0, "a look that was left out is in it"
    assert sum(progress.fault is not None for progress in told) == 3


def test_two_bad_looks_in_a_row_begin_it_anew() -> None:
    collector = live()
    told = watch(collector, lambda at: None if round(at, 1) in (4.0, 4.1) else pose(FRONT), 20)
    assert made(collector).samples <= 52
    assert len(told) > 42 + 50


def test_a_movement_begins_it_anew_in_the_new_place() -> None:
    collector = live()
    told = watch(collector, lambda at: pose(FRONT if at < 3.95 else shifted(30)), 20)
    baseline = made(collector)
    assert baseline.points["nose"] == (350, 126)
    assert baseline.spread["nose"] == 0.0
    assert sum(progress.fault is Fault.MOVING for progress in told) == 2
    assert len(told) == pytest.approx(40 + 53, abs=2)


@pytest.mark.parametrize("pixels", [LIMIT - 1, -(LIMIT - 1)])
def test_what_a_model_jitters_is_no_movement(pixels: float) -> None:
    collector = live()
    told = watch(collector, lambda at: pose(nodding(pixels if round(at, 1) % 0.4 < 0.15 else 0.0)), 6)
    made(collector)
    assert faults(told) == {None}


def test_scatter_in_all_points_is_no_movement_and_its_middle_is_the_baseline() -> None:
    dice = random.Random(7)
    collector = live()
    watch(
        collector,
        lambda _: pose(moved(FRONT, lambda x, y: (x + dice.gauss(0, 1.2), y + dice.gauss(0, 1.2)))),
        8,
    )
    baseline = made(collector)
    for name in ("nose", "left_shoulder", "right_shoulder"):
        assert math.dist(baseline.points[name], FRONT[name]) < 1.0
        assert baseline.spread[name] == pytest.approx(1.7, abs=0.5)


@pytest.mark.parametrize("part", ["nose", "left_shoulder", "right_shoulder"])
def test_a_movement_of_any_needed_point_is_one(part: str) -> None:
    x, y = FRONT[part]
    gone = {**FRONT, part: (x, y + LIMIT + 2)}
    told = watch(live(), lambda at: pose(FRONT if at < 1.95 else gone), 2.2)
    assert [progress.fault for progress in told[-3:-1]] == [Fault.MOVING] * 2


def test_whoever_sinks_slowly_is_not_still() -> None:
    """1.5 pixels a second: never far from the middle of what was collected so far, but from where it began."""
    collector = live()
    told = watch(collector, lambda at: pose(nodding(1.5 * at)), 12)
    assert not collector.done
    assert Fault.MOVING in faults(told)


def test_seen_from_the_side_the_neck_tells_how_far_is_far() -> None:
    """The shoulders overlap there: their distance says nothing, and a movement of a few pixels is none."""
    upright = from_the_left(20)
    collector = live()
    watch(collector, lambda at: pose(from_the_left(20 + (2 if round(at * 10) % 3 == 0 else 0))), 6)
    baseline = made(collector)
    assert baseline.view is View.SAGITTAL_LEFT
    assert math.dist(baseline.points["nose"], upright["nose"]) < 0.01
    told = watch(live(), lambda at: pose(from_the_left(20 if at < 1.95 else 26)), 2.2)
    assert told[-2].fault is Fault.MOVING


def bending(at: float) -> Pose:
    """Upright for 1.2 s, then the head sinks, ever faster, as the clips' does."""
    return pose(nodding(60 * max(0.0, at - 1.2) ** 2))


def test_the_first_still_second_of_a_file_will_do_and_the_movement_that_ends_it_does_not_count() -> None:
    collector = of_a_file()
    told = watch(collector, bending, 8)
    baseline = made(collector)
    assert baseline.points["nose"] == FRONT["nose"]
    assert baseline.spread["nose"] < 0.5
    assert 1.0 <= baseline.seconds <= 1.4
    assert baseline.samples <= 15
    assert len(told) <= 20, "it was noticed late"


def test_a_camera_is_asked_for_all_of_it() -> None:
    collector = live()
    watch(collector, bending, 1.9)
    collector.end()
    assert not collector.done
    assert collector.longest == pytest.approx(1.3, abs=0.2)


def test_a_first_look_that_goes_astray_costs_a_file_nothing_but_itself() -> None:
    """A tracker settles: its first look may lie far off."""
    collector = of_a_file()
    watch(collector, lambda at: pose(nodding(30)) if at == 0 else bending(at), 8)
    baseline = made(collector)
    assert baseline.points["nose"] == FRONT["nose"]
    assert baseline.spread["nose"] < 0.5


def test_a_file_that_begins_with_a_movement_is_not_calibrated_on_a_short_rest_later() -> None:
    collector = of_a_file()
    watch(collector, lambda at: pose(shifted(100 * min(at, 2.0))) if at < 4 else pose(shifted(200, 50)), 6)
    collector.end()
    assert not collector.done
    assert collector.longest == pytest.approx(2.0, abs=0.4)


def test_five_still_seconds_count_wherever_they_lie_in_a_file() -> None:
    collector = of_a_file()
    watch(collector, lambda at: pose(shifted(100 * min(at, 2.0))), 12)
    assert made(collector).points["nose"] == (520, 126)
    assert made(collector).seconds == WANTED


def test_a_file_that_ends_while_it_is_still_gives_all_it_has() -> None:
    collector = of_a_file()
    watch(collector, still(), 1.5)
    assert not collector.done
    collector.end()
    assert made(collector).seconds == pytest.approx(1.5)
    assert made(collector).samples == 16


@pytest.mark.parametrize(("seconds", "period"), [(0.6, 0.1), (3.0, 1.0)])
def test_a_file_of_too_little_is_refused(seconds: float, period: float) -> None:
    """Half a second, and four pictures however far apart."""
    collector = of_a_file()
    watch(collector, still(), seconds, period)
    collector.end()
    assert not collector.done
    assert dict(collector.hindrances) == {}


def test_five_pictures_a_second_apart_will_do() -> None:
    collector = of_a_file()
    watch(collector, still(), 4.0, 1.0)
    collector.end()
    assert made(collector).samples == FEWEST


def test_a_slow_model_is_not_believed_for_longer_than_a_second_per_look() -> None:
    collector = live()
    told = watch(collector, still(), 60, 4.0)
    assert made(collector).samples == 6
    assert len(told) == 7


def test_turning_begins_it_anew() -> None:
    collector = live()
    told = watch(collector, lambda at: pose(FRONT if at < 2.95 else from_the_left()), 20)
    assert made(collector).view is View.SAGITTAL_LEFT
    assert Fault.TURNING in faults(told)


def either(one: Places, other: Places, share: float, dice: random.Random) -> Script:
    return lambda _: pose(one if dice.random() < share else other)


def test_the_front_and_a_little_aside_are_one_view_named_after_the_more_frequent() -> None:
    """Somebody who sits at the border of both; only the names differ, not the pose."""
    between = narrowed(FRONT, 0.75)
    a_little_more, a_little_less = narrowed(FRONT, 0.74), narrowed(FRONT, 0.77)
    views = []
    for share in (0.3, 0.7):
        dice = random.Random(3)
        collector = live()
        told = watch(collector, either(a_little_more, a_little_less, share, dice), 6)
        assert faults(told) == {None}
        assert math.dist(made(collector).points["left_shoulder"], between["left_shoulder"]) < 2
        views.append(made(collector).view)
    assert views == [View.FRONTAL, View.OBLIQUE]


def test_pictures_of_another_size_begin_it_anew() -> None:
    collector = live()
    for number in range(120):
        size = SIZE if number < 30 else (WIDTH * 2, HEIGHT)
        collector.see(pose(OBLIQUE), size, number * PERIOD)
        if collector.done:
            break
    assert made(collector).size == (WIDTH * 2, HEIGHT)


def test_what_stood_in_the_way_is_counted_in_seconds() -> None:
    collector = live()

    def script(at: float) -> Pose | None:
        if at < 1.95:
            return None
        return pose(shifted(0, 100 * (at - 2))) if at < 4.95 else pose(REAR)

    watch(collector, script, 7)
    collector.miss(Fault.DARK, 108.0)
    assert collector.hindrances[Fault.NOBODY] == pytest.approx(1.9, abs=0.11)
    assert collector.hindrances[Fault.MOVING] == pytest.approx(3.0, abs=0.3)
    assert collector.hindrances[Fault.BEHIND] == pytest.approx(2.0, abs=0.2)
    assert collector.hindrances[Fault.DARK] == pytest.approx(1.0)


def test_nothing_changes_once_it_is_done() -> None:
    collector = live()
    watch(collector, still(), 6)
    before = made(collector)
    assert collector.see(None, SIZE, 200.0) == Progress(WANTED, WANTED, None)
    assert collector.baseline() == before
