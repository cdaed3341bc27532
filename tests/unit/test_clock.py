"""Two clocks that travel together, and what a difference between them means."""

from __future__ import annotations

import threading
import time

import pytest

from uprightd.clock import STEP_TOLERANCE, FollowingClock, SystemClock, step_between
from uprightd.domain import Instant

HOUR, DAY = 3600.0, 86_400.0
THEN = Instant(1_795_348_800.0, 500.0)


@pytest.mark.parametrize(
    ("wall", "mono", "step"),
    [
        pytest.param(1.0, 1.0, 0.0, id="both go on"),
        pytest.param(0.0, 0.0, 0.0, id="no time has passed"),
        pytest.param(3600.0, 3600.0, 0.0, id="a long while, but both saw it"),
        pytest.param(1.0 + STEP_TOLERANCE, 1.0, 0.0, id="just within the tolerance"),
        pytest.param(1.0 - STEP_TOLERANCE, 1.0, 0.0, id="just within it the other way"),
        pytest.param(3.5, 1.0, 2.5, id="a little more than the tolerance"),
        pytest.param(8 * HOUR + 1, 1.0, 8 * HOUR, id="sleep of eight hours"),
        pytest.param(1 - HOUR, 1.0, -HOUR, id="set back by an hour"),
        pytest.param(30 * DAY + 1, 1.0, 30 * DAY, id="set forward by thirty days"),
    ],
)
def test_a_step_is_what_the_wall_clock_moved_more_than_the_other(
    wall: float, mono: float, step: float
) -> None:
    assert step_between(THEN, Instant(THEN.wall + wall, THEN.mono + mono)) == step


def test_a_following_clock_stands_still_until_told_the_time() -> None:
    clock = FollowingClock(THEN)
    assert clock.now() == THEN
    assert not clock.wait(threading.Event(), 1e9), "waiting costs nothing"
    assert clock.now() == THEN
    later = Instant(THEN.wall + 2, THEN.mono + 2)
    clock.follow(later)
    assert clock.now() == later


def test_a_following_clock_never_goes_back() -> None:
    clock = FollowingClock(THEN)
    clock.follow(Instant(THEN.wall - 2, THEN.mono - 2))
    assert clock.now() == THEN


def test_waiting_tells_whether_it_was_woken() -> None:
    for clock in (FollowingClock(THEN), SystemClock()):
        wake = threading.Event()
        assert not clock.wait(wake, 0.0)
        wake.set()
        assert clock.wait(wake, 30.0)


def test_the_systems_clock_waits_no_longer_than_told_and_never_negatively() -> None:
    clock = SystemClock()
    before = time.monotonic()
    assert not clock.wait(threading.Event(), -5.0)
    assert not clock.wait(threading.Event(), 0.02)
    assert 0.02 <= time.monotonic() - before < 5


def test_the_systems_clock_is_both_of_the_machines_clocks() -> None:
    before = time.time(), time.monotonic()
    now = SystemClock().now()
    assert before[0] <= now.wall <= time.time()
    assert before[1] <= now.mono <= time.monotonic()
