"""Sitting stretches and breaks: how long somebody was there at a time, and how long away in between.

Both go by what was seen: being away from the camera is a break, whatever one does there. Time that nobody watched is
neither, and ends a stretch like a break does, for nobody saw that there was none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from uprightd.domain import Posture
from uprightd.intervals import Interval
from uprightd.report.moments import by_clock

BREAK_S = 120.0
"""Away for this long ends a stretch, as in the desk pack's rule; a shorter absence only does not count."""
ADVISED_S = 3000.0
"""50 minutes of sitting at a time: CCOHS, as the desk pack cites it."""
SHORTEST_S = 60.0
"""Somebody who passes by does not sit."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """An unbroken time: when it began, by the clock of then, and how many seconds it lasted."""

    start: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class Sitting:
    """The stretches and the breaks between two of them on one day, each in order."""

    stretches: tuple[Stretch, ...]
    breaks: tuple[Stretch, ...]

    @property
    def longest(self) -> Stretch | None:
        return max(self.stretches, key=lambda each: each.seconds, default=None)

    @property
    def usual(self) -> float | None:
        """The median length of a stretch in seconds."""
        return median(each.seconds for each in self.stretches) if self.stretches else None

    @property
    def usual_break(self) -> float | None:
        return median(each.seconds for each in self.breaks) if self.breaks else None

    @property
    def too_long(self) -> int:
        """How many stretches lasted longer than is advised."""
        return sum(each.seconds > ADVISED_S for each in self.stretches)


class _Seat:
    """Somebody who sits down, leaves for a moment, and gets up."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self.breaks: list[Stretch] = []
        self._began: datetime | None = None
        self._sat = 0
        self._away: list[Interval] = []
        self._unseen_ms = 0

    def sits(self, interval: Interval) -> None:
        away = sum(each.ms for each in self._away)
        if away >= BREAK_S * 1000:
            left = by_clock(self._away[0].start_ms, self._away[0].offset_min)
            here = by_clock(interval.start_ms, interval.offset_min)
            self.gets_up()
            if self.stretches and left.date() == here.date():
                self.breaks.append(Stretch(left, round(away / 1000, 3)))
        elif away + self._unseen_ms >= BREAK_S * 1000:
            self.gets_up()
        self._away, self._unseen_ms = [], 0
        if self._began is None:
            self._began = by_clock(interval.start_ms, interval.offset_min)
        self._sat += interval.ms

    def leaves(self, interval: Interval) -> None:
        self._away.append(interval)

    def unseen(self, gap_ms: int) -> None:
        """Nobody watched for a while: what was before it is over where, with the absence around it, it could have been
        a break."""
        self._unseen_ms += gap_ms
        if gap_ms >= BREAK_S * 1000:
            self.gets_up()
            self._away, self._unseen_ms = [], 0

    def gets_up(self) -> None:
        if self._began is not None and self._sat >= SHORTEST_S * 1000:
            self.stretches.append(Stretch(self._began, round(self._sat / 1000, 3)))
        self._began, self._sat = None, 0


def sitting_of(intervals: Iterable[Interval]) -> Sitting:
    """Given the intervals of a period in order, return who sat for how long."""
    seat = _Seat()
    reached: int | None = None
    for interval in intervals:
        if reached is not None and interval.start_ms > reached:
            seat.unseen(interval.start_ms - reached)
        reached = interval.end_ms
        if interval.posture == Posture.AWAY:
            seat.leaves(interval)
        elif interval.ms:
            seat.sits(interval)
    seat.gets_up()
    return Sitting(tuple(seat.stretches), tuple(seat.breaks))
