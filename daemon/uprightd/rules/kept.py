"""Reading back what an earlier run kept: plain JSON data that may be damaged or from another clock.

Each function returns what it was given if it is right, and raises ValueError or TypeError if it is not.
"""

from __future__ import annotations

from typing import Any

from uprightd.domain import Instant

LATEST = 1e11
"""Seconds since the epoch that every moment stays below; datetime ends soon after."""


def words(text: object) -> str:
    """Given a text, return it."""
    if not isinstance(text, str):
        raise TypeError("no text")
    return text


def sequence(data: object) -> list[Any]:
    """Given a list, return it."""
    if not isinstance(data, list):
        raise TypeError("no list")
    return data


def count(number: object) -> int:
    """Given a whole number of at least 1, return it."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ValueError("no count")
    return number


def wall(number: object) -> float:
    """Given seconds since the epoch, return them."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < LATEST:
        raise ValueError("no moment")
    return float(number)


def instant(number: object, now: Instant) -> Instant:
    """Given the wall time of something past, return when it was on this run's clocks.

    A moment of the future was kept before the wall clock was set back: it counts as now.
    """
    age = max(0.0, now.wall - wall(number))
    return Instant(now.wall - age, now.mono - age)
