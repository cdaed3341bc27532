"""A profile as the text of its file, and back."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from uprightd.calibration.baseline import Baseline
from uprightd.config.values import profile_name
from uprightd.domain import View
from uprightd.errors import DataError
from uprightd.metrics.geometry import Point
from uprightd.problems import Keypath, printable
from uprightd.profiles.fields import (
    WrongError,
    block,
    by_name,
    expected,
    items,
    moment,
    number,
    parsed,
    text,
    whole,
)
from uprightd.profiles.profile import Profile

SCHEMA = 1
LARGEST_SIDE = 65_535
"""Pixels."""
LARGEST_COUNT = 1_000_000
FARTHEST = 100.0
"""Metres from the hips."""
RESERVED = "auto"
"""No profile's name: in the settings it stands for the one that fits."""
AGAIN = "move it away, then make the profile anew with: uprightd calibrate"

VIEWS = tuple(view for view in View if view is not View.UNKNOWN)


def text_of(profile: Profile) -> bytes:
    """Given a profile, return what its file holds. Raise ValueError when one of its numbers is not finite."""
    content = {"schema": SCHEMA, **asdict(profile)}
    del content["path"]
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode("ascii")


def profile_of(path: Path, data: bytes) -> Profile:
    """Given a file's path and what it holds, return the profile.

    Raise DataError, which names the file and the first thing that is wrong in it, when it is damaged or of a newer
    version.
    """
    shown = printable(str(path))
    try:
        content = parsed(data)
        schema = whole(content.get("schema"), ("schema",), 1, LARGEST_COUNT)
        if schema == SCHEMA:
            return _profile(content, path)
    except WrongError as error:
        raise DataError(f"{shown}: is damaged: {error}", f"To use this name again, {AGAIN}") from None
    raise DataError(
        f"{shown}: is of version {schema}, this uprightd reads version {SCHEMA}",
        f"Use the uprightd that wrote it, or a newer one; or {AGAIN}",
    )


def _profile(content: dict[str, Any], path: Path) -> Profile:
    values = block(content, (), ("schema", "name", "camera", "made_at", "revision", "baseline"))
    return Profile(
        name=_name(values["name"], ("name",)),
        camera=text(values["camera"], ("camera",)),
        made_at=moment(values["made_at"], ("made_at",)),
        revision=whole(values["revision"], ("revision",), 1, LARGEST_COUNT),
        baseline=_baseline(values["baseline"], ("baseline",)),
        path=path,
    )


def _baseline(content: Any, at: Keypath) -> Baseline:
    keys = ("view", "size", "points", "spread", "world", "backend", "samples", "seconds")
    values = block(content, at, keys)
    at_size = (*at, "size")
    width, height = (whole(side, at_size, 1, LARGEST_SIDE) for side in items(values["size"], at_size, 2))
    points = {}
    for name, place, where in by_name(values["points"], (*at, "points")):
        x, y = items(place, where, 2)
        # Half a frame beyond its edges; what a model guesses there is no more a place than what lies farther out.
        points[name] = Point(
            number(x, where, -width / 2, 1.5 * width), number(y, where, -height / 2, 1.5 * height)
        )
    spread = {
        name: number(value, where, 0, math.hypot(width, height))
        for name, value, where in by_name(values["spread"], (*at, "spread"))
    }
    if not points or spread.keys() != points.keys():
        raise WrongError(at, "expected points, and the spread of each of them")
    return Baseline(
        view=_view(values["view"], (*at, "view")),
        size=(width, height),
        points=points,
        spread=spread,
        world={name: _place(item, where) for name, item, where in by_name(values["world"], (*at, "world"))},
        backend=text(values["backend"], (*at, "backend")),
        samples=whole(values["samples"], (*at, "samples"), 1, LARGEST_COUNT),
        seconds=number(values["seconds"], (*at, "seconds"), 0, LARGEST_COUNT),
    )


def _name(value: Any, at: Keypath) -> str:
    try:
        name = profile_name(value)
    except ValueError as error:
        raise expected(str(error), value, at) from None
    if name == RESERVED:
        raise WrongError(at, f"expected another name: {RESERVED} stands for the profile that fits")
    return name


def _place(value: Any, at: Keypath) -> tuple[float, float, float]:
    x, y, z = (number(item, at, -FARTHEST, FARTHEST) for item in items(value, at, 3))
    return x, y, z


def _view(value: Any, at: Keypath) -> View:
    if value not in VIEWS:
        raise expected(f"one of {', '.join(VIEWS)}", value, at)
    return View(value)
