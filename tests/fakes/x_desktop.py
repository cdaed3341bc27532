"""A window on a real X server and the little of a window manager that says which one is active (EWMH).

Speaks the X11 protocol itself: xprop can set numbers and atoms, but not a property that holds a window.
"""

from __future__ import annotations

import socket
import struct

ATOM = 4
WINDOW = 33
"""Predefined atoms of the X11 protocol."""


class XDesktop:
    """One window; `show` says its states and whether it is the active one."""

    def __init__(self, display: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(f"/tmp/.X11-unix/X{display.removeprefix(':')}")  # where the protocol puts it
        self._socket.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
        accepted, size = struct.unpack("<BxHHH", self._receive(8))[0::3]
        about = self._receive(4 * size)
        assert accepted == 1, f"the X server refuses: {about!r}"
        base, _, _, vendor, _, _, formats = struct.unpack_from("<IIIHHBB", about, 4)
        screen = 32 + vendor + -vendor % 4 + 8 * formats
        (self._root,) = struct.unpack_from("<I", about, screen)
        self._window = base + 1
        place = struct.pack("<IIhhHHHHII", self._window, self._root, 0, 0, 64, 48, 0, 0, 0, 0)
        self._request(1, 0, place)
        self._request(8, 0, struct.pack("<I", self._window))

    def show(self, *states: str, active: bool = True) -> None:
        """Given the states of the window and whether it is the active one, say so."""
        atoms = [self._atom(f"_NET_WM_STATE_{state}") for state in states]
        self._set(self._window, "_NET_WM_STATE", ATOM, atoms)
        self._set(self._root, "_NET_ACTIVE_WINDOW", WINDOW, [self._window if active else 0])
        self._atom("ATOM")  # its answer comes after all before it was done

    def close(self) -> None:
        """Close the window; that it was the active one nobody takes back."""
        self._socket.close()

    def _set(self, window: int, name: str, kind: int, values: list[int]) -> None:
        head = struct.pack("<IIIBxxxI", window, self._atom(name), kind, 32, len(values))
        self._request(18, 0, head + struct.pack(f"<{len(values)}I", *values))

    def _atom(self, name: str) -> int:
        padded = name.encode() + bytes(-len(name) % 4)
        self._request(16, 0, struct.pack("<Hxx", len(name)) + padded)
        reply = self._receive(32)
        assert reply[0] == 1, f"the X server answers with error {reply[1]}"
        return struct.unpack_from("<I", reply, 8)[0]

    def _request(self, opcode: int, detail: int, body: bytes) -> None:
        self._socket.sendall(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)

    def _receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            part = self._socket.recv(size - len(received))
            assert part, "the X server closed the connection"
            received += part
        return received
