"""What outlets are told in tests, and an outlet that keeps it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from uprightd.domain import Activity, Alert, Instant, Posture, Severity, View
from uprightd.outlets.base import Alarm, Condition

START = 1_790_000_000.25
"""2026-09-21T14:13:20.250Z."""

ALERT = Alert(
    rule="neck-flexion",
    severity=Severity.WARN,
    message="Head down for 1 min. Look up and ease your neck.",
    metric="neck_flexion",
    value=52.4,
    threshold=50.0,
    held=61.0,
    started=Instant(START, 100.0),
    at=Instant(START + 61, 161.0),
    reason="neck flexion 52.4° past 50° for 61 s, seen from the left",
    view=View.SAGITTAL_LEFT,
    confidence=0.91,
)

HOSTILE = [
    "",
    "-e",
    "\x00\x01\x1b[2J",
    "\ud800 half a surrogate pair",
    "$(touch owned) `touch owned` ; touch owned & \"'\\",
    "two\nlines\r\nand a tab\t",
    '{"json": "}{',
    "%s %n {0} {{ states('sensor.x') }}",
    "long " * 20_000,
    "多 🪑 \u202e turned",
]


def alarm(message: str = ALERT.message, error: float | None = 3.1) -> Alarm:
    """Given a message and the error of the value, return an alert on its way out."""
    return Alarm(replace(ALERT, message=message), error)


def condition(
    seconds: float = 0.0,
    activity: Activity = Activity.WATCHING,
    posture: Posture | None = Posture.GOOD,
    *,
    reason: str = "",
    rule: str = "",
    profile: str = "",
) -> Condition:
    """Given seconds since the start and what is going on, return how things stand."""
    at = Instant(START + seconds, 100.0 + seconds)
    return Condition(at, activity, reason, posture, rule, profile)


class RecordingOutlet:
    """Keeps what it is told; `before` runs first on the telling thread: let it block or raise."""

    def __init__(self, name: str = "recording", before: Callable[[], object] | None = None) -> None:
        self.name = name
        self.alarms: list[Alarm] = []
        self.conditions: list[Condition] = []
        self.threads: set[int] = set()
        self.interrupted = threading.Event()
        self.closed = 0
        self.before = before

    def alert(self, alarm: Alarm) -> bool:
        self._begin()
        self.alarms.append(alarm)
        return True

    def condition(self, condition: Condition) -> bool:
        self._begin()
        self.conditions.append(condition)
        return True

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed += 1

    def _begin(self) -> None:
        self.threads.add(threading.get_ident())
        if self.before is not None:
            self.before()
