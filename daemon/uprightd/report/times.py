"""Time by day, hour and posture, in figures that add up wherever they are shown.

Every total of a summary is the sum of the same cells, and each cell is given whole seconds in such a way that they add
up to the whole: rounded one by one, the rows of a table would miss their own total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeVar

from uprightd.domain import Posture
from uprightd.intervals import Interval
from uprightd.report.periods import Period, local_day, local_hour

WHOLE_FROM_MS = 600_000
"""From so much time on seconds are whole; below, a tenth of one matters."""
JUDGED = (Posture.GOOD, Posture.POOR)
_POSTURES = {posture.value: posture for posture in Posture}

Key = TypeVar("Key", bound=Hashable)


class Cell(NamedTuple):
    """One posture in one hour of one day, by the clock of then."""

    day: date
    hour: int
    posture: Posture


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds by cell, and sums over them."""

    cells: Mapping[Cell, float]

    def total(self, *postures: Posture, day: date | None = None, hour: int | None = None) -> float:
        """Given postures (none: all), and a day or an hour to keep to, return their seconds."""
        wanted = postures or tuple(Posture)
        return _tidy(
            sum(
                seconds
                for cell, seconds in self.cells.items()
                if cell.posture in wanted and day in (None, cell.day) and hour in (None, cell.hour)
            )
        )

    def by_posture(self) -> dict[Posture, float]:
        """Return the seconds of each posture, all four always there."""
        return {posture: self.total(posture) for posture in Posture}

    def hours(self) -> list[tuple[date, int]]:
        """Return the hours in which anything was watched, in order."""
        return sorted({(cell.day, cell.hour) for cell in self.cells})


def times_of(intervals: Iterable[Interval]) -> Times:
    """Given intervals that lie in the period, each within one hour of its clock, return their time by cell."""
    sums: defaultdict[Cell, int] = defaultdict(int)
    for each in intervals:
        if each.ms:
            cell = Cell(
                local_day(each.start_ms, each.offset_min),
                local_hour(each.start_ms, each.offset_min),
                _POSTURES[each.posture],
            )
            sums[cell] += each.ms
    return Times(in_seconds(sums))


def in_seconds(parts: Mapping[Key, int]) -> dict[Key, float]:
    """Given milliseconds by part, return seconds that add up to their rounded sum: whole ones where there are many.

    What rounding down leaves over goes to the parts that lost most by it (the largest remainder method).
    """
    whole = sum(parts.values())
    if whole < WHOLE_FROM_MS:
        return {key: ms / 1000 for key, ms in parts.items()}
    seconds = {key: ms // 1000 for key, ms in parts.items()}
    left = round(whole / 1000) - sum(seconds.values())
    for key in sorted(parts, key=lambda key: parts[key] % 1000, reverse=True)[:left]:
        seconds[key] += 1
    return {key: float(value) for key, value in seconds.items()}


def clipped(intervals: Iterable[Interval], period: Period) -> Iterator[Interval]:
    """Given intervals, yield what of them lies in the period."""
    for each in intervals:
        low, high = period.bounds(each.offset_min)
        if each.start_ms >= low and each.end_ms <= high and each.start_ms < high:
            yield each
        elif each.end_ms > low and each.start_ms < high:
            yield each._replace(start_ms=max(each.start_ms, low), end_ms=min(each.end_ms, high))


def joined(intervals: Iterable[Interval]) -> Iterator[Interval]:
    """Given intervals in order, yield them with those made one that the end of an hour alone had cut."""
    last: Interval | None = None
    for each in intervals:
        if (
            last is not None
            and last.end_ms == each.start_ms
            and (last.run, last.posture) == (each.run, each.posture)
        ):
            last = last._replace(end_ms=each.end_ms, samples=last.samples + each.samples)
            continue
        if last is not None:
            yield last
        last = each
    if last is not None:
        yield last


def _tidy(seconds: float) -> float:
    return round(seconds, 3)
