"""What the log says about a period: computed once, shown as text or as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from uprightd.domain import Posture
from uprightd.intervals import Interval, Sample, merge, pulse_for
from uprightd.records import AlertRow, RunRow, SampleRow, Spread
from uprightd.report.periods import Period, local

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

_POSTURES = {posture.value: posture for posture in Posture}


@dataclass(frozen=True, slots=True)
class Stretch:
    """An unbroken time in one state: when it began, by the person's clock, and how many seconds it lasted."""

    start: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class SummaryAlert:
    """One alert, `at` by the clock the person had then."""

    at: datetime
    rule: str
    severity: str
    message: str
    metric: str
    value: float
    threshold: float
    held: float
    view: str
    reason: str
    position: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one period. Times are in seconds; shares are 0-1, None where there is no whole."""

    period: Period
    samples: int
    present: int
    """Samples with a person in the picture."""
    seconds: Mapping[Posture, float]
    """Elapsed time per state, all four always there."""
    running: float
    """Time within the period in which the monitor ran, whatever it did."""
    runs: int
    longest_poor: Stretch | None
    longest_good: Stretch | None
    alerts: tuple[SummaryAlert, ...]
    metrics: Mapping[str, Spread]

    @property
    def watched(self) -> float:
        """Time between samples, in any state."""
        return round(sum(self.seconds.values()), 3)

    @property
    def judged(self) -> float:
        """Time in which posture could be told."""
        return round(self.seconds[Posture.GOOD] + self.seconds[Posture.POOR], 3)

    @property
    def detected(self) -> float | None:
        return self.present / self.samples if self.samples else None

    @property
    def coverage(self) -> float | None:
        """Share of the time the monitor ran that was watched; the rest it was paused, asleep or blind."""
        return min(1.0, self.watched / self.running) if self.running else None


def summarise(log: LogReader, period: Period) -> Summary:
    """Given an open log and a period, return its figures.

    Samples a pulse before and after the period are read too: the time between the last sample of one day and
    the first of the next is split at midnight, so that days add up to their week.
    """
    since, until = period.start_ms, period.end_ms
    runs = log.runs(since, until)
    margin = round(1000 * max((pulse_for(run.seconds_per_sample) for run in runs), default=0.0))
    tally = _Tally(since, until)
    intervals = _intervals(tally.see(log.samples(since - margin, until + margin)))
    seconds = dict.fromkeys(Posture, 0.0)
    longest: dict[Posture, Interval] = {}
    for interval in _clipped(intervals, since / 1000, until / 1000):
        seconds[interval.posture] += interval.seconds
        best = longest.get(interval.posture)
        if interval.seconds > (best.seconds if best else 0.0):
            longest[interval.posture] = interval
    spans = [span for run in runs if (span := _span(run, tally.last_ms.get(run.id), since, until))]
    return Summary(
        period=period,
        samples=tally.samples,
        present=tally.present,
        seconds={posture: round(total, 3) for posture, total in seconds.items()},
        running=_covered(spans) / 1000,
        runs=len(spans),
        longest_poor=_stretch(longest.get(Posture.POOR), period),
        longest_good=_stretch(longest.get(Posture.GOOD), period),
        alerts=tuple(_alert(row) for row in log.alerts(since, until)),
        metrics=log.spreads(since, until),
    )


class _Tally:
    """Counts the samples of the period that pass through it."""

    def __init__(self, since_ms: int, until_ms: int) -> None:
        self._since_ms = since_ms
        self._until_ms = until_ms
        self.samples = 0
        self.present = 0
        self.last_ms: dict[int, int] = {}

    def see(self, rows: Iterable[SampleRow]) -> Iterator[SampleRow]:
        for row in rows:
            if self._since_ms <= row.at_ms < self._until_ms:
                self.samples += 1
                self.present += row.posture != Posture.AWAY
            self.last_ms[row.run_id] = row.at_ms
            yield row


def _intervals(rows: Iterable[SampleRow]) -> Iterator[Interval]:
    """Merge the samples run by run: each run has a period, and so a pulse, of its own."""
    for run, of_run in groupby(rows, key=attrgetter("run_id")):
        first = next(of_run)
        beats = (Sample(row.at_ms / 1000, run, _POSTURES[row.posture]) for row in chain((first,), of_run))
        yield from merge(beats, pulse_for(first.seconds_per_sample))


def _clipped(intervals: Iterable[Interval], since: float, until: float) -> Iterator[Interval]:
    """Given intervals in order, yield what of them lies within the period."""
    for interval in intervals:
        start, end = max(interval.start, since), min(interval.end, until)
        if start < end:
            yield replace(interval, start=start, end=end)


def _span(run: RunRow, last_ms: int | None, since: int, until: int) -> tuple[int, int] | None:
    """Given a run, return from when to when it was there within the period, None when it was not.

    A run that was killed, or still runs, is taken to have lasted to its last sample.
    """
    end = run.ended_ms if run.ended_ms is not None else last_ms
    if end is None:
        return None
    start, end = max(run.started_ms, since), min(end, until)
    return (start, end) if start <= end else None


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """Given spans, return how much time they cover; where they overlap it counts once."""
    total, reached = 0, 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _stretch(interval: Interval | None, period: Period) -> Stretch | None:
    if interval is None:
        return None
    return Stretch(local(interval.start, period.zone), round(interval.seconds, 3))


def _alert(row: AlertRow) -> SummaryAlert:
    clock = timezone(timedelta(minutes=row.offset_min))
    return SummaryAlert(
        at=datetime.fromtimestamp(row.at_ms / 1000, clock),
        rule=row.rule,
        severity=row.severity,
        message=row.message,
        metric=row.metric,
        value=row.value,
        threshold=row.threshold,
        held=row.held_s,
        view=row.view,
        reason=row.reason,
        position=row.position,
        outcome=row.outcome,
    )
