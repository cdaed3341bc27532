"""One file from the hub onto this disk: what is missing of it, checked before anything else sees it."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from uprightd.clock import Clock
from uprightd.errors import DataError, WriteError
from uprightd.weights.files import CHUNK, Watcher, hash_from, open_plain
from uprightd.weights.hub import Hub, InterruptedTransferError, Remote, foreign
from uprightd.weights.wording import amount

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each further attempt. After so many without getting further than ever before it is given up."""

T = TypeVar("T")


class Part:
    """A file that is not whole yet: what it has so far, and the hash of that."""

    def __init__(self, path: Path, total: int, watcher: Watcher) -> None:
        self.path = path
        self._fd = open_plain(path, os.O_RDWR | os.O_CREAT)
        self.size = os.fstat(self._fd).st_size
        self._digest = hashlib.sha256()
        try:
            if self.size > total:
                self.restart()
            else:
                hash_from(self._fd, self._digest, self.size, "checking what is already here", watcher)
        except OSError as error:
            self.close()
            raise DataError(
                f"{path}: cannot be read ({error.strerror})",
                f"Remove it (rm '{path}') and run the command again.",
            ) from error

    def add(self, data: bytes) -> None:
        """Append bytes. Raise WriteError when the disk does not take them; what it took stays."""
        view = memoryview(data)
        try:
            while view:
                written = os.write(self._fd, view)
                self._digest.update(view[:written])
                self.size += written
                view = view[written:]
        except OSError as error:
            raise WriteError(
                f"{self.path}: writing stopped after {amount(self.size)} ({error.strerror})",
                "Free some space on this disk and run the command again: it goes on where it stopped.",
            ) from error

    def restart(self) -> None:
        """Throw away what is there."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self.size, self._digest = 0, hashlib.sha256()

    def sha256(self) -> str:
        """Return the hash of what is there, once that is on the disk for good. Raise WriteError."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise WriteError(
                f"{self.path}: the disk did not keep it ({error.strerror})",
                "Free some space on this disk and run the command again.",
            ) from error
        return self._digest.hexdigest()

    def close(self) -> None:
        os.close(self._fd)


@contextmanager
def opened(path: Path, total: int, watcher: Watcher) -> Iterator[Part]:
    """Given a path and how long the file will be, yield the part of it that is there, made where there is none.

    A part that ends up empty is removed.
    """
    part = Part(path, total, watcher)
    try:
        yield part
    finally:
        part.close()
        if not part.size:
            path.unlink(missing_ok=True)


def download(hub: Hub, remote: Remote, path: Path, clock: Clock, watcher: Watcher) -> int:
    """Given the hub, a file on it and a path, complete the part at that path; return the bytes that came for it.

    On return the part is whole and has the hash that the hub names. A part with wrong bytes is removed (DataError);
    one that is merely not whole stays, for the next call to go on with. Raise UnavailableError when the hub cannot
    be reached after several attempts, WriteError when the disk is full.
    """
    with opened(path, remote.bytes, watcher) as part:
        if part.size:
            watcher.say(f"going on at {amount(part.size)} of {amount(remote.bytes)}")
        came, best, failures = 0, part.size, 0
        while part.size < remote.bytes:
            try:
                for count in _receive(hub, remote, part, watcher):
                    came += count
            except InterruptedTransferError as broken:
                failures = 0 if part.size > best else failures
                best = max(best, part.size)
                _pause(broken, failures, clock, watcher)
                failures += 1
        found = part.sha256()
    if found != remote.sha256:
        path.unlink()
        raise DataError(
            f"{remote.repository}: {remote.file} came with wrong bytes: SHA-256 {found[:12]}…, the hub names "
            f"{remote.sha256[:12]}…",
            "They are thrown away. Run the command again; if it happens again, something on the way changes the file.",
        )
    return came


def persistently(attempt: Callable[[], T], clock: Clock, watcher: Watcher) -> T:
    """Given something to ask the hub, return its answer, asking again while the connection fails, within reason."""
    failures = 0
    while True:
        try:
            return attempt()
        except InterruptedTransferError as broken:
            _pause(broken, failures, clock, watcher)
            failures += 1


def _pause(broken: InterruptedTransferError, failures: int, clock: Clock, watcher: Watcher) -> None:
    """Given how often in a row it failed before, wait for the next attempt, or raise when that was the last."""
    if failures >= len(PAUSES):
        raise broken
    watcher.say(f"{broken.message}; trying again")
    clock.wait(threading.Event(), PAUSES[failures])


def _receive(hub: Hub, remote: Remote, part: Part, watcher: Watcher) -> Iterator[int]:
    """Given a part, add what one connection brings, yielding the count of each piece's bytes.

    Raise InterruptedTransferError when the connection ends too soon, DataError when it brings something else.
    """
    with hub.open(remote, part.size) as body:
        data = body.read(CHUNK)
        wrong = foreign(data) if body.start == 0 else ""
        if wrong or body.total not in (None, remote.bytes):
            raise DataError(
                f"{remote.repository}: the server sends {wrong or f'{body.total} bytes'} for {remote.file}, "
                f"the hub names a file of {remote.bytes} bytes",
                "Look whether a login page or a proxy is in between, and run the command again.",
            )
        if body.start == 0 and part.size:
            watcher.say("the server cannot go on in the middle, so the file starts over")
            part.restart()
        while data and part.size < remote.bytes:
            wanted = data[: remote.bytes - part.size]
            part.add(wanted)
            yield len(wanted)
            watcher.progress(remote.file, part.size, remote.bytes)
            data = body.read(CHUNK)
    if part.size < remote.bytes:
        raise InterruptedTransferError(
            f"the connection broke off at {amount(part.size)} of {amount(remote.bytes)}",
            "Run the command again: it goes on where it stopped.",
        )
