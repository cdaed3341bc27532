"""The figures of a period, from real logs: elapsed time, split at midnight, credited once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.fakes.recorder import NOON, UTC, Recorder, each_second, roll_up

from uprightd.domain import Activity, Posture
from uprightd.report.measures import Measure
from uprightd.report.periods import day, stretch, week

GOOD, POOR, UNRELIABLE, AWAY = Posture.GOOD, Posture.POOR, Posture.UNRELIABLE, Posture.AWAY


@pytest.fixture
def recorder(tmp_path: Path) -> Iterable[Recorder]:
    recorder = Recorder(tmp_path / "log.db")
    yield recorder
    recorder.log.close()


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
    known = Measure("neck_flexion", 5, 0.0, 2.0, 4.0, 5.0, (5.0, 0.0, 0.0))
    assert recorder.summary().metrics == {"neck_flexion": known}


def test_a_killed_run_lasted_to_its_last_sample(recorder: Recorder) -> None:
    recorder.run(each_second(0, 31, GOOD))
    recorder.run(each_second(60, 71, GOOD), end=80)
    summary = recorder.summary()
    assert (summary.runs, summary.running, summary.watched) == (2, 50, 40)


def test_a_clock_set_back_counts_no_moment_twice(recorder: Recorder) -> None:
    recorder.run([*each_second(0, 61, GOOD), *each_second(30, 91, GOOD)], end=90)
    summary = recorder.summary()
    assert (summary.watched, summary.coverage) == (90, 1.0)
    assert summary.samples == 91, "of two samples of one moment one counts"


def test_time_of_two_runs_at_once_counts_once(recorder: Recorder) -> None:
    recorder.run(each_second(0, 61, GOOD), end=60)
    recorder.run(each_second(30, 91, GOOD), end=90)  # the clock was set back in between
    summary = recorder.summary()
    assert (summary.runs, summary.running, summary.watched) == (2, 90, 90)


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
    whole = week(f"{year}-W{number:02d}")
    start, end = (ms // 1000 for ms in whole.in_zone(there))
    recorder = Recorder(tmp_path / "log.db", start, there)
    states = list(Posture)
    # Steps with which samples fall on each full hour: an hour's time is what lies between two of its samples.
    beats = [(second, states[second // 7_000 % 4]) for second in range(-900, end - start + 2_000, 900)]
    recorder.run(beats, period=1000.0, end=end - start + 5_000)
    total = recorder.summary(whole)
    roll_up(recorder.log)
    assert recorder.summary(whole) == total
    days = [recorder.summary(day(monday + timedelta(days=n))) for n in range(7)]
    assert total.watched == end - start
    assert {p: round(sum(d.seconds[p] for d in days), 3) for p in Posture} == total.seconds
    assert sum(d.samples for d in days) == total.samples
    assert total.coverage == 1.0
    recorder.log.close()


def test_a_period_without_anything_is_all_zero(recorder: Recorder) -> None:
    summary = recorder.summary()
    assert (summary.samples, summary.watched, summary.running, summary.alerts) == (0, 0, 0, ())
    assert (summary.detected, summary.coverage, summary.longest_good) == (None, None, None)
    assert (summary.sitting.stretches, summary.sitting.longest, summary.recovery) == ((), None, None)
    assert (summary.metrics, summary.trend, summary.hours, summary.stateless) == ({}, (), [], 0)


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
    inner = stretch(NOON + 1_000, NOON + 2_000, "Within the pause", UTC)
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
    whole = week("2026-W43")
    start, end = (ms // 1000 for ms in whole.in_zone(there))
    recorder = Recorder(tmp_path / "log.db", start, there)
    recorder.run([(second, GOOD) for second in range(-900, end - start + 2_000, 900)], period=1000.0)
    states = [Activity.WATCHING, Activity.PAUSED, Activity.AWAY, Activity.DEGRADED]
    for turn, second in enumerate(range(-400, end - start + 1_000, 31_337)):
        recorder.say(second, states[turn % 4])
    recorder.log.end_run(recorder.at(end - start + 5_000))
    recorder.log.close()
    total = recorder.summary(whole)
    days = [recorder.summary(day(monday + timedelta(days=n))) for n in range(7)]
    for activity in states:
        spent = total.states[activity]["for a test"]
        assert spent > 86_400
        assert sum(day.states[activity].get("for a test", 0.0) for day in days) == spent
    assert sum(day.watched for day in days) == total.watched
    assert sum(day.running for day in days) == total.running == end - start
    assert total.watched + sum(total.states[it]["for a test"] for it in states[1::2]) == end - start


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
    assert {it: dict(summary.decided(it)) for it in ("spoken", "held", "dropped")} == {
        "spoken": {"": 2},
        "held": {"while you were in a call": 2, "in quiet hours": 1},
        "dropped": {"while this rule was snoozed": 2},
    }
    assert list(summary.decided("held")) == ["while you were in a call", "in quiet hours"]
    assert (summary.judged_as("wrong"), summary.judged_as("right")) == (1, 1)
    assert len(summary.alerts) == 7
    judged = {alert.id: (alert.verdict, alert.note) for alert in summary.alerts if alert.verdict}
    assert judged == {wrong: ("wrong", "I was reading"), held: ("right", "")}
    assert summary.alerts[-1].decision == "dropped"
    assert summary.alerts[-1].cause.endswith("until Monday 06:00 (by you)")
    assert {alert.after for alert in summary.alerts if alert.decision != "spoken"} == {None}


def test_alerts_are_of_the_period_by_the_clock_they_came_by(tmp_path: Path) -> None:
    """A quarter past one on Monday in Kiritimati is a Sunday in Greenwich."""
    recorder = Recorder(tmp_path / "log.db", NOON - 2700, ZoneInfo("Pacific/Kiritimati"))
    recorder.run(each_second(0, 3, POOR), end=3)
    recorder.alert(2)
    recorder.log.close()
    assert len(recorder.summary(day(date(2026, 11, 23))).alerts) == 1
    assert len(recorder.summary(week("2026-W47")).alerts) == 0
    assert recorder.summary(week("2026-W48")).watched == 2


def test_the_best_hour_comes_first_and_one_with_little_judged_is_none(recorder: Recorder) -> None:
    hour = 3600
    beats = [*each_second(0, 1500, GOOD), *each_second(1500, 1600, POOR)]
    beats += [*each_second(hour, hour + 1300, GOOD), *each_second(hour + 1300, hour + 1310, AWAY)]
    beats += each_second(2 * hour, 2 * hour + 1199, GOOD)
    beats += [
        *each_second(3 * hour, 3 * hour + 700, GOOD),
        *each_second(3 * hour + 700, 3 * hour + 1401, POOR),
    ]
    recorder.run(beats)
    hours = recorder.summary().hours
    assert [(it.hour, it.judged, it.good) for it in hours] == [
        (13, 1300, 1300),
        (12, 1599, 1500),
        (15, 1400, 700),
    ]
    assert [it.share for it in hours] == [1.0, 1500 / 1599, 0.5]


def test_the_monitor_runs_through_a_change_of_clocks_and_a_flight(tmp_path: Path) -> None:
    """From Tokyo to New York in one run: a Monday of 24 hours there, and the rest of it once more here."""
    monday = date(2026, 11, 16)
    start = day(monday).in_zone(ZoneInfo("Asia/Tokyo"))[0] / 1000
    recorder = Recorder(tmp_path / "log.db", start, ZoneInfo("Asia/Tokyo"))
    recorder.begin(0, 1000.0)
    for second in range(0, 40 * 3600 + 1, 900):
        if second == 24 * 3600:
            recorder.log._zone = ZoneInfo("America/New_York")
        recorder.sample(second, GOOD)
    recorder.log.end_run(recorder.at(40 * 3600))
    recorder.log.close()
    first, second = recorder.summary(day(monday)), recorder.summary(day(monday + timedelta(days=1)))
    assert (first.watched, first.running) == ((24 + 14) * 3600, (24 + 14) * 3600)
    assert (second.watched, second.running) == (2 * 3600, 2 * 3600)
    whole = recorder.summary(week("2026-W47"))
    assert (whole.watched, whole.running, whole.coverage) == (40 * 3600, 40 * 3600, 1.0)


def test_what_was_rolled_up_gives_the_same_summary_when_its_samples_are_gone(recorder: Recorder) -> None:
    for turn in range(3):
        zero = turn * 4000
        beats = [*each_second(zero, zero + 900, GOOD), *each_second(zero + 900, zero + 1500, POOR)]
        recorder.run([*beats, *each_second(zero + 1500, zero + 1800, AWAY), (zero + 1800.0, GOOD)])
        recorder.say(zero, Activity.WATCHING)
        recorder.alert(zero + 950)
        recorder.say(zero + 1801, Activity.PAUSED, "by you")
        recorder.log.end_run(recorder.at(zero + 2000))
    periods = (week("2026-W47"), day(date(2026, 11, 22)), None)
    before = [recorder.summary(period) for period in periods]
    roll_up(recorder.log)
    assert [recorder.summary(period) for period in periods] == before
    assert recorder.log.retain(0, 0, recorder.at(4 * 86_400)) == 5403
    assert [recorder.summary(period) for period in periods] == before
    assert before[0].samples == 5403
    assert before[0].states[Activity.PAUSED] == {"by you": 3 * 199}
