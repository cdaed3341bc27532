"""From an alert to a told person: into the log, off to the notifier, and what became of it back into the log."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uprightd.domain import Activity, Alert, Instant, MonitorState, Severity
from uprightd.notify.base import Action, Notification, Outcome
from uprightd.rules.restraint import Decision, Kind

if TYPE_CHECKING:
    from uprightd.notify.courier import Courier
    from uprightd.store.log import Log

REMEMBERED = 100
"""Notifications whose buttons may still be pressed."""
NO_ALERT = 0
"""Key of a notification that belongs to no alert."""
LAST_WORDS = 2.0
"""Seconds that notifications under way get when the loop ends."""
TROUBLE_AFTER = 30.0
"""Seconds a fault must last before it is worth a notification."""
TROUBLE_SILENCE = 3600.0
"""Seconds before the same fault is notified again."""
SUGGESTION_SILENCE = 4 * 3600.0
"""Seconds before a new calibration is suggested again."""

Write = Callable[[Callable[[], object]], object]
"""Runs one write of the log; None when it failed, which has then been counted."""


@dataclass(slots=True)
class Delivery:
    """Owns the notifications under way. Nothing here waits for the notifier."""

    log: Log
    courier: Courier
    write: Write
    _under_way: dict[int, Alert] = field(default_factory=dict)
    _unlogged: int = 0
    _told_of: dict[str, float] = field(default_factory=dict)
    _suggested: float = -math.inf
    _told: dict[int, Alert] = field(default_factory=dict)

    def send(self, alert: Alert, decision: Decision, actions: tuple[Action, ...]) -> None:
        """Given an alert, what was decided about it, and the buttons it has, log it and have the person told if it is
        to be spoken."""
        key = self.write(lambda: self.log.add_alert(alert, decision.kind.value, decision.reason))
        if decision.kind is not Kind.SPEAK:
            return
        if not isinstance(key, int):
            self._unlogged += 1
            key = -self._unlogged
        self._under_way[key] = alert
        self._remember(key, alert)
        body = alert.reason[:1].upper() + alert.reason[1:]
        self.courier.post(key, Notification(alert.message, body, decision.severity, actions))

    def alert_of(self, key: int) -> Alert | None:
        """Given a notification's key, return the alert it told of, as long as it is one of the last."""
        return self._told.get(key)

    def _remember(self, key: int, alert: Alert) -> None:
        self._told[key] = alert
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]

    def tell(self, notification: Notification) -> None:
        """Given something that is no alert, have the person told. Any thread may call this."""
        self.courier.post(NO_ALERT, notification)

    def tell_of_drift(self, why: str, now: Instant) -> None:
        """Given what no longer fits the calibrated pose, suggest a new calibration, once in a while."""
        if now.mono - self._suggested < SUGGESTION_SILENCE:
            return
        self._suggested = now.mono
        words = f"It does not fit the calibrated pose: {why}. No alerts until it does, or until: uprightd calibrate"
        self.tell(Notification("Has the camera moved?", words, Severity.INFO))

    def tell_of_trouble(self, state: MonitorState, since: Instant, now: Instant) -> None:
        """One notification for a fault that lasts, so that nobody believes to be watched over; then silence."""
        if state.activity is not Activity.DEGRADED or now.mono - since.mono < TROUBLE_AFTER:
            return
        told = self._told_of.get(state.reason)
        if told is None or now.mono - told >= TROUBLE_SILENCE:
            self._told_of[state.reason] = now.mono
            self.tell(Notification("uprightd cannot watch", state.reason, Severity.WARN))

    def collect(self) -> list[tuple[Alert, Outcome]]:
        """Return the alerts whose notification has ended one way or the other, after logging how."""
        ended = []
        for key, outcome in self.courier.collect():
            alert = self._under_way.pop(key, None)
            if alert is None:
                continue
            if key > NO_ALERT:
                self._store(key, outcome)
            ended.append((alert, outcome))
        return ended

    def close(self) -> list[tuple[Alert, Outcome]]:
        """Give what is under way its last seconds, then stop; return what ended."""
        self.courier.flush(LAST_WORDS)
        ended = self.collect()
        self.courier.close(LAST_WORDS)
        return ended

    def _store(self, key: int, outcome: Outcome) -> None:
        self.write(lambda: self.log.set_outcome(key, outcome.status.value, outcome.detail))
