"""Days and weeks are the person's own, whatever the clocks do there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from uprightd.errors import UsageError
from uprightd.intervals import HOUR_MS, MINUTE_MS
from uprightd.report.moments import by_clock
from uprightd.report.periods import (
    day,
    is_week,
    last_days,
    local_day,
    local_hour,
    parse,
    stretch,
    week,
    week_name,
)

NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC, a Sunday


@pytest.mark.parametrize(
    ("text", "zone", "first", "last"),
    [
        ("2026-W47", "UTC", "2026-11-16", "2026-11-22"),
        ("2026-w47", "Pacific/Kiritimati", "2026-11-16", "2026-11-22"),
        ("2026-W1", "UTC", "2025-12-29", "2026-01-04"),
        ("2026-W53", "UTC", "2026-12-28", "2027-01-03"),
        (" 2026-11-22 ", "UTC", "2026-11-22", "2026-11-22"),
        ("1d", "UTC", "2026-11-22", "2026-11-22"),
        ("7d", "UTC", "2026-11-16", "2026-11-22"),
        ("7d", "Pacific/Kiritimati", "2026-11-17", "2026-11-23"),
        ("30d", "Europe/Berlin", "2026-10-24", "2026-11-22"),
    ],
)
def test_a_period_is_whole_days_and_today_is_by_the_clock_here(
    text: str, zone: str, first: str, last: str
) -> None:
    period = parse(text, NOON, ZoneInfo(zone))
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    assert (period.days[0], period.days[-1]) == (period.first, period.last)
    assert len(period.days) == (period.last - period.first).days + 1


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
    """A minute belongs to it by the clock that it was stored with."""
    there, it = ZoneInfo(zone), day(when)
    low, high = it.reach
    assert high - low == 24 * HOUR_MS + 30 * HOUR_MS
    minutes = sum(it.holds(at_ms, offset(at_ms, there)) for at_ms in range(low, high, MINUTE_MS))
    assert minutes == hours * 60
    start, end = it.in_zone(there)
    assert end - start == hours * HOUR_MS


def offset(at_ms: int, zone: ZoneInfo) -> int:
    ahead = datetime.fromtimestamp(at_ms / 1000, zone).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds() / 60)


@pytest.mark.parametrize("offset_min", [0, 60, 840, -720, 345, 630, -210])
def test_every_moment_is_of_one_day_and_one_week_by_any_clock(offset_min: int) -> None:
    monday = date(2026, 10, 19)
    days = [day(monday + timedelta(days=number)) for number in range(-2, 10)]
    weeks = [week("2026-W42"), week("2026-W43"), week("2026-W44")]
    assert [a.bounds(offset_min)[1] for a in days[:-1]] == [b.bounds(offset_min)[0] for b in days[1:]]
    assert [a.bounds(offset_min)[1] for a in weeks[:-1]] == [b.bounds(offset_min)[0] for b in weeks[1:]]
    low, high = weeks[1].bounds(offset_min)
    for at_ms in (low - 1, low, low + 7 * HOUR_MS, high - 1, high):
        (of_day,) = [it for it in days if it.holds(at_ms, offset_min)]
        (of_week,) = [it for it in weeks if it.holds(at_ms, offset_min)]
        assert of_day.first == local_day(at_ms, offset_min)
        assert of_week.name == week_name(of_day.first)
        assert (low <= at_ms < high) == (of_week is weeks[1])
        clock = by_clock(at_ms, offset_min)
        assert (clock.date(), clock.hour) == (of_day.first, local_hour(at_ms, offset_min))


def test_what_lies_in_a_period_is_cut_out_by_its_clock() -> None:
    it = day(date(2026, 11, 22))
    low, high = it.bounds(60)
    assert low == (NOON - 13 * 3600) * 1000
    assert it.clip(low - 5, low + 5, 60) == (low, low + 5)
    assert it.clip(high - 5, high + 5, 60) == (high - 5, high)
    assert it.clip(low - 5, low, 60) is None
    assert it.clip(high, high + 5, 60) is None
    assert it.clip(low - 5, low + 5, 0) is None, "by UTC that is the day before"
    assert it.holds(low, 60)
    assert not it.holds(high, 60)


def test_weeks_lie_end_to_end_through_a_whole_year() -> None:
    weeks = [week(f"2026-W{number:02d}") for number in range(1, 54)]
    assert all((after.first - before.last).days == 1 for before, after in pairwise(weeks))
    assert all(is_week(each.first, each.last) for each in weeks)
    assert not is_week(date(2026, 11, 17), date(2026, 11, 23))
    assert all(after.before(1).first == before.first for before, after in pairwise(weeks))


def test_the_periods_before_one_are_as_long_and_named() -> None:
    assert week("2027-W01").before(1).name == "2026-W53"
    assert week("2026-W47").before(8).name == "2026-W39"
    assert day(date(2026, 3, 1)).before(1).name == "2026-02-28"
    ten = last_days(10, NOON, ZoneInfo("UTC")).before(1)
    assert (ten.first, ten.last) == (date(2026, 11, 3), date(2026, 11, 12))


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_without_a_zone_the_systems_own_is_taken_with_its_clock_changes() -> None:
    low, high = day(date(2026, 3, 29)).in_zone()
    assert high - low == 23 * HOUR_MS
    low, high = week("2026-W43").in_zone()
    assert high - low == (7 * 24 + 1) * HOUR_MS
    assert last_days(30, NOON - 12.5 * 3600).last == date(2026, 11, 22), "00:30 in Berlin"
    assert parse("1d", NOON - 12.5 * 3600).first == date(2026, 11, 22)


def test_a_week_is_named_by_its_thursday() -> None:
    assert week_name(date(2027, 1, 1)) == "2026-W53"
    assert week_name(date(2025, 12, 29)) == "2026-W01"


def test_titles_read_like_a_person_would_say_them() -> None:
    utc = ZoneInfo("UTC")
    assert week("2026-W47").title == "Week 47 of 2026, Mon 16 Nov to Sun 22 Nov"
    assert day(date(2026, 11, 2)).title == "Monday 2 Nov 2026"
    assert last_days(7, NOON, utc).title == "Last 7 days, 16 Nov to 22 Nov"
    assert last_days(1, NOON, utc).title == "Today, 22 Nov"


def test_any_stretch_of_time_can_be_a_period() -> None:
    start = NOON + 11.9 * 3600
    period = stretch(start, start + 600.5, "Demo clip", ZoneInfo("UTC"))
    assert (period.title, period.first, period.last) == ("Demo clip", date(2026, 11, 22), date(2026, 11, 23))
    span = (round(start * 1000), round(start * 1000) + 600_500)
    assert (period.moments, period.reach, period.bounds(840), period.in_zone()) == (span, span, span, span)
    assert period.holds(span[0], -720)
    assert not period.holds(span[1], 0)
