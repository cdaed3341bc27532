"""Sitting without a break: how long somebody has been there without having been away for long enough.

Time between two consecutive readings of somebody counts as sitting. Time away credits the break: being away for the
length of a break ends the sitting; a shorter absence only does not count. Somebody who is there but of whom nothing can
be measured neither sits nor takes a break, nor does anybody while the rule's conditions do not hold. Two things are a
break like being away: another calibrated profile than the rule's (who stands does not sit), and a gap without any
reading as long as a break, since nobody saw that there was none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uprightd.domain import Instant, Reading
from uprightd.rules.conditions import of_profile
from uprightd.rules.model import Rule, Sitting
from uprightd.rules.tally import Tally, number_in

SITS, AWAY, UNSURE = "sits", "away", "unsure"


class Seat(Tally):
    """How long somebody has sat: `held`."""

    __slots__ = ("_away", "_last", "_now", "_term")

    def __init__(self, rule: Rule, pulse: float) -> None:
        super().__init__(rule, pulse)
        assert isinstance(rule.term, Sitting)
        self._term = rule.term
        self._last: Instant | None = None
        """The reading before this one, and in `_now` what it showed."""
        self._now = UNSURE
        self._away = 0.0
        """Seconds of the present absence."""

    def breaks(self, number: float) -> bool:
        return number == number and self.held >= self._term.limit

    def see(self, number: float, reading: Reading) -> bool:
        before, last = self._now, self._last
        self._now, self._last = self._shown(number, reading), reading.at
        elapsed = 0.0 if last is None else reading.at.mono - last.mono
        # The monotonic clock stands still while the machine sleeps, the wall clock does not.
        if last is not None and max(elapsed, reading.at.wall - last.wall) > self.pulse:
            if max(elapsed, reading.at.wall - last.wall) >= self._term.pause:
                self._stand_up()
            elapsed, before = 0.0, UNSURE
        if self._now == SITS:
            self._away = 0.0
            if self.started is None:
                self._begin(reading)
            elif before == SITS:
                self.held += elapsed
            return self.held >= self._term.limit and not self.spoken
        if self._now == before == AWAY:
            self._away += elapsed
            if self._away >= self._term.pause:
                self._stand_up()
        return False

    def _shown(self, number: float, reading: Reading) -> str:
        elsewhere = bool(reading.profile) and not of_profile(self.rule, reading.profile)
        if not reading.present or elsewhere:
            return AWAY
        return SITS if number == number else UNSURE

    def _stand_up(self) -> None:
        super().forget()

    def forget(self) -> None:
        super().forget()
        self._last, self._now, self._away = None, UNSURE, 0.0

    def interrupt(self) -> None:
        """What was not seen in between is a gap like any other: only one as long as a break is taken for one."""
        self._now = UNSURE

    # ---- across a restart ---------------------------------------------------------------------------------

    def state(self, at: Instant) -> dict[str, Any] | None:
        kept = super().state(at)
        if kept is None or self._last is None:
            return None
        return {**kept, "away": self._away, "unseen": at.mono - self._last.mono}

    def restore(self, data: Mapping[str, Any], now: Instant, away: float) -> None:
        """Go on; the time away is a gap like any other."""
        super().restore(data, now, away)
        self._away = number_in(data, "away")
        unseen = away + number_in(data, "unseen")
        self._last = Instant(now.wall - unseen, now.mono - unseen)
