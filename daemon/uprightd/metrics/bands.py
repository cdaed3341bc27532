"""Where a measure counts as good, borderline or poor in a summary.

A band is a yardstick that stays the same from week to week, whatever rules are in force. The poor limit is the
threshold of the shipped desk pack where that has one, so that the summary and the alerts speak of the same thing.
Sources are those of the packs: informed by the literature, conforming to no standard, and no statement about anybody's
health.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Band(IntEnum):
    GOOD = 0
    BORDERLINE = 1
    POOR = 2


@dataclass(frozen=True, slots=True)
class Bands:
    """Good lies within `good`, poor outside `poor`, borderline between the two; a limit belongs to the better band.

    Each is (lowest, highest) in the metric's unit, infinite where it has no end.
    """

    good: tuple[float, float]
    poor: tuple[float, float]
    source: str

    def __post_init__(self) -> None:
        if not self.poor[0] <= self.good[0] < self.good[1] <= self.poor[1]:
            raise ValueError(f"good must lie within what is not poor, got {self}")

    def of(self, value: float) -> Band:
        """Given a value, return the band it lies in."""
        if self.good[0] <= value <= self.good[1]:
            return Band.GOOD
        return Band.BORDERLINE if self.poor[0] <= value <= self.poor[1] else Band.POOR


def _both(good: float, poor: float, source: str) -> Bands:
    return Bands((-good, good), (-poor, poor), source)


_ANY = math.inf

BANDS: Mapping[str, Bands] = {
    "head_pitch": Bands(
        (-2.0, 20.0),
        (-5.0, 25.0),
        "within 20° as advised for phones and tablets (Ergonomics 2023); 25° and -5° as tools read ISO 11226",
    ),
    "head_roll": _both(
        5.0, 10.0, "10° of held side bend as tools read ISO 11226; half of it is ours for good"
    ),
    "head_yaw": _both(15.0, 30.0, "30° of neck twist as ROSA is described; half of it is ours for good"),
    "neck_flexion": Bands(
        (-_ANY, 45.0),
        (-_ANY, 50.0),
        "upright reads 35-40° in the picture; 50° is 10-15° past it, the desk pack's own limit",
    ),
    "neck_flexion_3d": Bands((-5.0, 20.0), (-5.0, 25.0), "0-25° as tools read ISO 11226"),
    "trunk_lean": _both(
        10.0, 20.0, "20° acceptable as tools read ISO 11226, RULA's and REBA's border too; half is ours"
    ),
    "trunk_lean_3d": _both(10.0, 20.0, "as trunk_lean"),
    "lateral_lean": _both(
        5.0, 10.0, "10° of held side bend as tools read ISO 11226; half of it is ours for good"
    ),
    "shoulder_tilt": _both(
        5.0, 10.0, "as a held side bend, the desk pack's limit; half of it is ours for good"
    ),
    "screen_distance": Bands(
        (0.87, _ANY), (0.8, _ANY), "ours: a fifth closer than calibrated, the desk pack's limit"
    ),
    "screen_distance_cm": Bands((50.0, _ANY), (40.0, _ANY), "40-75 cm as ROSA is described; 50 cm is ours"),
}
"""By metric; a metric without an entry has no bands."""
