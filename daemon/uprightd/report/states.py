"""How long the monitor was in each of its states, and why: from its changes of state, and from its samples.

A state lasts from one change to the next of the same run. While it watches (watching, away, unreliable, uncalibrated)
only time between samples counts, so a sleep belongs to nobody. A pause or a fault has no samples: it counts by the
clock, also where the machine sleeps in it, and is nobody's posture. A run that was killed has no end: of its last
state nothing counts that no sample bears out.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from operator import attrgetter

from uprightd.domain import Activity
from uprightd.intervals import Interval
from uprightd.records import RunRow, TransitionRow

WITHOUT_SAMPLES = (Activity.PAUSED, Activity.DEGRADED)

Span = tuple[float, float]
"""From when to when, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One run in one state, from `start` to `end` in seconds since the epoch; infinity where no end was stored."""

    start: float
    end: float
    run: int
    activity: Activity
    reason: str

    @property
    def sampled(self) -> bool:
        return self.activity not in WITHOUT_SAMPLES


def spells(changes: Iterable[TransitionRow], runs: Iterable[RunRow]) -> list[Spell]:
    """Given changes of state and their runs, return how long each state lasted, those without any time left out.

    The changes of a run are taken in the order in which they were stored: its clock may have been set back.
    """
    ends = {run.id: math.inf if run.ended_ms is None else run.ended_ms / 1000 for run in runs}
    found = []
    for run, rows in groupby(sorted(changes, key=attrgetter("run_id", "id")), key=attrgetter("run_id")):
        for row, after in pairwise([*rows, None]):
            assert row is not None
            start, activity = row.at_ms / 1000, Activity(row.activity)
            end = min(ends.get(run, math.inf), math.inf if after is None else after.at_ms / 1000)
            if math.isinf(end) and activity in WITHOUT_SAMPLES:
                continue
            if start < end:
                found.append(Spell(start, end, run, activity, _cause(activity, row.reason)))
    return found


def outside(intervals: Iterable[Interval], states: Iterable[Spell]) -> Iterator[Interval]:
    """Given intervals in order and the states, yield what of the intervals lies in no pause and no fault of its run."""
    breaks: dict[int, list[Span]] = {}
    for spell in sorted((each for each in states if not each.sampled), key=attrgetter("start")):
        breaks.setdefault(spell.run, []).append((spell.start, spell.end))
    merged = {run: _merged(spans) for run, spans in breaks.items()}
    for interval in intervals:
        start = interval.start
        for low, high in _about(merged.get(interval.run, ()), interval.start, interval.end):
            if start < low:
                yield replace(interval, start=start, end=low)
            start = high
        if start < interval.end:
            yield replace(interval, start=start)


def time_in_states(
    states: Iterable[Spell], watched: Mapping[int, Sequence[Span]], since: float, until: float
) -> dict[Activity, dict[str, float]]:
    """Given the states, by run the spans between samples in order, and a period, return the seconds in each state.

    They are given by reason, the longest first; no moment counts twice.
    """
    pieces = []
    for spell in states:
        spans = watched.get(spell.run, ()) if spell.sampled else ((spell.start, spell.end),)
        for start, end in _about(spans, spell.start, spell.end):
            pieces.append((max(start, spell.start), min(end, spell.end), spell.activity, spell.reason))
    found: dict[Activity, dict[str, float]] = {activity: {} for activity in Activity}
    reached = -math.inf
    for start, end, activity, reason in sorted(pieces):
        # What two claim goes to the first: decided before the period is cut out, so that days add up to their week.
        low, high = max(start, reached, since), min(end, until)
        reached = max(reached, end)
        if low < high:
            reasons = found[activity]
            reasons[reason] = reasons.get(reason, 0.0) + high - low
    return {activity: _longest_first(reasons) for activity, reasons in found.items()}


def joined(intervals: Iterable[Interval], into: dict[int, list[Span]]) -> Iterator[Interval]:
    """Given intervals in order, pass them on and note in `into` by run the spans they make up."""
    for interval in intervals:
        spans = into.setdefault(interval.run, [])
        if spans and spans[-1][1] == interval.start:
            spans[-1] = (spans[-1][0], interval.end)
        elif interval.start < interval.end:
            spans.append((interval.start, interval.end))
        yield interval


def without_end(reason: str) -> str:
    """Given a reason such as "by you, until Tue 14:00", return it without its end: "by you"."""
    return reason.partition(" until ")[0].rstrip(",")


def _cause(activity: Activity, reason: str) -> str:
    return without_end(reason) if activity is Activity.PAUSED else reason


def _longest_first(reasons: Mapping[str, float]) -> dict[str, float]:
    rounded = {reason: round(seconds, 3) for reason, seconds in reasons.items()}
    return dict(sorted(rounded.items(), key=lambda item: (-item[1], item[0])))


def _about(spans: Sequence[Span], start: float, end: float) -> Iterator[Span]:
    """Given spans in order that do not overlap, yield those that reach into the time from `start` to `end`."""
    for index in range(bisect_right(spans, start, key=lambda span: span[1]), len(spans)):
        if spans[index][0] >= end:
            return
        yield spans[index]


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Given spans in order of their start, return them with those that overlap made one."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
