"""The alerts of a period: what became of each, what the person thought of it, and how posture went on after it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from uprightd.domain import Posture
from uprightd.intervals import Interval
from uprightd.records import AlertRow, FeedbackRow
from uprightd.report.moments import by_clock

SPOKEN, HELD, DROPPED = "spoken", "held", "dropped"
"""What became of an alert, in the words of the log."""
WITHIN_S = 600.0
"""How long after an alert posture is followed."""
STAYS_S = 10.0
"""So long it must be within the limits, or the person away, for that to count: a glance upward is no recovery."""


class After(StrEnum):
    """How things went on after an alert that was spoken."""

    RECOVERED = "recovered"
    LEFT = "left"
    STAYED = "stayed"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class SummaryAlert:
    """One alert, `at` by the clock the person had then.

    decision: spoken, held or dropped. cause: why it was not spoken. verdict: wrong or right, as the person said. after:
    how posture went on, None for one that was not spoken; took: seconds until it recovered or the person left.
    """

    id: int
    at: datetime
    rule: str
    severity: str
    message: str
    metric: str
    value: float
    threshold: float
    held: float
    view: str
    reason: str
    position: float | None
    outcome: str
    decision: str = SPOKEN
    cause: str = ""
    verdict: str = ""
    note: str = ""
    after: After | None = None
    took: float | None = None


def alerts_of(
    rows: Iterable[AlertRow], feedback: Mapping[int, FeedbackRow], intervals: Sequence[Interval]
) -> tuple[SummaryAlert, ...]:
    """Given alerts, what was thought of them by their id, and the intervals in and after their time with none cut by
    the end of an hour, return them with how posture went on."""
    ends = [each.end_ms for each in intervals]
    return tuple(_alert(row, feedback.get(row.id), intervals, ends) for row in rows)


def _alert(
    row: AlertRow, feedback: FeedbackRow | None, intervals: Sequence[Interval], ends: Sequence[int]
) -> SummaryAlert:
    after, took = (None, None)
    if row.decision == SPOKEN:
        after, took = _went_on(row.at_ms, intervals, bisect_right(ends, row.at_ms))
    return SummaryAlert(
        id=row.id,
        at=by_clock(row.at_ms, row.offset_min),
        rule=row.rule,
        severity=row.severity,
        message=row.message,
        metric=row.metric,
        value=row.value,
        threshold=row.threshold,
        held=row.held_s,
        view=row.view,
        reason=row.reason,
        position=row.position,
        outcome=row.outcome,
        decision=row.decision,
        cause=row.decision_reason,
        verdict=feedback.verdict if feedback else "",
        note=feedback.note if feedback else "",
        after=after,
        took=took,
    )


def _went_on(at_ms: int, intervals: Sequence[Interval], first: int) -> tuple[After, float | None]:
    """Given when an alert was spoken and the first interval that ends after it, return how things went on."""
    reached = at_ms
    for index in range(first, len(intervals)):
        each = intervals[index]
        if each.start_ms > reached:
            break
        if each.start_ms - at_ms > WITHIN_S * 1000:
            return After.STAYED, None
        reached = each.end_ms
        begun = max(each.start_ms, at_ms)
        if each.end_ms - begun >= STAYS_S * 1000 and each.posture in (Posture.GOOD, Posture.AWAY):
            went = After.RECOVERED if each.posture == Posture.GOOD else After.LEFT
            return went, round((begun - at_ms) / 1000, 1)
    return (After.STAYED if reached - at_ms >= WITHIN_S * 1000 else After.UNSEEN), None
