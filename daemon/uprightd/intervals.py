"""Samples merged into intervals of one posture state, by heartbeat.

A sample says how things are from its moment until the next sample of the same run. If that one comes within
the pulse, the time between the two belongs to the earlier one's state; if it comes later, the monitor was
asleep, stopped or blind, and the time belongs to nobody. So a total is always elapsed time between real
samples, never a count times a period, and a crash loses no more than one beat. (The idea is ActivityWatch's
heartbeat merge.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from uprightd.domain import Posture


class Sample(NamedTuple):
    """One beat: seconds on whichever clock the caller uses throughout, the run it belongs to, its state."""

    at: float
    run: int
    posture: Posture


@dataclass(frozen=True, slots=True)
class Interval:
    """Time from `start` to `end` (seconds) in one state; empty when nothing followed its only sample."""

    start: float
    end: float
    run: int
    posture: Posture
    samples: int

    @property
    def seconds(self) -> float:
        return self.end - self.start


def pulse_for(seconds_per_sample: float) -> float:
    """Given a sampling period, return the longest gap, in seconds, that still counts as watched.

    Three periods: two samples may be missing. At least 5 s: a slow frame is no absence.
    """
    return max(3.0 * seconds_per_sample, 5.0)


def merge(samples: Iterable[Sample], pulse: float) -> Iterator[Interval]:
    """Given samples in order of time and the pulse in seconds, yield their intervals in order.

    Intervals never overlap and never have negative length. A sample that is not later than the one before
    it (a clock set back, a row read twice) is passed over: its time is already accounted for. Sort by time
    first where clocks may have been set back. A change of run is a gap, however short.
    """
    beats = iter(samples)
    first = next(beats, None)
    if first is None:
        return
    start = last = first.at
    run, posture, count = first.run, first.posture, 1
    for beat in beats:
        if not beat.at > last:
            continue
        linked = beat.run == run and beat.at - last <= pulse
        if linked and beat.posture == posture:
            last = beat.at
            count += 1
            continue
        yield Interval(start, beat.at if linked else last, run, posture, count)
        start = last = beat.at
        run, posture, count = beat.run, beat.posture, 1
    yield Interval(start, last, run, posture, count)
