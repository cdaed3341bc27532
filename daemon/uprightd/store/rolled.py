"""The part of the log that outlives its samples: hours rolled up, and old samples removed once they are."""

from __future__ import annotations

from uprightd.domain import Instant
from uprightd.intervals import DAY_MS, HOUR_MS
from uprightd.metrics.bands import BANDS
from uprightd.records import RollUp
from uprightd.rollup import RolledHour
from uprightd.store import plain
from uprightd.store.forgetting import UP_TO_DATE
from uprightd.store.writing import Writer

BATCH = 2000
"""Rows removed in one transaction: some milliseconds, between which the loop gets its turn."""


class RolledUp(Writer):
    """Writes what the samples come to."""

    def put_hour(self, rolled: RolledHour) -> None:
        """Given an hour rolled up, store it in place of what was stored of the same hour."""
        start, offset = rolled.hour
        with self.together("store an hour"):
            for table in ("intervals", "minutes", "hours"):
                self.database.execute(
                    f"DELETE FROM {table} WHERE start_ms >= ? AND start_ms < ? AND offset_min = ?",  # noqa: S608
                    (start, start + HOUR_MS, offset),
                )
            # OR REPLACE: the same moment may have counted by another clock, whose hour is stored anew right after.
            self.database.conn.executemany(
                "INSERT OR REPLACE INTO intervals VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (each.start_ms, each.end_ms, each.offset_min, each.run, each.posture, each.samples)
                    for each in rolled.intervals
                ],
            )
            ids = {name: self._measure(name) for name in {row.metric for row in rolled.hours}}
            for table, rows in (("minutes", rolled.minutes), ("hours", rolled.hours)):
                self.database.conn.executemany(
                    f"INSERT INTO {table} VALUES ({', '.join('?' * 11)})",  # noqa: S608
                    [_stored(row, ids[row.metric]) for row in rows],
                )

    def rolled_up_to(self, sample_id: int) -> None:
        """Given the id of the last sample that was taken into account, remember it.

        It may have been removed meanwhile, and its number be a later sample's to come.
        """
        with self.together("store how far the samples are rolled up"):
            self.database.execute("UPDATE progress SET sample_id = ?", (sample_id,))
            self.database.execute(UP_TO_DATE)

    def retain(self, days: float, minutes_days: float, now: Instant) -> int:
        """Given for how many days samples and minutes are kept, remove older ones; return how many samples went.

        Only whole hours go, and only samples that have been rolled up; in batches, so that the loop keeps its beat.
        """
        oldest = (plain.ms(now) - round(days * DAY_MS)) // HOUR_MS * HOUR_MS
        removed = self._remove_in_batches(
            "DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE at_ms < ?"
            " AND id <= (SELECT sample_id FROM progress) LIMIT ?)",
            oldest,
        )
        oldest = (plain.ms(now) - round(minutes_days * DAY_MS)) // HOUR_MS * HOUR_MS
        self._remove_in_batches(
            "DELETE FROM minutes WHERE (start_ms, offset_min, measure_id) IN"
            " (SELECT start_ms, offset_min, measure_id FROM minutes WHERE start_ms < ? LIMIT ?)",
            oldest,
        )
        return removed

    def _remove_in_batches(self, statement: str, oldest_ms: int) -> int:
        removed = 0
        while True:
            with self.together("remove what is old"):
                gone = self.database.execute(statement, (oldest_ms, BATCH)).rowcount
                self.database.execute(UP_TO_DATE)
            removed += gone
            if gone < BATCH:
                return removed

    def _measure(self, metric: str) -> int:
        """Return the id of a metric with its present bands, entered when they are new."""
        bands = BANDS.get(metric)
        limits = (None,) * 4 if bands is None else (bands.poor[0], *bands.good, bands.poor[1])
        found = self.database.execute(
            "SELECT id FROM measures WHERE metric = ? AND poor_low IS ? AND good_low IS ? AND good_high IS ?"
            " AND poor_high IS ?",
            (metric, *limits),
        ).fetchone()
        if found:
            return int(found[0])
        row = dict(zip(("poor_low", "good_low", "good_high", "poor_high"), limits, strict=True))
        return int(self.database.table("measures").insert({"metric": metric, **row}).last_rowid or 0)


def _stored(row: RollUp, measure_id: int) -> tuple[int, ...]:
    low, median, high = (round(value * plain.PARTS) for value in (row.low, row.median, row.high))
    return (row.start_ms, row.offset_min, measure_id, row.samples, low, median, high, *row[7:])
