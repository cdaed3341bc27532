"""What the loop shows to whoever watches it: a live readout, a JSON stream, the demo, a bench."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from uprightd.domain import Alert, Frame, Instant, MonitorState, Pose, Posture, Reading
from uprightd.notify.base import Outcome


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn of the loop. `row` is its id in the log, None when it could not be written."""

    frame: Frame
    pose: Pose | None
    reading: Reading
    posture: Posture
    violated: tuple[str, ...]
    row: int | None


class Observer(Protocol):
    """Called by the loop's thread, `on_notice` by any; must not take long."""

    def on_sample(self, sample: Sample) -> None: ...
    def on_alert(self, alert: Alert) -> None: ...
    def on_outcome(self, alert: Alert, outcome: Outcome) -> None: ...
    def on_state(self, state: MonitorState, at: Instant) -> None: ...
    def on_notice(self, text: str) -> None: ...


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    samples: int = 0
    detected: int = 0
    alerts: int = 0
    lost_rows: int = 0
