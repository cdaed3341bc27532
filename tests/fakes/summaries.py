"""Summaries by hand: an ordinary week, an empty one, and the pieces to make others of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from uprightd.domain import Activity, Posture
from uprightd.report.alerts import After, SummaryAlert
from uprightd.report.measures import Measure
from uprightd.report.periods import Period, week
from uprightd.report.sitting import Sitting, Stretch
from uprightd.report.summary import Summary
from uprightd.report.times import Cell, Times
from uprightd.report.trend import ALERTS, WITHIN, Change, Past, Quantity, compared

WHEN = datetime(2026, 11, 17, 14, 3, 10, tzinfo=UTC)
TUESDAY = date(2026, 11, 17)
NOTHING = Times({})
ALERT = SummaryAlert(
    id=7,
    at=WHEN,
    rule="neck-flexed",
    severity="warn",
    message="Your head has been far forward for a minute: sit back and look into the distance.",
    metric="neck_flexion",
    value=52.3,
    threshold=45.0,
    held=60.0,
    view="oblique",
    reason="neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)",
    position=None,
    outcome="delivered",
    after=After.RECOVERED,
    took=41.0,
)


def times(hours: Mapping[int, tuple[float, float, float, float]], day: date = TUESDAY) -> Times:
    """Given by hour the seconds that were good, poor, unreliable and away, return them as times of one day."""
    return Times(
        {
            Cell(day, hour, posture): seconds
            for hour, four in hours.items()
            for posture, seconds in zip(Posture, four, strict=True)
            if seconds
        }
    )


def past(period: Period, quantity: Quantity, values: Sequence[float | None], now: float) -> Change:
    """Given a period, a quantity, its values in the periods before, the oldest first, and now, return the change."""
    befores = [period.before(len(values) - place) for place in range(len(values))]
    rows = [
        Past(it, value, 0.0 if value is None else 90_000.0) for it, value in zip(befores, values, strict=True)
    ]
    return compared(quantity, now, rows)


WEEK_47 = week("2026-W47")
WEEK = Summary(
    period=WEEK_47,
    samples=21_600,
    present=18_060,
    times=times(
        {
            9: (3_500.0, 100.0, 0.0, 0.0),
            10: (3_000.0, 600.0, 0.0, 0.0),
            14: (1_500.0, 1_900.0, 60.0, 140.0),
            15: (3_400.0, 200.0, 0.0, 0.0),
            16: (3_000.0, 800.0, 0.0, 3_400.0),
        }
    ),
    states={
        Activity.WATCHING: {"someone in view": 18_000.0},
        Activity.AWAY: {"nobody in view": 3_540.0},
        Activity.UNRELIABLE: {"the neck cannot be seen": 60.0},
        Activity.UNCALIBRATED: {},
        Activity.PAUSED: {"the screen is locked": 1_800.0, "by you": 435.0},
        Activity.DEGRADED: {},
    },
    ran={TUESDAY: 24_000.0},
    runs=3,
    longest_poor=Stretch(WHEN, 725.0),
    longest_good=Stretch(WHEN, 1800.0),
    sitting=Sitting(
        (Stretch(WHEN, 3_000.5), Stretch(WHEN + timedelta(hours=1), 5_100.0)), (Stretch(WHEN, 300.0),)
    ),
    alerts=(ALERT, replace(ALERT, id=8, at=WHEN + timedelta(hours=2), took=21.0)),
    metrics={
        "neck_flexion": Measure(
            "neck_flexion", 18_000, 31.04, 38.2, 55.0, 18_000.0, (14_000.0, 3_000.0, 1_000.0)
        ),
        "head_x": Measure("head_x", 9, -0.1, 0.0, 0.041, 9.0, None),
    },
    trend=(
        past(WEEK_47, WITHIN, [0.78, 0.82, None, 0.8, 0.79], 0.8),
        past(WEEK_47, ALERTS, [0.5, 0.3, None, 0.4, 0.45], 0.4),
    ),
)
"""6 h watched, 5 h of them judged, 4 h within the limits."""
EMPTY = replace(
    WEEK,
    samples=0,
    present=0,
    times=NOTHING,
    states={activity: {} for activity in Activity},
    ran={},
    runs=0,
    longest_poor=None,
    longest_good=None,
    sitting=Sitting((), ()),
    alerts=(),
    metrics={},
    trend=(),
)
