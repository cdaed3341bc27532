"""Every kind of rule on the living line, and in what is said about calibration."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.rules import BUDGET, LIMIT, SITTING, STATIC, reading

from uprightd.cli.readout import gauge, gauges
from uprightd.domain import Value, View
from uprightd.rules.conditions import needs_calibration
from uprightd.rules.model import Rule

SEEN = reading(0, values={"neck_flexion": Value(30.0), "trunk_lean": Value(12.0), "head_x": Value(0.2)})


def test_a_budget_s_gauge_stands_against_its_first_angle() -> None:
    assert gauges(SEEN, [BUDGET]) == [f"neck flexion {gauge(30.0, 25.0)}  30.0°"]


def test_holding_still_has_a_figure_and_no_gauge_and_sitting_neither() -> None:
    assert gauges(SEEN, [STATIC, SITTING]) == ["neck flexion 30.0°"]
    assert gauges(SEEN, [SITTING]) == []


def test_an_expression_stands_under_its_own_text() -> None:
    worst = replace(LIMIT, metric="neck_flexion + trunk_lean")
    smoothed = replace(SEEN, smoothed={"neck_flexion": 1.0})
    assert gauges(smoothed, [worst]) == [f"neck_flexion + trunk_lean {gauge(42.0, 50.0)}  42.0°"]
    mixed = replace(LIMIT, metric="neck_flexion * head_x", threshold=10.0)
    assert gauges(SEEN, [mixed]) == [f"neck_flexion * head_x {gauge(6.0, 10.0)}   6.00"]


def test_what_counts_from_upright_is_shown_so() -> None:
    rule = replace(LIMIT, threshold=10.0, relative_to="baseline")
    seen = replace(SEEN, baseline={"neck_flexion": 22.0}, smoothed={"neck_flexion": 29.0})
    assert gauges(seen, [rule]) == [f"neck flexion {gauge(8.0, 10.0)}   8.0°"]
    assert gauges(SEEN, [rule]) == ["neck flexion uncalibrated"]


@pytest.mark.parametrize(
    ("rule", "needs"),
    [
        (LIMIT, False),
        (replace(LIMIT, metric="abs(head_pitch)"), True),
        (replace(LIMIT, metric="max(neck_flexion, head_pitch)"), True),
        (replace(LIMIT, relative_to="baseline"), True),
        (replace(SITTING, profile="sit"), True),
        (SITTING, False),
        (replace(BUDGET, views=frozenset({View.SAGITTAL_LEFT})), False),
    ],
)
def test_a_rule_needs_a_calibration_when_it_counts_from_one(rule: Rule, needs: bool) -> None:
    assert needs_calibration(rule) is needs
