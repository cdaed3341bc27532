"""One life of the capture process: what was heard from it, and whether it has been silent for too long."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from uprightd.camera.canvas import Canvas, shared_memory
from uprightd.camera.process import CaptureProcess
from uprightd.camera.protocol import OPENED, WANT, Message
from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import Source


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds of a capture process: all of it, reading the source, and everything done with its pictures."""

    total: float = 0.0
    read: float = 0.0
    transfer: float = 0.0

    def now(self, fields: Mapping[str, Any]) -> Spent:
        """Given a message's fields, return what they tell; a message without figures changes nothing."""
        if fields.get("cpu") is None:
            return self
        return Spent(*(float(fields.get(name) or 0.0) for name in ("cpu", "read_cpu", "transfer_cpu")))

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.total + other.total, self.read + other.read, self.transfer + other.transfer)


class Run:
    """Given a source, settings and how far a file was seen, a process that captures it.

    Raise OSError when it cannot be started. All times are on the monotonic clock of `now`.
    """

    def __init__(
        self,
        source: Source,
        settings: CameraSettings,
        start_at: float | None,
        command: tuple[str, ...] | None,
        now: float,
    ) -> None:
        memory = shared_memory()
        try:
            self.process = CaptureProcess(settings.order(source, start_at), command, _payload, memory)
        except OSError:
            if memory is not None:
                os.close(memory)
            raise
        self._canvas = Canvas(memory) if memory is not None else None
        self.device = ""
        self.pictures = 0
        self.cpu = Spent()
        self._settings = settings
        self._live = source.live
        self._opened = False
        self._grabbed = 0
        self._heard = now
        self._progressed = now
        self._asked_in: int | None = None

    def ask(self, poll: int, not_before: float | None) -> None:
        """Given the number of this poll, ask for a picture unless one is already on its way."""
        if (
            self._opened
            and self._asked_in is None
            and self.process.send(WANT, id=poll, not_before=not_before)
        ):
            self._asked_in = poll

    def answered(self) -> int | None:
        """Note that a picture came; return the number of the poll that asked for it."""
        self.pictures += 1
        poll, self._asked_in = self._asked_in, None
        return poll

    def picture(self, message: Message) -> np.ndarray:
        """Given a message with a picture, return it as BGR uint8 (H, W, 3), in memory of its own."""
        height, width = int(message.fields["height"]), int(message.fields["width"])
        if message.payload is not None:
            return np.frombuffer(message.payload, np.uint8).reshape(height, width, 3)
        assert self._canvas is not None
        return self._canvas.copied(height, width)

    def end(self, grace: float) -> None:
        """End the process, with `grace` seconds to release the device, and give the shared memory back."""
        self.process.stop(grace)
        if self._canvas is not None:
            self._canvas.close()
            self._canvas = None

    def note(self, message: Message, now: float) -> None:
        """Given any message from the process, remember that it lives and what it has done."""
        fields = message.fields
        self._heard = now
        self.cpu = self.cpu.now(fields)
        grabbed = int(fields.get("grabbed") or 0)
        if grabbed > self._grabbed:
            self._grabbed, self._progressed = grabbed, now
        if message.kind == OPENED:
            self._opened, self._progressed, self.device = True, now, str(fields.get("device", ""))

    def overdue(self, now: float) -> str:
        """Return in words what it should have done by now, or an empty text.

        A live source has to give pictures; a file only has to give signs of life, since it is asked for few.
        """
        if not self._opened:
            quiet, limit, what = now - self._heard, self._settings.open_timeout, "did not open"
        else:
            quiet = now - (self._progressed if self._live else self._heard)
            limit, what = self._settings.stall_after, "gave no picture"
        return f"{what} for {limit:.3g} s" if quiet > limit else ""


def _payload(size: int) -> memoryview:
    return np.empty(size, np.uint8).data
