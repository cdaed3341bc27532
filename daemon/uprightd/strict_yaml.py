"""YAML read strictly: few types, no surprises, every key and item with its line, all problems at once.

Plain YAML 1.1 turns 22:00 into 1320, `on:` into True and 010 into 8, lets the last of two equal keys win and
unfolds aliases into millions of nodes. Here only null, true, false, whole and decimal numbers are resolved;
everything else stays the text that was written, and what is ambiguous or repeated is a problem with its line.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from uprightd.problems import Keypath, Problems, UnknownNameError, got, nearest, printable, shorten

SIZE_LIMIT = 64 * 1024
"""Bytes. A file ten times the largest sensible one; a megabyte would take seconds to read."""
DEPTH_LIMIT = 20
VALUE_LIMIT = 5_000
"""Values in one file: bounds the work on a file that is all commas."""
LARGEST_WHOLE = 2**53
"""Beyond this a whole number no longer survives being a float."""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it: thirteen times faster, the same events."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL_LOOK = re.compile(r"[-+]?0[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class _UnreadableError(Exception):
    """The rest of the file cannot be read; what is wrong has been noted."""


@dataclass(slots=True)
class Document:
    """One file as plain data, with the line of every key and item."""

    path: Path
    problems: Problems
    numbered: frozenset[str] = frozenset()
    """Names of blocks whose keys may be numbers; they stay the text that was written."""
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Keypath, int] = field(default_factory=dict)

    def line(self, keypath: Keypath) -> int:
        """Given a key path, return its line, or the line of the nearest block around it."""
        while keypath and keypath not in self.lines:
            keypath = keypath[:-1]
        return self.lines.get(keypath, 1)

    def where(self, keypath: Keypath) -> str:
        """Given a key path, return "file:line"."""
        return f"{printable(str(self.path))}:{self.line(keypath)}"

    def value(self, keypath: Keypath) -> Any:
        """Given a key path, return the value there; None where there is nothing."""
        value: Any = self.data
        for key in keypath:
            if isinstance(value, dict):
                value = value.get(key)
            else:
                value = value[int(key)] if isinstance(value, list) else None
        return value

    def problem(self, keypath: Keypath, text: str, line: int | None = None) -> None:
        """Given a key path and what is wrong there, note it."""
        file = printable(str(self.path))
        self.problems.add(file, self.line(keypath) if line is None else line, keypath, text)

    def unexpected(self, keypath: Keypath, error: ValueError) -> None:
        """Given a key path and an error whose text ends "expected ...", note it with what was found there."""
        value = self.value(keypath)
        known = error.known if isinstance(error, UnknownNameError) else ()
        hint = nearest(value, known) if isinstance(value, str) else ""
        self.problem(keypath, f"expected {error}, got {got(value)}{hint}")

    def unknown_key(self, keypath: Keypath, known: Iterable[str]) -> None:
        """Given the path of a key nobody knows and the known ones at its level, note it with the nearest."""
        names = list(known)
        hint = nearest(str(keypath[-1]), names) or f"; known here: {', '.join(names)}"
        self.problem(keypath, f"unknown key{hint}")

    def stop(self, line: int, text: str) -> NoReturn:
        """Given a line past which the file cannot be read, and why, note it and raise."""
        self.problem((), text, line)
        raise _UnreadableError


def load(path: Path, problems: Problems | None = None, numbered: frozenset[str] = frozenset()) -> Document:
    """Given a path, return the document. An empty file is an empty mapping. `numbered`: see Document.

    Problems of single values are noted in `problems`, and their values read as None, so that the caller can
    add its own and raise all at once; without a collector they are raised here. Raise ConfigError with
    everything noted so far when the file cannot be read as a whole.
    """
    document = Document(path, Problems() if problems is None else problems, numbered)
    try:
        document.data = _Builder(document, _decode(_read(document), document)).build()
    except _UnreadableError:
        document.problems.raise_any()
    if problems is None:
        document.problems.raise_any()
    return document


def _read(document: Document) -> bytes:
    """Return the bytes of a regular file within the size limit, never waiting for a FIFO or a device."""
    try:
        handle = os.open(document.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        document.stop(0, "no such file; check the path")
    except (OSError, ValueError) as error:
        document.stop(0, f"cannot be read ({getattr(error, 'strerror', None) or error})")
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            document.stop(0, f"expected a file, found {_kind(mode)}")
        with open(handle, "rb", closefd=False) as file:
            data = file.read(SIZE_LIMIT + 1)
    finally:
        os.close(handle)
    if len(data) > SIZE_LIMIT:
        document.stop(0, f"larger than {SIZE_LIMIT // 1024} KiB, the most such a file may have")
    return data


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a named pipe (FIFO)" if stat.S_ISFIFO(mode) else "a device"


def _decode(data: bytes, document: Document) -> str:
    """Return UTF-8 text without control characters, which no editor shows and no message should carry."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        document.stop(line, f"not UTF-8 text (byte 0x{data[error.start]:02x}); save the file as UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    match = _CONTROL.search(text)
    if match:
        line = text.count("\n", 0, match.start()) + 1
        document.stop(line, f"an invisible control character (U+{ord(match[0]):04X}); remove it")
    return text


class _Builder:
    """Builds plain data from parser events. Recursion goes no deeper than DEPTH_LIMIT."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._text = text
        self._events: Iterator[Any] = yaml.parse(text, Loader=_PARSER)
        self._values = 0

    def build(self) -> dict[str, Any]:
        """Return the file's one mapping; an empty file, or one of comments only, is an empty mapping."""
        try:
            data = self._document_value()
        except yaml.YAMLError as error:
            self._document.stop(*_syntax_words(error, self._text))
        if data is not None and not isinstance(data, dict):
            self._document.stop(1, f"expected lines of 'key: value', got {got(data)}")
        return data or {}

    def _document_value(self) -> Any:
        data = None
        started = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and started:
                self._document.stop(_line(event), "a second document starts here; one file holds one")
            if isinstance(event, yaml.NodeEvent):
                started = True
                data = self._value(event, ())
        return data

    def _value(self, event: Any, path: Keypath) -> Any:
        line = _line(event)
        self._document.lines.setdefault(path, line)
        self._values += 1
        if self._values > VALUE_LIMIT:
            self._document.stop(line, f"more than {VALUE_LIMIT} values, the most such a file may have")
        self._refuse_extras(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.CollectionStartEvent) and len(path) >= DEPTH_LIMIT:
            self._document.stop(line, f"nested deeper than {DEPTH_LIMIT} levels")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._value(event, (*path, len(items))))
            return items
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else None

    def _mapping(self, path: Keypath) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                self._document.stop(line, "expected a plain word as key, got a list, block or alias")
            key = event.value
            here = (*path, key)
            if key in items:
                first = self._document.line(here)
                self._document.problem(here, f"given twice, first on line {first}; keep one", line)
            else:
                self._document.lines[here] = line
                self._refuse_extras(event, here)
                if not self._may_be_key(self._scalar(event, here), path):
                    self._document.problem(here, f'expected text as key; write "{shorten(key)}" in quotes')
            items.setdefault(key, self._value(next(self._events), here))
        return items

    def _may_be_key(self, key: object, path: Keypath) -> bool:
        numbered = bool(path) and path[-1] in self._document.numbered
        return isinstance(key, str) or (numbered and type(key) in (int, float))

    def _refuse_extras(self, event: Any, path: Keypath) -> None:
        """Note aliases, anchors and tags: a file of settings says each thing once, in plain types."""
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            name = ("*" if isinstance(event, yaml.AliasEvent) else "&") + shorten(event.anchor)
            self._document.problem(path, f"{name}: aliases are not read; write the value out", _line(event))
        elif event.tag is not None:
            words = f"tag {shorten(event.tag)} is not read; write a plain value"
            self._document.problem(path, words, _line(event))

    def _scalar(self, event: yaml.ScalarEvent, path: Keypath) -> Any:
        """Return null, true, false, a number or the text as written; None, noted, where that is ambiguous."""
        try:
            return resolve(event.value) if event.implicit[0] else _clean(event.value)
        except ValueError as error:
            self._document.problem(path, str(error), _line(event))
            return None


def resolve(text: str) -> bool | int | float | str | None:
    """Given an unquoted scalar, return its value. Raise ValueError for an ambiguous or infinite number."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _WHOLE.fullmatch(text):
        if len(text) > 17 or abs(int(text)) > LARGEST_WHOLE:
            raise ValueError(f"{shorten(text)} is too large a number")
        if _OCTAL_LOOK.fullmatch(text):
            raise ValueError(f'{text} is ambiguous; write {int(text)}, or "{text}" for text')
        return int(text)
    if _DECIMAL.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(number):
            raise ValueError(f"expected a finite number, got {shorten(text)}")
        return number
    return text


def _clean(text: str) -> str:
    """Return quoted text; raise ValueError when its escapes stand for control characters."""
    match = _CONTROL.search(text)
    if match:
        raise ValueError(f"holds an invisible control character (U+{ord(match[0]):04X}); remove it")
    return text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1


_SYNTAX = (
    ("mapping values are", "a ':' where none may stand; mend the indentation, or put the text in quotes"),
    ("block scalar", "'>' and '|' start a block of text; put the value in quotes"),
    ("quoted scalar", "the quotes that open here do not close, or hold an unknown \\ escape"),
    ("flow ", "the bracket that opens here does not close; put text with brackets in quotes"),
    ("cannot start any token", "a value may not start with this character; put the text in quotes"),
    ("", "not valid YAML; mend the indentation, quotes or brackets around this line"),
)


def _syntax_words(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Given a parser's error, return the line it is about and plain words for it."""
    problem, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    said = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or error}"
    lines = text.splitlines()
    mark = opened if opened is not None and ("quoted scalar" in said or "flow " in said) else problem
    number = min(mark.line + 1 if mark is not None else 1, len(lines))
    if lines[number - 1].lstrip(" ").startswith("\t"):
        return number, "a tab in the indentation; use spaces"
    return number, next(words for sign, words in _SYNTAX if sign in said)
