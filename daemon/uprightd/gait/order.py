"""Events held against each other: the order of a walk, what a second method says, and the confidence from both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from uprightd.gait.model import Agreement, Event, EventKind, Side
from uprightd.gait.motion import Motion
from uprightd.gait.sagittal import Candidate

MATCH = 0.15
"""Seconds within which two methods mean the same event, their usual difference aside."""
SAME = 0.05
"""Seconds beyond that difference up to which they agree."""
AROUND = 0.1
"""Seconds about an event in which its foot should have been measured and not filled in."""
UNCONFIRMED = 0.7
"""What is left of the confidence when no second method sees the event, or sees it elsewhere."""
DISORDERED = 0.6
"""Likewise when it stands out of order."""


@dataclass(frozen=True, slots=True)
class Judged:
    events: tuple[Event, ...]
    agreement: Agreement | None
    disordered: int
    """How many events stand out of the order right strike, left off, left strike, right off."""


def judge(
    found: Sequence[Candidate],
    others: Sequence[Sequence[Candidate]],
    motion: Motion,
    stride: float,
    names: tuple[str, str],
) -> Judged:
    """Given the events of the method used and of others, the motion, the stride in seconds (0: unknown) and the names
    of the method and of the first of the others, return the events that can be true together, with their confidence.

    An event is confirmed when any other method has it where that method usually has it.
    """
    kept = _alternating(sorted(found), stride)
    every = [_matches(kept, other) for other in others]
    confirmed = set().union(*(_confirmed(kept, matches) for matches in every))
    wrong = _out_of_order(kept)
    events = []
    for place, candidate in enumerate(kept):
        confidence = (0.5 + 0.5 * candidate.clear) * _measured(motion, candidate)
        if place not in confirmed:
            confidence *= UNCONFIRMED
        if place in wrong:
            confidence *= DISORDERED
        events.append(Event(candidate.t, candidate.side, candidate.kind, round(float(confidence), 3)))
    agreement = _agreement(names, kept, every[0]) if others and others[0] else None
    return Judged(tuple(events), agreement, len(wrong))


def _alternating(found: list[Candidate], stride: float) -> list[Candidate]:
    """Return the candidates without second ones: a foot strikes once, and comes off once, in most of a stride; and the
    feet take turns."""
    kept: list[Candidate] = []
    for kind in EventKind:
        row: list[Candidate] = []
        for candidate in (it for it in found if it.kind is kind):
            row.append(candidate)
            while len(row) > 1 and _doubles(row[-2], row[-1], stride):
                row.remove(min(row[-2:], key=lambda it: it.clear))
        kept += row
    return sorted(kept)


def _doubles(one: Candidate, other: Candidate, stride: float) -> bool:
    """Return whether two neighbours of one kind cannot both be true."""
    apart = other.t - one.t
    if one.side is other.side:
        return apart < 0.6 * stride
    return apart < 0.12 * stride


def _matches(kept: Sequence[Candidate], second: Sequence[Candidate]) -> dict[int, float]:
    """Return by place in `kept` the time at which the second method has that event."""
    matched: dict[int, float] = {}
    for kind in EventKind:
        raw = []
        for candidate in (it for it in kept if it.kind is kind):
            times = [it.t - candidate.t for it in second if it.kind is kind and it.side is candidate.side]
            near = min(times, key=abs, default=None)
            if near is not None and abs(near) <= 2 * MATCH:
                raw.append(near)
        usual = float(np.median(raw)) if raw else 0.0
        for place, candidate in enumerate(kept):
            if candidate.kind is not kind:
                continue
            times = [it.t for it in second if it.kind is kind and it.side is candidate.side]
            near = min(times, key=lambda it: abs(it - candidate.t - usual), default=None)
            if near is not None and abs(near - candidate.t - usual) <= MATCH:
                matched[place] = near
    return matched


def _confirmed(kept: Sequence[Candidate], matches: dict[int, float]) -> set[int]:
    """Return the places of events that a method has within SAME of where it usually has them."""
    usual = {kind: _median(matches, kept, kind) for kind in EventKind}
    return {place for place, t in matches.items() if abs(t - kept[place].t - usual[kept[place].kind]) <= SAME}


def _median(matches: dict[int, float], kept: Sequence[Candidate], kind: EventKind) -> float:
    off = [t - kept[place].t for place, t in matches.items() if kept[place].kind is kind]
    return float(np.median(off)) if off else 0.0


def _agreement(names: tuple[str, str], kept: Sequence[Candidate], matches: dict[int, float]) -> Agreement:
    """Return how the methods agree about strikes: the second method need not know toe-offs."""
    strikes = [place for place, it in enumerate(kept) if it.kind is EventKind.STRIKE]
    off = [matches[place] - kept[place].t for place in strikes if place in matches]
    return Agreement(
        *names,
        events=len(strikes),
        matched=len(off),
        bias=float(np.mean(off)) if off else None,
        sd=float(np.std(off, ddof=1)) if len(off) > 1 else None,
    )


def _out_of_order(kept: Sequence[Candidate]) -> set[int]:
    """Return the places of events that break right strike, left off, left strike, right off.

    Only where both kinds are known: a method without toe-offs has the order of its strikes alone.
    """
    whole = {it.kind for it in kept} == set(EventKind)
    wrong: set[int] = set()
    for place, (one, other) in enumerate(pairwise(kept)):
        if not whole:
            fits = other.side is not one.side
        elif one.kind is EventKind.STRIKE:
            fits = (other.side, other.kind) == (one.side.other, EventKind.OFF)
        else:
            fits = (other.side, other.kind) == (one.side, EventKind.STRIKE)
        if not fits:
            wrong |= {place, place + 1}
    return wrong


def _measured(motion: Motion, candidate: Candidate) -> float:
    """Return 0.5-1: how much of the foot about an event was seen as it is, and neither thrown out nor filled in."""
    near = np.abs(motion.times - candidate.t) <= max(AROUND, 1.5 * motion.interval)
    if not near.any():
        return 0.5
    name = f"{candidate.side}_ankle"
    good = np.isfinite(motion.points[name][near, 0]) & ~motion.outliers[near]
    return 0.5 + 0.5 * float(good.mean())


def strikes_of(events: Sequence[Event], side: Side | None = None) -> list[Event]:
    """Given events by time, return the strikes, of one side or of both."""
    return [it for it in events if it.kind is EventKind.STRIKE and side in (None, it.side)]


def offs_of(events: Sequence[Event], side: Side) -> list[Event]:
    """Given events by time, return the toe-offs of a side."""
    return [it for it in events if it.kind is EventKind.OFF and it.side is side]
