"""When the next sample is due: on the running clock, or at the next position of a file played fast."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from uprightd.clock import Clock, FollowingClock
from uprightd.domain import Frame


@dataclass(slots=True)
class Pace:
    """`period` in seconds; it may be changed while running."""

    clock: Clock
    period: float
    _due: float = 0.0
    _position: float = 0.0

    @property
    def position(self) -> float | None:
        """Seconds into the file before which no picture is wanted; None where the newest one is."""
        return self._position if isinstance(self.clock, FollowingClock) else None

    def wait(self, wake: threading.Event, at_most: float) -> bool:
        """Wait until a sample is due; return whether it is, False after `at_most` seconds or when woken."""
        if isinstance(self.clock, FollowingClock):
            return True
        now = self.clock.now().mono
        if now < self._due and self.clock.wait(wake, min(self._due - now, at_most)):
            return False
        return self.clock.now().mono >= self._due

    def sampled(self, frame: Frame) -> None:
        """Given the frame that was taken, set when the next one is due.

        After a small delay the beat is kept; after a long one a new beat begins, so nothing is ever caught up.
        """
        if isinstance(self.clock, FollowingClock):
            self.clock.follow(frame.at)
            self._position = (frame.position or 0.0) + self.period
            return
        now = self.clock.now().mono
        self._due = (self._due if now - self._due < self.period else now) + self.period

    def restart(self) -> None:
        """Make a sample due now."""
        self._due = self.clock.now().mono
