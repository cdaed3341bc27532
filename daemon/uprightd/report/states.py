"""The time a period has in each state of the monitor and for which reason; no moment counts twice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from uprightd.domain import Activity
from uprightd.intervals import Interval, Span
from uprightd.spells import Spell

Clip = Callable[[int, int, int], Span | None]
"""Given a span in milliseconds and its clock's minutes ahead of UTC, what of it lies in the period."""


def time_in_states(
    states: Iterable[Spell], intervals: Iterable[Interval], clip: Clip
) -> dict[Activity, dict[str, int]]:
    """Given the states, what was watched, in order, and the period, return the milliseconds in each state.

    They are given by reason, the longest first. Both must reach beyond the period: whose a moment is, is decided
    before the period is cut out, so that days add up to their week.
    """
    watched: dict[int, list[Interval]] = {}
    for interval in intervals:
        if interval.ms:
            watched.setdefault(interval.run, []).append(interval)
    pieces = []
    for spell in states:
        for start, end, offset_min in _pieces(spell, watched.get(spell.run, ())):
            pieces.append((start, end, offset_min, spell.activity, spell.reason))
    found: dict[Activity, dict[str, int]] = {activity: {} for activity in Activity}
    reached = 0
    for start, end, offset_min, activity, reason in sorted(pieces):
        low = max(start, reached)
        reached = max(reached, end)
        within = clip(low, end, offset_min) if low < end else None
        if within is not None:
            reasons = found[activity]
            reasons[reason] = reasons.get(reason, 0) + within[1] - within[0]
    return {activity: _longest_first(reasons) for activity, reasons in found.items()}


def _pieces(spell: Spell, watched: Sequence[Interval]) -> Iterator[tuple[int, int, int]]:
    """Given a spell and what was watched in its run, yield the parts of it that count, each with its clock."""
    if not spell.sampled:
        yield spell.start_ms, spell.end_ms, spell.offset_min
        return
    for index in range(bisect_right(watched, spell.start_ms, key=lambda each: each.end_ms), len(watched)):
        interval = watched[index]
        if interval.start_ms >= spell.end_ms:
            return
        start, end = max(interval.start_ms, spell.start_ms), min(interval.end_ms, spell.end_ms)
        yield start, end, interval.offset_min


def _longest_first(reasons: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
