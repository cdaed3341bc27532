"""The weekly summary: due once, also after weeks of sleep and under wrong clocks; written whole or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Instant, Posture, Reading, View
from uprightd.errors import CannotCreateError, DeniedError, WriteError
from uprightd.report.periods import local
from uprightd.report.weekly import due, write_weekly
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC, the Sunday of week 47


@pytest.mark.parametrize(
    ("made", "now", "expected"),
    [
        pytest.param("2026-W46", "2026-11-23T07:59", None, id="not before Monday at eight"),
        pytest.param("2026-W46", "2026-11-23T08:00", "2026-W47", id="from Monday at eight on"),
        pytest.param("2026-W47", "2026-11-23T08:00", None, id="once"),
        pytest.param(
            "2026-W46", "2026-11-27T23:00", "2026-W47", id="later in the week when Monday was missed"
        ),
        pytest.param("2026-W43", "2026-11-25T09:00", "2026-W47", id="after weeks of sleep only the latest"),
        pytest.param("2026-W45", "2026-11-23T07:00", "2026-W46", id="before Monday at eight the one before"),
        pytest.param(None, "2026-11-25T09:00", "2026-W47", id="never made"),
        pytest.param("2026-W53", "2027-01-04T08:00", None, id="a year with 53 weeks"),
        pytest.param("2026-W52", "2027-01-04T08:00", "2026-W53", id="the 53rd week"),
        pytest.param("2026-W53", "2027-01-11T08:00", "2027-W01", id="the first week of a year"),
        pytest.param(
            "2026-W47", "2026-11-23T07:30", None, id="not again when the clock is set back over eight"
        ),
        pytest.param(
            "2027-W02", "2026-11-25T09:00", "2026-W47", id="a week not over yet was a wrong clock's"
        ),
    ],
)
def test_when_a_week_is_due(made: str | None, now: str, expected: str | None) -> None:
    assert due(made, datetime.fromisoformat(now).replace(tzinfo=UTC), 0, time(8, 0)) == expected


def test_the_day_and_the_hour_can_be_chosen() -> None:
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    assert due("2026-W46", friday, 4, time(17, 0)) == "2026-W47"
    assert due("2026-W46", friday.replace(hour=16), 4, time(17, 0)) is None


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Havana", "Pacific/Kiritimati", "Pacific/Apia"]
)
def test_an_hourly_question_makes_each_week_once_through_a_year(zone: str) -> None:
    there, made = ZoneInfo(zone), ["2025-W52"]
    for hour in range(370 * 24):
        now = local(1_767_225_600 + hour * 3600, there)  # from 2026-01-01 00:00 UTC
        week = due(made[-1], now, 0, time(8, 0))
        if week:
            made.append(week)
            assert (now.weekday(), now.hour) == (0, 8)
    assert made == ["2025-W52", *(f"2026-W{number:02d}" for number in range(1, 54))]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[LogReader]:
    path = tmp_path / "data" / "log.db"
    with Log.open(path, metrics=(), clock=FollowingClock(Instant(NOON, 0.0))) as log:
        log.begin_run("camera 0", "none", Instant(NOON, 0.0), 1.0)
        for second in range(61):
            log.add_sample(Reading(Instant(NOON + second, second), True, View.FRONTAL, {}), Posture.GOOD)
    with LogReader.open(path) as reader:
        yield reader


def test_the_file_is_private_and_replaces_an_older_one(reader: LogReader, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir(mode=0o755)
    (folder / "uprightd-2026-W47.txt").write_text("older")
    path = write_weekly(reader, "2026-W47", folder, ZoneInfo("UTC"))
    text = path.read_text(encoding="utf-8")
    assert path == folder / "uprightd-2026-W47.txt"
    assert text.startswith("Week 47 of 2026, Mon 16 Nov to Sun 22 Nov\n")
    assert "1 min 0 s" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == [path.name]


def test_a_full_disk_leaves_the_older_file_and_no_half_of_a_new_one(
    reader: LogReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_weekly(reader, "2026-W47", tmp_path / "reports", ZoneInfo("UTC"))
    before = path.read_text(encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left") as caught:
        write_weekly(reader, "2026-W47", tmp_path / "reports", ZoneInfo("Pacific/Kiritimati"))
    assert str(path) in caught.value.message
    assert path.read_text(encoding="utf-8") == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_is_named(reader: LogReader, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("")
    with pytest.raises((DeniedError, CannotCreateError), match="afile"):
        write_weekly(reader, "2026-W47", tmp_path / "afile" / "reports")
