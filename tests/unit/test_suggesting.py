"""What judged alerts say about a limit: the smallest change that spares the wrong ones and keeps the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.recorder import roll_up
from tests.fakes.story import ERROR, FLEXED, NECK, UPRIGHT, Story

from uprightd.metrics.definitions import METRICS
from uprightd.rules.loading import load_pack
from uprightd.rules.model import Budget, Operator, Rule, Sitting
from uprightd.service.editing import edits
from uprightd.service.suggesting import (
    FEWEST,
    MOST_STEPS,
    UNCHANGED,
    Change,
    Suggestion,
    changes,
    judged_alerts,
    moved,
    suggest,
)
from uprightd.store.reading import LogReader

Episode = tuple[str, float, float]
"""Verdict, degrees, seconds."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def told(path: Path, episodes: Sequence[Episode], rule: Rule = NECK, now: Rule | None = None) -> Suggestion:
    """Sit through the episodes, judge the alert of each, and ask what to change of the rule as it is now."""
    with Story(path, (rule,)) as story:
        for verdict, neck, seconds in episodes:
            story.sit(120)
            story.sit(seconds, neck)
            if verdict:
                story.judge(verdict)
        story.sit(60)
    with LogReader.open(path) as reader:
        return suggest(now or rule, judged_alerts(reader)[rule.id], reader)


# ---- what is proposed --------------------------------------------------------------------------------------


def test_the_smallest_step_beyond_the_wrong_ones_is_proposed(path: Path) -> None:
    found = told(path, [("wrong", 53.0, 20), ("right", 60.0, 20), ("wrong", 52.5, 30)])
    assert (found.step, found.measured) == (ERROR, True)
    assert found.change == Change(2, 0)
    assert found.proposed == replace(NECK, threshold=54.0, clear=49.0)
    assert found.why_not == ""


def test_a_holding_time_is_proposed_where_only_that_tells_them_apart(path: Path) -> None:
    found = told(path, [("wrong", 60.0, 13), ("right", 55.0, 60), ("wrong", 56.0, 14), ("right", 60.0, 45)])
    assert found.change == Change(0, 1)
    assert found.proposed == replace(NECK, hold=15.0)


def test_both_move_where_neither_is_enough_alone(path: Path) -> None:
    episodes = [("wrong", 51.0, 100), ("wrong", 70.0, 13), ("right", 60.0, 100), ("right", 60.0, 120)]
    found = told(path, episodes)
    assert found.change == Change(1, 1)
    assert found.proposed == replace(NECK, threshold=52.0, clear=47.0, hold=15.0)


def test_a_limit_from_below_moves_down(path: Path) -> None:
    rule = replace(NECK, operator=Operator.BELOW, threshold=20.0, clear=25.0)
    found = told(path, [("wrong", 18.5, 20), ("wrong", 19.0, 20), ("right", 10.0, 20)], rule)
    assert found.proposed == replace(rule, threshold=18.0, clear=23.0)


def test_sitting_can_only_be_given_more_time(path: Path) -> None:
    rule = replace(NECK, metric="", threshold=100.0, hold=100.0, term=Sitting(100.0, 30.0))
    with Story(path, (rule,)) as story:
        for verdict, seconds in (("wrong", 120), ("wrong", 130), ("right", 400)):
            story.sit(seconds)
            story.judge(verdict)
            story.away(40)
    with LogReader.open(path) as reader:
        found = suggest(rule, judged_alerts(reader)["neck"], reader)
    assert found.proposed == replace(
        rule, threshold=150.0, hold=150.0, clear=150.0, term=Sitting(150.0, 30.0)
    )


def test_a_budget_keeps_its_curve_and_moves_along(path: Path) -> None:
    rule = replace(NECK, operator=Operator.AT_LEAST, threshold=40.0, clear=40.0, hold=30.0, cooldown=0.0)
    rule = replace(rule, term=Budget(((40.0, 30.0), (80.0, 10.0))))
    found = told(path, [("wrong", 41.0, 60), ("wrong", 41.5, 60), ("right", 60.0, 60)], rule)
    assert found.proposed is not None
    assert found.proposed.term == Budget(((42.0, 30.0), (82.0, 10.0)))


# ---- the evidence ------------------------------------------------------------------------------------------


def test_the_evidence_says_how_far_it_went_how_long_it_lasted_and_what_was_noted(path: Path) -> None:
    with Story(path) as story:
        story.sit(20)
        story.sit(8, 52.0)
        story.sit(12, FLEXED)
        row = story.judge("wrong", "I was on the phone")
        story.sit(10, 47.0)
        story.sit(20)
    with LogReader.open(path) as reader:
        [judged] = suggest(NECK, judged_alerts(reader)["neck"], reader).judged
    assert (judged.alert.id, judged.verdict, judged.note) == (row, "wrong", "I was on the phone")
    assert judged.alert.value == FLEXED
    assert judged.usual == 52.0
    assert judged.lasted == 30.0
    assert judged.played == "fires"


def test_a_step_is_never_below_the_error_and_rounded_up(path: Path) -> None:
    with Story(path) as story:
        story.sit(20, FLEXED)
    with LogReader.open(path) as reader:
        stored = reader.alert("last")
        assert stored is not None
        from uprightd.service.suggesting import step_of

        def step(error: object) -> tuple[float, bool]:
            return step_of(NECK, [replace(stored, explanation={"error": error})], reader)

        assert step(2.13) == (2.2, True)
        assert step(0.0413) == (0.042, True)
        assert step(12.0) == (12.0, True)
        # Of an alert that says nothing, what is known of the metric in this view counts; of no metric, the usual 5°.
        assert step(None)[1] is True
        assert step_of(replace(NECK, metric="neck_flexion + 1"), [stored], reader) == (ERROR, True)
        silent = replace(stored, explanation={}, run_id=99)
        assert step_of(NECK, [silent], reader) == (5.0, False)


def test_no_change_of_the_threshold_is_smaller_than_the_step() -> None:
    tried = [moved(NECK, change, ERROR) for change in changes(NECK)]
    assert tried[0] == NECK
    assert {rule.threshold for rule in tried} == {50.0 + ERROR * step for step in range(MOST_STEPS + 1)}
    assert all(rule.threshold - rule.clear == NECK.threshold - NECK.clear for rule in tried)
    assert {rule.hold for rule in tried} == {10.0, 15.0, 20.0, 25.0, 30.0}


def test_smaller_changes_come_first_and_the_threshold_before_the_time() -> None:
    assert list(changes(NECK))[:6] == [
        UNCHANGED, Change(1, 0), Change(0, 1), Change(2, 0), Change(1, 1), Change(0, 2)
    ]  # fmt: skip


# ---- why nothing is proposed -------------------------------------------------------------------------------


def test_fewer_than_three_judgements_are_too_few(path: Path) -> None:
    found = told(path, [("wrong", 53.0, 20), ("right", 60.0, 20)])
    assert found.proposed is None
    assert f"only 2 of its alerts are judged, {FEWEST} are needed" in found.why_not


def test_where_all_are_right_there_is_nothing_to_mend(path: Path) -> None:
    found = told(path, [("right", 53.0, 20)] * 3)
    assert found.proposed is None
    assert "none of its alerts is judged wrong" in found.why_not


def test_what_cannot_be_told_apart_leads_to_nothing(path: Path) -> None:
    found = told(path, [("wrong", 60.0, 40), ("right", 53.0, 20), ("wrong", 58.0, 30)])
    assert found.proposed is None
    assert "the 2 wrong and the 1 right alerts cannot be told apart" in found.why_not


def test_wrong_ones_beyond_every_step_ask_whether_the_rule_is_of_use(path: Path) -> None:
    found = told(path, [("wrong", 90.0, 300)] * 3)
    assert found.proposed is None
    assert "take it out" in found.why_not


def test_what_the_log_no_longer_holds_teaches_nothing(path: Path) -> None:
    with Story(path) as story:
        for _ in range(3):
            story.sit(20, 53.0)
            story.judge("wrong")
            story.sit(100)
        story.pass_by(3600)
        roll_up(story.log)
        story.log.retain(0.0, 60, story.now)
    with LogReader.open(path) as reader:
        found = suggest(NECK, judged_alerts(reader)["neck"], reader)
    assert [judged.played for judged in found.judged] == ["lost"] * 3
    assert found.proposed is None
    assert "the log no longer holds 3" in found.why_not


def test_what_the_present_rule_would_no_longer_say_teaches_nothing(path: Path) -> None:
    episodes = [("wrong", 53.0, 20), ("wrong", 54.0, 20), ("right", 60.0, 20)]
    found = told(path, episodes, now=replace(NECK, threshold=56.0, clear=51.0))
    assert [judged.played for judged in found.judged] == ["silent", "silent", "fires"]
    assert "for 2 the rule as it is now would not speak" in found.why_not


def test_a_later_judgement_takes_the_place_of_the_first(path: Path) -> None:
    with Story(path) as story:
        story.sit(20, 53.0)
        story.judge("right")
        story.judge("wrong", "no")
    with LogReader.open(path) as reader:
        [judged] = judged_alerts(reader)["neck"]
    assert (judged.verdict, judged.note) == ("wrong", "no")


# ---- the lines to change -----------------------------------------------------------------------------------

FILE = """\
name: mine
description: Mine.
rules:
  - id: other
    metric: trunk_lean
    operator: ">"
    threshold: 20
    for: 10s
    message: Sit back.
  - id: neck
    metric: neck_flexion
    operator: ">"
    threshold: 50
    clear: 45   # five below
    for: 2 min
    message: Look up.
  - id: seat
    sitting: 50 min
    break: 2 min
    message: Get up.
  - id: still
    metric: trunk_lean
    static: 20 min
    band: 5
    message: Move.
  - id: held
    metric: neck_flexion
    budget: {40: 8 min, 80: 1 min}
    message: Look up.
"""


@pytest.fixture
def mine(tmp_path: Path) -> tuple[Path, dict[str, Rule]]:
    file = tmp_path / "mine.yaml"
    file.write_text(FILE, encoding="utf-8")
    return file, {rule.id: rule for rule in load_pack(file, METRICS).rules}


def lines(mine: tuple[Path, dict[str, Rule]], name: str, change: Change) -> list[tuple[int, str, str, str]]:
    file, rules = mine
    after = moved(rules[name], change, 2.0)
    assert file.read_text(encoding="utf-8") == FILE
    return [(it.line, it.key, it.old, it.new) for it in edits(file, rules[name], after)]


def test_the_lines_of_the_rule_are_named_with_what_to_write(mine: tuple[Path, dict[str, Rule]]) -> None:
    assert lines(mine, "neck", Change(2, 1)) == [
        (13, "threshold", "50", "54"),
        (15, "for", "2 min", "3 min"),
        (14, "clear", "45", "49"),
    ]
    assert lines(mine, "neck", Change(0, 0)) == []


def test_what_the_file_leaves_out_is_left_out(mine: tuple[Path, dict[str, Rule]]) -> None:
    assert lines(mine, "other", Change(1, 0)) == [(7, "threshold", "20", "22")]


def test_times_and_curves_are_written_as_a_rule_file_takes_them(mine: tuple[Path, dict[str, Rule]]) -> None:
    assert lines(mine, "seat", Change(0, 1)) == [(18, "sitting", "50 min", "75 min")]
    assert lines(mine, "held", Change(1, 1)) == [
        (28, "budget", "{40: 8 min, 80: 60s}", "{42: 12 min, 82: 90s}")
    ]


@pytest.mark.parametrize("name", ["neck", "other", "seat", "still", "held"])
def test_what_is_proposed_reads_back_as_what_was_proposed(
    mine: tuple[Path, dict[str, Rule]], name: str
) -> None:
    file, rules = mine
    after = moved(rules[name], Change(0 if name in ("seat", "still") else 2, 3), 2.0)
    written = file.read_text(encoding="utf-8").splitlines()
    for edit in edits(file, rules[name], after):
        indent = written[edit.line - 1].split(edit.key)[0]
        written[edit.line - 1] = f"{indent}{edit.key}: {edit.new}"
    file.write_text("\n".join(written), encoding="utf-8")
    assert {rule.id: rule for rule in load_pack(file, METRICS).rules}[name] == after


def test_upright_is_where_nothing_fires(path: Path) -> None:
    assert UPRIGHT < NECK.clear < NECK.threshold < FLEXED
