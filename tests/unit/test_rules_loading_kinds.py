"""Every key of every kind of rule: what it may say, what it means when it is left out, what is refused and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from uprightd.domain import View
from uprightd.errors import ConfigError
from uprightd.metrics.definitions import METRICS
from uprightd.rules.expression import DEPTH_LIMIT, LENGTH_LIMIT
from uprightd.rules.loading import load_pack
from uprightd.rules.model import Budget, Hours, Kind, Operator, Rule, Sitting, Static

LIMIT = """
metric: neck_flexion
operator: ">"
threshold: 50
for: 60s
"""
BUDGET = """
metric: head_pitch
budget: {25: 8 min, 85: 1 min}
"""
SITTING = "sitting: 50 min"
STATIC = """
metric: head_pitch
static: 20 min
"""


def write(tmp_path: Path, *rules: str) -> Path:
    """A pack whose rules begin on line 3, each with its id and message first."""
    lines = ["name: mine", "rules:"]
    for number, rule in enumerate(rules):
        body = [f"id: rule-{number}", 'message: "Now."', *rule.strip().splitlines()]
        lines += [f"{'    ' if index else '  - '}{line}" for index, line in enumerate(body)]
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(tmp_path: Path, *parts: str) -> Rule:
    (rule,) = load_pack(write(tmp_path, "\n".join(part.strip() for part in parts)), METRICS).rules
    return rule


def faults(tmp_path: Path, *parts: str) -> list[str]:
    path = write(tmp_path, "\n".join(part.strip() for part in parts))
    with pytest.raises(ConfigError) as caught:
        load_pack(path, METRICS)
    return [line.removeprefix(f"{path}:") for line in caught.value.message.splitlines()]


# ---- what may be said ---------------------------------------------------------------------------------------


def test_a_budget_is_read(tmp_path: Path) -> None:
    rule = read(tmp_path, BUDGET, "recover: 2", "cooldown: 30 min")
    assert rule.kind is Kind.BUDGET
    assert rule.term == Budget(((25.0, 480.0), (85.0, 60.0)), 2.0)
    assert (rule.operator, rule.threshold, rule.hold, rule.clear) == (Operator.AT_LEAST, 25.0, 480.0, 25.0)
    assert (rule.metric, rule.metrics, rule.cooldown) == ("head_pitch", ("head_pitch",), 1800.0)


@pytest.mark.parametrize(
    "points",
    [
        '{"25": 8 min, "85": 1 min}',
        "{85: 1 min, 25: 8 min}",
        "{25.0: 480, 8.5e1: 60s}",
        "\n  25: 8 min\n  85: 1 min",
    ],
)
def test_the_points_of_a_budget_may_be_written_in_any_order_and_form(points: str, tmp_path: Path) -> None:
    rule = read(tmp_path, "metric: head_pitch", f"budget: {points}")
    assert rule.term == Budget(((25.0, 480.0), (85.0, 60.0)), 1.0)


def test_a_sitting_is_read(tmp_path: Path) -> None:
    rule = read(tmp_path, SITTING, "break: 5 min")
    assert (rule.kind, rule.term, rule.metric, rule.metrics) == (Kind.SITTING, Sitting(3000.0, 300.0), "", ())
    assert (rule.threshold, rule.hold) == (3000.0, 3000.0)
    assert read(tmp_path, SITTING).term == Sitting(3000.0, 120.0)


def test_holding_still_is_read(tmp_path: Path) -> None:
    rule = read(tmp_path, STATIC, "band: 3")
    assert (rule.kind, rule.term) == (Kind.STATIC, Static(3.0, 1200.0))
    assert read(tmp_path, STATIC).term == Static(5.0, 1200.0), "an angle has a default"
    assert read(tmp_path, "metric: head_x", "static: 20 min", "band: 0.02").term == Static(0.02, 1200.0)


def test_a_limit_is_what_has_none_of_their_keys(tmp_path: Path) -> None:
    rule = read(tmp_path, LIMIT)
    assert (rule.kind, rule.term, rule.within, rule.clear_for, rule.relative_to) == (
        Kind.LIMIT,
        None,
        0,
        0,
        "",
    )
    assert (rule.hours, rule.days, rule.min_confidence, rule.profile) == ((), frozenset(), 0.0, "")


def test_an_expression_is_read_under_value(tmp_path: Path) -> None:
    rule = read(
        tmp_path,
        LIMIT.replace("metric: neck_flexion", 'value: "max(neck_flexion, trunk_lean) - 2 * abs(head_x)"'),
    )
    assert rule.metric == "max(neck_flexion, trunk_lean) - 2 * abs(head_x)"
    assert rule.metrics == ("neck_flexion", "trunk_lean", "head_x")


@pytest.mark.parametrize(
    ("value", "clear"),
    [
        ("neck_flexion - 5", 25.0),
        ("neck_flexion * 2", 25.0),
        ("head_x * 100", 27.0),
        ("head_x / neck_flexion", 27.0),
    ],
)
def test_an_expression_of_angles_clears_as_an_angle_does(value: str, clear: float, tmp_path: Path) -> None:
    body = LIMIT.replace("metric: neck_flexion", f'value: "{value}"').replace("50", "30")
    assert read(tmp_path, body).clear == clear


@pytest.mark.parametrize(
    ("written", "within", "clear_for"),
    [
        ("", 0.0, 0.0),
        ("within: 90s", 90.0, 30.0),
        ("within: 60s", 60.0, 0.0),
        ("within: 90s\nclear_for: 5s", 90.0, 5.0),
        ("clear_for: 2 min", 0.0, 120.0),
        ("within: 90s\nclear_for: 0", 90.0, 0.0),
    ],
)
def test_a_window_and_the_time_to_clear_are_read(
    written: str, within: float, clear_for: float, tmp_path: Path
) -> None:
    rule = read(tmp_path, LIMIT, written)
    assert (rule.within, rule.clear_for) == (within, clear_for)


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ('"09:00-18:00"', (Hours(540, 1080),)),
        ("09:00-18:00", (Hours(540, 1080),)),
        ("9:00 - 12:30", (Hours(540, 750),)),
        ("[09:00-12:00, 13:00-17:30]", (Hours(540, 720), Hours(780, 1050))),
        ("22:00-06:00", (Hours(1320, 360),)),
        ("00:00-24:00", (Hours(0, 1440),)),
        ("09:00–18:00", (Hours(540, 1080),)),
    ],
)
def test_hours_are_read(written: str, hours: tuple[Hours, ...], tmp_path: Path) -> None:
    assert read(tmp_path, SITTING, f"hours: {written}").hours == hours


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("[mon, wed, fri]", {0, 2, 4}),
        ("[Monday, SUN]", {0, 6}),
        ("[mon, monday]", {0}),
        ("[sat, sunday]", {5, 6}),
    ],
)
def test_days_are_read(written: str, days: set[int], tmp_path: Path) -> None:
    assert read(tmp_path, SITTING, f"days: {written}").days == days


def test_conditions_are_read_for_every_kind(tmp_path: Path) -> None:
    for body in (LIMIT, BUDGET, SITTING, STATIC):
        rule = read(
            tmp_path, body, "min_confidence: 0.6", "profile: stand", "hours: 09:00-18:00", "days: [mon]"
        )
        assert (rule.min_confidence, rule.profile) == (0.6, "stand")
        assert (rule.hours, rule.days) == ((Hours(540, 1080),), frozenset({0}))


def test_a_limit_and_a_budget_may_count_from_the_baseline(tmp_path: Path) -> None:
    assert read(tmp_path, LIMIT, "relative_to: baseline").relative_to == "baseline"
    budget = read(tmp_path, BUDGET.replace("head_pitch", "neck_flexion"), "relative_to: baseline")
    assert budget.relative_to == "baseline"


def test_the_views_of_a_rule_are_among_those_of_its_metric(tmp_path: Path) -> None:
    assert read(tmp_path, LIMIT, "views: [sagittal-left]").views == {View.SAGITTAL_LEFT}
    assert read(tmp_path, SITTING, "views: [rear]").views == {View.REAR}, "time has no view of its own"


# ---- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "more", "fault"),
    [
        # views that the metric never has
        (
            LIMIT,
            "views: [frontal]",
            "9: rules[0].views: frontal: never a view of neck_flexion (its views: sagittal-left,",
        ),
        (LIMIT, "views: [rear, sagittal]", "rear: never a view of neck_flexion"),
        (STATIC, "views: [rear]", "rear: never a view of head_pitch"),
        (
            LIMIT.replace("metric: neck_flexion", "value: neck_flexion - head_x"),
            "views: [oblique]",
            "oblique: never a view of neck_flexion",
        ),
        (
            LIMIT.replace("metric: neck_flexion", "value: neck_flexion - shoulder_tilt"),
            "",
            "5: rules[0].value: neck_flexion, shoulder_tilt are never measured in the same view",
        ),
        # what is measured
        (
            LIMIT,
            "value: neck_flexion",
            "9: rules[0].value: does not go with 'metric'; known here: id, metric, operator",
        ),
        (
            SITTING,
            "metric: neck_flexion",
            "6: rules[0].metric: does not go with 'sitting'; known here: id, sitting",
        ),
        (
            LIMIT.replace("metric: neck_flexion", 'metric: "neck_flexion - 5"'),
            "",
            "or abs(METRIC); more than that goes under 'value', got \"neck_flexion - 5\"",
        ),
        (
            LIMIT.replace("metric: neck_flexion", "value: max(nek_flexion, trunk_lean)"),
            "",
            "5: rules[0].value: expected known metrics (found nek_flexion; did you mean 'neck_flexion'?), got",
        ),
        (
            LIMIT.replace("metric: neck_flexion", "value: 7"),
            "",
            "5: rules[0].value: expected an expression such as",
        ),
        (LIMIT.replace("metric: neck_flexion", "value: neck_flexion ** 2"), "", "(found neck_flexion ** 2)"),
        (
            LIMIT.replace("metric: neck_flexion", f"value: neck_flexion {'+ 1 ' * LENGTH_LIMIT}"),
            "",
            f"expected an expression of at most {LENGTH_LIMIT} characters",
        ),
        (
            LIMIT.replace("metric: neck_flexion", f"value: {'-' * DEPTH_LIMIT * 2}neck_flexion"),
            "",
            f"expected an expression nested at most {DEPTH_LIMIT} levels deep",
        ),
        # windows and the way back
        (
            LIMIT,
            "within: 59s",
            "9: rules[0].within: expected a length of time no shorter than what is under 'for' (1 min)",
        ),
        (LIMIT, "within: 0", "expected a length of time above 0, such as 90s, 10 min or 1h, got 0"),
        (LIMIT, "within: long", "9: rules[0].within: expected a length of time"),
        (
            LIMIT,
            "clear_for: -1",
            "9: rules[0].clear_for: expected a length of time such as 90s, 10 min or 1h, not below 0",
        ),
        (
            LIMIT,
            "relative_to: basline",
            "9: rules[0].relative_to: expected baseline (or leave it out: a threshold",
        ),
        (LIMIT, "relative_to: basline", "did you mean 'baseline'?"),
        (
            LIMIT.replace("neck_flexion", "head_pitch"),
            "relative_to: baseline",
            "9: rules[0].relative_to: head_pitch counts from the calibrated pose already; leave this out",
        ),
        # conditions
        (
            SITTING,
            "hours: 09:00",
            '6: rules[0].hours: expected hours such as "09:00-18:00", or a list of such (found 09:00)',
        ),
        (SITTING, "hours: 25:00-26:00", "(found 25:00-26:00)"),
        (SITTING, "hours: 09:00-09:00", "expected hours that end at another time than they start"),
        (SITTING, "hours: 900", "expected hours such as"),
        (SITTING, "hours: []", "expected hours such as"),
        (SITTING, "hours: [09:00-10:00, noon]", "(found noon)"),
        (
            SITTING,
            "days: [mon, tues]",
            "6: rules[0].days: expected a list of days (mon, tue, wed, thu, fri, sat, sun)",
        ),
        (SITTING, "days: [mon, tues]", "did you mean 'tue'?"),
        (SITTING, "days: mon", "expected a list of days"),
        (SITTING, "days: []", "expected a list of days"),
        (SITTING, "days: [1]", "expected a list of days"),
        (SITTING, "min_confidence: 60", "6: rules[0].min_confidence: expected a number from 0 to 1, got 60"),
        (SITTING, "min_confidence: high", "expected a number, got"),
        (SITTING, "profile: Sit Low", "6: rules[0].profile: expected the name of a calibrated profile"),
        # budgets
        (
            BUDGET.replace("{25: 8 min, 85: 1 min}", "{}"),
            "",
            "6: rules[0].budget: expected angles with times, at most 20",
        ),
        (
            BUDGET.replace("{25: 8 min, 85: 1 min}", "8 min"),
            "",
            "6: rules[0].budget: expected angles with times",
        ),
        (
            BUDGET.replace("{25: 8 min, 85: 1 min}", "{" + ", ".join(f"{n}: 1 min" for n in range(21)) + "}"),
            "",
            "at most 20",
        ),
        (
            BUDGET.replace("{25: 8 min, 85: 1 min}", "\n  25: 8 min\n  85: 9 min"),
            "",
            "8: rules[0].budget.85: expected a time no longer than at the smaller angle",
        ),
        (
            BUDGET.replace("{25: 8 min, 85: 1 min}", "\n  25: 8 min\n  25.0: 7 min"),
            "",
            "8: rules[0].budget.25.0: expected an angle as key, each once",
        ),
        (
            BUDGET.replace("{25: 8 min, 85: 1 min}", "\n  25: 8 min\n  steep: 7 min"),
            "",
            "8: rules[0].budget.steep: expected an angle as key",
        ),
        (BUDGET.replace("8 min", "0"), "", "6: rules[0].budget.25: expected a length of time above 0"),
        (BUDGET.replace("8 min", "[1]"), "", "6: rules[0].budget.25: expected a length of time"),
        (BUDGET.replace("25:", ".inf:"), "", "expected a finite number, got .inf"),
        (BUDGET.replace("25:", "true:"), "", "expected text as key"),
        (BUDGET, "recover: 0", "7: rules[0].recover: expected a number above 0, at most 100"),
        (BUDGET, "recover: 101", "at most 100"),
        (BUDGET, "recvoer: 1", "7: rules[0].recvoer: unknown key; did you mean 'recover'?"),
        (
            BUDGET,
            "threshold: 25",
            "7: rules[0].threshold: does not go with 'budget'; known here: id, metric, budget",
        ),
        (BUDGET, "sitting: 5 min", "7: rules[0].sitting: does not go with 'budget'"),
        # sitting and holding still
        ("sitting: 0", "", "5: rules[0].sitting: expected a length of time above 0"),
        (SITTING, "break: 0", "6: rules[0].break: expected a length of time above 0"),
        (SITTING, "for: 5 min", "6: rules[0].for: does not go with 'sitting'"),
        (STATIC, "break: 5 min", "7: rules[0].break: does not go with 'static'"),
        (STATIC, "band: 0", "7: rules[0].band: expected a number above 0"),
        (STATIC, "relative_to: baseline", "does not go with 'static'"),
        (
            STATIC.replace("head_pitch", "head_x"),
            "",
            "rules[0].band: expected a number above 0, in the unit of the metric",
        ),
        (LIMIT, "recover: 2", "9: rules[0].recover: does not go with 'metric'"),
        # misspelled keys of any kind
        (LIMIT, "withn: 90s", "9: rules[0].withn: unknown key; did you mean 'within'?"),
        (LIMIT, "clear_fro: 5s", "unknown key; did you mean 'clear_for'?"),
        (LIMIT, "relativ_to: baseline", "unknown key; did you mean 'relative_to'?"),
        (LIMIT, "hour: 09:00-18:00", "unknown key; did you mean 'hours'?"),
        (LIMIT, "dys: [mon]", "unknown key; did you mean 'days'?"),
        (LIMIT, "minconfidence: 1", "unknown key; did you mean 'min_confidence'?"),
        (LIMIT, "profil: sit", "unknown key; did you mean 'profile'?"),
        ("siting: 50 min", "", "unknown key; did you mean 'sitting'?"),
        (SITTING, "braek: 5 min", "unknown key; did you mean 'break'?"),
        ("metric: head_pitch\nbuget: {25: 8 min}", "", "unknown key; did you mean 'budget'?"),
        ("metric: head_pitch\nstatc: 20 min", "", "unknown key; did you mean 'static'?"),
        (STATIC, "bnad: 5", "unknown key; did you mean 'band'?"),
        (SITTING, "zzz: 5", "6: rules[0].zzz: unknown key; known here: id, sitting, break, cooldown"),
    ],
)
def test_a_fault_is_told_with_its_line(body: str, more: str, fault: str, tmp_path: Path) -> None:
    told = faults(tmp_path, body, more)
    assert any(fault in line for line in told), told


@pytest.mark.parametrize(
    ("body", "missing"),
    [(BUDGET, "metric"), (STATIC, "metric"), (LIMIT, "operator"), (LIMIT, "threshold"), (LIMIT, "for")],
)
def test_a_key_that_has_no_default_must_be_there(body: str, missing: str, tmp_path: Path) -> None:
    rest = "\n".join(line for line in body.strip().splitlines() if not line.startswith(missing))
    (told,) = faults(tmp_path, rest)
    assert told.startswith(f"3: rules[0].{missing}: expected ")
    assert told.endswith(", got nothing")


def test_numbers_are_keys_of_a_budget_and_nowhere_else(tmp_path: Path) -> None:
    told = faults(tmp_path, SITTING, "7: 8 min")
    assert any("expected text as key" in line for line in told)


def test_all_faults_of_one_rule_are_told_at_once(tmp_path: Path) -> None:
    told = faults(tmp_path, LIMIT, "within: 5s", "views: [frontal]", "clear: 60", "hours: noon", "days: [mo]")
    assert [line.split(": ")[1] for line in told] == ["rules[0].hours", "rules[0].days"], (
        "first what cannot be read"
    )
    told = faults(tmp_path, LIMIT, "within: 5s", "views: [frontal]", "clear: 60")
    assert [line.split(": ")[1] for line in told] == ["rules[0].within", "rules[0].views", "rules[0].clear"]
