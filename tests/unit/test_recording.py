"""What commands beside the daemon did gets into the log: through the daemon while one runs, else directly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.loop import START, open_log

from uprightd.clock import FollowingClock
from uprightd.errors import UnavailableError, UprightError, UsageError
from uprightd.paths import Paths
from uprightd.records import Calibration, Capture
from uprightd.service import recording
from uprightd.service.recording import (
    record_calibration,
    record_capture,
    record_contact,
    record_removal,
    take_record,
)
from uprightd.store.log import Log
from uprightd.store.reading import LogReader
from uprightd.store.tables import ALWAYS, rows_of

CLOCK = FollowingClock(START)
CAPTURE = Capture("gait", "/somewhere/gait-1", 3, 4096, {"cadence": 111.1})
CALIBRATION = Calibration("sit", 2, "camera 0", "mediapipe", "frontal", 5.0, 50)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(*(tmp_path / name for name in ("config", "data", "cache", "logs", "run")))


@pytest.fixture
def log(paths: Paths) -> Iterator[Log]:
    with open_log(paths.data, CLOCK) as log:
        yield log


def rows(paths: Paths, table: str) -> list[dict[str, Any]]:
    with LogReader.open(paths.database) as reader:
        return list(rows_of(reader, table, ALWAYS, lambda _at, _offset: True))


def test_without_a_daemon_the_log_is_opened_and_let_go_of(paths: Paths) -> None:
    record_capture(paths, CAPTURE, CLOCK)
    record_calibration(paths, CALIBRATION, CLOCK)
    record_contact(paths, "weights", "https://hub.example", CLOCK)
    with LogReader.open(paths.database) as reader:
        (capture,) = reader.captures(*ALWAYS)
        (contact,) = reader.contacts()
    assert (capture.kind, capture.path, capture.bytes, capture.summary) == (
        "gait",
        "/somewhere/gait-1",
        4096,
        {"cadence": 111.1},
    )
    assert (contact.purpose, contact.address, contact.times) == ("weights", "https://hub.example", 1)
    (calibration,) = rows(paths, "calibrations")
    assert (calibration["profile"], calibration["revision"], calibration["seconds"]) == ("sit", 2, 5.0)


def test_a_running_daemon_is_asked_instead(paths: Paths, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(path: Path, command: str, **arguments: Any) -> dict[str, Any]:
        assert (path, command) == (paths.socket, recording.COMMAND)
        return take_record(log, arguments, START)

    monkeypatch.setattr(recording, "ask", ask)
    record_capture(paths, CAPTURE, CLOCK)
    record_calibration(paths, CALIBRATION, CLOCK)
    record_contact(paths, "weights", "https://hub.example", CLOCK)
    assert [len(rows(paths, name)) for name in ("captures", "calibrations", "contacts")] == [1, 1, 1]


def test_a_log_that_somebody_else_writes_is_left_alone(paths: Paths, log: Log) -> None:
    with pytest.raises(UprightError, match="is being written by"):
        record_capture(paths, CAPTURE, CLOCK)


def test_a_capture_in_the_same_folder_takes_the_place_of_the_first(paths: Paths) -> None:
    for _ in range(2):
        record_capture(paths, CAPTURE, CLOCK)
    assert len(rows(paths, "captures")) == 1


def test_a_capture_that_is_gone_loses_its_entry_and_no_other(paths: Paths) -> None:
    for path in ("/a", "/b"):
        record_capture(paths, replace(CAPTURE, path=path), CLOCK)
    record_removal(paths, "/a", CLOCK)
    record_removal(paths, "/never/was", CLOCK)
    assert [row["path"] for row in rows(paths, "captures")] == ["/b"]


def test_contacts_are_counted_from_the_first_to_the_last(log: Log, paths: Paths) -> None:
    for seconds in (100.0, 0.0, 50.0):  # the clock was set back
        log.add_contact("weights", "hub", START._replace(wall=START.wall + seconds))
    with LogReader.open(paths.database) as reader:
        (contact,) = reader.contacts()
    first = round(START.wall * 1000)
    assert (contact.first_ms, contact.last_ms, contact.times) == (first, first + 100_000, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"what": "gaze", "facts": {}},
        {"what": ["capture"], "facts": {}},
        {"what": "capture", "facts": []},
        {"what": "capture", "facts": {"kind": "gait"}},
        {"what": "capture", "facts": {"kind": 1, "path": "", "files": 1, "bytes": 1, "summary": {}}},
        {"what": "capture", "facts": {"kind": "", "path": "", "files": "1", "bytes": 1, "summary": {}}},
        {
            "what": "capture",
            "facts": {"kind": "", "path": "", "files": 1, "bytes": 1, "summary": {}, "more": 1},
        },
        {"what": "contact", "facts": {"purpose": "weights"}},
        {"what": "removal", "facts": {}},
    ],
)
def test_what_no_command_of_ours_sends_is_refused(log: Log, arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        take_record(log, arguments, START)


def test_that_no_daemon_is_there_is_what_it_goes_by(paths: Paths) -> None:
    with pytest.raises(UnavailableError):
        recording.ask(paths.socket, "status")
