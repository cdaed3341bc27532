"""Writing the annotated video."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from uprightd import opencv
from uprightd.errors import WriteError
from uprightd.quiet import quiet_stderr

CODECS = {"avc1": "H.264", "mp4v": "MPEG-4"}
"""What is tried, best first. OpenCV's wheels for Linux carry no H.264 encoder; MPEG-4 (part 2) plays in VLC, mpv and
most players, though in no browser."""
WAITING = 4
"""Frames that may wait for the encoder, which runs in a thread of its own."""


class VideoFile:
    """A video file in the making: BGR pictures of one size at a fixed rate. Close it."""

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        """Given where to, width and height and the frames per second. Raise WriteError where none can be made."""
        cv2 = opencv.load()
        self.codec = ""
        self._path = path
        for code, name in CODECS.items():
            with quiet_stderr():
                writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*code), fps, size)
            if writer.isOpened():
                self._writer, self.codec = writer, name
                break
            writer.release()
        if not self.codec:
            raise WriteError(f"{path}: no encoder for the video", "Leave it out with --no-video.")
        self._pool = ThreadPoolExecutor(1)
        self._pending: list[Future[None]] = []

    def write(self, image: np.ndarray) -> None:
        """Given the next picture, which must not change afterwards, write it."""
        if len(self._pending) >= WAITING:
            self._pending.pop(0).result()
        self._pending.append(self._pool.submit(self._writer.write, image))

    def close(self) -> None:
        """Finish the file. Raise WriteError where nothing came of it (a full disk: OpenCV itself says nothing)."""
        self._pool.shutdown(wait=True)
        self._writer.release()
        if not self._path.exists() or not _whole(self._path):
            raise WriteError(
                f"{self._path}: the video could not be written whole",
                "Free some space on this disk, or use --no-video.",
            )


def _whole(path: Path) -> bool:
    """Whether the file has all of its table of contents, which is written last."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(file.read(8), "big")
            if head[4:] == b"moov":
                return at + length <= size
            if length < 8:
                return False
            at += length
            file.seek(at)
    return False
