"""What may stand under each key of a rule. The text of a ValueError ends the sentence "expected ..."."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from uprightd.domain import Severity, View
from uprightd.durations import parse_duration
from uprightd.problems import UnknownNameError, nearest, shorten
from uprightd.rules.model import BASELINE, DAYS, Hours, Operator

MESSAGE_FIELDS = ("value", "threshold", "held", "metric", "unit")
MESSAGE_LIMIT = 300
"""Characters. A notification shows about that much."""
POINTS_LIMIT = 20
RECOVER_LIMIT = 100.0

Readers = Mapping[str, Callable[[Any], Any]]
"""For each key of a block, what makes a value of what was written, or raises ValueError("a number")."""

_NAME = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)
_PROFILE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_TIME = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_HOURS = re.compile(rf"{_TIME}\s*[-–]\s*(?:{_TIME}|24:00)", re.ASCII)
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NUMBERS = {name: number for names in (DAYS, _FULL_DAYS) for number, name in enumerate(names)}


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    return float(value)


def positive(value: Any) -> float:
    if number(value) <= 0:
        raise ValueError("a number above 0")
    return float(value)


def some_time(value: Any) -> float:
    """Return seconds, more than none."""
    seconds = parse_duration(value)
    if seconds <= 0:
        raise ValueError("a length of time above 0, such as 90s, 10 min or 1h")
    return seconds


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("text, in quotes where it holds ':', '{' or '#'")
    return " ".join(value.split())


def name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name of a-z, 0-9, _ and -, at most 64 characters")
    return value


def rule_list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("a list of at least one rule")
    return value


def comparison(value: Any) -> Operator:
    if value not in tuple(Operator):
        raise ValueError('one of ">", ">=", "<", "<=", in quotes')
    return Operator(value)


def severity(value: Any) -> Severity:
    if value not in tuple(Severity):
        raise UnknownNameError(f"one of {', '.join(Severity)}", Severity)
    return Severity(value)


def start(value: Any) -> str:
    """Return what a threshold counts from."""
    if value != BASELINE:
        raise UnknownNameError(f"{BASELINE} (or leave it out: a threshold counts from 0)", (BASELINE,))
    return BASELINE


def views(value: Any) -> frozenset[View]:
    """Return the views of a list of their names; sagittal stands for both sides."""
    if not isinstance(value, list) or not value:
        raise ValueError(f"a list of views ({', '.join(VIEWS)})")
    found: set[View] = set()
    for each in value:
        if not isinstance(each, str) or each not in VIEWS:
            raise ValueError(f"a list of views ({', '.join(VIEWS)}){nearest(str(each), VIEWS)}")
        found |= VIEWS[each]
    return frozenset(found)


def hours(value: Any) -> tuple[Hours, ...]:
    """Return the parts of a day of "09:00-18:00", or of a list of such."""
    words = 'hours such as "09:00-18:00", or a list of such'
    written = value if isinstance(value, list) else [value]
    if not written:
        raise ValueError(words)
    return tuple(_span(each, words) for each in written)


def _span(value: Any, words: str) -> Hours:
    match = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        found = f" (found {shorten(value)})" if isinstance(value, str) else ""
        raise ValueError(words + found)
    until = 24 * 60 if match[3] is None else int(match[3]) * 60 + int(match[4])
    span = Hours(int(match[1]) * 60 + int(match[2]), until)
    if span.start == span.end:
        raise ValueError(f"hours that end at another time than they start (found {shorten(value)})")
    return span


def days(value: Any) -> frozenset[int]:
    """Return the numbers of a list of days, 0 for Monday."""
    words = f"a list of days ({', '.join(DAYS)})"
    if not isinstance(value, list) or not value:
        raise ValueError(words)
    found = set()
    for each in value:
        known = each.lower() if isinstance(each, str) else ""
        if known not in _DAY_NUMBERS:
            raise ValueError(words + nearest(str(each), _DAY_NUMBERS))
        found.add(_DAY_NUMBERS[known])
    return frozenset(found)


def confidence(value: Any) -> float:
    if not 0 <= number(value) <= 1:
        raise ValueError("a number from 0 to 1")
    return float(value)


def profile(value: Any) -> str:
    if not isinstance(value, str) or not _PROFILE.fullmatch(value):
        raise ValueError(
            "the name of a calibrated profile, of small letters, digits and -, such as sit or stand"
        )
    return value


def recovery(value: Any) -> float:
    if not 0 < number(value) <= RECOVER_LIMIT:
        raise ValueError(
            f"a number above 0, at most {RECOVER_LIMIT:g} (1: as fast as it is used at the first angle)"
        )
    return float(value)


def message(value: Any) -> str:
    """Return one line of text with known fields only, each bare: the engine rounds and adds units."""
    line = text(value)
    if len(line) > MESSAGE_LIMIT:
        raise ValueError(f"at most {MESSAGE_LIMIT} characters")
    try:
        parts = list(string.Formatter().parse(line))
    except ValueError as error:
        raise ValueError("text with fields such as {value}, and {{ or }} for a brace") from error
    fields = ", ".join(f"{{{each}}}" for each in MESSAGE_FIELDS)
    for _, field, form, conversion in parts:
        if field is not None and field not in MESSAGE_FIELDS:
            found = f"{{{shorten(field)}}}{nearest(field, MESSAGE_FIELDS)}"
            raise ValueError(f"no other field than {fields} (found {found})")
        if form or conversion:
            raise ValueError(f"{{{field}}} without a format, as it comes rounded and with its unit")
    return line


VIEWS: Mapping[str, set[View]] = {
    "sagittal": {View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT},
    **{view.value: {view} for view in View if view is not View.UNKNOWN},
}
