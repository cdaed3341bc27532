"""A made-up year at a desk: what the monitor would have logged in 250 days of eight hours, at one sample a second.

The same seed gives the same year. Postures come and go as a chain of states whose stays are random, the measures follow
them with noise, and the person leaves for coffee, lunch and meetings, locks the screen, turns away from the camera, and
has better and worse weeks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from uprightd.domain import Activity, Alert, Instant, MonitorState, Posture, Reading, Severity, Value, View
from uprightd.metrics.definitions import METRICS
from uprightd.store.log import Log

HOURS = 8
HOLIDAYS = frozenset({16, 31, 32})
"""Weeks of the year, counted from its first, in which nobody works: 250 days are left of 53 weeks."""
SPOKEN_AFTER = 60
"""Seconds in a poor posture after which an alert comes, mostly."""
PROFILE = "sit r1"
PATTERNS = 512
"""Sets of values per posture that samples draw from; making 7 million anew would measure the generator."""

_MEANS: Mapping[str, tuple[float, float, float]] = {
    "head_pitch": (6.0, 29.0, 5.0),
    "head_yaw": (2.0, 6.0, 6.0),
    "head_roll": (1.0, 4.0, 2.5),
    "head_drop": (0.01, 0.21, 0.02),
    "forward_head": (0.005, 0.06, 0.01),
    "screen_distance": (0.99, 0.84, 0.04),
    "lateral_lean": (0.5, 2.5, 2.0),
    "shoulder_tilt": (1.5, 3.0, 2.0),
    "trunk_lean": (3.0, 8.0, 2.0),
    "head_x": (0.01, 0.03, 0.01),
    "stride_asymmetry": (0.0, 0.0, 0.01),
}
"""By metric: its mean in good and in poor posture, and how it scatters."""


class Stay(NamedTuple):
    """A posture and how many seconds it lasts; without one the screen is locked and nothing is watched."""

    posture: Posture | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day: when it begins, and what follows what."""

    start: float
    stays: tuple[Stay, ...]

    @property
    def end(self) -> float:
        return self.start + sum(stay.seconds for stay in self.stays)


class Year:
    """Days of a person whose clock is in `zone`, the first of them a Monday."""

    def __init__(self, first: date, zone: tzinfo, seed: int = 1) -> None:
        self._first = first
        self._zone = zone
        self._random = random.Random(seed)  # noqa: S311 - a made-up person needs no secrecy
        self._patterns = {posture: self._values(posture) for posture in Posture}

    def days(self, count: int) -> Iterator[Day]:
        """Given how many, yield working days, holidays left out."""
        when = self._first
        while count:
            if when.weekday() < 5 and (when - self._first).days // 7 % 53 not in HOLIDAYS:
                yield self._day(when)
                count -= 1
            when += timedelta(days=1)

    def log_day(self, log: Log, day: Day) -> int:
        """Given a log and a day, store what the monitor would have; return how many samples that were.

        All is one transaction: what a durable commit costs is measured elsewhere.
        """
        samples = 0
        with log.together("store a made-up day"):
            log.begin_run("camera 0", "mediapipe", _at(day.start), 1.0)
            at, state = day.start, None
            for stay in day.stays:
                before, state = state, _state(stay.posture)
                if state != before:
                    log.add_transition(state, _at(at))
                if stay.posture is not None:
                    self._log_stay(log, at, stay)
                    samples += stay.seconds
                at += stay.seconds
            log.end_run(_at(at))
        return samples

    def _day(self, when: date) -> Day:
        draw = self._random
        start = datetime(when.year, when.month, when.day, 8, 50, tzinfo=self._zone).timestamp()
        start += draw.uniform(0, 1200)
        # Good stays last minutes, poor ones most of one; some weeks are worse, and afternoons are.
        week = 1.0 + 0.25 * ((when.toordinal() // 7 * 7919) % 11 / 5 - 1)
        stays: list[Stay] = []
        left = HOURS * 3600
        lunch = draw.randint(10_000, 14_000)
        while left > 0:
            worked = HOURS * 3600 - left
            if worked < lunch <= worked + 600:
                stay = Stay(Posture.AWAY if draw.random() < 0.5 else None, draw.randint(1500, 2700))
                lunch = -1
            else:
                stay = self._next(
                    stays[-1].posture if stays else None, week * (1.2 if worked > 16_000 else 1.0)
                )
            stay = stay._replace(seconds=min(stay.seconds, left))
            stays.append(stay)
            left -= stay.seconds
        return Day(start, tuple(stays))

    def _next(self, before: Posture | None, strain: float) -> Stay:
        draw = self._random
        roll = draw.random()
        if roll < 0.015:
            return Stay(Posture.AWAY, draw.randint(120, 700))
        if roll < 0.02:
            return Stay(None, draw.randint(180, 1800))
        if roll < 0.06:
            return Stay(Posture.UNRELIABLE, draw.randint(3, 40))
        if before is Posture.GOOD:
            return Stay(Posture.POOR, 3 + round(draw.expovariate(1 / (25 * strain))))
        return Stay(Posture.GOOD, 5 + round(draw.expovariate(1 / (80 / strain))))

    def _log_stay(self, log: Log, start: float, stay: Stay) -> None:
        assert stay.posture is not None
        patterns = self._patterns[stay.posture]
        present, view = stay.posture is not Posture.AWAY, View.FRONTAL
        if stay.posture in (Posture.AWAY, Posture.UNRELIABLE):
            view = View.UNKNOWN
        for second in range(stay.seconds):
            values = patterns[self._random.randrange(PATTERNS)]
            profile = PROFILE if present else ""
            log.add_sample(
                Reading(_at(start + second), present, view, values, 0.93, None, profile), stay.posture
            )
        if stay.posture is Posture.POOR and stay.seconds > SPOKEN_AFTER and self._random.random() < 0.3:
            log.set_outcome(log.add_alert(_alert(start)), "delivered")

    def _values(self, posture: Posture) -> list[dict[str, Value]]:
        if posture not in (Posture.GOOD, Posture.POOR):
            return [{}] * PATTERNS
        poor = posture is Posture.POOR
        return [
            {
                name: Value(self._random.gauss(bad if poor else good, scatter))
                for name, (good, bad, scatter) in _MEANS.items()
            }
            for _ in range(PATTERNS)
        ]


def _at(wall: float) -> Instant:
    return Instant(wall, wall)


def _state(posture: Posture | None) -> MonitorState:
    if posture is None:
        return MonitorState(Activity.PAUSED, "the screen is locked")
    if posture is Posture.AWAY:
        return MonitorState(Activity.AWAY, "nobody is in the picture")
    if posture is Posture.UNRELIABLE:
        return MonitorState(Activity.UNRELIABLE, "the body points are unsure")
    return MonitorState(Activity.WATCHING)


def _alert(started: float) -> Alert:
    return Alert(
        rule="head-down",
        severity=Severity.WARN,
        message="Head down for 60 s. Look up and ease your neck.",
        metric="head_pitch",
        value=29.4,
        threshold=25.0,
        held=60.0,
        started=_at(started),
        at=_at(started + SPOKEN_AFTER),
        reason="head pitch 29.4° ± 2.2°, over 25° for 60 s, seen from the front",
        view=View.FRONTAL,
        confidence=0.93,
        explanation={
            "metric": {"name": "head_pitch", "value": 29.4, "error": 2.2, "unit": "°"},
            "limit": {"operator": ">", "threshold": 25.0, "clear": 20.0},
            "held": 60.0,
            "values": [29.1, 28.7, 30.2, 29.9, 29.4, 28.8],
            "view": "frontal",
            "confidence": 0.93,
            "profile": PROFILE,
        },
    )


assert _MEANS.keys() <= METRICS.keys()
