"""Days and weeks are the person's own, whatever the clocks do there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from uprightd.errors import UsageError
from uprightd.report.periods import day, last_days, local, parse, stretch, week, week_name

NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC, a Sunday
HOUR = 3600.0
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "zone", "start", "end"),
    [
        ("2026-W47", "UTC", "2026-11-16T00:00:00+00:00", "2026-11-23T00:00:00+00:00"),
        ("2026-w47", "Europe/Berlin", "2026-11-16T00:00:00+01:00", "2026-11-23T00:00:00+01:00"),
        ("2026-W1", "UTC", "2025-12-29T00:00:00+00:00", "2026-01-05T00:00:00+00:00"),
        ("2026-W53", "UTC", "2026-12-28T00:00:00+00:00", "2027-01-04T00:00:00+00:00"),
        ("2026-W44", "America/New_York", "2026-10-26T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
        (" 2026-11-22 ", "UTC", "2026-11-22T00:00:00+00:00", "2026-11-23T00:00:00+00:00"),
        ("2026-11-22", "Pacific/Kiritimati", "2026-11-22T00:00:00+14:00", "2026-11-23T00:00:00+14:00"),
        ("1d", "UTC", "2026-11-22T00:00:00+00:00", "2026-11-22T12:00:00+00:00"),
        ("7d", "UTC", "2026-11-16T00:00:00+00:00", "2026-11-22T12:00:00+00:00"),
        ("7d", "Pacific/Kiritimati", "2026-11-17T00:00:00+14:00", "2026-11-23T02:00:00+14:00"),
        ("30d", "Europe/Berlin", "2026-10-24T00:00:00+02:00", "2026-11-22T13:00:00+01:00"),
    ],
)
def test_a_period_is_read_in_local_time(text: str, zone: str, start: str, end: str) -> None:
    period = parse(text, NOON, ZoneInfo(zone))
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "last week",
        "2026",
        "2026-W00",
        "2026-W54",
        "2025-W53",
        "2026-02-30",
        "2026-13-01",
        "0d",
        "99999d",
        "-3d",
        "7",
        "7.5d",
        "2026-W47-1",
        "0001-W01",
        "9999-12-31",
        "1969-12-31",
        "٢026-W47",
        "2026-W٤7",
    ],
)
def test_what_is_no_period_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(UsageError, match="no period") as caught:
        parse(text, NOON, ZoneInfo("UTC"))
    assert caught.value.exit_code == 64
    assert "2026-W47" in caught.value.hint


@pytest.mark.parametrize(
    ("zone", "when", "hours"),
    [
        pytest.param("Europe/Berlin", date(2026, 3, 29), 23, id="clocks forward"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), 25, id="clocks back"),
        pytest.param("Australia/Lord_Howe", date(2026, 4, 5), 24.5, id="half an hour back"),
        pytest.param("America/Sao_Paulo", date(2018, 11, 4), 23, id="no midnight on that day"),
        pytest.param("America/Havana", date(2026, 11, 1), 25, id="midnight twice"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), 0, id="a day that was left out"),
        pytest.param("Pacific/Kiritimati", date(2026, 11, 22), 24, id="fourteen hours ahead"),
    ],
)
def test_a_day_lasts_as_long_as_it_lasts_there(zone: str, when: date, hours: float) -> None:
    assert day(when, ZoneInfo(zone)).seconds == hours * HOUR


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/Havana", "Pacific/Kiritimati", "Asia/Kathmandu"]
)
def test_weeks_lie_end_to_end_through_a_whole_year(zone: str) -> None:
    weeks = [week(f"2026-W{number:02d}", ZoneInfo(zone)) for number in range(1, 54)]
    assert all(before.end_ms == after.start_ms for before, after in pairwise(weeks))
    assert sum(week.seconds for week in weeks) == 53 * 7 * DAY


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_without_a_zone_the_systems_own_is_taken_with_its_clock_changes() -> None:
    assert day(date(2026, 3, 29)).seconds == 23 * HOUR
    assert week("2026-W43").seconds == 7 * DAY + HOUR
    assert local(NOON).isoformat() == "2026-11-22T13:00:00+01:00"
    assert last_days(30, NOON).start.isoformat() == "2026-10-24T00:00:00+02:00"


def test_a_week_is_named_by_its_thursday() -> None:
    assert week_name(date(2027, 1, 1)) == "2026-W53"
    assert week_name(date(2025, 12, 29)) == "2026-W01"


def test_titles_read_like_a_person_would_say_them() -> None:
    utc = ZoneInfo("UTC")
    assert week("2026-W47", utc).title == "Week 47 of 2026, Mon 16 Nov to Sun 22 Nov"
    assert day(date(2026, 11, 2), utc).title == "Monday 2 Nov 2026"
    assert last_days(7, NOON, utc).title == "Last 7 days, 16 Nov to 22 Nov"
    assert last_days(1, NOON, utc).title == "Today, 22 Nov"


def test_any_stretch_of_time_can_be_a_period() -> None:
    period = stretch(NOON, NOON + 20.5, "Demo clip", ZoneInfo("UTC"))
    assert (period.title, period.seconds) == ("Demo clip", 20.5)
    assert period.start == datetime.fromisoformat("2026-11-22T12:00:00+00:00")
