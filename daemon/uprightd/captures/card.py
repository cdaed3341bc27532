"""The angles card: what one picture says, as data and as rows for the drawing."""

from __future__ import annotations

import math
from typing import Any

from uprightd import __version__
from uprightd.domain import Pose, Reading
from uprightd.metrics.definitions import METRICS

SCHEMA = 1


def card(reading: Reading, pose: Pose, size: tuple[int, int], source: str, at: str) -> dict[str, Any]:
    """Given a reading and its pose, the picture's (width, height), where it came from and when (ISO 8601),
    return the card for `json.dumps`. A metric without a value has `value` null and its `reason`; `error` is null
    where nobody has measured it; what is not finite in a keypoint is null."""
    return {
        "schema": SCHEMA,
        "kind": "snapshot",
        "uprightd": __version__,
        "source": source,
        "at": at,
        "size": list(size),
        "backend": pose.backend,
        "view": reading.view.value,
        "confidence": round(reading.confidence, 3),
        "score": round(pose.score, 3),
        "metrics": {
            name: {
                "value": round(value.number, 3) if value.known else None,
                "error": None if value.error is None else round(value.error, 3),
                "unit": METRICS[name].unit,
                "reason": value.reason.value if value.reason else None,
            }
            for name, value in reading.values.items()
        },
        "keypoints": {
            name: {"x": _number(point.x, 2), "y": _number(point.y, 2), "score": _number(point.score, 3)}
            for name, point in pose.keypoints.items()
        },
    }


def _number(number: float, digits: int) -> float | None:
    return round(number, digits) if math.isfinite(number) else None  # NaN is no JSON


def rows(reading: Reading) -> list[tuple[str, str]]:
    """Given a reading, return (name, value with unit and ±) of every metric that has one."""
    return [
        (METRICS[name].title, METRICS[name].text(value.number, value.error))
        for name, value in reading.values.items()
        if value.known
    ]
