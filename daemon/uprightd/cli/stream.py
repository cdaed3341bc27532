"""`run --json`: every event as one JSON line, written after it is in the log."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any, TextIO

from uprightd.domain import Alert, Instant, MonitorState
from uprightd.notify.base import Outcome
from uprightd.service.observing import Sample


class JsonLines:
    """An observer that prints. A sample's `row` is its id in the log: printed means stored."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._turn = threading.Lock()
        self.printed: TextIO = sys.stderr

    def on_sample(self, sample: Sample) -> None:
        reading = sample.reading
        self._print(
            "sample",
            row=sample.row,
            at=round(reading.at.wall, 3),
            position=_rounded(reading.position),
            present=reading.present,
            view=reading.view.value,
            profile=reading.profile,
            confidence=round(reading.confidence, 3),
            posture=sample.posture.value,
            violated=list(sample.violated),
            values={name: round(value.number, 4) for name, value in reading.values.items() if value.known},
            errors={
                name: round(value.error, 4)
                for name, value in reading.values.items()
                if value.error is not None
            },
            smoothed={name: round(number, 4) for name, number in reading.smoothed.items()},
            missing={name: value.reason.value for name, value in reading.values.items() if value.reason},
        )

    def on_alert(self, alert: Alert) -> None:
        self._print("alert", **alert_fields(alert))

    def on_outcome(self, alert: Alert, outcome: Outcome) -> None:
        self._print("notification", rule=alert.rule, outcome=outcome.status.value, detail=outcome.detail)

    def on_state(self, state: MonitorState, at: Instant) -> None:
        self._print("state", at=round(at.wall, 3), state=state.activity.value, reason=state.reason)

    def on_notice(self, text: str) -> None:
        self._print("notice", text=text)

    def finish(self) -> None:
        """Nothing is kept back."""

    def _print(self, event: str, **fields: Any) -> None:
        with self._turn:
            self._stream.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
            self._stream.flush()


def alert_fields(alert: Alert) -> dict[str, Any]:
    """Given an alert, return it as plain data. `start` is in seconds of the file, or of the day's clock (epoch)."""
    return {
        "rule": alert.rule,
        "severity": alert.severity.value,
        "message": alert.message,
        "reason": alert.reason,
        "metric": alert.metric,
        "value": round(alert.value, 3),
        "threshold": alert.threshold,
        "held": round(alert.held, 3),
        "start": _rounded(alert.position) if alert.position is not None else round(alert.started.wall, 3),
        "at": round(alert.at.wall, 3),
        "view": alert.view.value,
        "confidence": round(alert.confidence, 3),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
