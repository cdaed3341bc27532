"""A summary as plain text, for a terminal of any width and for a file."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, repeat

from uprightd.domain import Posture
from uprightd.report.summary import DROPPED, HELD, SPOKEN, Stretch, Summary, SummaryAlert
from uprightd.report.words import bar, count, duration, measured, percent, plain

NARROWEST = 44
WIDEST = 100
SHOWN_ALERTS = 10
SHOWN_REASONS = 4

_COLOURS = {
    Posture.GOOD: "\x1b[32m",
    Posture.POOR: "\x1b[33m",
    Posture.UNRELIABLE: "\x1b[2m",
    Posture.AWAY: "\x1b[2m",
}
_RESET = "\x1b[0m"
STATELESS = "starting, asleep, or samples no longer kept"
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
        list(_states(summary, width)),
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
    alerts = _told(summary)
    if poor and summary.longest_poor:
        yield f"{alerts}; the longest time outside them was {_since(summary.longest_poor)}."
    elif summary.longest_good:
        yield f"{alerts}; the longest time within them was {_since(summary.longest_good)}."
    else:
        yield f"{alerts}."


def _told(summary: Summary) -> str:
    """What became of the alerts: "2 alerts", "No alert, 3 held back"."""
    spoken, held, dropped = (summary.decided(it).total() for it in (SPOKEN, HELD, DROPPED))
    parts = [count(spoken, "alert") if spoken else "No alert"]
    parts += [f"{held} held back"] * bool(held) + [f"{dropped} dropped"] * bool(dropped)
    return " and ".join(", ".join(parts).rsplit(", ", 1)) if len(parts) > 2 else ", ".join(parts)


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


def _states(summary: Summary, width: int) -> Iterator[str]:
    """What the monitor did with its time; it adds up to the time it ran."""
    told = {activity: reasons for activity, reasons in summary.states.items() if reasons}
    if not told:
        return
    yield "States of the monitor"
    for activity, reasons in told.items():
        for name, (reason, seconds) in zip(_once(activity.value), _few(reasons), strict=False):
            yield from _row(name, 12, f"{duration(seconds):>11}", reason, width)
    if summary.stateless >= 0.5:
        yield from _row("none", 12, f"{duration(summary.stateless):>11}", STATELESS, width)


def _few(reasons: Mapping[str, float]) -> list[tuple[str, float]]:
    """Given seconds by reason, the longest first, return the first few and the rest as one."""
    shown = list(reasons.items())
    if len(shown) > SHOWN_REASONS:
        rest = shown[SHOWN_REASONS - 1 :]
        shown[SHOWN_REASONS - 1 :] = [("other reasons", sum(seconds for _, seconds in rest))]
    return shown


def _once(name: str) -> Iterator[str]:
    """A name for the first of its lines, none for those below."""
    return chain((name,), repeat(""))


def _row(name: str, room: int, figure: str, words: str, width: int) -> list[str]:
    start = f"  {name:<{room}}  {figure}  "
    return _wrap(plain(words), width, indent=start, hanging=" " * len(start)) or [start]


def _alerts(summary: Summary, width: int) -> Iterator[str]:
    if not summary.alerts:
        return
    shown = summary.alerts[-SHOWN_ALERTS:]
    hidden = len(summary.alerts) - len(shown)
    yield f"Alerts, the last {len(shown)} of {len(summary.alerts)}" if hidden else "Alerts"
    yield from _counts(summary, width)
    said: set[str] = set()
    for alert in shown:
        yield from _alert(alert, width, with_message=alert.message not in said)
        said.add(alert.message)


def _counts(summary: Summary, width: int) -> Iterator[str]:
    """How many were spoken, held and dropped, and what the person thought; nothing where all were just spoken."""
    rows = [
        (name, number, reason)
        for decision in (SPOKEN, HELD, DROPPED)
        for name, (reason, number) in zip(_once(decision), summary.decided(decision).items(), strict=False)
    ]
    judged = [(verdict, number) for verdict in ("wrong", "right") if (number := summary.judged_as(verdict))]
    rows += [(verdict, number, "in your judgement") for verdict, number in judged]
    if [name for name, _, _ in rows] == [SPOKEN]:
        return
    for name, number, words in rows:
        yield from _row(name, 7, f"{number:>5}", words, width)
    yield ""


def _alert(alert: SummaryAlert, width: int, *, with_message: bool) -> Iterator[str]:
    parts = [_moment(alert.at), plain(alert.rule)]
    if alert.position is not None:
        parts.append(f"from {alert.position:.1f} s in the file")
    if alert.decision != SPOKEN:
        parts.append(alert.decision)
    elif alert.outcome not in ("delivered", "off"):
        parts.append(f"notification {alert.outcome}")
    if alert.verdict:
        parts.append(f"{alert.verdict}, you said")
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
