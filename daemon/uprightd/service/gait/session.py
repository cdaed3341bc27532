"""A walk before a camera: looked at as it happens, told to whoever shows it, and measured like a video at the end.

The pictures that were looked at are kept as a video in the cache folder until the results are written, and removed
then; what a killed session left is removed by the next one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from uprightd import opencv
from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import Source, check_source, parse_source
from uprightd.camera.states import error_for
from uprightd.camera.supervisor import Camera
from uprightd.captures.folder import check_place
from uprightd.captures.gait.document import Film
from uprightd.captures.gait.overlay import reduced
from uprightd.captures.gait.video import VideoFile
from uprightd.clock import SystemClock
from uprightd.config.schema import Config
from uprightd.domain import CameraState, Frame
from uprightd.errors import DataError
from uprightd.gait.live import LiveGait, LiveReadout
from uprightd.paths import Paths, private_dir
from uprightd.service.gait.footage import Footage, Shot
from uprightd.service.gait.request import Eyes, Request, Tell
from uprightd.service.gait.tracking import Tracking
from uprightd.service.gait.walk import Walk, write_walk

POLL = 0.25
USUAL_SECONDS = 20.0
KEPT_FPS = 30.0
"""Of the kept video; its frames are told apart by their number, not by their time."""
RECORDING = "recording-"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the walker: whether they were seen, and what is known by now."""

    seen: bool
    readout: LiveReadout


class LookObserver(Protocol):
    """Whoever shows a session while it lasts: a terminal, a page, a test."""

    def on_look(self, look: Look) -> None: ...
    def on_notice(self, text: str) -> None: ...


class Watching:
    """A session in the making. Give it frames, ask for the results at the end."""

    def __init__(self, tracking: Tracking, folder: Path, observers: Sequence[LookObserver]) -> None:
        self._tracking = tracking
        self._folder = folder
        self._observers = observers
        self._live: LiveGait | None = None
        self._first: float | None = None
        self._file: VideoFile | None = None
        self._size = (0, 0)
        self.looks = 0

    @property
    def elapsed(self) -> float:
        """Seconds from the first look to the last."""
        return self._tracking.times[-1] if self._tracking.times else 0.0

    @property
    def recording(self) -> Path:
        return self._folder / "looks.mp4"

    def see(self, frame: Frame) -> None:
        """Given the next frame, look at it and tell the observers. One of another size or not later is left out."""
        at = frame.at.mono if frame.position is None else frame.position
        self._first = at if self._first is None else self._first
        t = at - self._first
        if self.looks and (t <= self.elapsed or (frame.width, frame.height) != self._size):
            return
        self._size = (frame.width, frame.height)
        if self._observers and self._live is None:
            self._live = LiveGait(self._size)
        [pose] = self._tracking.see([Shot(self.looks, t, frame.image)])
        self._keep(frame)
        self.looks += 1
        if self._live is not None:
            look = Look(pose is not None, self._live.see(t, pose.keypoints if pose else None))
            for observer in self._observers:
                observer.on_look(look)

    def _keep(self, frame: Frame) -> None:
        cv2 = opencv.load()
        size = reduced(self._size)
        self._file = self._file or VideoFile(self.recording, size, KEPT_FPS)
        self._file.write(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def frames(self) -> Iterator[Shot]:
        """Yield what was looked at once more, each with the time it was looked at."""
        with Footage(self.recording) as footage:
            for shot, t in zip(footage, self._tracking.times, strict=False):
                yield Shot(shot.index, t, shot.image)


def watch_walk(
    config: Config,
    load_eyes: Callable[[], Eyes],
    paths: Paths,
    request: Request,
    seconds: float | None,
    rate: float | None,
    at: str,
    observers: Sequence[LookObserver] = (),
    tell: Tell = lambda *_: None,
) -> Walk:
    """Given the settings, what loads the model, the folders, what is asked, how long to watch at most (None: until
    interrupted or the file ends), looks a second (None: as many as can be), this moment (ISO 8601), who is told of each
    look (nobody: no live measures are made) and whom to tell how far it is, watch and return the walk.

    Raise UnavailableError or DeniedError with the camera's state in words where it gives no picture, DataError where a
    file is none, and as `walk.measure_video`.
    """
    check_place(request.out or paths.captures)
    source = parse_source(config.camera.source)
    check_source(source)
    eyes = load_eyes()
    try:
        with _recording(paths.cache / "gait") as folder:
            tracking = eyes.tracking(request)
            watching = Watching(tracking, folder, observers)
            try:
                _watch(_camera(config, source), watching, seconds, request.fps or rate, observers, tell)
            finally:
                watching.close()
                tracking.close()
            track = tracking.track()
            told = Film(
                source=source.text,
                at=at,
                backend=track.backend,
                subject="whole picture"
                if request.whole or eyes.find_people is None
                else str(request.subject),
                duration=watching.elapsed,
                frames=watching.looks,
                fps_asked=request.fps or rate,
                people=tracking.people,
                live=True,
                height_m=request.height_m,
            )
            return write_walk(track, told, request, watching.frames, paths, tell)
    finally:
        eyes.close()


def _camera(config: Config, source: Source) -> Camera:
    settings = CameraSettings(
        width=config.camera.width, height=config.camera.height, stall_after=config.camera.stall_after
    )
    return Camera(source, settings, SystemClock())


def _watch(
    camera: Camera,
    watching: Watching,
    seconds: float | None,
    rate: float | None,
    observers: Sequence[LookObserver],
    tell: Tell,
) -> None:
    """Look until the time is over, the file ends, or the person presses ctrl-C."""
    camera.open()
    due = 0.0
    try:
        while not camera.finished and (seconds is None or watching.elapsed < seconds):
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(min(wait, POLL))
                continue
            frame = camera.poll(POLL)
            for notice in camera.take_events():
                for observer in observers:
                    observer.on_notice(notice)
            if frame is not None:
                due = time.monotonic() + (1 / rate if rate else 0.0)
                watching.see(frame)
                tell("watching", watching.elapsed, seconds)
            elif camera.status.state is not CameraState.OK and not camera.opening and not watching.looks:
                raise error_for(camera.status)
    except KeyboardInterrupt:
        if not watching.looks:
            raise
    finally:
        camera.close()
    if not watching.looks:
        raise DataError(f"{camera.source.label}: not one picture came", "See: uprightd doctor")


@contextmanager
def _recording(folder: Path) -> Iterator[Path]:
    """A private folder for the looks; those of sessions that were killed are removed."""
    private_dir(folder)
    for left in folder.glob(f"{RECORDING}*"):
        with suppress(OSError, ValueError):
            owner = int(left.name.removeprefix(RECORDING).partition("-")[0])
            if not _alive(owner):
                shutil.rmtree(left)
    path = Path(tempfile.mkdtemp(prefix=f"{RECORDING}{os.getpid()}-", dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
