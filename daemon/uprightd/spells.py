"""How long the monitor was in each of its states: spells, from the changes of state that it logged.

A state lasts from one change to the next of the same run. While it watches (watching, away, unreliable, uncalibrated)
only time between samples counts, so a sleep belongs to nobody. A pause or a fault has no samples: it counts by the
clock, also where the machine sleeps in it, and is nobody's posture. A run that was killed has no end: of its last
state nothing counts that no sample bears out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter

from uprightd.domain import Activity
from uprightd.intervals import Span
from uprightd.records import RunRow, TransitionRow

WITHOUT_SAMPLES = (Activity.PAUSED, Activity.DEGRADED)
ENDLESS = 2**62
"""Milliseconds: later than any moment."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One run in one state, from `start_ms` to `end_ms`; ENDLESS where no end was stored.

    offset_min: by how much the person's clock was ahead of UTC when it began.
    """

    start_ms: int
    end_ms: int
    offset_min: int
    run: int
    activity: Activity
    reason: str

    @property
    def sampled(self) -> bool:
        return self.activity not in WITHOUT_SAMPLES


def spells(changes: Iterable[TransitionRow], runs: Iterable[RunRow]) -> list[Spell]:
    """Given changes of state and their runs, return how long each state lasted, those without any time left out.

    The changes of a run are taken in the order in which they were stored, and its end ends the last of them alone: its
    clock may have been set back.
    """
    ends = {run.id: ENDLESS if run.ended_ms is None else run.ended_ms for run in runs}
    found = []
    for run, rows in groupby(sorted(changes, key=attrgetter("run_id", "id")), key=attrgetter("run_id")):
        for row, after in pairwise([*rows, None]):
            assert row is not None
            activity = Activity(row.activity)
            end = ends.get(run, ENDLESS) if after is None else after.at_ms
            if end == ENDLESS and activity in WITHOUT_SAMPLES:
                continue
            if row.at_ms < end:
                found.append(
                    Spell(row.at_ms, end, row.offset_min, run, activity, _cause(activity, row.reason))
                )
    return found


def breaks_of(states: Iterable[Spell]) -> dict[int, list[Span]]:
    """Given spells, return by run the time in which no posture is anybody's: pauses and faults, in order, as one where
    they meet."""
    breaks: dict[int, list[Span]] = {}
    for spell in sorted((each for each in states if not each.sampled), key=attrgetter("start_ms")):
        of_run = breaks.setdefault(spell.run, [])
        if of_run and spell.start_ms <= of_run[-1][1]:
            of_run[-1] = (of_run[-1][0], max(spell.end_ms, of_run[-1][1]))
        else:
            of_run.append((spell.start_ms, spell.end_ms))
    return breaks


def without_end(reason: str) -> str:
    """Given a reason such as "by you, until Tue 14:00", return it without its end: "by you"."""
    return reason.partition(" until ")[0].rstrip(",")


def _cause(activity: Activity, reason: str) -> str:
    return without_end(reason) if activity is Activity.PAUSED else reason
