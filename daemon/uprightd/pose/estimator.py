"""The seam between pictures and keypoints, and what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from uprightd.domain import Box, Pose

MEDIAPIPE = "mediapipe"
SAPIENS2 = "sapiens2"


class PoseEstimator(Protocol):
    """A pose model, loaded and ready. Loading may take seconds and gigabytes, so there is one per process."""

    name: str
    device: str
    """Where it runs, and how: "cpu", "cuda, bfloat16, compiled"."""

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        """Given pictures, BGR uint8 (H, W, 3), return one pose each; None where nobody is seen.

        Several pictures at once let a backend on a GPU run them as one batch.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


class FindPeople(Protocol):
    """Finds everybody in a picture, where a pose model answers with one person."""

    def __call__(self, image: np.ndarray) -> list[Box]:
        """Given a picture, BGR uint8 (H, W, 3), return the boxes of all people in it."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Sapiens2Options:
    """How Sapiens2 runs: device and number type (auto decides), input (height, width), the reference's second,
    mirrored look, and the rounding of its rotary embedding (bfloat16 is Meta's own)."""

    device: str = "auto"
    dtype: str = "auto"
    resolution: tuple[int, int] = (1024, 768)
    flip: bool = False
    rope: str = "float32"


def load_mediapipe(tracking: bool, face: bool = True) -> PoseEstimator:
    """Load the light backend: `tracking` for a stream, otherwise for single pictures; without `face`, its body alone.

    Raise UnavailableError when mediapipe is not there.
    """
    from uprightd.pose.mediapipe import MediapipePose

    return MediapipePose(tracking, face)


def load_sapiens2(
    weights: Path,
    detector: Path | None,
    options: Sapiens2Options,
    tracking: bool,
    pointmap: Path | None = None,
) -> PoseEstimator:
    """Given a pose checkpoint, load the reference backend: `tracking` for a stream, otherwise for single pictures.

    detector: weights that find people; None looks at the whole picture, for one subject in front of the camera.
    pointmap: weights that place the keypoints in space; None leaves a pose's `world` empty.

    Raise UnavailableError when a library or the device is not there or memory does not suffice, DataError when
    a checkpoint is not what it should be.
    """
    from uprightd.sapiens2.architecture import Task
    from uprightd.sapiens2.checkpoint import read_checkpoint
    from uprightd.sapiens2.device import place, this_machine
    from uprightd.sapiens2.estimator import load_pose
    from uprightd.sapiens2.people.detector import load_people

    checkpoint = read_checkpoint(weights, Task.POSE)
    depth = read_checkpoint(pointmap, Task.POINTMAP) if pointmap else None
    placement = place(this_machine(), options.device, options.dtype)
    # Nobody has tried the detector on a Mac's GPU; it is small enough for the CPU.
    people = load_people(detector, "cuda" if placement.kind == "cuda" else "cpu") if detector else None
    return load_pose(
        checkpoint, placement, tracking, options.resolution, options.flip, options.rope, people, depth
    )


def load_people_finder(detector: Path | None) -> FindPeople:
    """Given the weights of a person detector, load it; None takes mediapipe, which looks at strips of the picture.

    Raise UnavailableError or DataError as the loading of a backend does.
    """
    if detector is not None:
        from uprightd.sapiens2.people.detector import load_people

        return load_people(detector, "cpu")
    from uprightd.pose.people import PeopleInStrips

    return PeopleInStrips()
