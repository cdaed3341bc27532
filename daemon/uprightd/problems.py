"""What is wrong in a file, said in the words of its author: key paths, values, nearest names, all at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from uprightd.errors import ConfigError

LISTED_LIMIT = 25
"""Problems shown before the rest is only counted."""

Keypath = tuple[str | int, ...]


def key_text(keypath: Keypath) -> str:
    """Given a key path, return it as a person writes it: rules[0].threshold."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{shorten(part)}" for part in keypath)
    return "".join(parts).removeprefix(".")


def shorten(text: str) -> str:
    """Given text from a file, return it fit for one line of an error: printable and at most 40 characters."""
    return printable(text) if len(text) <= 40 else printable(text[:39]) + "…"


def printable(text: str) -> str:
    """Given text, return it without line breaks and what else could confuse a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def got(value: object) -> str:
    """Given a value from a file, return it in words for "expected ..., got ..."."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a block of keys"
    if isinstance(value, list):
        return "a list"
    return json.dumps(shorten(value) if isinstance(value, str) else value, ensure_ascii=False)


def nearest(name: str, known: Iterable[str]) -> str:
    """Given a misspelled name and the known ones, return the hint "; did you mean 'fps'?", or nothing."""
    import difflib

    close = difflib.get_close_matches(name[:64].lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


class UnknownNameError(ValueError):
    """A value is none of the known names, which it carries for the hint."""

    def __init__(self, words: str, known: Iterable[str]) -> None:
        super().__init__(words)
        self.known = tuple(known)


@dataclass(slots=True)
class Problems:
    """Collects what is wrong in one or several files, one line each; of one key, only the first problem.

    hint: what to do next, said once under all of them.
    """

    hint: str = ""
    _lines: dict[tuple[str, Keypath], tuple[int, str]] = field(default_factory=dict)
    _files: dict[str, int] = field(default_factory=dict)
    _more: int = 0

    def add(self, file: str, line: int, keypath: Keypath, text: str) -> None:
        """Given where and what, note it. Line 0 stands for the file as a whole."""
        if (file, keypath) in self._lines:
            return
        if len(self._lines) >= LISTED_LIMIT:
            self._more += 1
            return
        self._files.setdefault(file, len(self._files))
        self._lines[file, keypath] = (line, text)

    def __len__(self) -> int:
        return len(self._lines) + self._more

    def __iter__(self) -> Iterator[str]:
        """Yield each problem as "file:line: key.path: what", by file and line."""
        order = sorted(self._lines, key=lambda place: (self._files[place[0]], self._lines[place][0]))
        for file, keypath in order:
            line, text = self._lines[file, keypath]
            yield ": ".join(filter(None, (f"{file}:{line}" if line else file, key_text(keypath), text)))
        if self._more:
            yield f"… and {self._more} more"

    def raise_any(self) -> None:
        """Raise ConfigError with every problem noted so far, or do nothing when there is none."""
        if self:
            raise ConfigError("\n".join(self), self.hint)
