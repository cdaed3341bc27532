"""Weeks at a desk as the monitor would have logged them: two profiles, breaks, pauses, faults, alerts and verdicts.

The same seed gives the same weeks. The log is a real one, rolled up as the daemon's own job does it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from uprightd.clock import FollowingClock
from uprightd.domain import Activity, Alert, Instant, MonitorState, Posture, Reading, Severity, Value, View
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

ZONE = ZoneInfo("Europe/Berlin")
GOOD, POOR, UNRELIABLE, AWAY = Posture.GOOD, Posture.POOR, Posture.UNRELIABLE, Posture.AWAY
MEANS = {
    "head_pitch": (9.0, 27.0, 5.0),
    "head_roll": (2.0, 5.0, 2.5),
    "neck_flexion": (41.0, 51.0, 2.5),
    "screen_distance": (0.98, 0.83, 0.05),
    "lateral_lean": (1.0, 4.5, 2.0),
    "shoulder_tilt": (2.0, 4.0, 2.0),
    "head_drop": (0.01, 0.18, 0.02),
}
"""By metric: its mean in good and in poor posture, and how it scatters. The last has no bands."""
STATES = {
    GOOD: MonitorState(Activity.WATCHING, "someone in view"),
    POOR: MonitorState(Activity.WATCHING, "someone in view"),
    UNRELIABLE: MonitorState(Activity.UNRELIABLE, "the neck cannot be seen well enough"),
    AWAY: MonitorState(Activity.AWAY, "nobody in view"),
}
RULES = (
    ("head-down", "head_pitch", 25.0, "Head down for a minute: bring the screen up."),
    ("too-close", "screen_distance", 0.8, "Closer to the screen than you calibrated: sit back."),
    (
        "neck-flexed",
        "neck_flexion",
        50.0,
        "Your head has been far forward: sit back and look into the distance.",
    ),
)
LOCKED = MonitorState(Activity.PAUSED, "the screen is locked")
CALL = MonitorState(Activity.PAUSED, "you are in a call")
BUSY = MonitorState(
    Activity.DEGRADED, "camera: camera 0 is used by another program (Device or resource busy)"
)
SPOKEN_AFTER_S = 60.0


class Stay(NamedTuple):
    """How things are for so many seconds: a posture, or a state in which nothing is watched."""

    what: Posture | MonitorState
    seconds: float


def write_weeks(
    path: Path,
    last_monday: date,
    weeks: int,
    strain: float = 1.0,
    seed: int = 6,
    periods: tuple[float, float] = (10.0, 30.0),
) -> None:
    """Given where the log goes, the Monday of the last week and how many there are, write them and roll them up.

    periods: seconds between two samples in the last week and in those before. strain: above 1 the last week is worse.
    """
    draw = random.Random(seed)
    clock = FollowingClock(Instant(_moment(last_monday, time(8)), 0.0))
    with Log.open(path, metrics=tuple(MEANS), clock=clock, zone=ZONE) as log:
        log.database.execute("PRAGMA synchronous = OFF")
        for back in range(weeks - 1, -1, -1):
            worse = strain if back == 0 else 1.0 + draw.uniform(-0.2, 0.2)
            for weekday in range(5):
                day = last_monday + timedelta(days=weekday - 7 * back)
                _Day(log, draw, day, periods[bool(back)]).write(list(_stays(draw, weekday, worse)))
        rolled_up(log, path)


def rolled_up(log: Log, path: Path) -> None:
    """Given an open log and its path, roll up what has come."""
    with LogReader.open(path) as reader:
        fresh = reader.fresh()
        with log.together("roll up"):
            for hour in fresh.hours:
                log.put_hour(reader.rolled(hour))
    log.rolled_up_to(fresh.sample_id)


def _stays(draw: random.Random, weekday: int, strain: float) -> Iterator[Stay]:
    """Yield a working day: about eight hours from nine, with lunch, breaks, a call, and a fault on Wednesdays."""
    if weekday == 2:
        yield Stay(BUSY, 200.0)
    for part, hours in enumerate((3.4, 4.2)):
        left = hours * 3600
        till_break = draw.uniform(1200, 4800)
        while left > 0:
            tired = strain * (1.0 + 0.35 * part + 0.12 * weekday)
            block = [
                Stay(GOOD, 30 + draw.expovariate(tired / 420)),
                Stay(POOR, 8 + draw.expovariate(1 / (60 * tired))),
            ]
            if draw.random() < 0.12:
                block.append(Stay(UNRELIABLE, draw.uniform(10, 90)))
            till_break -= sum(stay.seconds for stay in block)
            if till_break < 0:
                block.append(Stay(AWAY, draw.choice((40.0, 190.0, 420.0, 700.0))))
                till_break = draw.uniform(1200, 4800)
            yield from block
            left -= sum(stay.seconds for stay in block)
        if part == 0:
            yield Stay(AWAY, draw.uniform(200, 900))
            yield Stay(LOCKED, draw.uniform(1500, 2400))
            yield Stay(CALL, draw.choice((0.0, 1500.0)))


class _Day:
    """One run of the monitor."""

    def __init__(self, log: Log, draw: random.Random, day: date, period: float) -> None:
        self._log, self._draw, self._period = log, draw, period
        self._zero = _moment(day, time(8, 50)) + draw.uniform(0, 1200)
        self._now = 0.0
        self._state: MonitorState | None = None

    def write(self, stays: list[Stay]) -> None:
        with self._log.together("store a day"):
            self._log.begin_run("camera 0", "mediapipe", self._at(0.0), self._period)
            end = 0.0
            for stay in stays:
                begin, end = end, end + stay.seconds
                if stay.seconds:
                    self._live(stay, begin, end)
            self._log.end_run(self._at(end))

    def _live(self, stay: Stay, begin: float, end: float) -> None:
        state = STATES[stay.what] if isinstance(stay.what, Posture) else stay.what
        if state != self._state:
            self._log.add_transition(state, self._at(begin))
            self._state = state
        if not isinstance(stay.what, Posture):
            self._now = max(self._now, end)
            return
        while self._now < end:
            self._sample(stay.what)
            self._now += self._period + self._draw.uniform(-0.2, 0.2)
        if stay.what is POOR and stay.seconds > SPOKEN_AFTER_S and self._draw.random() < 0.2:
            self._alert(begin)

    def _sample(self, posture: Posture) -> None:
        values = {}
        if posture in (GOOD, POOR):
            for name, (good, poor, scatter) in MEANS.items():
                values[name] = Value(self._draw.gauss(good if posture is GOOD else poor, scatter))
        profile = "" if posture is AWAY else "stand r1" if self._now > 14_400 else "sit r2"
        reading = Reading(self._at(self._now), posture is not AWAY, View.FRONTAL, values, 0.93, None, profile)
        self._log.add_sample(reading, posture)

    def _alert(self, begin: float) -> None:
        draw = self._draw
        rule, metric, limit, message = draw.choice(RULES)
        at = self._at(begin + SPOKEN_AFTER_S)
        worst = limit * (0.95 if metric == "screen_distance" else 1.1)
        sign = "<" if metric == "screen_distance" else ">"
        alert = Alert(
            rule,
            Severity.WARN,
            message,
            metric,
            worst,
            limit,
            SPOKEN_AFTER_S,
            self._at(begin),
            at,
            f"{metric.replace('_', ' ')} {worst:.3g} {sign} {limit:g} for 60 s (frontal view, confidence 0.93)",
            View.FRONTAL,
            0.93,
        )
        decision, why = draw.choices(
            [
                ("spoken", ""),
                ("held", "while you were in a call"),
                ("held", "in quiet hours"),
                ("dropped", "while this rule was snoozed until 14:30 (by you)"),
            ],
            (80, 8, 5, 7),
        )[0]
        found = self._log.add_alert(alert, decision, why)
        if decision == "spoken":
            self._log.set_outcome(found, "delivered")
            if draw.random() < 0.25:
                verdict = draw.choice(("wrong", "right", "right"))
                self._log.add_feedback(found, verdict, "", self._at(begin + 90))

    def _at(self, second: float) -> Instant:
        return Instant(self._zero + second, second)


def _moment(day: date, clock: time) -> float:
    return datetime.combine(day, clock, tzinfo=ZONE).timestamp()
