"""What the user wants forgotten: rows of the log, the pages made of them, captures, and everything there is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uprightd.captures.shelf import Capture, list_captures, remove_capture
from uprightd.errors import DeniedError, UnavailableError, UsageError
from uprightd.paths import Paths
from uprightd.report.periods import Period, day, week
from uprightd.service.control import ask
from uprightd.store.reading import LogReader
from uprightd.store.tables import ALWAYS, TABLES

if TYPE_CHECKING:
    from uprightd.clock import Clock
    from uprightd.store.log import Log

COMMAND = "forget"
"""The daemon's command for it."""
OWN = tuple(table.name for table in TABLES.values() if table.own)
"""Tables whose rows can be forgotten."""
NOT_BY_DAY = ("reports", "contacts")
"""Not forgotten with a period: that a week's summary was made, so that it is not made again, and who was spoken to."""
SHOWN = frozenset({"samples", "intervals", "minutes", "hours", "alerts", "feedback", "transitions"})
"""What the pages of the reports folder are made of."""
_PAGE = re.compile(r"uprightd-(.+)\.(?:html|txt|md|json)")
_CORRUPT = "{}.corrupt-*"


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be forgotten: of which tables, in which period (None: ever); everything: all that is stored."""

    tables: tuple[str, ...]
    period: Period | None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a wish comes to: rows by table, files with their bytes, captures."""

    wish: Wish
    rows: Mapping[str, int]
    files: Mapping[Path, int]
    captures: tuple[Capture, ...]

    @property
    def empty(self) -> bool:
        return not (any(self.rows.values()) or self.files or self.captures)

    @property
    def file_bytes(self) -> int:
        return sum(self.files.values()) + sum(capture.bytes for capture in self.captures)


def wish_for(tables: Iterable[str], period: Period | None, everything: bool) -> Wish:
    """Given tables (none: all), a period (None: ever) and whether everything is meant, return the wish.

    Raise UsageError when it says nothing, or two things.
    """
    named = tuple(dict.fromkeys(tables))
    if everything and (named or period is not None):
        raise UsageError("--everything goes with neither a period nor a table", "Give it alone.")
    if not everything and not named and period is None:
        raise UsageError(
            "nothing was named that shall be forgotten",
            "Name a period (--week, --day, --since), a table (--table samples), or --everything.",
        )
    if not named:
        named = OWN if everything else tuple(name for name in OWN if name not in NOT_BY_DAY)
    if period is not None and "contacts" in named:
        raise UsageError("contacts are not kept by day", "Forget them all: uprightd forget --table contacts")
    return Wish(named, period, everything)


def plan(paths: Paths, wish: Wish) -> Plan:
    """Given the folders and a wish, return what it comes to; nothing is removed."""
    try:
        with LogReader.open(paths.database) as reader:
            rows = reader.forgettable(wish.tables, _days(wish.period))
            elsewhere = [Path(row.path) for row in reader.captures(*ALWAYS)]
    except UnavailableError:
        rows, elsewhere = dict.fromkeys(wish.tables, 0), []
    captures = list_captures(paths.captures, elsewhere) if "captures" in wish.tables else []
    wanted = tuple(each for each in captures if wish.period is None or _of(each, wish.period))
    return Plan(wish, rows, {path: path.lstat().st_size for path in _files(paths, wish)}, wanted)


def carry_out(paths: Paths, it: Plan, clock: Clock) -> Mapping[str, int]:
    """Given the folders and a plan, remove what it names; return how many rows went, by table.

    The rows go by way of the daemon while one runs. Raise UprightError naming what could not be removed; what is left
    can be forgotten by the same wish again.
    """
    for capture in it.captures:
        remove_capture(capture, paths.captures)
    for path in it.files:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise DeniedError(
                f"{path}: cannot be removed ({error.strerror})",
                "Mend its folder's permissions and try again.",
            ) from error
    if not paths.database.exists():
        return it.rows
    days = _days(it.wish.period)
    try:
        return ask(paths.socket, COMMAND, tables=list(it.wish.tables), days=days)
    except UnavailableError:
        from uprightd.store.log import Log

        with Log.open(paths.database, metrics=(), clock=clock) as log:
            return log.forget(it.wish.tables, days, None)


def take_forget(log: Log, arguments: Mapping[str, Any]) -> dict[str, int]:
    """Given the daemon's log and the arguments of a forget command, carry it out; return how many rows went, by table.

    Raise UsageError when they are not what `carry_out` sends.
    """
    tables, days = arguments.get("tables"), arguments.get("days")
    known = isinstance(tables, list) and bool(tables) and all(name in OWN for name in tables)
    dated = days is None or (
        isinstance(days, list) and len(days) == 2 and all(type(each) is int for each in days)
    )
    if not known or not dated:
        raise UsageError(
            "forget needs the log's tables and the days",
            "Is another version of uprightd running? Restart it: uprightd stop, uprightd run",
        )
    assert isinstance(tables, list)
    return log.forget(tables, (days[0], days[1]) if days else None, log.run)


def _days(period: Period | None) -> tuple[int, int] | None:
    """The period by any person's own clock: see store.forgetting."""
    return None if period is None else period.bounds(0)


def _of(capture: Capture, period: Period) -> bool:
    """Whether a capture was made in the period; of one that cannot say when, nobody knows, and it stays."""
    return capture.manifest is not None and period.first <= capture.manifest.when.date() <= period.last


def _files(paths: Paths, wish: Wish) -> list[Path]:
    pages = [path for path in _in(paths.reports) if SHOWN & {*wish.tables} and _tells_of(path, wish.period)]
    if (
        "captures" in wish.tables
    ):  # a walk in the making says no day, and is a copy of what the video still shows
        pages += _in(paths.cache / "gait")
    if not wish.everything:
        return pages
    corrupt = sorted(paths.data.glob(_CORRUPT.format(paths.database.name)))
    return [*pages, *corrupt, *_in(paths.profiles), *_in(paths.logs)]


def _in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []


def _tells_of(page: Path, period: Period | None) -> bool:
    """Whether a page of the reports folder may tell of the period: one whose days its name does not give may."""
    if period is None:
        return True
    days = _days_of(page)
    return days is None or (days[0] <= period.last and days[1] >= period.first)


def _days_of(page: Path) -> tuple[date, date] | None:
    found = _PAGE.fullmatch(page.name)
    name = found[1] if found else ""
    try:
        it = week(name) if "-W" in name else day(date.fromisoformat(name))
    except ValueError:
        return None
    return it.first, it.last
