"""What the samples come to, read from the log: as it was rolled up, and worked out anew for the hours since."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from uprightd.intervals import HOUR_MS, Hour, Interval, hour_of
from uprightd.records import RollUp
from uprightd.rollup import RolledHour
from uprightd.store import failures
from uprightd.store.schema import PARTS
from uprightd.store.unrolled import Fresh, Unrolled

_INTERVALS = (
    "SELECT start_ms, end_ms, offset_min, run_id, posture, samples FROM intervals"
    " WHERE start_ms >= ? AND start_ms < ? ORDER BY start_ms, end_ms"
)
_POSTURES = (
    "SELECT (start_ms + offset_min * 60000) / 3600000 * 3600000 - offset_min * 60000, offset_min, posture,"
    " sum(end_ms - start_ms) FROM intervals WHERE start_ms >= ? AND start_ms < ? GROUP BY 1, 2, 3 ORDER BY 1"
)
_ROLL_UPS = (
    "SELECT start_ms, offset_min, metric, samples, low, median, high, known_ms, good_ms, borderline_ms, poor_ms"
    " FROM {} JOIN measures ON measures.id = measure_id WHERE start_ms >= ? AND start_ms < ?"
    " ORDER BY start_ms, measure_id"
)


Row = TypeVar("Row", Interval, RollUp)


class PostureHour(NamedTuple):
    """How long one posture lasted in one hour of the person's clock."""

    hour: Hour
    posture: str
    ms: int


class Summed:
    """Reads from an open log. Periods are half open, in milliseconds since the epoch; the start of a row decides."""

    def __init__(self, path: Path, connection: sqlite3.Connection, metrics: Sequence[str]) -> None:
        self.path = path
        self._connection = connection
        self._unrolled = Unrolled(connection, metrics)
        self._fresh: Fresh | None = None
        self._rolled: dict[Hour, RolledHour] = {}

    def fresh(self) -> Fresh:
        """Return which hours the log has not rolled up since their samples came."""
        if self._fresh is None:
            with self._naming():
                self._fresh = self._unrolled.fresh()
        return self._fresh

    def rolled(self, hour: Hour) -> RolledHour:
        """Given one of the fresh hours, return what its samples come to."""
        if hour not in self._rolled:
            with self._naming():
                self._rolled[hour] = self._unrolled.rolled(hour)
        return self._rolled[hour]

    def intervals(self, since_ms: int, until_ms: int) -> list[Interval]:
        """Given a period, return the time in each posture that begins in it, in order; none overlaps another."""
        fresh = self._fresh_in(since_ms, until_ms)
        found = [
            each
            for each in map(Interval._make, self._rows(_INTERVALS, since_ms, until_ms))
            if not fresh or hour_of(each.start_ms, each.offset_min) not in fresh
        ]
        if fresh:
            found += _within(fresh, since_ms, until_ms, lambda rolled: rolled.intervals)
            found.sort(key=lambda each: (each.start_ms, each.end_ms))
        return found

    def first_watched(self) -> tuple[int, int] | None:
        """Return when anything was watched first and its clock's minutes ahead of UTC, None for never."""
        found = next(self._rows("SELECT start_ms, offset_min FROM intervals ORDER BY start_ms LIMIT 1"), None)
        fresh = [Hour(*found)] if found else []
        return min([*fresh, *self.fresh().hours], default=None)

    def postures(self, since_ms: int, until_ms: int) -> list[PostureHour]:
        """Given a period of whole hours, return how long each posture lasted in each hour."""
        fresh = self._fresh_in(since_ms, until_ms)
        rows = self._rows(_POSTURES, since_ms, until_ms)
        found = [PostureHour(Hour(start, offset), posture, ms) for start, offset, posture, ms in rows]
        found = [each for each in found if each.hour not in fresh]
        for rolled in fresh.values():
            times: defaultdict[str, int] = defaultdict(int)
            for interval in rolled.intervals:
                times[interval.posture] += interval.ms
            found += [PostureHour(rolled.hour, posture, ms) for posture, ms in times.items()]
        return sorted(found)

    def hours(self, since_ms: int, until_ms: int) -> list[RollUp]:
        """Given a period, return each metric by the hour."""
        return self._roll_ups("hours", since_ms, until_ms, lambda rolled: rolled.hours)

    def minutes(self, since_ms: int, until_ms: int) -> list[RollUp]:
        """Given a period, return each metric by the minute, as far as the minutes are kept."""
        return self._roll_ups("minutes", since_ms, until_ms, lambda rolled: rolled.minutes)

    def _roll_ups(
        self, table: str, since_ms: int, until_ms: int, part: Callable[[RolledHour], Iterable[RollUp]]
    ) -> list[RollUp]:
        fresh = self._fresh_in(since_ms, until_ms)
        found = []
        for start, offset, metric, samples, low, median, high, *times in self._rows(
            _ROLL_UPS.format(table), since_ms, until_ms
        ):
            if not fresh or hour_of(start, offset) not in fresh:
                values = (low / PARTS, median / PARTS, high / PARTS)
                found.append(RollUp(start, offset, metric, samples, *values, *times))
        if fresh:
            found += _within(fresh, since_ms, until_ms, part)
            found.sort(key=lambda row: row.start_ms)
        return found

    def _fresh_in(self, since_ms: int, until_ms: int) -> dict[Hour, RolledHour]:
        return {
            hour: self.rolled(hour)
            for hour in self.fresh().hours
            if since_ms - HOUR_MS < hour.start_ms < until_ms
        }

    def _rows(self, query: str, *values: int) -> Iterator[tuple]:
        with self._naming():
            yield from self._connection.execute(query, values)

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        """Whatever SQLite raises while reading names the file."""
        try:
            yield
        except sqlite3.Error as error:
            raise failures.unreadable(self.path, error) from error


def _within(
    fresh: dict[Hour, RolledHour], since_ms: int, until_ms: int, part: Callable[[RolledHour], Iterable[Row]]
) -> Iterator[Row]:
    for rolled in fresh.values():
        yield from (row for row in part(rolled) if since_ms <= row.start_ms < until_ms)
