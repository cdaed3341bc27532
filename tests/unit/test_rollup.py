"""An hour of samples rolled up: exact cases of what a minute and an hour come to."""

from __future__ import annotations

import pytest

from uprightd.domain import Posture
from uprightd.intervals import HOUR_MS, MINUTE_MS, Beat, Hour, Interval, Span
from uprightd.records import RollUp
from uprightd.rollup import RolledHour, roll_up, touched

HOUR = Hour(1_795_348_800_000, 0)
START = HOUR.start_ms
METRICS = ("neck_flexion", "head_x")
"""The neck is good up to 45°, poor from 50° on; where the head is has no bands."""
Sample = tuple[float, float | None, float | None]


def beats(*samples: Sample, run: int = 1, offset: int = 0, pulse: int = 30_000) -> list[Beat]:
    """Samples as (seconds into the hour, neck, head)."""
    return [
        Beat(START + round(at * 1000), offset, run, Posture.GOOD, pulse, values) for at, *values in samples
    ]


def rolled(samples: list[Beat], breaks: dict[int, list[Span]] | None = None, hour: Hour = HOUR) -> RolledHour:
    return roll_up(hour, samples, breaks or {}, METRICS)


def neck(minute: int, *figures: float) -> RollUp:
    return RollUp(START + minute * MINUTE_MS, 0, "neck_flexion", *figures)  # type: ignore[arg-type]


def test_a_minute_s_values_are_its_samples_and_its_times_how_long_each_held() -> None:
    found = rolled(beats((0, 40, 0.1), (10, 48, 0.3), (30, 60, None), (50, None, 0.2), (55, 45, 0.2)))
    # 40° for 10 s, 48° for 20 s, 60° for 20 s; unknown for 5 s; 45° held for no time.
    expected = neck(0, 4, 40, 46.5, 60, 50_000, 10_000, 20_000, 20_000)
    head = RollUp(START, 0, "head_x", 4, 0.1, 0.2, 0.3, 35_000, 0, 0, 0)
    assert found.minutes == (expected, head)
    assert found.hours == (expected, head)
    assert found.intervals == (Interval(START, START + 55_000, 0, 1, "good", 5),)


def test_a_limit_counts_for_the_better_band() -> None:
    (row,) = rolled(beats((0, 45.0, None), (1, 50.0, None), (3, 50.0001, None), (7, None, None))).minutes
    assert (row.good_ms, row.borderline_ms, row.poor_ms) == (1_000, 2_000, 4_000)


def test_a_minute_that_only_the_last_sample_of_the_one_before_reaches_into_has_its_value() -> None:
    found = rolled(beats((58, 40, None), (118, 60, None), (121, 44, None), pulse=60_000))
    assert found.minutes == (
        neck(0, 1, 40, 40, 40, 2_000, 2_000, 0, 0),
        neck(1, 1, 60, 60, 60, 60_000, 58_000, 0, 2_000),
        neck(2, 1, 44, 44, 44, 1_000, 0, 0, 1_000),
    )
    carried = rolled(beats((30, 40, None), (180, 60, None), pulse=200_000)).minutes
    assert carried == (
        neck(0, 1, 40, 40, 40, 30_000, 30_000, 0, 0),
        neck(1, 0, 40, 40, 40, 60_000, 60_000, 0, 0),
        neck(2, 0, 40, 40, 40, 60_000, 60_000, 0, 0),
        neck(3, 1, 60, 60, 60, 0, 0, 0, 0),
    )


def test_an_hour_takes_what_holds_into_it_and_leaves_what_holds_beyond() -> None:
    samples = beats((-5, 40, None), (5, 60, None), (3595, 41, None), (3605, 61, None))
    found = rolled(samples)
    assert found.hours == (neck(0, 2, 41, 50.5, 60, 10_000, 10_000, 0, 0),)
    assert found.intervals == (
        Interval(START, START + 5_000, 0, 1, "good", 1),
        Interval(START + 3_595_000, START + HOUR_MS, 0, 1, "good", 1),
    )
    before, after = (rolled(samples, hour=Hour(START + by, 0)) for by in (-HOUR_MS, HOUR_MS))
    assert [each.ms for each in (*before.intervals, *after.intervals)] == [5_000, 5_000]


def test_breaks_are_in_no_figure() -> None:
    found = rolled(beats((0, 40, None), (20, 60, None)), {1: [(START + 5_000, START + 15_000)]})
    assert found.minutes == (neck(0, 2, 40, 50, 60, 10_000, 10_000, 0, 0),)
    assert [each.ms for each in found.intervals] == [5_000, 5_000]


def test_an_hour_is_of_one_clock_alone() -> None:
    both = [*beats((0, 40, None), (10, 40, None)), *beats((20, 60, None), (25, 60, None), offset=60)]
    assert [each.known_ms for each in rolled(both).hours] == [20_000]
    assert [each.known_ms for each in rolled(both, hour=Hour(START, 60)).hours] == [5_000]
    assert rolled(both, hour=Hour(START, 120)) == RolledHour(Hour(START, 120), (), (), ())


def test_a_minute_of_a_clock_half_an_hour_off_is_the_same_minute() -> None:
    hour = Hour(START - 30 * MINUTE_MS, 330)
    found = rolled(beats((0, 40, None), (10, 40, None), offset=330), hour=hour)
    assert [row.start_ms for row in found.minutes] == [START]
    assert [row.start_ms for row in found.hours] == [hour.start_ms]


def test_nothing_known_of_a_metric_is_no_row() -> None:
    found = rolled(beats((0, None, None), (10, None, None)))
    assert (found.minutes, found.hours) == ((), ())
    assert [each.ms for each in found.intervals] == [10_000]


@pytest.mark.parametrize(
    ("second", "hours"),
    [
        (1800, {HOUR}),
        (31, {HOUR}),
        (29, {HOUR, Hour(START - HOUR_MS, 0)}),
        (3569, {HOUR}),
        (3571, {HOUR, Hour(START + HOUR_MS, 0)}),
    ],
)
def test_a_sample_may_change_the_hours_it_and_the_one_before_reach_into(
    second: int, hours: set[Hour]
) -> None:
    assert touched([START + second * 1000], [0], 30_000) == hours


def test_a_sample_may_change_the_hours_of_every_clock_around_it() -> None:
    assert touched([START + 1_900_000], [0, 330], 30_000) == {HOUR, Hour(START + 30 * MINUTE_MS, 330)}
    assert touched([], [0], 30_000) == set()
