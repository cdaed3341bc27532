"""The stretches of time a summary can be about: an ISO week, a day, the last N days, one run.

Days and weeks are the person's own: they begin at local midnight, and are an hour shorter or longer when
the clocks change. A zone of None is the system's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from uprightd.errors import UsageError

MOST_DAYS = 3660
EXPECTED = "Expected a week such as 2026-W47, a day such as 2026-11-22, or the last days such as 7d."


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` (included) to `end` (not included), in local time; `name` for files, `title` for people.

    `around` is the period as part of a sentence: "this week", "on this day".
    """

    name: str
    title: str
    around: str
    start: datetime
    end: datetime
    zone: tzinfo | None

    @property
    def start_ms(self) -> int:
        return round(self.start.timestamp() * 1000)

    @property
    def end_ms(self) -> int:
        return round(self.end.timestamp() * 1000)

    @property
    def seconds(self) -> float:
        """Elapsed time; the difference of two local times would be an hour off when the clocks change."""
        return (self.end_ms - self.start_ms) / 1000


def local(wall: float, zone: tzinfo | None = None) -> datetime:
    """Given seconds since the epoch and a zone, return the local time there."""
    return datetime.fromtimestamp(wall, UTC).astimezone(zone)


def parse(text: str, wall: float, zone: tzinfo | None = None) -> Period:
    """Given "2026-W47", "2026-11-22" or "7d" and the time now, return the period. Raise UsageError else."""
    wanted = text.strip()
    try:
        if re.fullmatch(r"[0-9]{1,5}d", wanted):
            return last_days(int(wanted[:-1]), wall, zone)
        if re.fullmatch(r"[0-9]{4}-[Ww][0-9]{1,2}", wanted):
            year, number = wanted.upper().split("-W")
            return week(f"{year}-W{int(number):02d}", zone)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", wanted):
            return day(date.fromisoformat(wanted), zone)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no period: {error}", EXPECTED) from None
    raise UsageError(f"{text!r} is no period", EXPECTED)


def week_name(when: date) -> str:
    """Given a local date, return its ISO week, such as 2026-W47."""
    year, number, _ = when.isocalendar()
    return f"{year:04d}-W{number:02d}"


def week(name: str, zone: tzinfo | None = None) -> Period:
    """Given an ISO week by name, return it. Raise ValueError when the year has no such week."""
    year, number = name.split("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    sunday = monday + timedelta(days=6)
    title = f"Week {int(number)} of {int(year)}, {monday:%a} {_day(monday)} to {sunday:%a} {_day(sunday)}"
    return Period(
        name,
        title,
        "in this week",
        _midnight(monday, zone),
        _midnight(monday + timedelta(days=7), zone),
        zone,
    )


def day(when: date, zone: tzinfo | None = None) -> Period:
    """Given a local date, return that day."""
    title = f"{when:%A} {_day(when)} {when.year}"
    end = _midnight(when + timedelta(days=1), zone)
    return Period(when.isoformat(), title, "on this day", _midnight(when, zone), end, zone)


def last_days(count: int, wall: float, zone: tzinfo | None = None) -> Period:
    """Given a number of days and the time now, return today so far and the whole days before it."""
    if not 1 <= count <= MOST_DAYS:
        raise ValueError(f"expected 1 to {MOST_DAYS} days")
    now = local(wall, zone)
    first = now.date() - timedelta(days=count - 1)
    title = (
        f"Last {count} days, {_day(first)} to {_day(now.date())}" if count > 1 else f"Today, {_day(first)}"
    )
    around = "in these days" if count > 1 else "today"
    return Period(f"{count}d", title, around, _midnight(first, zone), now, zone)


def stretch(start: float, end: float, title: str, zone: tzinfo | None = None) -> Period:
    """Given two moments in seconds since the epoch, return the time between them, such as one run."""
    return Period("stretch", title, "in this time", local(start, zone), local(end, zone), zone)


def _midnight(when: date, zone: tzinfo | None) -> datetime:
    """Given a local date, return its first moment.

    Where the clocks are set at midnight, 00:00 may be there twice (the first is meant) or not at all (the
    moment of the change is meant); fold=0, the default, is right in both.
    """
    if not 1970 <= when.year <= 9000:
        raise ValueError("expected a year from 1970 to 9000")
    if zone is None:
        return datetime.combine(when, time.min).astimezone()
    return datetime.combine(when, time.min, tzinfo=zone)


def _day(when: date) -> str:
    return f"{when.day} {when:%b}"
