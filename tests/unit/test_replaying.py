"""Rules rehearsed over a real log: the engine's own alerts again, and nothing across what interrupted the monitor."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.body import SIZE
from tests.fakes.loop import sitting
from tests.fakes.story import FLEXED, NECK, START, UPRIGHT, Story

from uprightd.calibration.baseline import averaged
from uprightd.domain import Activity, Alert, Instant, Severity, View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.reading import sight_of
from uprightd.metrics.scene import USUAL_OPTICS
from uprightd.paths import shipped
from uprightd.profiles.profile import Profile
from uprightd.rules.loading import load_pack
from uprightd.rules.model import Rule, Sitting
from uprightd.service import monitor
from uprightd.service.replaying import (
    LONGEST_HANG,
    NO_BASELINES,
    RATE_AFTER,
    SAME_WITHIN,
    Baselines,
    Replay,
    baselines_of,
    compare,
    recorded,
    replay,
    unmeasured,
)
from uprightd.store.reading import LogReader

ALL = (0, 2**53)
PATIENT = replace(NECK, hold=100.0)
HEAD = replace(NECK, id="head", metric="head_pitch", threshold=25.0, clear=20.0)
SEAT = replace(NECK, id="seat", metric="", threshold=300.0, hold=300.0, term=Sitting(300.0, 60.0))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def replayed(path: Path, *rules: Rule, baselines: Baselines = NO_BASELINES) -> Replay:
    with LogReader.open(path) as reader:
        return replay([rules], recorded(reader, *ALL, baselines))[0]


def seconds(alerts: Sequence[Alert]) -> list[float]:
    return [alert.at.wall - START.wall for alert in alerts]


# ---- what would have fired ---------------------------------------------------------------------------------


def test_the_rules_that_were_in_force_say_again_what_they_said_then(path: Path) -> None:
    with Story(path, (NECK, SEAT)) as story:
        for _ in range(4):
            story.sit(40)
            story.sit(25, FLEXED)
            story.sit(3, None)
            story.sit(30, 51.0)
            story.away(20)
    said = [(alert.rule, alert.at.wall, alert.value, alert.held) for _, alert in story.alerts]
    again = replayed(path, NECK, SEAT).alerts
    assert {rule for rule, *_ in said} == {"neck", "seat"}
    assert [(alert.rule, alert.at.wall, alert.value, alert.held) for alert in again] == said


def test_another_limit_fires_elsewhere_and_is_told_when_and_how_often(path: Path) -> None:
    with Story(path) as story:
        story.sit(1200)
        story.sit(20, 48.0)
        story.sit(2380)
    strict = replace(NECK, threshold=45.0, clear=40.0)
    lenient, found = replayed(path, NECK), replayed(path, strict)
    assert lenient.alerts == ()
    assert seconds(found.alerts) == [1210.0]
    assert found.watched == 3599.0
    assert found.per_hour(1) == pytest.approx(3600 / 3599)
    assert (found.readings, found.runs) == (3600, 1)


def test_a_few_watched_minutes_give_no_rate(path: Path) -> None:
    with Story(path) as story:
        story.sit(RATE_AFTER)
    short = replayed(path, NECK)
    assert short.watched == RATE_AFTER - 1
    assert short.per_hour(3) is None


def test_time_away_unmeasured_or_between_runs_was_not_watched(path: Path) -> None:
    with Story(path) as story:
        story.sit(101)
        story.away(50)
        story.sit(100, None)
        story.begin()
        story.sit(51)
    # 101 until the first reading of nobody, which ends the time that somebody was watched; 50 in the second run.
    assert replayed(path, NECK).watched == 101 + 50
    assert replayed(path, NECK).runs == 2


def test_a_gap_in_which_nothing_was_looked_at_was_not_watched(path: Path) -> None:
    with Story(path) as story:
        story.sit(20)
        story.pass_by(30)
        story.sit(20)
    assert replayed(path, NECK).watched == 19 + 19


# ---- what interrupted it then ------------------------------------------------------------------------------


def flexed_around(
    path: Path, *between: str | float, before: float = 60.0, after: float = 60.0
) -> list[float]:
    """Sit flexed before and after what lies between (a state said, seconds, "run"); return when PATIENT fires."""
    with Story(path) as story:
        story.sit(before, FLEXED)
        for it in between:
            if it == "run":
                story.begin()
            elif isinstance(it, str):
                story.say(Activity(it))
            else:
                story.pass_by(it)
        story.sit(after, FLEXED)
    return seconds(replayed(path, PATIENT).alerts)


def test_two_stretches_without_anything_between_add_up(path: Path) -> None:
    assert flexed_around(path) == [100.0]


def test_a_new_run_adds_to_nothing_of_the_last_one(path: Path) -> None:
    assert flexed_around(path, "run") == []


def test_a_pause_ends_what_was_going_on_however_short(path: Path) -> None:
    assert flexed_around(path, 1.0, "paused", 1.0, "watching") == []


def test_a_sleep_is_a_gap_that_no_state_explains(path: Path) -> None:
    assert flexed_around(path, LONGEST_HANG + 1) == []


def test_a_gap_shorter_than_the_longest_hang_is_left_to_the_rules(path: Path) -> None:
    assert flexed_around(path, LONGEST_HANG - 10) == [151.0]


def test_a_failed_camera_is_left_to_the_rules_as_it_was_then(path: Path) -> None:
    assert flexed_around(path, 2.0, "degraded", 70.0, "watching") == [173.0]


def test_a_longer_gap_would_be_known_as_a_hang_only_if_the_watchdog_allowed_it() -> None:
    assert LONGEST_HANG == monitor.HUNG_AFTER


def test_nothing_is_judged_while_the_camera_had_moved(path: Path) -> None:
    with Story(path) as story:
        story.sit(5, FLEXED)
        story.say(Activity.UNCALIBRATED)
        story.sit(100, FLEXED, judged=False)
        story.say(Activity.WATCHING)
        story.sit(8, FLEXED)
        story.sit(1)
    found = replayed(path, NECK)
    assert found.alerts == ()
    assert found.asleep == {"neck": "the camera had moved"}
    assert found.watched == 4 + 8


def test_what_the_camera_was_before_the_period_is_known(path: Path) -> None:
    with Story(path) as story:
        story.sit(5)
        story.say(Activity.UNCALIBRATED)
        story.sit(60, FLEXED, judged=False)
    with LogReader.open(path) as reader:
        since = round((START.wall + 30) * 1000)
        assert replay([(NECK,)], recorded(reader, since, ALL[1]))[0].alerts == ()


def test_a_slower_run_has_a_longer_pulse(path: Path) -> None:
    with Story(path, period=1.0) as story:
        story.sit(20)
        story.period = 8.0
        story.begin()
        story.sit(40, FLEXED)
    assert seconds(replayed(path, NECK).alerts) == [36.0]


# ---- why a rule said nothing -------------------------------------------------------------------------------


def test_a_rule_that_could_not_speak_says_why(path: Path) -> None:
    with Story(path) as story:
        story.sit(100, view=View.FRONTAL)
    rules = (
        NECK,
        HEAD,
        replace(HEAD, id="lean", metric="trunk_lean"),
        replace(HEAD, id="knee", metric="left_knee_angle"),
        replace(NECK, id="night", days=frozenset({2})),
        replace(NECK, id="side", views=frozenset({View.SAGITTAL_LEFT})),
    )
    found = replayed(path, *rules)
    assert found.looks == 10
    assert found.awake == {"neck": 10}
    assert found.asleep == {
        "head": "uncalibrated",
        "lean": "not measured then",
        "knee": "not measured then"
        if View.FRONTAL in METRICS["left_knee_angle"].views
        else "not in this view",
        "night": "outside its hours",
        "side": "not in this view",
    }


def test_a_rule_whose_metric_an_older_log_does_not_have_is_named() -> None:
    both = replace(NECK, id="both", metric="max(neck_flexion, head_pitch)")
    assert unmeasured((NECK, HEAD, both, SEAT), ("neck_flexion",)) == {
        "head": "the log has no head_pitch",
        "both": "the log has no head_pitch",
    }


def test_a_rule_on_the_baseline_counts_from_the_profile_that_was_used(path: Path) -> None:
    with Story(path) as story:
        story.sit(30, 50.0, profile="sit r2")
        story.sit(30, 50.0, profile="sit r1")
    rule = replace(NECK, relative_to="baseline", threshold=10.0, clear=5.0)
    assert replayed(path, rule).alerts == ()
    assert replayed(path, rule).asleep == {"neck": "uncalibrated"}
    found = replayed(path, rule, baselines={"sit r2": {"neck_flexion": UPRIGHT}})
    assert [alert.value for alert in found.alerts] == [12.0]
    assert found.awake == {"neck": 3}


def test_what_a_profile_counts_from_is_read_off_its_upright_pose() -> None:
    seen = sitting(UPRIGHT)
    sight = sight_of(seen, SIZE, 0.5)
    baseline = averaged([sight] * 3, View.SAGITTAL_LEFT, SIZE, "mediapipe", 5.0)
    profile = Profile("sit", "camera 0", "2026-11-22T12:00:00Z", 2, baseline)
    found = baselines_of([profile], USUAL_OPTICS)
    assert found["sit r2"]["neck_flexion"] == pytest.approx(UPRIGHT)
    assert not any(METRICS[name].relative or METRICS[name].derived for name in found["sit r2"])


# ---- side by side ------------------------------------------------------------------------------------------


def fired(at: float, rule: str = "neck", lasting: float = 10.0) -> Alert:
    started, spoke = (Instant(START.wall + second, second) for second in (at - lasting, at))
    return Alert(
        rule, Severity.WARN, "", "neck_flexion", 55.0, 50.0, lasting, started, spoke, "", View.FRONTAL, 1.0
    )


def test_alerts_of_one_rule_about_the_same_time_are_the_same() -> None:
    first, second = [fired(100), fired(2000)], [fired(130), fired(5000)]
    assert compare(first, second) == (((first[0], second[0]),), (first[1],), (second[1],))


def test_alerts_of_two_rules_are_never_the_same() -> None:
    assert compare([fired(100)], [fired(100, "head")]) == ((), (fired(100),), (fired(100, "head"),))


@pytest.mark.parametrize(("gap", "pairs"), [(SAME_WITHIN, 1), (SAME_WITHIN + 1, 0)])
def test_how_far_apart_two_stretches_may_lie(gap: float, pairs: int) -> None:
    compared = compare([fired(1000)], [fired(1000 + gap + 10)])
    assert len(compared.both) == pairs


def test_each_alert_is_matched_once() -> None:
    compared = compare([fired(100), fired(150), fired(200)], [fired(120)])
    assert len(compared.both) == 1
    assert compared.only_first == (fired(150), fired(200))


def test_two_rule_sets_are_rehearsed_in_one_pass_and_do_not_touch_each_other(path: Path) -> None:
    with Story(path) as story:
        story.sit(30, 52.0)
        story.sit(200)
        story.sit(30, 60.0)
    lenient = replace(NECK, threshold=55.0, clear=50.0)
    with LogReader.open(path) as reader:
        one, other = replay([(NECK,), (lenient,)], recorded(reader, *ALL))
    assert (seconds(one.alerts), seconds(other.alerts)) == ([10.0, 240.0], [240.0])
    compared = compare(one.alerts, other.alerts)
    assert (seconds(compared.only_first), seconds(compared.only_second)) == ([10.0], [])


# ---- how fast ----------------------------------------------------------------------------------------------


def test_a_day_at_one_sample_a_second_is_replayed_in_under_two_seconds(path: Path) -> None:
    with Story(path, ()) as story:
        story.log.database.execute("BEGIN")
        for _ in range(288):
            story.sit(
                70,
                39.0,
                view=View.FRONTAL,
                profile="sit r1",
                head_pitch=8.0,
                head_roll=2.0,
                shoulder_tilt=1.0,
            )
            story.sit(
                30,
                52.0,
                view=View.FRONTAL,
                profile="sit r1",
                head_pitch=27.0,
                head_roll=3.0,
                shoulder_tilt=4.0,
            )
        story.log.database.execute("COMMIT")
    rules = load_pack(shipped("rules") / "desk.yaml", METRICS).rules
    began = time.process_time()
    found = replayed(path, *rules)
    spent = time.process_time() - began
    assert found.readings == 28_800
    assert found.alerts
    assert spent < 2.0
