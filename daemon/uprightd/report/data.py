"""A summary as data, for a program: the same figures as the text, times in seconds."""

from __future__ import annotations

from typing import Any

from uprightd.report.summary import DROPPED, HELD, SPOKEN, Stretch, Summary, SummaryAlert


def to_json(summary: Summary) -> dict[str, Any]:
    """Given a summary, return it for `json.dumps`. Moments are ISO 8601 with their offset."""
    period = summary.period
    return {
        "period": {
            "name": period.name,
            "title": period.title,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
        },
        "samples": summary.samples,
        "detected": _rounded(summary.detected),
        "seconds": {posture.value: seconds for posture, seconds in summary.seconds.items()},
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
        "alerts": [_alert(alert) for alert in summary.alerts],
        "decisions": {
            decision: {"alerts": summary.decided(decision).total(), "reasons": _reasons(summary, decision)}
            for decision in (SPOKEN, HELD, DROPPED)
        },
        "feedback": {verdict: summary.judged_as(verdict) for verdict in ("wrong", "right")},
        "metrics": {
            name: {"samples": spread.count, "min": spread.low, "median": spread.median, "max": spread.high}
            for name, spread in summary.metrics.items()
        },
    }


def _reasons(summary: Summary, decision: str) -> dict[str, int]:
    return {reason: number for reason, number in summary.decided(decision).items() if reason}


def _alert(alert: SummaryAlert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "at": alert.at.isoformat(),
        "position": alert.position,
        "rule": alert.rule,
        "severity": alert.severity,
        "message": alert.message,
        "metric": alert.metric,
        "value": alert.value,
        "threshold": alert.threshold,
        "held": alert.held,
        "view": alert.view,
        "reason": alert.reason,
        "outcome": alert.outcome,
        "decision": alert.decision,
        "decision_reason": alert.cause,
        "feedback": {"verdict": alert.verdict, "note": alert.note} if alert.verdict else None,
    }


def _stretch(stretch: Stretch | None) -> dict[str, Any] | None:
    return {"start": stretch.start.isoformat(), "seconds": stretch.seconds} if stretch else None


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
