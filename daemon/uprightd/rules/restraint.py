"""What of the engine's alerts is said now, what later in one summary, and what not at all.

An alert of a snoozed rule is dropped: the person asked for silence and wants no account of it. One that comes in the
middle of something (a call, a shared screen), in quiet hours, or after the hour has had its share of notifications
is held, and told in a summary once nothing of that is left. A summary takes its place in the hour like any other
notification. What is held for a rule is forgotten when the rule is snoozed, and after a day.

Every span is over when either clock says so: the monotonic one, which no step of the wall clock can stretch, or the
wall clock, which goes on while the machine sleeps. So a step forward ends spans early, once, and a step back ends none
later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from uprightd.domain import Alert, Instant, Severity
from uprightd.rules import kept
from uprightd.rules.held import Spell, Summary
from uprightd.rules.quiet import QuietHours
from uprightd.rules.snooze import Snooze

HOUR = 3600.0
DAY = 86_400.0
FORMAT = 1
"""Version of what `state` returns."""


class Kind(StrEnum):
    """What becomes of an alert; the words the log stores."""

    SPEAK = "spoken"
    HOLD = "held"
    DROP = "dropped"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one alert, and why: "" for a spoken one, else as in "held while you were in a call".

    severity: the one to show it with.
    """

    kind: Kind
    reason: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be said, and when.

    alerts_per_hour: notifications in any hour, summaries included. escalate_after: a rule that has spoken so often
    within an hour speaks the next time one step more severely; 0 for never.
    """

    alerts_per_hour: int = 4
    quiet: tuple[QuietHours, ...] = ()
    escalate_after: int = 0

    def __post_init__(self) -> None:
        if self.alerts_per_hour < 1 or self.escalate_after < 0:
            raise ValueError(f"at least one alert per hour, and no escalation before any alert, got {self}")


class Restraint:
    """Decides about each alert; knows what was said in the last hour, what is snoozed and what is held.

    `limits` may be replaced at any time. `hold` is what the person is in the middle of, as it follows "while you were":
    "in a call", "sharing the screen"; "" for nothing. Call `due_summary` with every beat, before any `decide`: so it
    learns when a hold begins and ends, and a summary that waits gets its turn. For one thread at a time.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._forget_all()

    def decide(self, alert: Alert, now: Instant, local: datetime, hold: str = "") -> Decision:
        """Given an alert and the moment, also in local time, return what becomes of it, and take that as done."""
        cause = self._follow(now, local, hold)
        snooze = self._snoozes.get(None) or self._snoozes.get(alert.rule)
        if snooze is not None:
            return Decision(Kind.DROP, snooze.words(now, local), alert.severity)
        if self._spell is not None and cause:
            self._spell.keep(alert.rule, now)
            return Decision(Kind.HOLD, cause, alert.severity)
        severity = self._severity(alert)
        self._spoken.append((alert.rule, now))
        return Decision(Kind.SPEAK, "", severity)

    def due_summary(self, now: Instant, local: datetime, hold: str = "") -> Summary | None:
        """Given the moment, return the summary of what was held, if there is any and nothing holds any more.

        It is handed out once: remember `state` before it is shown.
        """
        cause, spell = self._follow(now, local, hold), self._spell
        if spell is None or cause:
            return None
        self._spell = None
        self._spoken.append(("", now))
        return spell.summary()

    def snooze(self, now: Instant, until: float | None, rule: str | None = None, reason: str = "") -> None:
        """Given a wall time (None: until lifted) and a rule (None: all), say nothing of it till then.

        reason: how it came about ("until tomorrow"), for the person to read. What is held of it is forgotten. A second
        snooze of the same takes the place of the first.
        """
        self._snoozes[rule] = Snooze.begun(now, until, rule, reason)
        if self._spell is not None:
            self._spell.forget(rule)

    def unsnooze(self, rule: str | None = None) -> None:
        """Given a rule, lift its own snooze; without one, lift all there are."""
        if rule is None:
            self._snoozes.clear()
        self._snoozes.pop(rule, None)

    def snoozed(self, now: Instant) -> tuple[Snooze, ...]:
        """Given the moment, return the snoozes in force, that of all rules first. Any thread may ask."""
        running = [snooze for snooze in tuple(self._snoozes.values()) if snooze.left(now) > 0]
        return tuple(sorted(running, key=lambda snooze: snooze.rule or ""))

    def state(self) -> dict[str, Any]:
        """Return all that must outlive a restart, as plain JSON data."""
        return {
            "format": FORMAT,
            "spoken": [[rule, at.wall] for rule, at in self._spoken],
            "snoozes": [snooze.state() for snooze in self._snoozes.values()],
            "spell": self._spell.state() if self._spell is not None else None,
        }

    def restore(self, data: Any, now: Instant) -> bool:
        """Given what `state` returned in an earlier run and the moment, go on from there; return whether it could.

        What is damaged in any part is refused as a whole: then it begins afresh.
        """
        self._forget_all()
        try:
            if kept.count(data["format"]) != FORMAT:
                return False
            spoken = kept.sequence(data["spoken"])
            spoken = [(kept.words(rule), kept.instant(wall, now)) for rule, wall in spoken]
            snoozes = [Snooze.restored(each, now) for each in kept.sequence(data["snoozes"])]
            spell = None if data["spell"] is None else Spell.restored(data["spell"], now)
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        self._spoken, self._spell = spoken, spell
        self._snoozes = {snooze.rule: snooze for snooze in snoozes}
        return True

    def _forget_all(self) -> None:
        self._spoken: list[tuple[str, Instant]] = []
        """The notifications of the last hour: the rule, "" for a summary, and when."""
        self._snoozes: dict[str | None, Snooze] = {}
        self._spell: Spell | None = None

    def _follow(self, now: Instant, local: datetime, hold: str) -> str:
        """Forget what is over, and return what holds alerts back now, "" for nothing."""
        self._spoken = [(rule, at) for rule, at in self._spoken if _elapsed(at, now) < HOUR]
        self._snoozes = {rule: snooze for rule, snooze in self._snoozes.items() if snooze.left(now) > 0}
        cause, clock, spell = self._cause(local, hold), f"{local:%H:%M}", self._spell
        if spell is not None and _elapsed(spell.last, now) >= DAY:
            spell.forget(None)  # a summary names times of day: they would be another day's
        if spell is not None and spell.counts:
            spell.pass_on(cause, clock)
        elif not cause:
            self._spell = None
        elif spell is None or spell.cause != cause:
            self._spell = Spell(cause, clock, clock, now)
        return cause

    def _cause(self, local: datetime, hold: str) -> str:
        if hold:
            return f"while you were {hold}"
        if any(hours.holds(local) for hours in self.limits.quiet):
            return "in quiet hours"
        most = self.limits.alerts_per_hour
        if len(self._spoken) >= most:
            return f"after {most} notification{'s' * (most > 1)} within an hour"
        return ""

    def _severity(self, alert: Alert) -> Severity:
        often = sum(rule == alert.rule for rule, _ in self._spoken)
        if not 0 < self.limits.escalate_after <= often:
            return alert.severity
        steps = tuple(Severity)
        return steps[min(steps.index(alert.severity) + 1, len(steps) - 1)]


def _elapsed(since: Instant, now: Instant) -> float:
    """Given two moments, return the seconds between them by the clock that went further."""
    return max(now.mono - since.mono, now.wall - since.wall)
