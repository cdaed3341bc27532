"""The packs that ship: their limits are the published ones, their words are kind, and each rule really speaks, once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.fakes.body import FRONT, OPTICS, SEEN, mirrored, read_whole, upright_scene

from uprightd.domain import Instant, Reading, Severity, Value, View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import offered
from uprightd.metrics.reading import Terms
from uprightd.paths import shipped
from uprightd.rules.engine import RuleEngine
from uprightd.rules.expression import parse
from uprightd.rules.loading import load_pack, load_rules, pack_names
from uprightd.rules.model import Budget, Kind, Pack, Rule, Sitting, Static
from uprightd.service.readiness import needs_of

FOLDER = shipped("rules")
NAMES = pack_names(FOLDER)
PACKS: Mapping[str, Pack] = {name: load_pack(FOLDER / f"{name}.yaml", METRICS) for name in NAMES}
RULES = {rule.id: rule for pack in PACKS.values() for rule in pack.rules}
STANDARDS = [name for name in NAMES if name != "demo"]
MINUTE = 60.0
STEP = 5.0
"""Seconds between the readings of these tests."""
START = 1_795_348_800.0


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")


def told(name: str) -> str:
    """A pack's own words, without the comments."""
    return str(yaml.safe_load(text_of(name)))


# ---- what there is ----------------------------------------------------------------------------------------------


def test_the_packs_of_the_issue_are_there_and_named_after_their_files() -> None:
    wanted = {"desk", "iso11226", "en1005-4", "rula", "reba", "rosa", "tele-rehab", "sit-stand", "demo"}
    assert set(NAMES) == wanted
    assert {name: pack.name for name, pack in PACKS.items()} == {name: name for name in NAMES}
    assert all(pack.description for pack in PACKS.values())


def test_all_packs_may_be_in_force_together() -> None:
    """No two rules of any two packs share an id."""
    assert sum(len(pack.rules) for pack in load_rules(NAMES, (), FOLDER, METRICS)) == len(RULES)


def test_the_desk_pack_keeps_the_rules_it_began_with() -> None:
    began = ["head-down", "neck-flexion", "head-tilt", "trunk-lean", "too-close", "shoulder-tilt"]
    assert [rule.id for rule in PACKS["desk"].rules] == [*began, "head-up", "sitting"]


# ---- what it says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STANDARDS)
def test_every_rule_says_what_it_is_informed_by_and_none_that_it_conforms(name: str) -> None:
    for rule in PACKS[name].rules:
        assert re.search(r"\b[Ii]nformed by\b", rule.source), rule.id
    assert not re.search(r"\bconform|comply|compliant|certif|assess", told(name), re.IGNORECASE)
    assert not re.search(r"\bconforms to\b", text_of(name)), "also not in a comment"


SCARE = (
    r"""\b(pain|injur|damage|disease|disorder|danger|risk|harm|wrong|bad|poor|must|warning|diagnos|slouch|"""
)
SCARE += r"""hunch|syndrome|hernia|arthr|degenerat|kg|lb|patient|symptom|disc)"""


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_message_is_short_kind_and_concrete(rule: Rule) -> None:
    assert len(rule.message) <= 100
    assert rule.message.endswith(".")
    assert not re.search(SCARE, rule.message + rule.source, re.IGNORECASE)
    assert "!" not in rule.message
    assert rule.severity is not Severity.ALERT
    sentences = rule.message.split(". ")
    assert len(sentences) in (2, 3), "what was seen, and what one may do"


@pytest.mark.parametrize("name", STANDARDS)
def test_a_pack_speaks_seldom(name: str) -> None:
    fewest = 3 * MINUTE if name == "tele-rehab" else 10 * MINUTE
    assert all(rule.cooldown >= fewest for rule in PACKS[name].rules)


def test_where_sources_disagree_the_pack_says_so() -> None:
    for name in ("rula", "reba"):
        assert re.search(r"[Ss]ources\s+(# )?disagree", text_of(name))
        assert isinstance(term := RULES[f"{name}-static"].term, Static)
        assert term == Static(5.0, 10 * MINUTE)


# ---- the published limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "metric", "curve"),
    [
        ("iso-head-inclination", "head_pitch", ((25.0, 8 * MINUTE), (85.0, MINUTE))),
        ("iso-trunk-inclination", "trunk_lean", ((20.0, 4 * MINUTE), (60.0, MINUTE))),
    ],
)
def test_a_holding_time_falls_as_the_sources_say(
    rule: str, metric: str, curve: tuple[tuple[float, float], ...]
) -> None:
    assert RULES[rule].metric == metric
    assert isinstance(term := RULES[rule].term, Budget)
    assert term.curve == curve


LIMITS = {
    "iso-trunk-far-forward": "trunk_lean > 60",
    "iso-trunk-backward": "trunk_lean < -5",
    "iso-side-bend": "abs(trunk_lean_signed) > 10",
    "iso-neck-flexion": "head_pitch - trunk_lean > 25",
    "iso-neck-extension": "head_pitch - trunk_lean < -5",
    "iso-head-back": "head_pitch < -5",
    "en-neck-flexion": "head_pitch - trunk_lean > 40",
    "en-head-down": "head_pitch > 40",
    "en-side-bend": "abs(trunk_lean_signed) > 10",
    "rula-neck": "rula_neck >= 3",
    "rula-trunk": "rula_trunk >= 3",
    "rula-side-bend": "rula_trunk >= 2",
    "reba-neck": "reba_neck >= 2",
    "reba-trunk": "reba_trunk >= 3",
    "reba-side-bend": "reba_trunk >= 2",
    "rosa-too-close": "screen_distance_cm < 40",
    "rosa-too-far": "screen_distance_cm > 75",
    "rosa-screen-low": "head_pitch > 30",
    "rosa-neck-twist": "abs(head_yaw) > 30",
    "rehab-trunk-forward": "trunk_lean > 20",
    "rehab-trunk-side": "abs(trunk_lean_signed) > 10",
    "rehab-sway": "abs(trunk_lean_signed) > 5",
    "rehab-head-down": "head_pitch > 25",
    "rehab-head-side": "abs(head_roll) > 10",
}


def test_every_limit_is_the_published_one() -> None:
    found = {
        rule.id: f"{rule.metric} {rule.operator} {rule.threshold:g}"
        for name in STANDARDS
        if name != "desk"
        for rule in PACKS[name].rules
        if rule.kind is Kind.LIMIT
    }
    assert found == LIMITS


def test_sitting_is_limited_as_the_sources_say() -> None:
    limits = {rule.id: rule.term.limit for rule in RULES.values() if isinstance(rule.term, Sitting)}
    assert limits == {"sitting": 50 * MINUTE, "sit-break": 50 * MINUTE, "rosa-sitting": 60 * MINUTE}


def test_neck_flexion_of_the_picture_is_held_against_no_published_limit() -> None:
    """It reads 35-40° upright, so 25° from the vertical would speak all day; demo and desk have limits of their own."""
    used = {rule.id for rule in RULES.values() if "neck_flexion" in rule.metrics}
    assert used == {"demo-neck-flexion", "neck-flexion"}


def test_a_trunk_that_counts_with_the_head_counts_from_upright_as_the_head_does() -> None:
    both = [rule for rule in RULES.values() if {"head_pitch", "trunk_lean"} <= set(rule.metrics)]
    assert len(both) == 3
    assert {rule.relative_to for rule in both} == {"baseline"}


# ---- what can be seen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_can_be_seen_in_all_views_it_asks_for(rule: Rule) -> None:
    needs = needs_of(rule)
    assert needs.views
    assert not rule.views or rule.views == needs.views
    for view in needs.views if rule.metric else ():
        for name in rule.metrics:
            assert offered("mediapipe", view, METRICS[name]), (view, name)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_on_a_metric_that_needs_a_calibration_says_so(rule: Rule) -> None:
    for view in needs_of(rule).views if rule.metric else ():
        places, world = SEEN[view]
        values = read_whole(view, None, places, world, Terms(optics=OPTICS)).values
        known = all(values[name].known for name in rule.metrics)
        assert known is not any(METRICS[name].relative for name in rule.metrics)
        assert needs_of(rule).calibration or known


# ---- what it does -----------------------------------------------------------------------------------------------


def upright(view: View) -> Reading:
    """Somebody who sits as they were calibrated, with the trunk upright, 60 cm from the screen."""
    places, world = SEEN[view]
    reading = read_whole(view, upright_scene(places, view, world), places, world, Terms(optics=OPTICS))
    near = {"screen_distance_cm": Value(60.0)} if reading.values["screen_distance_cm"].known else {}
    return replace(reading, values={**reading.values, **near})


def past(rule: Rule, view: View) -> Reading:
    """The same with just what the rule watches past its limit; to hold still and to sit is to be there and no more."""
    reading = replace(upright(view), profile=f"{rule.profile} r1" if rule.profile else "")
    if rule.kind in (Kind.SITTING, Kind.STATIC):
        return reading
    first, *others = rule.metrics
    away = 1.0 if rule.operator.upward else -1.0
    values = {**reading.values, **dict.fromkeys(others, Value(0.0))}
    return replace(
        reading,
        values={**values, first: Value(rule.threshold + 0.01 * away)},
        baseline=dict.fromkeys(rule.metrics, 0.0),
    )


def watched(reading: Reading, seconds: float) -> Iterator[Reading]:
    """The same reading again and again, for so long."""
    for step in range(int(seconds / STEP) + 1):
        yield replace(reading, at=Instant(START + step * STEP, step * STEP))


def alerts(rules: tuple[Rule, ...], readings: Iterator[Reading]) -> list[str]:
    engine = RuleEngine(rules, pulse=2 * STEP)
    return [alert.rule for reading in readings for alert in engine.judge(reading).alerts]


def needed_time(rule: Rule) -> float:
    """Seconds after which a rule is due at the least: those of its kind."""
    match rule.term:
        case Budget():
            return rule.term.curve[0][1]
        case Sitting() | Static():
            return rule.term.limit
        case None:
            return rule.hold


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_speaks_once_when_its_time_is_up_and_not_before(rule: Rule) -> None:
    for view in needs_of(rule).views:
        reading, due = past(rule, view), needed_time(rule)
        assert alerts((rule,), watched(reading, due - STEP - 1)) == []
        assert alerts((rule,), watched(reading, due + 4 * STEP)) == [rule.id], view


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("view", SEEN)
def test_upright_for_half_an_hour_only_holding_still_is_spoken_of(name: str, view: View) -> None:
    still = [rule.id for rule in PACKS[name].rules if rule.kind is Kind.STATIC and not rule.profile]
    found = alerts(PACKS[name].rules, watched(upright(view), 30 * MINUTE))
    assert set(found) <= set(still)


def test_a_rehab_sway_is_spoken_of_that_no_single_lean_is_long_enough_for() -> None:
    """Three seconds to either side, and two in the middle between."""
    rule = RULES["rehab-sway"]
    middle, leaning = upright(View.FRONTAL), past(rule, View.FRONTAL)
    swaying = [
        replace(leaning if second % 5 < 3 else middle, at=Instant(START + second, float(second)))
        for second in range(60)
    ]
    engine = RuleEngine((rule,), pulse=2.0)
    found = [(reading.at.mono, alert.rule) for reading in swaying for alert in engine.judge(reading).alerts]
    assert [name for _, name in found] == ["rehab-sway"]
    assert found[0][0] > 15.0


def test_standing_up_at_the_desk_is_a_break_from_sitting() -> None:
    rule = RULES["sit-break"]
    sits = replace(upright(View.FRONTAL), profile="sit r1")
    stands = replace(sits, profile="stand r1")
    parts = [(sits, 45 * MINUTE), (stands, 5 * MINUTE), (sits, 45 * MINUTE)]
    engine, mono, found = RuleEngine((rule,), pulse=2 * STEP), 0.0, []
    for reading, seconds in parts:
        for _ in range(int(seconds / STEP)):
            mono += STEP
            found += engine.judge(replace(reading, at=Instant(START + mono, mono))).alerts
    assert found == []


def test_the_upright_body_of_these_tests_is_upright_from_the_front_too() -> None:
    """Else the tests above would show nothing: mirrored it must read the same."""
    assert upright(View.FRONTAL).values["trunk_lean"].number == pytest.approx(0, abs=1e-9)
    assert read_whole(View.FRONTAL, None, mirrored(FRONT), {}).values["trunk_lean"].number < 0.01


def test_every_metric_named_in_a_pack_is_one_that_is_measured() -> None:
    assert all(
        name in METRICS for rule in RULES.values() if rule.metric for name in parse(rule.metric).metrics
    )


def test_the_packs_lie_in_the_checkout_and_nowhere_else() -> None:
    assert Path(__file__).parents[2] / "rules" == FOLDER
