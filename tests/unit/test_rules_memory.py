"""What an engine has counted survives a restart as JSON: shortly after it goes on, after hours it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.rules import (
    BAD,
    BUDGET,
    GOOD,
    LIMIT,
    NONE,
    SITTING,
    STATIC,
    WALL,
    nobody,
    of,
    reading,
    steady,
    told,
)

from uprightd.domain import Instant
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Budget, Rule, Sitting, Static

SLOW = replace(LIMIT, hold=60.0)
WINDOW = replace(LIMIT, hold=60.0, within=120.0, clear_for=60.0)
HOURS = 4 * 3600.0
ALL = [SLOW, WINDOW, BUDGET, SITTING, STATIC]


def restarted(engine: RuleEngine, rules: Rule | list[Rule], at: float, boot: float = 0.0) -> RuleEngine:
    """The engine of a new process, begun at a moment of the wall clock; its monotonic clock stands `boot` ahead."""
    data = json.loads(json.dumps(engine.state(), allow_nan=False))
    fresh = of(rules)
    fresh.restore(data, Instant(WALL + at, at + boot))
    return fresh


def later(timeline: list[tuple[float, float | None]], boot: float) -> list[tuple[float, float | None]]:
    return [(at + boot, value) for at, value in timeline]


@pytest.mark.parametrize(
    ("rule", "before", "due"),
    [
        pytest.param(SLOW, 40.0, 30 + 60.0, id="limit"),
        pytest.param(WINDOW, 40.0, 30 + 60.0, id="window"),
        pytest.param(replace(LIMIT, hold=5.0), 4.0, 30 + 5.0, id="short limit"),
        pytest.param(replace(BUDGET, threshold=25.0), 60.0, None, id="budget"),
        pytest.param(SITTING, 500.0, 30 + 600.0, id="sitting"),
        pytest.param(STATIC, 40.0, 30 + 60.0, id="static"),
    ],
)
def test_a_restart_within_a_minute_goes_on_where_it_was(rule: Rule, before: float, due: float | None) -> None:
    engine = of(rule)
    assert told(engine, steady(BAD, 0, before)) == []
    fresh = restarted(engine, rule, before + 30)
    spoken = told(fresh, steady(BAD, before + 30, before + 1000))
    if due is None:  # 60 s of the 235 s that 60 degrees are permitted for
        assert spoken == [before + 30 + 175.0]
    else:
        assert spoken == [due]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.kind.value)
def test_a_restart_is_no_more_than_a_gap_whatever_the_monotonic_clock_says(rule: Rule) -> None:
    engine, steadily = of(rule), of(rule)
    before = steady(BAD, 0, 50)
    assert told(engine, before) == told(steadily, before) == []
    after = steady(BAD, 80, 1500)
    fresh = restarted(engine, rule, 80, boot=-40.0)
    assert told(fresh, later(after, -40.0)) == [at - 40.0 for at in told(steadily, after)] != []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.kind.value)
def test_after_hours_nothing_goes_on(rule: Rule) -> None:
    engine = of(rule)
    assert told(engine, steady(BAD, 0, 50)) == []
    fresh, new = restarted(engine, rule, HOURS), of(rule)
    after = steady(BAD, HOURS, HOURS + 1500)
    assert told(fresh, after) == told(new, after) != []


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.kind.value)
def test_an_episode_that_was_spoken_of_is_not_spoken_of_again_after_a_restart(rule: Rule) -> None:
    rule = replace(rule, cooldown=0.0)
    engine = of(rule)
    assert len(told(engine, steady(BAD, 0, 800))) == 1
    assert told(restarted(engine, rule, 830), steady(BAD, 830, 2000)) == []


def test_a_sitting_goes_on_until_the_absence_is_a_break() -> None:
    engine = of(SITTING)
    assert told(engine, steady(GOOD, 0, 500)) == []
    assert told(restarted(engine, SITTING, 619), steady(GOOD, 619, 1000)) == [719.0]
    assert told(restarted(engine, SITTING, 620), steady(GOOD, 620, 1300)) == [1220.0]


def test_an_absence_goes_on_through_a_restart() -> None:
    engine = of(SITTING)
    assert told(engine, steady(GOOD, 0, 500)) == []
    for at in range(501, 600):
        engine.judge(nobody(at))
    fresh = restarted(engine, SITTING, 610)
    for at in range(610, 640):
        fresh.judge(nobody(at))
    assert told(fresh, steady(GOOD, 640, 1300)) == [1240.0]


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.kind.value)
def test_a_run_that_sees_nothing_hands_on_what_it_was_given(rule: Rule) -> None:
    engine, steadily = of(rule), of(rule)
    assert told(engine, steady(BAD, 0, 50)) == told(steadily, steady(BAD, 0, 50)) == []
    fresh = restarted(restarted(engine, rule, 65), rule, 80)
    assert told(fresh, steady(BAD, 80, 1500)) == told(steadily, steady(BAD, 80, 1500)) != []


def test_a_cooldown_goes_on_as_the_wall_clock_says() -> None:
    rule = replace(LIMIT, cooldown=600.0)
    engine = of(rule)
    assert told(engine, steady(BAD, 0, 5)) == [3.0]
    for away, first in ((100.0, 603.0), (590.0, 603.0), (597.0, 605.0), (HOURS, HOURS + 8.0)):
        fresh = restarted(engine, rule, 5 + away, boot=-2000.0)
        timeline = [(5.0 + away, GOOD), *steady(BAD, 5 + away, 5 + away + 700)]
        assert told(fresh, later(timeline, -2000.0))[:1] == [first - 2000.0], away


def test_a_clock_set_back_while_it_was_off_begins_anew_and_keeps_the_silence() -> None:
    rule = replace(LIMIT, cooldown=600.0, hold=20.0)
    engine = of(rule)
    assert told(engine, steady(BAD, 0, 30)) == [20.0]
    fresh = restarted(engine, rule, -7200)
    assert told(fresh, steady(BAD, -7200, -6000)) == [-7200 + 590.0]


def test_an_alert_remembered_from_the_log_and_a_restored_silence_are_no_contradiction() -> None:
    engine = of(LIMIT)
    assert told(engine, steady(BAD, 0, 5)) == [3.0]
    fresh = restarted(engine, LIMIT, 10)
    fresh.remember_alert("neck", 50.0, Instant(WALL + 10, 10.0))
    assert told(fresh, [(10.0, GOOD), *steady(BAD, 11, 200)]) == [103.0], "the later end counts"


@pytest.mark.parametrize(
    "change",
    [{"threshold": 51.0}, {"hold": 61.0}, {"hours": ()}, {"views": frozenset()}, {"cooldown": 99.0}],
    ids=str,
)
def test_a_rule_that_was_changed_meanwhile_begins_anew(change: dict[str, Any]) -> None:
    engine = of(SLOW)
    assert told(engine, steady(BAD, 0, 50)) == []
    changed = replace(SLOW, **change)
    begun = told(restarted(engine, changed, 55), steady(BAD, 55, 200))
    assert begun == ([65.0] if changed == SLOW else [55 + changed.hold])


def test_a_rule_that_moved_in_its_file_is_the_same() -> None:
    engine = of(replace(SLOW, origin="desk.yaml:12"))
    assert told(engine, steady(BAD, 0, 50)) == []
    assert told(restarted(engine, replace(SLOW, origin="desk.yaml:40"), 55), steady(BAD, 55, 200)) == [65.0]


def test_an_engine_that_has_seen_nothing_remembers_nothing() -> None:
    assert of(ALL).state() == {}
    calm = of(SLOW)
    told(calm, steady(GOOD, 0, 10))
    assert calm.state()["rules"] == {}


def test_what_is_kept_is_small() -> None:
    engine = of([replace(rule, id=f"rule-{number}") for number, rule in enumerate(ALL * 10)])
    wavering = [(float(at), BAD if at % 3 else NONE) for at in range(1000)]
    told(engine, wavering)
    assert len(json.dumps(engine.state())) < 100_000


broken: list[Callable[[dict[str, Any]], object]] = [
    lambda data: data.clear(),
    lambda data: data.update(wall="yesterday"),
    lambda data: data.update(wall=float("nan")),
    lambda data: data.update(rules=[]),
    lambda data: data["rules"].update(neck=7),
    lambda data: data["rules"]["neck"].update(rule=None),
    lambda data: data["rules"]["neck"].update(counted=[]),
    lambda data: data["rules"]["neck"]["counted"].clear(),
    lambda data: data["rules"]["neck"]["counted"].update(held="long"),
    lambda data: data["rules"]["neck"]["counted"].update(held=-1.0),
    lambda data: data["rules"]["neck"]["counted"].update(ago=float("inf")),
    lambda data: data["rules"]["neck"]["counted"].update(stretches=[7]),
    lambda data: data["rules"]["neck"]["counted"].update(stretches=[{}]),
    lambda data: data["rules"]["neck"]["counted"].update(stretches=None),
    lambda data: data["rules"]["neck"]["counted"].update(position=[]),
]


@pytest.mark.parametrize("breaks", broken)
def test_a_memory_that_cannot_be_read_is_left_out(breaks: Callable[[dict[str, Any]], object]) -> None:
    for rule in (SLOW, WINDOW):
        engine = of(rule)
        assert told(engine, steady(BAD, 0, 50)) == []
        data = json.loads(json.dumps(engine.state()))
        breaks(data)
        fresh = of(rule)
        fresh.restore(data, Instant(WALL + 55, 55.0))
        assert told(fresh, steady(BAD, 55, 200)) == [115.0]


@pytest.mark.parametrize("data", [None, 7, "text", [], {"rules": {}}, {"wall": 1.0}])
def test_anything_at_all_may_be_offered_as_memory(data: object) -> None:
    engine = of(ALL)
    engine.restore(data, Instant(WALL, 0.0))
    assert engine.state() == {}


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(
        [
            *ALL,
            replace(LIMIT, cooldown=0.0),
            replace(LIMIT, clear_for=4.0, cooldown=8.0),
            replace(LIMIT, within=9.0, clear_for=2.0),
            replace(BUDGET, cooldown=0.0, term=Budget(((45.0, 20.0), (60.0, 5.0)), recover=2.0)),
            replace(SITTING, cooldown=0.0, threshold=10.0, term=Sitting(10.0, 4.0)),
            replace(STATIC, cooldown=5.0, threshold=3.0, term=Static(3.0, 6.0)),
        ]
    ),
    st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from([BAD, BAD, BAD, 47.0, GOOD, None, -1.0])), max_size=60
    ),
    st.integers(0, 60),
)
def test_a_restart_costs_as_much_as_one_unknown_value(
    rule: Rule, beats: list[tuple[int, float | None]], at: int
) -> None:
    steadily, moved = of(rule), of(rule)
    moment, last = 0.0, Instant(WALL, 0.0)
    for number, (gap, value) in enumerate(beats):
        if number == at:
            steadily.judge(reading(moment, None))
            data = json.loads(json.dumps(moved.state(), allow_nan=False))
            moved = of(rule)
            moved.restore(data, last)
        moment += gap / 4
        each = nobody(moment) if value == -1.0 else reading(moment, value)
        last = each.at
        assert moved.judge(each) == steadily.judge(each)
