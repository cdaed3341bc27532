"""Holding still: for how long a metric has stayed within a band about where it was.

Where it was is its first value; a value outside the band is a movement, and from there it begins anew. Unknown values
and gaps count for nothing; when nothing was seen for more than BRIDGED seconds, it begins anew as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from uprightd.domain import Instant, Reading
from uprightd.rules.model import Rule, Static
from uprightd.rules.tally import BRIDGED, Tally, number_in


class Stillness(Tally):
    """How long one metric has not moved: `held`; `anchor` is where it was."""

    __slots__ = ("_last", "_term", "_unbroken", "anchor")

    def __init__(self, rule: Rule, pulse: float) -> None:
        super().__init__(rule, pulse)
        assert isinstance(rule.term, Static)
        self._term = rule.term
        self.anchor = math.nan
        self._last = 0.0
        self._unbroken = False

    def breaks(self, number: float) -> bool:
        return number == number and self.held >= self._term.limit

    def see(self, number: float, reading: Reading) -> bool:
        if number != number:
            self._unbroken = False
            return False
        mono = reading.at.mono
        elapsed = mono - self._last
        moved = not abs(number - self.anchor) <= self._term.band  # so while there is no anchor, too
        if moved or elapsed > max(BRIDGED, self.pulse):
            self.forget()
            self._begin(reading)
            self.anchor = number
        elif self._unbroken and elapsed <= self.pulse:
            self.held += elapsed
        self._last, self._unbroken = mono, True
        return self.held >= self._term.limit and not self.spoken

    def forget(self) -> None:
        super().forget()
        self.anchor = math.nan
        self._unbroken = False

    # ---- across a restart ---------------------------------------------------------------------------------

    def state(self, at: Instant) -> dict[str, Any] | None:
        kept = super().state(at)
        return kept and {**kept, "anchor": self.anchor, "unseen": at.mono - self._last}

    def restore(self, data: Mapping[str, Any], now: Instant, away: float) -> None:
        """Go on; whether that was too long ago, the next reading tells."""
        super().restore(data, now, away)
        self.anchor = number_in(data, "anchor", -math.inf)
        self._last = now.mono - away - number_in(data, "unseen")
