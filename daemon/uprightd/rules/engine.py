"""The rule engine: over readings and injected time it decides which rules are due. Each speaks once per episode.

How time is counted depends on the kind of rule: see episodes, budgets, sitting and static. The engine gives each its
number, keeps the cooldowns and makes the alerts.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from uprightd.domain import Alert, Instant, Posture, Reading
from uprightd.rules.account import alert_of, fingerprint
from uprightd.rules.budgets import Holding
from uprightd.rules.conditions import Gauge, base_metric, minute_of_week, reason_asleep, value_of, why_asleep
from uprightd.rules.episodes import FORGET_AFTER, Episode
from uprightd.rules.model import Kind, Rule
from uprightd.rules.sitting import Seat
from uprightd.rules.static import Stillness
from uprightd.rules.tally import BRIDGED, Tally, number_in

__all__ = [
    "BRIDGED",
    "FORGET_AFTER",
    "RuleEngine",
    "Verdict",
    "base_metric",
    "reason_asleep",
    "value_of",
    "why_asleep",
]

_TALLIES: Mapping[Kind, type[Tally]] = {
    Kind.LIMIT: Episode,
    Kind.BUDGET: Holding,
    Kind.SITTING: Seat,
    Kind.STATIC: Stillness,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reading means: its posture, the rules that are broken in it, the alerts to send now.

    Posture is posture outside a rule's hours, too; the rule is named in `violated` within them only. Sitting and
    holding still are no bad posture: their rules are named and leave the posture alone.
    """

    posture: Posture
    violated: tuple[str, ...]
    alerts: tuple[Alert, ...]


class _Watched:
    """One rule, what reads its number and what counts its time. `posed`: whether it tells good posture from poor."""

    __slots__ = ("gauge", "posed", "rule", "tally")

    def __init__(self, rule: Rule, tally: Tally) -> None:
        self.rule, self.tally = rule, tally
        self.gauge = Gauge(rule)
        self.posed = rule.kind in (Kind.LIMIT, Kind.BUDGET)


class RuleEngine:
    """Holds what a set of rules has counted.

    `pulse` is the longest time in seconds between two readings that still counts as continuous.
    """

    def __init__(self, rules: Iterable[Rule], pulse: float) -> None:
        self._silent_until: dict[str, float] = {}
        self._latest = Instant(-math.inf, -math.inf)
        self._take(rules, pulse, {})

    def judge(self, reading: Reading) -> Verdict:
        """Given the next reading, return the verdict.

        One that comes after a later one (by mono time) is judged for itself: it adds to no episode and ends none.
        """
        in_time = reading.at.mono >= self._latest.mono
        if in_time:
            self._latest = reading.at
        minute = minute_of_week(reading.at.wall) if self._scheduled else 0
        known = poor = False
        violated: list[str] = []
        alerts: list[Alert] = []
        for watched in self._watched:
            number = watched.gauge.number(reading)
            on_duty = not watched.gauge.scheduled or watched.gauge.on_duty(minute)
            due = in_time and watched.tally.see(number if on_duty else math.nan, reading)
            if number != number:
                continue
            known = known or watched.posed or not self._posed
            if watched.tally.breaks(number):
                poor = poor or watched.posed
                if on_duty:
                    violated.append(watched.rule.id)
                if due and reading.at.mono >= self._silent_until.get(watched.rule.id, -math.inf):
                    alerts.append(self._speak(watched, number, reading))
        return Verdict(_posture(reading, known, poor), tuple(violated), tuple(alerts))

    def interrupt(self) -> None:
        """The machine slept, the clock stepped or the monitor paused: forget what was measured.

        Sitting goes on when the gap turns out to be shorter than a break.
        """
        for watched in self._watched:
            watched.tally.interrupt()

    def replace(self, rules: Iterable[Rule], pulse: float) -> None:
        """Given new rules, take them. Unchanged rules keep what they have counted, and every id its cooldown."""
        self._take(rules, pulse, {watched.rule.id: watched.tally for watched in self._watched})

    def remember_alert(self, rule_id: str, ago: float, now: Instant) -> None:
        """Given that a rule spoke `ago` seconds before now (in an earlier run), keep to its cooldown."""
        for rule in self.rules:
            if rule.id == rule_id and ago < rule.cooldown:
                # An alert of the future was logged before the wall clock was set back: it has just been.
                self._silence(rule_id, now.mono - max(0.0, ago) + rule.cooldown)

    # ---- across a restart ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what every rule has counted and how long it stays silent, as plain JSON data."""
        at, rules = self._latest, {}
        if math.isinf(at.mono):
            return {}
        for watched in self._watched:
            counted = watched.tally.state(at)
            silent = self._silent_until.get(watched.rule.id, at.mono) - at.mono
            if counted is not None or silent > 0:
                told = {"rule": fingerprint(watched.rule), "silent": max(0.0, silent), "counted": counted}
                rules[watched.rule.id] = told
        return {"wall": at.wall, "rules": rules}

    def restore(self, data: object, now: Instant) -> None:
        """Given what `state` returned, in an earlier run or this one, and the present moment, go on from there.

        Cooldowns go on as the wall clock says. What was counted goes on after a short absence only (BRIDGED; sitting,
        until it is as long as a break), and only for a rule that is still the same. What cannot be read is left out.
        """
        if not isinstance(data, Mapping) or not isinstance(rules := data.get("rules"), Mapping):
            return
        with contextlib.suppress(ValueError):
            away = now.wall - number_in(data, "wall", -math.inf)
            for watched in self._watched:
                told = rules.get(watched.rule.id)
                if isinstance(told, Mapping):
                    self._restore_rule(watched, told, now, away)
            if now.mono > self._latest.mono:
                self._latest = now  # so that a run that ends before it sees anything still hands it on

    def _restore_rule(self, watched: _Watched, told: Mapping[str, Any], now: Instant, away: float) -> None:
        with contextlib.suppress(ValueError):
            left = min(number_in(told, "silent"), watched.rule.cooldown) - max(0.0, away)
            if left > 0:
                self._silence(watched.rule.id, now.mono + left)
        counted = told.get("counted")
        # A wall clock that was set back tells nothing about how long ago it was.
        if isinstance(counted, Mapping) and told.get("rule") == fingerprint(watched.rule) and away > -BRIDGED:
            try:
                watched.tally.restore(counted, now, max(0.0, away))
            except ValueError:
                watched.tally.forget()

    # ---- within -------------------------------------------------------------------------------------------

    def _take(self, rules: Iterable[Rule], pulse: float, tallies: Mapping[str, Tally]) -> None:
        self.rules = tuple(rules)
        self._watched: list[_Watched] = []
        for rule in self.rules:
            tally = tallies.get(rule.id)
            if tally is None or tally.rule != rule:
                tally = _TALLIES[rule.kind](rule, pulse)
            tally.rule, tally.pulse = rule, pulse
            self._watched.append(_Watched(rule, tally))
        self._scheduled = any(watched.gauge.scheduled for watched in self._watched)
        self._posed = any(watched.posed for watched in self._watched)

    def _speak(self, watched: _Watched, number: float, reading: Reading) -> Alert:
        watched.tally.spoken = True
        self._silence(watched.rule.id, reading.at.mono + watched.rule.cooldown)
        return alert_of(watched.rule, watched.tally, number, reading)

    def _silence(self, rule_id: str, until: float) -> None:
        self._silent_until[rule_id] = max(until, self._silent_until.get(rule_id, -math.inf))


def _posture(reading: Reading, known: bool, poor: bool) -> Posture:
    if not reading.present:
        return Posture.AWAY
    if not known:
        return Posture.UNRELIABLE
    return Posture.POOR if poor else Posture.GOOD
