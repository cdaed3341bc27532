"""The figures of a period, from real logs: elapsed time, split at midnight, credited once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import (
    Activity,
    Alert,
    Instant,
    MonitorState,
    Posture,
    Reading,
    Reason,
    Severity,
    Value,
    View,
    unknown,
)
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

    def say(self, second: float, activity: Activity, reason: str = "for a test") -> None:
        """The monitor of the latest run goes into a state."""
        self.log.add_transition(MonitorState(activity, reason), self.at(second))

    def alert(
        self, second: float, rule: str = "neck-flexed", decision: str = "spoken", cause: str = ""
    ) -> int:
        at = self.at(second)
        return self.log.add_alert(
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
            ),
            decision,
            cause,
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
        "id": 1,
        "decision": "spoken",
        "decision_reason": "",
        "feedback": None,
    }


def test_each_state_of_the_monitor_has_its_time_and_all_of_them_add_up(recorder: Recorder) -> None:
    recorder.run([*each_second(0, 60, GOOD), *each_second(160, 200, AWAY), *each_second(260, 281, GOOD)])
    recorder.say(0, Activity.WATCHING, "someone in view")
    recorder.say(60, Activity.PAUSED, "by you, until Sun 12:05")
    recorder.say(90, Activity.PAUSED, "the screen is locked")
    recorder.say(110, Activity.PAUSED, "by you, until `uprightd resume`")
    recorder.say(160, Activity.AWAY, "nobody in view")
    recorder.say(200, Activity.DEGRADED, "camera: it sends nothing until Monday")
    recorder.say(260, Activity.WATCHING, "someone in view")
    recorder.log.end_run(recorder.at(300))
    summary = recorder.summary()
    assert summary.states == {
        Activity.WATCHING: {"someone in view": 79.0},  # 59 and 20 between samples
        Activity.AWAY: {"nobody in view": 39.0},
        Activity.UNRELIABLE: {},
        Activity.UNCALIBRATED: {},
        Activity.PAUSED: {"by you": 80.0, "the screen is locked": 20.0},
        Activity.DEGRADED: {"camera: it sends nothing until Monday": 60.0},
    }
    assert list(summary.states[Activity.PAUSED]) == ["by you", "the screen is locked"]
    assert summary.running == 300
    assert summary.stateless == 300 - 79 - 39 - 100 - 60


def test_a_pause_too_short_for_the_pulse_to_see_is_nobodys_posture(recorder: Recorder) -> None:
    recorder.run([(0, GOOD), (10, GOOD), (30, GOOD), (40, GOOD)], period=10.0, end=40)
    recorder.say(0, Activity.WATCHING)
    recorder.say(12, Activity.PAUSED, "you are in a call")
    recorder.say(30, Activity.WATCHING)
    summary = recorder.summary()
    assert summary.seconds[GOOD] == 22
    assert summary.longest_good is not None
    assert summary.longest_good.seconds == 12
    assert summary.states[Activity.WATCHING] == {"for a test": 22.0}
    assert summary.states[Activity.PAUSED] == {"you are in a call": 18.0}


def test_of_a_killed_run_s_last_state_only_what_samples_bear_out_counts(recorder: Recorder) -> None:
    recorder.run(each_second(0, 31, GOOD))
    recorder.say(0, Activity.WATCHING)
    recorder.run(each_second(100, 111, GOOD))
    recorder.say(100, Activity.WATCHING)
    recorder.say(111, Activity.PAUSED, "by you")
    recorder.say(121, Activity.DEGRADED, "log: full")
    recorder.run(each_second(500, 511, GOOD), end=510)
    recorder.say(500, Activity.WATCHING)
    summary = recorder.summary()
    assert {name: sum(reasons.values()) for name, reasons in summary.states.items() if reasons} == {
        Activity.WATCHING: 30 + 10 + 10,
        Activity.PAUSED: 10,
    }
    assert summary.running == 30 + 21 + 10


def test_a_sleep_in_a_state_that_watches_belongs_to_nobody(recorder: Recorder) -> None:
    night = 8 * 3600
    recorder.run([*each_second(0, 11, AWAY), *each_second(night, night + 11, AWAY)], end=night + 10)
    recorder.say(0, Activity.AWAY, "nobody in view")
    summary = recorder.summary()
    assert summary.states[Activity.AWAY] == {"nobody in view": 20.0}
    assert summary.stateless == night + 10 - 20


def test_a_state_counts_from_before_the_period_to_after_it(recorder: Recorder) -> None:
    recorder.run([(0, GOOD)])
    recorder.say(0, Activity.WATCHING)
    recorder.say(5, Activity.PAUSED, "by you")
    recorder.say(5_000, Activity.DEGRADED, "model: gone")
    inner = stretch(T0 + 1_000, T0 + 2_000, "Within the pause", UTC)
    summary = recorder.summary(inner)
    assert summary.states[Activity.PAUSED] == {"by you": 1_000.0}
    assert (summary.running, summary.runs, summary.stateless) == (1_000, 1, 0)


def test_a_clock_set_back_counts_no_state_twice(recorder: Recorder) -> None:
    recorder.run([*each_second(0, 61, GOOD), *each_second(30, 91, GOOD)], end=100)
    recorder.say(0, Activity.WATCHING)
    recorder.say(58, Activity.DEGRADED, "camera: gone")
    recorder.say(30, Activity.PAUSED, "by you")
    recorder.say(70, Activity.WATCHING)
    states = recorder.summary().states
    assert states[Activity.PAUSED] == {"by you": 40.0}
    assert states[Activity.DEGRADED] == {}
    assert sum(sum(reasons.values()) for reasons in states.values()) <= 100


def test_the_states_of_the_days_of_a_week_add_up_to_it(tmp_path: Path) -> None:
    there = ZoneInfo("Europe/Berlin")
    monday = date(2026, 10, 19)  # the week in which the clocks go back
    whole = week("2026-W43", there)
    recorder = Recorder(tmp_path / "log.db", whole.start_ms / 1000, there)
    recorder.run([(second, GOOD) for second in range(-500, int(whole.seconds) + 2_000, 997)], period=1000.0)
    states = [Activity.WATCHING, Activity.PAUSED, Activity.AWAY, Activity.DEGRADED]
    for turn, second in enumerate(range(-400, int(whole.seconds) + 1_000, 31_337)):
        recorder.say(second, states[turn % 4])
    recorder.log.end_run(recorder.at(whole.seconds + 5_000))
    recorder.log.close()
    total = recorder.summary(whole)
    days = [recorder.summary(day(monday + timedelta(days=n), there)) for n in range(7)]
    for activity in states:
        spent = total.states[activity]["for a test"]
        assert spent > 86_400
        assert round(sum(day.states[activity].get("for a test", 0.0) for day in days), 3) == spent
    assert round(sum(day.watched for day in days), 3) == total.watched
    assert total.watched + sum(total.states[it]["for a test"] for it in states[1::2]) == whole.seconds


def test_alerts_are_counted_by_what_became_of_them(recorder: Recorder) -> None:
    recorder.run(each_second(0, 60, POOR), end=60)
    recorder.alert(10)
    wrong = recorder.alert(11)
    recorder.alert(12, decision="held", cause="in quiet hours")
    held = recorder.alert(13, decision="held", cause="while you were in a call")
    recorder.alert(14, decision="held", cause="while you were in a call")
    recorder.alert(15, decision="dropped", cause="while this rule was snoozed until 12:30 (by you)")
    recorder.alert(16, decision="dropped", cause="while this rule was snoozed until Monday 06:00 (by you)")
    recorder.log.add_feedback(wrong, "wrong", "I was reading", recorder.at(11 * 86_400))
    recorder.log.add_feedback(held, "right", "", recorder.at(50))
    summary = recorder.summary()
    data = json.loads(json.dumps(to_json(summary)))
    assert data["decisions"] == {
        "spoken": {"alerts": 2, "reasons": {}},
        "held": {"alerts": 3, "reasons": {"while you were in a call": 2, "in quiet hours": 1}},
        "dropped": {"alerts": 2, "reasons": {"while this rule was snoozed": 2}},
    }
    assert data["feedback"] == {"wrong": 1, "right": 1}
    assert len(data["alerts"]) == 7
    judged = {alert["id"]: alert["feedback"] for alert in data["alerts"] if alert["feedback"]}
    assert judged == {
        wrong: {"verdict": "wrong", "note": "I was reading"},
        held: {"verdict": "right", "note": ""},
    }
    assert data["alerts"][-1]["decision"] == "dropped"
    assert data["alerts"][-1]["decision_reason"].endswith("until Monday 06:00 (by you)")


def test_the_states_are_data_for_programs_too(recorder: Recorder) -> None:
    recorder.run(each_second(0, 11, GOOD), end=40)
    recorder.say(0, Activity.WATCHING, "someone in view")
    recorder.say(10.5, Activity.PAUSED, "on battery")
    recorder.say(20.5, Activity.PAUSED, "quiet hours")
    data = json.loads(json.dumps(to_json(recorder.summary())))
    assert data["states"] == {
        "watching": {"seconds": 10.0, "reasons": {"someone in view": 10.0}},
        "away": {"seconds": 0, "reasons": {}},
        "unreliable": {"seconds": 0, "reasons": {}},
        "uncalibrated": {"seconds": 0, "reasons": {}},
        "paused": {"seconds": 29.5, "reasons": {"quiet hours": 19.5, "on battery": 10.0}},
        "degraded": {"seconds": 0, "reasons": {}},
    }
    assert data["stateless"] == 0.5
