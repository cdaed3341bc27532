"""The figures of a period, from real logs: elapsed time, split at midnight, credited once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Alert, Instant, Posture, Reading, Reason, Severity, Value, View, unknown
from uprightd.report.data import to_json
from uprightd.report.periods import Period, day, stretch, week
from uprightd.report.summary import Summary, summarise
from uprightd.store.log import Log
from uprightd.store.reading import LogReader, Spread

UTC = ZoneInfo("UTC")
T0 = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC, a Sunday
GOOD, POOR, UNRELIABLE, AWAY = Posture.GOOD, Posture.POOR, Posture.UNRELIABLE, Posture.AWAY


class Recorder:
    """Writes a log as the monitor would; times are seconds after `zero`."""

    def __init__(self, path: Path, zero: float = T0, zone: ZoneInfo = UTC) -> None:
        self.path = path
        self.zero = zero
        self.log = Log.open(
            path, metrics=("neck_flexion", "head_x"), clock=FollowingClock(Instant(zero, 0.0)), zone=zone
        )
        self.log.database.execute("PRAGMA synchronous = OFF")

    def at(self, second: float) -> Instant:
        return Instant(self.zero + second, second)

    def run(
        self, samples: Iterable[tuple[float, Posture]], period: float = 1.0, end: float | None = None
    ) -> None:
        samples = list(samples)
        self.log.begin_run("camera 0", "none", self.at(samples[0][0]), period)
        with self.log.database.atomic():
            for second, posture in samples:
                known = posture in (GOOD, POOR)
                value = Value(second % 60) if known else unknown(Reason.OCCLUDED)
                reading = Reading(
                    self.at(second), posture != AWAY, View.FRONTAL, {"neck_flexion": value}, 0.9
                )
                self.log.add_sample(reading, posture)
        if end is not None:
            self.log.end_run(self.at(end))

    def alert(self, second: float, rule: str = "neck-flexed") -> None:
        at = self.at(second)
        self.log.add_alert(
            Alert(
                rule,
                Severity.WARN,
                "Sit back.",
                "neck_flexion",
                52.3,
                45.0,
                2.0,
                self.at(second - 2),
                at,
                "neck flexion 52.3° > 45.0° for 2 s",
                View.FRONTAL,
                0.9,
                second,
            )
        )

    def summary(self, period: Period | None = None) -> Summary:
        with LogReader.open(self.path) as reader:
            return summarise(reader, period or stretch(self.zero - 10, self.zero + 86_400, "A day", UTC))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterable[Recorder]:
    recorder = Recorder(tmp_path / "log.db")
    yield recorder
    recorder.log.close()


def each_second(first: int, last: int, posture: Posture) -> list[tuple[float, Posture]]:
    return [(float(second), posture) for second in range(first, last)]


def test_each_state_gets_the_time_until_the_next_sample(recorder: Recorder) -> None:
    beats = [*each_second(0, 10, GOOD), *each_second(10, 14, POOR), *each_second(14, 16, UNRELIABLE)]
    recorder.run([*beats, *each_second(16, 20, AWAY)], end=20)
    summary = recorder.summary()
    assert summary.seconds == {GOOD: 10, POOR: 4, UNRELIABLE: 2, AWAY: 3}
    assert (summary.samples, summary.watched, summary.judged) == (20, 19, 14)
    assert summary.detected == 16 / 20
    assert summary.coverage == 19 / 20
    assert (summary.runs, summary.running) == (1, 20)


def test_a_pause_is_nobodys_time_and_shows_in_the_coverage(recorder: Recorder) -> None:
    recorder.run([*each_second(0, 11, GOOD), *each_second(90, 101, GOOD)], end=100)
    summary = recorder.summary()
    assert (summary.watched, summary.running, summary.coverage) == (20, 100, 0.2)


def test_each_run_has_a_pulse_of_its_own(recorder: Recorder) -> None:
    recorder.run([(0, GOOD), (8, GOOD), (16, GOOD)], period=1.0, end=16)
    recorder.run([(100, GOOD), (108, GOOD), (116, GOOD)], period=10.0, end=116)
    assert recorder.summary().seconds[GOOD] == 16


def test_the_longest_stretches_are_found_with_their_beginning(recorder: Recorder) -> None:
    beats = [*each_second(0, 3, POOR), *each_second(3, 33, GOOD), *each_second(33, 40, POOR), (40.0, GOOD)]
    recorder.run(beats, end=40)
    summary = recorder.summary()
    assert summary.longest_good is not None
    assert summary.longest_poor is not None
    assert (summary.longest_good.seconds, summary.longest_good.start.isoformat()) == (
        30,
        "2026-11-22T12:00:03+00:00",
    )
    assert (summary.longest_poor.seconds, summary.longest_poor.start.second) == (7, 33)


def test_metrics_are_summed_up_where_they_were_known(recorder: Recorder) -> None:
    recorder.run([*each_second(0, 5, GOOD), *each_second(5, 9, AWAY)], end=9)
    assert recorder.summary().metrics == {"neck_flexion": Spread(5, 0.0, 2.0, 4.0)}


def test_a_killed_run_lasted_to_its_last_sample(recorder: Recorder) -> None:
    recorder.run(each_second(0, 31, GOOD))
    recorder.run(each_second(60, 71, GOOD), end=80)
    summary = recorder.summary()
    assert (summary.runs, summary.running, summary.watched) == (2, 50, 40)


def test_a_clock_set_back_counts_no_moment_twice(recorder: Recorder) -> None:
    recorder.run([*each_second(0, 61, GOOD), *each_second(30, 91, GOOD)], end=90)
    summary = recorder.summary()
    assert (summary.samples, summary.watched, summary.coverage) == (122, 90, 1.0)


def test_time_of_two_runs_at_once_counts_once(recorder: Recorder) -> None:
    recorder.run(each_second(0, 61, GOOD), end=60)
    recorder.run(each_second(30, 91, GOOD), end=90)  # the clock was set back in between
    summary = recorder.summary()
    assert (summary.runs, summary.running) == (2, 90)
    assert 60 <= summary.watched <= 90


def test_a_clock_thrown_forward_for_a_moment_adds_nothing(recorder: Recorder) -> None:
    thrown = [*each_second(0, 11, GOOD), (30 * 86_400.0, GOOD), *each_second(11, 21, GOOD)]
    recorder.run(thrown, end=20)
    assert recorder.summary().watched == 20


def test_alerts_carry_the_time_that_the_clock_on_the_wall_showed(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "log.db", zone=ZoneInfo("Pacific/Kiritimati"))
    recorder.run(each_second(0, 3, POOR), end=3)
    recorder.alert(2.5)
    recorder.log.close()
    (alert,) = recorder.summary().alerts
    assert alert.at.isoformat() == "2026-11-23T02:00:02.500000+14:00"
    assert (alert.rule, alert.held, alert.position, alert.outcome) == ("neck-flexed", 2.0, 2.5, "pending")


@pytest.mark.parametrize(
    ("zone", "monday"),
    [
        pytest.param("Europe/Berlin", date(2026, 3, 23), id="clocks forward"),
        pytest.param("Europe/Berlin", date(2026, 10, 19), id="clocks back"),
        pytest.param("America/Havana", date(2026, 10, 26), id="midnight twice"),
        pytest.param(
            "Pacific/Kiritimati", date(2026, 12, 28), id="fourteen hours ahead, across the new year"
        ),
        pytest.param("Pacific/Apia", date(2011, 12, 26), id="a day left out"),
    ],
)
def test_the_days_of_a_week_add_up_to_it(tmp_path: Path, zone: str, monday: date) -> None:
    there = ZoneInfo(zone)
    year, number, _ = monday.isocalendar()
    whole = week(f"{year}-W{number:02d}", there)
    recorder = Recorder(tmp_path / "log.db", whole.start_ms / 1000, there)
    states = list(Posture)
    # Odd steps, so that no sample falls on a midnight; from before the week's beginning to after its end.
    beats = [(second, states[second // 7_000 % 4]) for second in range(-997, int(whole.seconds) + 2_000, 997)]
    recorder.run(beats, period=1000.0, end=whole.seconds + 5_000)
    recorder.log.close()
    total = recorder.summary(whole)
    days = [recorder.summary(day(monday + timedelta(days=n), there)) for n in range(7)]
    assert total.watched == whole.seconds
    assert {p: round(sum(d.seconds[p] for d in days), 3) for p in Posture} == total.seconds
    assert sum(d.samples for d in days) == total.samples
    assert total.coverage == 1.0


def test_a_period_without_anything_is_all_zero(recorder: Recorder) -> None:
    summary = recorder.summary()
    assert (summary.samples, summary.watched, summary.running, summary.alerts) == (0, 0, 0, ())
    assert (summary.detected, summary.coverage, summary.longest_good) == (None, None, None)
    assert to_json(summary)["coverage"] is None


def test_the_data_for_programs_has_the_same_sums(recorder: Recorder) -> None:
    recorder.run([(n * 0.333, states) for n, states in enumerate([GOOD] * 40 + [POOR] * 30)], end=30)
    recorder.alert(20.0)
    summary = recorder.summary()
    data = json.loads(json.dumps(to_json(summary)))
    assert data["seconds"] == {str(posture): seconds for posture, seconds in summary.seconds.items()}
    assert data["watched"] == round(sum(data["seconds"].values()), 3) == 22.977
    assert data["longest_poor"] == {"start": "2026-11-22T12:00:13.320000+00:00", "seconds": 9.657}
    assert data["alerts"][0] == {
        "at": "2026-11-22T12:00:20+00:00",
        "position": 20.0,
        "rule": "neck-flexed",
        "severity": "warn",
        "message": "Sit back.",
        "metric": "neck_flexion",
        "value": 52.3,
        "threshold": 45.0,
        "held": 2.0,
        "view": "frontal",
        "reason": "neck flexion 52.3° > 45.0° for 2 s",
        "outcome": "pending",
    }
