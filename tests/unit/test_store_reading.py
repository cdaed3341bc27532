"""The log's reader: one snapshot, read-only, never in the writer's way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.fakes.recorder import roll_up

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
from uprightd.errors import DataError, UnavailableError
from uprightd.intervals import Hour, Interval
from uprightd.records import RollUp, RunRow
from uprightd.store.log import Log
from uprightd.store.reading import LogReader
from uprightd.store.schema import VERSION

T0 = 1_795_348_800
CLOCK = FollowingClock(Instant(T0, 0.0))
MS = T0 * 1000
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def reading(second: float, **values: float) -> Reading:
    at = Instant(T0 + second, second)
    return Reading(at, True, View.FRONTAL, {name: Value(number) for name, number in values.items()}, 0.9)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with Log.open(path, metrics=("neck_flexion", "head_x"), clock=CLOCK, zone=ZoneInfo("UTC")) as log:
        log.begin_run("camera 0", "mediapipe", CLOCK.now(), 0.5)
        yield log


def test_a_period_holds_its_first_moment_and_not_its_last(log: Log, path: Path) -> None:
    for second in range(5):
        log.add_sample(reading(second), Posture.GOOD)
        log.add_transition(MonitorState(Activity.WATCHING), Instant(T0 + second, second))
    with LogReader.open(path) as reader:
        seen = [row.at_ms - MS for row in reader.samples(MS + 1000, MS + 3000)]
        assert seen == [1000, 2000]
        assert [row.at_ms - MS for row in reader.transitions(MS + 1000, MS + 3000)] == seen
        counts = {table: count for table, count in reader.counts().items() if count}
        assert counts == {"runs": 1, "samples": 5, "transitions": 5}


def test_samples_come_in_order_of_their_time_with_their_run(log: Log, path: Path) -> None:
    for second in (3, 1, 2):
        log.add_sample(reading(second), Posture.POOR)
    with LogReader.open(path) as reader:
        samples = list(reader.samples(MS, MS + 9000))
    assert [row.at_ms - MS for row in samples] == [1000, 2000, 3000]
    assert {(row.posture, row.run_id, row.seconds_per_sample) for row in samples} == {("poor", 1, 0.5)}


def test_a_metric_is_read_where_it_is_known(log: Log, path: Path) -> None:
    for second, value in enumerate((5.0, 1.0, 9.0, 3.0)):
        log.add_sample(reading(second, neck_flexion=value), Posture.GOOD)
        log.add_sample(reading(second + 0.5), Posture.GOOD)
    with LogReader.open(path) as reader:
        assert list(reader.metric_rows(MS, MS + 2500, "neck_flexion")) == [
            (MS, 5.0),
            (MS + 1000, 1.0),
            (MS + 2000, 9.0),
        ]
        with pytest.raises(DataError, match="gaze") as caught:
            list(reader.metric_rows(MS, MS + 1, "gaze"))
    assert "neck_flexion, head_x" in caught.value.hint


def test_a_run_that_has_not_ended_may_reach_into_any_later_period(log: Log, path: Path) -> None:
    log.add_sample(reading(4), Posture.GOOD)
    with LogReader.open(path) as reader:
        (going_on,) = reader.runs(MS + 20_001, MS + 30_000)
        assert isinstance(going_on, RunRow)
        assert (going_on.ended_ms, going_on.last_ms) == (None, MS + 4_000)
        assert reader.runs(MS - 9000, MS) == []
    log.begin_run("clip.mp4", "mediapipe", Instant(T0 + 10, 10.0), 1.0)
    log.end_run(Instant(T0 + 20, 20.0))
    with LogReader.open(path) as reader:
        assert [run.id for run in reader.runs(MS + 20_000, MS + 30_000)] == [2]
        assert [(run.id, run.ended_ms) for run in reader.runs(MS, MS + 30_000)] == [
            (1, MS + 4_000),
            (2, MS + 20_000),
        ]


def alert(second: float, rule: str = "head-down", **explanation: object) -> Alert:
    at = Instant(T0 + second, second)
    return Alert(
        rule=rule,
        severity=Severity.WARN,
        message="Sit up.",
        metric="neck_flexion",
        value=52.0,
        threshold=45.0,
        held=2.0,
        started=at,
        at=at,
        reason="why",
        view=View.FRONTAL,
        confidence=0.9,
        explanation=explanation,
    )


def test_an_alert_is_found_by_its_number_and_the_last_one_that_was_said_without(log: Log, path: Path) -> None:
    with LogReader.open(path) as reader:
        assert reader.alert("last") is None
    held = log.add_alert(alert(1), "held", "while you were in a call")
    with LogReader.open(path) as reader:
        only = reader.alert("last")
    assert only is not None
    assert (only.id, only.decision, only.decision_reason) == (held, "held", "while you were in a call")
    said = log.add_alert(alert(9, "too-close", value=2))
    later = log.add_alert(alert(3, "sitting"))  # after the clock was set back
    log.add_alert(alert(5), "dropped", "while alerts were snoozed until 10:00")
    with LogReader.open(path) as reader:
        last, by_id = reader.alert("last"), reader.alert(said)
        assert last is not None
        assert by_id is not None
        assert (last.id, last.rule, last.decision) == (later, "sitting", "spoken")
        assert (by_id.rule, by_id.explanation, by_id.decision_reason) == ("too-close", {"value": 2}, "")
        assert reader.alert(99) is None
        assert [(row.rule, row.decision) for row in reader.alerts(MS, MS + 9000)] == [
            ("head-down", "held"),
            ("sitting", "spoken"),
            ("head-down", "dropped"),
        ]


@pytest.mark.parametrize("damaged", ["", "{", "[1]", "null", "[" * 100_000])
def test_an_explanation_that_was_damaged_is_no_explanation(log: Log, path: Path, damaged: str) -> None:
    row = log.add_alert(alert(1, value=2))
    log.database.execute("UPDATE alerts SET explanation = ?", (damaged,))
    with LogReader.open(path) as reader:
        found = reader.alert(row)
    assert found is not None
    assert (found.explanation, found.rule) == ({}, "head-down")


def test_what_the_person_thinks_of_alerts_is_read_by_when_they_said_so(log: Log, path: Path) -> None:
    first, second = log.add_alert(alert(1)), log.add_alert(alert(2))
    log.add_feedback(second, "wrong", "I was reading", Instant(T0 + 5, 5.0))
    log.add_feedback(first, "right", "", Instant(T0 + 4, 4.0))
    with LogReader.open(path) as reader:
        rows = reader.feedback(MS + 4000, MS + 6000)
        assert [(row.alert_id, row.verdict, row.note, row.at_ms - MS) for row in rows] == [
            (first, "right", "", 4000),
            (second, "wrong", "I was reading", 5000),
        ]
        assert [row.alert_id for row in reader.feedback(MS, MS + 5000)] == [first]
        assert reader.counts()["feedback"] == 2


# ---- readings, to be judged again -----------------------------------------------------------------------------


def test_a_stored_sample_comes_back_as_the_reading_it_was(log: Log, path: Path) -> None:
    values = {"neck_flexion": Value(31.125, error=2.0), "head_x": unknown(Reason.OCCLUDED)}
    at = Instant(T0 + 2.25, 90.0)
    log.add_sample(Reading(at, True, View.SAGITTAL_LEFT, values, 0.75, 3.5, "sit r2"), Posture.POOR)
    with LogReader.open(path) as reader:
        found = list(reader.readings(MS, MS + 9000))
    unsure = {"neck_flexion": Value(31.125), "head_x": unknown(Reason.LOW_CONFIDENCE)}
    back = Instant(T0 + 2.25, T0 + 2.25)
    assert [(it.at, it.present, it.view, it.confidence, it.position, it.profile) for it in found] == [
        (back, True, View.SAGITTAL_LEFT, 0.75, 3.5, "sit r2")
    ]
    assert repr(dict(found[0].values)) == repr(unsure)
    assert len(found[0].values) == 2
    with pytest.raises(KeyError):
        found[0].values["gaze"]
    assert found[0].values.get("gaze") is None


def test_a_sample_of_nobody_comes_back_as_one(log: Log, path: Path) -> None:
    log.add_sample(Reading(Instant(T0, 0.0), False, View.UNKNOWN, {}), Posture.AWAY)
    log.add_sample(Reading(Instant(T0 + 1, 1.0), True, View.UNKNOWN, {}), Posture.UNRELIABLE)
    with LogReader.open(path) as reader:
        away, unreliable = reader.readings(MS, MS + 9000)
    assert (away.present, away.profile, away.position) == (False, "", None)
    assert {value.reason for value in away.values.values()} == {Reason.NO_PERSON}
    assert unreliable.present
    assert {value.reason for value in unreliable.values.values()} == {Reason.LOW_CONFIDENCE}


def test_readings_come_in_order_of_their_time_for_their_period_alone(log: Log, path: Path) -> None:
    for second in (3, 2, 1, 0):
        log.add_sample(reading(second, head_x=second / 10), Posture.GOOD)
    with LogReader.open(path) as reader:
        assert [
            (it.at.wall - T0, it.values["head_x"].number) for it in reader.readings(MS + 1000, MS + 3000)
        ] == [
            (1, 0.1),
            (2, 0.2),
        ]


def test_readings_know_every_view(log: Log, path: Path) -> None:
    for second, view in enumerate(View):
        log.add_sample(Reading(Instant(T0 + second, 0.0), True, view, {}), Posture.GOOD)
    with LogReader.open(path) as reader:
        assert [it.view for it in reader.readings(MS, MS + 9000)] == list(View)


def test_a_day_of_readings_is_read_in_a_moment(path: Path) -> None:
    """The promise is a replay in under 2 s; reading took 0.2 s of CPU. The bound only catches a change of kind."""
    names = tuple(f"metric_{number}" for number in range(30))
    values = {name: Value(1.5) for name in names}
    with Log.open(path, metrics=names, clock=CLOCK) as log:
        log.begin_run("camera 0", "none", CLOCK.now(), 1.0)
        log.add_sample(Reading(CLOCK.now(), True, View.FRONTAL, values, 0.9), Posture.GOOD)
        columns = ", ".join(
            f'"{name}"' for name in ("offset_min", "run_id", "posture", "view", "confidence", *names)
        )
        log.database.execute(
            "WITH RECURSIVE second (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM second WHERE n < 28799)"
            f" INSERT INTO samples (at_ms, {columns}) SELECT at_ms + n * 1000, {columns} FROM samples, second"
        )
    with LogReader.open(path) as reader:
        began = time.process_time()
        known = sum(it.values["metric_7"].known for it in reader.readings(MS, MS + 10**9))
        taken = time.process_time() - began
    assert known == 28_800
    assert taken < 1.0


def test_a_reader_sees_one_moment_and_the_writer_goes_on(log: Log, path: Path) -> None:
    for second in range(0, 7_200, 24):
        log.add_sample(reading(second), Posture.GOOD)
    roll_up(log)
    with LogReader.open(path) as reader:
        samples = reader.samples(MS, MS + 10**9)
        next(samples)
        log.database.execute("PRAGMA busy_timeout = 0")
        for second in range(7_200, 7_210):
            log.add_sample(reading(second), Posture.GOOD)
        assert log.retain(0, 60, Instant(T0 + 3_700, 100.0)) == 150
        assert sum(1 for _ in samples) == 299
        assert reader.counts()["samples"] == 300
        roll_up(log)
        assert reader.fresh().hours == ()
        assert len(reader.intervals(MS, MS + 10**9)) == 300
    with LogReader.open(path) as reader:
        assert reader.counts()["samples"] == 160
        assert len(reader.intervals(MS, MS + 10**9)) == 301


# ---- what the samples come to ---------------------------------------------------------------------------------


def everything(reader: LogReader) -> list[object]:
    period = (0, MS + 10**10)
    return [
        reader.intervals(*period),
        reader.postures(*period),
        reader.hours(*period),
        reader.minutes(*period),
        reader.first_watched(),
    ]


def test_hours_not_rolled_up_yet_are_worked_out_by_the_reader(path: Path) -> None:
    """Before, in the middle and after: who reads sees the same."""
    found = []
    with Log.open(path, metrics=("neck_flexion", "head_x"), clock=CLOCK, zone=LORD_HOWE) as log:
        log.begin_run("camera 0", "mediapipe", CLOCK.now(), 5.0)
        log.add_transition(MonitorState(Activity.WATCHING), CLOCK.now())
        for second in range(0, 9_000, 15):
            if second == 5_400:
                roll_up(log)
            log.add_sample(
                reading(second, neck_flexion=second % 60), (Posture.POOR, Posture.GOOD)[second % 45 > 0]
            )
        log.add_transition(MonitorState(Activity.PAUSED), Instant(T0 + 8_993, 0.0))
        for until in (0, 1, 2, None, None):
            with LogReader.open(path) as reader:
                found.append(everything(reader))
            roll_up(log, until=until)
    assert all(each == found[0] for each in found)
    intervals = found[0][0]
    assert isinstance(intervals, list)
    assert sum(each.ms for each in intervals) == 8_985_000
    assert sum(each.samples for each in intervals) == 600


def test_time_is_told_by_the_hour_and_the_minute(log: Log, path: Path) -> None:
    for second in (3_590.0, 3_594.0, 3_598.0, 3_602.0, 3_606.0):
        log.add_sample(reading(second, neck_flexion=second - 3_550), Posture.POOR)
    edge = MS + 3_600_000
    for _ in range(2):
        with LogReader.open(path) as reader:
            assert reader.intervals(MS, MS + 10**9) == [
                Interval(edge - 10_000, edge, 0, 1, "poor", 3),
                Interval(edge, edge + 6_000, 0, 1, "poor", 2),
            ]
            assert reader.postures(MS, edge) == [(Hour(MS, 0), "poor", 10_000)]
            # 40° and 44° are good, 48° is borderline until 3602 s, 52° poor, and 56° held for no time.
            before = RollUp(MS, 0, "neck_flexion", 3, 40.0, 44.0, 48.0, 10_000, 8_000, 2_000, 0)
            after = RollUp(edge, 0, "neck_flexion", 2, 52.0, 54.0, 56.0, 6_000, 0, 2_000, 4_000)
            assert reader.hours(MS, MS + 10**9) == [before, after]
            assert reader.minutes(MS, MS + 10**9) == [before._replace(start_ms=edge - 60_000), after]
            assert reader.minutes(edge, MS + 10**9) == [after]
            assert reader.first_watched() in ((MS, 0), (edge - 10_000, 0))
        roll_up(log)


def test_where_nothing_was_watched_there_is_no_first_time(log: Log, path: Path) -> None:
    with LogReader.open(path) as reader:
        assert (reader.first_watched(), reader.fresh().hours, reader.intervals(0, MS * 2)) == (None, (), [])


def test_a_run_s_last_sample_amid_another_run_comes_before_what_holds_then(log: Log, path: Path) -> None:
    """The clock was set back between two runs."""
    for second in (0, 1, 2, 3):
        log.add_sample(reading(second), Posture.GOOD)
    log.begin_run("camera 0", "mediapipe", Instant(T0 + 1, 1.0), 0.5)
    log.add_sample(reading(2), Posture.POOR)
    for _ in range(2):
        with LogReader.open(path) as reader:
            spans = [(it.start_ms - MS, it.end_ms - MS, it.run) for it in reader.intervals(MS, MS + 10**6)]
        assert spans == [(0, 2_000, 1), (2_000, 2_000, 2), (2_000, 3_000, 1)]
        roll_up(log)


def test_of_a_state_it_is_known_when_it_began_and_ended_however_far_off_that_is(log: Log, path: Path) -> None:
    day = 86_400
    for days, activity in (
        (0, Activity.WATCHING),
        (1, Activity.PAUSED),
        (9, Activity.WATCHING),
        (10, Activity.AWAY),
    ):
        log.add_transition(MonitorState(activity), Instant(T0 + days * day, 0.0))
    with LogReader.open(path) as reader:
        runs = reader.runs(MS + 5 * day * 1000, MS + 6 * day * 1000)
        pause, _ = reader.states(runs, MS + 5 * day * 1000, MS + 6 * day * 1000)
    assert (pause.start_ms, pause.end_ms, pause.activity) == (
        MS + day * 1000,
        MS + 9 * day * 1000,
        Activity.PAUSED,
    )


def test_the_state_in_force_is_the_latest_though_the_clock_was_set_back_before_it(
    log: Log, path: Path
) -> None:
    for second, activity in (
        (0, Activity.WATCHING),
        (900, Activity.AWAY),
        (600, Activity.PAUSED),
        (9_000, Activity.WATCHING),
    ):
        log.add_transition(MonitorState(activity), Instant(T0 + second, 0.0))
    with LogReader.open(path) as reader:
        runs = reader.runs(MS + 3_600_000, MS + 7_200_000)
        states = reader.states(runs, MS + 3_600_000, MS + 7_200_000)
    assert [(it.activity, it.start_ms - MS, it.end_ms - MS) for it in states[:-1]] == [
        (Activity.PAUSED, 600_000, 9_000_000)
    ]


def test_a_reader_cannot_write(log: Log, path: Path) -> None:
    with LogReader.open(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM samples")


@pytest.mark.parametrize(
    "name", ["a b.db", "100%.db", "what?.db", "no#1.db", "naïve-✓.db", "file:x.db", "a%3fb.db"]
)
def test_any_file_name_can_be_written_and_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "some ?#% folder" / name
    with Log.open(path, metrics=(), clock=CLOCK) as log:
        log.begin_run("camera 0", "none", CLOCK.now(), 1.0)
    with LogReader.open(path) as reader:
        assert reader.counts()["runs"] == 1
    assert path.exists()


def test_without_a_log_the_way_to_one_is_named(path: Path) -> None:
    with pytest.raises(UnavailableError, match="no log yet") as caught:
        LogReader.open(path)
    assert "uprightd run" in caught.value.hint
    path.touch()
    with pytest.raises(UnavailableError, match="no log yet"):
        LogReader.open(path)


def test_a_file_that_is_no_log_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "garbage.db"
    path.write_bytes(os.urandom(20_000))
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"garbage\.db"):
        LogReader.open(path)
    with pytest.raises(DataError):
        LogReader.open(tmp_path)
    assert path.read_bytes() == before


def test_another_programs_database_is_no_log(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE places (url TEXT)")
    with pytest.raises(DataError, match="not a log of uprightd"):
        LogReader.open(path)


def test_a_newer_log_is_refused_with_both_versions(log: Log, path: Path) -> None:
    log.database.execute("PRAGMA user_version = 999")
    with pytest.raises(DataError, match=rf"999.*up to {VERSION}\b"):
        LogReader.open(path)


def test_reading_needs_no_numpy(path: Path) -> None:
    script = "import sys, uprightd.store.reading, uprightd.report.text; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
