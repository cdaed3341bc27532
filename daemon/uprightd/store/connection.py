"""The one connection that writes, and what every commit of it promises; and those that only read."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from uprightd.store.file import is_all_in, read_only_uri

if TYPE_CHECKING:
    from sqlite_utils import Database


def connect(path: Path, patience: float) -> Database:
    """Given the path of a prepared file, return it open, each statement its own transaction."""
    from sqlite_utils import Database  # brings numpy along; only who writes the log pays for it

    # isolation_level=None: Python opens no transaction of its own that a failed write could leave behind.
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA checkpoint_fullfsync = 1")
        connection.execute("PRAGMA foreign_keys = ON")
        return Database(connection, execute_plugins=False)
    except BaseException:
        connection.close()
        raise


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Given the path of a log, return it open for reading: one unchanging view of it. Raise sqlite3.Error.

    To read a log in WAL mode SQLite makes a -shm beside it. Where it cannot (a full disk, a folder that may only be
    read) and no -wal holds rows that the file lacks, the file is read as one that nobody writes.
    """
    try:
        return _snapshot(read_only_uri(path))
    except sqlite3.OperationalError:
        if not is_all_in(path):
            raise
        return _snapshot(read_only_uri(path, immutable=True))


def _snapshot(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute("BEGIN")  # figures of two queries belong together
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on the view stands
        return connection
    except BaseException:
        connection.close()
        raise
