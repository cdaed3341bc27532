"""The log's writer: what has returned is on disk.

Every method is one transaction under one lock, so the loop, the notifier's thread and the scheduler may all
call it. A write that fails leaves nothing half-done, raises WriteError and costs only itself.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from uprightd import __version__
from uprightd.clock import Clock
from uprightd.domain import Alert, Instant, MonitorState, Posture, Reading
from uprightd.errors import DataError, InternalError
from uprightd.paths import private_dir
from uprightd.store import failures, plain
from uprightd.store.connection import connect
from uprightd.store.entries import Entries
from uprightd.store.file import prepare
from uprightd.store.forgetting import Forgetting
from uprightd.store.lock import WriterLock
from uprightd.store.rolled import RolledUp
from uprightd.store.schema import SAMPLE_COLUMNS, migrate
from uprightd.store.unrolled import LAST_SIGN_OF_LIFE
from uprightd.store.writing import PATIENCE

if TYPE_CHECKING:
    from sqlite_utils import Database

_ENDED_BY_A_KILL = f"UPDATE runs SET ended_ms = {LAST_SIGN_OF_LIFE} WHERE ended_ms IS NULL"  # noqa: S608

SPOKEN = "spoken"
"""What becomes of an alert unless something holds it back."""


class Log(Entries, RolledUp, Forgetting):
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
        super().__init__(path, database, lock, zone, patience)
        self.notices: list[str] = []
        self._metrics = metrics
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
        """Given what is watched and how, begin a run and return its id; all that follows belongs to it.

        Runs that were killed get the last sign of life of theirs for an end.
        """
        with self.together("store the end of earlier runs"):
            self.database.execute(_ENDED_BY_A_KILL)
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

    def continue_run(self, at: Instant, seconds_per_sample: float) -> int:
        """Given the moment and a new sampling period, end the run and go on with one like it; return its id.

        What gap still counts as watched hangs on the period, so samples of two periods are not of one run.
        """
        row = dict(next(self.database.query("SELECT * FROM runs WHERE id = ?", (self._running(),))))
        with self.together("store the new sampling period"):
            self.end_run(at)
            return self.begin_run(row["source"], row["backend"], at, seconds_per_sample)

    @property
    def run(self) -> int | None:
        """The run that goes on, None before any."""
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
            plain.parts(plain.share(reading.confidence)),
            plain.number(reading.position),
            plain.text(reading.profile) if reading.profile else None,
            *[
                plain.parts(value.number) if (value := reading.values.get(name)) else None
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

    def last_alerts(self) -> dict[str, float]:
        """Return when each rule's last alert was, spoken or not, in seconds since the epoch: for its cooldown."""
        with self._writing("look up the last alerts"):
            rows = self.database.execute("SELECT rule, max(at_ms) FROM alerts GROUP BY rule").fetchall()
        return {rule: at_ms / 1000 for rule, at_ms in rows}

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _running(self) -> int:
        if self._run is None:
            raise InternalError("nothing can be logged before begin_run")
        return self._run


def _row_id(cursor: sqlite3.Cursor) -> int:
    return int(cursor.lastrowid or 0)
