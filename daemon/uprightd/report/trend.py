"""A period held against those before it: what changed by more than such periods differ by themselves.

With the values of the earlier periods, their mean m, their standard deviation s and their number n, the next one lies
within m ± t·s·√(1 + 1/n) nineteen times out of twenty if nothing changes (t is Student's, at n - 1 degrees of freedom).
That half width is the minimal detectable change, MDC95: the prediction interval of one new value, which is what the
textbook's 1.96·√2·SEM becomes when the scatter is estimated from few repetitions. A smaller change is noise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import fmean, stdev
from typing import NamedTuple

from uprightd.domain import Posture
from uprightd.records import RollUp
from uprightd.report.measures import measures_of
from uprightd.report.periods import Period, local_day

PERIODS = 8
"""How many earlier ones are looked at."""
FEWEST = 3
"""Earlier ones with enough watched; with fewer nobody knows how much such periods differ."""
LONGEST_DAYS = 31
"""Of longer periods there are hardly ever three before."""
ENOUGH_S = 3600.0
"""Seconds judged below which a period's share says too little."""
STUDENT = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365}
"""Two-sided 95 % quantiles of Student's t by degrees of freedom."""
SMALLEST_SHARE = 0.01
SMALLEST_RATE = 0.1
"""No change under a hundredth, or a tenth of an alert per hour, is called one, however alike the earlier ones were."""


class Verdict(StrEnum):
    MORE = "more"
    LESS = "less"
    NOISE = "noise"
    TOO_FEW = "too few"


class Quantity(NamedTuple):
    """What is compared. better: whether more of it is better (1) or worse (-1)."""

    name: str
    title: str
    better: int
    smallest: float


WITHIN = Quantity("within", "time within your limits", 1, SMALLEST_SHARE)
ALERTS = Quantity("alerts", "alerts per hour judged", -1, SMALLEST_RATE)


@dataclass(frozen=True, slots=True)
class Past:
    """One period's value, None where too little was judged; `seconds` is what it rests on."""

    period: Period
    value: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity now, and in the periods before, the oldest first. mean and mdc are None with too few of them."""

    quantity: Quantity
    now: float
    past: tuple[Past, ...]
    mean: float | None
    mdc: float | None

    @property
    def verdict(self) -> Verdict:
        if self.mean is None or self.mdc is None:
            return Verdict.TOO_FEW
        if abs(self.now - self.mean) <= self.mdc:
            return Verdict.NOISE
        return Verdict.MORE if self.now > self.mean else Verdict.LESS

    @property
    def good(self) -> bool | None:
        """Whether what changed is for the better, None where nothing did."""
        signs = {Verdict.MORE: self.quantity.better > 0, Verdict.LESS: self.quantity.better < 0}
        return signs.get(self.verdict)


class DayTotals(NamedTuple):
    """What one day comes to: milliseconds per posture, and the alerts that were spoken."""

    postures: Mapping[str, int]
    alerts: int


def compared(quantity: Quantity, now: float, past: Sequence[Past]) -> Change:
    """Given a quantity, its value now and in the periods before, return what there is to say about it."""
    values = [each.value for each in past if each.value is not None]
    if len(values) < FEWEST:
        return Change(quantity, now, tuple(past), None, None)
    spread = stdev(values) * STUDENT[len(values) - 1] * math.sqrt(1 + 1 / len(values))
    return Change(quantity, now, tuple(past), fmean(values), max(spread, quantity.smallest))


def earlier(period: Period) -> list[Period]:
    """Given a period, return those before it to hold it against, the oldest first; none for a long one or a run."""
    if period.moments is not None or len(period.days) > LONGEST_DAYS:
        return []
    return [period.before(count) for count in range(PERIODS, 0, -1)]


def trend_of(period: Period, days: Mapping[date, DayTotals], hours: Iterable[RollUp]) -> tuple[Change, ...]:
    """Given a period, the totals of its days and of those of the periods before, and all their hours, return what
    changed: the time within the limits, the alerts, and each metric that was ever in its poor band. Nothing where
    nothing was before."""
    periods = [*earlier(period), period]
    totals = {each: _totals(each, days) for each in periods}
    past = periods[:-1]
    if totals[period].judged < ENOUGH_S or not any(totals[each].judged for each in past):
        return ()
    changes = [
        _change(WITHIN, period, past, {it: (total.within, total.judged) for it, total in totals.items()}),
        _change(ALERTS, period, past, {it: (total.alert_rate, total.judged) for it, total in totals.items()}),
        *_metrics(period, past, hours),
    ]
    return tuple(change for change in changes if change is not None)


class _Totals(NamedTuple):
    judged: float
    within: float
    alert_rate: float


def _totals(period: Period, days: Mapping[date, DayTotals]) -> _Totals:
    ours = [days[day] for day in period.days if day in days]
    good = sum(each.postures.get(Posture.GOOD, 0) for each in ours)
    judged = good + sum(each.postures.get(Posture.POOR, 0) for each in ours)
    if not judged:
        return _Totals(0.0, 0.0, 0.0)
    return _Totals(judged / 1000, good / judged, sum(each.alerts for each in ours) / (judged / 3_600_000))


def _metrics(period: Period, past: Sequence[Period], hours: Iterable[RollUp]) -> list[Change | None]:
    by_day: defaultdict[date, list[RollUp]] = defaultdict(list)
    for row in hours:
        by_day[local_day(row.start_ms, row.offset_min)].append(row)
    figures: defaultdict[str, dict[Period, tuple[float, float]]] = defaultdict(dict)
    for each in (*past, period):
        for name, measure in measures_of(row for day in each.days for row in by_day.get(day, ())).items():
            if measure.poor_share is not None:
                figures[name][each] = (measure.poor_share, measure.known)
    return [
        _change(Quantity(name, f"{name}, time in poor", -1, SMALLEST_SHARE), period, past, of_metric)
        for name, of_metric in figures.items()
        if any(share for share, _ in of_metric.values())  # what was never poor has no course
    ]


def _change(
    quantity: Quantity, period: Period, past: Sequence[Period], figures: Mapping[Period, tuple[float, float]]
) -> Change | None:
    now, seconds = figures.get(period, (0.0, 0.0))
    if seconds < ENOUGH_S:
        return None
    before = []
    for each in past:
        value, rests_on = figures.get(each, (0.0, 0.0))
        before.append(Past(each, value if rests_on >= ENOUGH_S else None, round(rests_on)))
    return compared(quantity, now, before)
