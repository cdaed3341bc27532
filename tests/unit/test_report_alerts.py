"""How posture went on after an alert, from intervals written down as seconds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from uprightd.domain import Posture
from uprightd.intervals import Interval
from uprightd.records import AlertRow, FeedbackRow
from uprightd.report.alerts import STAYS_S, WITHIN_S, After, SummaryAlert, alerts_of

NOON = 1_795_348_800_000
GOOD, POOR, UNRELIABLE, AWAY = Posture.GOOD, Posture.POOR, Posture.UNRELIABLE, Posture.AWAY
RECOVERED, LEFT, STAYED, UNSEEN = After
Part = tuple[Posture | None, float]
"""How somebody was for so many seconds from a minute before the alert on; None: nobody watched."""

ALERT = AlertRow(
    id=7,
    at_ms=NOON,
    offset_min=60,
    run_id=1,
    rule="head-down",
    severity="warn",
    message="Look up.",
    metric="head_pitch",
    value=31.5,
    threshold=25.0,
    held_s=60.0,
    started_ms=NOON - 60_000,
    view="frontal",
    confidence=0.9,
    position=None,
    reason="why",
    outcome="delivered",
    outcome_detail="",
    explanation={},
    decision="spoken",
    decision_reason="",
)


def intervals(*parts: Part) -> list[Interval]:
    at, found = NOON - 60_000, []
    for posture, seconds in parts:
        end = at + round(seconds * 1000)
        if posture is not None:
            found.append(Interval(at, end, 60, 1, posture, 1))
        at = end
    return found


def told(row: AlertRow, *parts: Part) -> SummaryAlert:
    (found,) = alerts_of([row], {}, intervals(*parts))
    return found


@pytest.mark.parametrize(
    ("parts", "after", "took"),
    [
        pytest.param([(POOR, 72.5), (GOOD, 60)], RECOVERED, 12.5, id="recovered"),
        pytest.param([(POOR, 72.5), (AWAY, 60)], LEFT, 12.5, id="left"),
        pytest.param([(POOR, 65), (GOOD, 10)], RECOVERED, 5, id="ten seconds are a recovery"),
        pytest.param(
            [(POOR, 65), (GOOD, 9.9), (POOR, 20), (GOOD, 30)], RECOVERED, 34.9, id="a glance is none"
        ),
        pytest.param([(POOR, 65), (AWAY, 9), (POOR, 600)], STAYED, None, id="nor is a moment away"),
        pytest.param([(POOR, 65), (AWAY, 9), (GOOD, 20)], RECOVERED, 14, id="came back sitting well"),
        pytest.param(
            [(POOR, 65), (UNRELIABLE, 400), (GOOD, 20)], RECOVERED, 405, id="could not be told in between"
        ),
        pytest.param([(POOR, 660), (GOOD, 60)], RECOVERED, 600, id="after ten minutes, not a moment more"),
        pytest.param([(POOR, 660.001), (GOOD, 60)], STAYED, None, id="a moment more"),
        pytest.param([(POOR, 700)], STAYED, None, id="stayed"),
        pytest.param([(POOR, 659)], UNSEEN, None, id="the monitor ended before it was known"),
        pytest.param([(POOR, 65), (None, 10), (GOOD, 60)], UNSEEN, None, id="a gap before it was known"),
        pytest.param([(POOR, 65), (GOOD, 9)], UNSEEN, None, id="the monitor ended within a glance"),
        pytest.param([(POOR, 60)], UNSEEN, None, id="the monitor ended at once"),
        pytest.param([], UNSEEN, None, id="no samples at all"),
        pytest.param([(POOR, 50), (GOOD, 30)], RECOVERED, 0, id="well again by the time it was said"),
        pytest.param([(POOR, 45), (GOOD, 20), (POOR, 700)], STAYED, None, id="a glance that began before it"),
    ],
)
def test_how_it_went_on(parts: list[Part], after: After, took: float | None) -> None:
    found = told(ALERT, *parts)
    assert (found.after, found.took) == (after, took)


@pytest.mark.parametrize("decision", ["held", "dropped"])
def test_nothing_followed_what_nobody_heard(decision: str) -> None:
    found = told(replace(ALERT, decision=decision, decision_reason="in quiet hours"), (POOR, 65), (GOOD, 60))
    assert (found.after, found.took, found.decision, found.cause) == (None, None, decision, "in quiet hours")


def test_an_alert_carries_its_facts_and_what_was_thought_of_it() -> None:
    rows = [ALERT, replace(ALERT, id=8, at_ms=NOON + 30_000, position=2.5)]
    feedback = {8: FeedbackRow(1, NOON + 99_000, 60, 8, "wrong", "I was reading")}
    first, second = alerts_of(rows, feedback, intervals((POOR, 70), (GOOD, 60)))
    assert first.at.isoformat() == "2026-11-22T13:00:00+01:00"
    assert (first.rule, first.value, first.threshold, first.held, first.verdict) == (
        "head-down",
        31.5,
        25,
        60,
        "",
    )
    assert (second.id, second.verdict, second.note, second.position) == (8, "wrong", "I was reading", 2.5)
    assert (first.took, second.took) == (10, 0)


def test_the_limits_are_those_that_are_spoken_of() -> None:
    assert (WITHIN_S, STAYS_S) == (600, 10)
