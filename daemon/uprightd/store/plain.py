"""What the program has, as what SQLite may hold: whole milliseconds, finite numbers, sound text, JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from uprightd.domain import Instant
from uprightd.store.schema import METRIC_LIMIT, PARTS

DECIMALS = 4


def ms(at: Instant) -> int:
    """Given a moment, return its milliseconds since the epoch."""
    return round(at.wall * 1000)


def offset(at: Instant, zone: tzinfo | None) -> int:
    """Given a moment and a zone (None: the system's), return the minutes by which its clock was ahead of UTC then."""
    ahead = datetime.fromtimestamp(at.wall, UTC).astimezone(zone).utcoffset() or timedelta()
    return round(ahead.total_seconds() / 60)


def parts(value: float | None) -> int | None:
    """Given a measurement, return it in whole ten-thousandths; None for NaN and for what is too large to be one."""
    if value is None or not abs(value) < METRIC_LIMIT:
        return None
    return round(float(value) * PARTS)


def by_clock(at_ms: int, offset_min: int) -> datetime:
    """Given a stored moment and by how many minutes the clock was ahead of UTC, return what that clock showed."""
    return datetime.fromtimestamp(at_ms / 1000, timezone(timedelta(minutes=offset_min)))


def number(value: float | None) -> float | None:
    """Given a value, return it rounded; None for NaN and for what is too large to be a measurement.

    float() matters: SQLite takes a numpy scalar without complaint and stores its bytes.
    """
    if value is None or not abs(value) < METRIC_LIMIT:
        return None
    return round(float(value), DECIMALS)


def share(value: float) -> float:
    """Given a value meant to lie in 0-1, return it rounded and within, 0 for NaN."""
    return 0.0 if math.isnan(value) else round(min(1.0, max(0.0, float(value))), DECIMALS)


def text(words: str) -> str:
    """Given any text, return it with lone surrogates (odd file names), which SQLite refuses, as "?"."""
    return words.encode("utf-8", "replace").decode("utf-8")


def explanation(facts: Mapping[str, Any]) -> str:
    """Given the facts of an alert, return them as JSON, whatever is among them: an odd one must not cost the alert."""
    return json.dumps(_simple(facts), separators=(",", ":"))


def _simple(fact: Any) -> Any:
    """Given a fact, return it in JSON's own types; what is not finite becomes null."""
    if fact is None or isinstance(fact, bool | int):
        return fact
    if isinstance(fact, str):
        return str(fact)
    if isinstance(fact, Mapping):
        return {str(name): _simple(each) for name, each in fact.items()}
    if isinstance(fact, Iterable):
        return [_simple(each) for each in fact]
    try:
        value = float(fact)
    except (TypeError, ValueError):
        return str(fact)
    return value if math.isfinite(value) else None
