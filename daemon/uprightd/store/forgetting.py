"""Rows removed for good because the person wants them gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from uprightd.intervals import MINUTE_MS, Span
from uprightd.store.tables import TABLES
from uprightd.store.writing import IMPATIENCE, Writer

UP_TO_DATE = "UPDATE progress SET sample_id = min(sample_id, (SELECT coalesce(max(id), 0) FROM samples))"
"""SQLite gives the numbers of removed rows to new ones: without this, those would count as rolled up already."""


def condition(table: str, days: Span | None) -> tuple[str, tuple[int, ...]]:
    """Given a table of TABLES and from when to when by the person's clock, in milliseconds since the epoch by a clock
    that shows UTC (None: always), return the SQL condition of its rows in it, and its values."""
    if days is None:
        return "1", ()
    it = TABLES[table]
    local = f"{it.moment} + offset_min * {MINUTE_MS}" if it.local else it.moment
    return f"{local} >= ? AND {local} < ?", days


class Forgetting(Writer):
    """Removes what the person wants forgotten."""

    def forget(self, tables: Iterable[str], days: Span | None, running: int | None) -> dict[str, int]:
        """Given tables, the days (see `condition`) and the run that goes on, remove their rows; return how many went.

        Alerts take what was thought of them along, and the last row of a run takes the run. The file is written anew,
        so that nothing of them is left in it. Raise WriteError: then all rows are still there, or all are gone and
        only the file could not be written anew, as the words say.
        """
        with self.upkeep:
            return self._forgotten(list(tables), days, running)

    def _forgotten(self, names: list[str], days: Span | None, running: int | None) -> dict[str, int]:
        gone: dict[str, int] = {}
        self._pragma("secure_delete = ON")
        try:
            with self.together("forget"):
                if "alerts" in names:
                    where, values = condition("alerts", days)
                    theirs = f"alert_id IN (SELECT id FROM alerts WHERE {where})"  # noqa: S608 - names of ours
                    gone["feedback"] = self._delete("feedback", theirs, values)
                for name in names:
                    if TABLES[name].own:
                        gone[name] = gone.get(name, 0) + self._delete(name, *condition(name, days))
                gone["runs"] = self._forget_runs(running)
                self.database.execute(UP_TO_DATE)
                if days is None and set(names) >= {it.name for it in TABLES.values() if it.own}:
                    self.database.execute("DELETE FROM memory")
            with self._writing("write the log anew without what was forgotten (its rows are gone)"):
                self.database.execute("VACUUM")
            # Who reads the log meanwhile keeps the old pages until it ends; a later commit then removes them.
            self._wait_at_most(IMPATIENCE)
            with self._writing("write the log anew without what was forgotten (its rows are gone)"):
                self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._pragma("secure_delete = OFF")
        return gone

    def _delete(self, table: str, where: str, values: tuple[int, ...]) -> int:
        return self.database.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount  # noqa: S608

    def _forget_runs(self, running: int | None) -> int:
        """Remove runs that nothing belongs to any more, except the one that goes on."""
        left = " UNION ".join(
            f"SELECT run_id FROM {table}"  # noqa: S608 - names of ours
            for table in ("samples", "intervals", "alerts", "transitions")
        )
        return self._delete("runs", f"id IS NOT ? AND id NOT IN ({left})", (running,))  # type: ignore[arg-type]

    def _pragma(self, words: str) -> None:
        with self._writing("forget"):
            self.database.execute(f"PRAGMA {words}").fetchall()


def counted(connection: sqlite3.Connection, tables: Iterable[str], days: Span | None) -> dict[str, int]:
    """Given an open log, tables and the days, return how many of their rows would be forgotten."""
    found = {}
    for name in tables:
        where, values = condition(name, days)
        query = f"SELECT count(*) FROM {name} WHERE {where}"  # noqa: S608 - names of ours
        found[name] = int(connection.execute(query, values).fetchone()[0])
    return found
