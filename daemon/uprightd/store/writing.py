"""What every write to the log has in common: one transaction under one lock, and failures that cost only themselves."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from uprightd.store import failures
from uprightd.store.lock import WriterLock

if TYPE_CHECKING:
    from sqlite_utils import Database

PATIENCE = 3.0
"""Seconds a write waits for another program that holds the file (a database browser) before it gives up."""
IMPATIENCE = 0.2
"""Seconds the following writes wait, so that the loop keeps its beat until the file is free again."""


class Writer:
    """An open database, the one that may be written to. `zone` is where the person is, `patience` in seconds."""

    def __init__(
        self, path: Path, database: Database, lock: WriterLock, zone: tzinfo | None, patience: float
    ) -> None:
        self.path = path
        self.database = database
        self._lock = lock
        self._zone = zone
        self._patience = self._waiting = patience
        self._turn = threading.RLock()
        self.upkeep = threading.Lock()
        """Held by who works with what the log said a while ago: what is forgotten meanwhile must not come back."""

    def close(self) -> None:
        """Close the file and let other writers in; may be called twice."""
        with self._turn:
            with contextlib.suppress(
                sqlite3.Error
            ):  # a full disk may refuse the last checkpoint; the -wal stays
                self.database.close()
            self._lock.release()

    def _add(self, table: str, row: dict[str, object], doing: str, *, replace: bool = False) -> int:
        with self._writing(doing):
            return int(self.database.table(table).insert(row, replace=replace).last_rowid or 0)

    @contextlib.contextmanager
    def together(self, doing: str) -> Iterator[None]:
        """Within it all writes of this thread are one transaction: on disk together at its end, or none of them.

        `doing` says what it is for, as in "store an hour". Raise WriteError when it could not be done.
        """
        with self._writing(doing), self.database.atomic():
            yield

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Iterator[None]:
        with self._turn:
            try:
                yield
            except sqlite3.Error as error:
                if failures.busy(error):
                    self._wait_at_most(min(IMPATIENCE, self._patience))
                raise failures.not_done(self.path, doing, error) from error
            if self._waiting != self._patience:
                self._wait_at_most(self._patience)

    def _wait_at_most(self, seconds: float) -> None:
        self.database.conn.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        self._waiting = seconds
