"""The rule engine: a state machine over readings and injected time. It speaks once per episode.

For each rule a violation builds up: the time between two consecutive readings past the limit counts, and
nothing else does (no gap, no unknown value, no reading on the good side). Between the limit and `clear` the
violation neither grows nor ends; past `clear` it ends. A violation that has not been seen for a while is
forgotten, so minutes hours apart never add up to an alert.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from uprightd.domain import Alert, Instant, Posture, Reading, Reason, Value, View, unknown
from uprightd.durations import duration_text
from uprightd.metrics.definitions import METRICS
from uprightd.rules.model import Rule

FORGET_AFTER = 10.0
"""Seconds without a reading past the limit after which a violation is over, or the rule's `for` if longer."""


@dataclass(slots=True)
class _Violation:
    """One episode of one rule: since when, how much time past the limit, whether it has been spoken of."""

    started: Instant
    position: float | None
    last: Instant
    held: float = 0.0
    unbroken: bool = True
    spoken: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reading means: its posture, the rules whose limit it passes, the alerts to send now."""

    posture: Posture
    violated: tuple[str, ...]
    alerts: tuple[Alert, ...]


class RuleEngine:
    """Holds the episodes of a set of rules.

    `pulse` is the longest time in seconds between two readings that still counts as continuous.
    """

    def __init__(self, rules: Iterable[Rule], pulse: float) -> None:
        self.rules = tuple(rules)
        self._pulse = pulse
        self._violations: dict[str, _Violation] = {}
        self._silent_until: dict[str, float] = {}
        self._latest = -math.inf

    def judge(self, reading: Reading) -> Verdict:
        """Given the next reading, return the verdict.

        One that comes after a later one (by mono time) is judged for itself: it adds to no episode and ends none.
        """
        known = {
            rule.id: value.number
            for rule in self.rules
            if (value := value_of(rule, reading)) is not None and value.known
        }
        violated = tuple(
            rule.id
            for rule in self.rules
            if rule.id in known and rule.operator.holds(known[rule.id], rule.threshold)
        )
        alerts = self._follow(known, violated, reading) if reading.at.mono >= self._latest else []
        self._latest = max(self._latest, reading.at.mono)
        return Verdict(_posture(reading, bool(known), bool(violated)), violated, tuple(alerts))

    def _follow(self, known: Mapping[str, float], violated: tuple[str, ...], reading: Reading) -> list[Alert]:
        """Given the values of the rules that have one, move every episode on and return the alerts due."""
        alerts = []
        for rule in self.rules:
            if rule.id not in known:
                self._pause(rule, reading.at)
            elif rule.id not in violated:
                self._recover(rule, known[rule.id], reading.at)
            elif (alert := self._extend(rule, known[rule.id], reading)) is not None:
                alerts.append(alert)
        return alerts

    def interrupt(self) -> None:
        """Forget every running violation: the machine slept, the clock stepped or the monitor paused."""
        self._violations.clear()

    def replace(self, rules: Iterable[Rule], pulse: float) -> None:
        """Given new rules, take them. Unchanged rules keep their episode, and every id its cooldown."""
        before = {rule.id: rule for rule in self.rules}
        self.rules, self._pulse = tuple(rules), pulse
        kept = {rule.id for rule in self.rules if before.get(rule.id) == rule}
        self._violations = {name: episode for name, episode in self._violations.items() if name in kept}

    def remember_alert(self, rule_id: str, ago: float, now: Instant) -> None:
        """Given that a rule spoke `ago` seconds before now (in an earlier run), keep to its cooldown."""
        for rule in self.rules:
            if rule.id == rule_id and ago < rule.cooldown:
                # An alert of the future was logged before the wall clock was set back: it has just been.
                self._silent_until[rule_id] = now.mono - max(0.0, ago) + rule.cooldown

    def _extend(self, rule: Rule, number: float, reading: Reading) -> Alert | None:
        self._forget_if_stale(rule, reading.at)
        episode = self._violations.get(rule.id)
        if episode is None:
            episode = _Violation(reading.at, reading.position, reading.at)
            self._violations[rule.id] = episode
        elapsed = reading.at.mono - episode.last.mono
        if episode.unbroken and 0 <= elapsed <= self._pulse:
            episode.held += elapsed
        episode.last, episode.unbroken = reading.at, True
        if episode.spoken or episode.held < rule.hold:
            return None
        if reading.at.mono < self._silent_until.get(rule.id, reading.at.mono):
            return None
        episode.spoken = True
        self._silent_until[rule.id] = reading.at.mono + rule.cooldown
        return _alert(rule, number, episode, reading)

    def _recover(self, rule: Rule, number: float, at: Instant) -> None:
        cleared = number <= rule.clear if rule.operator.upward else number >= rule.clear
        if cleared:
            self._violations.pop(rule.id, None)
        else:
            self._pause(rule, at)

    def _pause(self, rule: Rule, at: Instant) -> None:
        self._forget_if_stale(rule, at)
        episode = self._violations.get(rule.id)
        if episode is not None:
            episode.unbroken = False

    def _forget_if_stale(self, rule: Rule, at: Instant) -> None:
        episode = self._violations.get(rule.id)
        if episode is not None and at.mono - episode.last.mono > max(FORGET_AFTER, rule.hold, self._pulse):
            del self._violations[rule.id]


def value_of(rule: Rule, reading: Reading) -> Value | None:
    """Given a rule, return the value of its metric (NAME or abs(NAME)) in a reading; None when nobody measures it."""
    name = base_metric(rule.metric)
    value = reading.values.get(name)
    # As with metrics, a wrong view is said before anything else that is missing: to mend that would not wake the rule.
    elsewhere = bool(rule.views) and reading.view not in rule.views
    if value is not None and elsewhere and (value.known or reading.view is not View.UNKNOWN):
        return unknown(Reason.VIEW)
    if value is None or not value.known or name == rule.metric:
        return value
    return Value(abs(value.number), error=value.error)


def reason_asleep(rule: Rule, reading: Reading) -> Reason | None:
    """Given a rule and a reading, return why the rule says nothing about it, None when it does."""
    value = value_of(rule, reading)
    return Reason.VIEW if value is None else value.reason


def base_metric(metric: str) -> str:
    """Given NAME or abs(NAME), return NAME."""
    return metric.removeprefix("abs(").removesuffix(")") if metric.startswith("abs(") else metric


def _posture(reading: Reading, known: bool, violated: bool) -> Posture:
    if not reading.present:
        return Posture.AWAY
    if not known:
        return Posture.UNRELIABLE
    return Posture.POOR if violated else Posture.GOOD


def _alert(rule: Rule, number: float, episode: _Violation, reading: Reading) -> Alert:
    metric = METRICS[base_metric(rule.metric)]
    error = reading.values[metric.name].error
    words = {
        "value": metric.text(number),
        "threshold": metric.limit_text(rule.threshold),
        "held": duration_text(episode.held),
        "metric": metric.title,
        "unit": metric.unit,
    }
    reason = (
        f"{metric.title} {metric.text(number, error)}, limit {words['threshold']}, for {words['held']}, "
        f"{reading.view.words}, confidence {reading.confidence:.2f}"
    )
    return Alert(
        rule=rule.id,
        severity=rule.severity,
        message=rule.message.format(**words),
        metric=rule.metric,
        value=number,
        threshold=rule.threshold,
        held=episode.held,
        started=episode.started,
        at=reading.at,
        reason=reason,
        view=reading.view,
        confidence=reading.confidence,
        position=episode.position,
    )
