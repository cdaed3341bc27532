"""A pose model's points of a seated person from front and side, taken from the clips: fixtures/seated_points.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from uprightd.domain import View

CLIPS = ("sit_front_m", "sit_side_m")
MIDDLE = (640.0, 360.0)
"""Of the picture, in pixels."""

_TAKEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "seated_points.json").read_text(encoding="utf-8")
)
SIZE: tuple[int, int] = (_TAKEN["size"][0], _TAKEN["size"][1])


class Look(NamedTuple):
    """One picture: its second in the clip, and the points seen."""

    second: float
    places: dict[str, tuple[float, float]]


def view_of(clip: str) -> View:
    return View(_TAKEN[clip]["view"])


def looks(clip: str) -> Iterator[Look]:
    """Given a clip, yield its pictures, some three a second."""
    for index, second in enumerate(_TAKEN[clip]["seconds"]):
        yield Look(second, {name: tuple(places[index]) for name, places in _TAKEN[clip]["points"].items()})


def upright(clip: str) -> dict[str, tuple[float, float]]:
    """Given a clip, return where the points lie in its first second: the middle of three pictures."""
    first = [places[:3] for places in _TAKEN[clip]["points"].values()]
    middles = [tuple(sorted(axis)[1] for axis in zip(*places, strict=True)) for places in first]
    return dict(zip(_TAKEN[clip]["points"], middles, strict=True))
