"""Which pictures of a source may be judged: not the old, not the dark, and not another camera's."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from uprightd.camera.light import Light

STALE = 0.25
"""Age in seconds at which a live picture that was asked for earlier is no longer the newest."""
NEARLY = 1e-6


class Verdict(Enum):
    GOOD = "good"
    OLD = "old"
    """Ask for another one."""
    DARK = "dark"
    """Nothing to see in it."""
    FOREIGN = "foreign"
    """Another camera took it."""


class Look(NamedTuple):
    """What a picture looks like from outside: size and camera name tell one camera from another."""

    width: int
    height: int
    device: str = ""

    def __str__(self) -> str:
        return f"{self.device} {self.width}x{self.height}".strip()


class Screening:
    """Looks at each picture of one source before anybody judges it."""

    def __init__(self, live: bool, dark_after: int) -> None:
        self._live = live
        self._dark_after = dark_after
        self._dark_in_row = 0
        self._refused_as_stale = False
        self._shown_up_to = float("-inf")
        self.first_look: Look | None = None

    @property
    def dark(self) -> bool:
        """Whether enough dark pictures have come in a row to say so."""
        return self._dark_in_row >= self._dark_after

    def restart(self) -> None:
        """Count dark pictures anew: the source was opened again."""
        self._dark_in_row = 0

    def of_file(self, position: float, light: Light, not_before: float | None) -> Verdict:
        """Given the position of a file's frame, its light and the position asked for, return the verdict.

        A frame at or before the last one is old: after a restart, time must not run backwards.
        """
        if position <= self._shown_up_to or (not_before is not None and position < not_before - NEARLY):
            return Verdict.OLD
        self._shown_up_to = position
        return self._by_light(light)

    def of_live(self, look: Look, light: Light, age: float, asked_earlier: bool) -> Verdict:
        """Given a live picture's look, light, age in seconds and whether an earlier poll asked for it, return
        the verdict. Not two in a row are refused as old, so that a slow reader gets some."""
        if asked_earlier and age > STALE and not self._refused_as_stale:
            self._refused_as_stale = True
            return Verdict.OLD
        self._refused_as_stale = False
        if self.first_look is None:
            self.first_look = look
        elif look != self.first_look:
            return Verdict.FOREIGN
        return self._by_light(light)

    def _by_light(self, light: Light) -> Verdict:
        if light.blank:
            self._dark_in_row += 1
            return Verdict.DARK
        self._dark_in_row = 0
        return Verdict.GOOD
