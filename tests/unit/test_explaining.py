"""An alert in words, from a real log: what was seen, how sure, which rule, what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.story import FLEXED, NECK, START, UPRIGHT, Story

from uprightd.clock import FollowingClock
from uprightd.domain import Alert, Instant, Reading, Value, View
from uprightd.errors import DataError, TryAgainError, UsageError
from uprightd.paths import Paths, user_paths
from uprightd.records import AlertRow
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Budget, Operator, Rule, Sitting, Static
from uprightd.service.control import ControlServer
from uprightd.service.explaining import explain, feedback_on, fields, find, last_alerts, when
from uprightd.service.judging import COMMAND, NOTE_LIMIT, give_feedback, take_feedback
from uprightd.store.reading import LogReader

NOW_MS = round(START.wall * 1000)


CALL, SNOOZED = "while you were in a call", "while this rule was snoozed until 14:00"


@pytest.fixture(autouse=True)
def in_vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The person lives an hour ahead of UTC."""
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return user_paths({"UPRIGHTD_HOME": str(tmp_path)})


def read(paths: Paths, which: str = "last") -> dict[str, str]:
    """Explain an alert; return each part's sentences by its heading."""
    with LogReader.open(paths.database) as reader:
        alert = find(reader, which)
        parts = explain(alert, feedback_on(reader).get(alert.id))
    return {part.heading: " ".join(part.sentences) for part in parts}


def flexed(paths: Paths, rule: Rule = NECK, **values: Any) -> Story:
    """Sit flexed until the rule has spoken once."""
    story = Story(paths.database, (rule,))
    story.sit(20, **values)
    story.sit(rule.hold + 5, FLEXED, **values)
    return story


# ---- what was seen -----------------------------------------------------------------------------------------


def test_a_limit_is_told_with_its_value_its_error_since_when_and_for_how_long(paths: Paths) -> None:
    flexed(paths, profile="sit r2").log.close()
    assert read(paths)["What was seen"] == (
        "Neck flexion was 55.0° ± 2.0°; the rule speaks at more than 50°. "
        "It had been past the limit for 10 s, since 13:00:20. "
        "You were seen from the left, counted from the calibrated pose sit r2."
    )


def test_a_window_is_told_with_the_time_inside_it(paths: Paths) -> None:
    flexed(paths, replace(NECK, within=30.0)).log.close()
    assert "for 10 s of the last 30 s, since 13:00:20." in read(paths)["What was seen"]


def test_an_expression_is_told_with_what_it_was_worked_out_from(paths: Paths) -> None:
    rule = replace(NECK, metric="max(neck_flexion, trunk_lean) - 2", threshold=40.0)
    flexed(paths, rule, trunk_lean=12.0).log.close()
    seen = read(paths)["What was seen"]
    assert seen.startswith(
        "max(neck_flexion, trunk_lean) - 2 was 53.00 ± 2.00; the rule speaks at more than 40."
    )
    assert "Worked out from neck flexion 55.0° ± 2.0°, trunk lean 12.0° ± 2.0°." in seen


def test_the_size_of_a_signed_measure_is_told_with_the_measure_itself(paths: Paths) -> None:
    rule = replace(NECK, metric="abs(trunk_lean)", threshold=10.0, clear=5.0)
    flexed(paths, rule, trunk_lean=-12.0).log.close()
    seen = read(paths)["What was seen"]
    assert seen.startswith("Trunk lean was 12.0° ± 2.0°; the rule speaks at more than 10°.")
    assert "Worked out from trunk lean -12.0° ± 2.0°." in seen


def test_sitting_is_told_by_its_time_and_the_break_that_was_missing(paths: Paths) -> None:
    rule = replace(NECK, metric="", threshold=1800.0, hold=1800.0, term=Sitting(1800.0, 120.0))
    flexed(paths, rule).log.close()
    assert read(paths)["What was seen"] == (
        "You had been sitting for 30 min without a break of 2 min, since 13:00:00; the rule allows 30 min. "
        "You were seen from the left."
    )


def test_holding_still_is_told_by_where_it_was_held(paths: Paths) -> None:
    rule = replace(NECK, threshold=5.0, hold=60.0, term=Static(5.0, 60.0))
    flexed(paths, rule).log.close()
    assert read(paths)["What was seen"].startswith(
        "Neck flexion was 55.0° ± 2.0°, and had stayed within ±5° of 55.0° for 1 min, since 13:00:20."
    )


def test_a_budget_is_told_by_what_used_it_up_and_what_the_angle_permits(paths: Paths) -> None:
    rule = replace(NECK, operator=Operator.AT_LEAST, threshold=40.0, clear=40.0, hold=120.0)
    flexed(paths, replace(rule, term=Budget(((40.0, 120.0), (70.0, 60.0))))).log.close()
    assert read(paths)["What was seen"].startswith(
        "Neck flexion was 55.0° ± 2.0°. It had been at 40° or past it for 1 min 30 s, since 13:00:20, "
        "which used up the time that may be held. At this angle the rule permits 1 min 30 s in all."
    )


def test_a_rule_on_the_baseline_tells_both_numbers(paths: Paths) -> None:
    rule = replace(NECK, relative_to="baseline", threshold=10.0, clear=5.0)
    engine, spoken = RuleEngine((rule,), 5.0), []
    for second in range(12):
        at = Instant(START.wall + second, float(second))
        values = {"neck_flexion": Value(FLEXED, error=2.0)}
        seen = Reading(
            at, True, View.SAGITTAL_LEFT, values, 0.9, profile="sit r1", baseline={"neck_flexion": UPRIGHT}
        )
        spoken += engine.judge(seen).alerts
    with Story(paths.database) as story:
        story.log.add_alert(spoken[0])
    told = read(paths)["What was seen"]
    assert told.startswith(
        "Neck flexion was 17.0° ± 2.0° past your upright pose; the rule speaks at more than 10°."
    )
    assert "In your upright pose: neck flexion 38.0°." in told


def test_a_file_is_told_by_its_own_time(paths: Paths) -> None:
    with flexed(paths) as story:
        _, alert = story.alerts[0]
        story.log.add_alert(replace(alert, position=1.5))
    assert "since 13:00:20 (1.5 s into the file)." in read(paths, "2")["What was seen"]


# ---- how sure, which rule, what became of it ---------------------------------------------------------------


def test_the_least_sure_points_that_the_measure_stands_on_are_named(paths: Paths) -> None:
    flexed(paths).log.close()
    assert read(paths)["How sure"] == "Confidence 0.93 of 1. Least sure of: nose 0.61, left shoulder 0.97."


def test_an_error_that_nobody_measured_is_not_passed_over(paths: Paths) -> None:
    with flexed(paths) as story:
        _, alert = story.alerts[0]
        story.log.add_alert(replace(alert, explanation={**alert.explanation, "error": None}))
    told = read(paths, "2")
    assert told["What was seen"].startswith("Neck flexion was 55.0°; the rule")
    assert "has not been measured in this view" in told["How sure"]


def test_the_rule_is_told_with_its_file_and_what_it_is_informed_by(paths: Paths) -> None:
    flexed(paths).log.close()
    assert read(paths)["The rule"] == (
        "neck in mine.yaml:4 (warn): neck flexion > 50° for 10 s. Informed by a test."
    )


def test_a_source_that_says_something_else_is_called_a_source(paths: Paths) -> None:
    flexed(paths, replace(NECK, source="Chosen for the clip.")).log.close()
    assert read(paths)["The rule"].endswith("Source: Chosen for the clip.")


@pytest.mark.parametrize(
    ("decision", "reason", "outcome", "words"),
    [
        ("spoken", "", ("delivered", ""), "A notification was shown."),
        ("spoken", "", ("failed", "the server said no"), "A notification was sent but not taken: the server said no."),
        ("spoken", "", ("unavailable", ""), "There was nothing that shows notifications."),
        ("spoken", "", None, "What became of its notification is not known: the monitor ended first."),
        ("held", CALL, None, f"It was held back {CALL}, to be told in a summary later."),
        ("dropped", SNOOZED, None, f"It was dropped {SNOOZED}: nothing was shown."),
    ],
)  # fmt: skip
def test_what_became_of_it(
    paths: Paths, decision: str, reason: str, outcome: tuple[str, str] | None, words: str
) -> None:
    with flexed(paths) as story:
        row = story.log.add_alert(story.alerts[0][1], decision, reason)
        if outcome is not None:
            story.log.set_outcome(row, *outcome)
    assert read(paths, str(row))["What was done"] == words


def test_what_a_person_can_do_names_the_commands_and_the_line(paths: Paths) -> None:
    flexed(paths).log.close()
    told = read(paths)
    assert "What you think of it" not in told
    assert "`uprightd pause 30m`" in told["What you can do"]
    assert "mine.yaml:4" in told["What you can do"]
    assert "`uprightd explain 1 --wrong`" in told["What you can do"]


def test_what_the_person_thinks_is_told_and_what_follows_from_it(paths: Paths) -> None:
    with flexed(paths) as story:
        story.judge("wrong", "I was reading")
    told = read(paths)
    assert told["What you think of it"] == "Wrong, as you said on 22 Nov at 13:00: I was reading"
    assert "`uprightd rules suggest neck`" in told["What you can do"]
    assert "--wrong" not in told["What you can do"]


@pytest.mark.parametrize(
    "facts",
    [{}, {"kind": "limit", "values": [], "rule": "x", "scores": {"nose": "high"}, "error": True}],
    ids=["an older log", "a damaged one"],
)
def test_an_alert_without_a_sound_account_is_explained_from_its_row(
    paths: Paths, facts: dict[str, Any]
) -> None:
    with flexed(paths) as story:
        row = story.log.add_alert(replace(story.alerts[0][1], explanation=facts))
    told = read(paths, str(row))
    assert told["What was seen"].startswith(
        "Neck flexion was 55.0°; the limit is 50°. It had been past the limit for 10 s, since 13:00:20."
    )
    assert told["The rule"] == "neck (warn)."


def test_an_alert_on_a_metric_of_another_version_keeps_its_numbers(paths: Paths) -> None:
    with flexed(paths) as story:
        row = story.log.add_alert(replace(story.alerts[0][1], metric="gaze", explanation={}))
    assert read(paths, str(row))["What was seen"].startswith("gaze was 55.00; the limit is 50.")


# ---- finding -----------------------------------------------------------------------------------------------


def test_an_alert_is_found_by_its_number_and_the_last_by_its_name(paths: Paths) -> None:
    with flexed(paths) as story:
        story.log.add_alert(replace(story.alerts[0][1], rule="other"))
    with LogReader.open(paths.database) as reader:
        assert [find(reader, which).rule for which in ("1", "2", "last")] == ["neck", "other", "other"]
        assert when(find(reader, "1")) == "Sun 22 Nov 2026 13:00:30"


@pytest.mark.parametrize("which", ["12", "9" * 15])
def test_a_number_that_is_no_alert_is_bad_data(paths: Paths, which: str) -> None:
    flexed(paths).log.close()
    with (
        LogReader.open(paths.database) as reader,
        pytest.raises(DataError, match=f"there is no alert {which}"),
    ):
        find(reader, which)


@pytest.mark.parametrize("which", ["", "first", "-1", "1.5", "²", "9" * 16])
def test_what_is_no_number_is_called_wrongly(paths: Paths, which: str) -> None:
    flexed(paths).log.close()
    with (
        LogReader.open(paths.database) as reader,
        pytest.raises(UsageError, match="expected last or its number"),
    ):
        find(reader, which)


def test_before_any_alert_there_is_nothing_to_explain(paths: Paths) -> None:
    Story(paths.database).log.close()
    with (
        LogReader.open(paths.database) as reader,
        pytest.raises(DataError, match="there has been no alert yet"),
    ):
        find(reader, "last")


def test_the_last_alerts_are_those_of_years_ago_where_there_are_no_others(paths: Paths) -> None:
    def at(days: float, alert: Alert) -> Alert:
        return replace(alert, at=Instant(START.wall - days * 86_400, 0.0))

    with flexed(paths) as story:
        alert = story.alerts[0][1]
        for days in (900.0, 40.0, 1.0):
            story.log.add_alert(at(days, alert))
    with LogReader.open(paths.database) as reader:
        ids = {count: [row.id for row in last_alerts(reader, count, NOW_MS)] for count in (1, 2, 3, 10)}
    assert ids == {1: [1], 2: [1, 4], 3: [1, 4, 3], 10: [1, 4, 3, 2]}


def test_a_program_reads_all_fields_and_the_feedback(paths: Paths) -> None:
    with flexed(paths) as story:
        story.judge("right")
    with LogReader.open(paths.database) as reader:
        alert = find(reader, "last")
        told = fields(alert, feedback_on(reader)[alert.id])
        assert fields(alert, None)["feedback"] is None
    assert told["explanation"]["rule"]["origin"] == "mine.yaml:4"
    assert (told["at"], told["started"]) == ("2026-11-22T13:00:30+01:00", "2026-11-22T13:00:20+01:00")
    assert told["feedback"] == {"verdict": "right", "note": "", "at": "2026-11-22T13:00:35+01:00"}
    assert told.keys() >= set(AlertRow.__dataclass_fields__)


# ---- judging -----------------------------------------------------------------------------------------------

CLOCK = FollowingClock(START)


def test_without_a_daemon_the_judgement_goes_straight_into_the_log(paths: Paths) -> None:
    flexed(paths).log.close()
    give_feedback(paths, 1, "wrong", "on the phone", CLOCK)
    with LogReader.open(paths.database) as reader:
        [row] = feedback_on(reader).values()
    assert (row.alert_id, row.verdict, row.note, row.at_ms) == (1, "wrong", "on the phone", NOW_MS)


def test_a_running_daemon_writes_it_itself(paths: Paths) -> None:
    story = flexed(paths)  # keeps the log open, as a daemon does
    asked: list[str] = []

    def answer(command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(command)
        return take_feedback(story.log, arguments, story.now)

    server = ControlServer(paths.socket, answer)
    server.start()
    try:
        give_feedback(paths, 1, "right", "", CLOCK)
    finally:
        server.stop()
        story.log.close()
    assert asked == [COMMAND]
    with LogReader.open(paths.database) as reader:
        assert feedback_on(reader)[1].verdict == "right"


def test_a_log_that_somebody_writes_without_a_socket_is_left_alone(paths: Paths) -> None:
    with flexed(paths), pytest.raises(TryAgainError, match="is being written"):
        give_feedback(paths, 1, "wrong", "", CLOCK)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"alert": "1", "verdict": "wrong"},
        {"alert": True, "verdict": "wrong"},
        {"alert": 1, "verdict": "maybe"},
        {"alert": 1, "verdict": ["wrong"]},
        {"alert": 1, "verdict": "wrong", "note": 3},
        {"alert": 1, "verdict": "wrong", "note": "x" * (NOTE_LIMIT + 1)},
    ],
)
def test_what_is_no_judgement_is_refused(paths: Paths, arguments: dict[str, Any]) -> None:
    with flexed(paths) as story, pytest.raises(UsageError):
        take_feedback(story.log, arguments, story.now)
    with LogReader.open(paths.database) as reader:
        assert feedback_on(reader) == {}


def test_a_judgement_of_no_alert_is_refused(paths: Paths) -> None:
    with flexed(paths) as story, pytest.raises(DataError, match="there is no alert 7"):
        take_feedback(story.log, {"alert": 7, "verdict": "wrong"}, story.now)


def test_a_note_that_is_too_long_is_refused_before_anything_is_opened(paths: Paths) -> None:
    with pytest.raises(UsageError, match="at most 500"):
        give_feedback(paths, 1, "wrong", "x" * 501, CLOCK)
    assert not paths.database.exists()
