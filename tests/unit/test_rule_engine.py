"""The rule engine on exact timelines: when it speaks, when it keeps silent, what it forgets and what it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from uprightd.domain import Alert, Instant, Posture, Reading, Reason, Severity, Value, View, unknown
from uprightd.metrics.definitions import METRICS
from uprightd.rules.engine import FORGET_AFTER, RuleEngine, base_metric, reason_asleep, value_of
from uprightd.rules.model import Operator, Rule

PULSE = 3.0
BAD, BETWEEN, GOOD, NONE = 60.0, 47.0, 40.0, None
"""Degrees past the threshold (50), between it and `clear` (45), and past `clear`; None is an unknown value."""

NECK = Rule(
    id="neck",
    metric="neck_flexion",
    operator=Operator.ABOVE,
    threshold=50.0,
    hold=3.0,
    clear=45.0,
    cooldown=100.0,
    severity=Severity.WARN,
    message="{metric} {value} past {threshold} for {held}",
)
SHOULDER = replace(NECK, id="shoulder", metric="abs(shoulder_tilt)", threshold=10.0, clear=8.0)


def rule(**changes: object) -> Rule:
    return replace(NECK, **changes)  # type: ignore[arg-type]


def reading(
    at: float, present: bool = True, view: View = View.SAGITTAL_LEFT, **values: float | None
) -> Reading:
    told = {name: unknown(Reason.OCCLUDED) if v is None else Value(v) for name, v in values.items()}
    return Reading(Instant(1_000_000.0 + at, at), present, view, told, 0.9)


def told(engine: RuleEngine, timeline: Sequence[tuple[float, float | None]]) -> list[float]:
    """Given an engine and (seconds, neck flexion), return the moments at which it spoke."""
    return [
        alert.at.mono
        for at, value in timeline
        for alert in engine.judge(reading(at, neck_flexion=value)).alerts
    ]


def second_by_second(*values: float | None, start: float = 0.0) -> list[tuple[float, float | None]]:
    return [(start + number, value) for number, value in enumerate(values)]


def steady(value: float | None, start: float, end: float) -> list[tuple[float, float | None]]:
    """One sample per second from start to end, both included."""
    return [(float(at), value) for at in range(round(start), round(end) + 1)]


# ---- when it speaks -----------------------------------------------------------------------------------------


def test_it_speaks_with_the_first_sample_at_which_the_holding_time_has_passed() -> None:
    assert told(RuleEngine([NECK], PULSE), steady(BAD, 0, 20)) == [3.0]


def test_it_does_not_speak_a_moment_earlier() -> None:
    almost = [(0.0, BAD), (1.0, BAD), (2.0, BAD), (2.999, BAD)]
    assert told(RuleEngine([NECK], PULSE), almost) == []


def test_time_counts_not_samples() -> None:
    often = [(number / 10, BAD) for number in range(29)]
    assert told(RuleEngine([NECK], PULSE), often) == []
    assert told(RuleEngine([NECK], PULSE), [(0.0, BAD), (3.0, BAD)]) == [3.0]


def test_a_rule_without_a_holding_time_speaks_at_once() -> None:
    assert told(RuleEngine([rule(hold=0.0)], PULSE), second_by_second(GOOD, BAD, BAD)) == [1.0]


@pytest.mark.parametrize(
    ("operator", "past", "not_past"),
    [
        (Operator.ABOVE, [50.001, 90.0], [50.0, 0.0, -60.0]),
        (Operator.AT_LEAST, [50.0, 90.0], [49.999, 0.0]),
        (Operator.BELOW, [49.999, -60.0], [50.0, 90.0]),
        (Operator.AT_MOST, [50.0, 0.0], [50.001, 90.0]),
    ],
)
def test_each_operator_has_its_own_edge(operator: Operator, past: list[float], not_past: list[float]) -> None:
    judge = RuleEngine([rule(operator=operator, clear=50.0)], PULSE).judge
    for at, value in enumerate(past):
        assert judge(reading(at, neck_flexion=value)).violated == ("neck",)
    for at, value in enumerate(not_past):
        assert judge(reading(10.0 + at, neck_flexion=value)).violated == ()


def test_a_rule_on_an_absolute_value_holds_on_both_sides() -> None:
    for sign in (1, -1):
        engine = RuleEngine([SHOULDER], PULSE)
        alerts = [a for t in range(5) for a in engine.judge(reading(t, shoulder_tilt=sign * 12.0)).alerts]
        assert [(alert.at.mono, alert.value) for alert in alerts] == [(3.0, 12.0)]


def test_changing_sides_does_not_end_the_episode_of_an_absolute_value() -> None:
    engine = RuleEngine([SHOULDER], PULSE)
    tilts = [12.0, -12.0, 12.0, -12.0]
    assert [len(engine.judge(reading(t, shoulder_tilt=tilt)).alerts) for t, tilt in enumerate(tilts)] == [
        0,
        0,
        0,
        1,
    ]


def test_an_alert_tells_what_happened() -> None:
    engine = RuleEngine([NECK], PULSE)
    verdicts = [engine.judge(replace(reading(t, neck_flexion=55.26), position=t + 7.0)) for t in range(4)]
    (alert,) = verdicts[-1].alerts
    assert replace(alert, message="", reason="", explanation={}) == Alert(
        rule="neck",
        severity=Severity.WARN,
        message="",
        metric="neck_flexion",
        value=55.26,
        threshold=50.0,
        held=3.0,
        started=Instant(1_000_000.0, 0.0),
        at=Instant(1_000_003.0, 3.0),
        reason="",
        view=View.SAGITTAL_LEFT,
        confidence=0.9,
        position=7.0,
    )
    assert alert.message == "neck flexion 55.3° past 50° for 3 s"
    for words in ("neck flexion", "55.3°", "50°", "3 s", View.SAGITTAL_LEFT.words, "0.90"):
        assert words in alert.reason


def test_rules_speak_independently() -> None:
    engine = RuleEngine([NECK, rule(id="slow", hold=6.0)], PULSE)
    spoken = [
        (alert.rule, alert.at.mono)
        for at, value in steady(BAD, 0, 10)
        for alert in engine.judge(reading(at, neck_flexion=value)).alerts
    ]
    assert spoken == [("neck", 3.0), ("slow", 6.0)]


# ---- one event per episode ----------------------------------------------------------------------------------


def test_an_episode_is_spoken_of_once_however_long_it_lasts() -> None:
    assert told(RuleEngine([rule(cooldown=10.0)], PULSE), steady(BAD, 0, 1000)) == [3.0]


def test_an_episode_does_not_end_between_the_limit_and_clear() -> None:
    wavering = steady(BAD, 0, 5) + steady(BETWEEN, 6, 9) + steady(BAD, 10, 30)
    assert told(RuleEngine([rule(cooldown=0.0)], PULSE), wavering) == [3.0]


@pytest.mark.parametrize("operator", [Operator.ABOVE, Operator.AT_LEAST])
def test_an_episode_ends_at_clear(operator: Operator) -> None:
    engine = RuleEngine([rule(operator=operator, cooldown=0.0)], PULSE)
    assert told(engine, [*steady(BAD, 0, 5), (6.0, 45.0), *steady(BAD, 7, 20)]) == [3.0, 10.0]


def test_a_rule_for_low_values_clears_upwards() -> None:
    low = rule(operator=Operator.BELOW, threshold=20.0, clear=25.0, cooldown=0.0)
    between = [*steady(10.0, 0, 5), (6.0, 24.9), *steady(10.0, 7, 20)]
    assert told(RuleEngine([low], PULSE), between) == [3.0]
    cleared = [*steady(10.0, 0, 5), (6.0, 25.0), *steady(10.0, 7, 20)]
    assert told(RuleEngine([low], PULSE), cleared) == [3.0, 10.0]


def test_clear_equal_to_the_threshold_is_no_hysteresis() -> None:
    engine = RuleEngine([rule(clear=50.0, cooldown=0.0)], PULSE)
    assert told(engine, [*steady(BAD, 0, 5), (6.0, 50.0), *steady(BAD, 7, 20)]) == [3.0, 10.0]


def test_time_between_the_limit_and_clear_adds_nothing_and_takes_nothing() -> None:
    """0–1 and 4–6 are past the limit: two seconds, then three."""
    wavering = second_by_second(BAD, BAD, BETWEEN, BETWEEN, BAD, BAD, BAD)
    assert told(RuleEngine([NECK], PULSE), wavering) == [6.0]


def test_a_violation_that_ends_in_time_is_forgotten() -> None:
    timeline = second_by_second(BAD, BAD, BAD, GOOD, BAD, BAD, BAD, GOOD, BAD, BAD, BAD)
    assert told(RuleEngine([NECK], PULSE), timeline) == []


# ---- cooldown -----------------------------------------------------------------------------------------------


def test_a_second_episode_within_the_cooldown_is_silent() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(
        engine, steady(BAD, 0, 10) + steady(GOOD, 11, 20) + steady(BAD, 21, 60) + steady(GOOD, 61, 70)
    ) == [3.0]


def test_an_episode_that_outlasts_the_cooldown_is_spoken_of_when_it_ends() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 10) + steady(GOOD, 11, 20) + steady(BAD, 21, 300)) == [3.0, 103.0]


def test_after_the_cooldown_a_new_episode_takes_its_full_time() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 10) + steady(GOOD, 11, 149) + steady(BAD, 150, 200)) == [3.0, 153.0]


def test_each_rule_has_a_cooldown_of_its_own() -> None:
    engine = RuleEngine([NECK, SHOULDER], PULSE)
    spoken = [
        alert.rule
        for at in range(10)
        for alert in engine.judge(
            reading(at, neck_flexion=BAD, shoulder_tilt=12.0 if at >= 4 else 0.0, trunk_lean=0.0)
        ).alerts
    ]
    assert spoken == ["neck", "shoulder"]


@pytest.mark.parametrize(
    ("ago", "first"),
    [
        pytest.param(0.0, 100.0, id="just now"),
        pytest.param(60.0, 40.0, id="a while ago"),
        pytest.param(99.0, 3.0, id="almost over"),
        pytest.param(100.0, 3.0, id="over"),
        pytest.param(1e9, 3.0, id="years ago"),
        pytest.param(-3600.0, 100.0, id="logged before the clock was set back an hour"),
    ],
)
def test_an_alert_of_an_earlier_run_still_silences(ago: float, first: float) -> None:
    engine = RuleEngine([NECK], PULSE)
    engine.remember_alert("neck", ago, Instant(1_000_000.0, 0.0))
    assert told(engine, steady(BAD, 0, 200)) == [first]


def test_an_alert_of_a_rule_that_is_gone_silences_nobody() -> None:
    engine = RuleEngine([NECK], PULSE)
    engine.remember_alert("another", 0.0, Instant(1_000_000.0, 0.0))
    assert told(engine, steady(BAD, 0, 20)) == [3.0]


# ---- what is not seen does not count ------------------------------------------------------------------------


def test_an_unknown_value_pauses_the_violation() -> None:
    """Past the limit 0–1 and 4–6; what lies between is not known."""
    timeline = second_by_second(BAD, BAD, NONE, NONE, BAD, BAD, BAD)
    assert told(RuleEngine([NECK], PULSE), timeline) == [6.0]


def test_one_unknown_value_costs_the_time_on_both_sides_of_it() -> None:
    assert told(RuleEngine([NECK], PULSE), second_by_second(BAD, NONE, BAD, NONE, BAD, NONE, BAD)) == []


def test_nobody_in_view_pauses_the_violation() -> None:
    engine = RuleEngine([NECK], PULSE)
    for at, value in second_by_second(BAD, BAD, BAD):
        assert not engine.judge(reading(at, neck_flexion=value)).alerts
    assert not engine.judge(reading(3, present=False, neck_flexion=None)).alerts
    assert not engine.judge(reading(4, neck_flexion=BAD)).alerts
    assert engine.judge(reading(5, neck_flexion=BAD)).alerts


@pytest.mark.parametrize(
    ("gap", "counts"),
    [(PULSE, True), (PULSE + 0.001, False), (FORGET_AFTER, False)],
    ids=["pulse", "more", "much"],
)
def test_a_gap_longer_than_the_pulse_does_not_count(gap: float, counts: bool) -> None:
    engine = RuleEngine([rule(hold=gap)], PULSE)
    assert bool(told(engine, [(0.0, BAD), (gap, BAD)])) is counts


def test_what_was_held_survives_a_short_gap() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, [(0.0, BAD), (1.0, BAD), (2.0, BAD), (8.0, BAD), (9.0, BAD)]) == [9.0]


@pytest.mark.parametrize("between", [NONE, BETWEEN], ids=["unknown", "between limit and clear"])
def test_a_violation_not_seen_for_long_is_forgotten(between: float | None) -> None:
    kept = steady(BAD, 0, 2) + steady(between, 3, 11) + steady(BAD, 12, 13)
    assert told(RuleEngine([NECK], PULSE), kept) == [13.0], "the first two seconds and the last one"
    forgotten = steady(BAD, 0, 2) + steady(between, 3, 12) + steady(BAD, 13, 15)
    assert told(RuleEngine([NECK], PULSE), forgotten) == []


def test_minutes_hours_apart_never_add_up() -> None:
    timeline = [sample for hour in range(10) for sample in steady(BAD, hour * 3600, hour * 3600 + 2)]
    assert told(RuleEngine([NECK], PULSE), timeline) == []


def test_a_rule_of_minutes_remembers_for_as_long_as_it_holds() -> None:
    slow = rule(hold=60.0)
    kept = steady(BAD, 0, 50) + steady(NONE, 51, 109) + steady(BAD, 110, 120)
    assert told(RuleEngine([slow], PULSE), kept) == [120.0]
    forgotten = steady(BAD, 0, 50) + steady(NONE, 51, 110) + steady(BAD, 111, 121)
    assert told(RuleEngine([slow], PULSE), forgotten) == []


def test_an_alert_of_a_forgotten_violation_says_when_the_new_one_began() -> None:
    engine = RuleEngine([NECK], PULSE)
    for at, value in steady(BAD, 0, 2) + steady(BAD, 100, 102):
        engine.judge(reading(at, neck_flexion=value))
    (alert,) = engine.judge(reading(103, neck_flexion=BAD)).alerts
    assert (alert.started.mono, alert.held) == (100.0, 3.0)


def test_readings_out_of_order_never_make_time() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, [(float(at), BAD) for at in (0, 1, 0, 1, 0, 1, 0, 1, 2)]) == []
    assert told(engine, [(3.0, BAD)]) == [3.0]


def test_a_late_reading_neither_begins_nor_ends_an_episode() -> None:
    begins = [(10.0, GOOD), (7.0, BAD), (11.0, BAD), (12.0, BAD), (13.0, BAD)]
    assert told(RuleEngine([NECK], PULSE), begins) == []
    ends = [*steady(BAD, 0, 2), (1.5, GOOD), (1.6, NONE), (3.0, BAD)]
    assert told(RuleEngine([NECK], PULSE), ends) == [3.0]


def test_an_interruption_forgets_every_running_violation() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 2)) == []
    engine.interrupt()
    assert told(engine, steady(BAD, 3, 10)) == [6.0]


def test_an_interruption_does_not_forget_the_cooldown() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 10)) == [3.0]
    engine.interrupt()
    assert told(engine, steady(BAD, 11, 150)) == [103.0]


# ---- new rules at run time ----------------------------------------------------------------------------------


def test_an_unchanged_rule_keeps_its_episode_when_rules_are_replaced() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 2)) == []
    engine.replace([SHOULDER, rule()], PULSE)
    assert told(engine, steady(BAD, 3, 4)) == [3.0]
    engine.replace([rule()], PULSE)
    assert told(engine, steady(BAD, 5, 200)) == [], "the episode has been spoken of"


def test_a_rule_that_only_moved_in_its_file_is_unchanged() -> None:
    engine = RuleEngine([rule(origin="desk.yaml:12", cooldown=0.0)], PULSE)
    assert told(engine, steady(BAD, 0, 5)) == [3.0]
    engine.replace([rule(origin="desk.yaml:15", cooldown=0.0)], PULSE)
    assert told(engine, steady(BAD, 6, 30)) == []
    assert engine.rules[0].origin == "desk.yaml:15"


def test_a_changed_rule_begins_anew() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 2)) == []
    engine.replace([rule(threshold=55.0)], PULSE)
    assert told(engine, steady(BAD, 3, 10)) == [6.0]


def test_every_rule_keeps_its_cooldown_when_rules_are_replaced() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 10)) == [3.0]
    engine.replace([rule(threshold=55.0)], PULSE)
    assert told(engine, steady(BAD, 11, 150)) == [103.0]


def test_a_rule_that_was_taken_out_is_silent() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 2)) == []
    engine.replace([], PULSE)
    assert told(engine, steady(BAD, 3, 20)) == []


def test_the_pulse_can_be_replaced_too() -> None:
    engine = RuleEngine([NECK], PULSE)
    engine.replace([NECK], 1.0)
    assert told(engine, [(0.0, BAD), (2.0, BAD), (4.0, BAD), (6.0, BAD)]) == []


# ---- what a single reading says -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "posture", "violated"),
    [
        pytest.param({"neck_flexion": GOOD}, Posture.GOOD, (), id="within the limit"),
        pytest.param({"neck_flexion": BETWEEN}, Posture.GOOD, (), id="between clear and limit"),
        pytest.param({"neck_flexion": BAD}, Posture.POOR, ("neck",), id="past the limit"),
        pytest.param({"neck_flexion": None}, Posture.UNRELIABLE, (), id="unknown"),
        pytest.param({}, Posture.UNRELIABLE, (), id="not measured"),
        pytest.param({"trunk_lean": 5.0}, Posture.UNRELIABLE, (), id="another metric alone"),
        pytest.param({"shoulder_tilt": -12.0}, Posture.POOR, ("shoulder",), id="one of two is enough"),
        pytest.param(
            {"shoulder_tilt": 2.0, "neck_flexion": None}, Posture.GOOD, (), id="the known one decides"
        ),
        pytest.param(
            {"shoulder_tilt": 11.0, "neck_flexion": BAD},
            Posture.POOR,
            ("neck", "shoulder"),
            id="both past it",
        ),
    ],
)
def test_a_reading_has_a_posture(given: dict[str, Any], posture: Posture, violated: tuple[str, ...]) -> None:
    verdict = RuleEngine([NECK, SHOULDER], PULSE).judge(reading(0, **given))
    assert (verdict.posture, verdict.violated, verdict.alerts) == (posture, violated, ())


def test_nobody_there_is_away_not_bad_posture() -> None:
    nobody = dict.fromkeys(METRICS, unknown(Reason.NO_PERSON))
    verdict = RuleEngine([NECK], PULSE).judge(Reading(Instant(0, 0), False, View.UNKNOWN, nobody))
    assert (verdict.posture, verdict.violated) == (Posture.AWAY, ())


def test_a_late_reading_has_a_posture_of_its_own() -> None:
    engine = RuleEngine([NECK], PULSE)
    engine.judge(reading(10, neck_flexion=GOOD))
    assert engine.judge(reading(5, neck_flexion=BAD)).posture is Posture.POOR


def test_the_metric_of_a_rule_may_be_absolute() -> None:
    both = reading(0, shoulder_tilt=-12.0, hip_tilt=None)
    assert value_of(rule(metric="shoulder_tilt"), both) == Value(-12.0)
    assert value_of(rule(metric="abs(shoulder_tilt)"), both) == Value(12.0)
    assert value_of(rule(metric="abs(trunk_lean)"), both) is None
    missing = value_of(rule(metric="abs(hip_tilt)"), both)
    assert missing is not None
    assert missing.reason is Reason.OCCLUDED
    assert [base_metric(name) for name in ("hip_tilt", "abs(hip_tilt)")] == ["hip_tilt", "hip_tilt"]


def test_an_absolute_value_keeps_its_error() -> None:
    seen = replace(reading(0), values={"shoulder_tilt": Value(-12.0, error=2.5)})
    assert value_of(SHOULDER, seen) == Value(12.0, error=2.5)
    assert value_of(rule(metric="shoulder_tilt"), seen) == Value(-12.0, error=2.5)


def test_an_alert_tells_how_far_its_value_is_off_as_a_rule() -> None:
    seen = replace(reading(0), values={"shoulder_tilt": Value(-12.0, error=2.5)})
    (alert,) = RuleEngine([replace(SHOULDER, hold=0.0)], PULSE).judge(seen).alerts
    assert "shoulder tilt 12.0° ± 2.5°, limit 10°" in alert.reason
    assert alert.message == "shoulder tilt 12.0° past 10° for 0 s", "the person is not bothered with it"
    (alert,) = RuleEngine([rule(hold=0.0)], PULSE).judge(reading(0, neck_flexion=60.0)).alerts
    assert "±" not in alert.reason


# ---- rules of some views only -------------------------------------------------------------------------------

FACING = rule(id="facing", views=frozenset({View.FRONTAL, View.OBLIQUE}))


@pytest.mark.parametrize("view", View)
def test_a_rule_speaks_in_its_own_views_only(view: View) -> None:
    seen = reading(0, view=view, neck_flexion=BAD)
    speaks = view in (View.FRONTAL, View.OBLIQUE)
    verdict = RuleEngine([FACING], PULSE).judge(seen)
    assert verdict.violated == (("facing",) if speaks else ())
    assert verdict.posture is (Posture.POOR if speaks else Posture.UNRELIABLE)
    assert reason_asleep(FACING, seen) is (None if speaks else Reason.VIEW)


@pytest.mark.parametrize("view", View)
def test_a_rule_without_views_speaks_wherever_its_metric_has_a_value(view: View) -> None:
    assert RuleEngine([NECK], PULSE).judge(reading(0, view=view, neck_flexion=BAD)).violated == ("neck",)


def test_another_view_pauses_the_violation() -> None:
    """From the front 0–2, from the side 3–4, from the front again: the time in between does not count."""
    engine = RuleEngine([FACING], PULSE)
    views = [View.FRONTAL] * 3 + [View.SAGITTAL_LEFT] * 2 + [View.OBLIQUE] * 3
    spoken = [
        alert.at.mono
        for at, view in enumerate(views)
        for alert in engine.judge(reading(at, view=view, neck_flexion=BAD)).alerts
    ]
    assert spoken == [6.0]


def test_rules_that_share_a_metric_and_not_a_view_speak_in_turns() -> None:
    side = rule(id="side", threshold=55.0, views=frozenset({View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT}))
    judge = RuleEngine([FACING, side], PULSE).judge
    assert judge(reading(0, view=View.FRONTAL, neck_flexion=52.0)).violated == ("facing",)
    assert judge(reading(1, view=View.SAGITTAL_LEFT, neck_flexion=52.0)).violated == ()
    assert judge(reading(2, view=View.SAGITTAL_RIGHT, neck_flexion=56.0)).violated == ("side",)


def test_a_rule_with_other_views_is_a_changed_rule() -> None:
    engine = RuleEngine([NECK], PULSE)
    assert told(engine, steady(BAD, 0, 2)) == []
    engine.replace([rule(views=frozenset({View.SAGITTAL_LEFT}))], PULSE)
    assert told(engine, steady(BAD, 3, 10)) == [6.0]


@pytest.mark.parametrize("reason", Reason)
def test_a_rule_that_sleeps_says_why(reason: Reason) -> None:
    seen = replace(reading(0, view=View.FRONTAL), values={"neck_flexion": unknown(reason)})
    assert reason_asleep(FACING, seen) is reason
    assert reason_asleep(NECK, seen) is reason


def test_a_rule_on_a_metric_nobody_measures_sleeps_in_every_view() -> None:
    assert reason_asleep(NECK, reading(0, view=View.FRONTAL)) is Reason.VIEW


def test_in_a_wrong_view_a_rule_does_not_send_the_person_to_calibrate() -> None:
    """It would go on sleeping."""
    sideways = replace(reading(0), values={"neck_flexion": unknown(Reason.UNCALIBRATED)})
    assert sideways.view is View.SAGITTAL_LEFT
    assert reason_asleep(FACING, sideways) is Reason.VIEW
    assert reason_asleep(NECK, sideways) is Reason.UNCALIBRATED


def test_while_the_view_is_not_known_a_rule_says_what_its_metric_says() -> None:
    nobody = Reading(Instant(0, 0), False, View.UNKNOWN, dict.fromkeys(METRICS, unknown(Reason.NO_PERSON)))
    assert reason_asleep(FACING, nobody) is Reason.NO_PERSON
    hidden = replace(nobody, present=True, values={"neck_flexion": unknown(Reason.OCCLUDED)})
    assert reason_asleep(FACING, hidden) is Reason.OCCLUDED
