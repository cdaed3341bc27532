"""A summary as plain text, for a terminal of any width and for a file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from datetime import datetime

from uprightd.domain import Posture
from uprightd.report.summary import Stretch, Summary, SummaryAlert
from uprightd.report.words import bar, count, duration, measured, percent, plain

NARROWEST = 44
WIDEST = 100
SHOWN_ALERTS = 10

_COLOURS = {
    Posture.GOOD: "\x1b[32m",
    Posture.POOR: "\x1b[33m",
    Posture.UNRELIABLE: "\x1b[2m",
    Posture.AWAY: "\x1b[2m",
}
_RESET = "\x1b[0m"
_BOUND = "\N{NO-BREAK SPACE}"


def render(summary: Summary, width: int = 80, *, colour: bool = False) -> str:
    """Given a summary and the terminal's width in cells, return the report, its last line ended.

    No line is wider, from 44 cells on. Colours are escape codes: only for a terminal.
    """
    width = max(NARROWEST, min(width, WIDEST))
    blocks = [
        _wrap(summary.period.title, width),
        _wrap(" ".join(_sentences(summary)), width),
        list(_bars(summary, width, colour)),
        list(_coverage(summary, width)),
        list(_alerts(summary, width)),
        list(_measures(summary, width)),
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def headline(summary: Summary) -> str:
    """Given a summary, return its first sentence, for a notification."""
    return next(_sentences(summary))


def _sentences(summary: Summary) -> Iterator[str]:
    if not summary.watched:
        yield from _nothing(summary)
        return
    good, poor = summary.seconds[Posture.GOOD], summary.seconds[Posture.POOR]
    if summary.judged:
        yield (
            f"Posture was within your limits for {duration(good)} of the {duration(summary.judged)} "
            f"that could be judged ({percent(good / summary.judged)})."
        )
    else:
        yield f"{duration(summary.watched)} were watched, but posture could not be judged in any of it."
    alerts = f"{count(len(summary.alerts), 'alert') if summary.alerts else 'No alert'}"
    if poor and summary.longest_poor:
        yield f"{alerts}; the longest time outside them was {_since(summary.longest_poor)}."
    elif summary.longest_good:
        yield f"{alerts}; the longest time within them was {_since(summary.longest_good)}."
    else:
        yield f"{alerts}."


def _nothing(summary: Summary) -> Iterator[str]:
    yield f"Nothing was watched {summary.period.around}."
    if summary.samples:
        yield f"The log holds {count(summary.samples, 'sample')}, too few or too far apart to make up a time."
    elif summary.running or summary.alerts:
        yield "The monitor ran, but the log holds no samples: none were taken, or they are no longer kept."
    else:
        yield "A summary needs the monitor to run: uprightd run."


def _since(stretch: Stretch) -> str:
    return f"{duration(stretch.seconds)}, from {stretch.start:%a %H:%M}"


def _bars(summary: Summary, width: int, colour: bool) -> Iterator[str]:
    if not summary.watched:
        return
    room = min(40, width - 35)
    for posture, seconds in summary.seconds.items():
        share = seconds / summary.watched
        cells = f"{bar(share, room):<{room}}"
        if colour:
            cells = f"{_COLOURS[posture]}{cells}{_RESET}"
        yield f"  {posture.value:<10}  {cells}  {percent(share):>6}  {duration(seconds):>11}"


def _coverage(summary: Summary, width: int) -> Iterator[str]:
    if not summary.samples:
        return
    text = (
        f"Watched for {duration(summary.watched)} in {count(summary.runs, 'run')}, "
        f"{percent(summary.coverage)} of the {duration(summary.running)} the monitor ran. "
        f"{count(summary.samples, 'sample')}, a person in {percent(summary.detected)} of them."
    )
    yield from _wrap(text, width)


def _alerts(summary: Summary, width: int) -> Iterator[str]:
    if not summary.alerts:
        return
    shown = summary.alerts[-SHOWN_ALERTS:]
    hidden = len(summary.alerts) - len(shown)
    yield f"Alerts, the last {len(shown)} of {len(summary.alerts)}" if hidden else "Alerts"
    said: set[str] = set()
    for alert in shown:
        yield from _alert(alert, width, with_message=alert.message not in said)
        said.add(alert.message)


def _alert(alert: SummaryAlert, width: int, *, with_message: bool) -> Iterator[str]:
    parts = [_moment(alert.at), plain(alert.rule)]
    if alert.position is not None:
        parts.append(f"from {alert.position:.1f} s in the file")
    if alert.outcome not in ("delivered", "off"):
        parts.append(f"notification {alert.outcome}")
    yield from _wrap("  ".join(parts), width, indent="  ", hanging="    ")
    for text in (alert.message, alert.reason) if with_message else (alert.reason,):
        yield from _wrap(plain(text), width, indent="      ", hanging="      ")


def _measures(summary: Summary, width: int) -> Iterator[str]:
    if not summary.metrics:
        return
    room = max(len(name) for name in summary.metrics)
    room = min(room, width - 36)
    yield f"{'Measures':<{room + 2}}{'median':>8}{'least':>9}{'most':>9}{'samples':>8}"
    for name, spread in summary.metrics.items():
        low, middle, high = (measured(name, value) for value in (spread.low, spread.median, spread.high))
        label = name if len(name) <= room else name[: room - 1] + "…"
        yield f"  {label:<{room}}{middle:>8}{low:>9}{high:>9}{spread.count:>8}"


def _moment(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %H:%M:%S}"


def _wrap(text: str, width: int, *, indent: str = "", hanging: str = "") -> list[str]:
    """Given text, return it in lines; a number stays with its unit, as in 4 h 10 min."""
    bound = re.sub(r"(?<=\d) (?=(?:h|min|s)\b|%)|(?<=\bh) (?=\d)|(?<=\bmin) (?=\d)", _BOUND, text)
    lines = textwrap.wrap(bound, width, initial_indent=indent, subsequent_indent=hanging)
    return [line.replace(_BOUND, " ") for line in lines]
