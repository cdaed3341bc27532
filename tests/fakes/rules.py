"""Rules and readings for tests of the engine: each of one metric unless a test says more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from uprightd.domain import Alert, Instant, Reading, Reason, Severity, Value, View, unknown
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Budget, Operator, Rule, Sitting, Static

PULSE = 3.0
WALL = 1_795_424_400.0
"""Monday 2026-11-23 09:00 UTC, where the wall clock of these readings stands when the monotonic one says 0."""
BAD, BETWEEN, GOOD, NONE = 60.0, 47.0, 40.0, None
"""Degrees past the threshold (50), between it and `clear` (45), and past `clear`; None is an unknown value."""

LIMIT = Rule(
    id="neck",
    metric="neck_flexion",
    operator=Operator.ABOVE,
    threshold=50.0,
    hold=3.0,
    clear=45.0,
    cooldown=100.0,
    severity=Severity.WARN,
    message="{metric} {value} past {threshold} for {held}",
)
ISO = Budget(((25.0, 480.0), (85.0, 60.0)))
"""Eight minutes at 25°, one minute at 85°."""
BUDGET = replace(
    LIMIT, id="budget", operator=Operator.AT_LEAST, threshold=25.0, hold=480.0, clear=25.0, term=ISO
)
SITTING = replace(LIMIT, id="sitting", metric="", threshold=600.0, hold=600.0, term=Sitting(600.0, 120.0))
STATIC = replace(LIMIT, id="static", threshold=5.0, hold=60.0, term=Static(5.0, 60.0))

Timeline = Iterable[tuple[float, float | None]]
"""(seconds, neck flexion)."""


def reading(mono: float, value: float | None = None, /, **changes: Any) -> Reading:
    """A reading at a monotonic moment, with a neck flexion or an unknown one. What else differs is given by name."""
    told = unknown(Reason.OCCLUDED) if value is None else Value(value)
    seen = Reading(Instant(WALL + mono, mono), True, View.SAGITTAL_LEFT, {"neck_flexion": told}, 0.9)
    return replace(seen, **changes)


def nobody(at: float) -> Reading:
    gone = {"neck_flexion": unknown(Reason.NO_PERSON)}
    return reading(at, present=False, view=View.UNKNOWN, values=gone, confidence=0.0)


def steady(
    value: float | None, start: float, end: float, step: float = 1.0
) -> list[tuple[float, float | None]]:
    """One value from start to end, both included, every `step` seconds."""
    count = round((end - start) / step)
    return [(start + number * step, value) for number in range(count + 1)]


def alerts(engine: RuleEngine, readings: Iterable[Reading]) -> list[Alert]:
    return [alert for each in readings for alert in engine.judge(each).alerts]


def told(engine: RuleEngine, timeline: Timeline) -> list[float]:
    """The moments at which the engine spoke over a timeline."""
    return [alert.at.mono for alert in alerts(engine, (reading(at, value) for at, value in timeline))]


def of(rule: Rule | Sequence[Rule]) -> RuleEngine:
    return RuleEngine([rule] if isinstance(rule, Rule) else rule, PULSE)
