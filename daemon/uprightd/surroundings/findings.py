"""What is known about the surroundings, and how long something must hold to count."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

BEGIN = 5.0
"""Seconds something must hold before it counts: a microphone blinks when a page asks which ones there are."""
END = 10.0
"""Seconds it must be gone before it counts as gone: a call that reconnects is still the same call."""


class Topic(StrEnum):
    """What can be found; the names of the fields of `Findings`."""

    LOCK = "lock"
    CALL = "call"
    SHARING = "sharing"
    PRESENTATION = "presentation"
    DO_NOT_DISTURB = "do_not_disturb"
    BATTERY = "battery"


@dataclass(frozen=True, slots=True)
class Findings:
    """For each topic a short reason in words, as in "the screen is locked"; None where there is none."""

    lock: str | None = None
    call: str | None = None
    sharing: str | None = None
    presentation: str | None = None
    do_not_disturb: str | None = None
    battery: str | None = None


class Steadiness:
    """One finding over time: it begins after it held for BEGIN seconds and ends after END seconds without it."""

    def __init__(self) -> None:
        self._held: str | None = None
        self._changing_since: float | None = None

    def see(self, words: str | None, mono: float) -> str | None:
        """Given what was seen at a monotonic time (None: nothing), return what counts: the newest words, or None.

        One look that says otherwise starts the wait anew, in both directions.
        """
        if (words is None) == (self._held is None):
            self._changing_since = None
            self._held = words
            return words
        if self._changing_since is None:
            self._changing_since = mono
        if mono - self._changing_since >= (END if words is None else BEGIN):
            self._changing_since = None
            self._held = words
        return self._held
