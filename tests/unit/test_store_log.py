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
from tests.fakes.recorder import roll_up, tables

from uprightd import rollup
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
from uprightd.intervals import Hour
from uprightd.metrics.bands import Bands
from uprightd.records import Calibration, Capture
from uprightd.rules.restraint import Kind
from uprightd.store import rolled as rolled_module
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

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
        (row, 1_795_348_800_000, 60, 1, "poor", "sagittal-left", 9000, None, None, 311235, -412)
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
    assert rows(path, "SELECT neck_flexion FROM samples") == [(310_000,)]


def test_a_camera_that_moved_is_a_state_of_its_own(log: Log, path: Path) -> None:
    log.add_transition(MonitorState(Activity.UNCALIBRATED, "camera moved?"), later(1))
    assert rows(path, "SELECT activity, reason FROM transitions") == [("uncalibrated", "camera moved?")]


def test_what_is_not_known_is_null_and_never_a_number(log: Log, path: Path) -> None:
    values = {"neck_flexion": unknown(Reason.OCCLUDED)}
    log.add_sample(Reading(NOON, False, View.UNKNOWN, values, math.nan), Posture.AWAY)
    assert rows(path, "SELECT neck_flexion, head_x, confidence FROM samples") == [(None, None, 0)]


def test_numpy_scalars_are_stored_as_numbers_and_not_as_bytes(log: Log, path: Path) -> None:
    value = Value(np.float32(12.5))  # type: ignore[arg-type]
    sample = Reading(NOON, True, View.FRONTAL, {"neck_flexion": value}, np.float32(0.5), np.float64(2.0))  # type: ignore[arg-type]
    log.add_sample(sample, Posture.GOOD)
    log.add_alert(alert(value=np.float32(12.5), threshold=np.int64(10), position=np.float32(1.0)))
    assert rows(path, "SELECT neck_flexion, confidence, position FROM samples") == [(125_000, 5_000, 2.0)]
    assert rows(path, "SELECT value, threshold, position FROM alerts") == [(12.5, 10.0, 1.0)]


@pytest.mark.parametrize("number", [1e6, -2e9, 1e308])
def test_a_number_beyond_any_measurement_is_no_value(log: Log, path: Path, number: float) -> None:
    log.add_sample(reading(neck_flexion=number, head_x=0.1), Posture.GOOD)
    assert rows(path, "SELECT neck_flexion, head_x FROM samples") == [(None, 1_000)]


@pytest.mark.parametrize("number", [999_999.9999, -999_999.9999, 0.00004, -0.00006])
def test_the_largest_and_the_smallest_measurement_keep_four_decimals(
    log: Log, path: Path, number: float
) -> None:
    log.add_sample(reading(neck_flexion=number), Posture.GOOD)
    ((stored,),) = rows(path, "SELECT neck_flexion FROM samples")
    assert stored == round(number * 10_000)
    with LogReader.open(path) as reader:
        (back,) = reader.readings(0, 10**15)
    assert back.values["neck_flexion"].number == round(number, 4)


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
        (10_000, 20_000, None),
        (None, 30_000, 40_000),
    ]


# ---- what outlives its samples ------------------------------------------------------------------------------

DAY = 86_400


@pytest.fixture
def hasty(log: Log) -> Log:
    """A log that does not wait for the disk."""
    log.database.execute("PRAGMA synchronous = OFF")
    return log


def test_old_samples_go_in_batches_and_the_rest_stays(
    hasty: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolled_module, "BATCH", 4)
    for age in range(9, -1, -1):
        hasty.add_sample(reading(later(-age * DAY)), Posture.GOOD)
    hasty.add_alert(alert(later(-300 * DAY)))
    assert hasty.retain(3, 60, NOON) == 0, "none of them has been rolled up"
    roll_up(hasty)
    assert hasty.retain(3, 60, NOON) == 6
    assert rows(path, "SELECT min(at_ms), count(*) FROM samples") == [(1_795_348_800_000 - 3 * DAY * 1000, 4)]
    assert rows(path, "SELECT count(*) FROM alerts") == [(1,)]
    assert rows(path, "SELECT count(*) FROM intervals") == [(10,)]
    assert hasty.retain(3, 60, NOON) == 0


def test_only_whole_hours_of_samples_go(hasty: Log, path: Path) -> None:
    for minutes in (121, 119, 61, 59, 1):
        hasty.add_sample(reading(later(-DAY - 60 * minutes)), Posture.GOOD)
    roll_up(hasty)
    assert hasty.retain(1, 60, later(-1800)) == 3, "11:30 a day ago: the hour from 11:00 on stays"
    kept = [((NOON.wall - DAY - 60 * minutes) * 1000,) for minutes in (59, 1)]
    assert rows(path, "SELECT at_ms FROM samples ORDER BY at_ms") == kept


def test_minutes_go_later_than_samples_and_hours_never(
    hasty: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolled_module, "BATCH", 4)
    for age in (70, 61, 59, 15, 13):
        for second in range(0, 300, 5):
            hasty.add_sample(reading(later(-age * DAY + second), neck_flexion=30.0, head_x=0.1), Posture.GOOD)
    roll_up(hasty)
    hours = rows(path, "SELECT * FROM hours")
    assert len(hours) == 5 * 2
    assert rows(path, "SELECT count(*) FROM minutes") == [(5 * 5 * 2,)]
    assert hasty.retain(14, 60, NOON) == 4 * 60
    assert rows(path, "SELECT count(*) FROM minutes") == [(3 * 5 * 2,)]
    assert rows(path, "SELECT * FROM hours") == hours


@pytest.mark.parametrize("overtaken", [False, True])
def test_after_a_holiday_the_numbers_of_removed_samples_are_no_reason_to_pass_over_new_ones(
    hasty: Log, path: Path, overtaken: bool
) -> None:
    """All samples are too old when the machine is started again: SQLite begins to count from 1."""
    for second in range(20):
        hasty.add_sample(reading(later(second)), Posture.GOOD)
    with LogReader.open(path) as reader:
        meanwhile = reader.fresh()  # a roll-up that began before
    roll_up(hasty)
    assert hasty.retain(14, 60, later(20 * DAY)) == 20
    if overtaken:
        hasty.rolled_up_to(meanwhile.sample_id)
    hasty.begin_run("camera 0", "mediapipe", later(20 * DAY), 1.0)
    for second in range(11):
        hasty.add_sample(reading(later(20 * DAY + second)), Posture.GOOD)
    roll_up(hasty)
    assert hasty.retain(14, 60, later(20 * DAY + 60)) == 0
    query = "SELECT sum(end_ms - start_ms) FROM intervals WHERE start_ms > ?".replace(
        "?", str(20 * DAY * 1000)
    )
    assert rows(path, query) == [(29_000,)]
    assert rows(path, "SELECT sum(samples) FROM intervals") == [(31,)]


def test_samples_removed_under_a_clock_a_year_fast_cost_the_hours_after_it_nothing(
    hasty: Log, path: Path
) -> None:
    """F20, in the middle of which samples were removed."""
    for second in range(0, 600, 5):
        hasty.add_sample(reading(later(second)), Posture.GOOD)
    roll_up(hasty)
    hasty.retain(14, 60, later(365 * DAY))
    for part in range(4):  # the clock is right again: an hour that is rolled up as it goes on
        for second in range(part * 300, part * 300 + 300, 5):
            hasty.add_sample(reading(later(3600 + second)), Posture.GOOD)
        roll_up(hasty)
    assert rows(path, "SELECT sum(samples), sum(end_ms - start_ms) FROM intervals") == [
        (360, 595_000 + 1_195_000)
    ]


def test_what_comes_late_into_an_hour_without_its_samples_leaves_it_as_it_is(hasty: Log, path: Path) -> None:
    for second in range(100):
        hasty.add_sample(reading(later(second)), Posture.GOOD)
    hasty.add_sample(reading(later(19 * DAY)), Posture.GOOD)
    roll_up(hasty)
    before = rows(path, "SELECT * FROM intervals")
    assert hasty.retain(14, 60, later(20 * DAY)) == 100
    for second in range(10):  # after the clock was set back by weeks
        hasty.add_sample(reading(later(200 + second)), Posture.POOR)
    roll_up(hasty)
    assert rows(path, "SELECT * FROM intervals") == before


def test_an_hour_that_began_with_what_held_into_it_is_taken_up_again(hasty: Log, path: Path) -> None:
    for second in (3_596, 3_598, 3_602):
        hasty.add_sample(reading(later(second)), Posture.GOOD)
    roll_up(hasty)
    for second in (3_606, 3_610):
        hasty.add_sample(reading(later(second)), Posture.GOOD)
    roll_up(hasty)
    assert rows(path, "SELECT end_ms - start_ms, samples FROM intervals ORDER BY start_ms") == [
        (4_000, 2),
        (10_000, 3),
    ]


def test_a_sample_by_another_clock_ends_what_the_one_before_it_holds(hasty: Log, path: Path) -> None:
    """Landed in London while the end of the hour went by."""
    hasty.add_sample(reading(later(3_598)), Posture.GOOD)
    roll_up(hasty)
    hasty._zone = ZoneInfo("UTC")
    hasty.add_sample(reading(later(3_602)), Posture.GOOD)
    roll_up(hasty)
    assert rows(path, "SELECT end_ms - start_ms, offset_min FROM intervals ORDER BY start_ms") == [
        (2_000, 60),
        (2_000, 60),
        (0, 0),
    ]


def test_an_hour_is_stored_in_place_of_itself_and_of_no_other(hasty: Log, path: Path) -> None:
    for second in (-10, -5, 0, 5, 10):
        hasty.add_sample(reading(later(second), neck_flexion=30.0), Posture.GOOD)
    roll_up(hasty)
    before = tables(hasty)
    assert [row[:2] for row in before["intervals"]] == [
        (1_795_348_790_000, 1_795_348_800_000),
        (1_795_348_800_000, 1_795_348_810_000),
    ]
    with LogReader.open(path) as reader:
        for hour in (1_795_345_200_000, 1_795_348_800_000):
            hasty.put_hour(reader.rolled(Hour(hour, 60)))
            assert tables(hasty) == before


def test_a_moment_that_comes_to_count_by_another_clock_is_in_no_hours_way(hasty: Log, path: Path) -> None:
    """Landed, and the clock set back over the end of an hour: the later clock's hour is stored first."""
    hasty.add_sample(reading(later(-3)), Posture.GOOD)
    hasty.add_sample(reading(later(2)), Posture.GOOD)
    roll_up(hasty)
    hasty._zone = ZoneInfo("UTC")
    hasty.add_sample(reading(later(-1)), Posture.POOR)
    roll_up(hasty)
    spans = [
        (end - start, offset)
        for start, end, offset in rows(
            path, "SELECT start_ms, end_ms, offset_min FROM intervals ORDER BY start_ms"
        )
    ]
    assert spans == [(2_000, 60), (1_000, 0), (2_000, 0), (0, 60)]


def test_a_metric_whose_bands_have_changed_keeps_what_was_judged_by_the_old_ones(
    hasty: Log, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(0, 7205, 5):
        hasty.add_sample(reading(later(second), neck_flexion=47.0), Posture.GOOD)
        if second == 3600:
            roll_up(hasty)
            stricter = Bands((-math.inf, 40.0), (-math.inf, 45.0), "for a test")
            monkeypatch.setitem(rollup.BANDS, "neck_flexion", stricter)  # type: ignore[arg-type]
    roll_up(hasty)
    assert rows(
        path, "SELECT metric, poor_low, good_low, good_high, poor_high FROM measures ORDER BY id"
    ) == [
        ("neck_flexion", -math.inf, -math.inf, 45.0, 50.0),
        ("neck_flexion", -math.inf, -math.inf, 40.0, 45.0),
    ]
    assert rows(path, "SELECT measure_id, borderline_ms, poor_ms FROM hours ORDER BY start_ms") == [
        (1, 3_600_000, 0),
        (2, 0, 3_600_000),
        (2, 0, 0),
    ]


# ---- reports, captures, calibrations, contacts --------------------------------------------------------------


def test_a_report_is_remembered_with_the_clock_it_was_made_by(log: Log, path: Path) -> None:
    assert log.made_reports("weekly") == {}
    log.add_report("weekly", "2027-W02", NOON, Path("wrong-clock.html"))
    log.add_report("weekly", "2026-W46", NOON, Path("a.html"))
    log._zone = ZoneInfo("Asia/Tokyo")
    log.add_report("weekly", "2027-W02", later(5), Path("b.html"))
    made = {period: at.isoformat() for period, at in log.made_reports("weekly").items()}
    assert made == {"2026-W46": "2026-11-22T13:00:00+01:00", "2027-W02": "2026-11-22T21:00:05+09:00"}
    assert rows(path, "SELECT period, path FROM reports ORDER BY id") == [
        ("2026-W46", "a.html"),
        ("2027-W02", "b.html"),
    ]


def test_a_capture_is_kept_with_its_facts_and_takes_the_place_of_one_in_the_same_folder(
    log: Log, path: Path
) -> None:
    log.add_capture(Capture("snapshot", "/c/one", 3, 1200, {"view": View.FRONTAL, "odd": math.nan}), NOON)
    log.add_capture(Capture("gait", "/c/two \ud800", 5, 99, {}), later(1))
    log.add_capture(Capture("snapshot", "/c/one", 4, 1300, {"view": "rear"}), later(2))
    with LogReader.open(path) as reader:
        found = [
            (it.kind, it.path, it.files, it.bytes, it.summary, it.offset_min)
            for it in reader.captures(0, 10**15)
        ]
    assert found == [
        ("gait", "/c/two ?", 5, 99, {}, 60),
        ("snapshot", "/c/one", 4, 1300, {"view": "rear"}, 60),
    ]


def test_a_calibration_is_kept(log: Log, path: Path) -> None:
    log.add_calibration(Calibration("sit", 2, "camera 0", "mediapipe", "frontal", 5.25, 40), NOON)
    assert rows(path, "SELECT * FROM calibrations") == [
        (1, 1_795_348_800_000, 60, "sit", 2, "camera 0", "mediapipe", "frontal", 5.25, 40)
    ]
    with pytest.raises(WriteError):
        log.add_calibration(Calibration("sit", 0, "camera 0", "mediapipe", "frontal", 5.0, 40), NOON)


def test_a_contact_is_noted_once_with_when_it_was_first_and_last(log: Log, path: Path) -> None:
    log.add_contact("weights", "models.example", later(5))
    log.add_contact("weights", "models.example", later(9))
    log.add_contact("weights", "models.example", later(1))  # after the clock was set back
    log.add_contact("mqtt", "models.example", later(7))
    with LogReader.open(path) as reader:
        assert [(it.purpose, it.first_ms - it.last_ms, it.times) for it in reader.contacts()] == [
            ("weights", -8_000, 3),
            ("mqtt", 0, 1),
        ]


# ---- runs that were killed ----------------------------------------------------------------------------------


def test_a_killed_run_ends_with_its_last_sign_of_life_when_the_next_one_begins(log: Log, path: Path) -> None:
    log.add_sample(reading(later(10)), Posture.GOOD)
    log.begin_run("camera 0", "mediapipe", later(100), 1.0)
    log.add_sample(reading(later(110)), Posture.GOOD)
    log.add_transition(MonitorState(Activity.PAUSED, "by you"), later(120))
    log.begin_run("camera 0", "mediapipe", later(200), 1.0)
    log.begin_run("camera 0", "mediapipe", later(300), 1.0)
    ends = [
        (end or 0) // 1000 - 1_795_348_800 for (end,) in rows(path, "SELECT ended_ms FROM runs ORDER BY id")
    ]
    assert ends[:3] == [10, 120, 200]
    assert rows(path, "SELECT id FROM runs WHERE ended_ms IS NULL") == [(4,)]


def test_a_run_that_ended_keeps_its_end(log: Log, path: Path) -> None:
    log.add_sample(reading(later(90)), Posture.GOOD)
    log.end_run(later(60))
    log.begin_run("camera 0", "mediapipe", later(100), 1.0)
    assert rows(path, "SELECT ended_ms FROM runs WHERE id = 1") == [(1_795_348_860_000,)]


def test_a_clock_a_month_fast_for_a_moment_makes_no_killed_run_a_month_long(log: Log, path: Path) -> None:
    for second in (0, 1, 30 * DAY, 3):
        log.add_sample(reading(later(second)), Posture.GOOD)
    for second in (0, 30 * DAY, 2):
        log.add_transition(MonitorState(Activity.WATCHING), later(second))
    with LogReader.open(path) as reader:
        assert [run.last_ms for run in reader.runs(0, 10**15)] == [1_795_348_803_000]
    log.begin_run("camera 0", "mediapipe", later(100), 1.0)
    assert rows(path, "SELECT ended_ms FROM runs WHERE id = 1") == [(1_795_348_803_000,)]


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
