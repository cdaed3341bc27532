"""A holding-time budget: what is left of the time that an angle may be held, used up faster the worse the angle is.

Between two consecutive readings the milder angle counts. At the first angle of the curve or past it, a share of
1 / permitted(angle) of the budget is used in a second; below, it is refilled at the rule's rate. Used up, it is due
once, and the episode is over when it is refilled to a half. What was not seen for BRIDGED seconds or less (a gap, an
unknown value, nobody there, conditions that do not hold) changes nothing; what lasted longer counts as rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uprightd.domain import Instant, Reading
from uprightd.rules.model import Budget, Rule
from uprightd.rules.tally import BRIDGED, Tally, number_in

REFILLED = 0.5
"""The used share of a budget at which its episode is over."""
FULL = 1.0 - 1e-9
"""480 times a 480th is not quite 1 in floating point."""


class Holding(Tally):
    """How much of one rule's budget is used: `used`, from 0 to 1."""

    __slots__ = ("_angle", "_budget", "_first", "_last", "_refill", "used")

    def __init__(self, rule: Rule, pulse: float) -> None:
        super().__init__(rule, pulse)
        assert isinstance(rule.term, Budget)
        self._budget = rule.term
        self._first = rule.term.curve[0][0]
        self._refill = rule.term.recover / rule.term.curve[0][1]
        """The share that is refilled in a second."""
        self._last: Instant | None = None
        """When an angle was last seen."""
        self._angle: float | None = None
        """The angle of the reading before this one, if it had one."""
        self.used = 0.0

    def breaks(self, number: float) -> bool:
        return number >= self._first

    def see(self, number: float, reading: Reading) -> bool:
        if number != number:
            self._angle = None
            return False
        if self.started is None and number < self._first:  # nothing used and nothing to use
            self._angle, self._last = number, reading.at
            return False
        self._use(number, reading.at)
        self._angle, self._last = number, reading.at
        if self.used <= REFILLED:
            self.spoken = False
        if self.used <= 0 and number < self._first:
            self.forget()
            self._angle, self._last = number, reading.at
        elif self.started is None:
            self._begin(reading)
        return self.used >= FULL and number >= self._first and not self.spoken

    def _use(self, number: float, at: Instant) -> None:
        """Take the time since an angle was last seen."""
        if self._last is None or self.started is None:
            return
        elapsed = at.mono - self._last.mono
        if self._angle is not None and elapsed <= self.pulse:
            milder = min(self._angle, number)
            if milder >= self._first:
                self.held += elapsed
                self.used += elapsed / self._budget.permitted(milder)
            else:
                self.used -= elapsed * self._refill
        elif elapsed > BRIDGED:
            self.used -= elapsed * self._refill
        self.used = min(1.0, max(0.0, self.used))

    def forget(self) -> None:
        super().forget()
        self.used = 0.0
        self._angle = self._last = None

    # ---- across a restart ---------------------------------------------------------------------------------

    def state(self, at: Instant) -> dict[str, Any] | None:
        kept = super().state(at)
        if kept is None or self._last is None:
            return None
        return {**kept, "used": self.used, "unseen": at.mono - self._last.mono}

    def restore(self, data: Mapping[str, Any], now: Instant, away: float) -> None:
        """Go on; the time away is time not seen, and counts as rest if it was long."""
        super().restore(data, now, away)
        self.used = min(1.0, number_in(data, "used"))
        self._last = Instant(now.wall, now.mono - away - number_in(data, "unseen"))
