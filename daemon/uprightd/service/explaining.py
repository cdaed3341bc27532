"""One alert explained from the log: what was seen, against what, how sure, by which rule, and what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from uprightd.domain import View
from uprightd.durations import duration_text
from uprightd.errors import DataError, UsageError
from uprightd.metrics.definitions import METRICS
from uprightd.problems import printable
from uprightd.rules.expression import parse
from uprightd.rules.model import Kind

if TYPE_CHECKING:
    from uprightd.records import AlertRow, FeedbackRow
    from uprightd.store.reading import LogReader

LEAST_SURE = 3
"""Keypoints named."""
LATEST_MS = 2**53
"""After any moment in a log."""
DAY_MS = 86_400_000
LAST_DAYS = (7, 90, LATEST_MS // DAY_MS)
"""How far back the last alerts are looked for, as far as needed: a log holds those of years."""

_OUTCOMES = {
    "pending": "What became of its notification is not known: the monitor ended first.",
    "delivered": "A notification was shown.",
    "failed": "A notification was sent but not taken",
    "unavailable": "There was nothing that shows notifications",
    "console": "It was printed where uprightd runs, since nothing showed notifications.",
    "off": "Notifications were switched off.",
}


class Explained(NamedTuple):
    """One heading and the sentences under it."""

    heading: str
    sentences: tuple[str, ...]


# ---- finding ---------------------------------------------------------------------------------------------


def find(reader: LogReader, which: str) -> AlertRow:
    """Given a log and "last" or an alert's id, return that alert. Raise UsageError, or DataError when there is none."""
    if which == "last":
        alert = reader.alert("last")
        if alert is None:
            raise DataError(
                f"{reader.path}: there has been no alert yet",
                "Nothing to explain: no rule was broken for long enough.",
            )
        return alert
    if not (which.isascii() and which.isdigit() and len(which) <= 15):
        raise UsageError(
            f"{which!r} is no alert: expected last or its number", "See: uprightd explain --list"
        )
    alert = reader.alert(int(which))
    if alert is None:
        raise DataError(f"{reader.path}: there is no alert {which}", "See: uprightd explain --list")
    return alert


def feedback_on(reader: LogReader) -> dict[int, FeedbackRow]:
    """Given a log, return what the person thinks of alerts, by the alerts' ids."""
    return {row.alert_id: row for row in reader.feedback(0, LATEST_MS)}


def last_alerts(reader: LogReader, count: int, now_ms: int) -> list[AlertRow]:
    """Given a log, a number and the moment, return the last alerts up to that number, the latest first."""
    found: list[AlertRow] = []
    for days in LAST_DAYS:
        found = reader.alerts(max(0, now_ms - days * DAY_MS), LATEST_MS)
        if len(found) >= count:
            break
    return found[::-1][:count]


# ---- explaining ------------------------------------------------------------------------------------------


def explain(alert: AlertRow, feedback: FeedbackRow | None) -> tuple[Explained, ...]:
    """Given an alert and what the person thinks of it, return it explained, in the order a person asks."""
    parts = (
        Explained("What was seen", (*_seen(alert), *_measures(alert))),
        Explained("How sure", _certainty(alert)),
        Explained("The rule", _rule(alert)),
        Explained("What was done", _done(alert)),
        Explained("What you think of it", _judged(feedback)),
        Explained("What you can do", _next(alert, feedback)),
    )
    return tuple(part for part in parts if part.sentences)


def fields(alert: AlertRow, feedback: FeedbackRow | None) -> dict[str, Any]:
    """Given an alert and what the person thinks of it, return all of it as plain data, times also in ISO 8601."""
    judged = feedback and {
        "verdict": feedback.verdict,
        "note": feedback.note,
        "at": _iso(feedback.at_ms, feedback.offset_min),
    }
    return {
        **asdict(alert),
        "at": _iso(alert.at_ms, alert.offset_min),
        "started": _iso(alert.started_ms, alert.offset_min),
        "feedback": judged,
    }


def when(alert: AlertRow) -> str:
    """Given an alert, return its moment on the person's clock, as a person says it."""
    return f"{_local(alert.at_ms, alert.offset_min):%a %d %b %Y %H:%M:%S}"


def _seen(alert: AlertRow) -> tuple[str, ...]:
    """What was measured, against which limit or budget, since when, for how long of which window."""
    facts, held, since = alert.explanation, duration_text(alert.held_s), _since(alert)
    kind = facts.get("kind", Kind.LIMIT)
    rule = _mapping(facts.get("rule"))
    if kind == Kind.SITTING:
        pause = f" without a break of {rule['break']}" if "break" in rule else ""
        limit = duration_text(alert.threshold)
        return (f"You had been sitting for {held}{pause}{since}; the rule allows {limit}.",)
    measured = f"{_title(alert)} was {_amount(alert, alert.value, _number(facts.get('error')))}"
    if rule.get("relative_to"):
        measured += " past your upright pose"
    limit = _limit(alert, alert.threshold)
    if kind == Kind.STATIC:
        anchor = _number(facts.get("anchor"))
        about = "" if anchor is None else f" of {_amount(alert, anchor)}"
        return (f"{measured}, and had stayed within ±{limit}{about} for {held}{since}.",)
    if kind == Kind.BUDGET:
        permitted = _number(facts.get("permitted_s"))
        here = (
            "" if permitted is None else f" At this angle the rule permits {duration_text(permitted)} in all."
        )
        return (
            f"{measured}. It had been at {limit} or past it for {held}{since}, "
            f"which used up the time that may be held.{here}",
        )
    bound = {">": "more than", ">=": "at least", "<": "less than", "<=": "at most"}.get(
        str(rule.get("operator"))
    )
    against = f"the rule speaks at {bound} {limit}" if bound else f"the limit is {limit}"
    window = _number(facts.get("within_s"))
    of_window = f" of the last {duration_text(window)}" if window else ""
    return (f"{measured}; {against}.", f"It had been past the limit for {held}{of_window}{since}.")


def _measures(alert: AlertRow) -> tuple[str, ...]:
    """The single measures behind an expression, the view, and what values count from."""
    facts = alert.explanation
    values = {name: _mapping(value) for name, value in _mapping(facts.get("values")).items()}
    said = []
    if values and alert.metric not in values:
        told = ", ".join(
            f"{_named(name)} {value.get('text', value.get('value'))}" for name, value in values.items()
        )
        said.append(f"Worked out from {told}.")
    baseline = {name: _number(value) for name, value in _mapping(facts.get("baseline")).items()}
    if baseline:
        told = ", ".join(
            f"{_named(name)} {_text(name, value)}" for name, value in baseline.items() if value is not None
        )
        said.append(f"In your upright pose: {told}.")
    profile = facts.get("profile")
    counted = f", counted from the calibrated pose {profile}" if profile else ""
    if not profile and any(name in METRICS and METRICS[name].relative for name in values):
        counted = ", counted from no calibrated pose"
    said.append(
        f"You were {View(alert.view).words}{counted}."
        if alert.view != View.UNKNOWN
        else f"The view was unknown{counted}."
    )
    return tuple(said)


def _certainty(alert: AlertRow) -> tuple[str, ...]:
    """How sure the model was, and of which points least."""
    scores = {name: _number(score) for name, score in _mapping(alert.explanation.get("scores")).items()}
    least = sorted((score, name) for name, score in scores.items() if score is not None)[:LEAST_SURE]
    said = f"Confidence {alert.confidence:.2f} of 1."
    if least:
        said += f" Least sure of: {', '.join(f'{_named(name)} {score:.2f}' for score, name in least)}."
    if alert.explanation and _number(alert.explanation.get("error")) is None and alert.metric != Kind.SITTING:
        return said, "How far the value is off as a rule has not been measured in this view."
    return (said,)


def _rule(alert: AlertRow) -> tuple[str, ...]:
    """Which rule, where it stands, and where it comes from."""
    rule = _mapping(alert.explanation.get("rule"))
    origin = f" in {rule['origin']}" if rule.get("origin") else ""
    condition = alert.explanation.get("condition")
    first = f"{alert.rule}{origin} ({alert.severity})" + (f": {condition}." if condition else ".")
    source = str(rule.get("source", "")).strip()
    if not source:
        return (first,)
    return first, source if source.lower().startswith("informed by") else f"Source: {source}"


def _done(alert: AlertRow) -> tuple[str, ...]:
    """Whether it was said, and whether that reached the person."""
    reason = f" {alert.decision_reason}" if alert.decision_reason else ""
    if alert.decision == "held":
        return (f"It was held back{reason}, to be told in a summary later.",)
    if alert.decision == "dropped":
        return (f"It was dropped{reason}: nothing was shown.",)
    words = _OUTCOMES.get(alert.outcome, f"Its notification ended as {alert.outcome}")
    if words.endswith("."):
        return (words,)
    return (f"{words}: {alert.outcome_detail}." if alert.outcome_detail else f"{words}.",)


def _judged(feedback: FeedbackRow | None) -> tuple[str, ...]:
    if feedback is None:
        return ()
    note, at = feedback.note and f": {feedback.note}", _local(feedback.at_ms, feedback.offset_min)
    return (f"{feedback.verdict.capitalize()}, as you said on {at:%d %b at %H:%M}{note or '.'}",)


def _next(alert: AlertRow, feedback: FeedbackRow | None) -> tuple[str, ...]:
    """What a person can do about it."""
    origin = _mapping(alert.explanation.get("rule")).get("origin")
    said = ["Have quiet for a while: `uprightd pause 30m`, or 1h, or tomorrow."]
    if origin:
        said.append(
            f"Change the rule in {origin}; `uprightd rules test FILE` says beforehand what would be different."
        )
    if feedback is None:
        said.append(f"Say what you think of it: `uprightd explain {alert.id} --wrong` or `--right`.")
    else:
        said.append(f"See what follows from that: `uprightd rules suggest {alert.rule}`.")
    return tuple(said)


# ---- words -----------------------------------------------------------------------------------------------


def _title(alert: AlertRow) -> str:
    """What an alert's value is of, as a sentence begins with it; an expression stays as it was written."""
    metric = METRICS.get(_single(alert.metric))
    return metric.title[:1].upper() + metric.title[1:] if metric else alert.metric


def _amount(alert: AlertRow, number: float, error: float | None = None) -> str:
    """Given a number in the unit of an alert's value, return it with its unit, and with its ± where that is known."""
    metric = METRICS.get(_single(alert.metric))
    if metric:
        return metric.text(number, error)
    return f"{number:.2f}" + ("" if error is None else f" ± {error:.2f}")


def _limit(alert: AlertRow, number: float) -> str:
    metric = METRICS.get(_single(alert.metric))
    return metric.limit_text(number) if metric else f"{number:g}"


def _single(metric: str) -> str:
    """Given the text of a rule's metric, return the name of the one metric whose unit its value has, "" for none."""
    try:
        return parse(metric).single
    except ValueError:
        return ""


def _text(name: str, number: float) -> str:
    metric = METRICS.get(name)
    return metric.text(number) if metric else f"{number:.2f}"


def _named(name: str) -> str:
    metric = METRICS.get(name)
    return metric.title if metric else printable(name.replace("_", " "))


def _since(alert: AlertRow) -> str:
    """Since when, on the person's clock, and in a file where."""
    began, spoke = (_local(ms, alert.offset_min) for ms in (alert.started_ms, alert.at_ms))
    day = "" if began.date() == spoke.date() else f"{began:%a} "
    place = "" if alert.position is None else f" ({alert.position:.1f} s into the file)"
    return f", since {day}{began:%H:%M:%S}{place}"


def _local(at_ms: int, offset_min: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, timezone(timedelta(minutes=offset_min)))


def _iso(at_ms: int, offset_min: int) -> str:
    return _local(at_ms, offset_min).isoformat(timespec="seconds")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _mapping(value: object) -> Mapping[str, Any]:
    """Given a part of a stored explanation, return it; empty where an older or a damaged log has something else."""
    return value if isinstance(value, dict) else {}
