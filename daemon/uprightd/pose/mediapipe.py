"""The light backend: mediapipe's BlazePose with the models its wheel carries, on the CPU."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from uprightd import opencv
from uprightd.domain import Keypoint, Pose
from uprightd.errors import UnavailableError
from uprightd.pose.consensus import box_around, consensus

LANDMARKS = {
    "nose": 0,
    "left_eye": 2,
    "right_eye": 5,
    "left_ear": 7,
    "right_ear": 8,
    "left_shoulder": 11,
    "right_shoulder": 12,
    "left_elbow": 13,
    "right_elbow": 14,
    "left_wrist": 15,
    "right_wrist": 16,
    "left_hip": 23,
    "right_hip": 24,
    "left_knee": 25,
    "right_knee": 26,
    "left_ankle": 27,
    "right_ankle": 28,
    "left_heel": 29,
    "right_heel": 30,
    "left_big_toe": 31,
    "right_big_toe": 32,
}
"""Our keypoint names and their index among mediapipe's 33 landmarks (its foot_index is the big toe)."""


class MediapipePose:
    """BlazePose "full". `tracking` follows one person from frame to frame; otherwise each picture
    stands alone and is looked at several times (see `consensus`)."""

    name = "mediapipe"
    device = "cpu"

    def __init__(self, tracking: bool) -> None:
        """Raise UnavailableError when mediapipe is not installed."""
        self._tracking = tracking
        self._greeted = False
        solution = _pose_solution()
        with _quiet_stderr():
            self._solution: Any = solution(
                static_image_mode=not tracking,
                model_complexity=1,  # the one pose model the wheel carries; 0 and 2 would be downloaded
                smooth_landmarks=False,  # smoothing is ours to do, and to say
                min_detection_confidence=0.5,
                min_tracking_confidence=0.5,
            )
            # The graph opens its models in threads of its own; an empty picture waits for them.
            self._solution.process(np.zeros((64, 64, 3), np.uint8))

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        """Given pictures, BGR uint8 (H, W, 3), return the person in each, or None where nobody is seen.

        Scores are mediapipe's visibility. A result that is not finite counts as nobody.
        """
        look = self._estimate_one if self._tracking else partial(consensus, self._estimate_one)
        return [look(image) for image in images]

    def _estimate_one(self, image: np.ndarray) -> Pose | None:
        height, width = image.shape[:2]
        cv2 = opencv.load()
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        with contextlib.nullcontext() if self._greeted else _quiet_stderr():
            result = self._solution.process(rgb)
        if result.pose_landmarks is None:
            return None
        self._greeted = True
        landmarks = result.pose_landmarks.landmark
        keypoints = {
            name: Keypoint(landmarks[i].x * width, landmarks[i].y * height, landmarks[i].visibility)
            for name, i in LANDMARKS.items()
        }
        if not all(math.isfinite(number) for point in keypoints.values() for number in point):
            return None
        world = result.pose_world_landmarks.landmark
        return Pose(
            keypoints=keypoints,
            box=box_around(keypoints.values()),
            score=sum(point.score for point in keypoints.values()) / len(keypoints),
            backend=self.name,
            world={name: (world[i].x, world[i].y, world[i].z) for name, i in LANDMARKS.items()},
        )

    def close(self) -> None:
        self._solution.close()


def _pose_solution() -> Any:
    try:
        with _quiet_stderr(), _without_pyplot():
            from mediapipe.python.solutions.pose import Pose as Solution
    except ImportError as error:
        raise UnavailableError(
            f"the mediapipe backend cannot be loaded: {error}",
            'Install it with: pip install "uprightd[light]" (Python 3.11 or 3.12).',
        ) from error
    return Solution


@contextlib.contextmanager
def _without_pyplot() -> Iterator[None]:
    """Keep mediapipe's drawing module from loading matplotlib, for a function that we never call.

    It is half of the import's time, 30 MB, and writes a font cache into the person's home.
    """
    absent = [name for name in ("matplotlib", "matplotlib.pyplot") if name not in sys.modules]
    sys.modules.update({name: ModuleType(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep the greetings of mediapipe's C++ parts off the terminal; they heed no log level (0.10.21).

    They come while the graph is built and until the first person is found.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
