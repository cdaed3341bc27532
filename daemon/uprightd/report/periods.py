"""The stretches of time a summary can be about: an ISO week, a day, the last N days, one run.

Days and weeks are the person's own, told by the clock that each row of the log was made by: a Monday in Tokyo and a
Tuesday in Berlin are one Monday and one Tuesday, whatever zone the summary is made in, and every row belongs to exactly
one day. When the clocks change, a day is an hour shorter or longer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from uprightd.errors import UsageError
from uprightd.intervals import DAY_MS, MINUTE_MS, Span

MOST_DAYS = 3660
EXPECTED = "Expected a week such as 2026-W47, a day such as 2026-11-22, or the last days such as 7d."
EPOCH = date(1970, 1, 1).toordinal()
FARTHEST_MS = 15 * 60 * MINUTE_MS
"""No clock is farther from UTC: UTC+14 and UTC-12 are the outermost."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from `first` to `last`, both included; or, for one run, the time between two moments.

    `name` is for files, `title` for people, `around` is the period as part of a sentence: "this week", "on this day".
    moments: from when to when in milliseconds since the epoch, and the days are those it touches.
    """

    name: str
    title: str
    around: str
    first: date
    last: date
    moments: Span | None = None

    @property
    def days(self) -> list[date]:
        """Every day of it, in order."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]

    @property
    def reach(self) -> Span:
        """The widest span, in milliseconds since the epoch, that it takes up by any clock."""
        if self.moments is not None:
            return self.moments
        return _midnight(self.first) - FARTHEST_MS, _midnight(self.last) + DAY_MS + FARTHEST_MS

    def bounds(self, offset_min: int) -> Span:
        """Given by how many minutes a clock is ahead of UTC, return from when to when the period is by that clock."""
        if self.moments is not None:
            return self.moments
        ahead = offset_min * MINUTE_MS
        return _midnight(self.first) - ahead, _midnight(self.last) + DAY_MS - ahead

    def in_zone(self, zone: tzinfo | None = None) -> Span:
        """Given a zone (None: the system's), return from when to when the period is by its clock."""
        if self.moments is not None:
            return self.moments
        ends = (self.first, self.last + timedelta(days=1))
        start, end = (datetime.combine(each, time.min, tzinfo=zone).astimezone(UTC) for each in ends)
        return round(start.timestamp() * 1000), round(end.timestamp() * 1000)

    def clip(self, start_ms: int, end_ms: int, offset_min: int) -> Span | None:
        """Given a span and its clock, return what of it lies in the period; None for nothing."""
        low, high = self.bounds(offset_min)
        start, end = max(start_ms, low), min(end_ms, high)
        return (start, end) if start < end else None

    def holds(self, at_ms: int, offset_min: int) -> bool:
        """Given a moment and its clock, return whether it lies in the period."""
        low, high = self.bounds(offset_min)
        return low <= at_ms < high

    def before(self, count: int) -> Period:
        """Given how many, return the period of as many days so many times before this one."""
        back = timedelta(days=count * len(self.days))
        first, last = self.first - back, self.last - back
        if first == last:
            return day(first)
        name = week_name(first) if is_week(first, last) else f"{first.isoformat()}/{last.isoformat()}"
        return Period(name, f"{_day(first)} to {_day(last)}", "in these days", first, last)


def local_day(at_ms: int, offset_min: int) -> date:
    """Given a moment and its clock, return the day it was."""
    return date.fromordinal(EPOCH + (at_ms + offset_min * MINUTE_MS) // DAY_MS)


def local_hour(at_ms: int, offset_min: int) -> int:
    """Given a moment and its clock, return the hour of the day, 0-23."""
    return (at_ms + offset_min * MINUTE_MS) % DAY_MS * 24 // DAY_MS


def parse(text: str, wall: float, zone: tzinfo | None = None) -> Period:
    """Given "2026-W47", "2026-11-22" or "7d", the time now and the zone the person is in now (None: the system's),
    return the period. Raise UsageError for anything else."""
    wanted = text.strip()
    try:
        if re.fullmatch(r"[0-9]{1,5}d", wanted):
            return last_days(int(wanted[:-1]), wall, zone)
        if re.fullmatch(r"[0-9]{4}-[Ww][0-9]{1,2}", wanted):
            year, number = wanted.upper().split("-W")
            return week(f"{year}-W{int(number):02d}")
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", wanted):
            return day(date.fromisoformat(wanted))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no period: {error}", EXPECTED) from None
    raise UsageError(f"{text!r} is no period", EXPECTED)


def week_name(when: date) -> str:
    """Given a local date, return its ISO week, such as 2026-W47."""
    year, number, _ = when.isocalendar()
    return f"{year:04d}-W{number:02d}"


def week(name: str) -> Period:
    """Given an ISO week by name, return it. Raise ValueError when the year has no such week."""
    year, number = name.split("-W")
    monday = _known(date.fromisocalendar(int(year), int(number), 1))
    sunday = monday + timedelta(days=6)
    title = f"Week {int(number)} of {int(year)}, {monday:%a} {_day(monday)} to {sunday:%a} {_day(sunday)}"
    return Period(name, title, "in this week", monday, sunday)


def is_week(first: date, last: date) -> bool:
    """Given the first and the last day of a period, return whether it is an ISO week."""
    return first.weekday() == 0 and (last - first).days == 6


def day(when: date) -> Period:
    """Given a local date, return that day. Raise ValueError for a year no log can be of."""
    title = f"{when:%A} {_day(when)} {when.year}"
    return Period(when.isoformat(), title, "on this day", _known(when), when)


def last_days(count: int, wall: float, zone: tzinfo | None = None) -> Period:
    """Given a number of days and the time now, return today and the whole days before it."""
    if not 1 <= count <= MOST_DAYS:
        raise ValueError(f"expected 1 to {MOST_DAYS} days")
    today = datetime.fromtimestamp(wall, UTC).astimezone(zone).date()
    first = today - timedelta(days=count - 1)
    begin = _day(first) if first.year == today.year else f"{_day(first)} {first.year}"
    end = _day(today) if first.year == today.year else f"{_day(today)} {today.year}"
    title = f"Last {count} days, {begin} to {end}" if count > 1 else f"Today, {_day(first)}"
    return Period(f"{count}d", title, "in these days" if count > 1 else "today", first, today)


def stretch(start: float, end: float, title: str, zone: tzinfo | None = None) -> Period:
    """Given two moments in seconds since the epoch, return the time between them, such as one run."""
    first, last = (datetime.fromtimestamp(at, UTC).astimezone(zone).date() for at in (start, end))
    return Period("stretch", title, "in this time", first, last, (round(start * 1000), round(end * 1000)))


def _known(when: date) -> date:
    if not 1970 < when.year <= 9000:
        raise ValueError("expected a year from 1971 to 9000")
    return when


def _midnight(when: date) -> int:
    """The milliseconds from the epoch to a day's first moment, by a clock that shows UTC."""
    return (when.toordinal() - EPOCH) * DAY_MS


def _day(when: date) -> str:
    return f"{when.day} {when:%b}"
