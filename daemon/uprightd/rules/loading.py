"""Reading rule packs: YAML in, frozen rules out, or every fault of every file at once with its line.

A rule is a limit unless it has one of the keys `budget`, `sitting` or `static`. A limit that gives no `clear` ends its
episode 5 degrees to the good side of its threshold (an angle measured twice differs by about that much), but no further
than half-way to zero; for values that are not angles, a tenth of the threshold. With `within` and no `clear_for`, it
ends once the value has been good for so long that the window cannot hold the time any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uprightd.domain import Severity
from uprightd.durations import parse_duration
from uprightd.errors import ConfigError
from uprightd.metrics.model import Metric
from uprightd.problems import Keypath, Problems, UnknownNameError, nearest
from uprightd.rules import fields
from uprightd.rules.coherence import check, curve_of
from uprightd.rules.expression import parse
from uprightd.rules.model import Budget, Kind, Operator, Pack, Rule, Sitting, Static
from uprightd.strict_yaml import Document, load

HINT = "Put this right, then run: uprightd rules check"
COOLDOWN = 600.0
"""Seconds a rule stays silent after an alert when it does not say."""
BREAK = 120.0
"""Seconds away that are a break when a rule does not say."""
BAND = 5.0
"""Degrees to either side that count as holding still."""

_ABSOLUTE = re.compile(r"abs\(([^()]*)\)")


def load_rules(
    packs: Iterable[str], files: Iterable[Path], folder: Path, metrics: Mapping[str, Metric]
) -> tuple[Pack, ...]:
    """Given names of shipped packs, files of the user's, the folder of the shipped ones and every known metric by
    its name, return all packs. Raise ConfigError with the faults of all files."""
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


def load_pack(path: Path, metrics: Mapping[str, Metric]) -> Pack:
    """Given the file of one pack and every known metric by its name, return it. Raise ConfigError."""
    return load_rules((), (path,), path.parent, metrics)[0]


def pack_names(folder: Path) -> tuple[str, ...]:
    """Given the folder of the shipped packs, return their names in order."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


@dataclass(slots=True)
class _PackReader:
    """Reads one pack after the other; knows the metrics, the ids taken so far and what was wrong so far."""

    metrics: Mapping[str, Metric]
    problems: Problems = field(default_factory=lambda: Problems(HINT))
    taken: dict[str, str] = field(default_factory=dict)

    def read(self, path: Path) -> Pack | None:
        """Return one file's pack, or None after noting what is wrong."""
        try:
            document = load(path, self.problems, numbered=frozenset({"budget"}))
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
        data = document.value(place)
        kind = _kind_of(data)
        readers = {"id": fields.name, **self._measure(data, kind), **_KEYS[kind], **_COMMON}
        values = _block(document, place, readers, _DEFAULTS)
        if values is None:
            return None
        values["metric"] = values.pop("value", None) or values.get("metric", "")
        values["origin"] = f"{document.path.name}:{document.line(place)}"
        rule = self._make(kind, values, document, place)
        if rule is not None:
            check(document, place, rule, self.metrics)
        return rule

    def _take_id(self, document: Document, place: Keypath) -> None:
        """Note an id that another rule has; of a rule with other faults too."""
        name, here = document.value(place), document.where(place)
        if isinstance(name, str) and name in self.taken:
            document.problem(place, f"'{name}' is already the rule at {self.taken[name]}; each id only once")
        elif isinstance(name, str):
            self.taken[name] = here

    # ---- what is measured ---------------------------------------------------------------------------------

    def _measure(self, data: Any, kind: Kind) -> fields.Readers:
        """Return the reader of `metric`, or of `value` where only that is given."""
        if kind is Kind.SITTING:
            return {}
        if isinstance(data, dict) and "value" in data and "metric" not in data:
            return {"value": self._expression}
        return {"metric": self._metric}

    def _metric(self, value: Any) -> str:
        """Return NAME or abs(NAME) of a known metric."""
        text = value if isinstance(value, str) else ""
        absolute = _ABSOLUTE.fullmatch(text)
        name = absolute[1] if absolute else text
        if name in self.metrics:
            return text
        known = [f"abs({each})" for each in self.metrics] if absolute else list(self.metrics)
        listed = "" if nearest(text, known) else f" ({', '.join(self.metrics)})"
        elsewhere = "; more than that goes under 'value'" if re.search(r"[-+*/,]", text) else ""
        raise UnknownNameError(f"a metric{listed} or abs(METRIC){elsewhere}", known)

    def _expression(self, value: Any) -> str:
        """Return the text of an expression over known metrics."""
        if not isinstance(value, str):
            raise ValueError("an expression such as max(neck_flexion, trunk_lean) - 5")
        for name in parse(value).metrics:
            if name not in self.metrics:
                raise ValueError(f"known metrics (found {name}{nearest(name, self.metrics)})")
        return value

    def _unit(self, metric: str) -> str:
        return parse(metric).unit({name: each.unit for name, each in self.metrics.items()})

    # ---- what is made of it -------------------------------------------------------------------------------

    def _make(self, kind: Kind, values: dict[str, Any], document: Document, place: Keypath) -> Rule | None:
        """Return the rule of a kind, or None after noting what is wrong."""
        if kind is Kind.LIMIT:
            return self._limit(values)
        metric = values["metric"]
        if kind is Kind.SITTING:
            limit = values.pop("sitting")
            term, threshold = Sitting(limit, values.pop("break")), limit
        elif kind is Kind.STATIC:
            limit, band = values.pop("static"), values.pop("band")
            if band is None and self._unit(metric) != "°":
                words = "a number above 0, in the unit of the metric (only an angle has a default)"
                document.unexpected((*place, "band"), ValueError(words))
                return None
            term, threshold = Static(band or BAND, limit), band or BAND
        else:
            curve = curve_of(document, (*place, "budget"), values.pop("budget"))
            if not curve:
                return None
            threshold, limit = curve[0]
            term = Budget(curve, values.pop("recover"))
        held = {"threshold": threshold, "hold": limit, "clear": threshold, "operator": Operator.AT_LEAST}
        return Rule(**values, **held, term=term)

    def _limit(self, values: dict[str, Any]) -> Rule:
        values["hold"] = values.pop("for")
        if values["clear"] is None:
            values["clear"] = self._default_clear(values["metric"], values["operator"], values["threshold"])
        if values["clear_for"] is None:
            values["clear_for"] = max(0.0, values["within"] - values["hold"])
        return Rule(**values)

    def _default_clear(self, metric: str, operator: Operator, threshold: float) -> float:
        margin = min(5.0, abs(threshold) / 2) if self._unit(metric) == "°" else abs(threshold) / 10
        return threshold - margin if operator.upward else threshold + margin


def _kind_of(data: Any) -> Kind:
    """Return the kind of rule a block is, by the first of its keys that makes one."""
    written = data if isinstance(data, dict) else {}
    return next((kind for key, kind in _KINDS_BY_KEY.items() if key in written), Kind.LIMIT)


def _block(
    document: Document, place: Keypath, readers: fields.Readers, defaults: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return what the readers make of a block's values, or None after noting what is wrong."""
    data = document.value(place)
    if not isinstance(data, dict):
        document.unexpected(place, ValueError(f"a block of keys ({', '.join(readers)})"))
        return None
    for key in [key for key in data if key not in readers]:
        _refuse_key(document, (*place, key), readers)
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


def _refuse_key(document: Document, place: Keypath, readers: fields.Readers) -> None:
    """Note a key that nobody knows, or that belongs to another kind of rule."""
    key, in_rule = str(place[-1]), len(place) > 1
    if in_rule and key in _EVERY_KEY:
        here = next((name for name in (*_KINDS_BY_KEY, *_MEASURES) if name in readers), "")
        document.problem(place, f"does not go with '{here}'; known here: {', '.join(readers)}")
    else:
        everywhere = _EVERY_KEY if in_rule and nearest(key, _EVERY_KEY) else readers
        document.unknown_key(place, everywhere)


def _budget(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not 1 <= len(value) <= fields.POINTS_LIMIT:
        raise ValueError(
            f"angles with times, at most {fields.POINTS_LIMIT}, such as {{25: 8 min, 85: 1 min}}"
        )
    return value


_PACK: fields.Readers = {"name": fields.name, "description": fields.text, "rules": fields.rule_list}
_MEASURES = ("metric", "value")
_KEYS: Mapping[Kind, fields.Readers] = {
    Kind.BUDGET: {"budget": _budget, "recover": fields.recovery, "relative_to": fields.start},
    Kind.SITTING: {"sitting": fields.some_time, "break": fields.some_time},
    Kind.STATIC: {"static": fields.some_time, "band": fields.positive},
    Kind.LIMIT: {
        "operator": fields.comparison,
        "threshold": fields.number,
        "relative_to": fields.start,
        "for": parse_duration,
        "within": fields.some_time,
        "clear": fields.number,
        "clear_for": parse_duration,
    },
}
"""The keys of each kind of rule, beside those of all."""
_KINDS_BY_KEY = {kind.value: kind for kind in _KEYS if kind is not Kind.LIMIT}
_COMMON: fields.Readers = {
    "cooldown": parse_duration,
    "severity": fields.severity,
    "message": fields.message,
    "views": fields.views,
    "hours": fields.hours,
    "days": fields.days,
    "min_confidence": fields.confidence,
    "profile": fields.profile,
    "source": fields.text,
}
_EVERY_KEY = tuple(
    dict.fromkeys(["id", *_MEASURES, *(key for keys in _KEYS.values() for key in keys), *_COMMON])
)
_DEFAULTS: Mapping[str, Any] = {
    "clear": None,
    "clear_for": None,
    "within": 0.0,
    "relative_to": "",
    "recover": 1.0,
    "break": BREAK,
    "band": None,
    "cooldown": COOLDOWN,
    "severity": Severity.WARN,
    "views": frozenset(),
    "hours": (),
    "days": frozenset(),
    "min_confidence": 0.0,
    "profile": "",
    "source": "",
}
