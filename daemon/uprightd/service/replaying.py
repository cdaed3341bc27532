"""Rules rehearsed: the real engine over the readings of the log, and which alerts there would have been.

What interrupted the monitor then interrupts it here: the end of a run, a pause, a camera that had moved, a sleep.
The log keeps the wall clock alone, so cooldowns run on while the machine sleeps, and a sleep is told by its length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from uprightd.domain import ABSENT, Activity, Alert, Posture, Reading, Reason
from uprightd.intervals import pulse_for
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.reading import values_at_rest
from uprightd.metrics.scene import Optics
from uprightd.rules.engine import RuleEngine, why_asleep
from uprightd.rules.model import Rule

if TYPE_CHECKING:
    from uprightd.profiles.profile import Profile
    from uprightd.records import TransitionRow
    from uprightd.store.reading import LogReader

LONGEST_HANG = 60.0
"""Seconds. The watchdog ends a loop that hangs for longer, so a longer gap that no state explains was a sleep."""
SAME_WITHIN = 300.0
"""Seconds between the stretches of two alerts of one rule up to which they speak of the same thing."""
RATE_AFTER = 600.0
"""Seconds watched under which a number of alerts per hour would say nothing."""
LOOK_EVERY = 10
"""Of so many readings of somebody, one is asked which rules it wakes."""
MOVED, NOT_MEASURED = "the camera had moved", "not measured then"
"""Why a rule did not count, besides what is known at the time."""
DAY_MS = 86_400_000


class Beat(NamedTuple):
    """One stored reading and what the monitor knew besides it.

    pulse: seconds up to the next reading that still count as continuous. broken_off: what was going on before it does
    not go on. set_aside: the camera had moved, and nothing is judged.
    """

    reading: Reading
    run: int
    pulse: float
    broken_off: bool
    set_aside: bool


Baselines = Mapping[str, Mapping[str, float]]
"""What the metrics that are not relative read in the upright pose, by the label of its profile ("sit r2")."""
NO_BASELINES: Baselines = {}


def baselines_of(profiles: Iterable[Profile], optics: Optics) -> dict[str, dict[str, float]]:
    """Given profiles and the camera's optics, return what rules on the baseline count from.

    The log keeps none of it, so samples of an older revision of a profile have none.
    """
    scenes = {profile.label: profile.baseline.scene(profile.baseline.size, optics) for profile in profiles}
    return {label: values_at_rest(upright) for label, upright in scenes.items()}


def recorded(
    reader: LogReader, since_ms: int, until_ms: int, baselines: Baselines = NO_BASELINES
) -> Iterator[Beat]:
    """Given a log and a period, yield what was seen in it, in order of its time."""
    # What the camera's state was at the beginning may have been said up to a day before it.
    changes = _Changes(reader.transitions(since_ms - DAY_MS, until_ms))
    last: tuple[int, int, bool] | None = None
    rows = zip(reader.samples(since_ms, until_ms), reader.readings(since_ms, until_ms), strict=True)
    for row, reading in rows:
        said = changes.up_to(row.at_ms)
        moved = changes.state(row.run_id) == Activity.UNCALIBRATED
        pulse = pulse_for(row.seconds_per_sample)
        broken = last is None or last[1:] != (row.run_id, moved)
        if last is not None and not broken:
            broken = _slept((row.at_ms - last[0]) / 1000, pulse, said)
        last = (row.at_ms, row.run_id, moved)
        upright = baselines.get(reading.profile)
        seen = reading if upright is None else replace(reading, baseline=upright)
        yield Beat(seen, row.run_id, pulse, broken, moved and reading.present)


def _slept(gap: float, pulse: float, said: Sequence[str]) -> bool:
    """Given the seconds since the reading before and the states said in between, return whether it was a break: a
    pause, or a sleep. After a camera that failed the rules decide, as they did then."""
    if Activity.PAUSED in said:
        return True
    return gap > max(pulse, LONGEST_HANG) and Activity.DEGRADED not in said


class _Changes:
    """The monitor's states along the log."""

    def __init__(self, rows: Sequence[TransitionRow]) -> None:
        self._rows = rows
        self._next = 0
        self._state: tuple[int, str] | None = None

    def up_to(self, at_ms: int) -> list[str]:
        """Given a moment, go on to it and return the states said since the last one."""
        said = []
        while self._next < len(self._rows) and self._rows[self._next].at_ms <= at_ms:
            row = self._rows[self._next]
            self._state = (row.run_id, row.activity)
            said.append(row.activity)
            self._next += 1
        return said

    def state(self, run: int) -> str:
        """Given a run, return its state; empty before it has said one."""
        return self._state[1] if self._state is not None and self._state[0] == run else ""


def unmeasured(rules: Iterable[Rule], logged: Iterable[str]) -> dict[str, str]:
    """Given rules and the metrics a log has, return why each that needs another cannot be judged, by id."""
    known = set(logged)
    lacking = {rule.id: [name for name in rule.metrics if name not in known] for rule in rules}
    return {name: f"the log has no {' and no '.join(those)}" for name, those in lacking.items() if those}


@dataclass(frozen=True, slots=True)
class Replay:
    """What a set of rules would have said. watched: seconds with somebody measured by at least one of the rules.

    awake: of the readings of somebody that were asked (`looks`), in how many each rule could speak. asleep: why it
    could not, in words, most of the time.
    """

    rules: tuple[Rule, ...]
    alerts: tuple[Alert, ...]
    readings: int
    runs: int
    watched: float
    looks: int
    awake: Mapping[str, int]
    asleep: Mapping[str, str]

    def of(self, rule_id: str) -> list[Alert]:
        """Given a rule's id, return its alerts."""
        return [alert for alert in self.alerts if alert.rule == rule_id]

    def per_hour(self, alerts: int) -> float | None:
        """Given a number of alerts, return how many that is per watched hour, None when too little was watched."""
        return alerts / self.watched * 3600 if self.watched >= RATE_AFTER else None


def replay(rules: Sequence[Sequence[Rule]], beats: Iterable[Beat]) -> tuple[Replay, ...]:
    """Given sets of rules and what was seen, return for each set what it would have said; the log is read once."""
    rehearsals = [_Rehearsal(tuple(those)) for those in rules]
    for beat in beats:
        for rehearsal in rehearsals:
            rehearsal.see(beat)
    return tuple(rehearsal.result() for rehearsal in rehearsals)


@dataclass(slots=True)
class _Rehearsal:
    """One set of rules on its way through the log."""

    rules: tuple[Rule, ...]
    _engine: RuleEngine = field(init=False)
    _alerts: list[Alert] = field(default_factory=list)
    _runs: set[int] = field(default_factory=set)
    _last: tuple[Beat, Posture] | None = None
    _pulse: float = 0.0
    _readings: int = 0
    _present: int = 0
    _watched: float = 0.0
    _looks: int = 0
    _awake: Counter[str] = field(default_factory=Counter)
    _asleep: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._engine = RuleEngine(self.rules, self._pulse)

    def see(self, beat: Beat) -> None:
        if beat.broken_off:
            self._engine.interrupt()
        if beat.pulse != self._pulse:
            self._pulse = beat.pulse
            self._engine.replace(self.rules, beat.pulse)
        posture = Posture.UNRELIABLE
        if not beat.set_aside:
            verdict = self._engine.judge(beat.reading)
            posture = verdict.posture
            self._alerts += verdict.alerts
        self._count(beat, posture)

    def _count(self, beat: Beat, posture: Posture) -> None:
        self._readings += 1
        self._runs.add(beat.run)
        if self._last is not None and not beat.broken_off and self._last[1] in (Posture.GOOD, Posture.POOR):
            elapsed = beat.reading.at.mono - self._last[0].reading.at.mono
            self._watched += elapsed if 0 < elapsed <= beat.pulse else 0.0
        self._last = (beat, posture)
        if beat.reading.present:
            if self._present % LOOK_EVERY == 0:
                self._look(beat)
            self._present += 1

    def _look(self, beat: Beat) -> None:
        self._looks += 1
        for rule in self.rules:
            why = MOVED if beat.set_aside else _why_asleep(rule, beat.reading)
            if why is None:
                self._awake[rule.id] += 1
            else:
                self._asleep.setdefault(rule.id, Counter())[why] += 1

    def result(self) -> Replay:
        asleep = {rule: words.most_common(1)[0][0] for rule, words in self._asleep.items()}
        return Replay(
            self.rules,
            tuple(self._alerts),
            self._readings,
            len(self._runs),
            self._watched,
            self._looks,
            dict(self._awake),
            asleep,
        )


def _why_asleep(rule: Rule, reading: Reading) -> str | None:
    """Why a rule does not count in a stored reading, None when it does.

    Of a missing value the log does not say why; the view and the profile tell.
    """
    why = why_asleep(rule, reading)
    if why != ABSENT[Reason.LOW_CONFIDENCE]:
        return why
    needed = [
        METRICS[name] for name in rule.metrics if name not in reading.values or not reading.values[name].known
    ]
    if any(reading.view not in metric.views for metric in needed):
        return ABSENT[Reason.VIEW]
    if not reading.profile and any(metric.relative for metric in needed):
        return ABSENT[Reason.UNCALIBRATED]
    return NOT_MEASURED if needed else why


class Comparison(NamedTuple):
    """The alerts of two replays: pairs that speak of the same thing, and what only one of them has."""

    both: tuple[tuple[Alert, Alert], ...]
    only_first: tuple[Alert, ...]
    only_second: tuple[Alert, ...]


def compare(first: Sequence[Alert], second: Sequence[Alert]) -> Comparison:
    """Given the alerts of two replays of one log, match those of the same rule that speak of the same thing: whose
    stretches, from the first reading past the limit to the alert, overlap, or else lie within SAME_WITHIN."""
    both: list[tuple[Alert, Alert]] = []
    ones: list[Alert] = []
    others: list[Alert] = []
    for rule in dict.fromkeys(alert.rule for alert in (*first, *second)):
        left = [alert for alert in first if alert.rule == rule]
        right = [alert for alert in second if alert.rule == rule]
        for within in (0.0, SAME_WITHIN):
            pairs, left, right = _matched(left, right, within)
            both += pairs
        ones += left
        others += right
    both.sort(key=lambda pair: pair[0].at.wall)
    return Comparison(tuple(both), _in_order(ones), _in_order(others))


def _matched(
    left: Sequence[Alert], right: Sequence[Alert], within: float
) -> tuple[list[tuple[Alert, Alert]], list[Alert], list[Alert]]:
    """Given alerts in order of time, return the pairs that are at most so many seconds apart, and what is left."""
    pairs, ones, others = [], list(left[::-1]), list(right[::-1])
    lone: tuple[list[Alert], list[Alert]] = ([], [])
    while ones and others:
        one, other = ones[-1], others[-1]
        if max(one.started.wall, other.started.wall) - min(one.at.wall, other.at.wall) <= within:
            pairs.append((ones.pop(), others.pop()))
        elif one.at.wall < other.at.wall:
            lone[0].append(ones.pop())
        else:
            lone[1].append(others.pop())
    return pairs, [*lone[0], *ones[::-1]], [*lone[1], *others[::-1]]


def _in_order(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    return tuple(sorted(alerts, key=lambda alert: alert.at.wall))
