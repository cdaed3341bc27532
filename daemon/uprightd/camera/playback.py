"""The main thread of the capture process: take pictures as they come, show the newest when it is wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from uprightd.camera.light import light_of
from uprightd.camera.line import Line, Want
from uprightd.camera.protocol import END
from uprightd.camera.reader import BadFile, CannotWatch, FileReader, LiveReader
from uprightd.domain import CameraState, Instant
from uprightd.stills import MOST_PIXELS

WARM_UP = 2.0
"""Seconds for which a live source may give nothing; cameras need some to start (mediapipe #477)."""
DARK_START = 1.0
"""Seconds after its first picture in which a camera's dark ones are not shown: exposure settles
(opencv #23202)."""
PAUSE = 0.05
IDLE = 0.25
CATCH_UP = 0.5
"""Seconds for which late frames of a file may be skipped in a row; then one is shown, late as it is."""
NEARLY = 1e-6

T = TypeVar("T")


class Playback:
    """Plays one source to the line until it ends or the line closes."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._grabbed = 0
        self._shown = 0
        self._undecoded = 0
        self._position: float | None = None
        self._start_cpu = time.process_time()
        self._read_cpu = 0.0

    @property
    def _progress(self) -> dict[str, float | None]:
        """How far the source was read, and the CPU seconds that reading and everything after it have cost."""
        cpu = time.process_time()
        return {
            "grabbed": self._grabbed,
            "position": self._position,
            "cpu": cpu,
            "read_cpu": self._read_cpu,
            "transfer_cpu": max(0.0, cpu - self._start_cpu - self._read_cpu),
        }

    def _beat(self) -> None:
        self._line.beat(self._progress)

    def _reading(self, call: Callable[[], T]) -> T:
        """Given a call that grabs or decodes, return what it returns and count its CPU time."""
        before = time.thread_time()
        try:
            return call()
        finally:
            self._read_cpu += time.thread_time() - before

    def _show(self, want: Want, reader: LiveReader | FileReader, at: Instant, dark_too: bool = True) -> bool:
        """Decode and send the grabbed picture; return whether there was one to send."""
        image = self._reading(lambda: reader.retrieve(self._line.room))
        if image is None:
            self._undecoded += 1
            return False
        height, width = image.shape[:2]
        if height * width > MOST_PIXELS:
            raise BadFile(f"a picture of {width}x{height} is larger than 100 megapixels")
        light = light_of(image)
        if light.blank and not dark_too:
            return True
        self._shown += 1
        if self._shown == 2:  # the first picture makes room and wakes libraries: that is a cost of the start
            self._start_cpu = time.process_time() - self._read_cpu
        self._line.show(
            want,
            image,
            **self._progress,
            wall=at.wall,
            mono=at.mono,
            mean=light.mean,
            spread=light.spread,
        )
        return True

    def watch(self, reader: LiveReader, device: bool) -> None:
        """Given a live source, take every picture it delivers and show the newest when one is wanted.

        Raise CannotWatch when none has come for WARM_UP seconds.
        """
        good_at, first_at = time.monotonic(), None
        while not self._line.closing:
            self._beat()
            asked_at = time.monotonic()
            ok = self._reading(reader.grab)
            at = Instant(time.time(), time.monotonic())
            want = self._line.wanted()
            if ok:
                self._grabbed += 1
                first_at = first_at or at.mono
                settled = not device or at.mono - first_at > DARK_START
                ok = want is None or self._show(want, reader, at, dark_too=settled)
            if ok:
                good_at = at.mono
                continue
            if time.monotonic() - good_at > WARM_UP:
                raise CannotWatch(CameraState.NO_FRAMES, sure=False)
            if time.monotonic() - asked_at < PAUSE:
                self._line.wait(PAUSE, for_want=False)

    def follow(self, reader: FileReader, after: float | None) -> None:
        """Given a file, show for each wish the first frame at or past the position it names; never wait."""
        while not self._line.closing:
            self._beat()
            want = self._line.wait(IDLE)
            if want is None:
                continue
            while not self._line.closing:
                if not self._next(reader, after):
                    return
                assert self._position is not None
                want = self._line.wanted() or want
                early = want.not_before is not None and self._position < want.not_before - NEARLY
                if not early and self._show(want, reader, Instant(time.time(), time.monotonic())):
                    break

    def present(self, reader: FileReader, after: float | None) -> None:
        """Given a file, play it by its own times, from the first wish on; late frames are skipped."""
        self._until_wanted()
        origin = None
        presented_at = time.monotonic()
        interval = 1.0 / reader.fps
        while not self._line.closing and self._next(reader, after):
            assert self._position is not None
            now = time.monotonic()
            origin = now - self._position if origin is None else origin
            due = origin + self._position
            if now > due + interval and now - presented_at < CATCH_UP:
                continue
            self._idle_until(due)
            presented_at = time.monotonic()
            self._on_screen(reader, presented_at, until=max(due, presented_at) + interval)

    def _on_screen(self, reader: FileReader, since: float, until: float) -> None:
        """Show the grabbed frame if it is wanted before the next one is due."""
        at = Instant(time.time() - (time.monotonic() - since), since)
        while not self._line.closing and (left := until - time.monotonic()) > 0:
            self._beat()
            want = self._line.wait(min(left, IDLE))
            if want is not None:
                self._show(want, reader, at)
                break
        self._idle_until(until)

    def _until_wanted(self) -> None:
        while not self._line.closing and self._line.wait(IDLE) is None:
            self._beat()

    def _idle_until(self, due: float) -> None:
        while not self._line.closing and (left := due - time.monotonic()) > 0:
            self._beat()
            self._line.wait(min(left, IDLE), for_want=False)

    def _next(self, reader: FileReader, after: float | None) -> bool:
        """Grab the next frame past `after`; return False at the end. Raise BadFile when there was none."""
        while not self._line.closing:
            self._beat()
            position = self._reading(reader.grab)
            if position is None:
                if after is None and (not self._grabbed or (self._undecoded and not self._shown)):
                    raise BadFile("no frame in it can be decoded")
                return False
            self._grabbed += 1
            self._position = position
            if after is None or position > after + NEARLY:
                return True
        return False

    def probe(self, reader: FileReader) -> None:
        """Given a file, read until one picture can be decoded. Raise BadFile when none can."""
        while self._next(reader, None):
            if reader.retrieve(None) is not None:
                return
            self._undecoded += 1

    def ended(self) -> None:
        """Say that the file is over, and what reading it has cost."""
        self._line.say(END, **self._progress)
