"""A summary as Markdown, with tables as forges and note-takers render them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from uprightd.report.sentences import sentences
from uprightd.report.slices import hours_of_week
from uprightd.report.summary import Summary
from uprightd.report.table import Column, Figure, Kind, Table
from uprightd.report.tables import tables_of
from uprightd.report.text import what_became_of
from uprightd.report.words import NOTHING, WEEKDAYS, clock, hour, percent, plain

SHOWN_ALERTS = 100
_LEFT = (Kind.NAME, Kind.WORDS, Kind.SPARK)
_MEANT = re.compile(r"[\\`*_\[\]|~<>&]|(?<=:)/(?=/)|(?<=\bwww)\.", re.IGNORECASE)
_STARTS = re.compile(r"^(\d{1,9})(?=[.)])|^(?=[-+=#])")


def to_markdown(summary: Summary) -> str:
    """Given a summary, return it as Markdown, its last line ended. Nothing from a rule or a file is markup in it."""
    tables = tables_of(summary)
    heat = _heat_map(summary)
    if heat is not None:
        tables.insert(min(2, len(tables)), heat)
    blocks = [
        f"# {escaped(summary.period.title)}",
        escaped(" ".join(sentences(summary))),
        *("\n".join(_table(table)) for table in tables),
        "\n".join(_alerts(summary)),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def escaped(text: str) -> str:
    """Given text, return it on one line, so that Markdown shows it as it is: no emphasis, no markup, no link."""
    return _MEANT.sub(r"\\\g<0>", plain(text))


def _begun(text: str) -> str:
    """Given escaped text at the beginning of a line, return it so that it begins no heading and no list."""
    return _STARTS.sub(r"\1\\", text)


def _table(table: Table) -> Iterator[str]:
    yield f"## {escaped(table.title)}"
    yield ""
    yield _line(escaped(column.title) for column in table.columns)
    yield _line("---" if column.kind in _LEFT else "--:" for column in table.columns)
    for cells in table.rows:
        yield _line(escaped(cell.text) for cell in cells)
    if table.total is not None:
        yield _line(f"**{escaped(cell.text)}**" if cell.text else "" for cell in table.total)
    if table.note:
        yield ""
        yield escaped(table.note)


def _line(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _heat_map(summary: Summary) -> Table | None:
    """Hour of the day by day of the week: the share within the limits, and of how much time."""
    hours = hours_of_week(summary)
    if len(summary.period.days) < 2 or not any(it.judged for it in hours.values()):
        return None
    days = sorted({weekday for weekday, _ in hours})

    def cell(weekday: int, start: int) -> Figure:
        of = hours.get((weekday, start))
        if of is None or of.outside is None:
            return Figure("")
        within = NOTHING if of.step is None else percent(1 - of.outside)
        return Figure(f"{within} of {clock(of.judged)}")

    rows = [
        (Figure(hour(start)), *(cell(weekday, start) for weekday in days))
        for start in sorted({start for _, start in hours})
    ]
    columns = (Column("Hour", Kind.NAME), *(Column(WEEKDAYS[weekday]) for weekday in days))
    note = "Each with the time that could be judged; of less than five minutes no share is told."
    return Table("heat-map", "Within your limits, by hour and weekday", columns, tuple(rows), None, note)


def _alerts(summary: Summary) -> Iterator[str]:
    if not summary.alerts:
        return
    shown = summary.alerts[-SHOWN_ALERTS:]
    hidden = len(summary.alerts) > len(shown)
    yield f"## The last {len(shown)} of {len(summary.alerts)} alerts" if hidden else "## Each alert"
    yield ""
    for alert in shown:
        head, rule, *rest = what_became_of(alert)
        yield f"- {escaped(head)} **{escaped(rule)}** {escaped(', '.join(rest))}".rstrip()
        yield f"  {_begun(escaped(f'{alert.message} {alert.reason}'))}"
