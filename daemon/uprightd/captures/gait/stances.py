"""From strikes and toe-offs to the times in which a foot is on the floor, for drawing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from uprightd.gait.model import Event, EventKind, Side

MARK = 0.05
"""Seconds as wide as a strike is drawn whose stance is not known."""
LONGEST = 3.0
"""Seconds of one stance beyond which an event was missed in between."""


def stances(events: Iterable[Event], side: Side, span: tuple[float, float]) -> list[tuple[float, float]]:
    """Given events, a side and the begin and end of what was seen in seconds, return its stances (begin, end).

    A stance whose strike or toe-off lies outside of what was seen is left out.
    """
    own = sorted((event for event in events if event.side is side), key=lambda event: event.t)
    return [
        (one.t, other.t)
        for one, other in itertools.pairwise(own)
        if one.kind is EventKind.STRIKE
        and other.kind is EventKind.OFF
        and other.t - one.t < LONGEST
        and span[0] <= one.t <= other.t <= span[1]
    ]


def floor_times(events: Iterable[Event], side: Side, span: tuple[float, float]) -> list[tuple[float, float]]:
    """Given the same, return what to draw of a foot on the floor: its stances; where toe-offs are not seen (from the
    front, from behind), a short mark at each strike."""
    events = list(events)
    if any(event.kind is EventKind.OFF for event in events):
        return stances(events, side, span)
    return [(event.t, event.t + MARK) for event in events if event.side is side]
