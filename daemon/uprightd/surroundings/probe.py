"""The seam of all probes: what one asks, and the two ways in which it can have no answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from uprightd.surroundings.findings import Topic

Found = Mapping[Topic, str]
"""What a probe found, a reason in words for each topic; empty where it looked and found nothing."""

SLOW = 9.0
"""Seconds between two looks of a probe that costs tens of milliseconds."""

NAME_LIMIT = 40


class AbsentError(Exception):
    """What a probe asks is not on this machine. The words say what is missing."""


class UnansweredError(Exception):
    """What a probe asks is there and gives no answer. The words say who does not answer, and how."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One question about the surroundings.

    ask: return what was found. Raise AbsentError or UnansweredError. It may block for some seconds.
    every: seconds between two looks at least; 0 for one at every round.
    """

    name: str
    ask: Callable[[], Found]
    every: float = 0.0


def any_of(*ways: Callable[[], Found]) -> Found:
    """Given several ways to ask the same, return what all of them found; an earlier way's words win.

    Raise UnansweredError when one failed and none found anything, AbsentError when none of them can work here.
    """
    found: dict[Topic, str] = {}
    missing: list[str] = []
    failed: list[str] = []
    for ask in ways:
        try:
            found = {**ask(), **found}
        except AbsentError as error:
            missing.append(str(error))
        except UnansweredError as error:
            failed.append(str(error))
    if failed and not found:
        raise UnansweredError("; ".join(dict.fromkeys(failed)))
    if len(missing) == len(ways):
        raise AbsentError("; ".join(dict.fromkeys(missing)))
    return found


def spoken(name: str) -> str:
    """Given another program's name as it gives it, return it fit for a sentence: one short printable line.

    Any program chooses its own name: no control character and no mark that turns the text may come through.
    """
    shown = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(shown.split())[:NAME_LIMIT].strip() or "another program"


def listed(names: list[str]) -> str:
    """Given names of programs, return the first two different ones as part of a sentence."""
    return " and ".join(list(dict.fromkeys(names))[:2])
