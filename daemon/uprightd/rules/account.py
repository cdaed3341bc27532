"""An alert with its account: what is said to the person, and what it rests on.

`Alert.explanation` is plain JSON data: `kind`, `rule` (as written in YAML, with its source and origin), `value`,
`threshold`, `error`, `held_s`, `values` (of every metric the rule used: value, error, unit, text), `baseline` (where it
counts from one), `view`, `profile`, `confidence`, `scores` (of the keypoints those metrics stand on) and, by kind,
`within_s`, `permitted_s`, `break_s` or `anchor`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from uprightd.domain import Alert, Reading, View
from uprightd.durations import duration_text
from uprightd.metrics.definitions import METRICS
from uprightd.rules.conditions import value_of
from uprightd.rules.expression import parse
from uprightd.rules.model import BASELINE, DAYS, Budget, Kind, Rule, Sitting, Static
from uprightd.rules.static import Stillness
from uprightd.rules.tally import Tally

SITTING = "sitting"
"""What stands in an alert's `metric` where the rule watches time alone; its value and threshold are seconds."""


class Subject(NamedTuple):
    """What a rule watches, in words: one metric, or an expression with the unit it comes out in."""

    title: str
    unit: str

    def text(self, number: float, error: float | None = None) -> str:
        """Given a value, and how far it is off as a rule where that is known, return it with its unit."""
        like = next((metric for metric in METRICS.values() if metric.unit == self.unit), None)
        if like is not None:
            return like.text(number, error)
        return f"{number:z.2f}" + ("" if error is None else f" ± {error:.2f}")

    def limit_text(self, number: float) -> str:
        """Given a limit somebody set, return it with its unit as they wrote it."""
        like = next((metric for metric in METRICS.values() if metric.unit == self.unit), None)
        return like.limit_text(number) if like else f"{number:g}"


def subject_of(rule: Rule) -> Subject:
    """Given a rule, return what it watches."""
    if not rule.metric:
        return Subject(SITTING, "")
    if rule.single:
        return Subject(METRICS[rule.single].title, METRICS[rule.single].unit)
    units = {name: METRICS[name].unit for name in rule.metrics}
    return Subject(rule.metric, parse(rule.metric).unit(units))


def condition_text(rule: Rule) -> str:
    """Given a rule, return when it speaks in one line: "head pitch > 25° for 1 min within 2 min"."""
    subject, term = subject_of(rule), rule.term
    start = f", counted from the {BASELINE}" if rule.relative_to else ""
    if isinstance(term, Budget):
        points = ", ".join(
            f"{duration_text(time)} at {subject.limit_text(angle)}" for angle, time in term.curve
        )
        return f"{subject.title} held{start}: {points}"
    if isinstance(term, Sitting):
        return f"sitting for {duration_text(term.limit)} without a break of {duration_text(term.pause)}"
    if isinstance(term, Static):
        band = f"±{subject.limit_text(term.band)}"
        return f"{subject.title} within {band} of where it was for {duration_text(term.limit)}"
    window = f" within {duration_text(rule.within)}" if rule.within else ""
    limit = subject.limit_text(rule.threshold)
    sides = " to either side" if rule.single and rule.single != rule.metric else ""
    return f"{subject.title} {rule.operator} {limit}{sides}{start} for {duration_text(rule.hold)}{window}"


def written(rule: Rule) -> dict[str, Any]:
    """Given a rule, return it as plain data in the names and words of YAML; what asks for nothing is left out."""
    fields: dict[str, Any] = {"id": rule.id, "kind": rule.kind.value, "metric": rule.metric}
    if isinstance(rule.term, Budget):
        fields["budget"] = {f"{angle:g}": duration_text(time) for angle, time in rule.term.curve}
        fields["recover"] = rule.term.recover
    elif isinstance(rule.term, Sitting):
        fields |= {"sitting": duration_text(rule.term.limit), "break": duration_text(rule.term.pause)}
    elif isinstance(rule.term, Static):
        fields |= {"static": duration_text(rule.term.limit), "band": rule.term.band}
    else:
        fields |= {"operator": rule.operator.value, "threshold": rule.threshold, "clear": rule.clear}
        fields |= {"for": duration_text(rule.hold), "within": rule.within and duration_text(rule.within)}
        fields["clear_for"] = rule.clear_for and duration_text(rule.clear_for)
    fields |= {
        "relative_to": rule.relative_to,
        "cooldown": duration_text(rule.cooldown),
        "severity": rule.severity.value,
        "views": sorted(view.value for view in rule.views),
        "hours": [str(hours) for hours in rule.hours],
        "days": [DAYS[day] for day in sorted(rule.days)],
        "min_confidence": rule.min_confidence,
        "profile": rule.profile,
        "message": rule.message,
        "source": rule.source,
        "origin": rule.origin,
    }
    asked = {"operator", "threshold", "clear", "recover", "band"}
    return {key: value for key, value in fields.items() if value or key in asked}


def fingerprint(rule: Rule) -> str:
    """Given a rule, return a short text that is the same for the same rule, wherever in its file it stands."""
    fields = {**written(rule), "origin": "", "exact": [rule.hold, rule.within, rule.clear_for, rule.cooldown]}
    text = json.dumps([fields, str(rule.term)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def alert_of(rule: Rule, tally: Tally, number: float, reading: Reading) -> Alert:
    """Given a rule that is due, what it counted, and the reading with its number, return the alert."""
    subject, started = subject_of(rule), tally.started or reading.at
    value = value_of(rule, reading)
    error = value.error if value is not None else None
    if rule.kind is Kind.SITTING:
        number, said, limit = tally.held, duration_text(tally.held), duration_text(rule.threshold)
    else:
        said, limit = subject.text(number), subject.limit_text(rule.threshold)
    held = duration_text(tally.held)
    return Alert(
        rule=rule.id,
        severity=rule.severity,
        message=rule.message.format(
            value=said, threshold=limit, held=held, metric=subject.title, unit=subject.unit
        ),
        metric=rule.metric or SITTING,
        value=number,
        threshold=rule.threshold,
        held=tally.held,
        started=started,
        at=reading.at,
        reason=f"{_found(rule, tally, subject, number, error)}, {_circumstances(reading)}",
        view=reading.view,
        confidence=reading.confidence,
        position=tally.position,
        explanation=_explanation(rule, tally, number, error, reading),
    )


def _found(rule: Rule, tally: Tally, subject: Subject, number: float, error: float | None) -> str:
    """What was measured, against what, for how long."""
    held, term = duration_text(tally.held), rule.term
    if isinstance(term, Sitting):
        limit, pause = duration_text(term.limit), duration_text(term.pause)
        return f"{subject.title} for {held}, limit {limit} without a break of {pause}"
    measured = f"{subject.title} {subject.text(number, error)}" + (
        " past upright" if rule.relative_to else ""
    )
    if isinstance(term, Static) and isinstance(tally, Stillness):
        return (
            f"{measured}, within ±{subject.limit_text(term.band)} of {subject.text(tally.anchor)} for {held}"
        )
    if isinstance(term, Budget):
        first, permitted = term.curve[0]
        past = f"past {subject.limit_text(first)} for {held}"
        return f"{measured}, {past}, which uses up the {duration_text(permitted)} permitted there"
    window = f" of the last {duration_text(rule.within)}" if rule.within else ""
    return f"{measured}, limit {subject.limit_text(rule.threshold)}, for {held}{window}"


def _circumstances(reading: Reading) -> str:
    return f"{reading.view.words}, confidence {reading.confidence:.2f}"


def _explanation(
    rule: Rule, tally: Tally, number: float, error: float | None, reading: Reading
) -> dict[str, Any]:
    known = {name: reading.values[name] for name in rule.metrics}
    fields: dict[str, Any] = {
        "kind": rule.kind.value,
        "condition": condition_text(rule),
        "rule": written(rule),
        "value": number,
        "error": error,
        "threshold": rule.threshold,
        "held_s": tally.held,
        "values": {
            name: {
                "value": value.number,
                "error": value.error,
                "unit": METRICS[name].unit,
                "text": METRICS[name].text(value.number, value.error),
            }
            for name, value in known.items()
        },
        "view": reading.view.value,
        "profile": reading.profile,
        "confidence": reading.confidence,
        "scores": _scores(rule, reading),
    }
    if rule.relative_to:
        fields["baseline"] = {name: reading.baseline[name] for name in known if name in reading.baseline}
    if rule.within:
        fields["within_s"] = rule.within
    if isinstance(rule.term, Budget):
        fields["permitted_s"] = rule.term.permitted(number)
    elif isinstance(rule.term, Sitting):
        fields["break_s"] = rule.term.pause
    elif isinstance(tally, Stillness):
        fields["anchor"] = tally.anchor
    return fields


def _scores(rule: Rule, reading: Reading) -> dict[str, float]:
    """The scores of the keypoints that the rule's metrics stand on in this view, as far as the reading carries them."""
    view: View = reading.view
    needed = dict.fromkeys(point for name in rule.metrics for point in METRICS[name].needed(view))
    return {name: reading.scores[name] for name in needed if name in reading.scores}
