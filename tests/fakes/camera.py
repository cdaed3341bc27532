"""Cameras for tests: one that plays a list, capture processes that play a script, and small real videos."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import Source, parse_source
from uprightd.camera.states import CameraStatus, opening, status_of
from uprightd.camera.supervisor import Camera
from uprightd.clock import Clock, SystemClock
from uprightd.domain import CameraState, Frame, Instant

CHILD = Path(__file__).with_name("capture_child.py")
DEADLINE = 20.0
"""Seconds within which anything must have happened. Generous: reached only when something is broken."""
QUICK = CameraSettings(stall_after=10.0, backoff_first=0.05, backoff_max=0.4)
IMPATIENT = CameraSettings(stall_after=0.6, backoff_first=0.05, backoff_max=0.4)
"""For tests of what hangs; on a busy machine a healthy process may look hung too."""


class ScriptedCamera:
    """A FrameSource that gives its steps one per poll: a frame, None, or a camera state to take on."""

    def __init__(
        self, steps: Iterable[Frame | CameraState | CameraStatus | None], source: str | int = 0
    ) -> None:
        self._steps = list(steps)
        self._source = parse_source(source)
        self._open = False
        self._events: list[str] = []
        self.status = opening(self._source)
        self.opening = False
        self.size: tuple[int, int] | None = None
        self.restarts = 0
        self.stalls = 0
        self.child_pid: int | None = None
        self.child_cpu_seconds = 0.0
        self.child_read_cpu_seconds = 0.0
        self.child_transfer_cpu_seconds = 0.0
        self.opens = 0
        self.closes = 0
        self.asked: list[float | None] = []
        """The `not_before` of every poll."""

    @property
    def finished(self) -> bool:
        return not self._steps

    @property
    def is_open(self) -> bool:
        return self._open

    def say(self, event: str) -> None:
        """Let the next `take_events` return this line."""
        self._events.append(event)

    def open(self) -> None:
        if not self._open:
            self._open = self.opening = True
            self.opens += 1

    def close(self) -> None:
        if self._open:
            self._open = self.opening = False
            self.closes += 1

    def poll(self, timeout: float, not_before: float | None = None) -> Frame | None:
        if not self._open or not self._steps:
            return None
        self.asked.append(not_before)
        step = self._steps.pop(0)
        if isinstance(step, Frame):
            self.opening = False
            self.size = (step.width, step.height)
            self.status = status_of(CameraState.OK, self._source)
            return step
        if step is not None:
            self.opening = False
            self.status = step if isinstance(step, CameraStatus) else status_of(step, self._source)
        return None

    def take_events(self) -> list[str]:
        events, self._events = self._events, []
        return events


def picture(number: int = 0, size: tuple[int, int] = (160, 120)) -> np.ndarray:
    """Given a number, return a picture with a bright bar whose place tells it (see `number_in`)."""
    width, height = size
    image = np.full((height, width, 3), 40, np.uint8)
    left = number * 4 % (width - 8)
    image[:, left : left + 8] = 230
    return image


def number_in(image: np.ndarray) -> int:
    """Given a `picture`, back from a video or not, return its number."""
    columns = image[:, :, 1].astype(np.float32).mean(axis=0)
    return round((float(np.argmax(np.convolve(columns, np.ones(8), "valid")))) / 4)


def frame(number: int = 0, at: float = 0.0, size: tuple[int, int] = (160, 120)) -> Frame:
    """Given a number and a moment in seconds, return a live frame."""
    return Frame(picture(number, size), Instant(1_000_000.0 + at, at), "camera 0")


def write_video(
    path: Path, count: int = 20, fps: float = 10.0, image: Callable[[int], np.ndarray] = picture
) -> Path:
    """Given a path, write a real video of `count` numbered pictures."""
    height, width = image(0).shape[:2]
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, (width, height))
    assert writer.isOpened()
    for number in range(count):
        writer.write(image(number))
    writer.release()
    return path


def scripted(folder: Path, *lives: list[list[Any]]) -> tuple[str, ...]:
    """Given a folder and one script per life, return the command of a capture process that plays them.

    The last script is played again in every further life. See capture_child.py for the steps.
    """
    script = folder / "script.json"
    script.write_text(json.dumps(lives))
    return (sys.executable, str(CHILD), str(script))


@contextmanager
def watching(
    source: str | int | Source,
    settings: CameraSettings = QUICK,
    command: tuple[str, ...] | None = None,
    clock: Clock | None = None,
) -> Iterator[Camera]:
    """Given a source, watch it, and release it at the end."""
    parsed = source if isinstance(source, Source) else parse_source(source)
    camera = Camera(parsed, settings, clock or SystemClock(), command)
    camera.open()
    try:
        yield camera
    finally:
        camera.close()


def next_frame(camera: Camera, not_before: float | None = None) -> Frame:
    """Given a camera, poll until it gives a frame."""
    ends = time.monotonic() + DEADLINE
    while time.monotonic() < ends and not camera.finished:
        frame = camera.poll(0.2, not_before)
        if frame is not None:
            return frame
    raise AssertionError(f"no frame: {camera.status}, finished {camera.finished}, {camera.take_events()}")


def poll_until(camera: Camera, ready: Callable[[], bool], what: str, poll: float = 0.1) -> list[Frame]:
    """Given a condition and its name, poll until it holds and return the frames that came."""
    ends = time.monotonic() + DEADLINE
    frames = []
    while not ready():
        assert time.monotonic() < ends, f"waited for {what}: {camera.status}, {camera.take_events()}"
        frame = camera.poll(poll)
        if frame is not None:
            frames.append(frame)
    return frames


def gone(pid: int) -> bool:
    """Given a process id, return whether that process has ended (one not yet reaped counts as ended)."""
    import psutil

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(ready: Callable[[], bool], what: str, seconds: float = DEADLINE) -> None:
    """Given a condition and its name, return once it holds."""
    ends = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < ends, f"waited {seconds:g} s for {what}"
        time.sleep(0.01)
