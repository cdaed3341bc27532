"""Smoothing a live value: steady while the person is, quick when they move.

The One-Euro filter: G. Casiez, N. Roussel, D. Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy
Input in Interactive Systems", CHI 2012, doi 10.1145/2207676.2208639. With the time T since the last value:

    speed   dx = (x − x̂) / T               smoothed:  dx̂ += α(derivative_cutoff) · (dx − dx̂)
    cutoff  f = min_cutoff + beta · |dx̂|   smoothed:  x̂ += α(f) · (x − x̂)
    α(f) = T / (T + 1 / (2π f))

α lies in 0–1, so the output never leaves the range of the values seen. What is smoothed is for the eye and for limits;
the raw value stays where it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from uprightd.domain import Value

MIN_CUTOFF = 0.05
"""Hz. At one value a second, the scatter of a person who sits still is halved (sd 2° becomes 1°; 0.7° at five)."""
BETA = 0.02
"""Hz per °/s. At 35°/s the cutoff is near 0.75 Hz: after 35° in one second 8° at most are left, 3° a second later."""
DERIVATIVE_CUTOFF = 0.5
"""Hz. Lower follows later, higher takes the scatter of quick samples for movement."""
FORGET_AFTER = 5.0
"""Seconds without a value after which the next one is a new beginning."""


@dataclass(slots=True)
class OneEuro:
    """One filter for one value. Cutoffs in Hz, `beta` in Hz per (unit of the value per second)."""

    min_cutoff: float = MIN_CUTOFF
    beta: float = BETA
    derivative_cutoff: float = DERIVATIVE_CUTOFF
    _smooth: float = field(default=math.nan, init=False)
    _speed: float = field(default=0.0, init=False)
    _mono: float = field(default=-math.inf, init=False)

    def see(self, value: float, mono: float) -> float:
        """Given a value and its moment in seconds, return it smoothed; NaN when it is not finite.

        The values need not come evenly. A value that is not finite changes nothing; after FORGET_AFTER seconds
        without one, or when time goes back, the filter begins anew; a second value of one moment is passed over.
        """
        if not math.isfinite(value):
            return math.nan
        elapsed = mono - self._mono
        if not 0 <= elapsed <= FORGET_AFTER:
            self._smooth, self._speed, self._mono = value, 0.0, mono
        elif elapsed > 0:
            self._follow(value, elapsed)
            self._mono = mono
        return self._smooth

    def _follow(self, value: float, elapsed: float) -> None:
        speed = (value - self._smooth) / elapsed
        self._speed += _weight(self.derivative_cutoff, elapsed) * (speed - self._speed)
        cutoff = self.min_cutoff + self.beta * abs(self._speed)
        self._smooth += _weight(cutoff, elapsed) * (value - self._smooth)


class Smoother:
    """One filter for each metric, by name."""

    def __init__(self, scales: Mapping[str, float] | None = None) -> None:
        """Given how much of a metric weighs as much as one degree does (0.01 for a ratio, say), smooth each alike.

        A metric that is not named counts as one in degrees. Raise ValueError for a scale that is not above 0.
        """
        self._scales = dict(scales or {})
        for name, scale in self._scales.items():
            if not (math.isfinite(scale) and scale > 0):
                raise ValueError(f"the scale of {name} is a number above 0, got {scale}")
        self._filters: dict[str, OneEuro] = {}

    def see(self, values: Mapping[str, Value], mono: float) -> dict[str, float]:
        """Given one frame's values and its moment in seconds, return the known ones smoothed, by name."""
        return {
            name: self._filter(name).see(value.number, mono) for name, value in values.items() if value.known
        }

    def forget(self) -> None:
        """Begin anew: the next values are another person's, or come from another view or calibration."""
        self._filters.clear()

    def _filter(self, name: str) -> OneEuro:
        if name not in self._filters:
            self._filters[name] = OneEuro(beta=BETA / self._scales.get(name, 1.0))
        return self._filters[name]


def _weight(cutoff: float, elapsed: float) -> float:
    """Return α: the share of a new value that a first-order low-pass of this cutoff takes, 0–1."""
    return elapsed / (elapsed + 1 / (2 * math.pi * cutoff))
