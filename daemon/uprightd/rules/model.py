"""What a rule is, once it has been read: frozen, typed, complete."""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from uprightd.domain import Severity, View
from uprightd.rules.expression import parse

BASELINE = "baseline"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Operator(StrEnum):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    @property
    def upward(self) -> bool:
        """Whether larger values are the worse ones."""
        return self in (Operator.ABOVE, Operator.AT_LEAST)

    @property
    def compare(self) -> Callable[[float, float], bool]:
        """What tells whether a value (first) is past a limit (second)."""
        return _COMPARE[self]

    def holds(self, value: float, threshold: float) -> bool:
        """Given a value and a limit, return whether the value is past the limit."""
        return _COMPARE[self](value, threshold)


_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.ABOVE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.BELOW: operator.lt,
    Operator.AT_MOST: operator.le,
}


class Kind(StrEnum):
    """What a rule watches over: a limit, a holding time that shrinks with the angle, or time itself."""

    LIMIT = "limit"
    BUDGET = "budget"
    SITTING = "sitting"
    STATIC = "static"


@dataclass(frozen=True, slots=True)
class Budget:
    """How long which angle may be held: `curve` of (angle, seconds), angles rising, seconds falling or level.

    recover: how fast a budget is refilled below the first angle; 1 fills an empty one in the time permitted there.
    """

    curve: tuple[tuple[float, float], ...]
    recover: float = 1.0

    def permitted(self, angle: float) -> float:
        """Given an angle, return the seconds it may be held: on the straight line between the two points about it, and
        beyond the first and the last point the time of that one."""
        after = bisect_right(self.curve, angle, key=lambda point: point[0])
        if after == len(self.curve):
            return self.curve[-1][1]
        (low, longer), (high, shorter) = self.curve[max(0, after - 1)], self.curve[after]
        return longer + (shorter - longer) * (angle - low) / (high - low) if after else shorter


@dataclass(frozen=True, slots=True)
class Sitting:
    """Being there for `limit` seconds without having been away for `pause` seconds at a time."""

    limit: float
    pause: float


@dataclass(frozen=True, slots=True)
class Static:
    """Staying within `band` of where it was, to either side, for `limit` seconds."""

    band: float
    limit: float


class Hours(NamedTuple):
    """Part of a day in minutes after midnight, the end not included; one that ends before it starts passes midnight."""

    start: int
    end: int

    def __str__(self) -> str:
        (h, m), (until_h, until_m) = divmod(self.start, 60), divmod(self.end, 60)
        return f"{h:02}:{m:02}-{until_h:02}:{until_m:02}"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is watched, under which conditions, and what is said once it has lasted.

    metric: the metric or expression it watches; "" for sitting.
    operator, threshold, hold, clear: of a limit, what is past it, for how many seconds (`for` in YAML), and the value
        that ends the episode, on the good side of the threshold or equal to it. Other kinds have here what comes
        nearest: a budget its first angle and the time permitted there, sitting its limit in seconds, static its band.
    within: seconds of the window that the holding time may be spread over; 0 where nothing but `clear` ends it.
    clear_for: seconds past `clear` until the episode is over.
    relative_to: "baseline" where every metric counts from its value in the calibrated upright pose.
    cooldown: seconds after an alert of this rule in which it stays silent.
    message: may name {value}, {threshold}, {held}, {metric} and {unit}.
    views, hours, days (0 is Monday), min_confidence, profile: when it counts at all; empty ones ask for nothing.
    term: what makes it another kind of rule than a limit.
    """

    id: str
    metric: str
    operator: Operator
    threshold: float
    hold: float
    clear: float
    cooldown: float
    severity: Severity
    message: str
    views: frozenset[View] = frozenset()
    source: str = ""
    within: float = 0.0
    clear_for: float = 0.0
    relative_to: str = ""
    hours: tuple[Hours, ...] = ()
    days: frozenset[int] = frozenset()
    min_confidence: float = 0.0
    profile: str = ""
    term: Budget | Sitting | Static | None = None
    origin: str = field(default="", compare=False)
    """Where it was read: "desk.yaml:12". A rule that only moved within its file is the same rule."""

    @property
    def kind(self) -> Kind:
        return Kind.LIMIT if self.term is None else _KINDS[type(self.term)]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it needs, none for sitting."""
        return parse(self.metric).metrics if self.metric else ()

    @property
    def single(self) -> str:
        """The metric it needs where it watches NAME or abs(NAME), "" for an expression and for sitting."""
        return parse(self.metric).single if self.metric else ""


_KINDS = {Budget: Kind.BUDGET, Sitting: Kind.SITTING, Static: Kind.STATIC}


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one file."""

    name: str
    description: str
    rules: tuple[Rule, ...]
    path: str
