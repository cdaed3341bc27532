"""Quiet hours: times of day in which nothing is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one local time of day to another; an end that is not later than the start is on the next day.

    days: weekdays (Monday is 0) on which they begin; none for all.
    """

    start: time
    end: time
    days: frozenset[int] = frozenset()

    def holds(self, local: datetime) -> bool:
        """Given a local moment, return whether it is quiet.

        `local` carries the person's zone; without one it is in the system's own. Where the clocks change, quiet
        hours still begin once and end once: when the clock first shows the time of day, or leaps over it.
        """
        today = local.date()
        return any(self._hold(day, local) for day in (today, today - timedelta(days=1)))

    def _hold(self, day: date, local: datetime) -> bool:
        """Given the day on which they would have begun and a local moment, return whether they hold."""
        if self.days and day.weekday() not in self.days:
            return False
        last = day + timedelta(days=int(self.end <= self.start))
        begun = _passed(datetime.combine(day, self.start), local)
        return begun and not _passed(datetime.combine(last, self.end), local)


def _passed(moment: datetime, local: datetime) -> bool:
    """Given a date and time of day and a local moment, return whether the clock has come to the first by then.

    What is shown decides about a time that the clocks leap over; UTC about a time that they show twice, the
    second time long after it has passed.
    """
    if local.replace(tzinfo=None) >= moment:
        return True
    return moment.replace(tzinfo=local.tzinfo, fold=0).astimezone(UTC) <= local.astimezone(UTC)
