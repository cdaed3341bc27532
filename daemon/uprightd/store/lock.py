"""The one writer of a log: a lock file beside the database, held for as long as the process lives.

SQLite before 3.51.3 can damage a WAL database when two connections write or checkpoint at the same instant,
so there is never a second one of ours. The kernel lets go of the lock when the process dies, however it dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from uprightd.errors import TryAgainError
from uprightd.store.file import guard, not_ours


class WriterLock:
    """An exclusive lock on `<database>.lock`; made by `take`, given back by `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, database: Path, wall: float) -> WriterLock:
        """Given the database's path and the time, take the lock at once.

        Raise TryAgainError naming the process that has it, DeniedError on a planted link, OSError when the
        lock file cannot be made.
        """
        path = database.with_name(database.name + ".lock")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise not_ours(path) or error from None
        try:
            guard(path)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 100, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise TryAgainError(
                f"{database}: is being written by {holder or 'another process'}",
                "See `uprightd status`; end it with `uprightd stop`.",
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        since = datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        with contextlib.suppress(
            OSError
        ):  # on a full disk the lock holds all the same, only without its note
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} since {since}\n".encode("ascii"), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock back; may be called twice. The file stays: two could hold "the" lock if it went."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
