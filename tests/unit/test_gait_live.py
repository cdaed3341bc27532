"""A walk while it happens: each step once, on its foot, soon; and what is said when it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.walker import (
    Walk,
    cut,
    limping,
    matched,
    mirrored,
    retimed,
    shaken,
    true_walk,
    walker,
    with_legs_exchanged,
)

from uprightd.domain import Keypoint, View
from uprightd.gait.live import LiveGait, LiveReadout, Quality
from uprightd.gait.model import Event, EventKind


def seen(walk: Walk, every: int = 1) -> list[LiveReadout]:
    live, track = LiveGait(walk.track.size), walk.track
    readouts = []
    for frame in range(0, track.count, every):
        points = {name: Keypoint(*array[frame]) for name, array in track.points.items()}
        inside = {name: it for name, it in points.items() if np.isfinite(it.x)}
        readouts.append(live.see(float(track.times[frame]), inside))
    return readouts


def announced(readouts: list[LiveReadout]) -> list[Event]:
    return [it for readout in readouts for it in readout.fresh]


@pytest.fixture(scope="module")
def side() -> list[LiveReadout]:
    return seen(true_walk("walk_side_m"))


def test_each_step_is_announced_once_on_its_foot_within_a_second(side: list[LiveReadout]) -> None:
    walk = true_walk("walk_side_m")
    match = matched(announced(side), walk, EventKind.STRIKE, within=(0.8, 5.2))
    assert (match.missed, match.extra) == ((), ())
    assert match.sd < 0.015
    assert side[-1].steps == len(announced(side))
    assert all(0.3 <= readout.t - it.t <= 1.0 for readout in side for it in readout.fresh)


def test_cadence_and_asymmetry_settle_at_what_they_are(side: list[LiveReadout]) -> None:
    assert side[-1].cadence == pytest.approx(111.1, abs=1.0)
    assert side[-1].asymmetry == pytest.approx(0.0, abs=0.01)
    assert side[10].cadence is None


def test_a_limp_to_the_other_side_exchanged_legs_and_noise() -> None:
    walk = shaken(mirrored(retimed(true_walk("walk_side_m"), limping(0.08))), 0.7)
    frames = np.random.default_rng(3).random(walk.track.count) < 0.1
    readouts = seen(with_legs_exchanged(walk, frames))
    assert readouts[-1].asymmetry == pytest.approx(-0.086, abs=0.03)
    assert readouts[-1].view is View.SAGITTAL_RIGHT


def test_lean_sway_and_the_quality_are_there_from_the_second_second(side: list[LiveReadout]) -> None:
    later = side[75]
    assert later.quality is Quality.GOOD
    assert later.why == ""
    assert later.rate == pytest.approx(30, abs=0.5)
    assert later.trunk_lean == pytest.approx(4, abs=4)
    assert later.sway is not None
    assert 0.3 < later.sway < 4
    assert later.head_x is not None
    assert later.stride_asymmetry is not None
    assert side[0].quality is not Quality.GOOD


def test_from_the_front_the_steps_are_announced_too() -> None:
    walk = true_walk("walk_front_m")
    match = matched(announced(seen(walk)), walk, EventKind.STRIKE, within=(1.0, 4.8), tolerance=0.15)
    assert (match.missed, match.extra) == ((), ())


def test_two_frames_a_second_give_lean_and_say_that_steps_need_more() -> None:
    readouts = seen(walker(seconds=8.0, stride=0.8), every=15)
    last = readouts[-1]
    assert (last.steps, last.cadence, last.asymmetry) == (0, None, None)
    assert last.quality is Quality.POOR
    assert "2 frames a second" in last.why
    assert last.trunk_lean is not None
    assert last.stride_asymmetry is not None


def test_nobody_is_said_and_nothing_is_made_up() -> None:
    live = LiveGait((640, 360))
    readouts = [live.see(frame / 30, None) for frame in range(60)]
    assert readouts[-1].quality is Quality.POOR
    assert "nobody" in readouts[-1].why
    assert readouts[-1].trunk_lean is None
    assert readouts[-1].view is View.UNKNOWN


def test_somebody_who_walks_out_and_comes_back_is_counted_on() -> None:
    walk = cut(true_walk("walk_side_m"), slice(30, 160))
    live, steps = LiveGait(walk.track.size), []
    for begin in (0.0, 9.0):
        for frame in range(walk.track.count):
            points = {name: Keypoint(*array[frame]) for name, array in walk.track.points.items()}
            steps.append(live.see(begin + frame / 30, points).steps)
        for frame in range(90):
            live.see(begin + (walk.track.count + frame) / 30, {})
    assert steps[-1] >= 2 * max(steps[: walk.track.count]) - 1


def test_time_must_go_on() -> None:
    live = LiveGait((640, 360))
    live.see(1.0, {})
    with pytest.raises(ValueError, match="after 1 s"):
        live.see(1.0, {})
