"""The seam between pictures and keypoints, and the choice of what stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from uprightd.domain import Pose
from uprightd.errors import UnavailableError

AUTO = "auto"
MEDIAPIPE = "mediapipe"
SAPIENS2 = "sapiens2"


class PoseEstimator(Protocol):
    """A pose model, loaded and ready. Loading may take seconds and gigabytes, so there is one per process."""

    name: str
    device: str

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        """Given pictures, BGR uint8 (H, W, 3), return one pose each; None where nobody is seen.

        Several pictures at once let a backend on a GPU run them as one batch.
        """
        ...

    def close(self) -> None:
        """Free the model."""
        ...


def choose_backend(wanted: str, models: Path) -> tuple[str, str]:
    """Given the configured backend and the folder of weights, return (backend, why in words).

    `auto` prefers Sapiens2 as soon as its weights are there and this version can run them.
    """
    if wanted != AUTO:
        return wanted, "configured"
    if not _has_sapiens2_weights(models):
        return MEDIAPIPE, "no Sapiens2 weights are installed"
    if SAPIENS2 in LOADERS:
        return SAPIENS2, f"its weights are in {models}"
    return MEDIAPIPE, f"Sapiens2 weights are in {models}, but this version cannot run them yet"


def load_backend(name: str, tracking: bool) -> PoseEstimator:
    """Given a backend's name, load it: `tracking` for a stream, otherwise for single pictures.

    Raise UnavailableError when the backend, or a library it needs, is not there.
    """
    if name not in LOADERS:
        raise UnavailableError(
            f"the pose backend {name!r} is not part of this version",
            f"Use --backend {' or --backend '.join(sorted(LOADERS))}, or pose.backend: auto in the configuration.",
        )
    return LOADERS[name](tracking)


def _load_mediapipe(tracking: bool) -> PoseEstimator:
    from uprightd.pose.mediapipe import MediapipePose

    return MediapipePose(tracking)


LOADERS = {MEDIAPIPE: _load_mediapipe}


def _has_sapiens2_weights(models: Path) -> bool:
    return any(models.glob("sapiens2*/**/*.safetensors")) or any(models.glob("sapiens2*pose*.safetensors"))
