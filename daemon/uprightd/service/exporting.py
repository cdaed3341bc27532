"""The user's data taken elsewhere: a table of the log as CSV, as JSON lines or as Parquet."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from uprightd.errors import UnavailableError

FORMATS = ("csv", "jsonl", "parquet")
BATCH = 20_000
"""Rows of a Parquet file that are held in memory at once."""
_JSON = frozenset({"explanation", "summary"})
"""Columns that hold JSON: nested where the format can, text where it cannot."""

Rows = Iterable[Mapping[str, Any]]


def write(rows: Rows, form: str, file: IO[bytes]) -> int:
    """Given rows of one table, a format of FORMATS and an open file, write them; return how many there were.

    Raise UnavailableError when Parquet's library is not installed.
    """
    counted = _Counted(rows)
    if form == "parquet":
        _parquet(counted, file)
    else:
        for line in _csv(counted) if form == "csv" else _lines(counted):
            file.write(line.encode())
    return counted.number


class _Counted:
    """Rows that are counted as they pass."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for row in self._rows:
            self.number += 1
            yield row


def _csv(rows: Rows) -> Iterator[str]:
    """The first line names the columns; without a row there is none."""
    text = io.StringIO()
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, fieldnames=list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _harmless(value) for name, value in row.items()})
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def _harmless(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def _lines(rows: Rows) -> Iterator[str]:
    for row in rows:
        yield json.dumps(_nested(row), ensure_ascii=False) + "\n"


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _parsed(value) if name in _JSON else value for name, value in row.items()}


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text


def _parquet(rows: Rows, file: IO[bytes]) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UnavailableError(
            f"Parquet needs a library that is not installed ({error})",
            "Install it: pip install 'uprightd[parquet]'; or export as csv or jsonl.",
        ) from error
    remaining = iter(rows)
    writer = None
    while batch := list(itertools.islice(remaining, BATCH)):
        table = pyarrow.Table.from_pylist(batch, schema=writer.schema if writer else _schema(pyarrow, batch))
        if writer is None:
            writer = pyarrow.parquet.ParquetWriter(file, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    else:
        pyarrow.parquet.write_table(pyarrow.table({}), file)


def _schema(pyarrow: Any, batch: list[Mapping[str, Any]]) -> Any:
    """The columns' kinds, told by the first rows that know: what none of them knows is a measurement."""
    kinds = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    fields = []
    for name in batch[0]:
        known = {type(row[name]) for row in batch if row[name] is not None}
        kind = float if not known or float in known else known.pop()
        fields.append((name, kinds[kind]))
    return pyarrow.schema(fields)
