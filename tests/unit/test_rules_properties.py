"""What must hold for every kind of rule on every timeline: no time out of nothing, no alert too early or too often."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.fakes.rules import BUDGET, LIMIT, PULSE, SITTING, STATIC, alerts, nobody, of, reading

from uprightd.domain import Instant, Reading, Reason, Value, View, unknown
from uprightd.metrics.definitions import METRICS
from uprightd.rules.engine import BRIDGED, value_of, why_asleep
from uprightd.rules.model import Budget, Hours, Kind, Operator, Rule, Sitting, Static

thorough = settings(deadline=None, max_examples=250)
seconds = st.integers(0, 60).map(lambda quarters: quarters / 4)

limits = st.builds(
    lambda hold, cooldown, clear, operator, clear_for: replace(
        LIMIT, hold=hold, cooldown=cooldown, clear=clear, operator=operator, clear_for=clear_for
    ),
    seconds,
    st.sampled_from([0.0, 5.0, 40.0]),
    st.sampled_from([45.0, 47.0, 50.0]),
    st.sampled_from([Operator.ABOVE, Operator.AT_LEAST]),
    st.sampled_from([0.0, 2.0, 6.0]),
)
windows = st.builds(
    lambda rule, hold, more, forgiving: replace(
        rule, hold=hold, within=hold + more, clear_for=more if forgiving else rule.clear_for
    ),
    limits,
    st.integers(1, 40).map(lambda quarters: quarters / 4),
    st.integers(1, 80).map(lambda quarters: quarters / 4),
    st.booleans(),
)
budgets = st.builds(
    lambda first, rise, longest, share, recover, cooldown: replace(
        BUDGET,
        threshold=first,
        cooldown=cooldown,
        term=Budget(((first, longest), (first + rise, longest * share)), recover),
    ),
    st.sampled_from([45.0, 50.0, 55.0]),
    st.sampled_from([5.0, 10.0]),
    st.sampled_from([4.0, 16.0]),
    st.sampled_from([0.25, 1.0]),
    st.sampled_from([0.5, 1.0, 4.0]),
    st.sampled_from([0.0, 20.0]),
)
sittings = st.builds(
    lambda limit, pause, cooldown: replace(
        SITTING, threshold=limit, hold=limit, cooldown=cooldown, term=Sitting(limit, pause)
    ),
    st.sampled_from([2.0, 8.0, 20.0]),
    st.sampled_from([1.0, 4.0, 30.0]),
    st.sampled_from([0.0, 10.0]),
)
stills = st.builds(
    lambda band, limit, cooldown: replace(
        STATIC, threshold=band, hold=limit, cooldown=cooldown, term=Static(band, limit)
    ),
    st.sampled_from([1.0, 3.0, 10.0]),
    st.sampled_from([2.0, 8.0, 20.0]),
    st.sampled_from([0.0, 10.0]),
)
every_kind = st.one_of(limits, windows, budgets, sittings, stills)

AWAY = -1.0
paces = st.one_of(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8), st.integers(0, 300)).map(
    lambda quarters: quarters / 4
)
values = st.sampled_from([60.0, 60.0, 55.0, 50.0, 47.0, 45.0, 40.0, None, AWAY])
timelines = st.lists(
    st.tuples(paces, values, st.integers(1, 12)).map(lambda part: [part[:2]] * part[2]), max_size=12
).map(lambda parts: [beat for part in parts for beat in part])
Beats = list[tuple[float, float | None]]


def readings_of(timeline: Beats, start: float = 0.0) -> list[Reading]:
    moment, readings = start, []
    for gap, value in timeline:
        moment += gap
        readings.append(nobody(moment) if value == AWAY else reading(moment, value))
    return readings


def number(each: Reading) -> float:
    return each.values["neck_flexion"].number


def counts(rule: Rule) -> Callable[[Reading, Reading], bool]:
    """Whether the time between two neighbouring readings, close enough to each other, may count for a rule."""
    term = rule.term
    if isinstance(term, Sitting):
        return lambda one, two: one.present and two.present and not math.isnan(number(one) + number(two))
    if isinstance(term, Static):
        return lambda one, two: abs(number(one) - number(two)) <= 2 * term.band
    if isinstance(term, Budget):
        return lambda one, two: all(number(each) >= term.curve[0][0] for each in (one, two))
    return lambda one, two: all(rule.operator.holds(number(each), rule.threshold) for each in (one, two))


def countable(rule: Rule, readings: list[Reading], since: float, until: float) -> float:
    """Seconds between neighbouring readings that may count for a rule, from one moment to another."""
    of_rule = counts(rule)
    return sum(
        max(0.0, two.at.mono - max(since, one.at.mono))
        for one, two in pairwise(readings)
        if two.at.mono >= since
        and two.at.mono <= until
        and two.at.mono - one.at.mono <= PULSE
        and of_rule(one, two)
    )


# ---- every kind ---------------------------------------------------------------------------------------------


@thorough
@given(every_kind, timelines)
def test_time_adds_up_and_no_alert_is_early(rule: Rule, timeline: Beats) -> None:
    readings = readings_of(timeline)
    for alert in alerts(of(rule), readings):
        least = rule.hold if rule.kind is not Kind.BUDGET else 0.0
        assert alert.held >= least
        assert alert.held <= alert.at.mono - alert.started.mono
        since = alert.at.mono - rule.within if rule.within else alert.started.mono
        assert alert.held <= countable(rule, readings, since, alert.at.mono) + 1e-9


@thorough
@given(every_kind, timelines)
def test_two_alerts_are_never_closer_than_the_cooldown(rule: Rule, timeline: Beats) -> None:
    for before, after in pairwise(alerts(of(rule), readings_of(timeline))):
        assert after.at.mono - before.at.mono >= rule.cooldown


@thorough
@given(every_kind, st.lists(values, max_size=80))
def test_gaps_longer_than_the_pulse_make_no_time(rule: Rule, seen: list[float | None]) -> None:
    rule = replace(rule, hold=max(rule.hold, 0.25))
    assert alerts(of(rule), readings_of([(PULSE + 0.25, value) for value in seen])) == []


@thorough
@given(every_kind, timelines)
def test_unknown_values_and_absence_make_no_time(rule: Rule, timeline: Beats) -> None:
    blind = [(gap, AWAY if value == AWAY else None) for gap, value in timeline]
    assert alerts(of(rule), readings_of(blind)) == []
    every_other = [(gap, None if place % 2 else value) for place, (gap, value) in enumerate(timeline)]
    rule = replace(rule, hold=max(rule.hold, 0.25))
    assert alerts(of(rule), readings_of(every_other)) == [], (
        "an unknown value costs the time on both sides of it"
    )


@thorough
@given(every_kind, timelines, st.randoms(use_true_random=False))
def test_readings_that_come_late_change_nothing(rule: Rule, timeline: Beats, rng) -> None:
    readings = readings_of(timeline)
    rng.shuffle(readings)
    latest, in_order = -math.inf, []
    for each in readings:
        if each.at.mono >= latest:
            in_order.append(each)
            latest = each.at.mono
    assert alerts(of(rule), readings) == alerts(of(rule), in_order)


@thorough
@given(every_kind, timelines, st.integers(-4000, 4000))
@example(
    replace(LIMIT, hold=0.0, clear_for=2.0, cooldown=0.0), [(0.0, 60.0), *[(0.5, 45.0)] * 5, (0.0, 60.0)], -1
)
def test_when_the_clock_began_changes_nothing(rule: Rule, timeline: Beats, start: int) -> None:
    here, there = (alerts(of(rule), readings_of(timeline, float(s))) for s in (0, start))
    assert [(alert.at.mono, alert.held) for alert in here] == [
        (alert.at.mono - start, alert.held) for alert in there
    ]


@thorough
@given(every_kind, timelines, st.integers(0, 60))
def test_what_is_measured_does_not_go_on_over_an_interruption(rule: Rule, timeline: Beats, at: int) -> None:
    readings, engine = readings_of(timeline), of(rule)
    for place, each in enumerate(readings):
        if place == at:
            engine.interrupt()
        for alert in engine.judge(each).alerts:
            if place >= at and rule.kind is not Kind.SITTING:
                assert alert.started.mono >= readings[at].at.mono
                assert alert.held <= countable(rule, readings[at:], alert.started.mono, alert.at.mono) + 1e-9


@thorough
@given(st.lists(every_kind, max_size=6), timelines)
def test_rules_side_by_side_are_as_each_alone(rules: list[Rule], timeline: Beats) -> None:
    named = [replace(rule, id=f"rule-{place}") for place, rule in enumerate(rules)]
    together = alerts(of(named), readings_of(timeline))
    for rule in named:
        assert [alert for alert in together if alert.rule == rule.id] == alerts(
            of(rule), readings_of(timeline)
        )


# ---- one alert per episode ----------------------------------------------------------------------------------


@thorough
@given(st.one_of(limits, windows), timelines)
def test_between_two_alerts_a_limit_was_clear_for_its_time_or_not_seen_past_it_for_long(
    rule: Rule, timeline: Beats
) -> None:
    readings = readings_of(timeline)
    forgotten = max(10.0, rule.hold, PULSE, rule.within, rule.clear_for)
    for first, second in pairwise(alerts(of(rule), readings)):
        between = [each for each in readings if first.at.mono <= each.at.mono <= second.at.mono]
        seen = [each.at.mono for each in between if rule.operator.holds(number(each), rule.threshold)]
        unseen = max(later - earlier for earlier, later in pairwise(seen))
        clear = sum(
            two.at.mono - one.at.mono
            for one, two in pairwise(between)
            if all(number(each) <= rule.clear for each in (one, two)) and two.at.mono - one.at.mono <= PULSE
        )
        once = any(number(each) <= rule.clear for each in between)
        assert unseen > forgotten or (once and clear >= rule.clear_for)


@thorough
@given(sittings, timelines)
def test_between_two_alerts_about_sitting_there_was_a_break(rule: Rule, timeline: Beats) -> None:
    assert isinstance(rule.term, Sitting)
    readings = readings_of(timeline)
    for first, second in pairwise(alerts(of(rule), readings)):
        between = [each for each in readings if first.at.mono <= each.at.mono <= second.at.mono]
        away = sum(
            two.at.mono - one.at.mono
            for one, two in pairwise(between)
            if not one.present and not two.present and two.at.mono - one.at.mono <= PULSE
        )
        longest = max(two.at.mono - one.at.mono for one, two in pairwise(between))
        assert away >= rule.term.pause or (longest >= rule.term.pause and longest > PULSE)


@thorough
@given(stills, timelines)
def test_between_two_alerts_about_holding_still_there_was_a_movement(rule: Rule, timeline: Beats) -> None:
    assert isinstance(rule.term, Static)
    readings = readings_of(timeline)
    for first, second in pairwise(alerts(of(rule), readings)):
        between = [each for each in readings if first.started.mono <= each.at.mono <= second.at.mono]
        known = [each for each in between if number(each) == number(each)]
        moved = any(abs(number(each) - number(known[0])) > rule.term.band for each in known)
        assert moved or max(two.at.mono - one.at.mono for one, two in pairwise(known)) > BRIDGED


# ---- exactly ------------------------------------------------------------------------------------------------


@thorough
@given(windows, timelines)
def test_a_window_speaks_first_when_it_holds_the_time_for_the_first_time(rule: Rule, timeline: Beats) -> None:
    """With the usual `clear_for` nothing but the window itself decides: an oracle that adds up every pair anew."""
    apart = [(max(gap, 0.25), value) for gap, value in timeline]
    rule, readings = replace(rule, clear_for=rule.within - rule.hold), readings_of(apart)
    due = [
        each.at.mono
        for each in readings
        if rule.operator.holds(number(each), rule.threshold)
        and countable(rule, readings, each.at.mono - rule.within, each.at.mono) >= rule.hold
    ]
    assert [alert.at.mono for alert in alerts(of(rule), readings)][:1] == due[:1]


@thorough
@given(every_kind, st.lists(st.integers(1, 12), min_size=2, max_size=100))
def test_a_steady_violation_is_spoken_of_once_as_soon_as_it_is_due(rule: Rule, gaps: list[int]) -> None:
    readings = readings_of([(gap / 4, 60.0) for gap in gaps])
    began = readings[0].at.mono
    hold = rule.term.permitted(60.0) if isinstance(rule.term, Budget) else rule.hold
    due = [each.at.mono for each in readings if each.at.mono - began >= hold - 1e-6]
    assert [alert.at.mono for alert in alerts(of(rule), readings)] == due[:1]


def used_up(rule: Rule, readings: list[Reading]) -> list[float]:
    """A budget in the plainest words: when it is said to be used up, without a cooldown."""
    budget = rule.term
    assert isinstance(budget, Budget)
    first, longest = budget.curve[0]
    used, spoken, last, said = 0.0, False, None, []
    for place, each in enumerate(readings):
        angle = number(each)
        if angle != angle:
            continue
        if last is not None:
            elapsed = each.at.mono - last.at.mono
            if readings[place - 1] is last and elapsed <= PULSE:
                milder = min(number(last), angle)
                used += (
                    elapsed / budget.permitted(milder)
                    if milder >= first
                    else -elapsed * budget.recover / longest
                )
            elif elapsed > BRIDGED:
                used -= elapsed * budget.recover / longest
            used = min(1.0, max(0.0, used))
        last = each
        if used <= 0.5:
            spoken = False
        if used > 1 - 1e-9 and angle >= first and not spoken:
            spoken = True
            said.append(each.at.mono)
    return said


@thorough
@given(budgets, timelines)
def test_a_budget_is_used_and_refilled_as_written(rule: Rule, timeline: Beats) -> None:
    rule, readings = replace(rule, cooldown=0.0), readings_of(timeline)
    assert [alert.at.mono for alert in alerts(of(rule), readings)] == used_up(rule, readings)


@thorough
@given(
    st.floats(0, 90),
    st.floats(0, 90),
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 500)), min_size=1, max_size=6),
)
def test_a_worse_angle_is_never_permitted_for_longer(
    one: float, two: float, steps: list[tuple[int, int]]
) -> None:
    angles = sorted({angle / 10 for angle, _ in steps})
    times = sorted((1.0 + time for _, time in steps), reverse=True)[: len(angles)]
    budget = Budget(tuple(zip(angles, times, strict=True)))
    low, high = sorted((max(one, angles[0]), max(two, angles[0])))
    assert budget.permitted(high) <= budget.permitted(low) + 1e-9
    for angle, time in zip(angles, times, strict=True):
        assert math.isclose(budget.permitted(angle), time)


# ---- whatever comes -----------------------------------------------------------------------------------------

any_values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(Value), st.sampled_from(Reason).map(unknown)
)
any_readings = st.builds(
    Reading,
    st.builds(Instant, st.floats(0, 4e9), st.floats(0, 1e9)),
    st.booleans(),
    st.sampled_from(View),
    st.dictionaries(st.sampled_from([*METRICS, "a stranger"]), any_values),
    st.floats(0, 1),
    profile=st.sampled_from(["", "sit r1", "stand r2"]),
    baseline=st.dictionaries(st.sampled_from([*METRICS]), st.floats(-1e6, 1e6)),
    scores=st.dictionaries(st.sampled_from(["nose", "left_hip"]), st.floats(0, 1)),
)
texts = st.sampled_from(
    [
        "neck_flexion",
        "abs(head_roll)",
        "head_pitch / head_yaw",
        "max(trunk_lean, neck_flexion * 1000) - head_x",
    ]
)
any_rules = st.builds(
    lambda rule, text, relative, hours, days, views, least, profile: replace(
        rule,
        metric=text if rule.metric else "",
        relative_to=relative if rule.kind in (Kind.LIMIT, Kind.BUDGET) else "",
        hours=hours,
        days=days,
        views=views,
        min_confidence=least,
        profile=profile,
    ),
    every_kind.map(lambda rule: replace(rule, hold=0.0 if rule.kind is Kind.LIMIT else rule.hold)),
    texts,
    st.sampled_from(["", "baseline"]),
    st.sampled_from([(), (Hours(540, 1080),), (Hours(1320, 360), Hours(0, 1440))]),
    st.sampled_from([frozenset(), frozenset({0, 5})]),
    st.sampled_from([frozenset(), frozenset({View.FRONTAL, View.OBLIQUE})]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from(["", "sit"]),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(any_rules, max_size=5), st.lists(any_readings, max_size=12))
def test_no_reading_whatever_makes_the_engine_raise_and_all_it_says_is_plain_data(
    rules: list[Rule], readings: list[Reading]
) -> None:
    named = [replace(rule, id=f"rule-{place}") for place, rule in enumerate(rules)]
    engine = of(named)
    for each in readings:
        verdict = engine.judge(each)
        assert (
            {alert.rule for alert in verdict.alerts} <= set(verdict.violated) <= {rule.id for rule in named}
        )
        for alert in verdict.alerts:
            assert math.isfinite(alert.value)
            assert json.loads(json.dumps(alert.explanation, allow_nan=False)) == alert.explanation
        for rule in named:
            value = value_of(rule, each)
            assert (why_asleep(rule, each) is None) <= (
                not rule.metric or (value is not None and value.known)
            )
        fresh = of(named)
        fresh.restore(json.loads(json.dumps(engine.state(), allow_nan=False)), each.at)
