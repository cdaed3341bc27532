"""The log's tables as plain rows, to be taken elsewhere: moments in words, measurements in their units."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from uprightd.store.schema import PARTS

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

Holds = Callable[[int, int], bool]
"""Given a moment in milliseconds since the epoch and its clock's minutes ahead of UTC, whether it is wanted."""
ALWAYS = (0, 2**62)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the log: the column that says when a row was, and whether that goes by the person's clock."""

    name: str
    moment: str
    local: bool = True
    own: bool = True
    """Whether rows of it can be forgotten by themselves; a run goes with the last row that belongs to it."""


TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table("samples", "at_ms"),
        Table("intervals", "start_ms"),
        Table("minutes", "start_ms"),
        Table("hours", "start_ms"),
        Table("alerts", "at_ms"),
        Table("feedback", "at_ms"),
        Table("transitions", "at_ms"),
        Table("runs", "started_ms", own=False),
        Table("reports", "made_ms"),
        Table("captures", "at_ms"),
        Table("calibrations", "at_ms"),
        Table("contacts", "last_ms", local=False),
    )
}
"""All that the log holds of the person."""
_SUMMED = ("intervals", "minutes", "hours")


def rows_of(
    log: LogReader, name: str, reach: tuple[int, int], holds: Holds
) -> Generator[dict[str, Any], None, None]:
    """Given an open log, a table of TABLES, the widest span of time and what is wanted of it, yield its rows in order.

    Each begins with `at`, the moment by the person's clock in ISO 8601, and goes on with the table's own columns.
    """
    table = TABLES[name]
    for row in _summed_rows(log, name, reach) if name in _SUMMED else _stored_rows(log, table, reach):
        moment, offset_min = row[table.moment], row.get("offset_min", 0)
        if holds(moment, offset_min):
            yield {"at": _iso(moment, offset_min), **row}


def _summed_rows(log: LogReader, name: str, reach: tuple[int, int]) -> Iterator[dict[str, Any]]:
    """What samples come to, those of the present hour included, which is not rolled up yet."""
    if name == "intervals":
        for interval in log.intervals(*reach):
            yield {**interval._asdict(), "seconds": interval.ms / 1000}
        return
    for row in log.minutes(*reach) if name == "minutes" else log.hours(*reach):
        yield row._asdict()


def _stored_rows(log: LogReader, table: Table, reach: tuple[int, int]) -> Iterator[dict[str, Any]]:
    whole = {"confidence", *log.metrics} if table.name == "samples" else set()
    names, rows = log.table(table.name, table.moment, *reach)
    for row in rows:
        yield {
            name: value / PARTS if name in whole and value is not None else value
            for name, value in zip(names, row, strict=True)
        }


def _iso(at_ms: int, offset_min: int) -> str:
    clock = timezone(timedelta(minutes=offset_min)) if offset_min else UTC
    return datetime.fromtimestamp(at_ms / 1000, clock).isoformat(timespec="milliseconds")
