"""A video frame by frame, as gait needs it: every frame with its true time, decoded a little ahead and never all held.

Decoding runs in a thread of its own: OpenCV lets go of the interpreter while it decodes, so it costs no time beside
the pose model. At most `AHEAD` frames wait, which bounds the memory whatever the length of the video.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from uprightd.camera.order import Order, SourceKind
from uprightd.camera.reader import BadFile, FileReader, open_file
from uprightd.errors import DataError
from uprightd.stills import MOST_PIXELS, PICTURE_SUFFIXES

AHEAD = 3
NEARLY = 1e-6
SHORT_BY = 0.5
"""Seconds that may be missing at the end of what the container promises before the file counts as cut off."""
SOUND_ONLY = (b"ID3", b"fLaC", b"OggS", b"\xff\xfb", b"\xff\xf1")
EXPECTED = "Expected a video of somebody walking: mp4, mov, mkv, avi or webm."


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One frame: its number among all frames of the video, seconds since the first, BGR uint8 (H, W, 3)."""

    index: int
    t: float
    image: np.ndarray


class Footage:
    """The frames of a video file, to be gone through once. Close it, or use it as a context.

    every: seconds between two frames that are given; 0 gives all. after: time of the last frame that is already known.
    beside: called with each frame in the thread that decodes.
    """

    def __init__(
        self,
        path: Path,
        every: float = 0.0,
        after: float | None = None,
        beside: Callable[[Shot], None] | None = None,
    ) -> None:
        """Raise DataError when it is no video that can be read."""
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # a damaged file is ours to report
        os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
        check_is_video(path)
        try:
            self._reader: FileReader = open_file(Order(SourceKind.VIDEO, str(path)), lambda _: None)
        except BadFile as error:
            raise DataError(f"{path}: {error}", EXPECTED) from error
        self.path = path
        self.fps = self._reader.fps
        self.promised: float | None = getattr(self._reader, "promised", None)
        self.reached = 0.0
        """Seconds of the last frame that was in the file."""
        self.frames = 0
        self.broken = 0
        """Frames that could not be decoded."""
        self._every, self._after, self._beside = every, after, beside
        self._queue: queue.Queue[Shot | BaseException | None] = queue.Queue(AHEAD)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._decode, name="uprightd-footage", daemon=True)
        self._started = False

    @property
    def cut_off(self) -> bool:
        """Whether the file has ended well before its container says."""
        return self.promised is not None and self.reached + 1 / self.fps < self.promised - SHORT_BY

    def __enter__(self) -> Footage:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Shot]:
        self._started = True
        self._thread.start()
        while (shot := self._queue.get()) is not None:
            if isinstance(shot, BaseException):
                raise shot
            yield shot

    def close(self) -> None:
        """Stop decoding and give the file back."""
        self._closing.set()
        if self._started:
            with suppress(queue.Empty):
                while True:  # make room for a thread that waits to hand a frame over
                    self._queue.get_nowait()
            self._thread.join()
        self._reader.release()

    def _decode(self) -> None:
        try:
            for shot in self._shots():
                if self._beside is not None:
                    self._beside(shot)
                self._put(shot)
        except BaseException as error:  # noqa: BLE001 - raised again where the frames are wanted
            self._put(error)
        self._put(None)

    def _put(self, item: Shot | BaseException | None) -> None:
        while not self._closing.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=0.1)
                return

    def _shots(self) -> Iterator[Shot]:
        start, due = None, 0.0
        while not self._closing.is_set():
            position = self._reader.grab()
            if position is None:
                return
            start = position if start is None else start
            index, t = self.frames, position - start
            self.frames, self.reached = index + 1, t
            if t < due - NEARLY or (self._after is not None and t <= self._after + NEARLY):
                continue
            image = self._reader.retrieve(None)
            if image is None:
                self.broken += 1
                continue
            if image.shape[0] * image.shape[1] > MOST_PIXELS:
                raise DataError(
                    f"{self.path}: a picture of {image.shape[1]}×{image.shape[0]} is too large", EXPECTED
                )
            if self._every:
                due = max(due + self._every, t + self._every / 2)
            yield Shot(index, t, image)


def check_is_video(path: Path) -> None:
    """Given a file, raise DataError when it is a still picture or holds sound alone; one that cannot be read is left
    to whoever reads it."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        raise DataError(f"{path}: a still picture; nobody walks in it", EXPECTED)
    with suppress(OSError), path.open("rb") as file:
        data = file.read(1 << 20)
        if len(data) == 1 << 20:  # a phone writes its table of contents at the end
            file.seek(-(1 << 20), os.SEEK_END)
            data += file.read()
        wave = data[:4] == b"RIFF" and data[8:12] == b"WAVE"
        sound = data.startswith(SOUND_ONLY) or wave
        boxes = data[4:8] == b"ftyp" and b"moov" in data
        if sound or (boxes and b"soun" in data and b"vide" not in data):
            raise DataError(f"{path}: sound only, no picture in it", EXPECTED)
        if data[4:8] == b"ftyp" and b"moov" not in data:
            raise DataError(
                f"{path}: cut off: the part that says where its frames lie is missing",
                "Copy or record it again; recording to .mkv survives a break.",
            )
