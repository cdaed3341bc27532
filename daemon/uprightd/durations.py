"""Lengths of time as people write and read them: "90s", "10 min", "1h", or a bare number of seconds."""

from __future__ import annotations

import math
import re

LONGEST = 7 * 86_400.0
"""Seconds. Longer than any holding time, cooldown or pause makes sense."""

_EXPECTED = "a length of time such as 90s, 10 min or 1h"

_UNITS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
}
_WRITTEN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([a-z]{0,8})", re.ASCII)


def parse_duration(value: object) -> float:
    """Given "90s", "10 min", "1h" or a number of seconds, return seconds.

    Raise ValueError for anything else, for a number below 0 or not finite and for more than a week. Its text
    ends the sentence "expected ...".
    """
    seconds = _seconds(value)
    if seconds is None or not math.isfinite(seconds):
        raise ValueError(_EXPECTED)
    if seconds < 0:
        raise ValueError(f"{_EXPECTED}, not below 0")
    if seconds > LONGEST:
        raise ValueError(f"{_EXPECTED}, at most {duration_text(LONGEST)}")
    return seconds


def duration_text(seconds: float) -> str:
    """Given seconds, return them as a person says them: "1.5 s", "45 s", "10 min", "2 h 15 min"."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return (
        (f"{minutes} min" if minutes else "")
        + (" " if minutes and rest else "")
        + (f"{rest} s" if rest else "")
    )


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    match = _WRITTEN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        return None
    factor = _UNITS.get(match[2] or "s")
    return None if factor is None else float(match[1]) * factor
