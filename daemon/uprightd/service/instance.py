"""One daemon per user: a lock the kernel lets go of when its owner ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from uprightd.clock import Clock, SystemClock
from uprightd.errors import DeniedError, TryAgainError, UnavailableError
from uprightd.paths import private_dir


@dataclass(frozen=True, slots=True)
class Owner:
    """The daemon that holds the lock: its process id and when it started, seconds since the epoch (UTC)."""

    pid: int
    started: float

    def since(self, now: float) -> str:
        """Given this moment, return when it started in local time, with the date if that was another day."""
        began, today = (datetime.fromtimestamp(at).astimezone() for at in (self.started, now))
        return f"{began:%H:%M}" if began.date() == today.date() else f"{began:%Y-%m-%d %H:%M}"


class InstanceLock:
    """The lock file of the running daemon, with its pid and start time for messages.

    The lock is flock's and lives as long as the open file: a killed owner frees it at once, and what it wrote
    is then only history. The file stays when the lock is released; removing it would let two daemons lock two
    files of one name. Its descriptor is not inheritable, so a started child does not keep the lock (a forked
    one would: we never fork).
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock for this process, until `release` or its end.

        Raise TryAgainError naming the owner when another daemon runs, DeniedError when the file is not a
        plain file of ours, UnavailableError when the file system cannot lock.
        """
        private_dir(self._path.parent)
        fd = _open_plain(self._path)
        try:
            self._lock(fd)
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd
        record = {"pid": os.getpid(), "started": self._clock.now().wall}
        with contextlib.suppress(OSError):  # a full disk costs the next one's message, not this one's start
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps(record).encode(), 0)

    def release(self) -> None:
        """Let the lock go; harmless when it is not held."""
        fd, self._fd = self._fd, None
        if fd is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(fd, 0)
            os.close(fd)

    def _lock(self, fd: int) -> None:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = _recorded(fd)
            who = f" (pid {owner.pid}, since {owner.since(self._clock.now().wall)})" if owner else ""
            raise TryAgainError(
                f"another uprightd runs{who}",
                "Use it with `uprightd status`, or end it with `uprightd stop`.",
            ) from None
        except OSError as error:
            raise UnavailableError(
                f"{self._path}: the file system cannot lock files ({error.strerror})",
                "Set UPRIGHTD_HOME to a folder on a local disk.",
            ) from error


def _open_plain(path: Path) -> int:
    """Given the lock's path, return it open to read and write, mode 0600. Raise DeniedError for a trap."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        what = "is a symbolic link" if path.is_symlink() else f"cannot be opened ({error.strerror})"
        raise DeniedError(f"{path}: the lock file {what}", "Remove it and start again.") from error
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode) or info.st_uid != os.getuid() or info.st_nlink != 1:
        os.close(fd)
        raise DeniedError(
            f"{path}: the lock file is not a plain file of this user with one name",
            "Remove it and start again.",
        )
    os.fchmod(fd, 0o600)
    return fd


def _recorded(fd: int) -> Owner | None:
    """Given the open lock file, return the owner written there; None while it is unfinished or damaged."""
    try:
        record = json.loads(os.pread(fd, 4096, 0))
        return Owner(int(record["pid"]), float(record["started"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
