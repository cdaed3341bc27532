"""How parameters are named and written for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from uprightd.gait.catalogue import PARAMETERS

UNITS = {"deg": "°", "percent": "%"}
PLACES = {"s": 3, "m": 3, "m/s": 2, "°": 1, "deg": 1, "%": 1, "percent": 1, "steps/min": 1}
SIDES = ("left", "right")
FIRST = (
    "cadence",
    "speed",
    "stride_length",
    "stride_time",
    "step_length",
    "step_time",
    "stance",
    "swing",
    "double_support",
)


def title(name: str) -> str:
    """Given a parameter's name, without its side where it has both, return it in words."""
    return PARAMETERS[name].label if name in PARAMETERS else name.replace("_", " ")


def number(value: float | None, unit: str, signed: bool = False) -> str:
    """Given a value and its unit, return it with the places that mean something; an en dash for None."""
    if value is None:
        return "–"
    return f"{value:{'+' if signed else ''}.{PLACES.get(unit, 3)}f}"


def unit_words(unit: str) -> str:
    """Given a unit, return it as it stands behind a number."""
    return UNITS.get(unit, unit)


class Row(NamedTuple):
    """A line of a table: what it is, its whole, and its left and right; None where there is none of that."""

    title: str
    whole: Mapping[str, Any] | None
    left: Mapping[str, Any] | None
    right: Mapping[str, Any] | None

    @property
    def all(self) -> list[Mapping[str, Any]]:
        return [it for it in (self.whole, self.left, self.right) if it is not None]

    @property
    def refused(self) -> str | None:
        """Why there is no value at all; None where there is one."""
        return None if any(it["value"] is not None for it in self.all) else str(self.all[0]["reason"])

    @property
    def main(self) -> Mapping[str, Any]:
        """The one that SD, MDC and unit are shown of."""
        return next((it for it in self.all if it["value"] is not None), self.all[0])


def rows(parameters: Mapping[str, Any]) -> list[Row]:
    """Given the parameters of gait.json, return their table, sides beside the whole; what people ask for first."""
    stems: dict[str, dict[str, Any]] = {}
    for name, it in parameters.items():
        stem, side = name, "whole"
        for suffix in SIDES:
            if name.endswith(f"_{suffix}"):
                stem, side = name.removesuffix(f"_{suffix}"), suffix
        stems.setdefault(stem, {})[side] = it
    order = sorted(stems, key=lambda stem: FIRST.index(stem) if stem in FIRST else len(FIRST))
    return [Row(title(stem), *(stems[stem].get(side) for side in ("whole", *SIDES))) for stem in order]
