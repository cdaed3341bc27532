"""The frames of a short video, kept small in memory while they are looked at, so that the annotated video need not
decode them a second time. What goes beyond its room is decoded again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from uprightd import opencv
from uprightd.captures.gait.overlay import reduced
from uprightd.service.gait.footage import Footage, Shot

ROOM = 192 * 1024 * 1024
"""Bytes of frames that are kept: some eight seconds at 30 frames a second."""


class Album:
    """Frames in the annotated video's size and with its halved colours, 1.5 bytes a pixel."""

    def __init__(self, room: int = ROOM) -> None:
        self._left = room
        self._kept: list[tuple[int, float, np.ndarray]] = []
        self._full = False

    def add(self, shot: Shot) -> None:
        """Given the next frame, keep it while there is room."""
        if self._full:
            return
        cv2 = opencv.load()
        size = reduced((shot.image.shape[1], shot.image.shape[0]))
        image = shot.image
        if (image.shape[1], image.shape[0]) != size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)
        small = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        self._left -= small.nbytes
        self._full = self._left < 0
        if not self._full:
            self._kept.append((shot.index, shot.t, small))

    def shots(self, video: Path, every: float) -> Iterator[Shot]:
        """Given the video and the seconds between two frames, yield its frames: the kept ones, and those behind them.

        Each kept frame is let go of as it is given.
        """
        cv2, last = opencv.load(), None
        self._kept.reverse()
        while self._kept:
            index, last, small = self._kept.pop()
            yield Shot(index, last, cv2.cvtColor(small, cv2.COLOR_YUV2BGR_I420))
        if self._full or last is None:
            with Footage(video, every, last) as footage:
                yield from footage
