"""The capture process as the daemon sees it: start it, hear it, stop it.

It is exec'd and never forked, so that no lock, database or thread of ours lives on in it, and so that each
attempt on macOS is a fresh process (opencv #27294: the same process cannot reopen a camera that came back).
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

from uprightd.camera.order import Order
from uprightd.camera.protocol import START, Inbox, Message, packed, widen

COMMAND = (sys.executable, "-P", "-X", "faulthandler", "-m", "uprightd.camera.child")
"""-P: the folder the user happens to be in is not searched for modules."""
KEPT_LINES = 20
LONGEST_LINE = 400


class CaptureProcess:
    """One run of the capture process. Raise OSError when it cannot be started.

    allocate: makes room for a picture that comes over the line. canvas: descriptor of memory to share with it.
    """

    def __init__(
        self,
        order: Order,
        command: Sequence[str] | None = None,
        allocate: Callable[[int], memoryview] | None = None,
        canvas: int | None = None,
    ) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            widen(ours)
            widen(theirs)
            try:
                self._child = subprocess.Popen(
                    [*(command or COMMAND), str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=[theirs.fileno(), *([] if canvas is None else [canvas])],
                    process_group=0,  # Ctrl-C in the terminal is for us; we then close the child
                    bufsize=0,
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._line = ours
        self._inbox = Inbox(ours, allocate) if allocate else Inbox(ours)
        assert self._child.stdout is not None
        self._noise = self._child.stdout
        os.set_blocking(self._noise.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(ours, selectors.EVENT_READ)
        self._selector.register(self._noise, selectors.EVENT_READ)
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._rest = b""
        self._stopped = False
        self.send(START, order=order.fields(), canvas=canvas)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def complaints(self) -> tuple[str, ...]:
        """The last lines it, OpenCV or FFmpeg printed. They may hold an address with a password."""
        if not self._stopped:
            self._take_noise()
        return tuple(self._lines)

    def send(self, kind: str, **fields: object) -> bool:
        """Given a message, send it without waiting; return whether it went."""
        data = packed(kind, fields)
        try:
            return self._line.send(data) == len(data)
        except OSError:
            return False

    def receive(self, timeout: float) -> Message | None:
        """Return its next message, or None when none came within `timeout` seconds.

        Raise Gone when it has ended, ProtocolError when it sent nonsense.
        """
        deadline = time.monotonic() + timeout
        while True:
            message = self._inbox.receive()
            if message is not None:
                return message
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            if any(key.fileobj is self._noise for key, _ in ready):
                self._take_noise()

    def _take_noise(self) -> None:
        with suppress(BlockingIOError, InterruptedError):
            while True:
                data = os.read(self._noise.fileno(), 65536)
                if not data:
                    with suppress(KeyError):
                        self._selector.unregister(self._noise)
                    break
                *lines, self._rest = (self._rest + data).split(b"\n")
                self._rest = self._rest[-LONGEST_LINE:]
                self._lines.extend(
                    line.decode(errors="replace")[:LONGEST_LINE] for line in lines if line.strip()
                )

    def ending(self) -> str:
        """Return how it ended, in words: the signal's name or the exit code."""
        code = self._wait(0.5)
        if code is None:
            return "stopped talking"
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"

    def stop(self, grace: float = 1.0) -> None:
        """End it: close the line, wait `grace` seconds for it to release the device, then SIGKILL."""
        if self._stopped:
            return
        self._take_noise()
        self._stopped = True
        self._line.close()
        if self._wait(grace) is None:
            self._child.kill()
            self._wait(1.0)  # one stuck in the kernel ends when the driver lets go; we do not wait for that
        self._selector.close()
        self._noise.close()

    def _wait(self, seconds: float) -> int | None:
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
