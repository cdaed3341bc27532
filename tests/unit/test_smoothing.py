"""Smoothing a live value: steady while nothing happens, quick when something does, and never out of range."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uprightd.domain import Reason, Value, unknown
from uprightd.metrics.smoothing import FORGET_AFTER, OneEuro, Smoother

RATES = [1, 2, 5, 30]


def smoothed(values: list[float], fps: float, one: OneEuro | None = None) -> list[float]:
    one = one or OneEuro()
    return [one.see(value, 50 + i / fps) for i, value in enumerate(values)]


def ramp(seconds: float, fps: int, height: float = 35.0) -> list[float]:
    """Ten seconds at 0, up to the height in that time, and five seconds there."""
    moments = [i / fps for i in range(int((15 + seconds) * fps))]
    return [height * min(max((moment - 10) / seconds, 0.0), 1.0) for moment in moments]


def deviation(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


@pytest.mark.parametrize("fps", RATES)
def test_a_constant_stays_what_it_is(fps: int) -> None:
    assert smoothed([37.3] * 20, fps) == [37.3] * 20


def test_the_first_value_is_not_changed() -> None:
    assert OneEuro().see(-12.345, 7.0) == -12.345


@pytest.mark.parametrize("fps", RATES)
def test_a_step_is_followed_steadily_and_never_overshot(fps: int) -> None:
    seen = smoothed([10.0] * 3 + [45.0] * 10 * fps, fps)
    assert seen[:3] == [10.0] * 3
    assert all(10 < value <= 45 for value in seen[3:])
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(45, abs=0.5)


def test_the_formula_is_the_published_one() -> None:
    """Worked by hand: 0 then 10 half a second later, cutoffs 1 Hz and 0.25 Hz, beta 0.1."""
    one = OneEuro(min_cutoff=1.0, beta=0.1, derivative_cutoff=0.25)
    one.see(0.0, 0.0)
    speed = 20 * 0.5 / (0.5 + 1 / (2 * math.pi * 0.25))
    cutoff = 1.0 + 0.1 * speed
    assert one.see(10.0, 0.5) == pytest.approx(10 * 0.5 / (0.5 + 1 / (2 * math.pi * cutoff)))


@pytest.mark.parametrize(("fps", "share"), [(1, 0.52), (2, 0.47), (5, 0.4), (30, 0.26)])
def test_standing_noise_is_halved(fps: int, share: float) -> None:
    chance = random.Random(4)  # the same noise each time
    noise = [chance.gauss(30, 2) for _ in range(6000)]
    assert deviation(smoothed(noise, fps)[600:]) <= share * deviation(noise)


@pytest.mark.parametrize("fps", RATES)
def test_a_quick_movement_is_followed_with_little_lag(fps: int) -> None:
    """35° in one second: under 8° are left when it ends, under 3° a second later."""
    raw = ramp(1.0, fps)
    left = [real - value for real, value in zip(raw, smoothed(raw, fps), strict=True)]
    assert max(left) < 8
    assert max(left[12 * fps :]) < 3


@pytest.mark.parametrize("fps", RATES)
def test_the_faster_the_change_the_smaller_the_lag(fps: int) -> None:
    halfway_late = []
    for seconds in (1.0, 4.0, 16.0):
        seen = smoothed(ramp(seconds, fps), fps)
        after = next(i for i, value in enumerate(seen) if value >= 17.5)
        reached = after - (seen[after] - 17.5) / (seen[after] - seen[after - 1])
        halfway_late.append(reached / fps - 10 - seconds / 2)
    assert halfway_late == sorted(halfway_late)
    assert halfway_late[0] < halfway_late[2] / 2


def test_values_need_not_come_evenly() -> None:
    one = OneEuro(beta=0.0)
    seen = [one.see(value, at) for value, at in ((0.0, 0.0), (10.0, 0.1), (0.0, 0.2), (10.0, 3.0))]
    assert seen[1] < 1
    assert seen[3] > 4  # nearly three seconds say more than a tenth of one


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_gives_none_and_changes_nothing(nothing: float) -> None:
    with_hole, without = OneEuro(), OneEuro()
    assert with_hole.see(10.0, 0.0) == without.see(10.0, 0.0)
    assert math.isnan(with_hole.see(nothing, 1.0))
    assert with_hole.see(20.0, 2.0) == without.see(20.0, 2.0)
    assert 10 < with_hole.see(20.0, 2.5) < 20


def test_after_a_longer_gap_the_next_value_is_a_first_one() -> None:
    for gap, afresh in ((FORGET_AFTER, False), (FORGET_AFTER + 0.1, True)):
        one = OneEuro()
        one.see(10.0, 100.0)
        one.see(math.nan, 101.0)
        assert (one.see(50.0, 100.0 + gap) == 50.0) is afresh


def test_a_gap_forgets_the_speed_as_well() -> None:
    moved, fresh = OneEuro(), OneEuro()
    moved.see(0.0, 0.0)
    moved.see(90.0, 0.5)
    for one in (moved, fresh):
        one.see(10.0, 20.0)
    assert moved.see(12.0, 21.0) == fresh.see(12.0, 21.0)


def test_a_moment_seen_twice_counts_once() -> None:
    one, other = OneEuro(), OneEuro()
    for each in (one, other):
        each.see(10.0, 0.0)
    once = one.see(20.0, 1.0)
    assert other.see(20.0, 1.0) == other.see(99.0, 1.0) == once
    assert one.see(20.0, 2.0) == other.see(20.0, 2.0)


def test_when_time_goes_back_a_new_series_begins() -> None:
    one = OneEuro()
    one.see(10.0, 100.0)
    assert one.see(50.0, 3.0) == 50.0
    assert 50 < one.see(60.0, 4.0) < 60


@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6) | st.just(math.nan),
            st.floats(-1.0, 2 * FORGET_AFTER) | st.floats(0, 0.2),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_the_output_never_leaves_the_range_of_the_values_seen(series: list[tuple[float, float]]) -> None:
    one, at, seen = OneEuro(), 0.0, []
    for value, later in series:
        at += later
        out = one.see(value, at)
        if math.isnan(value):
            assert math.isnan(out)
            continue
        seen.append(value)
        slack = 1e-9 * max(map(abs, seen))
        assert min(seen) - slack <= out <= max(seen) + slack


def test_metrics_do_not_mix() -> None:
    together, alone = Smoother(), Smoother()
    for i in range(10):
        head, trunk = Value(10.0 + i), Value(-3.0 * i)
        both = together.see({"head": head, "trunk": trunk}, i)
        assert both["head"] == alone.see({"head": head}, i)["head"]
        assert both["trunk"] != both["head"]


def test_only_known_values_are_smoothed_and_the_raw_ones_stay() -> None:
    smoother = Smoother()
    assert smoother.see({"head": Value(10.0), "trunk": unknown(Reason.VIEW)}, 0) == {"head": 10.0}
    raw = {"head": Value(20.0), "trunk": Value(5.0)}
    seen = smoother.see(raw, 1)
    assert 10 < seen["head"] < 20
    assert seen["trunk"] == 5.0
    assert raw == {"head": Value(20.0), "trunk": Value(5.0)}


def test_a_metric_that_was_away_for_long_begins_anew_while_others_go_on() -> None:
    smoother = Smoother()
    smoother.see({"head": Value(10.0), "trunk": Value(10.0)}, 0)
    for second in range(1, 8):
        smoother.see({"head": unknown(Reason.OCCLUDED), "trunk": Value(10.0)}, second)
    seen = smoother.see({"head": Value(30.0), "trunk": Value(30.0)}, 8)
    assert seen["head"] == 30.0
    assert 10 < seen["trunk"] < 30


def test_forgetting_makes_the_next_value_a_first_one() -> None:
    smoother = Smoother()
    smoother.see({"head": Value(10.0)}, 0)
    smoother.forget()
    assert smoother.see({"head": Value(30.0)}, 1) == {"head": 30.0}


def test_a_scale_makes_a_ratio_as_quick_as_an_angle() -> None:
    smoother = Smoother(scales={"ratio": 0.01})
    for i in range(12):
        angle = 0.0 if i < 3 else 35.0
        seen = smoother.see({"angle": Value(angle), "ratio": Value(angle / 100)}, i)
        assert seen["ratio"] * 100 == pytest.approx(seen["angle"])
    unscaled = Smoother()
    unscaled.see({"ratio": Value(0.0)}, 0)
    assert unscaled.see({"ratio": Value(0.35)}, 1)["ratio"] < 0.1  # too slow: what a scale is for


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_a_scale_is_a_number_above_zero(scale: float) -> None:
    with pytest.raises(ValueError, match="head_drop"):
        Smoother(scales={"head_drop": scale})
