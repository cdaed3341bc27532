"""What the log says about a period: computed once, shown as text or as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from uprightd.domain import Activity, Posture
from uprightd.intervals import Interval, Sample, merge, pulse_for
from uprightd.records import AlertRow, FeedbackRow, RunRow, SampleRow, Spread
from uprightd.report.periods import Period, local
from uprightd.report.states import Span, joined, outside, spells, time_in_states, without_end

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

SPOKEN, HELD, DROPPED = "spoken", "held", "dropped"
"""What became of an alert, in the words of the log."""
EVER = 2**62
"""Milliseconds: later than any row."""
_POSTURES = {posture.value: posture for posture in Posture}


@dataclass(frozen=True, slots=True)
class Stretch:
    """An unbroken time in one state: when it began, by the person's clock, and how many seconds it lasted."""

    start: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class SummaryAlert:
    """One alert, `at` by the clock the person had then.

    decision: spoken, held or dropped. cause: why it was not spoken. verdict: wrong or right, as the person said.
    """

    id: int
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
    decision: str = SPOKEN
    cause: str = ""
    verdict: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one period. Times are in seconds; shares are 0-1, None where there is no whole."""

    period: Period
    samples: int
    present: int
    """Samples with a person in the picture."""
    seconds: Mapping[Posture, float]
    """Elapsed time per state, all four always there."""
    states: Mapping[Activity, Mapping[str, float]]
    """Elapsed time per state of the monitor and reason, all six states always there: see report.states."""
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

    @property
    def stateless(self) -> float:
        """Time the monitor ran that no state accounts for: it was starting, the machine slept, samples are gone."""
        told = sum(seconds for reasons in self.states.values() for seconds in reasons.values())
        return round(max(0.0, self.running - told), 3)

    def decided(self, decision: str) -> Counter[str]:
        """Given what became of alerts (spoken, held, dropped), return how many there were by reason, most first."""
        causes = [without_end(alert.cause) for alert in self.alerts if alert.decision == decision]
        return Counter(dict(Counter(causes).most_common()))

    def judged_as(self, verdict: str) -> int:
        """Given a verdict of the person's (wrong, right), return how many alerts it was given on."""
        return sum(alert.verdict == verdict for alert in self.alerts)


def summarise(log: LogReader, period: Period) -> Summary:
    """Given an open log and a period, return its figures.

    Samples a pulse before and after the period are read too: the time between the last sample of one day and
    the first of the next is split at midnight, so that days add up to their week. So are the changes of state from
    the beginning of the runs on, and those after the period: one is needed for a state to begin, one for it to end.
    """
    since, until = period.start_ms, period.end_ms
    runs = log.runs(since, until)
    margin = round(1000 * max((pulse_for(run.seconds_per_sample) for run in runs), default=0.0))
    changes = log.transitions(min((run.started_ms for run in runs), default=EVER), EVER)
    states = spells(changes, runs)
    tally = _Tally(since, until)
    watched: dict[int, list[Span]] = {}
    intervals = outside(_intervals(tally.see(log.samples(since - margin, until + margin))), states)
    seconds = dict.fromkeys(Posture, 0.0)
    longest: dict[Posture, Interval] = {}
    for interval in _clipped(joined(intervals, watched), since / 1000, until / 1000):
        seconds[interval.posture] += interval.seconds
        best = longest.get(interval.posture)
        if interval.seconds > (best.seconds if best else 0.0):
            longest[interval.posture] = interval
    last_ms = {change.run_id: change.at_ms for change in sorted(changes, key=attrgetter("id"))}
    for run, at_ms in tally.last_ms.items():
        last_ms[run] = max(at_ms, last_ms.get(run, at_ms))
    spans = [span for run in runs if (span := _span(run, last_ms.get(run.id), since, until))]
    return Summary(
        period=period,
        samples=tally.samples,
        present=tally.present,
        seconds={posture: round(total, 3) for posture, total in seconds.items()},
        states=time_in_states(states, watched, since / 1000, until / 1000),
        running=_covered(spans) / 1000,
        runs=len(spans),
        longest_poor=_stretch(longest.get(Posture.POOR), period),
        longest_good=_stretch(longest.get(Posture.GOOD), period),
        alerts=_alerts(log, since, until),
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

    A run that was killed, or still runs, is taken to have lasted to its last sample or change of state.
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


def _alerts(log: LogReader, since: int, until: int) -> tuple[SummaryAlert, ...]:
    """Given an open log and a period, return its alerts with what was thought of them, then or since."""
    rows = log.alerts(since, until)
    judged = {row.alert_id: row for row in log.feedback(0, EVER)} if rows else {}
    return tuple(_alert(row, judged.get(row.id)) for row in rows)


def _alert(row: AlertRow, feedback: FeedbackRow | None) -> SummaryAlert:
    clock = timezone(timedelta(minutes=row.offset_min))
    return SummaryAlert(
        id=row.id,
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
        decision=row.decision,
        cause=row.decision_reason,
        verdict=feedback.verdict if feedback else "",
        note=feedback.note if feedback else "",
    )
