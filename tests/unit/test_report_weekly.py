"""The weekly summary: due once, also after weeks of sleep and under wrong clocks; written whole or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.fakes.recorder import Recorder, each_second, roll_up

from uprightd.domain import Posture
from uprightd.errors import CannotCreateError, DeniedError, WriteError
from uprightd.report.periods import week_name
from uprightd.report.weekly import due, watched_weeks, write_weekly
from uprightd.store.reading import LogReader

DAY = 86_400


def local(text: str) -> datetime:
    """A moment by the clock on the wall; in Greenwich unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("watched", "made", "now", "expected"),
    [
        pytest.param(
            "46 47", {46: "2026-11-16T08:00"}, "2026-11-23T07:59", "", id="not before Monday at eight"
        ),
        pytest.param(
            "46 47", {46: "2026-11-16T08:00"}, "2026-11-23T08:00", "47", id="from Monday at eight on"
        ),
        pytest.param(
            "46 47", {46: "2026-11-16T08:00"}, "2026-11-29T23:00", "47", id="later when Monday was missed"
        ),
        pytest.param("47", {47: "2026-11-23T08:00"}, "2026-11-23T08:00", "", id="once"),
        pytest.param("47 48", {47: "2026-11-23T08:00"}, "2026-11-29T23:59", "", id="this week is not over"),
        pytest.param("47", {}, "2026-12-20T09:00", "47", id="after weeks asleep the last one watched"),
        pytest.param("45 47", {}, "2026-12-20T09:00", "45 47", id="and each before it that has none"),
        pytest.param(
            "43 45", {45: "2026-11-09T08:00"}, "2026-12-20T09:00", "43", id="also one that was left out"
        ),
        pytest.param("", {}, "2026-12-20T09:00", "", id="nothing watched, nothing due"),
        pytest.param("53", {}, "2027-01-04T07:59", "", id="a year with 53 weeks"),
        pytest.param("53", {}, "2027-01-04T08:00", "53", id="its last week"),
        pytest.param(
            "47", {47: "2026-11-23T08:00"}, "2026-11-23T07:30", "", id="the clock set back over eight"
        ),
        pytest.param(
            "47", {47: "2026-11-23T09:00"}, "2026-11-23T08:00", "", id="the clock set back by an hour"
        ),
        pytest.param(
            "47", {47: "2026-11-18T10:00"}, "2026-11-23T08:00", "47", id="made before its week had ended"
        ),
        pytest.param(
            "47", {47: "2026-12-18T10:00"}, "2026-11-23T08:00", "47", id="made by a clock a month fast"
        ),
        pytest.param(
            "47", {47: "2026-12-18T10:00"}, "2026-11-20T08:00", "", id="but not before the week is over"
        ),
        pytest.param(
            "47",
            {47: "2026-11-23T08:00+09:00"},
            "2026-11-22T18:01-05:00",
            "",
            id="landed on the Sunday before",
        ),
        pytest.param(
            "47",
            {47: "2026-11-23T08:00+09:00"},
            "2026-11-23T08:00-05:00",
            "",
            id="made in Tokyo, now New York",
        ),
        pytest.param(
            "47",
            {47: "2026-11-23T08:00-05:00"},
            "2026-11-24T08:00+09:00",
            "",
            id="made in New York, now Tokyo",
        ),
        pytest.param("47", {}, "2026-11-23T08:00+14:00", "47", id="where Monday begins first"),
        pytest.param("47", {}, "2026-11-23T07:59-12:00", "", id="where it begins last"),
        pytest.param("12", {}, "2026-03-23T08:00+01:00", "12", id="the week before the clocks go forward"),
        pytest.param("13", {}, "2026-03-30T07:59+02:00", "", id="the Monday after it"),
        pytest.param("13", {}, "2026-03-30T08:00+02:00", "13", id="eight on that Monday"),
    ],
)
def test_when_a_week_is_due(watched: str, made: dict[int, str], now: str, expected: str) -> None:
    def name(number: str | int) -> str:
        return f"2026-W{number}"

    found = due(
        [name(it) for it in watched.split()],
        {name(number): local(moment) for number, moment in made.items()},
        local(now),
        0,
        time(8, 0),
    )
    assert found == [name(it) for it in expected.split()]


def test_the_day_and_the_hour_can_be_chosen() -> None:
    friday = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    assert due(["2026-W47"], {}, friday, 4, time(17, 0)) == ["2026-W47"]
    assert due(["2026-W47"], {}, friday.replace(hour=16, minute=59), 4, time(17, 0)) == []
    assert due(["2026-W47"], {}, friday - timedelta(days=4), 4, time(17, 0)) == []


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Europe/Berlin", "America/Havana", "Pacific/Kiritimati", "Pacific/Apia", "Australia/Lord_Howe"],
)
def test_an_hourly_question_makes_each_week_once_through_a_year(zone: str) -> None:
    there = ZoneInfo(zone)
    weeks = [f"2026-W{number:02d}" for number in range(1, 54)]
    made: dict[str, datetime] = {}
    for hour in range(370 * 24):
        now = datetime.fromtimestamp(1_767_225_600 + hour * 3600, there)  # from 2026-01-01 00:00 UTC
        if now.weekday() in (0, 6):
            so_far = [it for it in weeks if it <= week_name(now.date())]
            for name in due(so_far[-3:], made, now, 0, time(8, 0)):
                assert name not in made
                assert (now.weekday(), now.hour) == (0, 8)
                made[name] = now
    assert list(made) == weeks


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    recorder = Recorder(tmp_path / "data" / "log.db")
    yield recorder
    recorder.log.close()


def weeks_of(recorder: Recorder, made: Iterable[str] = (), today: date = date(2027, 1, 31)) -> list[str]:
    with LogReader.open(recorder.path) as reader:
        return watched_weeks(reader, made, today)


def test_weeks_with_anything_watched_are_found_rolled_up_or_not(recorder: Recorder) -> None:
    assert weeks_of(recorder) == []
    for days in (-21, 0, 10, 45):  # weeks 44, 47, 49 and 53 from a Sunday on
        recorder.run([(days * DAY, Posture.GOOD), (days * DAY + 1, Posture.GOOD)])
    expected = ["2026-W44", "2026-W47", "2026-W49", "2027-W01"]
    assert weeks_of(recorder) == expected
    roll_up(recorder.log)
    assert weeks_of(recorder) == expected
    recorder.log.retain(0, 0, recorder.at(60 * DAY))
    assert weeks_of(recorder) == expected
    assert weeks_of(recorder, today=date(2026, 12, 3)) == expected[:3], "not weeks of a clock that was fast"
    assert weeks_of(recorder, made=["2026-W45"]) == ["2026-W44", "2026-W45", *expected[1:]]


@pytest.mark.parametrize(
    ("zone", "week"),
    [("Pacific/Kiritimati", "2026-W48"), ("UTC", "2026-W47"), ("America/New_York", "2026-W47")],
)
def test_a_week_is_the_one_that_the_clock_showed_then(tmp_path: Path, zone: str, week: str) -> None:
    recorder = Recorder(tmp_path / "log.db", zone=ZoneInfo(zone))  # Sunday noon in Greenwich
    recorder.run([(0, Posture.GOOD), (1, Posture.GOOD)])
    recorder.log.close()
    assert weeks_of(recorder) == [week]


@pytest.fixture
def reader(recorder: Recorder) -> Iterator[LogReader]:
    recorder.run(each_second(0, 61, Posture.GOOD))
    with LogReader.open(recorder.path) as reader:
        yield reader


def test_the_file_is_private_and_replaces_an_older_one(reader: LogReader, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir(mode=0o755)
    (folder / "uprightd-2026-W47.html").write_text("older")
    path, summary = write_weekly(reader, "2026-W47", folder)
    text = path.read_text(encoding="utf-8")
    assert path == folder / "uprightd-2026-W47.html"
    assert summary.watched == 60
    assert "Week 47 of 2026, Mon 16 Nov to Sun 22 Nov" in text
    assert "older" not in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == [path.name]


def test_a_full_disk_leaves_the_older_file_and_no_half_of_a_new_one(
    reader: LogReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = write_weekly(reader, "2026-W47", tmp_path / "reports")
    path.write_text("the older one")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left") as caught:
        write_weekly(reader, "2026-W47", tmp_path / "reports")
    assert str(path) in caught.value.message
    assert path.read_text(encoding="utf-8") == "the older one"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_is_named(reader: LogReader, tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("")
    with pytest.raises((DeniedError, CannotCreateError), match="afile"):
        write_weekly(reader, "2026-W47", tmp_path / "afile" / "reports")
