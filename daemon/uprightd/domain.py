"""The words all parts share: frame, pose, reading, alert, and the states of camera and monitor.

Plain frozen data. numpy arrays stop at `Frame`; a `Pose` already holds Python floats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

COCO_17 = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
FEET = (
    "left_heel",
    "right_heel",
    "left_big_toe",
    "right_big_toe",
    "left_small_toe",
    "right_small_toe",
)
FACE = (
    "glabella",
    "nose_root",
    "nose_bridge",
    "nose_bridge_tip",
    "nose_tip",
    "nose_base",
    "left_nose_wing",
    "right_nose_wing",
    "left_eye_inner",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye_outer",
    "left_mouth_corner",
    "right_mouth_corner",
    "chin_tip",
    "left_brow_inner",
    "right_brow_inner",
    "left_brow_arch",
    "right_brow_arch",
    "left_brow_outer",
    "right_brow_outer",
)
"""Points of a face seen from the front or at an angle, which keep their place on the skull well enough."""
PROFILE = (
    "left_profile_eye",
    "right_profile_eye",
    "profile_nose",
    "profile_mouth",
    "left_profile_ear",
    "right_profile_ear",
)
"""What a face detector finds of a head seen from the side; a second opinion beside the pose model's points."""


class Instant(NamedTuple):
    """A moment on both clocks: `wall` seconds since the epoch (UTC), `mono` monotonic seconds."""

    wall: float
    mono: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: BGR uint8 (H, W, 3), when it was taken, from where.

    `position` is the time in seconds from the start of a file or image folder; None on a live camera.
    """

    image: np.ndarray
    at: Instant
    source: str
    position: float | None = None

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        return int(self.image.shape[0])


class Keypoint(NamedTuple):
    """A named body point in image pixels (x right, y down) with a score in 0–1."""

    x: float
    y: float
    score: float


class Box(NamedTuple):
    """A rectangle in image pixels: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Pose:
    """One person: named keypoints (the subject's own left and right), box, overall score, backend name.

    `world` holds (x, y, z) in metres about the mid-hip where the backend estimates them: z along the line of sight to
    the person, away from the camera, x to the right of it, y down.
    """

    keypoints: Mapping[str, Keypoint]
    box: Box
    score: float
    backend: str
    world: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    people: int = 1
    """How many were seen, where the backend counts them; the pose is the chosen one's."""


def backend_family(name: str) -> str:
    """Given a backend's name with its size ("sapiens2 0.4b"), return the backend."""
    return name.partition(" ")[0]


class View(StrEnum):
    """From where the camera sees the person. sagittal-left: it sees the left side."""

    FRONTAL = "frontal"
    OBLIQUE = "oblique"
    SAGITTAL_LEFT = "sagittal-left"
    SAGITTAL_RIGHT = "sagittal-right"
    REAR = "rear"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """The view as part of a sentence."""
        return _VIEW_WORDS[self]


_VIEW_WORDS = {
    View.FRONTAL: "seen from the front",
    View.OBLIQUE: "seen at an angle",
    View.SAGITTAL_LEFT: "seen from the left",
    View.SAGITTAL_RIGHT: "seen from the right",
    View.REAR: "seen from behind",
    View.UNKNOWN: "view unknown",
}


class Reason(StrEnum):
    """Why a metric has no value."""

    OCCLUDED = "occluded"
    VIEW = "view"
    LOW_CONFIDENCE = "low_confidence"
    NO_PERSON = "no_person"
    UNCALIBRATED = "uncalibrated"


ABSENT = {
    Reason.VIEW: "not in this view",
    Reason.NO_PERSON: "nobody",
    Reason.OCCLUDED: "out of sight",
    Reason.LOW_CONFIDENCE: "unsure",
    Reason.UNCALIBRATED: "uncalibrated",
}
"""The reasons as a person reads them in a value's place."""


@dataclass(frozen=True, slots=True)
class Value:
    """A metric's value, or NaN with the reason; never NaN without one, never a number with one.

    error: how far it is off as a rule (one root-mean-square error, in the metric's unit); None where nobody has
    measured that.
    """

    number: float
    reason: Reason | None = None
    error: float | None = None

    def __post_init__(self) -> None:
        if math.isfinite(self.number) == (self.reason is not None):
            raise ValueError(f"a value is a finite number or NaN with a reason, got {self}")

    @property
    def known(self) -> bool:
        return self.reason is None


def unknown(reason: Reason) -> Value:
    """Given a reason, return the value that is not there."""
    return Value(math.nan, reason)


@dataclass(frozen=True, slots=True)
class Reading:
    """All metric values of one frame, with presence and view.

    profile: the calibration that relative values count from. smoothed: the known values without their jitter, for
    showing; the raw ones are what is judged and logged. baseline: what the metrics that are not relative read in the
    calibrated upright pose. scores: how sure the model was of each keypoint, 0-1.
    """

    at: Instant
    present: bool
    view: View
    values: Mapping[str, Value]
    confidence: float = 0.0
    position: float | None = None
    profile: str = ""
    smoothed: Mapping[str, float] = field(default_factory=dict)
    baseline: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


class Posture(StrEnum):
    """What one sample says: good (no rule's limit passed), poor (at least one), or why it says nothing."""

    GOOD = "good"
    POOR = "poor"
    UNRELIABLE = "unreliable"
    AWAY = "away"


class Severity(StrEnum):
    INFO = "info"
    WARN = "warn"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that was broken long enough: what, how far, since when, and the sentence for the person."""

    rule: str
    severity: Severity
    message: str
    metric: str
    value: float
    threshold: float
    held: float
    """Seconds in violation when it fired."""
    started: Instant
    """First sample of the violation."""
    at: Instant
    reason: str
    """The same in words with numbers: what was measured, against what limit, for how long, in which view."""
    view: View
    confidence: float
    position: float | None = None
    """Seconds into the file at the first sample of the violation; None on a live camera."""
    explanation: Mapping[str, Any] = field(default_factory=dict)
    """What it rests on, as plain JSON data: see rules.account."""


class CameraState(StrEnum):
    """What the camera does, each with its own message and hint (see camera.states)."""

    OK = "ok"
    ABSENT = "absent"
    BUSY = "busy"
    DENIED = "denied"
    NO_FRAMES = "no_frames"
    DARK = "dark"


class Activity(StrEnum):
    """The state of the monitor; always held together with a reason in words."""

    WATCHING = "watching"
    AWAY = "away"
    UNRELIABLE = "unreliable"
    UNCALIBRATED = "uncalibrated"
    PAUSED = "paused"
    DEGRADED = "degraded"


class MonitorState(NamedTuple):
    activity: Activity
    reason: str = ""
