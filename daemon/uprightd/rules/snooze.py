"""A snooze: silence that the person asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from uprightd.domain import Instant
from uprightd.rules import kept

YEAR = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Snooze:
    """Silence about one rule, or about all (None), until a wall time, or until it is lifted (None).

    It is over when either clock says so: the monotonic one, which no step of the wall clock can stretch, or the wall
    clock, which goes on while the machine sleeps.
    """

    rule: str | None
    until: float | None
    reason: str
    since: float
    """Wall time at which it began."""
    ends: float
    """Monotonic time at which it is over at the latest."""

    @classmethod
    def begun(cls, now: Instant, until: float | None, rule: str | None, reason: str) -> Snooze:
        """Given the moment, the wall time of its end (None or infinity: until lifted), rule and reason, return it."""
        if until is None or not until < kept.LATEST:
            return cls(rule, None, reason, now.wall, math.inf)
        return cls(rule, until, reason, now.wall, now.mono + until - now.wall)

    @classmethod
    def restored(cls, data: Any, now: Instant) -> Snooze:
        """Given what `state` returned in an earlier run and the moment, return it. Raise as `rules.kept` does.

        It never lasts longer than it was meant to at first, however the wall clock was set in between.
        """
        rule = None if data["rule"] is None else kept.words(data["rule"])
        reason, since = kept.words(data["reason"]), kept.wall(data["since"])
        if data["until"] is None:
            return cls(rule, None, reason, since, math.inf)
        until = kept.wall(data["until"])
        return cls(rule, until, reason, since, now.mono + min(until - now.wall, until - since))

    def state(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {"rule": self.rule, "until": self.until, "reason": self.reason, "since": self.since}

    def left(self, now: Instant) -> float:
        """Given the moment, return the seconds it lasts on, 0 or less when it is over; infinity until lifted."""
        return math.inf if self.until is None else min(self.until - now.wall, self.ends - now.mono)

    def words(self, now: Instant, local: datetime) -> str:
        """Given the moment, also in local time, return it as in "dropped while this rule was snoozed until 10:30"."""
        which = "alerts were" if self.rule is None else "this rule was"
        why = f" ({self.reason})" if self.reason else ""
        return f"while {which} snoozed {_until(self.left(now), local)}{why}"


def _until(left: float, local: datetime) -> str:
    if left > YEAR:
        return "until you lift it"
    end = (local.astimezone(UTC) + timedelta(seconds=left)).astimezone(local.tzinfo)
    return f"until {end:%H:%M}" if end.date() == local.date() else f"until {end:%A %H:%M}"
