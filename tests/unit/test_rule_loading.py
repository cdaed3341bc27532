"""Rule packs: what a rule may say, its defaults, and every fault at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from uprightd.domain import Severity, View
from uprightd.errors import ConfigError
from uprightd.metrics.definitions import METRICS
from uprightd.paths import shipped
from uprightd.rules.loading import load_pack, load_rules, pack_names
from uprightd.rules.model import Operator, Rule

FOLDER = shipped("rules")

GOOD = {
    "id": "neck",
    "metric": "neck_flexion",
    "operator": '">"',
    "threshold": "50",
    "for": "60s",
    "message": '"Look up: {value}."',
}


def _pack(path: Path, *rules: dict[str, str], name: str = "mine") -> Path:
    lines = [f"name: {name}", "rules:"]
    for rule in rules:
        lines += [
            f"{'    ' if index else '  - '}{key}: {text}" for index, (key, text) in enumerate(rule.items())
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _rule(tmp_path: Path, **changes: str) -> Rule:
    return load_pack(_pack(tmp_path / "mine.yaml", GOOD | changes), METRICS).rules[0]


def _faults(tmp_path: Path, *rules: dict[str, str]) -> list[str]:
    path = _pack(tmp_path / "mine.yaml", *rules)
    with pytest.raises(ConfigError) as caught:
        load_pack(path, METRICS)
    assert caught.value.exit_code == 78
    assert caught.value.hint == "Put this right, then run: uprightd rules check"
    return [line.removeprefix(f"{path}:") for line in caught.value.message.splitlines()]


def test_a_rule_is_read_whole(tmp_path: Path) -> None:
    rule = _rule(
        tmp_path,
        clear="44",
        cooldown="1 h",
        severity="alert",
        source="a book",
        metric="abs(shoulder_tilt)",
        views="[frontal]",
    )
    assert rule == Rule(
        id="neck",
        metric="abs(shoulder_tilt)",
        operator=Operator.ABOVE,
        threshold=50.0,
        hold=60.0,
        clear=44.0,
        cooldown=3600.0,
        severity=Severity.ALERT,
        message="Look up: {value}.",
        views=frozenset({View.FRONTAL}),
        source="a book",
        origin="mine.yaml:3",
    )


def test_what_a_rule_leaves_out_has_a_default(tmp_path: Path) -> None:
    rule = _rule(tmp_path)
    assert (rule.cooldown, rule.severity, rule.source) == (600.0, Severity.WARN, "")
    assert rule.views == frozenset(), "all in which the metric is valid"


@pytest.mark.parametrize(
    ("written", "views"),
    [
        ("[frontal]", {View.FRONTAL}),
        ("[sagittal]", {View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT}),
        ("[sagittal-left]", {View.SAGITTAL_LEFT}),
        ("[rear, sagittal, sagittal-right]", {View.REAR, View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT}),
        ("[oblique, oblique]", {View.OBLIQUE}),
    ],
)
def test_the_views_of_a_rule_are_read(written: str, views: set[View], tmp_path: Path) -> None:
    """The 3D estimate is measured in every view."""
    assert _rule(tmp_path, metric="trunk_lean_3d", views=written).views == views


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_is_read(operator: Operator, tmp_path: Path) -> None:
    assert _rule(tmp_path, operator=f'"{operator}"').operator is operator


@pytest.mark.parametrize(
    ("metric", "operator", "threshold", "clear"),
    [
        ("neck_flexion", ">", 50, 45),
        ("left_knee_angle", "<", 90, 95),
        ("trunk_lean_signed", "<=", -20, -15),
        ("abs(shoulder_tilt)", ">=", 6, 3),  # never further than half-way to zero
        ("abs(shoulder_tilt)", ">", 0, 0),
        ("head_x", ">", 0.2, 0.18),  # not an angle: a tenth
        ("head_x", "<", -0.2, -0.18),
        ("head_x", "<", 0.2, 0.22),
        ("neck_flexion", ">", -10, -15),
    ],
)
def test_clear_defaults_to_the_good_side(
    metric: str, operator: str, threshold: float, clear: float, tmp_path: Path
) -> None:
    rule = _rule(tmp_path, metric=metric, operator=f'"{operator}"', threshold=str(threshold))
    assert rule.clear == pytest.approx(clear)
    assert not rule.operator.holds(rule.clear, rule.threshold) or threshold == 0


@pytest.mark.parametrize(("operator", "clear"), [(">", "50"), (">", "-1"), ("<", "50"), ("<", "60")])
def test_an_explicit_clear_is_kept(operator: str, clear: str, tmp_path: Path) -> None:
    assert _rule(tmp_path, operator=f'"{operator}"', clear=clear).clear == float(clear)


def test_a_message_is_one_line_with_the_known_fields(tmp_path: Path) -> None:
    text = '"{metric} {value} > {threshold} {unit}\\n for  {held} {{so}}"'
    assert _rule(tmp_path, message=text).message == "{metric} {value} > {threshold} {unit} for {held} {{so}}"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "Neck"}, "3: rules[0].id: expected a name of a-z, 0-9, _ and -, at most 64 characters, got"),
        ({"id": "7"}, "3: rules[0].id: expected a name"),
        ({"metric": "neck_flexoin"}, "\"neck_flexoin\"; did you mean 'neck_flexion'?"),
        ({"metric": "left_knee"}, "did you mean 'left_knee_angle'?"),
        ({"metric": "abs(hip_tlit)"}, "did you mean 'abs(hip_tilt)'?"),
        ({"metric": "abs( hip_tilt )"}, "did you mean 'abs(hip_tilt)'?"),
        ({"metric": "abs(abs(hip_tilt))"}, "4: rules[0].metric: expected a metric"),
        ({"metric": "qqq"}, "expected a metric (neck_flexion, trunk_lean, "),
        (
            {"operator": "=="},
            '5: rules[0].operator: expected one of ">", ">=", "<", "<=", in quotes, got "=="',
        ),
        ({"operator": ">"}, 'in quotes, got ""'),
        ({"threshold": "'50'"}, '6: rules[0].threshold: expected a number, got "50"'),
        ({"threshold": "true"}, "6: rules[0].threshold: expected a number, got true"),
        ({"for": "a while"}, "7: rules[0].for: expected a length of time such as 90s, 10 min or 1h, got"),
        ({"for": "-1"}, "7: rules[0].for: expected a length of time such as 90s, 10 min or 1h, not below 0"),
        ({"cooldown": "9 days"}, "9: rules[0].cooldown: expected a length of time"),
        (
            {"clear": "51"},
            "9: rules[0].clear: expected a number on the good side of the threshold (at most 50)",
        ),
        (
            {"views": "[]"},
            "9: rules[0].views: expected a list of views "
            "(sagittal, frontal, oblique, sagittal-left, sagittal-right, rear), got",
        ),
        ({"views": "frontal"}, "9: rules[0].views: expected a list of views (sagittal, "),
        ({"views": "[unknown]"}, "9: rules[0].views: expected a list of views (sagittal, "),
        ({"views": "[fronta]"}, "did you mean 'frontal'?"),
        ({"views": "[frontal, 7]"}, "9: rules[0].views: expected a list of views (sagittal, "),
        ({"views": "[[frontal]]"}, "9: rules[0].views: expected a list of views (sagittal, "),
        ({"views": "{frontal: true}"}, "9: rules[0].views: expected a list of views (sagittal, "),
        ({"clear": "49", "operator": '"<"'}, "the good side of the threshold (at least 50), got 49"),
        (
            {"severity": "wran"},
            '9: rules[0].severity: expected one of info, warn, alert, got "wran"; did you mean',
        ),
        ({"source": "[a]"}, "9: rules[0].source: expected text"),
        ({"message": "''"}, "8: rules[0].message: expected text"),
        (
            {"message": "{value}"},
            "8: rules[0].message: expected text, in quotes where it holds ':', '{' or '#'",
        ),
        ({"message": "'{valu}'"}, "(found {valu}; did you mean 'value'?), got"),
        (
            {"message": "'{}'"},
            "8: rules[0].message: expected no other field than {value}, {threshold}, {held}",
        ),
        ({"message": "'{0}'"}, "(found {0}"),
        ({"message": "'{value.__class__}'"}, "(found {value.__class__}"),
        ({"message": "'{value[0]}'"}, "(found {value[0]}"),
        ({"message": "'{value:.1f}'"}, "expected {value} without a format"),
        ({"message": "'{value!r}'"}, "expected {value} without a format"),
        ({"message": "'{value'"}, "{{ or }} for a brace"),
        ({"message": "'a } b'"}, "{{ or }} for a brace"),
        ({"message": "x" * 301}, "8: rules[0].message: expected at most 300 characters"),
        ({"metric": "abs(hip_tilt)", "threshold": "-5"}, "6: rules[0].threshold: expected 0 or more"),
        ({"metric": "abs(hip_tilt)", "clear": "-5"}, "9: rules[0].clear: expected 0 or more"),
        ({"treshold": "5"}, "9: rules[0].treshold: unknown key; did you mean 'threshold'?"),
        ({"zzz": "5"}, "9: rules[0].zzz: unknown key; known here: id, metric, operator"),
    ],
)
def test_a_fault_is_told_with_its_line(changes: dict[str, str], fault: str, tmp_path: Path) -> None:
    assert fault in _faults(tmp_path, GOOD | changes)[0]


@pytest.mark.parametrize("key", GOOD)
def test_a_key_that_has_no_default_must_be_there(key: str, tmp_path: Path) -> None:
    rule = {each: text for each, text in GOOD.items() if each != key}
    faults = _faults(tmp_path, rule)
    assert len(faults) == 1
    assert faults[0].startswith(f"3: rules[0].{key}: expected ")
    assert faults[0].endswith(", got nothing")


def test_all_faults_of_all_rules_are_told_at_once(tmp_path: Path) -> None:
    faults = _faults(tmp_path, GOOD | {"threshold": ".inf", "for": "x"}, GOOD | {"metric": "x", "why": "y"})
    assert [fault.split(": ")[:2] for fault in faults] == [
        ["6", "rules[0].threshold"],
        ["7", "rules[0].for"],
        ["9", "rules[1].id"],
        ["10", "rules[1].metric"],
        ["15", "rules[1].why"],
    ]


@pytest.mark.parametrize("text", ["rules: 7", "rules: []", "rules: {id: a}", "rules: [7]", "rules:\n  -\n"])
def test_what_is_no_list_of_rules_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"name: mine\n{text}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:[23]: rules(\[0\])?: expected a (list|block)"):
        load_pack(path, METRICS)


def test_an_id_given_twice_in_a_pack_names_both_places(tmp_path: Path) -> None:
    faults = _faults(tmp_path, GOOD, GOOD)
    assert faults == [
        f"9: rules[1].id: 'neck' is already the rule at {tmp_path}/mine.yaml:3; each id only once"
    ]


def test_an_id_given_twice_across_packs_names_both_places(tmp_path: Path) -> None:
    first = _pack(tmp_path / "first.yaml", GOOD)
    second = _pack(tmp_path / "second.yaml", GOOD | {"id": "other"}, GOOD)
    with pytest.raises(ConfigError) as caught:
        load_rules((), (first, second), FOLDER, METRICS)
    assert (
        caught.value.message
        == f"{second}:9: rules[1].id: 'neck' is already the rule at {first}:3; each id only once"
    )


def test_a_file_loaded_twice_is_told(tmp_path: Path) -> None:
    path = _pack(tmp_path / "mine.yaml", GOOD)
    with pytest.raises(ConfigError, match="'neck' is already the rule at"):
        load_rules((), (path, path), FOLDER, METRICS)


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [\n")
    wrong = _pack(tmp_path / "wrong.yaml", GOOD | {"metric": "nek_flexion"})
    with pytest.raises(ConfigError) as caught:
        load_rules(("dsk", "dmo"), (broken, tmp_path / "none.yaml", wrong), FOLDER, METRICS)
    lines = caught.value.message.splitlines()
    assert lines[:2] == [
        f"rules.packs: {name}: no pack of this name ships ({', '.join(pack_names(FOLDER))}); did you mean '{near}'?"
        for name, near in (("dsk", "desk"), ("dmo", "demo"))
    ]
    assert [line.split(": ")[0] for line in lines[2:]] == [
        f"{broken}:1",
        str(tmp_path / "none.yaml"),
        f"{wrong}:4",
    ]


def test_packs_come_in_the_order_asked_for_shipped_ones_first(tmp_path: Path) -> None:
    own = _pack(tmp_path / "own.yaml", GOOD, name="own")
    packs = load_rules(("desk", "demo"), (own,), FOLDER, METRICS)
    assert [pack.name for pack in packs] == ["desk", "demo", "own"]
    assert packs[2].path == str(own)


@pytest.mark.parametrize("name", pack_names(FOLDER))
def test_a_shipped_pack_loads_and_explains_itself(name: str) -> None:
    pack = load_pack(FOLDER / f"{name}.yaml", METRICS)
    assert pack.name == name
    assert pack.description
    for rule in pack.rules:
        assert rule.source
        assert "conform" not in rule.source.lower()
        assert rule.message.format(
            value="52°", threshold="50°", held="1 min", metric="neck flexion", unit="°"
        )


def test_the_desk_pack_is_gentle() -> None:
    """Upright reads 35–40° neck flexion from the side: the limit and its clear must lie well beyond."""
    rules = {rule.id: rule for rule in load_pack(FOLDER / "desk.yaml", METRICS).rules}
    assert rules["neck-flexion"].threshold >= 50
    assert rules["neck-flexion"].clear > 40
    assert all(rule.hold >= 60 and rule.cooldown >= 600 for rule in rules.values())


def test_the_desk_pack_has_a_word_for_a_bent_neck_in_every_view_but_from_behind() -> None:
    rules = {rule.id: rule for rule in load_pack(FOLDER / "desk.yaml", METRICS).rules}
    head, neck = (
        METRICS[rules[name].metric].views & (rules[name].views or frozenset(View))
        for name in ("head-down", "neck-flexion")
    )
    assert head == {View.FRONTAL, View.OBLIQUE}
    assert head | neck == frozenset(View) - {View.REAR, View.UNKNOWN}


def test_the_demo_pack_tells_upright_from_flexed_and_speaks_once() -> None:
    rules = {rule.id: rule for rule in load_pack(FOLDER / "demo.yaml", METRICS).rules}
    neck = rules["demo-neck-flexion"]
    assert 40 < neck.clear < neck.threshold < 52
    assert rules["demo-trunk-lean"].threshold > 15, "the clip leans by 13° in the picture"
    assert all(rule.hold <= 1.0 and rule.cooldown > 8 for rule in rules.values())
