"""Faults of the log's file: damaged, foreign, newer, planted, readable, misplaced (F13-F16, F36, F37)."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Instant, Posture, Reading, Value, View
from uprightd.errors import DataError, DeniedError
from uprightd.store.log import Log
from uprightd.store.schema import VERSION

NOON = Instant(1_795_348_800.0, 0.0)  # 2026-11-22 12:00:00 UTC
ASIDE = "log.db.corrupt-20261122T120000Z"
SIDECARS = ("", "-wal", "-shm")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log.db"


@pytest.fixture
def umask_022() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def opened(path: Path) -> Log:
    return Log.open(path, metrics=("neck_flexion",), clock=FollowingClock(NOON))


def write(log: Log, samples: int = 1) -> None:
    log.begin_run("camera 0", "none", NOON, 1.0)
    for second in range(samples):
        at = Instant(NOON.wall + second, second)
        log.add_sample(Reading(at, True, View.FRONTAL, {"neck_flexion": Value(20.5)}, 0.9), Posture.GOOD)


def whole(path: Path, samples: int) -> bool:
    with closing(sqlite3.connect(path)) as database:
        check = database.execute("PRAGMA quick_check").fetchone()[0]
        return check == "ok" and database.execute("SELECT count(*) FROM samples").fetchone()[0] == samples


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def text(path: Path) -> None:
    path.write_text("not a database\n" * 1000)


def damaged_pages(path: Path, first: int = 0) -> None:
    """200 bytes in every seventh page: reads and even inserts may succeed on such a file."""
    with opened(path) as log:
        write(log, 800)
    with path.open("r+b") as file:
        for page in range(first, path.stat().st_size // 4096, 7):
            file.seek(page * 4096 + 1000)
            file.write(b"\xa5" * 200)


def damaged_pages_behind_a_sound_start(path: Path) -> None:
    damaged_pages(path, first=3)


def cut_short(path: Path) -> None:
    with opened(path) as log:
        write(log, 800)
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize(
    "spoil",
    [garbage, text, damaged_pages, damaged_pages_behind_a_sound_start, cut_short],
    ids=lambda f: f.__name__,
)
def test_a_damaged_log_is_moved_aside_loudly_and_a_new_one_begun(
    path: Path, spoil: Callable[[Path], None]
) -> None:
    path.parent.mkdir(mode=0o700)
    spoil(path)
    before = path.read_bytes()
    with opened(path) as log:
        (notice,) = log.notices
        write(log, 3)
    aside = path.with_name(ASIDE)
    assert aside.read_bytes() == before
    assert str(aside) in notice
    assert ".recover" in notice
    assert whole(path, 3)
    with opened(path) as log:
        assert log.notices == []


def test_the_three_files_are_moved_together(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    for suffix in SIDECARS:
        path.with_name(path.name + suffix).write_bytes(f"broken{suffix}".encode() * 900)
    with opened(path) as log:
        write(log)
        assert path.with_name(ASIDE).read_bytes() == b"broken" * 900
        assert path.with_name(ASIDE + "-wal").read_bytes() == b"broken-wal" * 900
        assert path.with_name(ASIDE + "-shm").exists()  # SQLite makes it anew from the -wal whenever it looks
    assert whole(path, 1)


def test_a_second_damage_in_the_same_second_loses_nothing(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    for _ in range(2):
        garbage(path)
        opened(path).close()
    assert path.with_name(ASIDE).stat().st_size == path.with_name(ASIDE + "-2").stat().st_size == 20_000


def test_a_log_left_by_a_kill_is_no_damaged_one(path: Path, tmp_path: Path) -> None:
    with opened(path) as log:
        write(log, 50)
        copy = tmp_path / "copy"
        copy.mkdir(mode=0o700)
        for suffix in SIDECARS:
            name = path.name + suffix
            (copy / name).write_bytes(path.with_name(name).read_bytes())
    with opened(copy / path.name) as log:
        assert log.notices == []
    assert whole(copy / path.name, 50)


def test_a_newer_log_is_refused_with_both_versions_and_not_touched(path: Path) -> None:
    with opened(path) as log:
        write(log)
        log.database.execute("PRAGMA user_version = 999")
    before = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(DataError, match=rf"version 999.*up to {VERSION}\b.*not touched") as caught:
        opened(path)
    assert caught.value.exit_code == 65
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["log.db", "log.db.lock"]


def test_another_programs_database_is_refused_and_not_touched(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE places (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(DataError, match="not a log of uprightd"):
        opened(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["log.db", "log.db-wal", "log.db-shm", "log.db.lock"])
def test_a_planted_link_is_refused_and_its_target_left_alone(path: Path, tmp_path: Path, name: str) -> None:
    path.parent.mkdir(mode=0o700)
    target = tmp_path / "precious"
    target.write_text("mine")
    target.chmod(0o644)
    (path.parent / name).symlink_to(target)
    with pytest.raises(DeniedError, match="symbolic link") as caught:
        opened(path)
    assert caught.value.exit_code == 77
    assert name in caught.value.message
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("mine", 0o644)


def test_a_planted_link_to_nothing_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(DeniedError, match="symbolic link"):
        opened(path)
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_second_name_of_another_file_is_refused(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    (tmp_path / "precious").write_text("mine")
    path.hardlink_to(tmp_path / "precious")
    with pytest.raises(DeniedError, match="hard link"):
        opened(path)
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_folder_in_the_logs_place_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DeniedError, match="not a plain file"):
        opened(path)


def test_a_path_below_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("")
    with pytest.raises(DeniedError, match="afile") as caught:
        opened(tmp_path / "afile" / "log.db")
    assert caught.value.exit_code == 77


@pytest.mark.usefixtures("umask_022")
def test_nobody_else_can_read_the_log_or_what_lies_beside_it(path: Path) -> None:
    with opened(path) as log:
        write(log)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("log.db", "log.db-wal", "log.db-shm", "log.db.lock"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.usefixtures("umask_022")
def test_a_log_that_was_open_to_others_is_closed_to_them(path: Path) -> None:
    opened(path).close()
    path.chmod(0o644)
    path.parent.chmod(0o755)
    with opened(path) as log:
        write(log)
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
