"""JSON read strictly: every value of the kind and within the bounds it must have, or an error that names its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from uprightd.problems import Keypath, got, key_text, nearest, shorten

LONGEST_TEXT = 4096
LONGEST_SHOWN = 60

_NAME = re.compile("[a-z0-9_]{1,80}", re.ASCII)


class WrongError(Exception):
    """A value is not as it must be: where, and in what words."""

    def __init__(self, at: Keypath, words: str) -> None:
        super().__init__(f"{key_text(at)}: {words}" if at else words)


def expected(what: str, value: object, at: Keypath) -> WrongError:
    """Given what belongs there and what is there instead, return the error."""
    shown = got(value)
    if len(shown) > LONGEST_SHOWN:
        shown = f"{shown[: LONGEST_SHOWN - 1]}…"
    return WrongError(at, f"expected {what}, got {shown}")


def parsed(data: bytes) -> dict[str, Any]:
    """Given a file's bytes, return the block of keys they hold."""
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise WrongError((), "expected text in UTF-8") from None
    except RecursionError:
        raise WrongError((), "too many blocks within blocks") from None
    except json.JSONDecodeError as error:
        raise WrongError((), f"line {error.lineno} is no JSON ({error.msg})") from None
    except ValueError:  # from int(), of more digits than it takes
        raise WrongError((), "a number of too many digits") from None
    if not isinstance(content, dict):
        raise expected("a block of keys", content, ())
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for key, value in pairs:
        if key in block:
            raise WrongError((key,), "this key is there twice")
        block[key] = value
    return block


def _no_number(word: str) -> float:
    raise WrongError((), f"{word} is no number")


def block(value: Any, at: Keypath, keys: Sequence[str]) -> dict[str, Any]:
    """Given a value, return it as a block of exactly these keys."""
    if not isinstance(value, dict):
        raise expected("a block of keys", value, at)
    for key in value:
        if key not in keys:
            raise WrongError((*at, key), f"unknown key{nearest(key, keys)}")
    for key in keys:
        if key not in value:
            raise WrongError((*at, key), "is missing")
    return value


def by_name(value: Any, at: Keypath) -> Iterator[tuple[str, Any, Keypath]]:
    """Given a value, yield the name of each point in it, what it holds, and its place."""
    if not isinstance(value, dict):
        raise expected("a block of points by name", value, at)
    for name, item in value.items():
        if not _NAME.fullmatch(name):
            raise WrongError(at, f"expected the name of a point, got {got(shorten(name))}")
        yield name, item, (*at, name)


def whole(value: Any, at: Keypath, low: int, high: int) -> int:
    """Given a value, return it as a whole number within bounds."""
    if type(value) is not int or not low <= value <= high:
        raise expected(f"a whole number from {low} to {high}", value, at)
    return value


def number(value: Any, at: Keypath, low: float, high: float) -> float:
    """Given a value, return it as a number within bounds."""
    if type(value) not in (int, float) or not low <= value <= high:
        raise expected(f"a number from {low:g} to {high:g}", value, at)
    return float(value)


def items(value: Any, at: Keypath, count: int) -> list[Any]:
    """Given a value, return it as a list of so many."""
    if not isinstance(value, list) or len(value) != count:
        raise expected(f"a list of {count} numbers", value, at)
    return value


def text(value: Any, at: Keypath) -> str:
    """Given a value, return it as text that is more than blanks."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise expected("text", value, at)
    return value


def moment(value: Any, at: Keypath) -> str:
    """Given a value, return it as a moment in ISO 8601, UTC."""
    try:
        if isinstance(value, str) and datetime.fromisoformat(value).utcoffset() == timedelta(0):
            return value
    except ValueError:
        pass
    raise expected("a moment in UTC such as 2026-11-22T12:00:00Z", value, at)
