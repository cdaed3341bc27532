"""Text from rules and files, made fit to be shown: plain, printable and short."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"

HIDDEN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories that never reach a notification: a NUL or a lone surrogate breaks the D-Bus message."""

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of the text after them, so that it could read as something else."""


def plain(text: str, limit: int) -> str:
    """Given any text, return it on one line without control characters, cut to `limit` characters.

    Every run of white space and control characters becomes one space; a cut text ends in "…".
    """
    shown = "".join(" " if unicodedata.category(c) in HIDDEN else c for c in text if c not in TURNING)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + ELLIPSIS


def escape_markup(text: str) -> str:
    """Given plain text, return the notification specification's markup that shows the same characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
