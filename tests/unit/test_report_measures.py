"""What a metric came to in a period, and seconds that add up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from uprightd.domain import Posture
from uprightd.intervals import Interval
from uprightd.records import RollUp
from uprightd.report.measures import Measure, measures_of, weighted_median
from uprightd.report.periods import day, stretch
from uprightd.report.times import Cell, clipped, in_seconds, joined, times_of

HOUR_MS = 3_600_000
NOON = 1_795_348_800_000


def row(
    metric: str, median: float, known_s: float, bands_s: tuple[float, float, float] = (0, 0, 0), hour: int = 0
) -> RollUp:
    good, borderline, poor = (round(seconds * 1000) for seconds in bands_s)
    return RollUp(
        NOON + hour * HOUR_MS,
        0,
        metric,
        10,
        median - 1,
        median,
        median + 1,
        round(known_s * 1000),
        good,
        borderline,
        poor,
    )


@pytest.mark.parametrize(
    ("weighted", "median"),
    [
        ([(5.0, 1)], 5.0),
        ([(5.0, 1), (1.0, 1), (9.0, 1)], 5.0),
        ([(1.0, 1), (5.0, 1)], 3.0),
        ([(1.0, 3), (5.0, 1)], 1.0),
        ([(1.0, 1), (5.0, 3)], 5.0),
        ([(9.0, 2), (1.0, 1), (5.0, 1)], 7.0),
        ([(9.0, 2), (1.0, 1), (5.0, 2)], 5.0),
        ([(1.0, 10**9), (2.0, 10**9), (3.0, 1)], 2.0),
    ],
)
def test_the_median_is_in_the_middle_of_the_weight(weighted: list[tuple[float, int]], median: float) -> None:
    assert weighted_median(weighted) == median


def test_without_weights_there_is_no_median() -> None:
    with pytest.raises(ValueError, match="no weights"):
        weighted_median([])


def test_a_measure_sums_up_its_hours_and_weighs_their_medians() -> None:
    rows = [
        row("neck_flexion", 40, 3000, (2000, 900, 100)),
        row("neck_flexion", 60, 1000, (0, 0, 1000), hour=1),
        row("head_x", 0.5, 100),
        row("neck_flexion", 20, 500, (500, 0, 0), hour=2),
    ]
    assert measures_of(rows) == {
        "neck_flexion": Measure("neck_flexion", 30, 19, 40, 61, 4500, (2500, 900, 1100)),
        "head_x": Measure("head_x", 10, -0.5, 0.5, 1.5, 100, None),
    }
    assert measures_of(rows)["neck_flexion"].poor_share == 1100 / 4500
    assert measures_of(rows)["head_x"].poor_share is None


def test_measures_come_in_the_vocabulary_s_order_and_unknown_ones_last() -> None:
    rows = [row(name, 1, 1) for name in ("zz_gone", "neck_flexion", "a_gone", "head_pitch", "trunk_lean")]
    names = list(measures_of(rows))
    assert names[-2:] == ["a_gone", "zz_gone"]
    assert set(names[:3]) == {"neck_flexion", "head_pitch", "trunk_lean"}


def test_an_hour_in_which_a_metric_held_for_no_time_weighs_next_to_nothing() -> None:
    assert (
        measures_of([row("neck_flexion", 40, 1, (1, 0, 0)), row("neck_flexion", 90, 0, hour=1)])[
            "neck_flexion"
        ].median
        == 40
    )


# ---- seconds that add up --------------------------------------------------------------------------------------


@given(some.dictionaries(some.integers(0, 30), some.integers(0, 10**8), max_size=30))
def test_parts_add_up_to_their_rounded_sum_and_none_is_off_by_a_second(parts: dict[int, int]) -> None:
    seconds, whole = in_seconds(parts), sum(parts.values())
    assert seconds.keys() == parts.keys()
    if whole >= 600_000:
        assert sum(seconds.values()) == round(whole / 1000)
        assert all(value.is_integer() for value in seconds.values())
        assert all(abs(seconds[key] - ms / 1000) < 1 for key, ms in parts.items())
    else:
        assert seconds == {key: ms / 1000 for key, ms in parts.items()}


def test_what_is_left_over_goes_to_who_lost_most() -> None:
    assert in_seconds({"a": 300_400, "b": 300_900, "c": 300_700}) == {"a": 300, "b": 301, "c": 301}


def span(start_s: float, end_s: float, posture: str = "good", run: int = 1, offset: int = 0) -> Interval:
    return Interval(NOON + round(start_s * 1000), NOON + round(end_s * 1000), offset, run, posture, 1)


def test_time_is_told_by_day_hour_and_posture() -> None:
    times = times_of(
        [
            span(0, 900),
            span(900, 1000, "poor"),
            span(3600, 4000),
            span(12 * 3600, 12 * 3600 + 50, offset=60),
            span(5, 5),
        ]
    )
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    assert times.cells == {
        Cell(sunday, 12, Posture.GOOD): 900,
        Cell(sunday, 12, Posture.POOR): 100,
        Cell(sunday, 13, Posture.GOOD): 400,
        Cell(monday, 1, Posture.GOOD): 50,
    }
    assert times.total() == 1450
    assert times.total(Posture.GOOD, day=sunday) == 1300
    assert times.total(hour=12) == 1000
    assert times.hours() == [(sunday, 12), (sunday, 13), (monday, 1)]
    assert times.by_posture() == {
        Posture.GOOD: 1350,
        Posture.POOR: 100,
        Posture.UNRELIABLE: 0,
        Posture.AWAY: 0,
    }


def test_what_the_end_of_an_hour_cut_is_one_again() -> None:
    parts = [
        span(0, 10),
        span(10, 20),
        span(20, 30, "poor"),
        span(30, 40, "poor", run=2),
        span(41, 50, "poor", run=2),
    ]
    assert [(each.ms // 1000, each.samples) for each in joined(parts)] == [(20, 2), (10, 1), (10, 1), (9, 1)]
    assert list(joined([])) == []


def test_intervals_are_cut_at_the_ends_of_the_period() -> None:
    minute = stretch(NOON / 1000, NOON / 1000 + 60, "A minute")
    parts = [
        span(-20, -10),
        span(-10, 10),
        span(10, 20),
        span(60, 60),
        span(20, 90),
        span(90, 99),
        span(0, 0),
    ]
    assert [
        ((each.start_ms - NOON) // 1000, (each.end_ms - NOON) // 1000) for each in clipped(parts, minute)
    ] == [
        (0, 10),
        (10, 20),
        (20, 60),
        (0, 0),
    ]
    assert list(clipped([span(0, 10, offset=720)], day(date(2026, 11, 22)))) == []
