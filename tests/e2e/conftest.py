"""A terminal with a home of its own, and the videos that the tests of whole commands watch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.terminal import Terminal

from uprightd import opencv
from uprightd.paths import shipped_clip

LONG_FPS = 5
LONG_SECONDS = 120


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A person's terminal; what was started there has ended afterwards."""
    it = Terminal()
    yield it
    it.close()


@pytest.fixture(scope="session")
def clip() -> Path:
    """Eight seconds of somebody at a desk, seen from the side: upright, then the neck flexed at 1.5-3.6 s."""
    return shipped_clip()


@pytest.fixture(scope="session")
def long_clip(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same person for two minutes, small and at five frames per second, for a daemon that has to go on."""
    cv2 = opencv.load()
    reader = cv2.VideoCapture(str(clip))
    frames = []
    while reader.grab():
        ok, image = reader.retrieve()
        if ok and len(frames) < 20:
            frames.append(cv2.resize(image, (426, 240)))
    reader.release()
    path = tmp_path_factory.mktemp("video") / "long.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), LONG_FPS, (426, 240))
    for number in range(LONG_FPS * LONG_SECONDS):
        writer.write(frames[number % len(frames)])
    writer.release()
    assert path.stat().st_size > 0
    return path
