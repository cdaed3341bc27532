"""Which state the monitor is in, and why. One place decides, from what the parts report."""

from __future__ import annotations

from dataclasses import dataclass

from uprightd.domain import Activity, MonitorState, Posture

SETTLE = 3.0
"""Seconds that nobody, or nothing reliable, must be seen for before the state says so; coming back is at once."""

SEVERAL = "several people in view, the largest and most central is followed"

MOVED = MonitorState(Activity.UNCALIBRATED, "camera moved?")

_WORDS = {
    Posture.AWAY: (Activity.AWAY, "nobody in view"),
    Posture.UNRELIABLE: (Activity.UNRELIABLE, "no rule's measure can be read in this view"),
}


@dataclass(slots=True)
class ActivityTracker:
    """Turns postures and faults into the monitor's state.

    Faults outrank what is seen: paused over degraded over away, uncalibrated, unreliable and watching.
    """

    _posture: Posture | None = None
    _posture_since: float = 0.0
    _lost_at: float | None = None
    _seen: MonitorState | None = None
    paused: str = ""
    camera: str = ""
    model: str = ""
    store: str = ""
    drifted: bool = False
    """Whether the picture no longer fits the calibrated pose."""

    def see(self, posture: Posture, mono: float, people: int = 1) -> None:
        """Given a sample's posture, its monotonic time and how many people were seen, follow it."""
        if posture is not self._posture:
            self._posture, self._posture_since = posture, mono
        if posture not in _WORDS:
            self._lost_at = None
            self._seen = MonitorState(Activity.WATCHING, "someone in view" if people < 2 else SEVERAL)
            return
        if self._lost_at is None:
            self._lost_at = mono
        # Away and unreliable by turns is not being watched either; between the two, one must last.
        watching = self._seen is not None and self._seen.activity is Activity.WATCHING
        since = self._lost_at if watching else self._posture_since
        if self._seen is None or mono - since >= SETTLE:
            self._seen = MonitorState(*_WORDS[posture])

    def forget_seen(self) -> None:
        """What was seen before a pause, a sleep or a fault says nothing about now."""
        self._posture = self._lost_at = self._seen = None

    @property
    def state(self) -> MonitorState | None:
        """The state now; None until there is a first sample or a fault."""
        if self.paused:
            return MonitorState(Activity.PAUSED, self.paused)
        for part, fault in (("camera", self.camera), ("model", self.model), ("log", self.store)):
            if fault:
                return MonitorState(Activity.DEGRADED, f"{part}: {fault}")
        if self.drifted and self._seen is not None and self._seen.activity is not Activity.AWAY:
            return MOVED
        return self._seen
