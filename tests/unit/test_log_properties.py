"""What the log keeps of any life: intervals that never overlap and add up to what was watched, however it went.

A story is random: gaps, sleeps, clocks set back and forward, summer time, flights, pauses, ends and kills, roll-ups in
between (some killed half-way) or none. What it should come to is worked out second by second, by nothing of ours.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as some
from tests.fakes.recorder import Recorder, roll_up, tables

from uprightd.domain import Activity, Posture
from uprightd.intervals import Interval, hour_of
from uprightd.report.periods import Period, day, week, week_name
from uprightd.report.summary import Summary, summarise
from uprightd.store.reading import LogReader

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
BEGINNINGS = [
    datetime.fromisoformat(text).timestamp()
    for text in (
        "2026-03-29T00:59:40Z",  # Berlin, before summer time
        "2026-10-25T00:59:40Z",  # and before its end
        "2026-11-01T05:59:40Z",  # New York, before its end
        "2026-04-04T14:59:40Z",  # Lord Howe, before half an hour is had twice
        "2026-11-22T22:59:40Z",  # Berlin, before the week ends
        "2026-11-22T18:29:40Z",  # Kolkata, before the week ends
        "2026-12-31T23:40:00Z",
    )
]
PAUSES = (Activity.PAUSED, Activity.DEGRADED)
EVER = 2**61


class Seen(NamedTuple):
    at: int
    run: int
    posture: Posture
    offset: int


@dataclass
class RunOf:
    """One run as the story knows it. Moments are seconds since the epoch."""

    began: int
    pulse: int
    ended: int | None = None
    states: list[tuple[int, Activity]] = field(default_factory=list)
    last_sample: int = 0

    def killed(self) -> None:
        if self.ended is None:
            self.ended = max(self.began, self.last_sample, *(at for at, _ in self.states[-1:]))


class Story:
    """Lives through a story, writes it into a real log, and remembers what it was."""

    def __init__(self, folder: Path, begin: float, zone: str, period: int) -> None:
        self.now = round(begin)
        self.zone = ZoneInfo(zone)
        self.period = period
        self.seen: list[Seen] = []
        self.runs: list[RunOf] = []
        self.recorder = Recorder(folder / "log.db", 0.0, self.zone)
        self.start()

    @property
    def offset(self) -> int:
        ahead = datetime.fromtimestamp(self.now, self.zone).utcoffset()
        assert ahead is not None
        return round(ahead.total_seconds()) // 60

    def start(self) -> None:
        if self.runs:
            self.runs[-1].killed()
        self.recorder.begin(self.now, float(self.period))
        self.runs.append(RunOf(self.now, max(3 * self.period, 5)))
        self.change(Activity.WATCHING)

    def change(self, activity: Activity) -> None:
        self.recorder.say(self.now, activity, "for a test")
        self.runs[-1].states.append((self.now, activity))

    def sit(self, samples: int, posture: Posture, every: int) -> None:
        for _ in range(samples):
            values = {"neck_flexion": 40.0 + self.now % 13, "head_x": (self.now % 7) / 10}
            self.recorder.sample(self.now, posture, values)
            self.seen.append(Seen(self.now, len(self.runs), posture, self.offset))
            self.runs[-1].last_sample = self.now
            self.now += every

    def let_pass(self, seconds: int) -> None:
        """A gap, a sleep, or the clock set forward or back."""
        self.now += seconds

    def wait_for_the_hour(self, before: int) -> None:
        """Somebody's hour ends every half hour."""
        self.now += (-self.now - before) % 1_800

    def fly(self, zone: str) -> None:
        self.zone = self.recorder.log._zone = ZoneInfo(zone)

    def pause(self, seconds: int, activity: Activity) -> None:
        """Not in a time that the clock showed twice: what it took from there would be known only when it has ended."""
        here = len(self.runs)
        known = [it.at for it in self.seen if it.run == here] + [at for at, _ in self.runs[-1].states]
        self.now = max(self.now, *known) + 1
        self.change(activity)
        self.now += seconds
        self.change(Activity.WATCHING)

    def end(self, down: int, killed: bool) -> None:
        if not killed:
            self.recorder.log.end_run(self.recorder.at(self.now))
            self.runs[-1].ended = self.now
        self.recorder.log.close()
        self.now += down
        self.recorder.open(self.zone)
        self.start()

    def roll_up(self, until: int | None) -> None:
        roll_up(self.recorder.log, until=until)

    # ---- what it should come to -----------------------------------------------------------------------

    def owed(self) -> dict[int, tuple[int, Posture, int]]:
        """Return by second whose it is (run, posture, minutes ahead of UTC), of the seconds that are anybody's."""
        claims = []
        for run in range(1, len(self.runs) + 1):
            moments: dict[int, Seen] = {}
            for it in self.seen:
                if it.run == run:
                    moments.setdefault(it.at, it)
            for at, after in pairwise(sorted(moments)):
                if after - at <= self.runs[run - 1].pulse:
                    claims.append((at, after, run, moments[at]))
        owners: dict[int, tuple[int, Posture, int]] = {}
        for at, after, run, it in sorted(claims):
            for second in range(at, after):
                owners.setdefault(second, (run, it.posture, it.offset))
        return {second: owner for second, owner in owners.items() if not self._paused(second, owner[0])}

    def _paused(self, second: int, run: int) -> bool:
        it = self.runs[run - 1]
        ends = [at for at, _ in it.states[1:]] + [it.ended or 0]
        return any(
            activity in PAUSES and at <= second < end
            for (at, activity), end in zip(it.states, ends, strict=True)
        )


lengths = some.one_of(
    some.integers(1, 40),  # about a pulse
    some.integers(300, 4_000),
    some.sampled_from([3_600, 28_800, 86_400, 200_000]),  # sleep
    some.integers(-4_000, -1),  # the clock set back
)
happenings = some.one_of(
    some.tuples(
        some.just("sit"), some.integers(1, 12), some.sampled_from(list(Posture)), some.integers(1, 10)
    ),
    some.tuples(some.just("let_pass"), lengths),
    some.tuples(some.just("wait_for_the_hour"), some.integers(1, 20)),
    some.tuples(some.just("fly"), some.sampled_from(ZONES)),
    some.tuples(some.just("pause"), some.integers(1, 5_000) | some.integers(1, 9), some.sampled_from(PAUSES)),
    some.tuples(some.just("end"), lengths, some.booleans()),
    some.tuples(some.just("roll_up"), some.none() | some.integers(0, 2)),
)
stories = some.tuples(
    some.sampled_from(BEGINNINGS),
    some.sampled_from(ZONES),
    some.sampled_from([1, 2, 10]),
    some.lists(happenings, min_size=1, max_size=14),
)
thorough = settings(deadline=None, max_examples=60)


@contextmanager
def lived(told: tuple) -> Iterator[Story]:
    begin, zone, period, what = told
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder), begin, zone, period)
        try:
            for name, *how in what:
                getattr(story, name)(*how)
            yield story
        finally:
            story.recorder.log.close()


def by_second(intervals: list[Interval]) -> dict[int, tuple[int, Posture, int]]:
    return {
        second: (it.run, Posture(it.posture), it.offset_min)
        for it in intervals
        for second in range(it.start_ms // 1000, it.end_ms // 1000)
    }


@thorough
@given(stories)
def test_intervals_are_what_was_watched_and_each_moment_once_rolled_up_or_not(told: tuple) -> None:
    with lived(told) as story:
        owed = story.owed()
        for _ in range(2):
            with LogReader.open(story.recorder.path) as reader:
                intervals = reader.intervals(0, EVER)
                assert by_second(intervals) == owed
                assert sum(it.ms for it in intervals) == 1000 * len(owed)
                assert all(it.ms >= 0 for it in intervals)
                assert all(before.end_ms <= after.start_ms for before, after in pairwise(intervals))
                for it in intervals:
                    assert hour_of(it.start_ms, it.offset_min) == hour_of(
                        max(it.start_ms, it.end_ms - 1), it.offset_min
                    )
                hours, minutes = reader.hours(0, EVER), reader.minutes(0, EVER)
                judged = sum(posture in (Posture.GOOD, Posture.POOR) for _, posture, _ in owed.values())
                for rows in (hours, minutes):
                    known = [it for it in rows if it.metric == "neck_flexion"]
                    assert sum(it.known_ms for it in known) == 1000 * judged
                    assert all(it.good_ms + it.borderline_ms + it.poor_ms == it.known_ms for it in known)
            roll_up(story.recorder.log)


@thorough
@given(stories)
def test_rolling_up_now_and_then_comes_to_the_same_as_once_at_the_end(told: tuple) -> None:
    with lived(told) as story:
        log = story.recorder.log
        roll_up(log)
        now_and_then = tables(log)
        for table in now_and_then:
            log.database.execute(f"DELETE FROM {table}")
        log.database.execute("UPDATE progress SET sample_id = 0")
        roll_up(log)
        assert tables(log) == now_and_then


def periods(story: Story) -> Iterator[tuple[Period, list[Period]]]:
    """The weeks that the story touches by any clock, and the days of each."""
    first = min(it.began for it in story.runs) - 15 * 3600
    last = max([story.now, *(it.at for it in story.seen)]) + 15 * 3600
    monday = datetime.fromtimestamp(first, UTC).date() - timedelta(
        days=datetime.fromtimestamp(first, UTC).date().weekday()
    )
    while monday <= datetime.fromtimestamp(last, UTC).date():
        yield week(week_name(monday)), [day(monday + timedelta(days=n)) for n in range(7)]
        monday += timedelta(days=7)


def totals(summary: Summary) -> dict[str, float]:
    found = {str(posture): seconds for posture, seconds in summary.seconds.items()}
    for activity, reasons in summary.states.items():
        found[activity.name] = sum(reasons.values())
    return {**found, "samples": summary.samples, "running": summary.running}


@settings(deadline=None, max_examples=25)
@given(stories)
def test_days_add_up_to_weeks_and_weeks_to_all_that_was_watched(told: tuple) -> None:
    with lived(told) as story:
        roll_up(story.recorder.log)
        watched, samples = 0.0, 0
        with LogReader.open(story.recorder.path) as reader:
            for whole, days in periods(story):
                of_week = summarise(reader, whole)
                of_days = [totals(summarise(reader, it)) for it in days]
                assert totals(of_week) == {key: sum(it[key] for it in of_days) for key in of_days[0]}
                watched, samples = watched + of_week.watched, samples + of_week.samples
            assert watched == len(story.owed())
            assert samples == sum(it.samples for it in reader.intervals(0, EVER))


@settings(deadline=None, max_examples=25)
@given(stories)
def test_when_the_samples_are_gone_every_summary_is_as_before(told: tuple) -> None:
    with lived(told) as story:
        log = story.recorder.log
        roll_up(log)
        found = []
        for _ in range(2):
            with LogReader.open(story.recorder.path) as reader:
                found.append(
                    [summarise(reader, it) for whole, days in periods(story) for it in (whole, days[6])]
                )
            log.retain(0, 0, story.recorder.at(story.now + 10**8))
        assert log.database.execute("SELECT count(*) FROM samples").fetchone() == (0,)
        before, after = found
        # A killed run's end is known when the next one begins; until then its samples tell it.
        assert [totals(it) | {"running": 0} for it in before] == [totals(it) | {"running": 0} for it in after]
        assert [it.metrics for it in before] == [it.metrics for it in after]
        assert [it.sitting for it in before] == [it.sitting for it in after]
        assert [it.trend for it in before] == [it.trend for it in after]
