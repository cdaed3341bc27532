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


# ---- logs of earlier versions -------------------------------------------------------------------------------

RUN = {"id": 1, "started_ms": 1, "offset_min": 0, "source": "s", "backend": "b", "version": "0.1"}
TRANSITIONS = [
    {
        "id": number,
        "at_ms": 1000 - number,
        "offset_min": 60,
        "run_id": 1,
        "activity": word,
        "reason": f"why {word}",
    }
    for number, word in ((3, "watching"), (7, "paused"), (8, "degraded"))
]


ALERT = {
    "at_ms": 4,
    "offset_min": 0,
    "run_id": 1,
    "rule": "r",
    "severity": "warn",
    "message": "m",
    "metric": "neck_flexion",
    "value": 1.0,
    "threshold": 1.0,
    "held_s": 1.0,
    "started_ms": 1,
    "view": "frontal",
    "confidence": 0.5,
    "reason": "w",
}


def earlier(database: Database, version: int, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A log as that version made it, with rows in every table; the present version is in force again."""
    database.execute("PRAGMA foreign_keys = ON")
    with monkeypatch.context() as past:
        past.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
        migrate(database, ("neck_flexion", "head_x"))
    assert database.execute("PRAGMA user_version").fetchone() == (version,)
    assert "decision" not in database.table("alerts").columns_dict
    profile = {"profile": "sit r2"} if version > 1 else {}
    database.table("runs").insert({**RUN, "seconds_per_sample": 1.0})
    database.table("samples").insert_all(
        [{**SAMPLE, **profile, "at_ms": at, "neck_flexion": at / 2} for at in (5, 9, 7)]
    )
    database.table("transitions").insert_all(TRANSITIONS)
    database.table("alerts").insert(ALERT)
    database.table("alerts").insert({**ALERT, "id": 7, "outcome": "delivered"})
    database.table("reports").insert({"kind": "weekly", "period": "2026-W46", "made_ms": 1, "path": "a.txt"})
    return database


@pytest.fixture
def first(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    return earlier(database, 1, monkeypatch)


@pytest.fixture(params=[1, 2])
def old(database: Database, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Database:
    return earlier(database, request.param, monkeypatch)


LATER = {"profile", "explanation", "decision", "decision_reason"}
"""Columns that a step after the first added."""


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the first version, without the columns that later ones added."""
    kept = {}
    for name in ("runs", "samples", "alerts", "transitions", "reports"):
        columns = [f'"{each}"' for each in database.table(name).columns_dict if each not in LATER]
        kept[name] = database.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY id").fetchall()
    return kept


def test_an_older_log_keeps_every_row(old: Database) -> None:
    before = contents(old)
    profiles = {"sit r2"} if "profile" in old.table("samples").columns_dict else {None}
    migrate(old, ("neck_flexion", "head_x", "head_pitch"))
    assert old.execute("PRAGMA user_version").fetchone() == (schema.VERSION,) == (3,)
    after = contents(old)
    after["samples"] = [row[:-1] for row in after["samples"]]  # of the new metric
    assert after == before
    assert all(len(rows) > 0 for rows in before.values())
    assert {row[0] for row in old.execute("SELECT profile FROM samples").fetchall()} == profiles
    assert old.execute("SELECT DISTINCT head_pitch FROM samples").fetchall() == [(None,)]
    assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []


def test_the_alerts_of_an_older_log_were_all_spoken_and_have_no_explanation(old: Database) -> None:
    migrate(old, ("neck_flexion",))
    query = "SELECT id, decision, decision_reason, explanation FROM alerts ORDER BY id"
    assert old.execute(query).fetchall() == [(1, "spoken", "", "{}"), (7, "spoken", "", "{}")]


def test_an_older_log_gets_the_same_tables_as_a_new_one(old: Database) -> None:
    new = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    migrate(new, ("neck_flexion", "head_x"))
    migrate(old, ("neck_flexion", "head_x"))
    assert set(old.table_names()) == set(new.table_names()) >= {"feedback", "memory"}
    assert not [name for name in old.table_names() if "anew" in name]
    for name in new.table_names():
        assert set(old.table(name).columns_dict.items()) == set(new.table(name).columns_dict.items()), name
        assert old.table(name).strict
        indexes = [
            [(each.name, each.columns, each.unique) for each in it.table(name).indexes] for it in (old, new)
        ]
        assert indexes[0] == indexes[1], name
    assert [each.name for each in old.table("transitions").indexes] == ["transitions_at"]


FEEDBACK = {"at_ms": 9, "offset_min": 0, "alert_id": 7, "verdict": "wrong", "note": ""}
MEMORY = {"name": "engine", "at_ms": 9, "value": "{}"}


@pytest.mark.parametrize(
    ("table", "row", "wrong"),
    [
        ("alerts", ALERT, {"decision": "whispered"}),
        ("alerts", ALERT, {"decision": None}),
        ("alerts", ALERT, {"decision_reason": None}),
        ("alerts", ALERT, {"explanation": None}),
        ("alerts", ALERT, {"explanation": b"{}"}),
        ("feedback", FEEDBACK, {"alert_id": 2}),
        ("feedback", FEEDBACK, {"alert_id": None}),
        ("feedback", FEEDBACK, {"verdict": "perhaps"}),
        ("feedback", FEEDBACK, {"at_ms": 0}),
        ("feedback", FEEDBACK, {"offset_min": 1441}),
        ("feedback", FEEDBACK, {"note": None}),
        ("memory", MEMORY, {"name": None}),
        ("memory", MEMORY, {"at_ms": 0}),
        ("memory", MEMORY, {"value": None}),
        ("memory", MEMORY, {"value": b"{}"}),
    ],
    ids=lambda it: it if isinstance(it, str) else ",".join(it),
)
def test_a_row_of_the_third_version_that_cannot_be_is_refused(
    old: Database, table: str, row: dict[str, object], wrong: dict[str, object]
) -> None:
    migrate(old, ("neck_flexion",))
    with pytest.raises(sqlite3.IntegrityError):
        old.table(table).insert({**row, **wrong})
    old.table(table).insert(row)


def test_an_alert_is_thought_of_once_and_a_memory_has_one_name(old: Database) -> None:
    migrate(old, ("neck_flexion",))
    for table, row in (("feedback", FEEDBACK), ("memory", MEMORY)):
        old.table(table).insert(row)
        with pytest.raises(sqlite3.IntegrityError):
            old.table(table).insert({**row, "at_ms": 10})


def test_the_tables_made_anew_check_as_before_and_take_the_new_state(first: Database) -> None:
    migrate(first, ("neck_flexion",))
    row = {"at_ms": 5, "offset_min": 0, "run_id": 1, "activity": "uncalibrated", "reason": "camera moved?"}
    first.table("transitions").insert(row)
    assert first.execute("SELECT max(id) FROM transitions").fetchone() == (9,), "ids go on"
    for wrong in (
        {"activity": "asleep"},
        {"at_ms": 0},
        {"offset_min": 1441},
        {"run_id": 2},
        {"reason": None},
    ):
        with pytest.raises(sqlite3.IntegrityError):
            first.table("transitions").insert({**row, **wrong})
    first.table("samples").insert({**SAMPLE, "profile": "sit r2"})
    with pytest.raises(sqlite3.IntegrityError):
        first.table("samples").insert({**SAMPLE, "profile": b"\xff"})


def test_a_second_step_that_fails_leaves_the_first_version_whole(
    first: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk after the old table has been dropped, say."""
    before, tables = contents(first), first.schema
    broken = (*schema.MIGRATIONS[1][:-1], "CREATE INDEX transitions_at ON nowhere (at_ms)")
    with monkeypatch.context() as today:
        today.setattr(schema, "MIGRATIONS", (schema.MIGRATIONS[0], broken))
        with pytest.raises(sqlite3.OperationalError):
            migrate(first, ("neck_flexion",))
    assert (contents(first), first.schema) == (before, tables)
    assert first.execute("PRAGMA user_version").fetchone() == (1,)
    migrate(first, ("neck_flexion", "head_x"))
    assert contents(first) == before


def test_a_third_step_that_fails_leaves_the_second_version_whole(
    old: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(old)
    broken = (*schema.MIGRATIONS[2], "CREATE INDEX memory_at ON nowhere (at_ms)")
    with monkeypatch.context() as today:
        today.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:2], broken))
        with pytest.raises(sqlite3.OperationalError):
            migrate(old, ("neck_flexion",))
    assert contents(old) == before
    assert old.execute("PRAGMA user_version").fetchone() == (2,)
    assert not {"feedback", "memory"} & set(old.table_names())
    assert "decision" not in old.table("alerts").columns_dict
    migrate(old, ("neck_flexion", "head_x"))
    assert contents(old) == before
