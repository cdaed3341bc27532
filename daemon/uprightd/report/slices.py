"""A summary cut into days, the hours of one day, or the weeks or months of a long time; and its hours of the week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from uprightd.domain import Posture
from uprightd.intervals import HOUR_MS
from uprightd.report.periods import week_name
from uprightd.report.summary import Summary
from uprightd.report.times import Cell
from uprightd.report.words import hour, on

MOST_DAYS = 31
"""More days than these are told by the week,"""
MOST_WEEKS = 26
"""and more weeks by the month."""
LITTLE_S = 300.0
"""Seconds judged of an hour of the week below which its share is not shown."""
STEPS = (0.1, 0.2, 0.35, 1.0)
"""Up to which share outside the limits each shade of a heat map goes, from the lightest to the darkest,"""
MEANINGS = ("to 10 %", "to 20 %", "to 35 %", "more")
"""and what the key to them says."""
UNJUDGED = (Posture.UNRELIABLE, Posture.AWAY)

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the period. Times in seconds; `possible` is what could have been watched of it.

    That is the time in which the monitor ran, and of an hour the whole of it.
    """

    label: str
    seconds: Mapping[Posture, float]
    possible: float

    @property
    def good(self) -> float:
        return self.seconds.get(Posture.GOOD, 0.0)

    @property
    def poor(self) -> float:
        return self.seconds.get(Posture.POOR, 0.0)

    @property
    def judged(self) -> float:
        return self.good + self.poor

    @property
    def unjudged(self) -> float:
        return sum(self.seconds.get(posture, 0.0) for posture in UNJUDGED)

    @property
    def watched(self) -> float:
        return round(self.judged + self.unjudged, 3)

    @property
    def within(self) -> float | None:
        """The share of what could be judged that was within the limits."""
        return self.good / self.judged if self.judged else None

    @property
    def coverage(self) -> float | None:
        """The share of what could have been watched that was."""
        return min(1.0, self.watched / self.possible) if self.possible else None


@dataclass(frozen=True, slots=True)
class Slices:
    """The parts of a period in order, those without anything left out. each: what one of them is called."""

    each: str
    parts: tuple[Slice, ...]

    @property
    def of_an_hour(self) -> bool:
        return self.each == "Hour"


def grouped(summary: Summary, key: Callable[[Cell], Key]) -> dict[Key, dict[Posture, float]]:
    """Given a summary and what its cells are grouped by, return the seconds of each posture by that, in one pass."""
    sums: defaultdict[Key, defaultdict[Posture, float]] = defaultdict(lambda: defaultdict(float))
    for cell, seconds in summary.times.cells.items():
        sums[key(cell)][cell.posture] += seconds
    return {at: {posture: round(of[posture], 3) for posture in of} for at, of in sums.items()}


def slices_of(summary: Summary) -> Slices:
    """Given a summary, return it in parts that fit on a page."""
    days = len(summary.period.days)
    if days == 1:
        hours = grouped(summary, lambda cell: cell.hour)
        return Slices("Hour", tuple(Slice(hour(it), hours[it], HOUR_MS / 1000) for it in sorted(hours)))
    if days <= MOST_DAYS:
        return _by(summary, "Day", lambda day: day, on)
    if days <= 7 * MOST_WEEKS:
        return _by(summary, "Week", lambda day: day - timedelta(days=day.weekday()), week_name)
    return _by(summary, "Month", lambda day: day.replace(day=1), lambda day: f"{day:%b %Y}")


def _by(summary: Summary, each: str, start: Callable[[date], date], label: Callable[[date], str]) -> Slices:
    """Given how a part is called, where the one of a day begins and what it is labelled, return the parts."""
    found = grouped(summary, lambda cell: start(cell.day))
    ran: defaultdict[date, float] = defaultdict(float)
    for day, seconds in summary.ran.items():
        ran[start(day)] += seconds
    return Slices(each, tuple(Slice(label(it), found.get(it, {}), ran[it]) for it in sorted({*found, *ran})))


@dataclass(frozen=True, slots=True)
class HourOfWeek:
    """One hour on one day of the week, over the whole period: 0 is Monday. Times in seconds."""

    weekday: int
    hour: int
    good: float
    judged: float
    watched: float

    @property
    def outside(self) -> float | None:
        """The share of what could be judged that was outside the limits."""
        return 1 - self.good / self.judged if self.judged else None

    @property
    def step(self) -> int | None:
        """Which shade it gets, None where too little could be judged for one."""
        if self.outside is None or self.judged < LITTLE_S:
            return None
        share = self.outside - 1e-9
        return next(step for step, most in enumerate(STEPS) if share <= most)


def hours_of_week(summary: Summary) -> dict[tuple[int, int], HourOfWeek]:
    """Given a summary, return each hour of the week in which anything was watched, by weekday and hour, in order."""
    found = grouped(summary, lambda cell: (cell.day.weekday(), cell.hour))
    hours = {}
    for (weekday, hour_), of in sorted(found.items()):
        good, poor = of.get(Posture.GOOD, 0.0), of.get(Posture.POOR, 0.0)
        hours[weekday, hour_] = HourOfWeek(weekday, hour_, good, good + poor, sum(of.values()))
    return hours
