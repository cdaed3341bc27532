"""The lines of a rule file that a changed rule asks for. Nothing here writes: the file is the person's own."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from uprightd.rules.model import Budget, Rule, Sitting, Static
from uprightd.strict_yaml import load


class Edit(NamedTuple):
    """One line of a rule file to change: which, the key, and what stands there and should."""

    path: Path
    line: int
    key: str
    old: str
    new: str


def edits(path: Path, before: Rule, after: Rule) -> tuple[Edit, ...]:
    """Given the file a rule was read from, the rule and what it should become, return the lines to change.

    A key the file leaves out (`clear`) follows the others by itself. Raise ConfigError when the file is gone or broken.
    """
    document = load(path, numbered=frozenset({"budget"}))
    listed = document.data.get("rules") or []
    place = next(
        (index for index, it in enumerate(listed) if isinstance(it, dict) and it.get("id") == before.id), None
    )
    if place is None:
        return ()
    now, then = _keys(before), _keys(after)
    return tuple(
        Edit(path, document.line(("rules", place, key)), key, now[key], then[key])
        for key in now
        if key in listed[place] and now[key] != then[key]
    )


def _keys(rule: Rule) -> dict[str, str]:
    """Return what a change may touch, as it is written in YAML."""
    if isinstance(rule.term, Budget):
        points = ", ".join(f"{angle:g}: {_written(time)}" for angle, time in rule.term.curve)
        return {"budget": f"{{{points}}}"}
    if isinstance(rule.term, Sitting):
        return {"sitting": _written(rule.term.limit)}
    if isinstance(rule.term, Static):
        return {"static": _written(rule.term.limit)}
    return {
        "threshold": f"{rule.threshold:g}",
        "for": _written(rule.hold),
        "within": _written(rule.within),
        "clear": f"{rule.clear:g}",
    }


def _written(seconds: float) -> str:
    """Given a length of time, return it as a rule file takes it."""
    return f"{seconds / 60:g} min" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:g}s"
