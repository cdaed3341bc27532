"""What a rule has counted so far. Each kind of rule counts in its own way; what they share is here.

A tally sees the rule's number in one reading after the other (NaN: the rule sleeps or the value is unknown), in the
order of time, and says when the rule is due. It counts the time between two readings, never the readings.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from uprightd.domain import Instant, Reading
from uprightd.rules.model import Rule

BRIDGED = 60.0
"""Seconds. What was not seen for longer is not taken to have gone on: the camera was covered, the program away."""


class Tally(ABC):
    """One episode of one rule. `pulse`: the longest time in seconds between two readings that counts as continuous.

    started, position: the first sample of what is counted, None while nothing is; position: its place in a file.
    held: seconds counted. spoken: whether the episode has been spoken of.
    """

    __slots__ = ("held", "position", "pulse", "rule", "spoken", "started")

    def __init__(self, rule: Rule, pulse: float) -> None:
        self.rule, self.pulse = rule, pulse
        self.started: Instant | None = None
        self.position: float | None = None
        self.held = 0.0
        self.spoken = False

    @abstractmethod
    def breaks(self, number: float) -> bool:
        """Given the number of the reading seen last, return whether the rule is broken in it."""

    @abstractmethod
    def see(self, number: float, reading: Reading) -> bool:
        """Given the next reading and the rule's number in it, count and return whether the rule is due: it has been
        broken for long enough, is broken now, and has not been spoken of."""

    def forget(self) -> None:
        """End the episode, whatever was counted."""
        self.started = self.position = None
        self.held = 0.0
        self.spoken = False

    def interrupt(self) -> None:
        """The machine slept, the clock stepped or the monitor paused: what was measured before does not go on."""
        self.forget()

    def _begin(self, reading: Reading) -> None:
        self.started, self.position, self.held = reading.at, reading.position, 0.0

    # ---- across a restart ---------------------------------------------------------------------------------

    def state(self, at: Instant) -> dict[str, Any] | None:
        """Given the moment of the latest reading, return what is counted as plain JSON data, times in seconds before
        that moment; None when there is nothing to keep."""
        if self.started is None:
            return None
        return {
            "wall": self.started.wall,
            "ago": at.mono - self.started.mono,
            "position": self.position,
            "held": self.held,
            "spoken": self.spoken,
        }

    def restore(self, data: Mapping[str, Any], now: Instant, away: float) -> None:
        """Given what `state` returned `away` seconds ago, go on from there; what may not go on is left out.

        Raise ValueError when it is not what `state` returns.
        """
        position = data.get("position")
        self.held = number_in(data, "held")
        self.started = Instant(number_in(data, "wall", -math.inf), now.mono - away - number_in(data, "ago"))
        self.position = None if position is None else number_in(data, "position")
        self.spoken = data.get("spoken") is True


def number_in(data: Mapping[str, Any], key: str, least: float = 0.0) -> float:
    """Given stored data, return the finite number under a key. Raise ValueError when there is none, or a smaller one
    than `least`."""
    number = data.get(key) if isinstance(data, Mapping) else None
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise ValueError(f"no number under {key}")
    if number < least:
        raise ValueError(f"{number} under {key}")
    return float(number)
