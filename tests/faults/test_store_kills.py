"""Twenty kills in the middle of writing lose no acknowledged row and leave a sound file (F10)."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.fakes.recorder import roll_up, tables

from uprightd.clock import SystemClock
from uprightd.errors import TryAgainError
from uprightd.store.log import Log

KILLS = 20

WRITER = """
import sys
from pathlib import Path
from uprightd.clock import SystemClock
from uprightd.domain import Posture, Reading, Value, View
from uprightd.store.log import Log

clock = SystemClock()
log = Log.open(Path(sys.argv[1]), metrics=("neck_flexion",), clock=clock)
if log.notices:
    sys.exit("\\n".join(log.notices))
log.begin_run("test", "none", clock.now(), 1.0)
while True:
    reading = Reading(clock.now(), True, View.FRONTAL, {"neck_flexion": Value(20.0)}, 0.9)
    print(log.add_sample(reading, Posture.GOOD), flush=True)
"""


def started_writer(path: Path, script: str = WRITER) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)


def killed_writer(path: Path, after: int, script: str = WRITER) -> list[int]:
    """Given a log, let a process write it and kill it after some rows; return all it acknowledged."""
    with started_writer(path, script) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(after)]
        writer.kill()
        lines += writer.stdout.readlines()
    assert writer.returncode == -9
    return [int(line) for line in lines if line.endswith("\n")]


def test_twenty_kills_lose_no_acknowledged_row(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    chance = random.Random(7)
    acknowledged: list[int] = []
    for _ in range(KILLS):
        acknowledged += killed_writer(path, chance.randint(1, 80))
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        stored = {row for (row,) in database.execute("SELECT id FROM samples")}
    assert len(acknowledged) == len(set(acknowledged)) >= KILLS
    assert set(acknowledged) <= stored
    assert len(stored) <= len(acknowledged) + KILLS  # at most the row under way at each kill


REMEMBERING = """
import sys
from itertools import count
from pathlib import Path
from uprightd.clock import SystemClock
from uprightd.store.log import Log

clock = SystemClock()
log = Log.open(Path(sys.argv[1]), metrics=(), clock=clock)
for number in count(1):
    log.remember("engine", {"number": number, "held": ["x" * 5000]}, clock.now())
    print(number, flush=True)
"""


def test_what_was_remembered_before_a_kill_is_whole_and_as_new_as_it_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    for kills in range(3):
        acknowledged = killed_writer(path, 20 + kills, REMEMBERING)[-1]
        with Log.open(path, metrics=(), clock=SystemClock()) as log:
            memory = log.recall("engine")
        assert memory["held"] == ["x" * 5000]
        assert memory["number"] in (acknowledged, acknowledged + 1)


ROLLING_UP = """
import sys
from pathlib import Path
from uprightd.clock import FollowingClock
from uprightd.domain import Instant, Posture, Reading, Value, View
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

path = Path(sys.argv[1])
moment = 1_795_348_800.0
with Log.open(path, metrics=("neck_flexion",), clock=FollowingClock(Instant(moment, 0.0))) as log:
    last = log.database.execute("SELECT max(at_ms) FROM samples").fetchone()[0]
    moment = last / 1000 + 1 if last else moment
    log.begin_run("test", "none", Instant(moment, 0.0), 60.0)
    while True:
        for _ in range(3):
            moment += 100.0
            reading = Reading(Instant(moment, 0.0), True, View.FRONTAL, {"neck_flexion": Value(moment % 77)}, 0.9)
            number = log.add_sample(reading, Posture.GOOD)
        with LogReader.open(path) as reader:
            fresh = reader.fresh()
            for hour in fresh.hours:
                log.put_hour(reader.rolled(hour))
        log.rolled_up_to(fresh.sample_id)
        print(number, flush=True)
"""


def test_kills_while_hours_are_rolled_up_change_nothing_that_they_come_to(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    for kills in range(3):
        killed_writer(path, 10 + kills, ROLLING_UP)
    with Log.open(path, metrics=("neck_flexion",), clock=SystemClock()) as log:
        log.begin_run("test", "none", SystemClock().now(), 60.0)
        roll_up(log)
        gone_through_it = tables(log)
        for table in gone_through_it:
            log.database.execute(f"DELETE FROM {table}")
        log.database.execute("UPDATE progress SET sample_id = 0")
        roll_up(log)
        assert tables(log) == gone_through_it
        samples, interval_samples = (
            log.database.execute(query).fetchone()[0]
            for query in ("SELECT count(*) FROM samples", "SELECT sum(samples) FROM intervals")
        )
        assert samples == interval_samples >= 90


def test_another_process_is_refused_by_number_and_a_killed_one_is_not_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with started_writer(path) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            Log.open(path, metrics=(), clock=SystemClock()).close()
            refusal = ""
        except TryAgainError as error:
            refusal = error.message
        finally:
            writer.kill()
    assert f"process {writer.pid} " in refusal
    with Log.open(path, metrics=(), clock=SystemClock()) as log:
        assert log.notices == []
