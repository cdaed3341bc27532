"""Which calibrated pose is in force from moment to moment, and whether any still fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from uprightd.calibration.fit import Fit, fit_of
from uprightd.domain import View
from uprightd.metrics.reading import fitting
from uprightd.metrics.scene import Scene

LONGEST_STEP = 15.0
"""Seconds between two samples that count as watched; at the slowest pace they come 10 s apart."""
CLEARLY = 0.5
"""By how much nearer another pose is that takes the place of one that still fits. Leaning forward comes up to 0.4
nearer to a pose calibrated closer to the screen, and must not be taken for it."""
FITS_AGAIN_AFTER = 5.0
"""Seconds without a break for which a pose must fit until the camera counts as back in its place."""


class Standing(NamedTuple):
    """How the present picture stands to the calibrated poses.

    profile: the one to count from, None while there is none. drifted: whether none has fitted for long; `why` then
    says what is off, as a clause.
    """

    profile: str | None
    drifted: bool
    why: str = ""


@dataclass(slots=True)
class _Tally:
    """Watched seconds for which something was so, less those for which it was not."""

    seconds: float = 0.0
    was: bool = False

    def see(self, now: bool, step: float) -> float:
        """Given whether it is so, and the seconds since the last sample, return the tally. Only a step from one to the
        same counts."""
        if now is self.was:
            self.seconds = max(0.0, self.seconds + (step if now else -step))
        self.was = now
        return self.seconds


class Following:
    """Chooses among calibrated poses by name, and notices that none fits any more. Times are in seconds.

    The first sample takes the nearest pose. Later another one takes over when it has been clearly nearer for
    `switch_after`, and at once when the present one cannot be held against the view. When none has fitted for
    `drift_after`, the camera counts as moved, until one fits again. Only watched time counts: a gap, such as
    nobody there, neither adds nor takes away, so whoever moves the camera and comes back is noticed after
    `drift_after` in front of it. A sample that tells nothing (view unknown, shoulders hidden) changes nothing.
    """

    def __init__(self, uprights: Mapping[str, Scene], drift_after: float, switch_after: float = 10.0) -> None:
        self._drift_after, self._switch_after = drift_after, switch_after
        self.replace(uprights)

    def replace(self, uprights: Mapping[str, Scene]) -> None:
        """Given other poses, for frames of the size to come, begin anew with them."""
        self._uprights = dict(uprights)
        self._profile: str | None = None
        self._nearer: dict[str, _Tally] = {}
        self._off, self._fitted_for = _Tally(), 0.0
        self._drifted, self._why = False, ""
        self._mono: float | None = None

    def see(self, scene: Scene, mono: float) -> Standing:
        """Given the next scene and its moment, return how the picture stands to the calibrated poses."""
        if self._uprights and scene.view is not View.UNKNOWN:
            comparable = [
                name for name, upright in self._uprights.items() if fitting(upright, scene.view) is not None
            ]
            fits = {name: fit_of(scene, self._uprights[name]) for name in comparable}
            seen = {name: fit for name, fit in fits.items() if fit is not None}
            if seen:
                step = self._step(mono)
                self._choose(seen, comparable, step)
                nearest = min(seen.values(), key=lambda fit: fit.distance)
                self._judge(nearest.distance <= 1, nearest.why, step)
            elif not comparable:
                self._judge(False, f"you are {scene.view.words}, which no profile covers", self._step(mono))
        return Standing(self._profile, self._drifted, self._why if self._drifted else "")

    def _step(self, mono: float) -> float:
        """Return the watched seconds since the last sample that told something."""
        elapsed = 0.0 if self._mono is None else mono - self._mono
        self._mono = mono
        return elapsed if 0 <= elapsed <= LONGEST_STEP else 0.0

    def _choose(self, fits: Mapping[str, Fit], comparable: Sequence[str], step: float) -> None:
        """Take another pose where there is reason to. While none fits, the nearest: nothing is counted from it."""
        if self._profile not in comparable or self._drifted:
            self._take(min(fits, key=lambda name: fits[name].distance))
        present = fits.get(self._profile or "")
        if present is None:
            return
        for name, fit in fits.items():
            by = CLEARLY if present.distance <= 1 else 0.0
            nearer = fit.distance <= 1 and fit.distance < present.distance - by
            if self._nearer.setdefault(name, _Tally()).see(nearer, step) >= self._switch_after and nearer:
                self._take(name)
                return

    def _take(self, name: str) -> None:
        if name != self._profile:
            self._profile = name
            self._nearer.clear()

    def _judge(self, fits: bool, why: str, step: float) -> None:
        """Notice that nothing has fitted for long, or that something does again."""
        self._fitted_for = self._fitted_for + step if fits and not self._off.was else 0.0
        off = self._off.see(not fits, step)
        if not fits:
            self._why = why
            self._drifted = self._drifted or off >= self._drift_after
        elif self._fitted_for >= FITS_AGAIN_AFTER:
            self._off, self._drifted = _Tally(), False
