"""Holding time within a window, and the way back that takes its time: exact timelines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.rules import BAD, BETWEEN, GOOD, LIMIT, NONE, alerts, of, reading, steady, told

from uprightd.domain import Instant

FIVE_OF_TEN = replace(LIMIT, hold=5.0, within=10.0, clear_for=5.0, cooldown=0.0)


def every_second(values: list[float | None], start: float = 0.0) -> list[tuple[float, float | None]]:
    return [(start + number, value) for number, value in enumerate(values)]


# ---- within a window ----------------------------------------------------------------------------------------


def test_a_steady_violation_is_due_after_the_holding_time_as_without_a_window() -> None:
    assert told(of(FIVE_OF_TEN), steady(BAD, 0, 20)) == [5.0]


def test_good_readings_in_between_do_not_reset_it() -> None:
    """Past the limit 0-2, 4-6 and 8-9: five seconds of nine."""
    pattern = every_second([BAD, BAD, BAD, GOOD, BAD, BAD, BAD, GOOD, BAD, BAD, BAD])
    assert told(of(FIVE_OF_TEN), pattern) == [9.0]
    assert told(of(replace(FIVE_OF_TEN, within=0.0, clear_for=0.0)), pattern) == [], (
        "without a window they do"
    )


@pytest.mark.parametrize("between", [GOOD, NONE, BETWEEN], ids=["good", "unknown", "between"])
def test_nothing_but_violation_counts_towards_it(between: float | None) -> None:
    pattern = every_second([BAD, BAD, between, BAD, BAD, between, BAD, BAD, between, BAD, BAD, between] * 5)
    assert told(of(FIVE_OF_TEN), pattern) == [], "never more than four seconds of ten"


def test_what_lies_too_far_back_has_left_the_window() -> None:
    """Past the limit 0-3 and 8-9.5: at 10 the window begins at 0, later it has lost the first seconds."""
    early = [*steady(BAD, 0, 3), *steady(NONE, 4, 7), *steady(BAD, 8, 10)]
    assert told(of(FIVE_OF_TEN), early) == [10.0]
    late = [*steady(BAD, 0, 3), *steady(NONE, 4, 8), *steady(BAD, 9, 13)]
    assert told(of(FIVE_OF_TEN), late) == [], "at 11 two seconds of the first three are left, at 13 none"
    assert told(of(FIVE_OF_TEN), [*late, (14.0, BAD)]) == [14.0]


def test_a_gap_counts_for_nothing_and_resets_nothing() -> None:
    assert told(of(FIVE_OF_TEN), [*steady(BAD, 0, 2), *steady(BAD, 6, 9)]) == [9.0]


def test_an_alert_tells_the_time_in_the_window_and_since_when() -> None:
    pattern = [*steady(BAD, 0, 3), *steady(NONE, 4, 8), *steady(BAD, 9, 14)]
    (alert,) = alerts(of(FIVE_OF_TEN), (reading(at, value, position=at + 1) for at, value in pattern))
    assert (alert.held, alert.started.mono, alert.position) == (5.0, 9.0, 10.0)
    assert "for 5 s of the last 10 s" in alert.reason
    assert alert.explanation["within_s"] == 10.0


def test_an_alert_may_rest_on_a_stretch_of_which_a_part_has_left_the_window() -> None:
    quiet = replace(FIVE_OF_TEN, cooldown=100.0)
    engine = of(quiet)
    engine.remember_alert("neck", 70.0, Instant(0.0, 0.0))
    (alert,) = alerts(engine, (reading(at, BAD) for at, _ in steady(BAD, 0, 40)))
    assert (alert.at.mono, alert.held, alert.started.mono) == (30.0, 10.0, 0.0)


def test_a_window_as_long_as_the_holding_time_forgives_nothing() -> None:
    strict = replace(FIVE_OF_TEN, within=5.0, clear_for=0.0)
    assert told(of(strict), steady(BAD, 0, 20)) == [5.0]
    assert told(of(strict), every_second([BAD, BAD, BAD, BAD, NONE] * 10)) == []


def test_a_window_remembers_for_as_long_as_it_is() -> None:
    """Unknown for longer than the holding time, and yet within the window."""
    wide = replace(LIMIT, hold=20.0, within=100.0, clear_for=5.0)
    assert told(of(wide), [*steady(BAD, 0, 15), *steady(NONE, 16, 45), *steady(BAD, 46, 80)]) == [51.0]


def test_an_interruption_empties_the_window() -> None:
    engine = of(FIVE_OF_TEN)
    assert told(engine, steady(BAD, 0, 4)) == []
    engine.interrupt()
    assert told(engine, steady(BAD, 5, 12)) == [10.0]


def test_a_late_reading_is_not_in_the_window() -> None:
    late = [*steady(BAD, 0, 4), (3.5, GOOD), (1.0, BAD), (3.9, NONE), (5.0, BAD)]
    assert told(of(FIVE_OF_TEN), late) == [5.0]


# ---- the way back -------------------------------------------------------------------------------------------


def test_an_episode_ends_only_after_its_time_past_clear() -> None:
    slow = replace(LIMIT, clear_for=4.0, cooldown=0.0)
    short = steady(BAD, 0, 5) + steady(GOOD, 6, 9) + steady(BAD, 10, 30)
    assert told(of(slow), short) == [3.0], "three seconds of good are no end"
    long = steady(BAD, 0, 5) + steady(GOOD, 6, 10) + steady(BAD, 11, 30)
    assert told(of(slow), long) == [3.0, 14.0]


@pytest.mark.parametrize(
    ("between", "ends"),
    [
        ([GOOD, GOOD, GOOD, GOOD, GOOD], True),
        ([GOOD, GOOD, GOOD, GOOD, BETWEEN, GOOD, GOOD, GOOD], False),
        ([GOOD, GOOD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD], False),
        ([GOOD, GOOD, NONE, GOOD, GOOD], False),
        ([GOOD, GOOD, NONE, GOOD, GOOD, GOOD, GOOD], True),
        ([GOOD, NONE, GOOD, NONE, GOOD, NONE, GOOD, NONE, GOOD], False),
    ],
    ids=["steady", "half back", "relapse", "unknown costs its time", "and is bridged", "never two in a row"],
)
def test_the_time_past_clear_is_counted_like_any_other(between: list[float | None], ends: bool) -> None:
    slow = replace(LIMIT, clear_for=4.0, cooldown=0.0, hold=10.0)
    timeline = steady(BAD, 0, 10) + every_second(between, 11.0)
    later = steady(BAD, 11.0 + len(between), 50)
    spoken = told(of(slow), [*timeline, *later])
    assert spoken == [10.0, *([21.0 + len(between)] if ends else [])]


def test_an_episode_is_not_forgotten_while_its_time_past_clear_runs() -> None:
    slow = replace(LIMIT, clear_for=30.0, cooldown=0.0)
    assert told(of(slow), steady(BAD, 0, 5) + steady(GOOD, 6, 30) + steady(BAD, 31, 60)) == [3.0]


def test_a_gap_is_no_time_past_clear() -> None:
    slow = replace(LIMIT, hold=10.0, clear_for=4.0, cooldown=0.0)
    assert told(of(slow), [*steady(BAD, 0, 10), (11.0, GOOD), (16.0, GOOD), *steady(BAD, 17, 40)]) == [10.0]


def test_a_violation_that_waits_for_its_clear_time_goes_on_where_it_was() -> None:
    slow = replace(LIMIT, clear_for=4.0)
    assert told(of(slow), every_second([BAD, BAD, GOOD, GOOD, BAD, BAD, BAD])) == [6.0]


def test_what_was_good_for_longer_than_the_window_allows_begins_anew() -> None:
    """The rule's clear_for is its window less its holding time: after that the window could not be filled anyway."""
    pattern = steady(BAD, 0, 4) + steady(GOOD, 5, 10) + steady(BAD, 11, 30)
    assert told(of(FIVE_OF_TEN), pattern) == [16.0]
