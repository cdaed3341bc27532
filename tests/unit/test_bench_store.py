"""The made-up year: the same each time, whole in the log, and measured without leaving anything behind."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date
from pathlib import Path

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Instant, Posture
from uprightd.metrics.definitions import METRICS
from uprightd.service import bench_store
from uprightd.service.bench_store import measure_store, text
from uprightd.service.bench_year import HOURS, Year
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

MONDAY = date(2025, 11, 24)


def test_a_day_lasts_its_hours_and_has_something_of_everything() -> None:
    days = list(Year(MONDAY, UTC).days(10))
    for day in days:
        assert sum(stay.seconds for stay in day.stays) == HOURS * 3600
    seconds: Counter[str] = Counter()
    for day in days:
        for stay in day.stays:
            seconds[stay.posture.value if stay.posture else "paused"] += stay.seconds
    shares = {name: each / seconds.total() for name, each in seconds.items()}
    assert set(shares) == {"good", "poor", "unreliable", "away", "paused"}
    assert shares["good"] > shares["poor"] > shares["unreliable"] > 0


def test_a_year_has_two_hundred_and_fifty_working_days_and_is_the_same_each_time() -> None:
    days = list(Year(MONDAY, UTC).days(250))
    assert 360 <= (days[-1].start - days[0].start) / 86_400 <= 371
    assert next(Year(MONDAY, UTC).days(1)) == days[0]
    assert next(Year(MONDAY, UTC, seed=2).days(1)) != days[0]


def test_a_day_is_logged_as_it_went(tmp_path: Path) -> None:
    year = Year(MONDAY, UTC)
    day = next(year.days(1))
    with Log.open(
        tmp_path / "log.db", metrics=METRICS, clock=FollowingClock(Instant(1.0, 0.0)), zone=UTC
    ) as log:
        samples = year.log_day(log, day)
        with LogReader.open(log.path) as reader:
            intervals = reader.intervals(0, 2**62)
            assert reader.counts()["samples"] == samples
    poor = sum(stay.seconds for stay in day.stays if stay.posture is Posture.POOR)
    found = sum(each.ms for each in intervals if each.posture == Posture.POOR) / 1000
    assert found == pytest.approx(poor, abs=len(day.stays))


def test_every_figure_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_store, "ROWS", 20)
    monkeypatch.setattr(bench_store, "REPEATS", 1)
    monkeypatch.setattr(bench_store, "MONTH", 1)
    told: list[str] = []
    figures = measure_store(2, told.append)
    assert told == ["day 1 of 2", "day 2 of 2", "summaries"]
    assert figures["samples"] > 40_000
    assert figures["insert"]["durable_over_batched"] > 1
    assert set(figures["command_s"]) == {"json", "text", "html"}
    assert min(figures["upkeep_cpu_s_per_day"].values()) >= 0
    assert figures["megabytes"] > 1
    assert figures["growth"] > 0
    assert figures["insert_beside_a_report"]["rows"] > 0
    assert "2 working days" in text(figures)
