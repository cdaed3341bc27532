"""Figures as a person reads them: durations, shares, bars, and text that cannot upset a terminal."""

from __future__ import annotations

from uprightd.metrics.definitions import METRICS

_EIGHTHS = " ▏▎▍▌▋▊▉"


def duration(seconds: float) -> str:
    """Given seconds, return them in the largest two units: 4.2 s, 48 s, 12 min 5 s, 4 h 10 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds else "0 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"


def percent(share: float | None) -> str:
    """Given a share of 0-1, return it in percent: never "0 %" for something, nor "100 %" for not all."""
    if share is None:
        return "-"
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def bar(share: float, width: int) -> str:
    """Given a share of 0-1 and a width in cells, return a bar of eighths; anything above zero shows."""
    eighths = min(width * 8, max(round(share * width * 8), 1 if share > 0 else 0))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def count(number: int, noun: str) -> str:
    """Given a number and a noun, return both: 1 alert, 2 alerts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def measured(metric: str, value: float) -> str:
    """Given a metric's name and value, return the value with its unit."""
    known = METRICS.get(metric)
    return known.text(value) if known else f"{value:.2f}"


def plain(text: str) -> str:
    """Given text from a rule or a file, return it on one line without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
