"""Tables as plain text, as wide as the terminal allows: in columns, or two lines a row, or one figure each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from uprightd.report.table import Column, Figure, Kind, Table
from uprightd.report.words import NO_BREAK, bound, plain

INDENT = "  "
GAP = 2
LONGEST_NAME = 24
_LEFT = (Kind.NAME, Kind.WORDS, Kind.SPARK)


def laid_out(table: Table, width: int) -> Iterator[str]:
    """Given a table and a width in cells, yield its lines, the title first."""
    yield from wrap(table.title, width)
    columns = [index for index, column in enumerate(table.columns) if column.kind is not Kind.WORDS]
    last = next((index for index, column in enumerate(table.columns) if column.kind is Kind.WORDS), None)
    widths = _widths(table)
    room = sum(widths[index] for index in columns) + GAP * (len(columns) - 1) + len(INDENT)
    if room + (GAP + 20 if last is not None else 0) <= width:
        yield from _in_columns(table, widths, columns, last, width)
    else:
        yield from _folded(table, widths, width)
    if table.note:
        yield from wrap(table.note, width, indent=INDENT, hanging=INDENT)


def _widths(table: Table) -> list[int]:
    """How wide each column must be; names are cut beyond a limit."""
    widths = [
        max(len(column.title), *(len(cells[index].text) for cells in table.lines))
        for index, column in enumerate(table.columns)
    ]
    widths[0] = min(widths[0], LONGEST_NAME)
    return widths


def _in_columns(
    table: Table, widths: Sequence[int], columns: Sequence[int], last: int | None, width: int
) -> Iterator[str]:
    heads = [Figure(column.title) for column in table.columns]
    for cells in (heads, *table.lines):
        line = INDENT + (" " * GAP).join(
            _set(table.columns[index], cells[index].text, widths[index]) for index in columns
        )
        if last is None or not cells[last].text:
            yield line.rstrip()
        else:
            start = line + " " * GAP
            yield from wrap(plain(cells[last].text), width, indent=start, hanging=" " * len(start))


def _folded(table: Table, widths: Sequence[int], width: int) -> Iterator[str]:
    """Names and what stands beside them on one line, the rest below."""
    aside = [index for index, column in enumerate(table.columns) if column.aside]
    below = [index for index, column in enumerate(table.columns) if index and not column.aside]
    figures = [index for index in below if table.columns[index].kind is not Kind.WORDS]
    texts = [index for index in below if index not in figures]
    indent = INDENT * 2
    gap = next((g for g in (2, 1) if _room(figures, widths, g) + len(indent) <= width), None)
    beside = sum(widths[index] + GAP for index in aside)
    heads = [Figure(column.title) for column in table.columns]
    for head, cells in ((True, heads), *((False, line) for line in table.lines)):
        name = cut(cells[0].text, width - len(INDENT) - beside)
        tail = "".join(" " * GAP + _set(table.columns[i], cells[i].text, widths[i]) for i in aside)
        yield f"{INDENT}{name:<{width - len(INDENT) - len(tail)}}{tail}".rstrip()
        if gap is not None:
            line = (" " * gap).join(_set(table.columns[i], cells[i].text, widths[i]) for i in figures)
            yield f"{indent}{line}".rstrip()
        elif not head:
            for index in figures:
                title = table.columns[index].title
                yield f"{indent}{title:<12}{cells[index].text}"
        for index in () if head else texts:
            yield from wrap(plain(cells[index].text), width, indent=indent, hanging=indent)


def _room(columns: Sequence[int], widths: Sequence[int], gap: int) -> int:
    return sum(widths[index] for index in columns) + gap * (len(columns) - 1)


def _set(column: Column, text: str, width: int) -> str:
    return f"{cut(text, width):<{width}}" if column.kind in _LEFT else f"{text:>{width}}"


def cut(text: str, width: int) -> str:
    """Given text and a width, return it, with an ellipsis for its end where it is longer."""
    return text if len(text) <= width else text[: width - 1] + "…"


def wrap(text: str, width: int, *, indent: str = "", hanging: str = "") -> list[str]:
    """Given text, return it in lines; a number stays with its unit, as in 4 h 10 min."""
    lines = textwrap.wrap(bound(text), width, initial_indent=indent, subsequent_indent=hanging)
    return [line.replace(NO_BREAK, " ") for line in lines]
