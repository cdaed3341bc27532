"""Hours of the log whose samples have not been rolled up yet, worked out from the samples themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from uprightd.intervals import HOUR_MS, Beat, Hour, pulse_for
from uprightd.records import RunRow, TransitionRow
from uprightd.rollup import RolledHour, roll_up, touched
from uprightd.spells import breaks_of, spells
from uprightd.store.schema import PARTS

RUN_COLUMNS = "id, started_ms, offset_min, source, backend, version, ended_ms, seconds_per_sample"
"""Those of `records.RunRow` that are stored."""
LAST_SIGN_OF_LIFE = """max(
    started_ms,
    coalesce((SELECT at_ms FROM samples WHERE run_id = runs.id ORDER BY id DESC LIMIT 1), 0),
    coalesce((SELECT at_ms FROM transitions WHERE run_id = runs.id ORDER BY id DESC LIMIT 1), 0)
  )"""
"""When a run that was killed ended: the latest by its number, not by a clock that was a month fast for a moment."""


class Fresh(NamedTuple):
    """The hours that samples since the last roll-up may change, in order, and the id of the last of those samples."""

    hours: tuple[Hour, ...]
    sample_id: int


class Unrolled:
    """Looks at an open log, read only. `metrics` are its columns of measurements, in their order."""

    def __init__(self, connection: sqlite3.Connection, metrics: Sequence[str]) -> None:
        self._connection = connection
        self._metrics = metrics
        columns = ", ".join(["at_ms", "samples.offset_min", "run_id", "posture", "seconds_per_sample"])
        values = "".join(f', "{name}"' for name in metrics)
        self._beats = (
            f"SELECT {columns}{values} FROM samples JOIN runs ON runs.id = run_id"  # noqa: S608 - its own columns
            " WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, samples.id"
        )
        longest = connection.execute("SELECT max(seconds_per_sample) FROM runs").fetchone()[0]
        self._reach = round(1000 * pulse_for(longest or 0.0))

    def fresh(self) -> Fresh:
        """Return what has to be rolled up anew.

        An hour of which samples have been removed stays as it was rolled up: what comes late into it (a clock that was
        set back by weeks) is not worth what is known of it.
        """
        done = self._connection.execute("SELECT sample_id FROM progress").fetchone()[0]
        rows = self._connection.execute("SELECT id, at_ms FROM samples WHERE id > ?", (done,)).fetchall()
        if not rows:
            return Fresh((), done)
        moments = [at_ms for _, at_ms in rows]
        around = (min(moments) - self._reach, max(moments) + self._reach)
        clocks = self._connection.execute(
            "SELECT DISTINCT offset_min FROM samples WHERE at_ms BETWEEN ? AND ?", around
        ).fetchall()
        hours = sorted(touched(moments, (offset for (offset,) in clocks), self._reach))
        kept = [each for each in hours if self._complete(each)]
        return Fresh(tuple(kept), max(sample_id for sample_id, _ in rows))

    def rolled(self, hour: Hour) -> RolledHour:
        """Given an hour, return what its samples come to."""
        since, until = hour.start_ms - 2 * self._reach, hour.start_ms + HOUR_MS + 2 * self._reach
        beats = list(self._beats_in(since, until))
        runs = sorted({beat.run for beat in beats})
        states = spells(self.transitions(runs, since, until), self._runs(runs))
        return roll_up(hour, beats, breaks_of(states), self._metrics)

    def transitions(self, runs: Sequence[int], since_ms: int, until_ms: int) -> list[TransitionRow]:
        """Given runs and a period, return their changes of state in it, and the last one before and the first after it:
        a state lasts from one to the next."""
        found: list[TransitionRow] = []
        columns = "SELECT id, at_ms, offset_min, run_id, activity, reason FROM transitions WHERE run_id = ?"
        for run in runs:
            for condition in (
                "at_ms < ?2 ORDER BY id DESC LIMIT 1",  # the one in force: the clock may have been set back
                "at_ms >= ?2 AND at_ms < ?3",
                "at_ms >= ?3 ORDER BY at_ms, id LIMIT 1",
            ):
                rows = self._connection.execute(
                    f"{columns.replace('?', '?1')} AND {condition}",
                    (run, since_ms, until_ms)[: 3 if "?3" in condition else 2],
                )
                found += [TransitionRow(*row) for row in rows]
        return found

    def _runs(self, ids: Sequence[int]) -> list[RunRow]:
        marks = ", ".join("?" * len(ids))
        query = f"SELECT {RUN_COLUMNS} FROM runs WHERE id IN ({marks})"  # noqa: S608 - question marks
        rows = self._connection.execute(query, tuple(ids))
        return [RunRow(*row) for row in rows]

    def _beats_in(self, since_ms: int, until_ms: int) -> Iterator[Beat]:
        pulses: dict[float, int] = {}
        for at_ms, offset_min, run, posture, period, *values in self._connection.execute(
            self._beats, (since_ms, until_ms)
        ):
            pulse = pulses.get(period)
            if pulse is None:
                pulse = pulses[period] = round(1000 * pulse_for(period))
            measured = [None if value is None else value / PARTS for value in values]
            yield Beat(at_ms, offset_min, run, posture, pulse, measured)

    def _complete(self, hour: Hour) -> bool:
        """Given an hour, return whether the log still has all samples of it: they are removed from the oldest on, so it
        must have the one that the hour's first interval began with. (Up to when they were removed does not tell: the
        clock may have been a year fast then.)

        What holds into the hour may have been taken before it.
        """
        since, until = hour.start_ms, hour.start_ms + HOUR_MS
        began, first = self._connection.execute(
            "SELECT (SELECT min(start_ms) FROM intervals"
            " WHERE start_ms >= ?1 AND start_ms < ?2 AND offset_min = ?3),"
            " (SELECT min(at_ms) FROM samples WHERE at_ms >= ?4 AND at_ms < ?2 AND offset_min = ?3)",
            (since, until, hour.offset_min, since - self._reach),
        ).fetchone()
        return began is None or (first is not None and first <= began)
