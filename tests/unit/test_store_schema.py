"""The tables: they take every word the program has and no other, and grow by steps."""

from __future__ import annotations

import random
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
    "confidence": 5_000,
    "neck_flexion": 10_000,
}
"""In whole ten-thousandths."""


@pytest.mark.parametrize(
    "wrong",
    [
        {"at_ms": 0},
        {"at_ms": 1.5},
        {"at_ms": None},
        {"offset_min": 1441},
        {"posture": "slouching"},
        {"view": "above"},
        {"confidence": 10_001},
        {"confidence": -1},
        {"confidence": None},
        {"confidence": 0.5},
        {"neck_flexion": 10_000_000_000},
        {"neck_flexion": -10_000_000_000},
        {"neck_flexion": 31.5},
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


MEASURED = [
    (5, 0.5, 2.5, None),
    (9, 1.0, 999_999.9999, -0.0001),
    (7, 0.0, None, 0.0412),
    (8, 0.9333, -31.1235, 0.0),
    (6, 0.0001, 0.1 + 0.2, 1e-9),
]
"""When, and the confidence, the neck and the head as the first three versions stored them."""


def earlier(database: Database, version: int, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A log as that version made it, with rows in every table; the present version is in force again."""
    database.execute("PRAGMA foreign_keys = ON")
    with monkeypatch.context() as past:
        past.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:version])
        migrate(database, ())
    for name in ("neck_flexion", "head_x"):  # as the first three versions added a metric
        database.execute(f'ALTER TABLE samples ADD COLUMN "{name}" REAL CHECK (abs("{name}") < 1000000.0)')
    assert database.execute("PRAGMA user_version").fetchone() == (version,)
    assert ("decision" in database.table("alerts").columns_dict) == (version > 2)
    profile = {"profile": "sit r2"} if version > 1 else {}
    database.table("runs").insert({**RUN, "seconds_per_sample": 1.0})
    database.table("samples").insert_all(
        [
            {**SAMPLE, **profile, "at_ms": at, "confidence": confidence, "neck_flexion": neck, "head_x": x}
            for at, confidence, neck, x in MEASURED
        ]
    )
    database.table("transitions").insert_all(TRANSITIONS)
    database.table("alerts").insert(ALERT)
    database.table("alerts").insert({**ALERT, "id": 7, "outcome": "delivered"})
    database.table("reports").insert({"kind": "weekly", "period": "2026-W46", "made_ms": 1, "path": "a.txt"})
    return database


@pytest.fixture
def first(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    return earlier(database, 1, monkeypatch)


@pytest.fixture(params=[1, 2, 3])
def old(database: Database, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Database:
    return earlier(database, request.param, monkeypatch)


FIRST = ("runs", "samples", "alerts", "transitions", "reports")
LATER = {
    "alerts": {"explanation", "decision", "decision_reason"},
    "samples": {"profile", "confidence", "neck_flexion", "head_x", "head_pitch"},
    "reports": {"offset_min"},
}
"""Columns that a step after the first added, or stores otherwise."""


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the first version, without what later ones added or changed."""
    kept = {}
    for name in FIRST:
        left_out = LATER.get(name, set())
        columns = [f'"{each}"' for each in database.table(name).columns_dict if each not in left_out]
        kept[name] = database.execute(f"SELECT {', '.join(columns)} FROM {name} ORDER BY id").fetchall()
    return kept


def test_an_older_log_keeps_every_row(old: Database) -> None:
    before = contents(old)
    profiles = {"sit r2"} if "profile" in old.table("samples").columns_dict else {None}
    migrate(old, ("neck_flexion", "head_x", "head_pitch"))
    assert old.execute("PRAGMA user_version").fetchone() == (schema.VERSION,) == (4,)
    assert contents(old) == before
    assert all(len(rows) > 0 for rows in before.values())
    assert {row[0] for row in old.execute("SELECT profile FROM samples").fetchall()} == profiles
    assert old.execute("SELECT DISTINCT head_pitch FROM samples").fetchall() == [(None,)]
    assert old.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert old.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_measurement_of_an_older_log_is_kept_to_four_decimals(old: Database) -> None:
    migrate(old, ("neck_flexion", "head_x"))
    columns = "at_ms, confidence, neck_flexion, head_x"
    found = old.execute(f"SELECT {columns} FROM samples ORDER BY id").fetchall()
    parts = [tuple(None if it is None else round(it * 10_000) for it in row[1:]) for row in MEASURED]
    assert found == [(row[0], *rest) for row, rest in zip(MEASURED, parts, strict=True)]
    assert found[1] == (9, 10_000, 9_999_999_999, -1)
    kinds = {
        kind
        for name in ("confidence", "neck_flexion", "head_x")
        for (kind,) in old.execute(f"SELECT typeof({name}) FROM samples")
    }
    assert kinds == {"integer", "null"}


def test_an_older_log_s_metrics_are_kept_though_nobody_measures_them_any_more(old: Database) -> None:
    migrate(old, ())
    assert old.execute("SELECT count(neck_flexion), count(head_x) FROM samples").fetchone() == (4, 4)


def test_nothing_of_an_older_log_has_been_rolled_up(old: Database) -> None:
    migrate(old, ("neck_flexion",))
    assert old.execute("SELECT * FROM progress").fetchall() == [(1, 0)]
    for table in ("intervals", "minutes", "hours", "measures", "captures", "calibrations", "contacts"):
        assert old.table(table).count == 0, table


def test_an_older_log_s_reports_get_the_clock_of_the_run_they_were_made_in(old: Database) -> None:
    """Made on a Monday at 08:00 in Tokyo, which is a Sunday in Greenwich."""
    for number, started, ahead in ((2, 1_000, 540), (3, 2_000, -300)):
        old.table("runs").insert(
            {**RUN, "id": number, "started_ms": started, "offset_min": ahead, "seconds_per_sample": 1.0}
        )
    for period, made in (("2026-W47", 1_999), ("2026-W48", 2_000)):
        old.table("reports").insert({"kind": "weekly", "period": period, "made_ms": made, "path": "b"})
    migrate(old, ())
    assert old.execute("SELECT period, offset_min FROM reports ORDER BY id").fetchall() == [
        ("2026-W46", 0),
        ("2026-W47", 540),
        ("2026-W48", -300),
    ]


def test_the_alerts_of_an_older_log_were_all_spoken_and_have_no_explanation(old: Database) -> None:
    migrate(old, ("neck_flexion",))
    query = "SELECT id, decision, decision_reason, explanation FROM alerts ORDER BY id"
    assert old.execute(query).fetchall() == [(1, "spoken", "", "{}"), (7, "spoken", "", "{}")]


def test_an_older_log_gets_the_same_tables_as_a_new_one(old: Database) -> None:
    new = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    migrate(new, ("neck_flexion", "head_x"))
    migrate(old, ("neck_flexion", "head_x"))
    assert set(old.table_names()) == set(new.table_names()) >= {"feedback", "memory", "intervals", "hours"}
    assert not [name for name in old.table_names() if "anew" in name]
    for name in new.table_names():
        assert set(old.table(name).columns_dict.items()) == set(new.table(name).columns_dict.items()), name
        assert old.table(name).strict
        indexes = [
            [(each.name, each.columns, each.unique) for each in it.table(name).indexes] for it in (old, new)
        ]
        assert indexes[0] == indexes[1], name
    assert {each.name for each in old.table("transitions").indexes} == {"transitions_at", "transitions_run"}
    assert [each.name for each in old.table("samples").indexes] == ["samples_at"]


FEEDBACK = {"at_ms": 9, "offset_min": 0, "alert_id": 7, "verdict": "wrong", "note": ""}
MEMORY = {"name": "engine", "at_ms": 9, "value": "{}"}
INTERVAL = {"start_ms": 5, "end_ms": 9, "offset_min": 0, "run_id": 1, "posture": "good", "samples": 2}
ROLL_UP = {
    "start_ms": 5,
    "offset_min": 0,
    "measure_id": 1,
    "samples": 2,
    "low": 1,
    "median": 2,
    "high": 3,
    "known_ms": 10,
    "good_ms": 1,
    "borderline_ms": 2,
    "poor_ms": 7,
}
CAPTURE = {
    "at_ms": 9,
    "offset_min": 0,
    "kind": "gait",
    "path": "p",
    "files": 1,
    "bytes": 1,
    "summary": "{}",
}
CALIBRATION = {
    "at_ms": 9,
    "offset_min": 0,
    "profile": "sit",
    "revision": 1,
    "camera": "c",
    "backend": "b",
    "view": "frontal",
    "seconds": 5.0,
    "samples": 1,
}
CONTACT = {"purpose": "weights", "address": "a", "first_ms": 1, "last_ms": 2, "times": 1}


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
        ("intervals", INTERVAL, {"start_ms": 0}),
        ("intervals", INTERVAL, {"end_ms": 4}),
        ("intervals", INTERVAL, {"offset_min": -1441}),
        ("intervals", INTERVAL, {"run_id": 2}),
        ("intervals", INTERVAL, {"posture": "slouching"}),
        ("intervals", INTERVAL, {"samples": -1}),
        ("minutes", ROLL_UP, {"measure_id": 2}),
        ("minutes", ROLL_UP, {"median": 4}),
        ("minutes", ROLL_UP, {"low": 2.5}),
        ("hours", ROLL_UP, {"good_ms": 2}),
        ("hours", ROLL_UP, {"known_ms": -10}),
        ("hours", ROLL_UP, {"measure_id": None}),
        ("captures", CAPTURE, {"bytes": -1}),
        ("captures", CAPTURE, {"summary": None}),
        ("calibrations", CALIBRATION, {"view": "above"}),
        ("calibrations", CALIBRATION, {"revision": 0}),
        ("contacts", CONTACT, {"last_ms": 0}),
        ("contacts", CONTACT, {"times": 0}),
        ("progress", {"only": 2, "sample_id": 0}, {}),
    ],
    ids=lambda it: it if isinstance(it, str) else ",".join(it),
)
def test_a_row_of_a_later_version_that_cannot_be_is_refused(
    database: Database, table: str, row: dict[str, object], wrong: dict[str, object]
) -> None:
    database.execute("PRAGMA foreign_keys = ON")
    migrate(database, ("neck_flexion",))
    database.table("runs").insert({**RUN, "seconds_per_sample": 1.0})
    database.table("alerts").insert({**ALERT, "id": 7})
    database.table("measures").insert({"id": 1, "metric": "neck_flexion"})
    with pytest.raises(sqlite3.IntegrityError):
        database.table(table).insert({**row, **wrong})
    if wrong:
        database.table(table).insert(row)


def test_a_metric_without_bands_has_time_in_none_of_them(database: Database) -> None:
    migrate(database, ())
    none = {"good_ms": 0, "borderline_ms": 0, "poor_ms": 0}
    database.table("measures").insert({"id": 1, "metric": "x"})
    database.table("hours").insert({**ROLL_UP, **none})
    assert database.table("hours").count == 1


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
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = earlier(database, 2, monkeypatch)
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


def test_a_fourth_step_that_fails_leaves_the_third_version_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk after the samples were copied and the old table dropped, say."""
    old = earlier(database, 3, monkeypatch)
    before, tables = contents(old), old.schema
    measured = old.execute("SELECT confidence, neck_flexion, head_x FROM samples ORDER BY id").fetchall()
    assert measured == [row[1:] for row in MEASURED]
    broken = (*schema.MIGRATIONS[3], "CREATE INDEX hours_at ON nowhere (at_ms)")
    with monkeypatch.context() as today:
        today.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:3], broken))
        with pytest.raises(sqlite3.OperationalError):
            migrate(old, ("neck_flexion",))
    assert (contents(old), old.schema) == (before, tables)
    assert (
        old.execute("SELECT confidence, neck_flexion, head_x FROM samples ORDER BY id").fetchall() == measured
    )
    assert old.execute("PRAGMA user_version").fetchone() == (3,)
    migrate(old, ("neck_flexion", "head_x"))
    assert contents(old) == before


def test_an_older_log_of_many_rows_keeps_each(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    old = earlier(database, 3, monkeypatch)
    rng = random.Random(4)
    written = [
        (rng.uniform(-180, 180), None if rng.random() < 0.3 else round(rng.uniform(-1, 1), 4))
        for _ in range(3000)
    ]
    old.table("samples").insert_all(
        {**SAMPLE, "confidence": 0.5, "neck_flexion": a, "head_x": b} for a, b in written
    )
    migrate(old, ())
    found = old.execute(
        "SELECT neck_flexion / 10000.0, head_x / 10000.0 FROM samples WHERE id > ?", (len(MEASURED),)
    )
    for (a, b), (neck, x) in zip(written, found.fetchall(), strict=True):
        assert neck == pytest.approx(a, abs=0.000_050_1)
        assert x == b
