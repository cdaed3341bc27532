"""What was measured about each metric, view and backend on clips whose truth is known (`uprightd bench accuracy`).

It says two things: how far a value is off, the ± of every reading; and whether the metric follows the truth in that
view at all. One that does not is withheld there, whatever its geometry promises.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from uprightd.domain import View, backend_family
from uprightd.metrics.model import Metric

FOLLOWS_FROM = 0.8
"""Correlation with the truth under which a metric does not follow it,"""
STRAYS_BEYOND = 15.0
"""and median error in degrees beyond which it does not either."""

FAMILIES = {View.SAGITTAL_LEFT: "sagittal", View.SAGITTAL_RIGHT: "sagittal"}
"""Both sides are one view here: a mirrored picture is as good."""
_OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One metric in one view by one backend, over all clips: root-mean-square error, lowest correlation with a truth
    that moved (None when none did), largest median error, number of frames."""

    rms: float
    correlation: float | None
    median_error: float
    n: int
    degrees: bool

    @property
    def follows(self) -> bool:
        """Whether the metric follows the truth, as far as anybody has seen."""
        if self.correlation is not None and not self.correlation >= FOLLOWS_FROM:
            return False
        return not self.degrees or self.median_error <= STRAYS_BEYOND


Measured = Mapping[tuple[str, str, str], Evidence]
"""Evidence by (backend, view family, metric)."""


def family(view: View) -> str:
    return FAMILIES.get(view, view.value)


def view_of(name: str) -> View:
    """Given a view family's name, return a view of it, the one as which the table keeps it."""
    return View.SAGITTAL_LEFT if name == "sagittal" else View(name)


def seen_as(metric: str, view: View) -> str:
    """Given a metric's name and a view, return the name under which the table keeps it.

    What counts from the side is which side is near: the right elbow seen from the right is kept as the left one
    seen from the left.
    """
    if view is not View.SAGITTAL_RIGHT:
        return metric
    side, _, part = metric.partition("_")
    return f"{_OTHER[side]}_{part}" if side in _OTHER else metric


def evidence(backend: str, view: View, metric: str, measured: Measured | None = None) -> Evidence | None:
    """Given a backend's name ("mediapipe", "sapiens2 0.4b"), a view and a metric, return what was measured (None: what
    ships); None when nobody has."""
    table = _shipped() if measured is None else measured
    return table.get((backend_family(backend), family(view), seen_as(metric, view)))


def offered(backend: str, view: View, metric: Metric, measured: Measured | None = None) -> bool:
    """Given a backend, a view and a metric, return whether it may be offered there, by what was measured (None: by what
    ships).

    Not when it was measured not to follow the truth. One that rests on a guess of depth must have been seen to
    follow it, unless nobody has measured this backend at all.
    """
    found = evidence(backend, view, metric.name, measured)
    if found is not None and not found.follows:
        return False
    table = _shipped() if measured is None else measured
    if not metric.estimated or all(key[0] != backend_family(backend) for key in table):
        return True
    return found is not None and found.correlation is not None


def measured_of(table: Mapping[str, Any]) -> Measured:
    """Given a table as `bench accuracy --write` makes it, return the evidence in it."""
    return {
        (backend, view, metric): Evidence(**entry)
        for backend, views in table["backends"].items()
        for view, metrics in views.items()
        for metric, entry in metrics.items()
    }


@cache
def _shipped() -> Measured:
    return measured_of(
        json.loads(files("uprightd.metrics").joinpath("evidence.json").read_text(encoding="utf-8"))
    )
