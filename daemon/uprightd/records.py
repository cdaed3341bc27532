"""What the log holds, as rows: the words that the store and the reports share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class SampleRow(NamedTuple):
    """One sample without its metrics. `posture` is one of domain.Posture."""

    at_ms: int
    offset_min: int
    posture: str
    run_id: int
    seconds_per_sample: float


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as it was stored, field by field; `explanation` is empty where there is none."""

    id: int
    at_ms: int
    offset_min: int
    run_id: int
    rule: str
    severity: str
    message: str
    metric: str
    value: float
    threshold: float
    held_s: float
    started_ms: int
    view: str
    confidence: float
    position: float | None
    reason: str
    outcome: str
    outcome_detail: str
    explanation: Mapping[str, Any]
    decision: str
    """What became of it: spoken, held (told later, in a summary) or dropped."""
    decision_reason: str


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """What the person thinks of one alert: `verdict` is "wrong" or "right"."""

    id: int
    at_ms: int
    offset_min: int
    alert_id: int
    verdict: str
    note: str


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """The state the monitor went into, and why."""

    id: int
    at_ms: int
    offset_min: int
    run_id: int
    activity: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of the monitor; `ended_ms` is None while it lasts, and for ever when it was killed."""

    id: int
    started_ms: int
    offset_min: int
    source: str
    backend: str
    version: str
    ended_ms: int | None
    seconds_per_sample: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How the known values of one metric are spread: how many, the smallest, the median, the largest."""

    count: int
    low: float
    median: float
    high: float
