"""A summary as data, for a program: the same figures as everywhere. docs/SUMMARY.md says what each name means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from uprightd.domain import Posture
from uprightd.metrics.definitions import METRICS
from uprightd.report.alerts import DROPPED, HELD, SPOKEN, After, SummaryAlert
from uprightd.report.measures import Measure
from uprightd.report.sentences import sentences
from uprightd.report.sitting import Sitting, Stretch
from uprightd.report.slices import grouped, hours_of_week
from uprightd.report.summary import HourFigure, Summary
from uprightd.report.trend import Change, Past

SCHEMA = 1
"""Grows when a name changes its meaning or goes; new names leave it as it is."""


def to_json(summary: Summary) -> dict[str, Any]:
    """Given a summary, return it for `json.dumps`.

    Times are in seconds, moments ISO 8601 with their offset, shares 0-1; what there is none of is None.
    """
    hours = summary.hours
    return {
        "schema": SCHEMA,
        "period": _period(summary),
        "sentences": list(sentences(summary)),
        "samples": summary.samples,
        "detected": _rounded(summary.detected),
        "seconds": _seconds(summary.seconds),
        "states": {
            activity.value: {"seconds": round(sum(reasons.values()), 3), "reasons": dict(reasons)}
            for activity, reasons in summary.states.items()
        },
        "stateless": summary.stateless,
        "watched": summary.watched,
        "judged": summary.judged,
        "running": summary.running,
        "coverage": _rounded(summary.coverage),
        "runs": summary.runs,
        "longest_poor": _stretch(summary.longest_poor),
        "longest_good": _stretch(summary.longest_good),
        "days": _days(summary),
        "hours": _hours(summary),
        "heat_map": _heat_map(summary),
        "best_hour": _hour(hours[0]) if hours else None,
        "worst_hour": _hour(hours[-1]) if hours else None,
        "sitting": _sitting(summary.sitting),
        "alerts": [_alert(alert) for alert in summary.alerts],
        "decisions": {
            decision: {"alerts": summary.decided(decision).total(), "reasons": _reasons(summary, decision)}
            for decision in (SPOKEN, HELD, DROPPED)
        },
        "feedback": {verdict: summary.judged_as(verdict) for verdict in ("wrong", "right")},
        "after_alerts": {
            **{after.value: summary.went_on(after) for after in After},
            "median_recovery": summary.recovery,
        },
        "metrics": {name: _measure(of, summary.watched) for name, of in summary.metrics.items()},
        "trend": [_change(change) for change in summary.trend],
    }


def _period(summary: Summary) -> dict[str, Any]:
    period = summary.period
    return {
        "name": period.name,
        "title": period.title,
        "first_day": period.first.isoformat(),
        "last_day": period.last.isoformat(),
    }


def _days(summary: Summary) -> list[dict[str, Any]]:
    found = grouped(summary, lambda cell: cell.day)
    return [
        {"day": day.isoformat(), "ran": summary.ran.get(day, 0.0), **_watched(found.get(day, {}))}
        for day in sorted({*found, *summary.ran})
    ]


def _hours(summary: Summary) -> list[dict[str, Any]]:
    found = grouped(summary, lambda cell: (cell.day, cell.hour))
    return [
        {"day": day.isoformat(), "hour": hour, **_watched(seconds)}
        for (day, hour), seconds in sorted(found.items())
    ]


def _watched(seconds: Mapping[Posture, float]) -> dict[str, Any]:
    return {"watched": round(sum(seconds.values()), 3), "seconds": _seconds(seconds)}


def _heat_map(summary: Summary) -> list[dict[str, Any]]:
    return [
        {
            "weekday": of.weekday + 1,
            "hour": of.hour,
            "watched": round(of.watched, 3),
            "judged": round(of.judged, 3),
            "good": of.good,
        }
        for of in hours_of_week(summary).values()
    ]


def _hour(figure: HourFigure) -> dict[str, Any]:
    return {
        "day": figure.day.isoformat(),
        "hour": figure.hour,
        "judged": figure.judged,
        "good": figure.good,
    }


def _sitting(sitting: Sitting) -> dict[str, Any]:
    return {
        "stretches": _stretches(sitting.stretches),
        "breaks": _stretches(sitting.breaks),
        "longest": _stretch(sitting.longest),
        "usual": sitting.usual,
        "usual_break": sitting.usual_break,
        "too_long": sitting.too_long,
    }


def _stretches(stretches: Iterable[Stretch]) -> list[dict[str, Any]]:
    return [{"start": each.start.isoformat(), "seconds": each.seconds} for each in stretches]


def _reasons(summary: Summary, decision: str) -> dict[str, int]:
    return {reason: number for reason, number in summary.decided(decision).items() if reason}


def _alert(alert: SummaryAlert) -> dict[str, Any]:
    facts = asdict(alert)
    cause, verdict, note = (facts.pop(name) for name in ("cause", "verdict", "note"))
    return {
        **facts,
        "at": alert.at.isoformat(),
        "decision_reason": cause,
        "feedback": {"verdict": verdict, "note": note} if verdict else None,
    }


def _measure(of: Measure, watched: float) -> dict[str, Any]:
    metric = METRICS.get(of.metric)
    return {
        "title": metric.title if metric else of.metric,
        "unit": metric.unit if metric else "",
        "samples": of.samples,
        "known": of.known,
        "coverage": _rounded(min(1.0, of.known / watched) if watched else None),
        "min": of.low,
        "median": of.median,
        "max": of.high,
        "bands": dict(zip(("good", "borderline", "poor"), of.bands, strict=True)) if of.bands else None,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "quantity": change.quantity.name,
        "title": change.quantity.title,
        "more_is": "better" if change.quantity.better > 0 else "worse",
        "now": _rounded(change.now),
        "mean": _rounded(change.mean),
        "mdc95": _rounded(change.mdc),
        "verdict": change.verdict.value,
        "periods": [_past(past) for past in change.past],
    }


def _past(past: Past) -> dict[str, Any]:
    return {
        "name": past.period.name,
        "first_day": past.period.first.isoformat(),
        "last_day": past.period.last.isoformat(),
        "value": _rounded(past.value),
        "seconds": past.seconds,
    }


def _stretch(stretch: Stretch | None) -> dict[str, Any] | None:
    return {"start": stretch.start.isoformat(), "seconds": stretch.seconds} if stretch else None


def _seconds(seconds: Mapping[Posture, float]) -> dict[str, float]:
    return {posture.value: seconds.get(posture, 0.0) for posture in Posture}


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
