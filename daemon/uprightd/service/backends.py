"""Which pose model runs, and why; and loading it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from uprightd.config.schema import Config
from uprightd.errors import UnavailableError
from uprightd.paths import Paths
from uprightd.pose.estimator import (
    MEDIAPIPE,
    SAPIENS2,
    PoseEstimator,
    Sapiens2Options,
    load_mediapipe,
    load_sapiens2,
)
from uprightd.sapiens2.device import runtime_environment
from uprightd.weights.installed import find, offline_environment

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Backend:
    """The choice: its name, the reason in words, and the weights it needs, None where it brings its own."""

    name: str
    why: str
    weights: Path | None = None
    detector: Path | None = None
    pointmap: Path | None = None


def choose_backend(config: Config, paths: Paths) -> Backend:
    """Given the settings and folders, return the backend: `auto` prefers Sapiens2 where it can run.

    Raise DataError when the manifest of the weights is damaged.
    """
    wanted, size = config.pose.backend, None if config.pose.size == AUTO else config.pose.size
    if wanted == MEDIAPIPE:
        return Backend(MEDIAPIPE, "configured")
    model = find(paths.models, "pose", size)
    weights = model.path(paths.models) if model else None
    mapper = find(paths.models, "pointmap", size) if config.pose.pointmap else None
    pointmap = mapper.path(paths.models) if mapper else None
    finder = None if config.pose.people == "whole" else find(paths.models, "detect")
    detector = finder.path(paths.models) if finder else None
    looks = "a detector finds the people" if finder else "it looks at the whole picture"
    if wanted == SAPIENS2:
        return Backend(SAPIENS2, f"configured; {looks}", weights, detector, pointmap)
    if model is None:
        return Backend(MEDIAPIPE, "no Sapiens2 weights are installed")
    if find_spec("torch") is None or find_spec("transformers") is None:
        return Backend(
            MEDIAPIPE, 'Sapiens2 weights are here, but not its libraries: pip install "uprightd[sapiens2]"'
        )
    return Backend(
        SAPIENS2, f"its weights of size {model.size} are installed; {looks}", weights, detector, pointmap
    )


def load_backend(backend: Backend, config: Config, tracking: bool, face: bool = True) -> PoseEstimator:
    """Given the choice and the settings, load it: `tracking` for a stream, otherwise for single pictures. Without
    `face`, a backend that has models of its own for the face leaves them out.

    Raise UnavailableError when weights, a library, the device or memory are missing, DataError when the weights
    are not what they should be; each names the command that mends it.
    """
    if backend.name == MEDIAPIPE:
        return load_mediapipe(tracking, face)
    if backend.weights is None:
        raise UnavailableError(
            "there are no Sapiens2 weights for the pose backend",
            "Fetch them with `uprightd models fetch`, place them with `uprightd models add PATH`, or use "
            "--backend mediapipe.",
        )
    if backend.detector is None and config.pose.people == "detect":
        raise UnavailableError(
            "no person detector is installed, and pose.people asks for one",
            "Fetch one with `uprightd models fetch --task detect`, or set pose.people: auto to look at the whole "
            "picture.",
        )
    if backend.pointmap is None and config.pose.pointmap:
        size = "" if config.pose.size == AUTO else f" --size {config.pose.size}"
        raise UnavailableError(
            f"no pointmap weights{f' of size {config.pose.size}' if size else ''} are installed, and pose.pointmap "
            "asks for them",
            f"Fetch them with `uprightd models fetch --task pointmap{size}`, or set pose.pointmap: false.",
        )
    # Before the libraries are loaded; after the fetch nothing here touches the network.
    os.environ.update(offline_environment() | runtime_environment())
    return load_sapiens2(backend.weights, backend.detector, options_of(config), tracking, backend.pointmap)


def options_of(config: Config) -> Sapiens2Options:
    """Given the settings, return how Sapiens2 is to run."""
    pose = config.pose
    height, width = (int(side) for side in pose.resolution.split("x"))
    return Sapiens2Options(pose.device, pose.dtype, (height, width), pose.flip, pose.rope)
