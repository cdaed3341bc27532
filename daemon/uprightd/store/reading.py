"""The log's reader: read-only, one unchanging view of the file, never in the writer's way.

It needs nothing but the standard library, so that a report starts at once.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from uprightd.domain import Reading
from uprightd.errors import DataError, UnavailableError, UprightError
from uprightd.intervals import Span
from uprightd.records import (
    AlertRow,
    CaptureRow,
    ContactRow,
    FeedbackRow,
    RunRow,
    SampleRow,
    TransitionRow,
)
from uprightd.spells import Spell, spells
from uprightd.store import failures, samples
from uprightd.store.connection import connect_to_read
from uprightd.store.file import check_version
from uprightd.store.forgetting import counted
from uprightd.store.schema import PARTS, SAMPLE_COLUMNS, VERSION
from uprightd.store.summed import Summed
from uprightd.store.tables import TABLES
from uprightd.store.unrolled import LAST_SIGN_OF_LIFE, RUN_COLUMNS

_ALERT = (
    "SELECT id, at_ms, offset_min, run_id, rule, severity, message, metric, value, threshold, held_s, started_ms,"
    " view, confidence, position, reason, outcome, outcome_detail, explanation, decision, decision_reason"
    " FROM alerts"
)


class LogReader(Summed):
    """An open log to read from. All answers are of the moment it was opened; close it soon.

    Periods are half open: `since_ms` belongs to them, `until_ms` does not.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        try:
            names = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info('samples')")]
            self.metrics = tuple(name for name in names if name not in SAMPLE_COLUMNS)
            super().__init__(path, connection, self.metrics)
        except sqlite3.Error as error:
            raise failures.unreadable(path, error) from error

    @classmethod
    def open(cls, path: Path) -> LogReader:
        """Given the path of a log, open it for reading.

        Raise UnavailableError when there is none yet, DataError when it is damaged, no log, or a newer one.
        """
        path = path.absolute()
        if not path.exists():
            raise _no_log(path)
        with contextlib.ExitStack() as undo:
            try:
                connection = connect_to_read(path)
                undo.callback(connection.close)
                version = check_version(connection, path)
            except sqlite3.Error as error:
                raise failures.unreadable(path, error) from error
            if version == 0:
                raise _no_log(path)
            if version < VERSION:
                raise DataError(
                    f"{path}: this log has version {version}, this uprightd reads version {VERSION}",
                    "Start `uprightd run` once: it brings the log up to date.",
                )
            undo.pop_all()
        return cls(path, connection)

    def samples(self, since_ms: int, until_ms: int) -> Iterator[SampleRow]:
        """Given a period, yield its samples in order of their time."""
        return map(
            SampleRow._make,
            self._rows(
                "SELECT at_ms, samples.offset_min, posture, run_id, seconds_per_sample"
                " FROM samples JOIN runs ON runs.id = run_id"
                " WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, samples.id",
                since_ms,
                until_ms,
            ),
        )

    def readings(self, since_ms: int, until_ms: int) -> Iterator[Reading]:
        """Given a period, yield its samples as readings in order of their time. What they lack: store.samples."""
        columns = ", ".join(f'"{name}"' for name in (*samples.COLUMNS, *self.metrics))
        rows = self._rows(
            f"SELECT {columns} FROM samples WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id",  # noqa: S608
            since_ms,
            until_ms,
        )
        return samples.readings(rows, self.metrics)

    def alerts(self, since_ms: int, until_ms: int) -> list[AlertRow]:
        """Given a period, return its alerts in order of their time, spoken or not."""
        rows = self._rows(f"{_ALERT} WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id", since_ms, until_ms)
        return [_alert(row) for row in rows]

    def alert(self, which: int | Literal["last"]) -> AlertRow | None:
        """Given an alert's id, return it, None when there is no such alert.

        "last" is the one stored last among those that were spoken, and among all where none was.
        """
        if which == "last":
            rows = self._rows(f"{_ALERT} ORDER BY decision = 'spoken' DESC, id DESC LIMIT 1")
        else:
            rows = self._rows(f"{_ALERT} WHERE id = ?", which)
        return next((_alert(row) for row in rows), None)

    def feedback(self, since_ms: int, until_ms: int) -> list[FeedbackRow]:
        """Given a period, return what the person thought in it of alerts, in order of time; once at most of each."""
        return [
            FeedbackRow(*row)
            for row in self._rows(
                "SELECT id, at_ms, offset_min, alert_id, verdict, note"
                " FROM feedback WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id",
                since_ms,
                until_ms,
            )
        ]

    def transitions(self, since_ms: int, until_ms: int) -> list[TransitionRow]:
        """Given a period, return the monitor's changes of state in order of their time."""
        return [
            TransitionRow(*row)
            for row in self._rows(
                "SELECT id, at_ms, offset_min, run_id, activity, reason"
                " FROM transitions WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id",
                since_ms,
                until_ms,
            )
        ]

    def runs(self, since_ms: int, until_ms: int) -> list[RunRow]:
        """Given a period, return the runs that may reach into it. A killed one has its end from the next start on."""
        return [
            RunRow(*row)
            for row in self._rows(
                f"SELECT {RUN_COLUMNS},"  # noqa: S608 - constant
                f" coalesce(ended_ms, {LAST_SIGN_OF_LIFE})"
                " FROM runs WHERE coalesce(ended_ms, ?1) >= ?1 AND started_ms < ?2 ORDER BY started_ms, id",
                since_ms,
                until_ms,
            )
        ]

    def states(self, runs: Iterable[RunRow], since_ms: int, until_ms: int) -> list[Spell]:
        """Given runs and a period, return the states of the monitor that reach into it."""
        those = list(runs)
        with self._naming():
            changes = self._unrolled.transitions([run.id for run in those], since_ms, until_ms)
        return spells(changes, those)

    def metric_rows(self, since_ms: int, until_ms: int, metric: str) -> Iterator[tuple[int, float]]:
        """Given a period and a metric, yield (at_ms, value) for the samples in which it is known."""
        column = self._column(metric)
        return self._rows(
            f"SELECT at_ms, {column} / {PARTS:.1f} FROM samples"  # noqa: S608 - a column of this very table
            f" WHERE at_ms >= ? AND at_ms < ? AND {column} IS NOT NULL ORDER BY at_ms, id",
            since_ms,
            until_ms,
        )

    def captures(self, since_ms: int, until_ms: int) -> list[CaptureRow]:
        """Given a period, return the captures made in it, in order of time."""
        rows = self._rows(
            "SELECT id, at_ms, offset_min, kind, path, files, bytes, summary"
            " FROM captures WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, id",
            since_ms,
            until_ms,
        )
        return [CaptureRow(*[*fields, _facts(summary)]) for *fields, summary in rows]

    def contacts(self) -> list[ContactRow]:
        """Return whom on a network the program has spoken to, the latest first."""
        return [
            ContactRow(*row)
            for row in self._rows(
                "SELECT purpose, address, first_ms, last_ms, times FROM contacts ORDER BY last_ms DESC"
            )
        ]

    def alert_moments(self, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """Given a period, return when alerts were spoken in it: the moment, and its clock's minutes ahead of UTC."""
        return [
            (at_ms, offset_min)
            for at_ms, offset_min in self._rows(
                "SELECT at_ms, offset_min FROM alerts"
                " WHERE at_ms >= ? AND at_ms < ? AND decision = 'spoken' ORDER BY at_ms",
                since_ms,
                until_ms,
            )
        ]

    def table(
        self, name: str, moment: str, since_ms: int, until_ms: int
    ) -> tuple[list[str], Iterator[tuple]]:
        """Given a table of `tables.TABLES`, its column of moments and a period, return the names of its columns and its
        rows in order of time, as they are stored."""
        columns = f"SELECT name FROM pragma_table_info('{name}')"  # noqa: S608 - names of ours
        names = [column for (column,) in self._rows(columns)]
        query = f"SELECT * FROM {name} WHERE {moment} >= ? AND {moment} < ? ORDER BY {moment}"  # noqa: S608
        return names, self._rows(query, since_ms, until_ms)

    def counts(self) -> dict[str, int]:
        """Return how many rows each table holds."""
        return self.forgettable(TABLES, None)

    def forgettable(self, tables: Iterable[str], days: Span | None) -> dict[str, int]:
        """Given tables and the days (see forgetting.condition), return how many of their rows would be forgotten."""
        with self._naming():
            return counted(self._connection, tables, days)

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._connection.close()

    def __enter__(self) -> LogReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _column(self, metric: str) -> str:
        if metric not in self.metrics:
            raise DataError(
                f"{self.path}: the log has no metric {metric!r}",
                f"It has: {', '.join(self.metrics) or 'none'}.",
            )
        return f'"{metric}"'


def _alert(row: tuple) -> AlertRow:
    *fields, explanation, decision, reason = row
    return AlertRow(*[*fields, _facts(explanation), decision, reason])


def _facts(text: str) -> Mapping[str, Any]:
    """Given an alert's explanation as it was stored, return it; empty when somebody damaged it."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _no_log(path: Path) -> UprightError:
    return UnavailableError(f"{path}: there is no log yet", "Start the monitor once: uprightd run")
