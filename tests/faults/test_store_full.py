"""A full disk or a locked file costs the rows of that time, and nothing after it (F11, F17)."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Instant, Posture, Reading, Value, View
from uprightd.errors import TryAgainError, WriteError
from uprightd.store.log import Log

NOON = Instant(1_795_348_800.0, 0.0)
CLOCK = FollowingClock(NOON)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with Log.open(path, metrics=("neck_flexion",), clock=CLOCK, patience=0.05) as log:
        log.begin_run("camera 0", "none", NOON, 1.0)
        yield log


def add(log: Log, second: int = 0) -> int:
    at = Instant(NOON.wall + second, second)
    return log.add_sample(Reading(at, True, View.FRONTAL, {"neck_flexion": Value(20.5)}, 0.9), Posture.GOOD)


def stored(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA quick_check").fetchone() == ("ok",)
        return [row for (row,) in database.execute("SELECT id FROM samples ORDER BY id")]


def test_a_full_disk_costs_rows_and_the_log_goes_on_when_space_returns(log: Log, path: Path) -> None:
    kept = [add(log)]
    pages = log.database.execute("PRAGMA page_count").fetchone()[0]
    log.database.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(WriteError, match="full") as caught:  # noqa: PT012 - the last of many is refused
        while len(kept) < 5000:
            kept.append(add(log, len(kept)))
    assert caught.value.exit_code == 74
    assert str(path) in caught.value.message
    assert "space" in caught.value.hint
    for _ in range(3):
        with pytest.raises(WriteError):
            add(log)
    log.database.execute("PRAGMA max_page_count = 100000")
    kept.append(add(log))
    assert stored(path) == kept


FULL_DISK = """
import json, os, resource, sys
from pathlib import Path
from uprightd.clock import SystemClock
from uprightd.domain import Posture, Reading, Value, View
from uprightd.errors import WriteError
from uprightd.store.log import Log

path = Path(sys.argv[1])
clock = SystemClock()
log = Log.open(path, metrics=("neck_flexion",), clock=clock)
log.begin_run("test", "none", clock.now(), 1.0)
add = lambda: log.add_sample(
    Reading(clock.now(), True, View.FRONTAL, {"neck_flexion": Value(20.0)}, 0.9), Posture.GOOD
)
kept = [add()]
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
size = max(os.path.getsize(name) for name in (path, str(path) + "-wal"))
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, hard))
refusals = []
while len(refusals) < 3:
    try:
        kept.append(add())
    except WriteError as error:
        refusals.append(error.message)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
kept += [add(), add()]
log.close()
print(json.dumps([kept, refusals]))
"""


def test_a_file_that_may_not_grow_costs_rows_and_the_log_goes_on_when_it_may(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    kept, refusals = json.loads(done.stdout)
    assert all("cannot store a sample" in refusal and str(path) in refusal for refusal in refusals)
    assert stored(path) == kept


def test_a_file_held_by_another_program_costs_rows_and_no_more(log: Log, path: Path) -> None:
    first = add(log)
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(WriteError, match="locked") as caught:
            add(log)
        assert "database browser" in caught.value.hint
        with pytest.raises(WriteError, match="remove what is old"):
            log.retain(1, 60, Instant(NOON.wall + 10**6, 0.0))
        browser.execute("ROLLBACK")
    second = add(log)
    assert stored(path) == [first, second]


def test_a_log_that_another_program_holds_at_the_start_is_told_to_wait_for(path: Path) -> None:
    path.touch(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TryAgainError, match=r"log\.db"):
            Log.open(path, metrics=(), clock=CLOCK, patience=0.05)
        browser.execute("ROLLBACK")
    Log.open(path, metrics=(), clock=CLOCK).close()


def test_a_disk_without_room_for_a_new_log_is_named(path: Path) -> None:
    script = (
        "import resource, sys; from pathlib import Path; from uprightd.clock import SystemClock;"
        "from uprightd.store.log import Log; from uprightd.errors import UprightError;"
        "import sqlite_utils; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: Log.open(Path(sys.argv[1]), metrics=('x',), clock=SystemClock())\n"
        "except UprightError as error: print(error); sys.exit(error.exit_code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, str(path) in done.stdout) == (74, True), done.stdout + done.stderr
