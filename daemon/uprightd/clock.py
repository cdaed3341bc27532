"""Time, injected: the wall clock and the monotonic clock travel together.

Sleep of the machine and steps of the wall clock show as a difference between the two.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from uprightd.domain import Instant

STEP_TOLERANCE = 2.0
"""Seconds by which the two clocks may drift apart between two samples before it counts as a step."""


class Clock(Protocol):
    def now(self) -> Instant:
        """Return this moment on both clocks."""
        ...

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        """Wait until `wake` is set or `seconds` have passed; return whether it was set."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Instant:
        return Instant(time.time(), time.monotonic())

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        return wake.wait(max(0.0, seconds))


class FollowingClock:
    """A clock that follows a file played as fast as possible: it stands still until told the time.

    Waiting costs nothing, so a minute of video is judged exactly as a minute of camera would be.
    """

    def __init__(self, start: Instant) -> None:
        self._now = start

    def now(self) -> Instant:
        return self._now

    def follow(self, at: Instant) -> None:
        """Given a frame's moment, move on to it; a moment in the past is ignored."""
        if at.mono > self._now.mono:
            self._now = at

    def wait(self, wake: threading.Event, seconds: float) -> bool:  # noqa: ARG002 - the file decides the time
        return wake.is_set()


def step_between(before: Instant, after: Instant) -> float:
    """Given two moments, return by how many seconds the wall clock moved more than the monotonic one.

    Zero when they agree within STEP_TOLERANCE. Positive after a sleep or a step forward, negative after a
    step back.
    """
    drift = (after.wall - before.wall) - (after.mono - before.mono)
    return drift if abs(drift) > STEP_TOLERANCE else 0.0
