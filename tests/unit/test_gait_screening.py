"""The fall-risk screen: limits with sources, verdicts that know their error, and faults of a file all at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from uprightd.domain import View
from uprightd.errors import ConfigError
from uprightd.gait.catalogue import PARAMETERS
from uprightd.gait.model import Parameter
from uprightd.gait.precision import refused
from uprightd.gait.screening import Verdict, load_screen, screen
from uprightd.paths import shipped

FILE = shipped("rules") / "gait" / "fall-risk.yaml"
FALL_RISK = load_screen(FILE)


def parameter(name: str, value: float, error: float = 0.01) -> Parameter:
    return Parameter(name, value, None, 0.1, error, PARAMETERS[name].unit, None, 8)


def verdicts(*given: Parameter, view: View = View.SAGITTAL_LEFT) -> dict[str, Verdict]:
    found = screen(FALL_RISK, {it.name: it for it in given}, view)
    return {it.check.id: it.verdict for it in found}


def test_the_screen_watches_what_it_should() -> None:
    watched = {it.parameter for it in FALL_RISK.checks}
    assert {"speed", "trunk_lean_range", "step_time_symmetry_index", "step_time_cv"} <= watched


def test_every_limit_has_its_source_or_says_that_there_is_none() -> None:
    for check in FALL_RISK.checks:
        assert re.search(r"\b(19|20)\d\d\b|PMC\d+|No published limit", check.source), check.id


def test_it_is_screening_and_calls_nothing_by_a_disease() -> None:
    assert "not diagnosis" in FALL_RISK.note
    told = " ".join([FALL_RISK.description, *(it.message for it in FALL_RISK.checks)])
    assert not re.search(
        r"parkinson|stroke|spastic|patholog|disease|disorder|abnormal|risk|danger", told, re.IGNORECASE
    )


@pytest.mark.parametrize(
    ("speed", "error", "usual", "falls"),
    [
        (1.3, 0.04, Verdict.WITHIN, Verdict.WITHIN),
        (0.98, 0.04, Verdict.UNSURE, Verdict.WITHIN),
        (1.02, 0.04, Verdict.UNSURE, Verdict.WITHIN),
        (0.9, 0.04, Verdict.BEYOND, Verdict.WITHIN),
        (0.6, 0.04, Verdict.BEYOND, Verdict.BEYOND),
        (0.6, 0.5, Verdict.UNSURE, Verdict.UNSURE),
    ],
)
def test_a_value_nearer_to_its_limit_than_its_error_is_unsure(
    speed: float, error: float, usual: Verdict, falls: Verdict
) -> None:
    told = verdicts(parameter("speed", speed, error))
    assert (told["gait-speed"], told["gait-speed-falls"]) == (usual, falls)


def test_a_limit_from_above_works_the_other_way() -> None:
    assert verdicts(parameter("step_time_symmetry_index", 16.0))["step-time-asymmetry"] is Verdict.BEYOND
    assert verdicts(parameter("step_time_symmetry_index", 2.0))["step-time-asymmetry"] is Verdict.WITHIN


def test_a_refused_parameter_is_unknown_with_its_reason() -> None:
    [first, *_] = screen(
        FALL_RISK, {"speed": refused("speed", "m/s", "film from the side")}, View.SAGITTAL_LEFT
    )
    assert (first.verdict, first.value) == (Verdict.UNKNOWN, None)
    assert first.words == "Speed is not known: film from the side."


def test_each_view_has_the_limit_of_its_own_direction() -> None:
    side, front = verdicts(), verdicts(view=View.FRONTAL)
    assert "trunk-pitch" in side
    assert "trunk-roll" not in side
    assert "trunk-roll" in front
    assert "trunk-pitch" not in front


def test_a_finding_tells_value_error_and_limit() -> None:
    [first, *_] = screen(FALL_RISK, {"speed": parameter("speed", 0.62, 0.04)}, View.SAGITTAL_LEFT)
    assert first.words == "Walking speed is below 1.0 m/s. (0.62 ± 0.04 m/s, limit 1 m/s)"


def test_all_faults_of_a_file_are_told_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\n"
        "description: d\n"
        "note: n\n"
        "checks:\n"
        "  - id: a\n"
        "    parameter: cadense\n"
        "    operator: '>='\n"
        "    threshold: fast\n"
        "    message: m\n"
        "    source: s\n"
        "    views: [side]\n"
        "    treshold: 3\n"
        "  - 7\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as raised:
        load_screen(path)
    told = str(raised.value)
    for line, words in (
        (6, "did you mean 'cadence'"),
        (7, 'expected "<" or ">"'),
        (8, "expected a number"),
        (11, "expected one of sagittal"),
        (12, "did you mean 'threshold'"),
        (13, "expected a block of keys"),
    ):
        assert re.search(rf"mine\.yaml:{line}\b.*{re.escape(words)}", told), (line, words)


def test_an_empty_file_is_no_screen(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="list of checks"):
        load_screen(path)
