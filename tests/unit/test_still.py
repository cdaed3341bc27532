"""One picture from a camera, after a countdown that is told second by second."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from uprightd.config.schema import Config
from uprightd.domain import CameraState, Frame, Instant
from uprightd.service import still

IMAGE = np.zeros((4, 4, 3), np.uint8)


class Camera:
    """Gives a picture at every look, a twentieth of a second after the last."""

    finished = False
    opening = False

    def __init__(self, *_: Any) -> None:
        self.status = type("Status", (), {"state": CameraState.OK})()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def poll(self, _timeout: float) -> Frame:
        time.sleep(0.05)
        return Frame(IMAGE, Instant(time.time(), time.monotonic()), "camera 0")


@pytest.fixture(autouse=True)
def camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still, "Camera", Camera)
    monkeypatch.setattr(still, "WARM_UP", 0.0)


def test_the_seconds_left_are_told_once_each_and_the_picture_comes_at_none() -> None:
    heard: list[tuple[int, float]] = []
    began = time.monotonic()
    image, name = still.take_still(Config(), 2, lambda left: heard.append((left, time.monotonic() - began)))
    assert image is IMAGE
    assert name == "0"
    assert [left for left, _ in heard] == [2, 1, 0]
    assert heard[-1][1] >= 2.0, "the picture is not taken early"


def test_without_a_countdown_it_comes_as_soon_as_the_camera_has_settled() -> None:
    heard: list[int] = []
    still.take_still(Config(), 0, heard.append)
    assert heard == [0]
