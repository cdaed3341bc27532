"""A screen: the parameters of a walk held against limits from studies. Screening, not diagnosis.

A screen is a file of checks, each with one parameter, a limit, the words for passing it and the limit's source. A value
nearer to the limit than its own error is unsure, whichever side it lies on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from uprightd.domain import View
from uprightd.gait.catalogue import PARAMETERS
from uprightd.gait.model import Parameter
from uprightd.problems import Keypath, Problems, got, nearest
from uprightd.strict_yaml import Document, load

VIEWS: Mapping[str, frozenset[View]] = {
    "sagittal": frozenset({View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT}),
    "oblique": frozenset({View.OBLIQUE}),
    "frontal": frozenset({View.FRONTAL}),
    "rear": frozenset({View.REAR}),
}
_TEXTS = ("id", "parameter", "operator", "message", "source")
_KEYS = (*_TEXTS, "threshold", "views")
_OPERATORS = ("<", ">")


@dataclass(frozen=True, slots=True)
class Check:
    """parameter: a name of `catalogue.PARAMETERS`. above: whether values above the threshold pass the limit."""

    id: str
    parameter: str
    above: bool
    threshold: float
    message: str
    source: str
    views: frozenset[View]


@dataclass(frozen=True, slots=True)
class Screen:
    """note: what must stand beside every finding."""

    name: str
    description: str
    note: str
    checks: tuple[Check, ...]


class Verdict(StrEnum):
    WITHIN = "within"
    BEYOND = "beyond"
    UNSURE = "unsure"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one walk; words: one sentence with the numbers."""

    check: Check
    verdict: Verdict
    value: float | None
    error: float | None
    words: str


def screen(rules: Screen, parameters: Mapping[str, Parameter], view: View) -> tuple[Finding, ...]:
    """Given a screen, the parameters of a walk and its view, return what each check says that holds in this view."""
    return tuple(
        _finding(check, parameters.get(check.parameter)) for check in rules.checks if view in check.views
    )


def _finding(check: Check, parameter: Parameter | None) -> Finding:
    label = PARAMETERS[check.parameter].label.capitalize()
    if parameter is None or parameter.value is None:
        why = parameter.reason if parameter is not None else "not measured"
        return Finding(check, Verdict.UNKNOWN, None, None, f"{label} is not known: {why}.")
    value, error = parameter.value, parameter.error
    margin = value - check.threshold if check.above else check.threshold - value
    unit = "" if not parameter.unit else f" {parameter.unit}"
    told = f"{value:.3g}{f' ± {error:.2g}' if error else ''}{unit}, limit {check.threshold:g}{unit}"
    if abs(margin) <= (error or 0.0):
        return Finding(check, Verdict.UNSURE, value, error, f"{label} lies about at the limit ({told}).")
    if margin > 0:
        return Finding(check, Verdict.BEYOND, value, error, f"{check.message} ({told})")
    return Finding(check, Verdict.WITHIN, value, error, f"{label} is within the limit ({told}).")


def load_screen(path: Path) -> Screen:
    """Given a screen's file, return it. Raise ConfigError with all its faults and their lines."""
    problems = Problems("Put this right and run the command again.")
    document = load(path, problems)
    for key in document.data.keys() - {"name", "description", "note", "checks"}:
        document.unknown_key((key,), ("name", "description", "note", "checks"))
    head = {key: _text(document, (key,)) for key in ("name", "description", "note")}
    rows = document.data.get("checks")
    if not isinstance(rows, list) or not rows:
        document.problem(("checks",), f"expected a list of checks, got {got(rows)}")
        rows = []
    checks = [_check(document, number, row) for number, row in enumerate(rows)]
    problems.raise_any()
    return Screen(**head, checks=tuple(check for check in checks if check is not None))


def _check(document: Document, number: int, row: Any) -> Check | None:
    here: Keypath = ("checks", number)
    if not isinstance(row, dict):
        document.problem(here, f"expected a block of keys, got {got(row)}")
        return None
    for key in row.keys() - set(_KEYS):
        document.unknown_key((*here, key), _KEYS)
    texts = {key: _text(document, (*here, key)) for key in _TEXTS}
    threshold = row.get("threshold")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        document.problem((*here, "threshold"), f"expected a number, got {got(threshold)}")
        threshold = 0.0
    if texts["parameter"] and texts["parameter"] not in PARAMETERS:
        hint = nearest(texts["parameter"], PARAMETERS)
        document.problem((*here, "parameter"), f"no parameter of this name is measured{hint}")
    if texts["operator"] and texts["operator"] not in _OPERATORS:
        document.problem((*here, "operator"), f'expected "<" or ">", got {got(texts["operator"])}')
    return Check(
        texts["id"],
        texts["parameter"],
        texts["operator"] == ">",
        float(threshold),
        texts["message"],
        texts["source"],
        _views(document, (*here, "views"), row.get("views")),
    )


def _text(document: Document, keypath: Keypath) -> str:
    value = document.value(keypath)
    if isinstance(value, str) and value.strip():
        return value.strip()
    document.problem(keypath, f"expected text, got {got(value)}")
    return ""


def _views(document: Document, keypath: Keypath, names: Any) -> frozenset[View]:
    """Return the views a check holds in: all when it names none."""
    if names is None:
        return frozenset().union(*VIEWS.values())
    if not isinstance(names, list) or not names:
        document.problem(keypath, f"expected a list of {', '.join(VIEWS)}, got {got(names)}")
        return frozenset()
    for place, name in enumerate(names):
        if name not in VIEWS:
            hint = nearest(name, VIEWS) if isinstance(name, str) else ""
            document.problem((*keypath, place), f"expected one of {', '.join(VIEWS)}, got {got(name)}{hint}")
    return frozenset().union(*(VIEWS[name] for name in names if name in VIEWS))
