"""Deciding about each alert whether the person hears of it now, and keeping what they said about it.

What was decided, snoozed and counted lives in the log's memory, so that a restart changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from uprightd.domain import Alert, Severity
from uprightd.errors import UprightError
from uprightd.notify.base import Action, Notification
from uprightd.rules.restraint import Decision, Kind
from uprightd.service.delivery import Delivery

if TYPE_CHECKING:
    from uprightd.service.monitor import Parts

MEMORY, COUNTED = "restraint", "engine"
"""Under which names the log's memory has what was held and snoozed, and what the rules have counted."""
KEPT_EVERY = 30.0
"""Seconds between two times at which the latter is put there."""
SETTLING = 15.0
"""Seconds after the start before the surroundings are known: what was held before waits at least so long."""
_WAITING = "not to be reached"
"""Keeps a summary waiting; it is never shown, as nothing is held by it."""
MORNING = 6
"""Hour of the day until which "until tomorrow" lasts."""
WRONG = "wrong"
_MINUTES = {"snooze-15": 15, "snooze-60": 60}
_TOMORROW = "snooze-tomorrow"
ACTIONS = (
    Action("snooze-15", "Snooze 15 min"),
    Action("snooze-60", "1 h"),
    Action(_TOMORROW, "Until tomorrow"),
    Action(WRONG, "That was wrong"),
)
"""The buttons of an alert."""


class Speech:
    """Stands between the engine's alerts and the notifications. For the loop's thread only."""

    def __init__(self, parts: Parts, delivery: Delivery, notice: Callable[[str], None]) -> None:
        self.restraint = parts.restraint
        self._engine = parts.engine
        self._delivery = delivery
        self._log = parts.log
        self._circumstances = parts.circumstances
        self._clock = parts.clock
        self._live = parts.live
        self._notice = notice
        self._kept_at = -math.inf
        self._settled_at = -math.inf

    def restore(self) -> None:
        """Go on from what an earlier run left in the log."""
        now = self._clock.now()
        data = self._log.recall(MEMORY)
        if data is not None and not self.restraint.restore(data, now):
            self._notice("what was snoozed and held before could not be read: it is forgotten")
        self._engine.restore(self._log.recall(COUNTED), now)
        self._settled_at = now.mono + SETTLING

    def keep(self) -> None:
        """Put what the rules have counted, and what is held, into the log. A file has no tomorrow."""
        now, state = self._clock.now(), self._engine.state()
        self._kept_at = now.mono
        self._remember()  # what held an alert back may have ended since: after a restart nobody else knows when
        if self._live:
            self._delivery.write(lambda: self._log.remember(COUNTED, state, now))

    def alert(self, alert: Alert) -> Decision:
        """Given an alert, decide about it, log it with the decision, and tell it if it is to be told now."""
        now = self._clock.now()
        decision = self.restraint.decide(alert, now, _local(now.wall), self._circumstances.hold())
        self._delivery.send(alert, decision, ACTIONS)
        if decision.kind is not Kind.SPEAK:
            self._notice(f"{alert.rule}: {decision.kind.value} {decision.reason}")
        self._remember()
        return decision

    def beat(self, resting: bool) -> None:
        """Once in every turn of the loop, before any alert: tell what was held as soon as nothing holds it any more.

        resting: whether nothing is watched at the moment; whoever paused or locked the screen is not spoken to.
        """
        now = self._clock.now()
        if now.mono - self._kept_at >= KEPT_EVERY:
            self.keep()
        waiting = _WAITING if resting or now.mono < self._settled_at else ""
        hold = self._circumstances.hold() or waiting
        summary = self.restraint.due_summary(now, _local(now.wall), hold)
        if summary is not None:
            self._remember()
            if summary.counts:
                self._delivery.tell(Notification(summary.title, summary.text, Severity.INFO))

    def pressed(self, key: int, action: str) -> None:
        """Given a notification's key and the button that was pressed on it, do what it says."""
        alert = self._delivery.alert_of(key)
        if alert is None:
            return
        if action == WRONG:
            try:
                self._log.add_feedback(key, WRONG, "", self._clock.now())
            except UprightError as error:
                self._notice(str(error))
                return
            self._notice(f"{alert.rule}: noted as wrong; `uprightd rules suggest` makes use of it")
            return
        wall = self._clock.now().wall
        if action == _TOMORROW:
            self.snooze(tomorrow(wall), alert.rule)
        elif action in _MINUTES:
            self.snooze(wall + 60.0 * _MINUTES[action], alert.rule)

    def snooze(self, until: float, rule: str | None) -> None:
        """Given a wall time and a rule (None: all), say nothing of it till then."""
        now = self._clock.now()
        self.restraint.snooze(now, until, rule, "by you")
        self._remember()
        self._notice(f"{rule or 'all rules'}: snoozed until {_local(until):%a %H:%M}")

    def _remember(self) -> None:
        if not self._live:
            return
        state, now = self.restraint.state(), self._clock.now()
        self._delivery.write(lambda: self._log.remember(MEMORY, state, now))


def tomorrow(wall: float) -> float:
    """Given the wall time, return when the next day's morning begins."""
    morning = (_local(wall) + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return morning.astimezone().timestamp()


def _local(wall: float) -> datetime:
    """The person's wall clock, naive: an aware one would carry today's offset into days that have another."""
    return datetime.fromtimestamp(wall)  # noqa: DTZ006 - the system's own zone is meant
