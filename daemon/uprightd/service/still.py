"""One picture from a camera, and the pose in one picture: what captures on demand need of camera and model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime

import numpy as np

from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import check_source, parse_source
from uprightd.camera.states import error_for
from uprightd.camera.supervisor import Camera
from uprightd.clock import SystemClock
from uprightd.config.schema import Config
from uprightd.domain import CameraState, Pose
from uprightd.paths import Paths
from uprightd.service.backends import choose_backend, load_backend

WARM_UP = 1.0
"""Seconds a live camera gets to settle its exposure after its first picture."""
GIVE_UP = 15.0


def take_still(
    config: Config, countdown: int = 0, tell: Callable[[int], None] | None = None
) -> tuple[np.ndarray, str]:
    """Given the settings, return a picture BGR uint8 (H, W, 3) from their source, and the source's name.

    countdown: seconds a live camera waits, so that one can step in front of it; `tell` hears how many are left, 0 when
    the picture is taken. Raise UnavailableError or DeniedError with the camera's state in words when none can be had.
    """
    source = parse_source(config.camera.source)
    check_source(source)
    camera = Camera(
        source, CameraSettings(width=config.camera.width, height=config.camera.height), SystemClock()
    )
    wait = max(WARM_UP, countdown) if source.live else 0.0
    deadline, settled, left = time.monotonic() + GIVE_UP + wait, None, countdown + 1
    camera.open()
    try:
        while time.monotonic() < deadline and not camera.finished:
            frame = camera.poll(0.25)
            if frame is not None:
                settled = settled or time.monotonic() + wait
                now = time.monotonic()
                if tell and source.live and math.ceil(settled - now) < left:
                    left = max(0, math.ceil(settled - now))
                    tell(left)
                if now >= settled:
                    return frame.image, source.text
            elif camera.status.state is not CameraState.OK and not camera.opening:
                break
        raise error_for(camera.status)
    finally:
        camera.close()


def pose_of(image: np.ndarray, config: Config, paths: Paths) -> Pose | None:
    """Given a picture BGR uint8 (H, W, 3), return the pose in it by the configured backend, or None."""
    estimator = load_backend(choose_backend(config, paths), config, tracking=False)
    try:
        return estimator.estimate([image])[0]
    finally:
        estimator.close()


def now_text() -> str:
    """Return this moment in local time, ISO 8601 to the second."""
    return datetime.now().astimezone().isoformat(timespec="seconds")
