"""A table before anybody has decided how it looks: its columns, its rows, and the figures in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from uprightd.report.words import clock, percent


class Kind(Enum):
    """What a column holds, which says how it is set: figures to the right, words to the left."""

    NAME = "name"
    TIME = "time"
    FIGURE = "figure"
    WORDS = "words"
    SPARK = "spark"
    """A line of small bars, where the medium cannot draw."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. aside: where there is little room it goes beside the row's name, the others below."""

    title: str
    kind: Kind = Kind.FIGURE
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: what is shown, and for a time what it is in seconds."""

    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table. The first column names the rows; `total` is what the times above it add up to."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Figure, ...], ...]
    total: tuple[Figure, ...] | None = None
    note: str = ""

    @property
    def lines(self) -> tuple[tuple[Figure, ...], ...]:
        """All rows, the total last."""
        return self.rows if self.total is None else (*self.rows, self.total)


def time(seconds: float | None) -> Figure:
    """Given seconds, return them as they add up; None is shown as nothing."""
    return Figure(clock(seconds), seconds)


def about(seconds: float | None) -> Figure:
    """Given seconds that nothing is added up from, such as a median, return them without their parts."""
    return time(None if seconds is None else float(round(seconds)))


def share(of: float | None) -> Figure:
    """Given a share of 0-1, return it in percent."""
    return Figure(percent(of))


def part(of: float, whole: float) -> Figure:
    """Given a part and its whole, return the share in percent, nothing where there is no whole."""
    return share(of / whole if whole else None)


def words(*texts: str) -> tuple[Figure, ...]:
    """Given texts, return each as a cell."""
    return tuple(map(Figure, texts))


def row(name: str, *figures: Figure) -> tuple[Figure, ...]:
    """Given a row's name and its figures, return the row."""
    return (Figure(name), *figures)


def without(table: Table, kind: Kind) -> Table:
    """Given a table and a kind of column, return it without those columns."""
    kept = [index for index, column in enumerate(table.columns) if column.kind is not kind]

    def cut(cells: Sequence[Figure]) -> tuple[Figure, ...]:
        return tuple(cells[index] for index in kept)

    return Table(
        table.key,
        table.title,
        tuple(table.columns[index] for index in kept),
        tuple(cut(each) for each in table.rows),
        None if table.total is None else cut(table.total),
        table.note,
    )
