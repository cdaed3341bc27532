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


# ---- a log of the first version -----------------------------------------------------------------------------

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


@pytest.fixture
def first(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A log as the first version made it, with rows in every table; the present version is in force again."""
    database.execute("PRAGMA foreign_keys = ON")
    with monkeypatch.context() as past:
        past.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        migrate(database, ("neck_flexion", "head_x"))
    assert database.execute("PRAGMA user_version").fetchone() == (1,)
    assert "profile" not in database.table("samples").columns_dict
    database.table("runs").insert({**RUN, "seconds_per_sample": 1.0})
    database.table("samples").insert_all(
        [{**SAMPLE, "at_ms": at, "neck_flexion": at / 2} for at in (5, 9, 7)]
    )
    database.table("transitions").insert_all(TRANSITIONS)
    alert = {
        "rule": "r",
        "severity": "warn",
        "message": "m",
        "metric": "neck_flexion",
        "value": 1.0,
        "threshold": 1.0,
    }
    alert |= {"held_s": 1.0, "started_ms": 1, "view": "frontal", "confidence": 0.5, "reason": "w"}
    database.table("alerts").insert({"at_ms": 4, "offset_min": 0, "run_id": 1, **alert})
    database.table("reports").insert({"kind": "weekly", "period": "2026-W46", "made_ms": 1, "path": "a.txt"})
    return database


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, without the column that the second version added."""
    kept = {}
    for name in ("runs", "samples", "alerts", "transitions", "reports"):
        columns = [f'"{each}"' for each in database.table(name).columns_dict if each != "profile"]
        kept[name] = database.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY id").fetchall()
    return kept


def test_a_log_of_the_first_version_keeps_every_row(first: Database) -> None:
    before = contents(first)
    migrate(first, ("neck_flexion", "head_x", "head_pitch"))
    assert first.execute("PRAGMA user_version").fetchone() == (schema.VERSION,) == (2,)
    after = contents(first)
    after["samples"] = [row[:-1] for row in after["samples"]]  # of the new metric
    assert after == before
    assert all(len(rows) > 0 for rows in before.values())
    assert first.execute("SELECT DISTINCT profile, head_pitch FROM samples").fetchall() == [(None, None)]
    assert first.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert first.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_log_of_the_first_version_gets_the_same_tables_as_a_new_one(first: Database) -> None:
    new = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    migrate(new, ("neck_flexion", "head_x"))
    migrate(first, ("neck_flexion", "head_x"))
    assert first.table_names() == new.table_names()
    assert not [name for name in first.table_names() if "anew" in name]
    for name in new.table_names():
        assert set(first.table(name).columns_dict.items()) == set(new.table(name).columns_dict.items()), name
        assert first.table(name).strict
        indexes = [
            [(each.name, each.columns, each.unique) for each in it.table(name).indexes] for it in (first, new)
        ]
        assert indexes[0] == indexes[1], name
    assert [each.name for each in first.table("transitions").indexes] == ["transitions_at"]


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
