"""A real log written as the monitor would, second by second, and rolled up as the job does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from uprightd.clock import FollowingClock
from uprightd.domain import (
    Activity,
    Alert,
    Instant,
    MonitorState,
    Posture,
    Reading,
    Reason,
    Severity,
    Value,
    View,
    unknown,
)
from uprightd.report.periods import Period, stretch
from uprightd.report.summary import Summary, summarise
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

UTC = ZoneInfo("UTC")
NOON = 1_795_348_800.0
"""2026-11-22 12:00:00 UTC, a Sunday."""
TABLES = ("intervals", "minutes", "hours")
"""What the samples come to."""


def roll_up(log: Log, *, until: int | None = None) -> None:
    """Work out what the samples come to. `until`: be killed after so many hours were stored."""
    with LogReader.open(log.path) as reader:
        fresh = reader.fresh()
        for hour in fresh.hours[:until]:
            log.put_hour(reader.rolled(hour))
    if until is None:
        log.rolled_up_to(fresh.sample_id)


def tables(log: Log) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of what the samples come to."""
    return {name: log.database.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}


class Recorder:
    """Writes a log; times are seconds after `zero`."""

    def __init__(self, path: Path, zero: float = NOON, zone: tzinfo = UTC) -> None:
        self.path = path
        self.zero = zero
        self.open(zone)

    def open(self, zone: tzinfo = UTC) -> None:
        """Open the log, perhaps once more, where the person is now."""
        self.log = Log.open(
            self.path,
            metrics=("neck_flexion", "head_x"),
            clock=FollowingClock(self.at(0)),
            zone=zone,
        )
        self.log.database.execute("PRAGMA synchronous = OFF")

    def at(self, second: float) -> Instant:
        return Instant(self.zero + second, second)

    def begin(self, second: float, period: float = 1.0) -> None:
        self.log.begin_run("camera 0", "none", self.at(second), period)

    def sample(self, second: float, posture: Posture, values: Mapping[str, float] | None = None) -> None:
        """Store one sample. The neck goes by the second unless values are given."""
        known = {"neck_flexion": second % 60} if values is None else values
        if posture not in (Posture.GOOD, Posture.POOR):
            known = {}
        of_both = {
            name: Value(known[name]) if name in known else unknown(Reason.OCCLUDED)
            for name in ("neck_flexion", "head_x")
        }
        reading = Reading(self.at(second), posture != Posture.AWAY, View.FRONTAL, of_both, 0.9)
        self.log.add_sample(reading, posture)

    def run(
        self, samples: Iterable[tuple[float, Posture]], period: float = 1.0, end: float | None = None
    ) -> None:
        """A run with these samples, killed unless it has an end."""
        samples = list(samples)
        self.begin(samples[0][0], period)
        with self.log.database.atomic():
            for second, posture in samples:
                self.sample(second, posture)
        if end is not None:
            self.log.end_run(self.at(end))

    def say(self, second: float, activity: Activity, reason: str = "for a test") -> None:
        """The monitor of the latest run goes into a state."""
        self.log.add_transition(MonitorState(activity, reason), self.at(second))

    def alert(
        self, second: float, rule: str = "neck-flexed", decision: str = "spoken", cause: str = ""
    ) -> int:
        at = self.at(second)
        return self.log.add_alert(
            Alert(
                rule,
                Severity.WARN,
                "Sit back.",
                "neck_flexion",
                52.3,
                45.0,
                2.0,
                self.at(second - 2),
                at,
                "neck flexion 52.3° > 45.0° for 2 s",
                View.FRONTAL,
                0.9,
                second,
            ),
            decision,
            cause,
        )

    def summary(self, period: Period | None = None) -> Summary:
        with LogReader.open(self.path) as reader:
            return summarise(reader, period or stretch(self.zero - 10, self.zero + 86_400, "A day", UTC))


def each_second(first: int, last: int, posture: Posture) -> list[tuple[float, Posture]]:
    return [(float(second), posture) for second in range(first, last)]
