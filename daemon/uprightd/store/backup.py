"""A copy of the log while it is being written: whole, checked, and without what was deleted."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from uprightd.errors import CannotCreateError, DataError, WriteError
from uprightd.store import failures
from uprightd.store.connection import connect_to_read
from uprightd.store.reading import LogReader
from uprightd.whole_file import sync_folder


def back_up(log: Path, target: Path) -> int:
    """Given the log's path and where the copy goes, write it, mode 0600; return its bytes.

    It is of one moment, may be made while the daemon runs, and is there whole or not at all. Raise UnavailableError
    without a log, CannotCreateError when there is a file already or none can be made, WriteError when the disk is full,
    DataError when the copy is not sound.
    """
    if os.path.lexists(target):
        raise CannotCreateError(f"{target}: is there already", "Choose another name, or move it away.")
    with LogReader.open(log):
        pass  # what cannot be read is told before anything is made
    try:
        folder = Path(tempfile.mkdtemp(prefix=".uprightd-", dir=target.parent))
    except OSError as error:
        raise CannotCreateError(
            f"{target}: cannot be made here ({error.strerror})",
            "Choose a folder that exists and that you may write to.",
        ) from error
    copy = folder / "log.db"
    try:
        _copied(log, copy)
        os.link(copy, target)  # unlike a rename it never takes the place of a file that came meanwhile
        sync_folder(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise WriteError(
            f"{target}: cannot be written ({error.strerror})", "Choose another folder."
        ) from error
    finally:
        for path in (copy, Path(f"{copy}-journal")):
            path.unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()


def _copied(log: Path, copy: Path) -> None:
    """Write the copy and look whether it is sound."""
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(connect_to_read(log)) as source:
            source.execute("COMMIT")  # VACUUM INTO takes a view of its own
            source.execute("VACUUM INTO ?", (os.fspath(copy),))
    except sqlite3.Error as error:
        if failures.damaged(error):
            raise failures.unreadable(log, error) from error
        raise WriteError(
            f"{copy.parent.parent}: no room for a copy of the log, or it cannot be written there ({error})",
            "Free some space on this disk, or choose another folder.",
        ) from error
    with open(copy, "rb") as file:
        os.fsync(file.fileno())
    with closing(sqlite3.connect(copy)) as made:
        verdict = made.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DataError(f"{log}: the copy is not sound ({verdict})", "Look at the disk; see: uprightd doctor")
