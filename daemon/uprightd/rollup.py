"""An hour of samples rolled up: its posture intervals, and each metric by the minute and by the hour.

What samples are rolled up into outlives them, so it is worked out from all samples of an hour at once, the ones
around it included, and comes out the same however often and whenever that is done.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from uprightd.intervals import MINUTE_MS, Beat, Credit, Hour, Interval, Span, credit, hour_of, merge
from uprightd.metrics.bands import BANDS, Band
from uprightd.records import RollUp


@dataclass(frozen=True, slots=True)
class RolledHour:
    """What one hour of the person's clock comes to."""

    hour: Hour
    intervals: tuple[Interval, ...]
    minutes: tuple[RollUp, ...]
    hours: tuple[RollUp, ...]


def roll_up(
    hour: Hour, beats: Iterable[Beat], breaks: Mapping[int, Sequence[Span]], metrics: Sequence[str]
) -> RolledHour:
    """Given an hour, the samples in and around it in order of time, the breaks of their runs and the metrics in the
    order of the samples' values, return what the hour comes to.

    The samples must reach a pulse beyond the hour at both ends: one before it may hold into it.
    """
    credits_ = [
        each for each in credit(beats, breaks) if hour_of(each.start_ms, each.beat.offset_min) == hour
    ]
    minutes: list[RollUp] = []
    for minute, of_minute in groupby(credits_, key=lambda each: each.start_ms // MINUTE_MS):
        minutes += _rows(Hour(minute * MINUTE_MS, hour.offset_min), list(of_minute), metrics)
    return RolledHour(hour, tuple(merge(credits_)), tuple(minutes), tuple(_rows(hour, credits_, metrics)))


def touched(moments: Iterable[int], offsets: Iterable[int], reach_ms: int) -> set[Hour]:
    """Given the moments of new samples, the clocks in use around them and the longest pulse, return the hours whose
    time they may change.

    A sample says how far the one before it holds, which may lie in the hour before and go by another clock, and may
    hold into the next.
    """
    clocks = tuple(offsets)
    near = {moment + by for moment in moments for by in (-reach_ms, 0, reach_ms)}
    return {hour_of(moment, offset_min) for moment in near for offset_min in clocks}


def _rows(span: Hour, credits_: Sequence[Credit], metrics: Sequence[str]) -> list[RollUp]:
    rows = []
    lasts = [each.ms for each in credits_]
    firsts = [each.first for each in credits_]
    columns = zip(*(each.beat.values for each in credits_), strict=True)
    for name, column in zip(metrics, columns, strict=False):
        known = [each for each in zip(column, lasts, firsts, strict=True) if each[0] is not None]
        if known:
            rows.append(_row(span, name, known))
    return rows


def _row(span: Hour, metric: str, known: Sequence[tuple[float, int, bool]]) -> RollUp:
    """Given what is known of a metric as (value, milliseconds it holds, whether it is the sample's first piece)."""
    taken = [value for value, _, first in known if first]
    # Of a minute that only the last sample of the one before reaches into, that sample's value is what is known.
    values = taken or [value for value, _, _ in known]
    times = [0, 0, 0]
    bands = BANDS.get(metric)
    if bands is not None:
        for value, ms, _ in known:
            times[bands.of(value)] += ms
    return RollUp(
        span.start_ms,
        span.offset_min,
        metric,
        len(taken),
        min(values),
        statistics.median(values),
        max(values),
        sum(ms for _, ms, _ in known),
        times[Band.GOOD],
        times[Band.BORDERLINE],
        times[Band.POOR],
    )
