"""What judging costs on this machine: fifty rules on one reading, and a whole day of readings."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

from uprightd.config.schema import Config
from uprightd.domain import Instant, Reading, Value, View
from uprightd.metrics.definitions import METRICS
from uprightd.paths import shipped
from uprightd.rules.engine import RuleEngine
from uprightd.rules.loading import load_pack, pack_names
from uprightd.rules.model import Rule
from uprightd.service.settings import rules_in_force

MANY = 50
DAY = 28_800
"""Readings: eight hours at one per second."""
MILLISECONDS_ALLOWED = 1.0
SECONDS_ALLOWED = 2.0
PULSE = 5.0
MONDAY_AT_NINE = 1_795_424_400.0
"""2026-11-23 09:00 UTC in seconds since the epoch."""


def measure_rules(repeats: int = 3) -> dict[str, Any]:
    """Return the figures: CPU per reading with fifty rules taken in turn from all shipped packs, and of a day with
    the default ones and with the fifty. Of several runs the fastest counts: what else runs can only slow them."""
    shipped_rules = [
        rule
        for name in pack_names(shipped("rules"))
        for rule in load_pack(shipped("rules") / f"{name}.yaml", METRICS).rules
    ]
    many = [
        replace(rule, id=f"rule-{number}") for number, rule in enumerate(islice(cycle(shipped_rules), MANY))
    ]
    usual, day = rules_in_force(Config()), a_day()
    fifty, alerts = min(_judged(many, day) for _ in range(repeats))
    default, spoken = min(_judged(usual, day) for _ in range(repeats))
    per_reading = fifty / DAY * 1000
    return {
        "rules": MANY,
        "cpu_ms_per_reading": round(per_reading, 4),
        "share_of_allowed": round(per_reading / MILLISECONDS_ALLOWED, 4),
        "day": {
            "readings": DAY,
            "rules": len(usual),
            "cpu_s": round(default, 3),
            "share_of_allowed": round(default / SECONDS_ALLOWED, 4),
            "alerts": spoken,
        },
        "day_of_fifty": {
            "readings": DAY,
            "rules": MANY,
            "cpu_s": round(fifty, 3),
            "share_of_allowed": round(fifty / SECONDS_ALLOWED, 4),
            "alerts": alerts,
        },
    }


def a_day() -> list[Reading]:
    """Return eight hours at one reading per second: somebody who moves slowly about every limit, seen from the front
    and from the side in turns, and is away for three minutes in every hour."""
    return [_reading(second) for second in range(DAY)]


def _reading(second: int) -> Reading:
    at = Instant(MONDAY_AT_NINE + second, float(second))
    if second % 3600 >= 3420:
        return Reading(at, False, View.UNKNOWN, {})
    view = View.FRONTAL if second // 1800 % 2 == 0 else View.SAGITTAL_LEFT
    values = {
        name: Value(swing * math.sin(second / (40 + number)), error=2.0)
        for number, (name, swing) in enumerate(_SWINGS.items())
    }
    baseline = {name: 0.0 for name, metric in METRICS.items() if not metric.relative}
    return Reading(at, True, view, values, 0.9, profile="sit r1", baseline=baseline)


_SWINGS = {name: 60.0 if metric.unit == "°" else 1.5 for name, metric in METRICS.items()}


def _judged(rules: Sequence[Rule], readings: Sequence[Reading]) -> tuple[float, int]:
    """Return the CPU seconds of judging all readings, and how many alerts that gave."""
    engine, alerts = RuleEngine(rules, PULSE), 0
    began = time.process_time()
    for reading in readings:
        alerts += len(engine.judge(reading).alerts)
    return time.process_time() - began, alerts


def text(figures: dict[str, Any]) -> str:
    """Given the figures, return them as a person reads them."""
    day, fifty = figures["day"], figures["day_of_fifty"]
    return "\n".join(
        [
            f"  {figures['rules']} rules on one reading   {figures['cpu_ms_per_reading']:.3f} ms CPU, "
            f"{figures['share_of_allowed']:.1%} of the {MILLISECONDS_ALLOWED:g} ms allowed",
            *(
                f"  a day of {each['readings']:,} readings, {each['rules']:>2} rules   {each['cpu_s']:.2f} s CPU, "
                f"{each['share_of_allowed']:.1%} of the {SECONDS_ALLOWED:g} s allowed"
                for each in (day, fifty)
            ),
        ]
    )
