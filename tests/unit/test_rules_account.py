"""What an alert rests on: plain data from which everything can be explained afterwards."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.fakes.rules import BAD, BUDGET, LIMIT, SITTING, STATIC, alerts, of, reading

from uprightd.domain import Alert, Value, View
from uprightd.rules.account import condition_text, fingerprint, subject_of, written
from uprightd.rules.model import Hours, Rule

FULL = replace(
    LIMIT,
    metric="max(neck_flexion, trunk_lean)",
    within=6.0,
    clear_for=2.0,
    hours=(Hours(0, 720), Hours(720, 1440)),
    days=frozenset(range(7)),
    views=frozenset({View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT}),
    min_confidence=0.5,
    profile="sit",
    relative_to="baseline",
    source="a book",
    origin="mine.yaml:12",
)


def alert_of(rule: Rule, seconds: int = 700, **changes: object) -> Alert:
    return alerts(of(rule), (reading(at, BAD, **changes) for at in range(seconds)))[0]


def test_an_alert_carries_the_rule_as_it_was_written_with_its_source() -> None:
    seen = {
        "values": {"neck_flexion": Value(95.0, error=3.0), "trunk_lean": Value(12.0, error=2.0)},
        "baseline": {"neck_flexion": 38.0, "trunk_lean": 2.0},
        "profile": "sit r2",
        "scores": {"nose": 0.9, "left_shoulder": 0.8, "left_hip": 0.7, "left_wrist": 0.1},
    }
    alert = alert_of(FULL, **seen)
    told = alert.explanation
    assert told["kind"] == "limit"
    assert told["rule"] == {
        "id": "neck",
        "kind": "limit",
        "metric": "max(neck_flexion, trunk_lean)",
        "operator": ">",
        "threshold": 50.0,
        "clear": 45.0,
        "for": "3 s",
        "within": "6 s",
        "clear_for": "2 s",
        "relative_to": "baseline",
        "cooldown": "1 min 40 s",
        "severity": "warn",
        "views": ["sagittal-left", "sagittal-right"],
        "hours": ["00:00-12:00", "12:00-24:00"],
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "min_confidence": 0.5,
        "profile": "sit",
        "message": LIMIT.message,
        "source": "a book",
        "origin": "mine.yaml:12",
    }
    assert told["condition"] == (
        "max(neck_flexion, trunk_lean) > 50°, counted from the baseline for 3 s within 6 s"
    )
    assert (told["value"], told["error"], told["threshold"], told["held_s"]) == (57.0, 3.0, 50.0, 3.0)
    assert told["values"] == {
        "neck_flexion": {"value": 95.0, "error": 3.0, "unit": "°", "text": "95.0° ± 3.0°"},
        "trunk_lean": {"value": 12.0, "error": 2.0, "unit": "°", "text": "12.0° ± 2.0°"},
    }
    assert told["baseline"] == {"neck_flexion": 38.0, "trunk_lean": 2.0}
    assert (told["view"], told["profile"], told["confidence"]) == ("sagittal-left", "sit r2", 0.9)
    assert told["within_s"] == 6.0
    assert set(told["scores"]) <= {"nose", "left_shoulder", "left_hip"}, (
        "not those of points nobody asked for"
    )
    assert told["scores"]["left_shoulder"] == 0.8


@pytest.mark.parametrize("rule", [LIMIT, BUDGET, SITTING, STATIC], ids=lambda rule: rule.kind.value)
def test_an_explanation_is_plain_json_of_every_kind_of_rule(rule: Rule) -> None:
    told = alert_of(rule).explanation
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["kind"] == told["rule"]["kind"] == rule.kind.value
    assert len(json.dumps(told)) < 4000


def test_scores_are_told_only_where_the_reading_carries_them() -> None:
    assert alert_of(LIMIT).explanation["scores"] == {}


def test_what_a_rule_does_not_ask_for_is_not_told() -> None:
    assert set(written(LIMIT)) == {
        "id",
        "kind",
        "metric",
        "operator",
        "threshold",
        "clear",
        "for",
        "cooldown",
        "severity",
        "message",
    }
    assert written(replace(LIMIT, threshold=0.0, clear=0.0))["threshold"] == 0.0


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (LIMIT, "neck flexion > 50° for 3 s"),
        (replace(LIMIT, metric="abs(shoulder_tilt)"), "shoulder tilt > 50° to either side for 3 s"),
        (replace(LIMIT, metric="screen_distance", threshold=0.8), "screen distance > 0.8 for 3 s"),
        (BUDGET, "neck flexion held: 8 min at 25°, 1 min at 85°"),
        (SITTING, "sitting for 10 min without a break of 2 min"),
        (STATIC, "neck flexion within ±5° of where it was for 1 min"),
    ],
)
def test_a_rule_has_words_for_when_it_speaks(rule: Rule, text: str) -> None:
    assert condition_text(rule) == text


def test_an_expression_is_its_own_title_with_the_unit_it_comes_out_in() -> None:
    angle = subject_of(replace(LIMIT, metric="neck_flexion - 5"))
    assert (angle.title, angle.text(12.34, 2.0), angle.limit_text(12.5)) == (
        "neck_flexion - 5",
        "12.3° ± 2.0°",
        "12.5°",
    )
    mixed = subject_of(replace(LIMIT, metric="neck_flexion * head_x"))
    assert (mixed.unit, mixed.text(12.345, 2.0), mixed.limit_text(12.5)) == ("", "12.35 ± 2.00", "12.5")


def test_the_same_rule_has_the_same_fingerprint_and_another_one_another() -> None:
    same = replace(FULL, origin="elsewhere.yaml:3", views=frozenset(sorted(FULL.views, reverse=True)))
    assert fingerprint(same) == fingerprint(FULL)
    others = [
        replace(FULL, **change)
        for change in (
            {"threshold": 50.5},
            {"hold": 3.0001},
            {"within": 6.0001},
            {"cooldown": 100.0001},
            {"message": "x"},
            {"days": frozenset({1})},
            {"source": "another book"},
        )
    ]
    kinds = [LIMIT, BUDGET, SITTING, STATIC]
    assert len({fingerprint(rule) for rule in [FULL, *others, *kinds]}) == 1 + len(others) + len(kinds)
