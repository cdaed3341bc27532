"""A real log told second by second: who sat how, what the rules said of it then, what the person thought of that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from uprightd.clock import FollowingClock
from uprightd.domain import (
    Activity,
    Alert,
    Instant,
    MonitorState,
    Posture,
    Reading,
    Reason,
    Severity,
    Value,
    View,
    unknown,
)
from uprightd.metrics.definitions import METRICS
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Operator, Rule
from uprightd.store.log import Log

START = Instant(1_795_348_800.0, 1_000.0)  # Sunday 2026-11-22 12:00:00 UTC
UPRIGHT, FLEXED = 38.0, 55.0
"""Degrees of neck flexion on the good and the bad side of `NECK`'s limit."""
ERROR = 2.0
"""How far every stored value is off as a rule."""

NECK = Rule(
    id="neck",
    metric="neck_flexion",
    operator=Operator.ABOVE,
    threshold=50.0,
    hold=10.0,
    clear=45.0,
    cooldown=60.0,
    severity=Severity.WARN,
    message="Look up: {value} for {held}.",
    source="Informed by a test.",
    origin="mine.yaml:4",
)


class Story:
    """Writes a log as the monitor would, `rules` in force and judged by the real engine. Close it before reading."""

    def __init__(
        self, path: Path, rules: Iterable[Rule] = (NECK,), *, start: Instant = START, period: float = 1.0
    ) -> None:
        self.now, self.period = start, period
        self.alerts: list[tuple[int, Alert]] = []
        """Each with its row id."""
        self.engine = RuleEngine(rules, 5.0)
        self.log = Log.open(path, metrics=METRICS, clock=FollowingClock(start))
        self.log.database.execute("PRAGMA synchronous = OFF")
        self.begin()

    def __enter__(self) -> Story:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.log.close()

    def begin(self) -> None:
        """Start the monitor, anew if it ran."""
        self.engine.interrupt()
        self.log.begin_run("camera 0", "mediapipe", self.now, self.period)

    def sit(
        self,
        seconds: float,
        neck: float | None = UPRIGHT,
        *,
        view: View = View.SAGITTAL_LEFT,
        profile: str = "",
        judged: bool = True,
        **values: float,
    ) -> None:
        """Sit for so long with that neck (None: not to be seen) and these other values. judged: by the rules."""
        numbers = {"neck_flexion": neck, **values}
        known = {name: Value(number, error=ERROR) for name, number in numbers.items() if number is not None}
        self._sample(seconds, True, view, known, profile, judged)

    def away(self, seconds: float) -> None:
        """Be away for so long."""
        self._sample(seconds, False, View.UNKNOWN, {}, "", True)

    def pass_by(self, seconds: float) -> None:
        """Let time pass in which nothing is looked at."""
        self.now = Instant(self.now.wall + seconds, self.now.mono + seconds)

    def say(self, activity: Activity) -> None:
        """Log a state of the monitor, as of now."""
        self.log.add_transition(MonitorState(activity, "for a test"), self.now)

    def judge(self, verdict: str, note: str = "") -> int:
        """Say of the last alert that it was wrong or right; return its id."""
        row, _ = self.alerts[-1]
        self.log.add_feedback(row, verdict, note, self.now)
        return row

    def _sample(
        self, seconds: float, present: bool, view: View, known: dict[str, Value], profile: str, judged: bool
    ) -> None:
        missing = unknown(Reason.OCCLUDED if present else Reason.NO_PERSON)
        values = {**dict.fromkeys(METRICS, missing), **known}
        scores = {"nose": 0.61, "left_shoulder": 0.97, "left_ear": 0.42} if present else {}
        for _ in range(round(seconds / self.period)):
            reading = Reading(self.now, present, view, values, 0.93 * present, profile=profile, scores=scores)
            verdict = self.engine.judge(reading) if judged else None
            posture = Posture.UNRELIABLE if verdict is None else verdict.posture
            self.log.add_sample(reading, posture)
            for alert in verdict.alerts if verdict else ():
                self.alerts.append((self.log.add_alert(alert), alert))
            self.pass_by(self.period)
