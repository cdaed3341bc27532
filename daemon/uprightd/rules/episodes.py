"""A limit over time: for how long its metric was past it, until when that counts, and when it is over.

The time between two consecutive readings past the limit counts, and nothing else does: no gap, no unknown value, no
reading on the good side. Between the limit and `clear` a violation neither grows nor ends; once the value has been
past `clear` for `clear_for` seconds it ends. With `within`, the time may be spread over a window of that length
that ends now. A violation not seen for a while is forgotten, so minutes hours apart never add up to an alert.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from uprightd.domain import Instant, Reading
from uprightd.rules.model import Rule
from uprightd.rules.tally import BRIDGED, Tally, number_in

FORGET_AFTER = 10.0
"""Seconds without a reading past the limit after which a violation is over, or the rule's own times if longer."""


class _Stretch:
    """Time past the limit without a break, on the monotonic clock, as far as the window still holds it."""

    __slots__ = ("began", "end", "position", "start")

    def __init__(self, began: Instant, start: float, end: float, position: float | None) -> None:
        self.began, self.start, self.end, self.position = began, start, end, position


class Episode(Tally):
    """The running violation of a limit, if there is one."""

    __slots__ = (
        "_clear",
        "_cleared",
        "_clearing",
        "_last",
        "_limit",
        "_past",
        "_stretches",
        "_unbroken",
        "_upward",
    )

    def __init__(self, rule: Rule, pulse: float) -> None:
        super().__init__(rule, pulse)
        self._past, self._upward = rule.operator.compare, rule.operator.upward
        self._limit, self._clear = rule.threshold, rule.clear
        self._last = 0.0
        """When it was last seen past the limit."""
        self._unbroken = False
        self._cleared, self._clearing = 0.0, math.nan
        """Seconds past `clear`, and when it was seen there last; NaN, which is near to nothing: not since."""
        self._stretches: deque[_Stretch] = deque()

    def breaks(self, number: float) -> bool:
        return self._past(number, self._limit)

    def see(self, number: float, reading: Reading) -> bool:
        if self._past(number, self._limit):  # never so for NaN
            return self._extend(reading)
        if self.started is not None:
            self._ease(number, reading.at.mono)
        return False

    def forget(self) -> None:
        super().forget()
        self._unbroken = False
        self._cleared, self._clearing = 0.0, math.nan
        self._stretches.clear()

    def _extend(self, reading: Reading) -> bool:
        mono = reading.at.mono
        self._forget_if_stale(mono)
        if self.started is None:
            self._begin(reading)
        elapsed = mono - self._last
        counts = self._unbroken and elapsed <= self.pulse
        if self.rule.within:
            self._slide(reading, counts)
        elif counts:
            self.held += elapsed
        self._last, self._unbroken = mono, True
        self._cleared, self._clearing = 0.0, math.nan
        return self.held >= self.rule.hold and not self.spoken

    def _slide(self, reading: Reading, counts: bool) -> None:
        """Take one more reading past the limit into the window, and out of it what lies too far back."""
        mono, stretches = reading.at.mono, self._stretches
        if counts:
            stretches[-1].end = mono
        else:
            stretches.append(_Stretch(reading.at, mono, mono, reading.position))
        opens = mono - self.rule.within
        while stretches[0].end < opens:
            stretches.popleft()
        first = stretches[0]
        first.start = max(first.start, opens)
        self.started, self.position = first.began, first.position
        self.held = sum([stretch.end - stretch.start for stretch in stretches])

    def _ease(self, number: float, mono: float) -> None:
        """Take a reading that is not past the limit."""
        self._unbroken = False
        if number != number:
            self._clearing = math.nan
        elif not (number <= self._clear if self._upward else number >= self._clear):
            self._cleared, self._clearing = 0.0, math.nan
        else:
            if mono - self._clearing <= self.pulse:
                self._cleared += mono - self._clearing
            self._clearing = mono
            if self._cleared >= self.rule.clear_for:
                self.forget()
                return
        self._forget_if_stale(mono)

    def _forget_if_stale(self, mono: float) -> None:
        rule = self.rule
        if self.started is not None and mono - self._last > max(
            FORGET_AFTER, rule.hold, self.pulse, rule.within, rule.clear_for
        ):
            self.forget()

    # ---- across a restart ---------------------------------------------------------------------------------

    def state(self, at: Instant) -> dict[str, Any] | None:
        kept = super().state(at)
        if kept is not None:
            kept["cleared"], kept["unseen"] = self._cleared, at.mono - self._last
            kept["stretches"] = [
                {
                    "wall": stretch.began.wall,
                    "ago": at.mono - stretch.began.mono,
                    "start": at.mono - stretch.start,
                    "end": at.mono - stretch.end,
                    "position": stretch.position,
                }
                for stretch in self._stretches
            ]
        return kept

    def restore(self, data: Mapping[str, Any], now: Instant, away: float) -> None:
        """Go on after at most BRIDGED seconds; the time away itself counts for nothing."""
        if away > BRIDGED:
            return
        super().restore(data, now, away)
        self._cleared, self._last = number_in(data, "cleared"), now.mono - number_in(data, "unseen")
        stretches = data.get("stretches")
        if not isinstance(stretches, list) or bool(stretches) != bool(self.rule.within):
            raise ValueError("no stretches")
        then = now.mono - away
        for each in stretches:
            start, end, ago = number_in(each, "start"), number_in(each, "end"), number_in(each, "ago")
            began = Instant(number_in(each, "wall", float("-inf")), then - ago)
            position = None if each.get("position") is None else number_in(each, "position")
            self._stretches.append(_Stretch(began, then - start, then - end, position))
