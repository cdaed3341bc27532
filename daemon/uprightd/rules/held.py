"""What was held back: counted while something holds, told in one sentence afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from uprightd.domain import Instant
from uprightd.rules import kept

LISTED = 5
"""Rules a summary names; of the others it tells how many alerts there were."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was held back, to be told in one notification.

    counts: alerts by rule. causes: what held them, as in "while you were in a call". since, until: local times of day
    between which it did.
    """

    counts: Mapping[str, int]
    causes: tuple[str, ...]
    since: str
    until: str

    @property
    def title(self) -> str:
        total = sum(self.counts.values())
        return f"{total} alert{'s' * (total > 1)} held back"

    @property
    def text(self) -> str:
        """The sentence: "While you were in a call (10:02–10:41): head down 3 times, too close once."."""
        listed = sorted(self.counts.items(), key=lambda item: -item[1])
        told = [f"{_name(rule)} {_times(count)}" for rule, count in listed[:LISTED]]
        more = sum(count for _, count in listed[LISTED:])
        if more:
            told.append(f"and {more} more")
        between = self.since if self.since == self.until else f"{self.since}–{self.until}"
        why = " and ".join(self.causes)
        return f"{why[:1].upper()}{why[1:]} ({between}): {', '.join(told)}."


@dataclass(slots=True)
class Spell:
    """A time in which alerts are held: by what at the moment ("" for nothing any more), and which ones so far."""

    cause: str
    since: str
    until: str
    last: Instant
    """When one was held last."""
    causes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def restored(cls, data: Any, now: Instant) -> Spell:
        """Given what `state` returned in an earlier run and the moment, return it. Raise as `rules.kept` does."""
        spell = cls(
            kept.words(data["cause"]),
            kept.words(data["since"]),
            kept.words(data["until"]),
            kept.instant(data["last"], now),
            [kept.words(cause) for cause in kept.sequence(data["causes"])],
            {kept.words(rule): kept.count(number) for rule, number in data["counts"].items()},
        )
        if spell.counts and not spell.causes:
            raise ValueError("held without a cause")
        return spell

    def state(self) -> dict[str, Any]:
        """Return it as plain JSON data."""
        return {
            "cause": self.cause,
            "since": self.since,
            "until": self.until,
            "last": self.last.wall,
            "causes": list(self.causes),
            "counts": dict(self.counts),
        }

    def pass_on(self, cause: str, clock: str) -> None:
        """Given what holds now and the time of day, note until when that lasted which held anything back."""
        if self.cause in self.causes:
            self.until = clock
        self.cause = cause

    def keep(self, rule: str, now: Instant) -> None:
        """Given the rule of an alert, count it as held by what holds now."""
        self.counts[rule] = self.counts.get(rule, 0) + 1
        self.last = now
        if self.cause not in self.causes:
            self.causes.append(self.cause)

    def forget(self, rule: str | None) -> None:
        """Given a rule, forget what was held of it; None forgets all."""
        for name in [it for it in self.counts if rule in (None, it)]:
            del self.counts[name]
        if not self.counts:
            self.causes.clear()

    def summary(self) -> Summary:
        """Return what was held, to be told."""
        return Summary(dict(self.counts), tuple(self.causes), self.since, self.until)


def _name(rule: str) -> str:
    return rule.replace("-", " ").replace("_", " ")


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
