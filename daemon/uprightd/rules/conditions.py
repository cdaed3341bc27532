"""When a rule counts at all, and the number that it sees in a reading: NaN while it sleeps."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import lru_cache

from uprightd.domain import ABSENT, Reading, Reason, Value, View, unknown
from uprightd.metrics.definitions import METRICS
from uprightd.rules.expression import Expression, parse
from uprightd.rules.model import Hours, Rule

DAY, WEEK = 24 * 60, 7 * 24 * 60
"""Minutes."""


def minute_of_week(wall: float) -> int:
    """Given seconds since the epoch, return the minute of the local week, 0 at the start of Monday."""
    local = time.localtime(wall)
    return local.tm_wday * DAY + local.tm_hour * 60 + local.tm_min


@lru_cache(maxsize=64)
def schedule(hours: tuple[Hours, ...], days: frozenset[int]) -> bytes:
    """Given hours and days, either of which may be empty for all, return for every minute of the week 1 or 0.

    What passes midnight belongs to the day on which it began.
    """
    minutes = bytearray(WEEK)
    for day in days or range(7):
        for start, end in hours or (Hours(0, DAY),):
            for minute in range(start, end if end > start else end + DAY):
                minutes[(day * DAY + minute) % WEEK] = 1
    return bytes(minutes)


def on_schedule(rule: Rule, wall: float) -> bool:
    """Given a rule and seconds since the epoch, return whether its hours and days hold."""
    return not (rule.hours or rule.days) or bool(schedule(rule.hours, rule.days)[minute_of_week(wall)])


def of_profile(rule: Rule, profile: str) -> bool:
    """Given the profile a reading counts from ("sit r2", or "" for none), return whether the rule asks for no other."""
    return not rule.profile or profile == rule.profile or profile.startswith(f"{rule.profile} r")


def value_of(rule: Rule, reading: Reading) -> Value | None:
    """Given a rule, return the value in a reading that it holds against its limit; None when nobody measures it.

    Unknown in a view that is not the rule's, below its `min_confidence` and without the baseline it counts from.
    """
    if not rule.metric:
        return None
    values, expression = reading.values, parse(rule.metric)
    # As with metrics, a wrong view is said before anything else that is missing: to mend that would not wake the rule.
    elsewhere = bool(rule.views) and reading.view not in rule.views
    value = expression.value(values, shifts_of(rule, reading))
    if value is not None and elsewhere and (value.known or reading.view is not View.UNKNOWN):
        return unknown(Reason.VIEW)
    if value is None or not value.known:
        return value
    if reading.confidence < rule.min_confidence:
        return unknown(Reason.LOW_CONFIDENCE)
    return value if baseline_known(rule, reading) else unknown(Reason.UNCALIBRATED)


def shifts_of(rule: Rule, reading: Reading) -> Mapping[str, float] | None:
    """Given a rule, return what each metric counts from, None where they are taken as they are."""
    return reading.baseline if rule.relative_to else None


def baseline_known(rule: Rule, reading: Reading) -> bool:
    """Whether a rule on the baseline has one for every metric; a relative metric counts from it anyway."""
    return not rule.relative_to or all(
        name in reading.baseline or METRICS[name].relative for name in rule.metrics
    )


def needs_calibration(rule: Rule) -> bool:
    """Whether a rule counts from a calibrated pose, or with one profile only."""
    relative = any(METRICS[name].relative for name in rule.metrics)
    return bool(relative or rule.relative_to or rule.profile)


def reason_asleep(rule: Rule, reading: Reading) -> Reason | None:
    """Given a rule and a reading, return why the rule has nothing to judge in it, None when it has."""
    if rule.metric:
        value = value_of(rule, reading)
        return Reason.VIEW if value is None else value.reason
    if not reading.present:
        return Reason.NO_PERSON
    if rule.views and reading.view not in rule.views:
        return Reason.VIEW
    return Reason.LOW_CONFIDENCE if reading.confidence < rule.min_confidence else None


def why_asleep(rule: Rule, reading: Reading) -> str | None:
    """Given a rule and a reading, return in a few words why the rule does not count now, None when it does."""
    if not on_schedule(rule, reading.at.wall):
        return "outside its hours"
    if reading.present and not of_profile(rule, reading.profile):
        return f"counts with the profile {rule.profile} only"
    reason = reason_asleep(rule, reading)
    return None if reason is None else ABSENT[reason]


def base_metric(metric: str) -> str:
    """Given the text of a rule's metric, return the name of the first metric in it."""
    return parse(metric).metrics[0] if metric else ""


class Gauge:
    """Reads one rule's number off readings, at every sample: what `value_of` says, and NaN with another profile.

    `scheduled`: whether the rule has hours or days; `conditional`: whether views, confidence or profile decide, too.
    """

    __slots__ = (
        "_absolute",
        "_confidence",
        "_expression",
        "_name",
        "_profiled",
        "_relative",
        "_rule",
        "_schedule",
        "_views",
        "conditional",
        "scheduled",
    )

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._expression: Expression | None = parse(rule.metric) if rule.metric else None
        self._relative = bool(rule.relative_to)
        self._name = "" if self._relative else rule.single
        self._absolute = self._expression is not None and self._expression.absolute
        self._views, self._profiled, self._confidence = rule.views, bool(rule.profile), rule.min_confidence
        self.scheduled = bool(rule.hours or rule.days)
        self._schedule = schedule(rule.hours, rule.days) if self.scheduled else b""
        self.conditional = bool(rule.views or rule.profile or rule.min_confidence)

    def on_duty(self, minute: int) -> bool:
        """Given the minute of the week, return whether it is within the hours and days of a rule that has some."""
        return bool(self._schedule[minute])

    def number(self, reading: Reading) -> float:
        """Given a reading, return the number to judge, NaN where there is none."""
        if self.conditional and not self._holds(reading):
            return math.nan
        if self._name:  # the usual case, kept short: this runs for every rule at every sample
            value = reading.values.get(self._name)
            if value is None or value.reason is not None:
                return math.nan
            return abs(value.number) if self._absolute else value.number
        return self._computed(reading) if self._expression else self._presence(reading)

    def _holds(self, reading: Reading) -> bool:
        return not (
            (self._views and reading.view not in self._views)
            or reading.confidence < self._confidence
            or (self._profiled and not of_profile(self._rule, reading.profile))
        )

    def _computed(self, reading: Reading) -> float:
        assert self._expression is not None
        numbers, shifts = {}, reading.baseline if self._relative else None
        for name in self._expression.metrics:
            value = reading.values.get(name)
            if value is None or value.reason is not None:
                return math.nan
            numbers[name] = value.number
            if shifts is not None:
                if name in shifts:
                    numbers[name] -= shifts[name]
                elif not METRICS[name].relative:
                    return math.nan
        return self._expression.at(numbers)

    @staticmethod
    def _presence(reading: Reading) -> float:
        """Return 1 while somebody is there and anything of them can be measured."""
        seen = reading.present and any(value.reason is None for value in reading.values.values())
        return 1.0 if seen else math.nan
