"""The words of gait: a walker's track, events, steps, cycles and parameters, each number with what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from uprightd.domain import View


class Side(StrEnum):
    """The subject's own side."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class EventKind(StrEnum):
    """strike: the heel meets the floor, the stance begins. off: the toe leaves it, the swing begins."""

    STRIKE = "strike"
    OFF = "off"


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One walker through a video.

    times: (N,) seconds from the first frame of the video, increasing; the frame rate may vary. points: by name
    (N, 3): x and y in pixels of the upright picture, score 0-1; NaN rows where nobody was detected. size: width and
    height of that picture. world: by name (N, 3) metres as in `domain.Pose.world`; may be empty.
    """

    times: np.ndarray
    points: Mapping[str, np.ndarray]
    size: tuple[int, int]
    backend: str
    world: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.times)
        shapes = {name: array.shape for name, array in (*self.points.items(), *self.world.items())}
        wrong = {name: shape for name, shape in shapes.items() if shape != (count, 3)}
        if self.times.ndim != 1 or wrong:
            raise ValueError(
                f"expected {count} times and arrays of ({count}, 3), got {wrong or self.times.shape}"
            )
        if count and not (np.isfinite(self.times).all() and (np.diff(self.times) > 0).all()):
            raise ValueError("expected finite times that increase")

    @property
    def count(self) -> int:
        """Frames."""
        return len(self.times)

    @property
    def detected(self) -> np.ndarray:
        """(N,) bool: frames in which somebody was found."""
        found = np.zeros(self.count, bool)
        for array in self.points.values():
            found |= np.isfinite(array[:, :2]).all(axis=1)
        return found


@dataclass(frozen=True, slots=True)
class Event:
    """A foot strike or a toe-off: t in seconds from the first frame, finer than a frame; confidence 0-1."""

    t: float
    side: Side
    kind: EventKind
    confidence: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number about the walk, or None with the reason why there is none; never both, never neither.

    sd: spread over the steps or strides it is the mean of. mdc: the smallest change between two recordings that is
    more than measurement noise (95 %). error: one root-mean-square error of the value. All in `unit`; None where
    unknown. count: how many steps, strides or seconds it rests on.
    """

    name: str
    value: float | None
    sd: float | None
    mdc: float | None
    error: float | None
    unit: str
    reason: str | None = None
    count: int = 0

    def __post_init__(self) -> None:
        if (self.value is None) is (self.reason is None):
            raise ValueError(f"a parameter is a number or a reason, got {self}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from the strike of the other foot to the strike of this one; None where it cannot be known.

    strike: seconds from the first frame. step_time: since the other foot's strike before. stance, swing and stride
    follow this strike: its stance ends with this foot's toe-off, its stride with this foot's next strike.
    double_support: from this strike to the toe-off of the other foot. Lengths in metres.
    """

    number: int
    side: Side
    strike: float
    confidence: float
    step_time: float | None = None
    stride_time: float | None = None
    stance_time: float | None = None
    swing_time: float | None = None
    double_support_time: float | None = None
    step_length: float | None = None
    stride_length: float | None = None
    speed: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A quantity through the video: (N,) as measured and filtered, NaN where unknown."""

    unit: str
    raw: np.ndarray
    filtered: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Cycle:
    """One stride of one side, from strike to strike; curves: joint angle in degrees by name, (101,) over 0-100 %."""

    side: Side
    start: float
    end: float
    toe_off: float | None
    """Seconds from the first frame; None where it was not seen."""
    curves: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class KnownDistance:
    """Something of known length on the line that is walked: its metres, and its pixels in the picture."""

    metres: float
    pixels: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Metres per pixel at the walker, one relative standard error (0.04: 4 %), and where it comes from, in words."""

    metres_per_pixel: float
    relative_error: float
    source: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the methods agree, matched event by event within a tenth of a second on the same foot.

    matched of `events` were also found by the second method; bias and sd in seconds of second minus first.
    """

    first: str
    second: str
    events: int
    matched: int
    bias: float | None
    sd: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What a track tells of a walk.

    track: repaired (legs put back, gaps filled, filtered). raw: as it was given. direction: -1 to the image's left,
    +1 to its right, 0 towards the camera or away from it. walk: begin and end in seconds of the stretch that was
    read. method: how the events were found, in words. swapped, outliers: (N,) bool, frames whose legs were
    exchanged, and in which a point was thrown out. notes: plain sentences, what limits these numbers.
    """

    track: Track
    raw: Track
    view: View
    direction: int
    walk: tuple[float, float]
    method: str
    swapped: np.ndarray
    outliers: np.ndarray
    series: Mapping[str, Series]
    events: tuple[Event, ...]
    steps: tuple[Step, ...]
    cycles: tuple[Cycle, ...]
    parameters: Mapping[str, Parameter]
    scale: Scale | None
    agreement: Agreement | None
    notes: tuple[str, ...]
    partial: str | None = None
    """Why this is less than an analysis (nobody walks, one step only), in words; None when it is whole."""
