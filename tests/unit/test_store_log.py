"""The log's writer against a real file: what returns is stored, as plain numbers, at the right local time."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import (
    Activity,
    Alert,
    Instant,
    MonitorState,
    Posture,
    Reading,
    Reason,
    Severity,
    Value,
    View,
    unknown,
)
from uprightd.errors import DataError, InternalError, TryAgainError, WriteError
from uprightd.rules.restraint import Kind
from uprightd.store import log as log_module
from uprightd.store.log import Log

NOON = Instant(1_795_348_800.0, 50.0)  # 2026-11-22 12:00:00 UTC
CLOCK = FollowingClock(NOON)
BERLIN = ZoneInfo("Europe/Berlin")
METRICS = ("neck_flexion", "head_x")


def later(seconds: float) -> Instant:
    return Instant(NOON.wall + seconds, NOON.mono + seconds)


def reading(at: Instant = NOON, **values: float) -> Reading:
    return Reading(at, True, View.SAGITTAL_LEFT, {name: Value(v) for name, v in values.items()}, 0.9)


def alert(at: Instant = NOON, **changes: object) -> Alert:
    fields = {
        "rule": "neck-flexed",
        "severity": Severity.WARN,
        "message": "Sit back.",
        "metric": "neck_flexion",
        "value": 52.25,
        "threshold": 45.0,
        "held": 2.0,
        "started": Instant(at.wall - 2, at.mono - 2),
        "at": at,
        "reason": "neck flexion 52.3° > 45.0° for 2 s",
        "view": View.SAGITTAL_LEFT,
        "confidence": 0.9,
        "position": 3.5,
    }
    return Alert(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with Log.open(path, metrics=METRICS, clock=CLOCK, zone=BERLIN) as log:
        log.begin_run("camera 0", "mediapipe", NOON, 1.0)
        yield log


def rows(path: Path, query: str) -> list[tuple]:
    """What another program sees of the file."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_a_sample_is_visible_to_others_once_it_returned(log: Log, path: Path) -> None:
    row = log.add_sample(reading(neck_flexion=31.123456, head_x=-0.041234), Posture.POOR)
    assert rows(path, "SELECT * FROM samples") == [
        (row, 1_795_348_800_000, 60, 1, "poor", "sagittal-left", 0.9, None, None, 31.1235, -0.0412)
    ]


def test_a_sample_keeps_the_calibration_that_it_counts_from(log: Log, path: Path) -> None:
    for profile in ("", "sit r2", "naïve \ud800 ✓"):
        log.add_sample(replace(reading(neck_flexion=1.0), profile=profile), Posture.GOOD)
    assert rows(path, "SELECT profile FROM samples ORDER BY id") == [(None,), ("sit r2",), ("naïve ? ✓",)]


def test_what_is_smoothed_or_estimated_is_not_logged(log: Log, path: Path) -> None:
    sample = replace(
        reading(), values={"neck_flexion": Value(31.0, error=2.5)}, smoothed={"neck_flexion": 29.0}
    )
    log.add_sample(sample, Posture.GOOD)
    assert rows(path, "SELECT neck_flexion FROM samples") == [(31.0,)]


def test_a_camera_that_moved_is_a_state_of_its_own(log: Log, path: Path) -> None:
    log.add_transition(MonitorState(Activity.UNCALIBRATED, "camera moved?"), later(1))
    assert rows(path, "SELECT activity, reason FROM transitions") == [("uncalibrated", "camera moved?")]


def test_what_is_not_known_is_null_and_never_a_number(log: Log, path: Path) -> None:
    values = {"neck_flexion": unknown(Reason.OCCLUDED)}
    log.add_sample(Reading(NOON, False, View.UNKNOWN, values, math.nan), Posture.AWAY)
    assert rows(path, "SELECT neck_flexion, head_x, confidence FROM samples") == [(None, None, 0.0)]


def test_numpy_scalars_are_stored_as_numbers_and_not_as_bytes(log: Log, path: Path) -> None:
    value = Value(np.float32(12.5))  # type: ignore[arg-type]
    sample = Reading(NOON, True, View.FRONTAL, {"neck_flexion": value}, np.float32(0.5), np.float64(2.0))  # type: ignore[arg-type]
    log.add_sample(sample, Posture.GOOD)
    log.add_alert(alert(value=np.float32(12.5), threshold=np.int64(10), position=np.float32(1.0)))
    assert rows(path, "SELECT neck_flexion, confidence, position FROM samples") == [(12.5, 0.5, 2.0)]
    assert rows(path, "SELECT value, threshold, position FROM alerts") == [(12.5, 10.0, 1.0)]


@pytest.mark.parametrize("number", [1e6, -2e9, 1e308])
def test_a_number_beyond_any_measurement_is_no_value(log: Log, path: Path, number: float) -> None:
    log.add_sample(reading(neck_flexion=number, head_x=0.1), Posture.GOOD)
    assert rows(path, "SELECT neck_flexion, head_x FROM samples") == [(None, 0.1)]


@pytest.mark.parametrize(
    ("zone", "at", "minutes"),
    [
        ("Europe/Berlin", 1_774_745_999.0, 60),  # 2026-03-29 01:59:59 local, a second before summer time
        ("Europe/Berlin", 1_774_746_000.0, 120),
        ("Pacific/Kiritimati", NOON.wall, 840),
        ("America/St_Johns", NOON.wall, -210),
        ("Asia/Kathmandu", NOON.wall, 345),
        ("Etc/GMT+12", NOON.wall, -720),
    ],
)
def test_the_offset_is_that_of_the_place_and_the_moment(
    path: Path, zone: str, at: float, minutes: int
) -> None:
    with Log.open(path, metrics=(), clock=CLOCK, zone=ZoneInfo(zone)) as log:
        log.begin_run("camera 0", "none", Instant(at, 0.0), 1.0)
        log.add_sample(Reading(Instant(at, 0.0), True, View.FRONTAL, {}), Posture.GOOD)
    assert rows(path, "SELECT at_ms, offset_min FROM samples") == [(at * 1000, minutes)]


def test_an_alert_keeps_its_explanation_and_what_became_of_its_notification(log: Log, path: Path) -> None:
    row = log.add_alert(alert())
    assert rows(path, "SELECT outcome, outcome_detail FROM alerts") == [("pending", "")]
    log.set_outcome(row, "failed", "no reply in 5 s")
    assert rows(path, "SELECT * FROM alerts") == [
        (
            row,
            1_795_348_800_000,
            60,
            1,
            "neck-flexed",
            "warn",
            "Sit back.",
            "neck_flexion",
            52.25,
            45.0,
            2.0,
            1_795_348_798_000,
            "sagittal-left",
            0.9,
            3.5,
            "neck flexion 52.3° > 45.0° for 2 s",
            "failed",
            "no reply in 5 s",
            "{}",
            "spoken",
            "",
        )
    ]


def test_an_alert_that_is_not_said_keeps_why_and_waits_for_no_notification(log: Log, path: Path) -> None:
    log.add_alert(alert(), "held", "while you were in a call")
    log.add_alert(alert(), "dropped", "while alerts were snoozed until 10:30")
    assert rows(path, "SELECT decision, decision_reason, outcome FROM alerts") == [
        ("held", "while you were in a call", "off"),
        ("dropped", "while alerts were snoozed until 10:30", "off"),
    ]
    with pytest.raises(WriteError):
        log.add_alert(alert(), "whispered")


def test_the_words_of_a_decision_are_those_of_the_log(log: Log, path: Path) -> None:
    for kind in Kind:
        log.add_alert(alert(), kind)
    assert rows(path, "SELECT decision FROM alerts ORDER BY id") == [("spoken",), ("held",), ("dropped",)]


def test_whatever_is_in_an_explanation_it_is_stored_as_json(log: Log, path: Path) -> None:
    facts = {
        "rule": {"id": "neck-flexed", "views": frozenset({View.FRONTAL})},
        "values": {"neck_flexion": {"value": np.float32(12.5), "error": math.nan}},
        "scores": [0.5, np.float64(1.0), math.inf],
        "severity": Severity.WARN,
        "told": True,
        "count": 3,
        "note": None,
        "name": "naïve \ud800 ✓",
        "file": Path("desk.yaml"),
    }
    log.add_alert(alert(explanation=facts))
    ((stored,),) = rows(path, "SELECT explanation FROM alerts")
    expected = {
        "rule": {"id": "neck-flexed", "views": ["frontal"]},
        "values": {"neck_flexion": {"value": 12.5, "error": None}},
        "scores": [0.5, 1.0, None],
        "severity": "warn",
        "told": True,
        "count": 3,
        "note": None,
        "name": "naïve \ud800 ✓",
        "file": "desk.yaml",
    }
    assert json.loads(stored) == expected


# ---- what the person thinks, and what outlives a restart ----------------------------------------------------


def test_what_is_thought_of_an_alert_can_change(log: Log, path: Path) -> None:
    first, second = log.add_alert(alert()), log.add_alert(alert())
    log.add_feedback(first, "wrong", "I was reading \ud800", later(5))
    log.add_feedback(second, "right", "", later(6))
    log.add_feedback(first, "right", "", later(7))
    assert rows(path, "SELECT alert_id, verdict, note, at_ms, offset_min FROM feedback ORDER BY at_ms") == [
        (second, "right", "", 1_795_348_806_000, 60),
        (first, "right", "", 1_795_348_807_000, 60),
    ]


def test_feedback_on_an_alert_that_is_not_there_is_refused_by_its_number(log: Log, path: Path) -> None:
    log.add_alert(alert())
    with pytest.raises(DataError, match="no alert 17") as caught:
        log.add_feedback(17, "wrong", "", NOON)
    assert caught.value.exit_code == 65
    with pytest.raises(WriteError):
        log.add_feedback(1, "perhaps", "", NOON)
    assert rows(path, "SELECT count(*) FROM feedback") == [(0,)]


def test_what_is_remembered_is_there_in_the_next_run_and_the_newest_counts(log: Log, path: Path) -> None:
    state = {"format": 1, "spoken": [["head-down", 1.5]], "text": "naïve \ud800 ✓", "none": None}
    assert log.recall("restraint") is None
    log.remember("restraint", {"format": 0}, NOON)
    log.remember("restraint", state, later(5))
    log.remember("pause", None, later(5))
    log.close()
    assert rows(path, "SELECT name, at_ms FROM memory ORDER BY name") == [
        ("pause", 1_795_348_805_000),
        ("restraint", 1_795_348_805_000),
    ]
    with Log.open(path, metrics=METRICS, clock=CLOCK) as again:  # before any run has begun
        assert again.recall("restraint") == state
        assert again.recall("pause") is None
        assert again.recall("engine") is None


@pytest.mark.parametrize("data", [math.nan, {"until": math.inf}, {1, 2}, b"x", object()], ids=repr)
def test_what_is_no_json_is_a_fault_and_the_memory_before_it_stays(log: Log, data: object) -> None:
    log.remember("engine", {"format": 1}, NOON)
    with pytest.raises(InternalError, match="engine cannot be remembered"):
        log.remember("engine", data, later(1))
    assert log.recall("engine") == {"format": 1}


@pytest.mark.parametrize("damaged", ["", "{", "nonsense", "[" * 100_000])
def test_a_damaged_memory_is_none(log: Log, damaged: str) -> None:
    log.remember("engine", {"format": 1}, NOON)
    log.database.execute("UPDATE memory SET value = ?", (damaged,))
    assert log.recall("engine") is None


def test_an_outcome_nobody_knows_is_refused_and_the_log_goes_on(log: Log, path: Path) -> None:
    row = log.add_alert(alert())
    with pytest.raises(WriteError):
        log.set_outcome(row, "perhaps")
    log.set_outcome(row, "delivered")
    assert rows(path, "SELECT outcome FROM alerts") == [("delivered",)]


def test_a_change_of_state_is_kept_with_its_reason(log: Log, path: Path) -> None:
    log.add_transition(MonitorState(Activity.DEGRADED, "camera is busy"), later(3))
    expected = [(1_795_348_803_000, 60, "degraded", "camera is busy")]
    assert rows(path, "SELECT at_ms, offset_min, activity, reason FROM transitions") == expected


def test_text_that_sqlite_refuses_is_stored_with_a_mark_in_its_place(log: Log, path: Path) -> None:
    log.add_alert(alert(message="odd \ud800 name", rule="naïve ✓\x00"))
    assert rows(path, "SELECT message, rule FROM alerts") == [("odd ? name", "naïve ✓\x00")]


def test_a_run_has_a_beginning_and_an_end(log: Log, path: Path) -> None:
    log.end_run(later(60))
    log.set_outcome(log.add_alert(alert(later(60))), "delivered")
    assert rows(path, "SELECT source, backend, started_ms, ended_ms, seconds_per_sample FROM runs") == [
        ("camera 0", "mediapipe", 1_795_348_800_000, 1_795_348_860_000, 1.0)
    ]


def test_nothing_is_logged_outside_a_run(path: Path) -> None:
    with Log.open(path, metrics=METRICS, clock=CLOCK) as log, pytest.raises(InternalError, match="begin_run"):
        log.add_sample(reading(), Posture.GOOD)


def test_a_metric_without_a_column_is_a_fault_and_not_silence(log: Log) -> None:
    with pytest.raises(InternalError, match="gaze"):
        log.add_sample(reading(gaze=1.0), Posture.GOOD)


def test_a_new_metric_gets_a_column_and_one_no_longer_measured_keeps_its_own(log: Log, path: Path) -> None:
    log.add_sample(reading(neck_flexion=1.0, head_x=2.0), Posture.GOOD)
    log.close()
    with Log.open(path, metrics=("head_x", "hip_tilt"), clock=CLOCK) as newer:
        newer.begin_run("camera 0", "mediapipe", NOON, 1.0)
        newer.add_sample(reading(later(1), head_x=3.0, hip_tilt=4.0), Posture.GOOD)
    assert rows(path, "SELECT neck_flexion, head_x, hip_tilt FROM samples") == [
        (1.0, 2.0, None),
        (None, 3.0, 4.0),
    ]


def test_old_samples_go_in_batches_and_the_rest_stays(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "BATCH", 4)
    day = 86_400
    for age in range(10):
        log.add_sample(reading(later(-age * day)), Posture.GOOD)
    log.add_alert(alert(later(-300 * day)))
    assert log.retain(3, NOON) == 6
    assert rows(path, "SELECT min(at_ms), count(*) FROM samples") == [(1_795_348_800_000 - 3 * day * 1000, 4)]
    assert rows(path, "SELECT count(*) FROM alerts") == [(1,)]
    assert log.retain(3, NOON) == 0


def test_the_report_made_last_is_the_one_remembered(log: Log, path: Path) -> None:
    assert log.last_report("weekly") is None
    log.add_report("weekly", "2027-W02", NOON, Path("wrong-clock.txt"))
    log.add_report("weekly", "2026-W46", NOON, Path("a.txt"))
    assert log.last_report("weekly") == "2026-W46"
    log.add_report("weekly", "2027-W02", later(5), Path("b.txt"))
    assert log.last_report("weekly") == "2027-W02"
    assert rows(path, "SELECT period, path FROM reports ORDER BY id") == [
        ("2026-W46", "a.txt"),
        ("2027-W02", "b.txt"),
    ]


def test_a_second_writer_is_told_who_has_the_log(log: Log, path: Path) -> None:
    with pytest.raises(
        TryAgainError, match=rf"process {os.getpid()} since 2026-11-22 12:00:00 UTC"
    ) as caught:
        Log.open(path, metrics=METRICS, clock=CLOCK)
    assert caught.value.exit_code == 75
    log.add_sample(reading(), Posture.GOOD)


def test_closing_twice_is_harmless_and_lets_the_next_writer_in(log: Log, path: Path) -> None:
    log.close()
    log.close()
    with pytest.raises(WriteError):
        log.add_sample(reading(), Posture.GOOD)
    with Log.open(path, metrics=METRICS, clock=CLOCK) as again:
        assert again.notices == []


def test_a_failed_opening_leaves_no_lock_behind(path: Path) -> None:
    with pytest.raises(ValueError, match="column"):
        Log.open(path, metrics=("Neck Flexion",), clock=CLOCK)
    with Log.open(path, metrics=METRICS, clock=CLOCK) as log:
        assert log.notices == []


def test_several_threads_may_write(log: Log, path: Path) -> None:
    def write() -> None:
        for second in range(20):
            log.add_sample(reading(later(second)), Posture.GOOD)
            log.add_alert(alert(later(second)))

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert rows(path, "SELECT (SELECT count(*) FROM samples), (SELECT count(*) FROM alerts)") == [(60, 60)]


def test_commits_are_durable_and_nothing_is_mapped_into_memory(log: Log) -> None:
    pragmas = {
        name: log.database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "checkpoint_fullfsync", "foreign_keys", "mmap_size")
    }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "checkpoint_fullfsync": 1,
        "foreign_keys": 1,
        "mmap_size": 0,
    }
