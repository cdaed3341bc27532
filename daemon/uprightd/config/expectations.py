"""What may stand at a key, in words, read from the schema itself so that an error never disagrees with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from uprightd.config.schema import Config
from uprightd.config.values import Expected
from uprightd.durations import duration_text
from uprightd.problems import Keypath

TEXT = "text, in quotes where it holds ':' or '#'"


def expected(keypath: Keypath) -> str:
    """Given the path of a key, return what may stand there: "a number from 0.1 to 5"."""
    if isinstance(keypath[-1], int):
        known = choices(keypath)
        return f"one of {', '.join(known)}" if known else TEXT
    return _words(_field(keypath))


def choices(keypath: Keypath) -> tuple[str, ...]:
    """Given the path of a key, return the words it may hold; nothing when it holds no fixed word."""
    if isinstance(keypath[-1], int):  # an item of a list
        kind = get_args(_field(keypath[:-1]).annotation)[0]
    else:
        kind = _field(keypath).annotation
    return tuple(choice for choice in get_args(kind) if isinstance(choice, str))


def keys_of(keypath: Keypath) -> tuple[str, ...]:
    """Given the path of a block, return the keys it knows."""
    return tuple(_block(keypath).model_fields)


def _block(keypath: Keypath) -> type[BaseModel]:
    block: type[BaseModel] = Config
    for key in keypath:
        kind = block.model_fields[str(key)].annotation
        assert isinstance(kind, type)
        assert issubclass(kind, BaseModel)
        block = kind
    return block


def _field(keypath: Keypath) -> FieldInfo:
    return _block(keypath[:-1]).model_fields[str(keypath[-1])]


def _words(field: FieldInfo) -> str:
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"a block of keys ({', '.join(kind.model_fields)})"
    if kind is bool:
        return "true or false"
    if kind is str:
        return TEXT
    if kind is int:
        return "a whole number" + _bounds(field, str)
    if kind is float:
        marked = [mark.words for mark in field.metadata if isinstance(mark, Expected)]
        if marked:
            return marked[0].format(bounds=_bounds(field, duration_text))
        return "a number" + _bounds(field, str)
    if all(isinstance(choice, str) for choice in get_args(kind)):
        return f"one of {', '.join(get_args(kind))}"
    return "a list such as [a, b]"


def _bounds(field: FieldInfo, text: Callable[[Any], str]) -> str:
    """Return " from 0.1 to 5". Every number among the settings has both bounds."""
    low = next(mark.ge for mark in field.metadata if isinstance(mark, Ge))
    high = next(mark.le for mark in field.metadata if isinstance(mark, Le))
    return f" from {text(low)} to {text(high)}"
