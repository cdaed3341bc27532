"""What SQLite and the file system say went wrong, turned into the errors a user sees."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from uprightd.errors import DataError, DeniedError, TryAgainError, UprightError, WriteError

_FULL = (sqlite3.SQLITE_FULL,)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DENIED = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damaged(error: sqlite3.Error) -> bool:
    """Given what SQLite raised, return whether it says that the file is damaged or no database at all."""
    return _code(error) in _DAMAGED


def busy(error: sqlite3.Error) -> bool:
    """Given what SQLite raised, return whether it says that another program holds the file."""
    return _code(error) in _BUSY


def not_done(path: Path, doing: str, error: sqlite3.Error) -> WriteError:
    """Given the log's path and what it was asked ("store a sample"), return the error of its failure."""
    code = _code(error)
    if code in _FULL:
        hint = "Free some space on this disk: the log goes on by itself."
    elif code in _BUSY:
        hint = "Another program holds the log. Close it (a database browser?): the log goes on by itself."
    elif code in _DAMAGED:
        hint = "The file was damaged while in use. Restart uprightd: it moves the file aside and begins anew."
    else:
        hint = "If it does not mend by itself, look at the disk and at the file's permissions."
    return WriteError(f"{path}: cannot {doing} ({error})", hint)


def not_opened(path: Path, error: sqlite3.Error | OSError) -> UprightError:
    """Given the log's path, return the error of a log that could not be opened for writing."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            return _no_room(path, reason)
        return _denied(path, reason)
    code = _code(error)
    if code in _BUSY:
        return TryAgainError(
            f"{path}: another program holds the log", "Close it (a database browser?) and try again."
        )
    if code in _DENIED:
        return _denied(path, str(error))
    if code in _DAMAGED:
        return unreadable(path, error)
    return _no_room(path, str(error))


def unreadable(path: Path, error: sqlite3.Error) -> UprightError:
    """Given the path of a log to read, return the error of one that cannot be read."""
    if _code(error) in _DENIED:
        return DeniedError(
            f"{path}: the log cannot be opened for reading ({error})",
            "Mend the permissions of the file and its folder, or choose another folder with UPRIGHTD_HOME.",
        )
    if damaged(error):
        hint = "`uprightd run` moves a damaged log aside at its start and begins a new one."
    else:
        hint = "Look at what it is, and at the permissions of the file and its folder."
    return DataError(f"{path}: cannot be read as a log ({error})", hint)


def newer(path: Path, found: int, known: int) -> DataError:
    """Given the versions of a log and of this program, return the error of a log from the future."""
    return DataError(
        f"{path}: version {found} of the log, this uprightd knows versions up to {known}; it was not touched",
        "Update uprightd, or move the file away to begin a new log.",
    )


def foreign(path: Path) -> DataError:
    """Given the path of a database without our mark, return the error of another program's file."""
    return DataError(
        f"{path}: a database, but not a log of uprightd; it was not touched",
        "Choose another file for the log, or move this one away.",
    )


def _denied(path: Path, reason: str) -> DeniedError:
    return DeniedError(
        f"{path}: cannot open the log for writing ({reason})",
        "Mend the permissions of the file and its folder, or choose another folder with UPRIGHTD_HOME.",
    )


def _no_room(path: Path, reason: str) -> WriteError:
    return WriteError(f"{path}: cannot open the log for writing ({reason})", "Free some space on this disk.")


def _code(error: sqlite3.Error) -> int:
    """The primary result code: the extended ones carry details in the higher bytes."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
