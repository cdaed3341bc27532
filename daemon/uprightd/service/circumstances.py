"""What goes on around the person, as far as it decides about watching and speaking."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from uprightd.config.schema import Config, Restraint
from uprightd.rules.restraint import Limits
from uprightd.surroundings.findings import Findings

QUIET_HOURS = "quiet_hours"
PAUSED_BY = {"lock": "the screen is locked", "call": "you are in a call", "battery": "on battery"}
"""Why nothing is watched, by the finding; a finding's own words may change from minute to minute."""
HELD_BY = {
    "call": "in a call",
    "sharing": "sharing the screen",
    "presentation": "showing something on the whole screen",
    "do_not_disturb": "not to be disturbed",
}
"""What the person is in the middle of, as it follows "while you were"."""


class Looking(Protocol):
    """What looks around: `surroundings.watch.Surroundings`, or a stand-in for tests."""

    def start(self) -> None: ...
    def look(self) -> Findings: ...
    def faults(self) -> list[str]: ...
    def close(self) -> None: ...


class Circumstances:
    """Answers whether to watch at all, and whether to speak. Without anything that looks around, always both."""

    def __init__(self, looking: Looking | None = None) -> None:
        self._looking = looking
        self._settings = Restraint()

    def take(self, settings: Restraint) -> None:
        """Given the settings, go by them from now on."""
        self._settings = settings

    def start(self) -> None:
        """Begin to look around."""
        if self._looking is not None:
            self._looking.start()

    def pause(self, wall: float) -> str:
        """Given the wall time, return why nothing should be watched now; "" for no reason."""
        found = self._findings()
        for name, words in PAUSED_BY.items():
            if name in self._settings.pause_during and getattr(found, name) is not None:
                return words
        local = datetime.fromtimestamp(wall)  # noqa: DTZ006 - quiet hours go by the system's own zone
        quiet = QUIET_HOURS in self._settings.pause_during and any(
            hours.holds(local) for hours in self._settings.quiet_hours
        )
        return "quiet hours" if quiet else ""

    def hold(self) -> str:
        """Return what the person is in the middle of, so that alerts are held; "" for nothing."""
        found = self._findings()
        for name, words in HELD_BY.items():
            if name in self._settings.hold_during and getattr(found, name) is not None:
                return words
        return ""

    def faults(self) -> list[str]:
        """Return what cannot be looked at, each told once."""
        return self._looking.faults() if self._looking is not None else []

    def close(self) -> None:
        """Stop looking around."""
        if self._looking is not None:
            self._looking.close()

    def _findings(self) -> Findings:
        return self._looking.look() if self._looking is not None else Findings()


def limits_of(config: Config) -> Limits:
    """Given the settings, return how much may be said, and when."""
    restraint = config.restraint
    return Limits(restraint.alerts_per_hour, restraint.quiet_hours, restraint.escalate_after)
