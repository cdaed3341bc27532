"""Samples turned into time: each says how things are until the next one, and gaps belong to nobody.

A sample holds from its moment until the next sample of the same run. If that one comes within the pulse, the time
between the two belongs to the earlier one; if it comes later, the monitor was asleep, stopped or blind, and the time
belongs to nobody. So a total is always elapsed time between real samples, never a count times a period, and a crash
loses no more than one beat. (The idea is ActivityWatch's heartbeat merge.)

Times are whole milliseconds since the epoch, so that sums are exact. Hours and days are the person's own: each sample
carries by how many minutes its clock was ahead of UTC, and what it is credited with is cut at the full hours of that
clock. Nothing here asks what zone anybody is in now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

Span = tuple[int, int]
"""From when to when, in milliseconds since the epoch."""
NO_BREAKS: Mapping[int, Sequence[Span]] = {}


class Beat(NamedTuple):
    """One sample: when, by a clock how many minutes ahead of UTC, of which run, in what posture.

    pulse_ms: the longest gap up to the next one that still counts as watched. values: what was measured, in an order
    that the caller knows.
    """

    at_ms: int
    offset_min: int
    run: int
    posture: str
    pulse_ms: int
    values: Sequence[float | None] = ()


class Credit(NamedTuple):
    """Time from `start_ms` to `end_ms` that belongs to a sample. `first` holds for one of a sample's pieces only."""

    start_ms: int
    end_ms: int
    beat: Beat
    first: bool

    @property
    def ms(self) -> int:
        return self.end_ms - self.start_ms


class Interval(NamedTuple):
    """Time in one posture, within one hour of the person's clock; empty when nothing followed its only sample."""

    start_ms: int
    end_ms: int
    offset_min: int
    run: int
    posture: str
    samples: int

    @property
    def ms(self) -> int:
        return self.end_ms - self.start_ms


class Hour(NamedTuple):
    """An hour of the person's clock: where it begins, and how many minutes that clock is ahead of UTC."""

    start_ms: int
    offset_min: int


def pulse_for(seconds_per_sample: float) -> float:
    """Given a sampling period, return the longest gap, in seconds, that still counts as watched.

    Three periods: two samples may be missing. At least 5 s: a slow frame is no absence.
    """
    return max(3.0 * seconds_per_sample, 5.0)


def hour_of(at_ms: int, offset_min: int) -> Hour:
    """Given a moment and its clock, return the hour it lies in."""
    ahead = offset_min * MINUTE_MS
    return Hour((at_ms + ahead) // HOUR_MS * HOUR_MS - ahead, offset_min)


def credit(beats: Iterable[Beat], breaks: Mapping[int, Sequence[Span]] = NO_BREAKS) -> Iterator[Credit]:
    """Given samples in order of time, and by run the breaks in which nothing counts, yield whose time is whose.

    What is yielded is in order, never overlaps and is cut at full minutes, so at full hours of any clock. A sample
    that is not later than the one before it of its run (a clock set back, a row read twice) is passed over, and where
    two runs claim the same time the first has it. Every other sample comes once at least, for no time at all where
    none is its own.
    """
    reached = None
    for start, end, beat in _claims(beats):
        begin = start if reached is None else max(start, reached)
        if begin > end or (begin == end and begin > start):
            continue
        reached = end
        first = True
        for low, high in _outside(begin, end, breaks.get(beat.run, ())):
            for cut_low, cut_high in _by_minute(low, high):
                yield Credit(cut_low, cut_high, beat, first)
                first = False
        if first:
            yield Credit(begin, begin, beat, first)


def _claims(beats: Iterable[Beat]) -> list[tuple[int, int, Beat]]:
    """Given samples in order of time, return from when to when each holds, in order."""
    runs: dict[int, list[Beat]] = {}
    for beat in beats:
        of_run = runs.setdefault(beat.run, [])
        if not of_run or beat.at_ms > of_run[-1].at_ms:
            of_run.append(beat)
    claims = []
    for of_run in runs.values():
        for beat, after in pairwise(of_run):
            linked = after.at_ms - beat.at_ms <= beat.pulse_ms
            claims.append((beat.at_ms, after.at_ms if linked else beat.at_ms, beat))
        claims.append((of_run[-1].at_ms, of_run[-1].at_ms, of_run[-1]))
    if len(runs) > 1:
        claims.sort(key=lambda claim: (*claim[:2], claim[2].run))
    return claims


def _outside(start: int, end: int, breaks: Sequence[Span]) -> Iterator[Span]:
    """Given a span and breaks in order, yield what of the span lies in none of them."""
    for low, high in breaks:
        if low >= end:
            break
        if high > start:
            if start < low:
                yield start, low
            start = high
    if start < end:
        yield start, end


def _by_minute(start: int, end: int) -> Iterator[Span]:
    edge = (start // MINUTE_MS + 1) * MINUTE_MS
    while edge < end:
        yield start, edge
        start, edge = edge, edge + MINUTE_MS
    yield start, end


def merge(credits_: Iterable[Credit]) -> Iterator[Interval]:
    """Given what `credit` yields, yield the intervals it makes up: one posture, one run, one hour, no gap."""
    last: Interval | None = None
    for start, end, beat, first in credits_:
        if last is not None and _continues(last, start, beat):
            last = Interval(last.start_ms, end, last.offset_min, last.run, last.posture, last.samples + first)
            continue
        if last is not None:
            yield last
        last = Interval(start, end, beat.offset_min, beat.run, beat.posture, int(first))
    if last is not None:
        yield last


def _continues(last: Interval, start: int, beat: Beat) -> bool:
    return (
        start == last.end_ms
        and (beat.run, beat.posture, beat.offset_min) == (last.run, last.posture, last.offset_min)
        and hour_of(start, beat.offset_min) == hour_of(last.start_ms, last.offset_min)
    )
