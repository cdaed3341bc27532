"""How sure a number of gait is: its error, and the smallest change between two recordings that is more than noise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from uprightd.gait.model import Parameter, Scale

FEWEST_STEPS = 4
"""Footsteps a walk should have (van Bloemendaal et al. 2019)."""
CONFIDENT = 1.96 * math.sqrt(2)
"""Minimal detectable change over standard error of measurement, at 95 % between two recordings."""
UNSEEN = "not seen whole in this recording"


@dataclass(frozen=True, slots=True)
class Precision:
    """single: rms of one value. least: the smallest change that may be claimed, however many values. systematic: rms
    of what is wrong in all values alike; it cancels from a change between recordings but for `repeat`."""

    single: float
    least: float
    systematic: float = 0.0
    repeat: float = 0.0

    def scaled(self, factor: float) -> Precision:
        """Given a factor, return the precision of a quantity that many times as large."""
        return Precision(*(factor * it for it in (self.single, self.least, self.systematic, self.repeat)))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the numbers rest on. event_error: rms of an event, seconds. scale: None where there is none. spatial: why
    there are no lengths, None where there are. offs: why there are no stance times. spread: why there is no
    variability. lateral: relative error which a path that is not quite across the picture adds to lengths."""

    event_error: float
    scale: Scale | None
    spatial: str | None = None
    offs: str | None = None
    spread: str | None = None
    lateral: float = 0.0


def refused(name: str, unit: str, reason: str, count: int = 0) -> Parameter:
    """Given a parameter's name and unit and why it has no value, return it."""
    return Parameter(name, None, None, None, None, unit, reason, count)


def mean_of(
    name: str, unit: str, values: Iterable[float | None], precision: Precision, reason: str | None = None
) -> Parameter:
    """Given a parameter's name, unit, values (None where unknown) and their precision, return their mean with spread,
    error and minimal detectable change; with a `reason` against it that reason."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if reason is not None or not known:
        return refused(name, unit, reason or UNSEEN, len(known))
    count = len(known)
    sd = float(np.std(known, ddof=1)) if count > 1 else None
    measured = precision.single / math.sqrt(count)
    varied = max(sd or 0.0, precision.single) / math.sqrt(count)
    return Parameter(
        name,
        float(np.mean(known)),
        sd,
        max(CONFIDENT * math.hypot(varied, precision.repeat), precision.least),
        math.hypot(measured, precision.systematic),
        unit,
        None,
        count,
    )
