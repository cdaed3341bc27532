"""Figures as a person reads them: durations, shares, bars, and text that cannot upset a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from uprightd.metrics.definitions import METRICS

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"
_WITHIN_A_FIGURE = re.compile(r"(?<=\d) (?=(?:h|min|s)\b|%)|(?<=\bh) (?=\d)|(?<=\bmin) (?=\d)")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EXACT_S = 600
"""Seconds from which on a sentence leaves them out."""
NOTHING = "-"
"""Stands where there is no figure."""
NO_BREAK = "\N{NO-BREAK SPACE}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def duration(seconds: float) -> str:
    """Given seconds, return them for a sentence, rounded: 4.2 s, 48 s, 2 min 5 s, 48 min, 4 h 10 min."""
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < EXACT_S:
        minutes, rest = divmod(whole, 60)
        return _both(f"{minutes} min", rest, "s")
    hours, minutes = divmod(round(seconds / 60), 60)
    return _both(f"{hours} h", minutes, "min") if hours else f"{minutes} min"


def _both(large: str, small: int, unit: str) -> str:
    return f"{large} {small} {unit}" if small else large


def clock(seconds: float | None) -> str:
    """Given seconds, return them for a table, where they must add up: 4:10:12, or 0:00:04.25 where there are parts."""
    if seconds is None:
        return NOTHING
    whole, parts = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    fraction = f".{parts:03d}".rstrip("0") if parts else ""
    return f"{hours}:{minute:02d}:{second:02d}{fraction}"


def percent(share: float | None) -> str:
    """Given a share of 0-1, return it in percent: never "0 %" for something, nor "100 %" for not all."""
    if share is None:
        return NOTHING
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def points(difference: float) -> str:
    """Given a difference of two shares, return it in percentage points: 4 points, 0.6 points."""
    size = abs(difference) * 100
    text = f"{size:.0f}" if size >= 1.95 else f"{size:.1f}".removesuffix(".0")
    return f"{text} point{'' if text == '1' else 's'}"


def bar(share: float, width: int) -> str:
    """Given a share of 0-1 and a width in cells, return a bar of eighths; anything above zero shows."""
    eighths = min(width * 8, max(round(share * width * 8), 1 if share > 0 else 0))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def spark(values: Iterable[float | None]) -> str:
    """Given values in order, None for one that is missing, return them as a line of small bars, a dot for none."""
    kept = list(values)
    known = [value for value in kept if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    top = len(_LEVELS) - 1

    def level(value: float) -> str:
        return _LEVELS[round((value - low) / (high - low) * top) if high > low else top // 2]

    return "".join("·" if value is None else level(value) for value in kept)


def apportioned(parts: Sequence[float], cells: int) -> list[int]:
    """Given amounts and a number of cells, return how many cells each gets: all of them together, none lost to rounding
    (the largest remainder method), and one at least for what is not nothing while there are enough."""
    whole = sum(parts)
    if whole <= 0:
        return [0] * len(parts)
    shares = [part / whole * cells for part in parts]
    given = [int(share) for share in shares]
    by_rest = sorted(range(len(parts)), key=lambda index: shares[index] - given[index], reverse=True)
    for index in by_rest[: cells - sum(given)]:
        given[index] += 1
    for index, part in enumerate(parts):
        most = max(range(len(given)), key=given.__getitem__)
        if part > 0 and not given[index] and given[most] > 1:
            given[index], given[most] = 1, given[most] - 1
    return given


def count(number: int, noun: str) -> str:
    """Given a number and a noun, return both: 1 alert, 2 alerts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", THIN)


def measured(metric: str, value: float) -> str:
    """Given a metric's name and value, return the value with its unit."""
    known = METRICS.get(metric)
    return known.text(value) if known else f"{value:.2f}"


def named(metric: str) -> str:
    """Given a metric's name, return what people call it."""
    known = METRICS.get(metric)
    return known.title if known else plain(metric).replace("_", " ")


def on(when: date) -> str:
    """Given a day, return it as in a table: Tue 17 Nov."""
    return f"{when:%a} {when.day} {when:%b}"


def moment(at: datetime) -> str:
    """Given a moment, return it to the second: Tue 17 Nov 14:03:10."""
    return f"{on(at)} {at:%H:%M:%S}"


def hour(start: int) -> str:
    """Given an hour of the day, return it from when to when: 09-10."""
    return f"{start:02d}\N{EN DASH}{start + 1:02d}"


def bound(text: str) -> str:
    """Given a sentence, return it with figures that do not part from their units: 4 h 10 min stays on one line."""
    return _WITHIN_A_FIGURE.sub(NO_BREAK, text)


def plain(text: str) -> str:
    """Given text from a rule or a file, return it on one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
