"""Reading rule packs: YAML in, frozen rules out, or every fault of every file at once with its line.

A rule that gives no `clear` ends its episode 5 degrees to the good side of its threshold (an angle measured
twice differs by about that much), but no further than half-way to zero; for values that are not angles, a
tenth of the threshold.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uprightd.domain import Severity, View
from uprightd.durations import parse_duration
from uprightd.errors import ConfigError
from uprightd.problems import Keypath, Problems, UnknownNameError, nearest, shorten
from uprightd.rules.model import Operator, Pack, Rule
from uprightd.strict_yaml import Document, load

HINT = "Put this right, then run: uprightd rules check"
COOLDOWN = 600.0
"""Seconds a rule stays silent after an alert when it does not say."""
MESSAGE_FIELDS = ("value", "threshold", "held", "metric", "unit")
MESSAGE_LIMIT = 300
"""Characters. A notification shows about that much."""

_NAME = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)
_ABSOLUTE = re.compile(r"abs\(([^()]*)\)")

Readers = Mapping[str, Callable[[Any], Any]]
"""For each key of a block, what makes a value of what was written, or raises ValueError("a number")."""


def load_rules(
    packs: Iterable[str], files: Iterable[Path], folder: Path, metrics: Mapping[str, str]
) -> tuple[Pack, ...]:
    """Given names of shipped packs, files of the user's and the folder of the shipped ones, return all packs.

    metrics: the unit of every known metric by its name. Raise ConfigError with the faults of all files.
    """
    reader = _PackReader(metrics)
    shipped = pack_names(folder)
    loaded = []
    for name in packs:
        if name in shipped:
            loaded.append(reader.read(folder / f"{name}.yaml"))
        else:
            words = f"no pack of this name ships ({', '.join(shipped)}){nearest(name, shipped)}"
            reader.problems.add("rules.packs", 0, (name,), words)
    loaded.extend(reader.read(path) for path in files)
    reader.problems.raise_any()
    return tuple(pack for pack in loaded if pack is not None)


def load_pack(path: Path, metrics: Mapping[str, str]) -> Pack:
    """Given the file of one pack and the unit of every known metric, return it. Raise ConfigError."""
    return load_rules((), (path,), path.parent, metrics)[0]


def pack_names(folder: Path) -> tuple[str, ...]:
    """Given the folder of the shipped packs, return their names in order."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


@dataclass(slots=True)
class _PackReader:
    """Reads one pack after the other; knows the metrics, the ids taken so far and what was wrong so far."""

    metrics: Mapping[str, str]
    problems: Problems = field(default_factory=lambda: Problems(HINT))
    taken: dict[str, str] = field(default_factory=dict)

    def read(self, path: Path) -> Pack | None:
        """Return one file's pack, or None after noting what is wrong."""
        try:
            document = load(path, self.problems)
        except ConfigError:
            return None  # noted; the next file may have faults to tell as well
        values = _block(document, (), _PACK, {"description": ""})
        listed = document.data.get("rules")
        places = [("rules", index) for index in range(len(listed) if isinstance(listed, list) else 0)]
        rules = tuple(rule for place in places if (rule := self._rule(document, place)) is not None)
        if values is None:
            return None
        return Pack(values["name"], values["description"], rules, str(path))

    def _rule(self, document: Document, place: Keypath) -> Rule | None:
        self._take_id(document, (*place, "id"))
        values = _block(document, place, {"id": _name, "metric": self._metric, **_RULE}, _RULE_DEFAULTS)
        if values is None:
            return None
        values["hold"] = values.pop("for")
        if values["clear"] is None:
            values["clear"] = self._default_clear(values["metric"], values["operator"], values["threshold"])
        rule = Rule(**values, origin=f"{document.path.name}:{document.line(place)}")
        _check_limits(document, place, rule)
        return rule

    def _take_id(self, document: Document, place: Keypath) -> None:
        """Note an id that another rule has; of a rule with other faults too."""
        name, here = document.value(place), document.where(place)
        if isinstance(name, str) and name in self.taken:
            document.problem(place, f"'{name}' is already the rule at {self.taken[name]}; each id only once")
        elif isinstance(name, str):
            self.taken[name] = here

    def _metric(self, value: Any) -> str:
        """Return NAME or abs(NAME) of a known metric."""
        text = value if isinstance(value, str) else ""
        absolute = _ABSOLUTE.fullmatch(text)
        name = absolute[1] if absolute else text
        if name in self.metrics:
            return text
        known = [f"abs({each})" for each in self.metrics] if absolute else list(self.metrics)
        listed = "" if nearest(text, known) else f" ({', '.join(self.metrics)})"
        raise UnknownNameError(f"a metric{listed} or abs(METRIC)", known)

    def _default_clear(self, metric: str, operator: Operator, threshold: float) -> float:
        absolute = _ABSOLUTE.fullmatch(metric)
        if self.metrics[absolute[1] if absolute else metric] == "°":
            margin = min(5.0, abs(threshold) / 2)
        else:
            margin = abs(threshold) / 10
        return threshold - margin if operator.upward else threshold + margin


def _block(
    document: Document, place: Keypath, readers: Readers, defaults: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what the readers make of a block's values, or None after noting what is wrong."""
    data = document.value(place)
    if not isinstance(data, dict):
        document.unexpected(place, ValueError(f"a block of keys ({', '.join(readers)})"))
        return None
    for key in [key for key in data if key not in readers]:
        document.unknown_key((*place, key), readers)
    values: dict[str, Any] = {}
    for key, reader in readers.items():
        if key not in data and key in defaults:
            values[key] = defaults[key]
            continue
        try:
            values[key] = reader(data.get(key))
        except ValueError as error:
            document.unexpected((*place, key), error)
    return values if len(values) == len(readers) else None


def _check_limits(document: Document, place: Keypath, rule: Rule) -> None:
    """Note a `clear` on the bad side of the threshold, and limits that an absolute value cannot pass."""
    good = rule.clear <= rule.threshold if rule.operator.upward else rule.clear >= rule.threshold
    if not good:
        side = "at most" if rule.operator.upward else "at least"
        words = f"a number on the good side of the threshold ({side} {rule.threshold:g})"
        document.unexpected((*place, "clear"), ValueError(words))
    if _ABSOLUTE.fullmatch(rule.metric) and min(rule.threshold, rule.clear) < 0:
        key = "threshold" if rule.threshold < 0 else "clear"
        document.unexpected((*place, key), ValueError("0 or more, as the metric is an absolute value"))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text, in quotes where it holds ':', '{' or '#'")
    return " ".join(value.split())


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name of a-z, 0-9, _ and -, at most 64 characters")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("a list of at least one rule")
    return value


def _operator(value: Any) -> Operator:
    if value not in tuple(Operator):
        raise ValueError('one of ">", ">=", "<", "<=", in quotes')
    return Operator(value)


def _severity(value: Any) -> Severity:
    if value not in tuple(Severity):
        raise UnknownNameError(f"one of {', '.join(Severity)}", Severity)
    return Severity(value)


def _views(value: Any) -> frozenset[View]:
    """Return the views of a list of their names; sagittal stands for both sides."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"a list of views ({', '.join(_VIEWS)})")
    views: set[View] = set()
    for name in value:
        if not isinstance(name, str) or name not in _VIEWS:
            raise ValueError(f"a list of views ({', '.join(_VIEWS)}){nearest(str(name), _VIEWS)}")
        views |= _VIEWS[name]
    return frozenset(views)


def _message(value: Any) -> str:
    """Return one line of text with known fields only, each bare: the engine rounds and adds units."""
    text = _text(value)
    if len(text) > MESSAGE_LIMIT:
        raise ValueError(f"at most {MESSAGE_LIMIT} characters")
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ValueError("text with fields such as {value}, and {{ or }} for a brace") from error
    fields = ", ".join(f"{{{name}}}" for name in MESSAGE_FIELDS)
    for _, name, form, conversion in parts:
        if name is not None and name not in MESSAGE_FIELDS:
            found = f"{{{shorten(name)}}}{nearest(name, MESSAGE_FIELDS)}"
            raise ValueError(f"no other field than {fields} (found {found})")
        if form or conversion:
            raise ValueError(f"{{{name}}} without a format, as it comes rounded and with its unit")
    return text


_VIEWS: Mapping[str, set[View]] = {
    "sagittal": {View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT},
    **{view.value: {view} for view in View if view is not View.UNKNOWN},
}
_PACK: Readers = {"name": _name, "description": _text, "rules": _list}
_RULE: Readers = {
    "operator": _operator,
    "threshold": _number,
    "for": parse_duration,
    "clear": _number,
    "cooldown": parse_duration,
    "severity": _severity,
    "message": _message,
    "views": _views,
    "source": _text,
}
_RULE_DEFAULTS = {
    "clear": None,
    "cooldown": COOLDOWN,
    "severity": Severity.WARN,
    "views": frozenset(),
    "source": "",
}
