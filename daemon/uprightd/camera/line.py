"""The capture process's end of the socket, served by a thread of its own.

The main thread may hang inside a driver for ever; this thread still hears that the daemon has closed the
line or died, and ends the process. It also sends, so that a daemon that is slow to read never keeps the main
thread from taking the camera's pictures as they come.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from uprightd.camera.protocol import BEAT, FRAME, NOTE, WANT, Gone, Inbox, ProtocolError, packed

if TYPE_CHECKING:
    import numpy as np

    from uprightd.camera.canvas import Canvas

BEAT_INTERVAL = 0.5
PARENT_CHECK_INTERVAL = 0.5
RELEASE_GRACE = 0.5


class Want(NamedTuple):
    """The daemon's wish for one picture, not before a position in the file."""

    id: int
    not_before: float | None


class Line:
    """Sends what the main thread has to say, keeps the newest wish, and ends the process with its parent."""

    def __init__(self, line: socket.socket, inbox: Inbox, parent: int) -> None:
        self._line = line
        self._inbox = inbox
        self._parent = parent
        self._changed = threading.Condition()
        self._queue: deque[list[memoryview]] = deque()
        self._want: Want | None = None
        self._beat_at = float("-inf")
        self._released = threading.Event()
        self.closing = False
        self.room: np.ndarray | None = None
        """Where a picture of the last one's size may be decoded to: shown from there, it needs no copying."""
        self._canvas: Canvas | None = None
        line.setblocking(False)
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._ring.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._selector.register(line, selectors.EVENT_READ)

    def serve(self) -> None:
        """Start the thread."""
        threading.Thread(target=self._serve, name="line", daemon=True).start()

    # For the main thread.

    def share(self, canvas: Canvas) -> None:
        """Given memory that the daemon sees too, show pictures there from now on."""
        self._canvas = canvas

    def beat(self, fields: Mapping[str, object]) -> None:
        """Say, at most twice a second, that a blocking call is about to begin, and how far things are."""
        now = time.monotonic()
        if now - self._beat_at < BEAT_INTERVAL:
            return
        self._beat_at = now
        if not self._queue:  # what waits to be sent tells as much
            self.say(BEAT, **fields)

    def say(self, kind: str, **fields: object) -> None:
        """Given a message without a payload, send it when the daemon takes it."""
        self._put([memoryview(packed(kind, fields))])

    def note(self, text: str) -> None:
        """Given a line for the user, send it."""
        self.say(NOTE, text=text)

    def show(self, want: Want, image: np.ndarray, **fields: object) -> None:
        """Given the wish it answers and a picture (H, W, 3), send it. The picture must not change after."""
        height, width = image.shape[:2]
        about = {"want": want.id, "width": width, "height": height, **fields}
        with self._changed:
            if self._want is want:
                self._want = None
        if self._canvas is None:
            payload = image.data.cast("B")
            self._put([memoryview(packed(FRAME, about, len(payload))), payload])
            return
        if image is not self.room:
            self.room = self._canvas.room(height, width)
            self.room[...] = image
        self.say(FRAME, on_canvas=True, **about)

    def wanted(self) -> Want | None:
        return self._want

    def wait(self, seconds: float, for_want: bool = True) -> Want | None:
        """Wait until a picture is wanted (if asked to), the line closes, or `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.closing or (for_want and self._want is not None), max(0.0, seconds)
            )
            return self._want

    def flush(self) -> None:
        """Wait until everything said has been taken, or the line closes."""
        with self._changed:
            self._changed.wait_for(lambda: self.closing or not self._queue)

    def leave(self) -> NoReturn:
        """End the process once the device has been released: exit handlers of C libraries might hang."""
        self._released.set()
        os._exit(0)

    # For the thread.

    def _put(self, buffers: list[memoryview]) -> None:
        """Send at once what the daemon takes at once; the thread sends the rest."""
        with self._changed:
            if not self._queue:
                self._push(buffers)
            if not buffers:
                return
            self._queue.append(buffers)
        with suppress(BlockingIOError):  # it has been rung often enough
            self._ring.send(b"!")

    def _push(self, buffers: list[memoryview]) -> None:
        """Given what is to be sent, send what goes without waiting and leave the rest in the list."""
        try:
            sent = self._line.sendmsg(buffers)
        except OSError:
            return  # full, or closed: the thread waits for either
        while buffers and sent >= len(buffers[0]):
            sent -= len(buffers.pop(0))
        if buffers:
            buffers[0] = buffers[0][sent:]

    def _serve(self) -> None:
        watched = 0
        while True:
            if os.getppid() != self._parent:
                self._end()
            writing = selectors.EVENT_WRITE if self._queue else 0
            if writing != watched:
                self._selector.modify(self._line, selectors.EVENT_READ | writing)
                watched = writing
            try:
                for key, events in self._selector.select(PARENT_CHECK_INTERVAL):
                    if key.fileobj is self._bell:
                        self._bell.recv(4096)
                        continue
                    if events & selectors.EVENT_READ:
                        self._hear()
                    if events & selectors.EVENT_WRITE:
                        self._write()
            except (Gone, ProtocolError, OSError):
                self._end()

    def _hear(self) -> None:
        while (message := self._inbox.receive()) is not None:
            if message.kind == WANT:
                with self._changed:
                    self._want = Want(int(message.fields["id"]), message.fields.get("not_before"))
                    self._changed.notify_all()

    def _write(self) -> None:
        with self._changed:
            while self._queue:
                self._push(self._queue[0])
                if self._queue[0]:
                    return
                self._queue.popleft()
            self._changed.notify_all()

    def _end(self) -> NoReturn:
        """The daemon has gone: let the main thread release the device if it can, then end either way."""
        with self._changed:
            self.closing = True
            self._changed.notify_all()
        self._released.wait(RELEASE_GRACE)
        os._exit(0)
