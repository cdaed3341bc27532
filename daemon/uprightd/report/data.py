"""A summary as data, for a program: the same figures as the text, times in seconds."""

from __future__ import annotations

from typing import Any

from uprightd.report.summary import Stretch, Summary, SummaryAlert


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
        "watched": summary.watched,
        "judged": summary.judged,
        "running": summary.running,
        "coverage": _rounded(summary.coverage),
        "runs": summary.runs,
        "longest_poor": _stretch(summary.longest_poor),
        "longest_good": _stretch(summary.longest_good),
        "alerts": [_alert(alert) for alert in summary.alerts],
        "metrics": {
            name: {"samples": spread.count, "min": spread.low, "median": spread.median, "max": spread.high}
            for name, spread in summary.metrics.items()
        },
    }


def _alert(alert: SummaryAlert) -> dict[str, Any]:
    return {
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
    }


def _stretch(stretch: Stretch | None) -> dict[str, Any] | None:
    return {"start": stretch.start.isoformat(), "seconds": stretch.seconds} if stretch else None


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
