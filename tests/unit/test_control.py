"""Talking to the daemon over a real Unix socket: its answers, its refusals, and whatever else may be sent to it."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from uprightd.errors import TryAgainError, UnavailableError, UprightError, UsageError
from uprightd.paths import Paths
from uprightd.service import control
from uprightd.service.control import REQUEST_LIMIT, ControlServer, ask
from uprightd.service.daemon import pause_end
from uprightd.service.speech import MORNING

STATUS = {"state": "watching", "reason": "someone in view", "samples": 3}


class Answers:
    """What a daemon would do: answers `status`, refuses the rest as the real one does."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.hold: threading.Event | None = None

    def __call__(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((command, arguments))
        if self.hold is not None:
            self.hold.wait(10)
        if command != "status":
            raise UsageError(f"the daemon knows no command {command!r}", "Use: status.")
        return STATUS


def socket_in(folder: Path) -> Path:
    """Where the socket of a daemon is whose runtime folder this is: short enough on every system."""
    return Paths(folder, folder, folder, folder, folder).socket


@contextmanager
def serving(path: Path, answers: Answers) -> Iterator[ControlServer]:
    server = ControlServer(path, answers)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Answers]]:
    """One daemon for all tests that leave it as it was: each takes half a second to stop."""
    path, answers = socket_in(tmp_path_factory.mktemp("daemon") / "run"), Answers()
    with serving(path, answers):
        yield path, answers


@pytest.fixture
def path(served: tuple[Path, Answers]) -> Path:
    return served[0]


@pytest.fixture
def answers(served: tuple[Path, Answers]) -> Answers:
    served[1].asked.clear()
    return served[1]


def sent(path: Path, request: bytes) -> bytes:
    """Given raw bytes, return the raw answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(os.fspath(path))
        connection.sendall(request)
        with connection.makefile("rb") as lines:
            return lines.readline()


def test_a_command_is_answered(path: Path, answers: Answers) -> None:
    assert ask(path, "status", until="30m") == STATUS
    assert answers.asked == [("status", {"until": "30m"})]


def test_a_refusal_keeps_its_words_and_its_exit_code(path: Path) -> None:
    with pytest.raises(UprightError) as error:
        ask(path, "dance")
    assert error.value.message == "the daemon knows no command 'dance'"
    assert error.value.hint == "Use: status."
    assert error.value.exit_code == UsageError.exit_code


GARBAGE = [
    pytest.param(b"\n", id="an empty line"),
    pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="a browser"),
    pytest.param(b"\x00\xff\xfe\x80\n", id="bytes"),
    pytest.param(b"null\n", id="nothing"),
    pytest.param(b"[1, 2]\n", id="a list"),
    pytest.param(b"17\n", id="a number"),
    pytest.param(b"{}\n", id="no command"),
    pytest.param(b'{"command": null}\n', id="a command that is nothing"),
    pytest.param(b'{"command": ["status"]}\n', id="a command that is a list"),
    pytest.param(b'{"command": "status", "arguments": null}\n', id="arguments that are nothing"),
    pytest.param(b'{"command": "status", "arguments": ["a"]}\n', id="arguments in a list"),
    pytest.param(b'{"command": "status"' + b"\n", id="cut off"),
    pytest.param(b"[" * 50_000 + b"\n", id="nested deeply"),
    pytest.param(b"9" * 50_000 + b"\n", id="a huge number"),
    pytest.param(b'{"command": "' + b"x" * REQUEST_LIMIT + b'"}\n', id="too long"),
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused_and_the_next_one_is_served(
    garbage: bytes, path: Path, answers: Answers, capfd: pytest.CaptureFixture[str]
) -> None:
    reply = json.loads(sent(path, garbage))
    assert (reply["ok"], reply["exit_code"]) == (False, UsageError.exit_code)
    assert reply["message"].startswith("not a request: ")
    assert answers.asked == []
    assert ask(path, "status") == STATUS
    assert capfd.readouterr().err == "", "no traceback in the service's log"


def test_a_client_that_says_nothing_and_leaves_does_no_harm(path: Path) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(os.fspath(path))
    assert ask(path, "status") == STATUS


def test_a_client_that_never_finishes_keeps_nobody_waiting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_WITHIN", 3.0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
        slow.connect(os.fspath(path))
        slow.sendall(b'{"comm')
        assert ask(path, "status") == STATUS


def test_several_may_ask_at_once(path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: ask(path, "status"), range(24))) == [STATUS] * 24


def test_without_a_daemon_there_is_a_word_of_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no uprightd daemon is running") as error:
        ask(socket_in(tmp_path), "status")
    assert "uprightd run" in error.value.hint


def test_a_socket_left_by_a_killed_daemon_is_no_daemon_and_is_replaced(tmp_path: Path) -> None:
    path = socket_in(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(os.fspath(path))
    assert path.exists()
    with pytest.raises(UnavailableError):
        ask(path, "status")
    with serving(path, Answers()):
        assert ask(path, "status") == STATUS


def test_the_socket_is_its_owners_alone(path: Path) -> None:
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_stopped_daemon_leaves_no_socket(tmp_path: Path) -> None:
    path = socket_in(tmp_path)
    with serving(path, Answers()) as server:
        server.stop()
        assert not path.exists()
    with pytest.raises(UnavailableError):
        ask(path, "status")


def test_a_daemon_that_does_not_answer_is_told_from_none(
    path: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ANSWER_WITHIN", 0.05)
    answers.hold = threading.Event()
    try:
        with pytest.raises(TryAgainError):
            ask(path, "status")
    finally:
        answers.hold.set()
        answers.hold = None


def test_a_runtime_folder_with_a_very_long_path_still_has_a_socket(tmp_path: Path) -> None:
    path = socket_in(tmp_path / ("d" * 60) / ("e" * 60))
    with serving(path, Answers()):
        assert ask(path, "status") == STATUS
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.parent.rmdir()


# ---- how long a pause lasts ---------------------------------------------------------------------------------

NOON = datetime(2026, 11, 22, 12, 0).astimezone().timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("1h", 3600), ("90s", 90), ("15 min", 900), ("20", 20)]
)
def test_a_pause_lasts_as_long_as_it_says(text: str, seconds: float) -> None:
    assert pause_end(text, NOON) == NOON + seconds


def test_a_pause_without_an_end_has_none() -> None:
    assert pause_end(None, NOON) == float("inf")


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
def test_until_tomorrow_is_the_next_days_morning(hour: int) -> None:
    now = datetime(2026, 11, 22, hour, 30, 15).astimezone().timestamp()
    end = datetime.fromtimestamp(pause_end("tomorrow", now)).astimezone()
    assert (end.year, end.month, end.day, end.hour, end.minute, end.second) == (2026, 11, 23, MORNING, 0, 0)


@pytest.mark.parametrize("text", ["", "soon", "-5m", "1w", "8d", "nan", "1e9", "9999999h", True, [], {}])
def test_what_is_no_length_of_time_is_refused(text: Any) -> None:
    with pytest.raises(UsageError) as error:
        pause_end(text, NOON)
    assert "tomorrow" in error.value.message
    assert "uprightd pause" in error.value.hint
