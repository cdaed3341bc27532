"""A week held against those before it: the minimal detectable change by hand, noise called noise."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from uprightd.records import RollUp
from uprightd.report.periods import Period, day, last_days, stretch, week
from uprightd.report.trend import (
    ALERTS,
    FEWEST,
    PERIODS,
    STUDENT,
    WITHIN,
    Change,
    DayTotals,
    Past,
    Quantity,
    Verdict,
    compared,
    earlier,
    trend_of,
)

MORE, LESS, NOISE, TOO_FEW = Verdict
THIS = week("2026-W47")
HOUR = 3_600_000


def change(now: float, *values: float | None, quantity: Quantity = WITHIN) -> Change:
    past = [Past(each, value, 9_000.0) for each, value in zip(earlier(THIS), values, strict=False)]
    return compared(quantity, now, past)


def test_the_minimal_detectable_change_of_three_weeks_by_hand() -> None:
    """Mean 0.6, s 0.1, two degrees of freedom: 4.303 · 0.1 · √(1 + 1/3)."""
    found = change(0.7, 0.5, 0.6, 0.7)
    assert found.mean == pytest.approx(0.6)
    assert found.mdc == pytest.approx(0.496868)
    assert found.verdict is NOISE


def test_the_minimal_detectable_change_of_eight_weeks_by_hand() -> None:
    """Mean 0.6, s √(0.02/7), seven degrees of freedom: 2.365 · 0.0534522 · √(1 + 1/8)."""
    values = (0.55, 0.65, 0.55, 0.65, 0.55, 0.65, 0.55, 0.65)
    found = change(0.735, *values)
    assert found.mdc == pytest.approx(0.134083, abs=1e-6)
    assert (found.verdict, found.good) == (MORE, True)
    assert change(0.734, *values).verdict is NOISE
    assert (change(0.465, *values).verdict, change(0.465, *values).good) == (LESS, False)
    assert change(0.466, *values).verdict is NOISE


def test_with_fewer_than_three_weeks_nobody_can_tell() -> None:
    found = change(0.9, 0.1, None, 0.1)
    assert (found.verdict, found.mean, found.mdc, found.good) == (TOO_FEW, None, None, None)
    assert change(0.9, 0.1, None, 0.1, 0.1).verdict is MORE
    assert len(found.past) == 3


def test_however_alike_weeks_are_a_hundredth_is_no_change() -> None:
    same = (0.5, 0.5, 0.5, 0.5)
    assert change(0.5099, *same).verdict is NOISE
    assert change(0.5101, *same).verdict is MORE
    assert change(2.09, 2.0, 2.0, 2.0, quantity=ALERTS).verdict is NOISE
    fewer = change(1.8, 2.0, 2.0, 2.0, quantity=ALERTS)
    assert (fewer.verdict, fewer.good) == (LESS, True)


def test_student_s_quantiles_are_there_for_every_number_of_weeks() -> None:
    assert sorted(STUDENT) == list(range(FEWEST - 1, PERIODS))
    for freedom, quantile in STUDENT.items():
        assert _tail(quantile, freedom) == pytest.approx(0.05, abs=2e-4)


def _tail(t: float, freedom: int, steps: int = 200_000) -> float:
    """The share of Student's distribution beyond ±t, by adding up its density."""
    scale = math.gamma((freedom + 1) / 2) / (math.sqrt(freedom * math.pi) * math.gamma(freedom / 2))
    width = t / steps
    inside = sum((1 + ((n + 0.5) * width) ** 2 / freedom) ** (-(freedom + 1) / 2) for n in range(steps))
    return 1 - 2 * scale * inside * width


def test_a_week_is_held_against_the_eight_before_it() -> None:
    assert [each.name for each in earlier(THIS)] == [f"2026-W{number}" for number in range(39, 47)]
    assert [each.first for each in earlier(day(date(2026, 11, 22)))][-1] == date(2026, 11, 21)
    assert earlier(last_days(32, 1_795_348_800.0)) == []
    assert len(earlier(last_days(31, 1_795_348_800.0))) == PERIODS
    assert earlier(stretch(0, 60, "A run")) == []


def days(good_hours: dict[int, float], alerts: dict[int, int], judged: float = 8.0) -> dict[date, DayTotals]:
    """The Wednesdays of the weeks so many before this one, of each so many hours good and so many alerts."""
    return {
        THIS.first + timedelta(days=2 - 7 * back): DayTotals(
            {"good": round(good * HOUR), "poor": round((judged - good) * HOUR), "away": HOUR},
            alerts.get(back, 0),
        )
        for back, good in good_hours.items()
    }


def test_the_time_within_limits_and_the_alerts_are_compared() -> None:
    totals = days({0: 7.0, 1: 4.0, 2: 4.2, 3: 3.8, 4: 4.0}, {0: 2, 1: 16, 2: 17, 3: 15, 4: 16})
    within, alerts = trend_of(THIS, totals, [])
    assert (within.quantity, within.now, within.verdict, within.good) == (WITHIN, 7 / 8, MORE, True)
    assert within.mean == pytest.approx(0.5)
    assert [past.value for past in within.past] == [None] * 4 + [0.5, 0.475, 0.525, 0.5]
    assert [past.seconds for past in within.past] == [0] * 4 + [28_800] * 4
    assert (alerts.quantity, alerts.now, alerts.verdict, alerts.good) == (ALERTS, 0.25, LESS, True)
    assert alerts.mean == pytest.approx(2.0)


def test_a_week_with_too_little_judged_tells_nothing() -> None:
    totals = days({1: 4.0, 2: 4.2, 3: 3.8}, {})
    little = days({4: 0.5, 5: 0.9}, {}, judged=0.99)
    within, _ = trend_of(THIS, {**totals, **little, **days({0: 4.0}, {})}, [])
    assert [past.value is None for past in within.past] == [True] * 5 + [False] * 3
    assert [past.seconds for past in within.past][3:5] == [3564, 3564]
    assert trend_of(THIS, {**totals, **days({0: 0.5}, {}, judged=0.99)}, []) == ()


def test_where_nothing_was_before_there_is_no_trend() -> None:
    assert trend_of(THIS, days({0: 4.0}, {}), []) == ()
    assert trend_of(THIS, {}, []) == ()
    assert trend_of(THIS, days({0: 4.0, 9: 4.0}, {}), []) == (), "nine weeks ago is too long ago"


def hour_row(period: Period, metric: str, known_s: float, poor_s: float) -> RollUp:
    start = period.bounds(0)[0] + 36 * HOUR
    known, poor = round(known_s * 1000), round(poor_s * 1000)
    return RollUp(start, 0, metric, 10, 1, 2, 3, known, known - poor, 0, poor)


def test_each_metric_with_bands_is_compared_by_its_share_in_poor() -> None:
    totals = days(dict.fromkeys(range(9), 4.0), {})
    rows = [hour_row(each, "neck_flexion", 7200, 720) for each in earlier(THIS)[-4:]]
    rows += [hour_row(THIS, "neck_flexion", 7200, 1440), hour_row(THIS, "head_pitch", 3599, 3599)]
    rows += [RollUp(rows[-1].start_ms, 0, "head_x", 9, 1, 2, 3, 7_200_000, 0, 0, 0)]
    *_, neck = trend_of(THIS, totals, rows)
    assert (neck.quantity.name, neck.now, neck.mean) == ("neck_flexion", 0.2, pytest.approx(0.1))
    assert (neck.verdict, neck.good) == (MORE, False)
    assert len(trend_of(THIS, totals, rows)) == 3
