"""How one day went, minute by minute: what the summary of a single day shows besides its sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from uprightd.domain import Posture
from uprightd.intervals import DAY_MS, HOUR_MS, MINUTE_MS
from uprightd.metrics.bands import BANDS
from uprightd.report.periods import Period
from uprightd.report.times import clipped, joined

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

DAY_MINUTES = DAY_MS // MINUTE_MS


class Piece(NamedTuple):
    """Time in one posture, in minutes after midnight by the clock of then. In the hour that the clocks are set back
    over, two pieces may lie on each other."""

    start: float
    end: float
    posture: Posture


class Minute(NamedTuple):
    """A metric in one minute of the day, counted from midnight."""

    minute: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Course:
    """One day in order: postures, and each metric with bands as far as its minutes are kept."""

    pieces: tuple[Piece, ...]
    minutes: Mapping[str, tuple[Minute, ...]]

    @property
    def hours(self) -> range:
        """The hours of the day from the first to the last in which anything was watched."""
        return range(
            int(self.pieces[0].start // 60), int((max(it.end for it in self.pieces) - 1e-9) // 60) + 1
        )


def course_of(log: LogReader, period: Period) -> Course | None:
    """Given an open log and a period, return how it went; None for more than a day, and where nothing was watched."""
    if period.moments is not None or len(period.days) != 1:
        return None
    since, until = period.reach
    pieces = [
        Piece(*_minutes(each.start_ms, each.end_ms, each.offset_min), Posture(each.posture))
        for each in joined(clipped(log.intervals(since - HOUR_MS, until), period))
        if each.ms
    ]
    if not pieces:
        return None
    by_metric: defaultdict[str, list[Minute]] = defaultdict(list)
    for row in log.minutes(since, until):
        if row.metric in BANDS and period.holds(row.start_ms, row.offset_min):
            at = int(_minutes(row.start_ms, row.start_ms, row.offset_min)[0])
            by_metric[row.metric].append(Minute(at, row.low, row.median, row.high))
    return Course(
        tuple(sorted(pieces)), {name: tuple(by_metric[name]) for name in BANDS if name in by_metric}
    )


def _minutes(start_ms: int, end_ms: int, offset_min: int) -> tuple[float, float]:
    """Given a span and its clock, return it in minutes after midnight; its end may be midnight, 1440."""
    start = (start_ms / MINUTE_MS + offset_min) % DAY_MINUTES
    return start, start + (end_ms - start_ms) / MINUTE_MS
