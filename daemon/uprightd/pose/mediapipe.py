"""The light backend: mediapipe's BlazePose with the models its wheel carries, on the CPU."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from uprightd import opencv
from uprightd.domain import Keypoint, Pose
from uprightd.errors import UnavailableError
from uprightd.pose.consensus import box_around, consensus, near_consensus
from uprightd.pose.faces import Faces
from uprightd.quiet import quiet_stderr

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
    """BlazePose "full", and what is seen of the face. `tracking` follows one person from frame to frame; otherwise
    each picture stands alone and is looked at several times (see `consensus`). Without `face` only the body is
    looked for: a third of the time less."""

    name = "mediapipe"
    device = "cpu"

    def __init__(self, tracking: bool, face: bool = True) -> None:
        """Raise UnavailableError when mediapipe is not installed."""
        self._tracking = tracking
        made = solutions()
        self._body = Solution(
            lambda: made.pose.Pose(
                static_image_mode=not tracking,
                model_complexity=1,  # the one pose model the wheel carries; 0 and 2 would be downloaded
                smooth_landmarks=False,  # smoothing is ours to do, and to say
                min_detection_confidence=0.5,
                min_tracking_confidence=0.5,
            ),
            "pose_landmarks",
        )
        # 20 ms and 27 MB, spent at once: so the first reading is no slower and the memory does not grow later.
        self._faces = self._face_models(made, tracking) if face else None

    @staticmethod
    def _face_models(made: Any, tracking: bool) -> Faces:
        return Faces(
            Solution(
                lambda: made.face_mesh.FaceMesh(
                    static_image_mode=not tracking,
                    max_num_faces=1,
                    refine_landmarks=False,
                    min_detection_confidence=0.5,
                    min_tracking_confidence=0.5,
                ),
                "multi_face_landmarks",
            ),
            # 0 is the model for near faces. It answers from a score of 0.5, whatever lower one is asked for.
            Solution(lambda: made.face_detection.FaceDetection(0.5, model_selection=0), "detections"),
            tracking,
        )

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        """Given pictures, BGR uint8 (H, W, 3), return the person in each, or None where nobody is seen.

        Scores are mediapipe's visibility; box, score and `world` are about the body. A result that is not finite
        counts as nobody.
        """
        return [self._person(image) for image in images]

    def look(self, image: np.ndarray) -> Pose | None:
        """Given a picture, BGR uint8 (H, W, 3), return the body that a single look finds in it, or None."""
        return self._estimate_one(image)

    def _person(self, image: np.ndarray) -> Pose | None:
        if self._tracking:
            pose = self._estimate_one(image)
            face = self._faces.points(image, pose.keypoints) if pose and self._faces else {}
        else:
            pose = consensus(self._estimate_one, image)
            face = near_consensus(self._faces.points, image, pose) if pose and self._faces else {}
        return pose and replace(pose, keypoints={**pose.keypoints, **face})

    def _estimate_one(self, image: np.ndarray) -> Pose | None:
        height, width = image.shape[:2]
        cv2 = opencv.load()
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        result = self._body.process(rgb)
        if result.pose_landmarks is None:
            return None
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
        self._body.close()
        if self._faces is not None:
            self._faces.close()


class Solution:
    """One of mediapipe's models, kept from greeting on the terminal, which it does until it first finds something."""

    def __init__(self, make: Callable[[], Any], answer: str) -> None:
        """`answer`: the part of its result that is None where it finds nothing."""
        self._answer = answer
        self._greeted = False
        with quiet_stderr():
            self._solution = make()
            # The graph opens its models in threads of its own; an empty picture waits for them.
            self._solution.process(np.zeros((64, 64, 3), np.uint8))

    def process(self, rgb: np.ndarray) -> Any:
        """Given a picture, RGB uint8 (H, W, 3), return all of mediapipe's result."""
        with contextlib.nullcontext() if self._greeted else quiet_stderr():
            result = self._solution.process(rgb)
        self._greeted = self._greeted or getattr(result, self._answer) is not None
        return result

    def look(self, rgb: np.ndarray) -> Any:
        """Given a picture, RGB uint8 (H, W, 3), return the answer alone."""
        return getattr(self.process(rgb), self._answer)

    def close(self) -> None:
        self._solution.close()


def solutions() -> Any:
    """Return mediapipe's solutions. Raise UnavailableError when it is not installed."""
    try:
        with quiet_stderr(), _without_pyplot():
            from mediapipe.python import solutions
    except ImportError as error:
        raise UnavailableError(
            f"the mediapipe backend cannot be loaded: {error}",
            'Install it with: pip install "uprightd[light]" (Python 3.11 or 3.12).',
        ) from error
    return solutions


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
