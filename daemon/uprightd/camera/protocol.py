"""What the daemon and its capture process say to each other over a Unix socket, and in which form.

A message is two lengths, a JSON header and, for a picture, its raw BGR bytes:

    | header bytes (u32) | payload bytes (u32) | header: {"kind": ..., ...} | payload |

A picture that lies on the canvas (shared memory, see `canvas`) says so and has no payload.

Daemon to child: `start` (what to capture, once), `want` (send me one picture). Child to daemon: `opened`,
`beat`, `frame`, `note`, `state`, `error`, `end`. A picture is sent only when wanted, so nothing is ever queued.
A header that is no JSON, or a payload that does not fit the size the header states, is never interpreted.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from uprightd.domain import CameraState
from uprightd.stills import MOST_PIXELS

LENGTHS = struct.Struct("!II")
LONGEST_HEADER = 64 * 1024

START = "start"
WANT = "want"
OPENED = "opened"
BEAT = "beat"
FRAME = "frame"
STATE = "state"
ERROR = "error"
NOTE = "note"
END = "end"

FRAME_NUMBERS = ("wall", "mono", "mean", "spread")
NUMBERS = (*FRAME_NUMBERS, "position", "grabbed", "cpu", "read_cpu", "transfer_cpu", "not_before")

SOCKET_BUFFER = 1 << 20
"""Bytes asked for in each direction; the 8 KiB that macOS gives would cost hundreds of wake-ups a picture."""


class ProtocolError(Exception):
    """The other side sent something that cannot be trusted."""


class Gone(Exception):  # noqa: N818 - an event, not a fault
    """The other side has closed its end."""


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    fields: Mapping[str, Any]
    payload: memoryview | None = None


def packed(kind: str, fields: Mapping[str, object], payload_size: int = 0) -> bytes:
    """Given a message's kind, fields and payload size, return the bytes that go before the payload."""
    header = json.dumps({"kind": kind, **fields}).encode()
    return LENGTHS.pack(len(header), payload_size) + header


def widen(line: socket.socket) -> None:
    """Given a socket, ask the system for buffers that take a picture in few pieces."""
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        line.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)


def _fresh(size: int) -> memoryview:
    return memoryview(bytearray(size))


class Inbox:
    """Puts messages together from whatever pieces the socket gives; a partial one waits for the next call."""

    def __init__(self, line: socket.socket, allocate: Callable[[int], memoryview] = _fresh) -> None:
        self._line = line
        self._allocate = allocate
        self._begin()

    def _begin(self) -> None:
        self._part = "lengths"
        self._header: dict[str, Any] = {}
        self._payload_size = 0
        self._expect(memoryview(bytearray(LENGTHS.size)))

    def _expect(self, buffer: memoryview) -> None:
        self._buffer = buffer
        self._filled = 0

    def receive(self) -> Message | None:
        """Return the next whole message, or None when the rest has not come yet.

        Raise Gone when the other side has closed, ProtocolError when it sent nonsense.
        """
        while True:
            while self._filled < len(self._buffer):
                try:
                    got = self._line.recv_into(self._buffer[self._filled :])
                except (BlockingIOError, InterruptedError):
                    return None
                except OSError as error:
                    raise Gone(str(error)) from error
                if not got:
                    raise Gone("closed")
                self._filled += got
            message = self._next_part()
            if message is not None:
                return message

    def _next_part(self) -> Message | None:
        buffer = self._buffer
        if self._part == "lengths":
            header_size, self._payload_size = LENGTHS.unpack(buffer)
            if not 0 < header_size <= LONGEST_HEADER:
                raise ProtocolError(f"a header of {header_size} bytes")
            self._part = "header"
            self._expect(memoryview(bytearray(header_size)))
            return None
        if self._part == "header":
            self._header = _header(bytes(buffer), self._payload_size)
            if self._payload_size:
                self._part = "payload"
                self._expect(self._allocate(self._payload_size))
                return None
            buffer = None
        header = self._header
        self._begin()
        return Message(header.pop("kind"), header, buffer)


def _header(text: bytes, payload_size: int) -> dict[str, Any]:
    """Given a header and the payload's size, return the fields. Raise ProtocolError when they disagree."""
    try:
        header = json.loads(text)
    except ValueError as error:
        raise ProtocolError("a header that is not JSON") from error
    if not isinstance(header, dict) or not isinstance(header.get("kind"), str):
        raise ProtocolError("a header without a kind")
    for name in NUMBERS:
        if not isinstance(header.get(name), int | float | None) or isinstance(header.get(name), bool):
            raise ProtocolError(f"{name} that is no number")
    if header["kind"] == FRAME:
        _check_frame(header, payload_size)
    elif payload_size:
        raise ProtocolError(f"a payload of {payload_size} bytes with {header['kind']!r}")
    if header["kind"] == STATE and header.get("state") not in tuple(CameraState):
        raise ProtocolError("an unknown state")
    return header


def _check_frame(header: Mapping[str, Any], payload_size: int) -> None:
    width, height = header.get("width"), header.get("height")
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        raise ProtocolError("a picture without a size")
    expected = 0 if header.get("on_canvas") else width * height * 3
    if width * height > MOST_PIXELS or payload_size != expected:
        raise ProtocolError(f"a picture of {width}x{height} in {payload_size} bytes")
    if missing := [name for name in FRAME_NUMBERS if header.get(name) is None]:
        raise ProtocolError(f"a picture without its {', '.join(missing)}")
