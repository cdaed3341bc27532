"""Memory that both processes see: the capture process leaves the wanted picture there, the daemon copies it.

That spares a picture the way through the socket, which cost more than all else that is done with it outside
the model. It is no file and has no name. Where the system has no such memory, pictures take the socket.
"""

from __future__ import annotations

import fcntl
import mmap
import os

import numpy as np

from uprightd.stills import MOST_PIXELS

SIZE = MOST_PIXELS * 3
"""Bytes of address space; only what a picture really touches takes memory."""


class Canvas:
    """Room for one picture. It is written only while a picture is wanted, and read only when it is there."""

    def __init__(self, handle: int) -> None:
        """Given the descriptor of the memory, map it and close the descriptor. Raise OSError when it cannot."""
        try:
            self._memory = mmap.mmap(handle, SIZE)
        finally:
            os.close(handle)
        self._bytes = np.frombuffer(self._memory, np.uint8)

    def room(self, height: int, width: int) -> np.ndarray:
        """Return the room for a BGR picture of this size (H, W, 3), to be written into."""
        return self._bytes[: height * width * 3].reshape(height, width, 3)

    def copied(self, height: int, width: int) -> np.ndarray:
        """Return a copy of the picture of this size (H, W, 3) that lies there."""
        return self.room(height, width).copy()

    def close(self) -> None:
        """Give the memory back; no `room` of it may be in use any more."""
        del self._bytes
        self._memory.close()


def shared_memory() -> int | None:
    """Return the descriptor of new shared memory, or None where there is no such thing."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        handle = os.memfd_create("uprightd-picture", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return None
    try:
        os.ftruncate(handle, SIZE)
        # Nobody can make it shorter under our feet: reading past its end would kill the daemon.
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:
        os.close(handle)
        return None
    return handle
