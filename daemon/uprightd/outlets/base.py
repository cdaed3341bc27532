"""The seam of all outlets: what they are told, and how they say that it did not work."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from uprightd.domain import Activity, Alert, Instant, Posture

TEXT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert on its way out of the program.

    error: how far its value is off as a rule, in the metric's unit; None where nobody has measured that.
    """

    alert: Alert
    error: float | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """How things stand: what the monitor does and why, and what it sees.

    posture: None while nothing is judged. rule: the rule that is being broken, "" for none. profile: the calibration
    in force, "" for none. good_today, poor_today: seconds of either posture since local midnight.
    """

    at: Instant
    activity: Activity
    reason: str = ""
    posture: Posture | None = None
    rule: str = ""
    profile: str = ""
    good_today: float = 0.0
    poor_today: float = 0.0


class OutletError(Exception):
    """Why something could not be told, in words for the person. Carries no secret."""


class Outlet(Protocol):
    """Something outside the program that is told. One thread calls all but `interrupt`."""

    @property
    def name(self) -> str:
        """What the person calls it."""
        ...

    def alert(self, alarm: Alarm) -> bool:
        """Tell of an alert; return whether this outlet has any use for one. Raise OutletError when it fails."""
        ...

    def condition(self, condition: Condition) -> bool:
        """Given how things stand, tell what is new; return whether anything was. Raise OutletError when it fails."""
        ...

    def interrupt(self) -> None:
        """Any thread may call this, once and for all: what is under way ends soon, told or not."""
        ...

    def close(self) -> None:
        """Let go of what is held. Nothing is told afterwards. Raise OutletError when that fails."""
        ...


def one_line(text: str, limit: int = TEXT_LIMIT) -> str:
    """Given any text, return it on one line that every encoding, environment and log takes, cut to `limit` characters.

    Control characters, line ends and lone surrogates become spaces.
    """
    shown = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text)
    return " ".join(shown.split())[:limit]


def utc(at: Instant) -> str:
    """Given a moment, return it as ISO 8601 in UTC, such as 2026-11-22T08:30:00.250Z."""
    return datetime.fromtimestamp(at.wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
