"""F18, F19: one daemon at a time, and a dead one never blocks the next. The owners are real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from uprightd.domain import Instant
from uprightd.errors import DeniedError, TryAgainError
from uprightd.service.instance import InstanceLock, Owner

OWNER = """
import subprocess, sys, pathlib
from uprightd.service.instance import InstanceLock
lock = InstanceLock(pathlib.Path(sys.argv[1]))
lock.acquire()
if "with-child" in sys.argv:
    child = subprocess.Popen(["sleep", "60"], close_fds=False, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
print("held", flush=True)
sys.stdin.read()
"""
Start = Callable[..., "subprocess.Popen[str]"]


class FixedClock:
    """A clock that stands at one moment."""

    def __init__(self, wall: float) -> None:
        self._now = Instant(wall, 0.0)

    def now(self) -> Instant:
        return self._now

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        return wake.is_set()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "uprightd.lock"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Start a process that takes the lock and holds it until its input ends."""
    started: list[subprocess.Popen[str]] = []

    def owner(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(path), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield owner
    for process in started:
        process.kill()
        process.communicate()


def held(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline().strip() == "held"


def test_a_second_daemon_is_told_the_first_one_s_pid_and_start(path: Path, start: Start) -> None:
    first = start()
    assert held(first)
    started = json.loads(path.read_text())["started"]
    with pytest.raises(TryAgainError) as caught:
        InstanceLock(path).acquire()
    assert caught.value.exit_code == 75
    assert (
        f"(pid {first.pid}, since {time.strftime('%H:%M', time.localtime(started))})" in caught.value.message
    )
    second = start()
    assert not held(second)
    assert second.wait(20) != 0


def test_a_killed_owner_never_blocks_the_next(path: Path, start: Start) -> None:
    first = start()
    assert held(first)
    first.send_signal(signal.SIGKILL)
    first.wait(20)
    assert json.loads(path.read_text())["pid"] == first.pid, "the stale record is still there"
    third = start()
    assert held(third)
    assert json.loads(path.read_text())["pid"] == third.pid


def test_a_child_of_a_killed_owner_does_not_keep_the_lock(path: Path, start: Start) -> None:
    first = start("with-child")
    assert first.stdout is not None
    child = int(first.stdout.readline())
    try:
        assert held(first)
        first.send_signal(signal.SIGKILL)
        first.wait(20)
        os.kill(child, 0)
        lock = InstanceLock(path)
        lock.acquire()
        lock.release()
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_released_lock_is_free_and_can_be_taken_again(path: Path) -> None:
    first, second = InstanceLock(path), InstanceLock(path)
    first.acquire()
    with pytest.raises(TryAgainError, match=f"pid {os.getpid()}"):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()
    assert path.exists(), "the file stays, or two daemons could lock two files of one name"


def test_the_lock_file_is_private_and_its_descriptor_is_not_inherited(path: Path) -> None:
    umask = os.umask(0o022)
    try:
        lock = InstanceLock(path)
        lock.acquire()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert lock._fd is not None
    assert not os.get_inheritable(lock._fd)
    lock.release()


def test_a_lock_file_left_readable_by_others_is_made_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o666)
    lock = InstanceLock(path)
    lock.acquire()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lock.release()


def symlink(path: Path, target: Path) -> None:
    path.symlink_to(target)


def hardlink(path: Path, target: Path) -> None:
    path.hardlink_to(target)


def fifo(path: Path, target: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, target: Path) -> None:
    path.mkdir()


def unix_socket(path: Path, target: Path) -> None:
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(path))


@pytest.mark.parametrize("plant", [symlink, hardlink, fifo, folder, unix_socket])
def test_a_planted_file_is_refused_and_its_target_untouched(
    plant: Callable[[Path, Path], None], path: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    path.parent.mkdir()
    plant(path, target)
    with pytest.raises(DeniedError, match=r"uprightd\.lock: the lock file"):
        InstanceLock(path).acquire()
    assert target.read_text() == "precious"


@pytest.mark.parametrize("record", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1}', "\x00" * 100])
def test_a_damaged_record_still_says_that_another_daemon_runs(record: str, path: Path) -> None:
    first = InstanceLock(path)
    first.acquire()
    path.write_text(record)
    with pytest.raises(TryAgainError) as caught:
        InstanceLock(path).acquire()
    assert caught.value.message == "another uprightd runs"
    first.release()


def test_the_start_is_told_with_its_date_when_it_was_another_day(path: Path) -> None:
    noon = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
    assert Owner(1, noon - 5280).since(noon) == "10:32"
    assert Owner(1, noon - 86_400).since(noon) == "2026-11-21 12:00"
    first = InstanceLock(path, FixedClock(noon - 5280))
    first.acquire()
    with pytest.raises(TryAgainError, match=r"since 10:32\)"):
        InstanceLock(path, FixedClock(noon)).acquire()
    first.release()


def test_a_runtime_folder_under_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "afile").touch()
    with pytest.raises(DeniedError, match=r"afile"):
        InstanceLock(tmp_path / "afile" / "run" / "uprightd.lock").acquire()
