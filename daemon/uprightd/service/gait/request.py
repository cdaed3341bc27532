"""What is asked of a walk: how to look at it, how to scale it, where to put the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from uprightd.config.schema import Config
from uprightd.gait.model import KnownDistance
from uprightd.gait.screening import Screen
from uprightd.paths import Paths
from uprightd.pose.estimator import MEDIAPIPE, FindPeople, PoseEstimator, load_people_finder
from uprightd.service.backends import choose_backend, load_backend
from uprightd.service.gait.subject import Subject
from uprightd.service.gait.tracking import Tracking

Tell = Callable[[str, float, float | None], None]
"""Called with what is being done, how far it is and, if known, how far it goes; both in seconds of video."""


def silent(doing: str, done: float, whole: float | None) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Request:
    """fps: how many frames a second to look at; None: all. whole: look at the whole picture, not at the walker's part
    of it. height_m, distance: what lengths are scaled by. out: the folder; None: a new one among all captures.
    backend: as configured. screen: limits that the parameters are held against, if any."""

    fps: float | None = None
    subject: Subject = field(default_factory=lambda: Subject("largest"))
    whole: bool = False
    height_m: float | None = None
    distance: KnownDistance | None = None
    out: Path | None = None
    video: bool = True
    backend: str = "auto"
    screen: Screen | None = None

    @property
    def every(self) -> float:
        """Seconds between two frames, 0 for all."""
        return 1 / self.fps if self.fps else 0.0

    def settings(self) -> dict[str, str | float | bool | None]:
        """What decides what comes out, as plain data."""
        return {
            "fps": self.fps,
            "subject": str(self.subject),
            "whole": self.whole,
            "height_m": self.height_m,
            "metres": self.distance and self.distance.metres,
            "pixels": self.distance and self.distance.pixels,
            "video": self.video,
            "backend": self.backend,
            "screen": self.screen and self.screen.name,
        }


@dataclass(frozen=True, slots=True)
class Eyes:
    """A loaded pose model, and what loads the finder of people; None where the whole picture is looked at."""

    estimator: PoseEstimator
    find_people: Callable[[], FindPeople] | None

    def tracking(self, request: Request) -> Tracking:
        return Tracking(self.estimator, request.subject, None if request.whole else self.find_people)

    def close(self) -> None:
        self.estimator.close()


def open_eyes(config: Config, paths: Paths) -> Eyes:
    """Given the settings and folders, load the pose model for a stream, without its face. Raise as `load_backend`."""
    backend = choose_backend(config, paths)
    estimator = load_backend(backend, config, tracking=True, face=False)
    if backend.name != MEDIAPIPE and backend.detector is None:
        return Eyes(estimator, None)
    return Eyes(
        estimator, lambda: load_people_finder(backend.detector if backend.name != MEDIAPIPE else None)
    )
