"""The one connection that writes: what every commit of it promises."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

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
