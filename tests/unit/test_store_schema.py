"""The tables: they take every word the program has and no other, and grow by steps."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

import pytest
from sqlite_utils import Database

from uprightd.domain import Activity, Posture, Severity, View
from uprightd.store import schema
from uprightd.store.schema import migrate


@pytest.fixture
def database() -> Iterator[Database]:
    database = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    yield database
    database.close()


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("samples", "posture", Posture),
        ("samples", "view", View),
        ("alerts", "view", View),
        ("alerts", "severity", Severity),
        ("transitions", "activity", Activity),
    ],
)
def test_a_column_takes_every_word_the_program_has(
    database: Database, table: str, column: str, words: type[Posture]
) -> None:
    migrate(database, ())
    check = re.search(rf"CHECK \({column} IN \(([^)]*)\)", database.table(table).schema)
    assert check is not None
    assert set(re.findall(r"'([^']*)'", check[1])) == {str(word) for word in words}


SAMPLE = {
    "at_ms": 1,
    "offset_min": 0,
    "run_id": 1,
    "posture": "good",
    "view": "frontal",
    "confidence": 0.5,
    "neck_flexion": 1.0,
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"at_ms": 0},
        {"at_ms": 1.5},
        {"at_ms": None},
        {"offset_min": 1441},
        {"posture": "slouching"},
        {"view": "above"},
        {"confidence": 1.1},
        {"confidence": None},
        {"neck_flexion": 1e6},
        {"neck_flexion": float("inf")},
        {"neck_flexion": b"\x00\x00\x80?"},
        {"position": float("-inf")},
        {"run_id": 2},
    ],
    ids=str,
)
def test_a_sample_that_cannot_be_is_refused(database: Database, wrong: dict[str, object]) -> None:
    database.execute("PRAGMA foreign_keys = ON")
    migrate(database, ("neck_flexion",))
    run = {"id": 1, "started_ms": 1, "offset_min": 0, "source": "s", "backend": "b", "version": "v"}
    database.table("runs").insert({**run, "seconds_per_sample": 1.0})
    database.table("samples").insert(SAMPLE)
    with pytest.raises(sqlite3.IntegrityError):
        database.table("samples").insert({**SAMPLE, **wrong})
    assert database.table("samples").count == 1


@pytest.mark.parametrize(
    "name", ["", "Neck", "neck flexion", 'x" REAL, "y', "id", "posture", "9lives", "x" * 64]
)
def test_a_metric_whose_name_cannot_be_a_column_is_refused(database: Database, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name a column"):
        migrate(database, (name,))


def test_opening_again_changes_nothing(database: Database) -> None:
    migrate(database, ("neck_flexion", "neck_flexion"))
    before = database.schema
    migrate(database, ("neck_flexion",))
    assert database.schema == before
    assert database.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)


def test_an_older_log_goes_through_the_missing_steps_only(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(database, ("neck_flexion",))
    steps = (*schema.MIGRATIONS, ("CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT",))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    migrate(database, ("neck_flexion",))
    assert "notes" in database.table_names()
    assert database.execute("PRAGMA user_version").fetchone() == (len(steps),)


def test_a_step_that_fails_leaves_the_version_before_it_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (*schema.MIGRATIONS, ("CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT", "no such statement"))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(sqlite3.OperationalError):
        migrate(database, ())
    assert "notes" not in database.table_names()
    assert database.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS) - 1,)
