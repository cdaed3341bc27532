"""The log's reader: one snapshot, read-only, never in the writer's way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Activity, Instant, MonitorState, Posture, Reading, Value, View
from uprightd.errors import DataError, UnavailableError
from uprightd.store.log import Log
from uprightd.store.reading import LogReader, RunRow, Spread
from uprightd.store.schema import VERSION

T0 = 1_795_348_800
CLOCK = FollowingClock(Instant(T0, 0.0))
MS = T0 * 1000


def reading(second: float, **values: float) -> Reading:
    at = Instant(T0 + second, second)
    return Reading(at, True, View.FRONTAL, {name: Value(number) for name, number in values.items()}, 0.9)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with Log.open(path, metrics=("neck_flexion", "head_x"), clock=CLOCK) as log:
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
        assert reader.counts() == {"runs": 1, "samples": 5, "alerts": 0, "transitions": 5, "reports": 0}


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
        assert reader.spreads(MS, MS + 9000) == {"neck_flexion": Spread(4, 1.0, 4.0, 9.0)}
        with pytest.raises(DataError, match="gaze") as caught:
            list(reader.metric_rows(MS, MS + 1, "gaze"))
    assert "neck_flexion, head_x" in caught.value.hint


def test_a_killed_run_may_reach_into_any_later_period(log: Log, path: Path) -> None:
    log.begin_run("clip.mp4", "mediapipe", Instant(T0 + 10, 10.0), 1.0)
    log.end_run(Instant(T0 + 20, 20.0))
    with LogReader.open(path) as reader:
        assert [run.id for run in reader.runs(MS + 20_000, MS + 30_000)] == [1, 2]
        (killed,) = reader.runs(MS + 20_001, MS + 30_000)
        assert isinstance(killed, RunRow)
        assert killed.ended_ms is None
        assert reader.runs(MS - 9000, MS) == []


def test_a_reader_sees_one_moment_and_the_writer_goes_on(log: Log, path: Path) -> None:
    for second in range(300):
        log.add_sample(reading(second), Posture.GOOD)
    with LogReader.open(path) as reader:
        samples = reader.samples(MS, MS + 10**9)
        next(samples)
        log.database.execute("PRAGMA busy_timeout = 0")
        for second in range(300, 310):
            log.add_sample(reading(second), Posture.GOOD)
        assert log.retain(0, Instant(T0 + 100, 100.0)) == 100
        assert sum(1 for _ in samples) == 299
        assert reader.counts()["samples"] == 300
    with LogReader.open(path) as reader:
        assert reader.counts()["samples"] == 210


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
