"""The log's writer: what has returned is on disk.

Every method is one transaction under one lock, so the loop, the notifier's thread and the scheduler may all
call it. A write that fails leaves nothing half-done, raises WriteError and costs only itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uprightd import __version__
from uprightd.clock import Clock
from uprightd.domain import Alert, Instant, MonitorState, Posture, Reading
from uprightd.errors import DataError, InternalError
from uprightd.paths import private_dir
from uprightd.store import failures, plain
from uprightd.store.connection import connect
from uprightd.store.file import prepare
from uprightd.store.schema import SAMPLE_COLUMNS, migrate
from uprightd.store.writer import WriterLock

if TYPE_CHECKING:
    from sqlite_utils import Database

PATIENCE = 3.0
"""Seconds a write waits for another program that holds the file (a database browser) before it gives up."""
IMPATIENCE = 0.2
"""Seconds the following writes wait, so that the loop keeps its beat until the file is free again."""

BATCH = 2000
"""Rows removed in one transaction: some milliseconds, between which the loop gets its turn."""

SPOKEN = "spoken"
"""What becomes of an alert unless something holds it back."""


class Log:
    """One open log. `notices` holds what the user must be told about how it was opened, in plain words."""

    def __init__(
        self,
        path: Path,
        database: Database,
        lock: WriterLock,
        metrics: tuple[str, ...],
        zone: tzinfo | None,
        patience: float,
    ) -> None:
        self.path = path
        self.database = database
        self.notices: list[str] = []
        self._writer = lock
        self._metrics = metrics
        self._zone = zone
        self._patience = self._waiting = patience
        self._turn = threading.RLock()
        self._run: int | None = None
        # sqlite-utils builds its INSERT anew for every row: 213 µs of CPU against 117 µs for this one
        # statement, measured on 25 metrics with a durable commit each. The rare tables use sqlite-utils.
        columns = (*SAMPLE_COLUMNS[1:], *metrics)
        names = ", ".join(f'"{name}"' for name in columns)
        self._insert = f"INSERT INTO samples ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        metrics: Iterable[str],
        clock: Clock,
        zone: tzinfo | None = None,
        patience: float = PATIENCE,
    ) -> Log:
        """Given a path and the metrics' names, open the log as its only writer, made or mended as needed.

        `zone` is where the person is; None means the system's own zone. Raise TryAgainError when another
        process writes it, DeniedError, DataError or WriteError when it cannot be used, each naming the path.
        """
        path = path.absolute()
        names = tuple(metrics)
        private_dir(path.parent)
        wall = clock.now().wall
        with contextlib.ExitStack() as undo:
            try:
                lock = WriterLock.take(path, wall)
                undo.callback(lock.release)
                notices = prepare(path, wall)
                database = connect(path, patience)
                undo.callback(database.close)
                migrate(database, names)
            except (sqlite3.Error, OSError) as error:
                raise failures.not_opened(path, error) from error
            undo.pop_all()
        log = cls(path, database, lock, names, zone, patience)
        log.notices.extend(notices)
        return log

    def begin_run(self, source: str, backend: str, at: Instant, seconds_per_sample: float) -> int:
        """Given what is watched and how, begin a run and return its id; all that follows belongs to it."""
        row = {
            "started_ms": plain.ms(at),
            "offset_min": plain.offset(at, self._zone),
            "source": plain.text(source),
            "backend": plain.text(backend),
            "version": __version__,
            "seconds_per_sample": float(seconds_per_sample),
        }
        self._run = self._add("runs", row, "store the start of the run")
        return self._run

    def end_run(self, at: Instant) -> None:
        """Given the moment, end the run that `begin_run` began; what still comes late belongs to it."""
        if self._run is None:
            return
        with self._writing("store the end of the run"):
            self.database.execute("UPDATE runs SET ended_ms = ? WHERE id = ?", (plain.ms(at), self._run))

    def add_sample(self, reading: Reading, posture: Posture) -> int:
        """Given a reading and what it says, store it and return its row id once it is on disk.

        Raise WriteError when it could not be stored; the next one may succeed.
        """
        strangers = reading.values.keys() - self._metrics
        if strangers:
            raise InternalError(f"the log was opened without the metrics {sorted(strangers)}")
        row = (
            plain.ms(reading.at),
            plain.offset(reading.at, self._zone),
            self._running(),
            str(posture),
            str(reading.view),
            plain.share(reading.confidence),
            plain.number(reading.position),
            plain.text(reading.profile) if reading.profile else None,
            *[
                plain.number(value.number) if (value := reading.values.get(name)) else None
                for name in self._metrics
            ],
        )
        with self._writing("store a sample"):
            return _row_id(self.database.conn.execute(self._insert, row))

    def add_alert(self, alert: Alert, decision: str = SPOKEN, reason: str = "") -> int:
        """Given an alert and whether it is "spoken", "held" or "dropped" and why, store it; return its row id.

        The outcome of its notification is pending; that of one that is not spoken is off, as there is none.
        """
        row = {
            "at_ms": plain.ms(alert.at),
            "offset_min": plain.offset(alert.at, self._zone),
            "run_id": self._running(),
            "rule": plain.text(alert.rule),
            "severity": str(alert.severity),
            "message": plain.text(alert.message),
            "metric": plain.text(alert.metric),
            "value": float(alert.value),
            "threshold": float(alert.threshold),
            "held_s": float(alert.held),
            "started_ms": plain.ms(alert.started),
            "view": str(alert.view),
            "confidence": plain.share(alert.confidence),
            "position": plain.number(alert.position),
            "reason": plain.text(alert.reason),
            "explanation": plain.explanation(alert.explanation),
            "decision": str(decision),
            "decision_reason": plain.text(reason),
            "outcome": "pending" if decision == SPOKEN else "off",
        }
        return self._add("alerts", row, "store an alert")

    def set_outcome(self, alert_id: int, outcome: str, detail: str = "") -> None:
        """Given an alert's row id, store what became of its notification."""
        with self._writing("store a notification's outcome"):
            self.database.execute(
                "UPDATE alerts SET outcome = ?, outcome_detail = ? WHERE id = ?",
                (str(outcome), plain.text(detail), alert_id),
            )

    def add_transition(self, state: MonitorState, at: Instant) -> int:
        """Given the monitor's new state, store since when it holds and why; return its row id."""
        row = {
            "at_ms": plain.ms(at),
            "offset_min": plain.offset(at, self._zone),
            "run_id": self._running(),
            "activity": str(state.activity),
            "reason": plain.text(state.reason),
        }
        return self._add("transitions", row, "store a change of state")

    def add_feedback(self, alert_id: int, verdict: str, note: str, at: Instant) -> int:
        """Given an alert's row id and what the person thinks of it ("wrong" or "right"), store that; return its row id.

        It takes the place of what was thought of the same alert before. Raise DataError when there is no such alert.
        """
        row = {
            "at_ms": plain.ms(at),
            "offset_min": plain.offset(at, self._zone),
            "alert_id": int(alert_id),
            "verdict": str(verdict),
            "note": plain.text(note),
        }
        with self._writing("look up an alert"):
            found = self.database.execute("SELECT 1 FROM alerts WHERE id = ?", (int(alert_id),)).fetchone()
        if found is None:
            raise DataError(f"{self.path}: there is no alert {alert_id}", "See them with: uprightd report")
        return self._add("feedback", row, "store what you think of an alert", replace=True)

    def remember(self, name: str, data: Any, at: Instant) -> None:
        """Given a name and JSON data, store it for after a restart in place of what had that name.

        Raise InternalError when it is no JSON data; NaN and infinity are none.
        """
        try:
            value = json.dumps(data, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InternalError(f"{name} cannot be remembered: {error}") from error
        with self._writing("store what outlives a restart"):
            self.database.execute(
                "INSERT OR REPLACE INTO memory (name, at_ms, value) VALUES (?, ?, ?)",
                (name, plain.ms(at), value),
            )

    def recall(self, name: str) -> Any:
        """Given a name, return the data that was remembered under it; None for none, or for what is damaged."""
        with self._writing("look up what was remembered"):
            row = self.database.execute("SELECT value FROM memory WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        try:
            return json.loads(row[0])
        except (ValueError, RecursionError):
            return None

    def retain(self, days: float, now: Instant) -> int:
        """Given how many days samples are kept, remove the older ones in batches; return how many went."""
        oldest = plain.ms(now) - round(days * 86_400_000)
        removed = 0
        while True:
            with self._writing("remove old samples"):
                gone = self.database.execute(
                    "DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE at_ms < ? LIMIT ?)",
                    (oldest, BATCH),
                ).rowcount
            removed += gone
            if gone < BATCH:
                return removed

    def last_alerts(self) -> dict[str, float]:
        """Return when each rule's last alert was, spoken or not, in seconds since the epoch: for its cooldown."""
        with self._writing("look up the last alerts"):
            rows = self.database.execute("SELECT rule, max(at_ms) FROM alerts GROUP BY rule").fetchall()
        return {rule: at_ms / 1000 for rule, at_ms in rows}

    def last_report(self, kind: str) -> str | None:
        """Given a kind of report, return the period of the one made last (2026-W47), None before any."""
        with self._writing("look up the last report"):
            row = self.database.execute(
                "SELECT period FROM reports WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,)
            ).fetchone()
        return row[0] if row else None

    def add_report(self, kind: str, period: str, made: Instant, path: Path) -> int:
        """Given a report that was written, remember it as the last of its kind; return its row id."""
        row = {"kind": kind, "period": period, "made_ms": plain.ms(made), "path": plain.text(os.fspath(path))}
        return self._add("reports", row, "store the report's entry", replace=True)

    def close(self) -> None:
        """Close the file and let other writers in; may be called twice."""
        with self._turn:
            with contextlib.suppress(
                sqlite3.Error
            ):  # a full disk may refuse the last checkpoint; the -wal stays
                self.database.close()
            self._writer.release()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, table: str, row: dict[str, object], doing: str, *, replace: bool = False) -> int:
        with self._writing(doing):
            return int(self.database.table(table).insert(row, replace=replace).last_rowid or 0)

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

    def _running(self) -> int:
        if self._run is None:
            raise InternalError("nothing can be logged before begin_run")
        return self._run


def _row_id(cursor: sqlite3.Cursor) -> int:
    return int(cursor.lastrowid or 0)
