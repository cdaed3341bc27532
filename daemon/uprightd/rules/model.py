"""What a rule is, once it has been read: frozen, typed, complete."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from uprightd.domain import Severity, View


class Operator(StrEnum):
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    @property
    def upward(self) -> bool:
        """Whether larger values are the worse ones."""
        return self in (Operator.ABOVE, Operator.AT_LEAST)

    def holds(self, value: float, threshold: float) -> bool:
        """Given a value and a limit, return whether the value is past the limit."""
        return _COMPARE[self](value, threshold)


_COMPARE: dict[Operator, Callable[[float, float], bool]] = {
    Operator.ABOVE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.BELOW: operator.lt,
    Operator.AT_MOST: operator.le,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on one metric, how long it may be passed, and what is said then.

    hold: seconds in violation before it speaks (`for` in YAML).
    clear: the value that ends the episode, on the good side of the threshold or equal to it.
    cooldown: seconds after an alert of this rule in which it stays silent.
    views: the views it speaks in, none for all in which its metric is valid.
    message: may name {value}, {threshold}, {held}, {metric} and {unit}.
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
    origin: str = field(default="", compare=False)
    """Where it was read: "desk.yaml:12". A rule that only moved within its file is the same rule."""


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one file."""

    name: str
    description: str
    rules: tuple[Rule, ...]
    path: str
