"""A summary as plain text, for a terminal of any width and for a file."""

from __future__ import annotations

from collections.abc import Iterator

from uprightd.report import text_charts
from uprightd.report.alerts import SPOKEN, After, SummaryAlert
from uprightd.report.course import Course
from uprightd.report.sentences import sentences
from uprightd.report.summary import Summary
from uprightd.report.tables import tables_of
from uprightd.report.text_tables import laid_out, wrap
from uprightd.report.words import duration, moment, plain

NARROWEST = 44
WIDEST = 100
SHOWN_ALERTS = 10
DELIVERED = ("delivered", "off", "pending")


def render(summary: Summary, width: int = 80, *, colour: bool = False, course: Course | None = None) -> str:
    """Given a summary, the terminal's width in cells and for a single day its course, return the report, its last line
    ended.

    No line is wider, from 44 cells on. Colours are escape codes: only for a terminal.
    """
    width = max(NARROWEST, min(width, WIDEST))
    blocks = [
        wrap(summary.period.title, width),
        wrap(" ".join(sentences(summary)), width),
        list(text_charts.postures(summary, width, colour)),
        list(text_charts.course(course, width, colour)),
        list(text_charts.parts(summary, width, colour)),
        list(text_charts.heat_map(summary, width, colour)),
        list(text_charts.bands(summary, width, colour)),
        *(list(laid_out(table, width)) for table in tables_of(summary)),
        list(_alerts(summary, width)),
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks if block) + "\n"


def _alerts(summary: Summary, width: int) -> Iterator[str]:
    if not summary.alerts:
        return
    shown = summary.alerts[-SHOWN_ALERTS:]
    hidden = len(summary.alerts) - len(shown)
    yield f"The last {len(shown)} of {len(summary.alerts)} alerts" if hidden else "Each alert"
    said: set[str] = set()
    for alert in shown:
        yield from _alert(alert, width, with_message=alert.message not in said)
        said.add(alert.message)


def _alert(alert: SummaryAlert, width: int, *, with_message: bool) -> Iterator[str]:
    yield from wrap("  ".join(what_became_of(alert)), width, indent="  ", hanging="    ")
    for text in (alert.message, alert.reason) if with_message else (alert.reason,):
        yield from wrap(plain(text), width, indent="      ", hanging="      ")


def what_became_of(alert: SummaryAlert) -> Iterator[str]:
    """Given an alert, yield when it was, its rule, and what became of it, in a few words each."""
    yield moment(alert.at)
    yield plain(alert.rule)
    if alert.position is not None:
        yield f"from {alert.position:.1f} s in the file"
    if alert.decision != SPOKEN:
        yield plain(f"{alert.decision} {alert.cause}")
    elif alert.outcome not in DELIVERED:
        yield f"notification {plain(alert.outcome)}"
    if went := went_on(alert):
        yield went
    if alert.verdict:
        yield f"{alert.verdict}, you said"


def went_on(alert: SummaryAlert) -> str:
    """Given an alert, return how posture went on after it, nothing where that is not known."""
    if alert.after is None or alert.after is After.UNSEEN:
        return ""
    if alert.after is After.STAYED or alert.took is None:
        return "not back in 10 min"
    after = duration(round(alert.took))
    return f"back in {after}" if alert.after is After.RECOVERED else f"left after {after}"
