"""What the log says about a period: computed once, shown as text, as a page or as data."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import TYPE_CHECKING

from uprightd.domain import Activity, Posture
from uprightd.intervals import DAY_MS, HOUR_MS, MINUTE_MS, Interval, Span
from uprightd.records import RunRow
from uprightd.report.alerts import WITHIN_S, After, SummaryAlert, alerts_of
from uprightd.report.measures import Measure, measures_of
from uprightd.report.moments import by_clock
from uprightd.report.periods import Period, local_day
from uprightd.report.sitting import Sitting, Stretch, sitting_of
from uprightd.report.states import time_in_states
from uprightd.report.times import JUDGED, Times, clipped, in_seconds, joined, times_of
from uprightd.report.trend import Change, DayTotals, earlier, trend_of
from uprightd.spells import Spell, without_end

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

EVER = 2**62
"""Milliseconds: later than any row."""
ENOUGH_OF_AN_HOUR = 1200.0
"""Seconds judged in an hour without which it is neither the best nor the worst."""


@dataclass(frozen=True, slots=True)
class HourFigure:
    """One hour of one day: how much of it could be judged, and how much of that was within the limits."""

    day: date
    hour: int
    judged: float
    good: float

    @property
    def share(self) -> float:
        return self.good / self.judged


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one period. Times are in seconds; shares are 0-1, None where there is no whole."""

    period: Period
    samples: int
    present: int
    """Samples with a person in the picture."""
    times: Times
    """Elapsed time by day, hour and posture; every total is a sum over it."""
    states: Mapping[Activity, Mapping[str, float]]
    """Elapsed time per state of the monitor and reason, all six states always there: see report.states."""
    ran: Mapping[date, float]
    """Time in which the monitor ran, whatever it did, by day."""
    runs: int
    longest_poor: Stretch | None
    longest_good: Stretch | None
    sitting: Sitting
    alerts: tuple[SummaryAlert, ...]
    metrics: Mapping[str, Measure]
    trend: tuple[Change, ...]

    @property
    def seconds(self) -> Mapping[Posture, float]:
        """Elapsed time per posture, all four always there."""
        return self.times.by_posture()

    @property
    def running(self) -> float:
        """Time within the period in which the monitor ran, whatever it did."""
        return round(sum(self.ran.values()), 3)

    @property
    def watched(self) -> float:
        """Time between samples, in any posture."""
        return self.times.total()

    @property
    def judged(self) -> float:
        """Time in which posture could be told."""
        return self.times.total(*JUDGED)

    @property
    def detected(self) -> float | None:
        return self.present / self.samples if self.samples else None

    @property
    def coverage(self) -> float | None:
        """Share of the time the monitor ran that was watched; the rest it was paused, asleep or blind."""
        return min(1.0, self.watched / self.running) if self.running else None

    @property
    def stateless(self) -> float:
        """Time the monitor ran that no state accounts for: it was starting, the machine slept, samples are gone."""
        told = sum(seconds for reasons in self.states.values() for seconds in reasons.values())
        return round(max(0.0, self.running - told), 3)

    @property
    def hours(self) -> list[HourFigure]:
        """The hours in which enough was judged to compare them, the best first, the earlier first among equals."""
        good: defaultdict[tuple[date, int], float] = defaultdict(float)
        judged: defaultdict[tuple[date, int], float] = defaultdict(float)
        for (day, hour, posture), seconds in sorted(self.times.cells.items()):
            if posture in JUDGED:
                judged[day, hour] += seconds
                good[day, hour] += seconds if posture is Posture.GOOD else 0.0
        found = [
            HourFigure(day, hour, round(of, 3), round(good[day, hour], 3))
            for (day, hour), of in judged.items()
            if of >= ENOUGH_OF_AN_HOUR
        ]
        return sorted(found, key=lambda each: -each.share)

    @property
    def recovery(self) -> float | None:
        """The median of the seconds until posture was within the limits again after an alert; None if it never was."""
        took = [
            alert.took for alert in self.alerts if alert.after is After.RECOVERED and alert.took is not None
        ]
        return median(took) if took else None

    def decided(self, decision: str) -> Counter[str]:
        """Given what became of alerts (spoken, held, dropped), return how many there were by reason, most first."""
        causes = [without_end(alert.cause) for alert in self.alerts if alert.decision == decision]
        return Counter(dict(Counter(causes).most_common()))

    def judged_as(self, verdict: str) -> int:
        """Given a verdict of the person's (wrong, right), return how many alerts it was given on."""
        return sum(alert.verdict == verdict for alert in self.alerts)

    def went_on(self, after: After) -> int:
        """Given how posture may go on after an alert, return how many times it did."""
        return sum(alert.after is after for alert in self.alerts)


def summarise(log: LogReader, period: Period) -> Summary:
    """Given an open log and a period, return its figures.

    What lies around the period is read too: whose a moment is must not depend on which day is asked for, and posture is
    followed beyond an alert at the end.
    """
    since, until = period.reach
    runs = log.runs(since, until)
    around = log.intervals(since - HOUR_MS, until + round(WITHIN_S * 1000))
    states = log.states(runs, since, until)
    intervals = list(clipped(around, period))
    longest = _longest(intervals)
    ran = _ran(runs, period, _Clocks(around, states))
    in_states = time_in_states(states, around, period.clip)
    seconds = in_seconds({(it, why): ms for it, reasons in in_states.items() for why, ms in reasons.items()})
    hours = [
        row
        for row in log.hours(*_whole_hours(since, until))
        if _belongs(row.start_ms, row.offset_min, period)
    ]
    return Summary(
        period=period,
        samples=sum(each.samples for each in intervals),
        present=sum(each.samples for each in intervals if each.posture != Posture.AWAY),
        times=times_of(intervals),
        states={it: {why: seconds[it, why] for why in reasons} for it, reasons in in_states.items()},
        ran=ran.days,
        runs=ran.runs,
        longest_poor=longest.get(Posture.POOR),
        longest_good=longest.get(Posture.GOOD),
        sitting=sitting_of(intervals),
        alerts=_alerts(log, period, list(joined(around))),
        metrics=measures_of(hours),
        trend=_trend(log, period),
    )


@dataclass(frozen=True, slots=True)
class _Ran:
    days: Mapping[date, float]
    runs: int


class _Clocks:
    """By how many minutes the person's clock was ahead of UTC, as far as rows tell."""

    def __init__(self, intervals: Iterable[Interval], states: Iterable[Spell]) -> None:
        known = [(each.start_ms, each.offset_min) for each in intervals]
        known += [(each.start_ms, each.offset_min) for each in states]
        self._known = sorted(known)

    def parts(self, start: int, end: int, offset_min: int) -> Iterator[tuple[int, int, int]]:
        """Given a span and the clock at its beginning, yield it in parts of one clock each, with that clock."""
        for at_ms, now in self._known:
            if at_ms >= end:
                break
            if at_ms > start and now != offset_min:
                yield start, at_ms, offset_min
                start, offset_min = at_ms, now
        yield start, end, offset_min


def _ran(runs: Sequence[RunRow], period: Period, clocks: _Clocks) -> _Ran:
    """Return how long the monitor ran on each day of the period, and in how many runs; overlaps count once."""
    days: defaultdict[date, int] = defaultdict(int)
    there: set[int] = set()
    reached = 0
    for run in runs:
        end = run.ended_ms if run.ended_ms is not None else run.last_ms
        if end is None:
            continue
        for low, high, offset_min in clocks.parts(run.started_ms, end, run.offset_min):
            within = period.clip(max(low, reached), high, offset_min)
            if within or period.holds(low, offset_min):
                there.add(run.id)
            for day, ms in _by_day(*within, offset_min) if within else ():
                days[day] += ms
        reached = max(reached, end)
    return _Ran(in_seconds(dict(sorted(days.items()))), len(there))


def _by_day(start: int, end: int, offset_min: int) -> Iterator[tuple[date, int]]:
    """Given a span and its clock, yield by how much each day has of it."""
    while start < end:
        ahead = offset_min * MINUTE_MS
        midnight = ((start + ahead) // DAY_MS + 1) * DAY_MS - ahead
        yield local_day(start, offset_min), min(end, midnight) - start
        start = midnight


def _longest(intervals: Iterable[Interval]) -> dict[str, Stretch]:
    """Return the longest unbroken time in each posture."""
    best: dict[str, Interval] = {}
    for each in joined(intervals):
        if each.ms > (best[each.posture].ms if each.posture in best else 0):
            best[each.posture] = each
    return {
        posture: Stretch(by_clock(each.start_ms, each.offset_min), each.ms / 1000)
        for posture, each in best.items()
    }


def _alerts(log: LogReader, period: Period, intervals: Sequence[Interval]) -> tuple[SummaryAlert, ...]:
    """Return the period's alerts with what was thought of them, then or since."""
    rows = [row for row in log.alerts(*period.reach) if period.holds(row.at_ms, row.offset_min)]
    feedback = {row.alert_id: row for row in log.feedback(0, EVER)} if rows else {}
    return alerts_of(rows, feedback, intervals)


def _trend(log: LogReader, period: Period) -> tuple[Change, ...]:
    past = earlier(period)
    if not past:
        return ()
    since, until = _whole_hours(past[0].reach[0], period.reach[1])
    postures: defaultdict[date, dict[str, int]] = defaultdict(dict)
    for hour, posture, ms in log.postures(since, until):
        of_day = postures[local_day(*hour)]
        of_day[posture] = of_day.get(posture, 0) + ms
    alerts = Counter(local_day(*moment) for moment in log.alert_moments(since, until))
    days = {day: DayTotals(postures.get(day, {}), alerts[day]) for day in {*postures, *alerts}}
    return trend_of(period, days, log.hours(since, until))


def _belongs(start_ms: int, offset_min: int, period: Period) -> bool:
    """Return whether an hour is the period's: of one run, each hour that it touches."""
    if period.moments is None:
        return period.holds(start_ms, offset_min)
    return start_ms + HOUR_MS > period.moments[0] and start_ms < period.moments[1]


def _whole_hours(since: int, until: int) -> Span:
    return since - HOUR_MS, until
