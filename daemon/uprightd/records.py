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
    """One run of the monitor; `ended_ms` is None while it lasts, and when it was killed until the next one begins.

    last_ms: its end, or else its last sign of life.
    """

    id: int
    started_ms: int
    offset_min: int
    source: str
    backend: str
    version: str
    ended_ms: int | None
    seconds_per_sample: float
    last_ms: int | None = None


class RollUp(NamedTuple):
    """One metric in one minute or hour of the person's clock: its values, and how long it was known and in which band.

    samples: how many told it. The bands' times add up to `known_ms`, or are all 0 for a metric without bands.
    """

    start_ms: int
    offset_min: int
    metric: str
    samples: int
    low: float
    median: float
    high: float
    known_ms: int
    good_ms: int
    borderline_ms: int
    poor_ms: int


@dataclass(frozen=True, slots=True)
class Capture:
    """A folder of files that was made on demand. `kind` as in its manifest: snapshot, gait, derm."""

    kind: str
    path: str
    files: int
    bytes: int
    summary: Mapping[str, Any]
    """A few facts of its manifest, as plain JSON data."""


@dataclass(frozen=True, slots=True)
class CaptureRow:
    """A capture as it was logged."""

    id: int
    at_ms: int
    offset_min: int
    kind: str
    path: str
    files: int
    bytes: int
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Calibration:
    """An upright pose that was recorded: for which profile and camera, by what, in how many good seconds and looks."""

    profile: str
    revision: int
    camera: str
    backend: str
    view: str
    seconds: float
    samples: int


class ContactRow(NamedTuple):
    """Whom on a network the program has spoken to, what for, and when first and last."""

    purpose: str
    address: str
    first_ms: int
    last_ms: int
    times: int
