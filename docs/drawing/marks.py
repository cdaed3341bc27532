"""What is drawn on a mannequin: points, lines, angles, distances, and the room around it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drawing.mannequin import HEIGHT, WIDTH, Place, Spot, face_outline, number
from drawing.stage import GROUND, Mark, Stage

ACCENT, FURNITURE, QUIET = "#d4380d", "#dce1e7", "#6e7987"
UP, LEVEL = (0.0, -1.0), (-1.0, 0.0)
"""Directions in the picture that an angle can count from."""
STROKE = f'fill="none" stroke="{ACCENT}" stroke-linecap="round" stroke-linejoin="round"'
SERIF = 'font-family="Georgia,\'Times New Roman\',serif" font-style="italic" font-size="16"'
SANS = 'font-family="system-ui,sans-serif" font-size="11"'
HALO = (
    f'stroke="{GROUND}" stroke-width="3.4" stroke-linejoin="round" paint-order="stroke" text-anchor="middle"'
)

ROOM: Sequence[tuple[float, Sequence[Place]]] = (
    (3.4, ((0, -17, -37), (0, -17, -118))),
    (3.4, ((0, -16, -106), (0, 51, -106))),
    (3.0, ((0, -76, -86), (0, -40, -82))),
    (3.0, ((0, -56, -86), (0, -21, -90))),
    (2.4, ((0, -20, -98), (0, -20, -80))),
    (5.0, ((0, 12, -26), (0, 12, 14))),
    (4.0, ((0, 6, 20), (0, -36, 23))),
    (3.0, ((0, 12, 16), (0, 6, 20))),
    (3.4, ((0, 14, -6), (0, 46, -6))),
    (3.4, ((0, 49, -22), (0, 49, 10))),
)
"""Desk, screen and chair seen from the side: thickness and ends in centimetres."""


def room(stage: Stage) -> str:
    """Desk, screen and chair, for a person seen from the side."""
    return "".join(
        _path([stage.camera.sees(place)[:2] for place in places], thickness * stage.camera.scale, FURNITURE)
        for thickness, places in ROOM
    )


def desk(stage: Stage) -> str:
    """A desk that hides what is below the elbows, for a person seen from the front."""
    top = stage.camera.sees((0, -15, -40))[1]
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    return f'<rect y="{number(top)}" {size} fill="{FURNITURE}" stroke="{GROUND}" stroke-width="2"/>'


def was(stage: Stage) -> str:
    """The outline of the ghost's head over the body, where that hides it."""
    return f'<path class="was" d="{face_outline(stage.upright, stage.camera)}"/>'


def lens(at: Spot) -> Mark:
    """A camera that looks up the picture."""
    x, y = at
    body = f'<rect x="{number(x - 11)}" y="{number(y - 5)}" width="22" height="13" rx="3"/>'
    hood = f'<path d="M{number(x - 4)} {number(y - 4)}l-3 -6h14l-3 6z"/>'
    return lambda _: f'<g fill="{QUIET}">{body}{hood}</g>'


def dots(*names: str, radius: float = 4) -> Mark:
    """The points used."""
    return lambda stage: "".join(_dot(stage, name, radius) for name in names)


def pair(part: str) -> Mark:
    """A left and a right point used, and their middle."""
    return lambda stage: (
        _path([stage.spot(f"{side}_{part}") for side in ("left", "right")], 1.6)
        + "".join(_dot(stage, f"{side}_{part}", 3) for side in ("left", "right"))
        + _dot(stage, part, 4)
    )


def line(*names: str) -> Mark:
    """A line through points."""
    return lambda stage: _path([stage.spot(name) for name in names], 2.6)


def dashed(*names: str) -> Mark:
    """A dashed line through points: where something was, or what it is measured against."""
    return lambda stage: _path([stage.spot(name) for name in names], 1.5, dashes="4 4")


def onwards(first: str, second: str, reach: float) -> Mark:
    """A dashed line from a point through another, so many centimetres long."""

    def drawn(stage: Stage) -> str:
        start = stage.place(first)
        way = _way(start, stage.place(second))
        x, y, z = (start[axis] + reach * way[axis] for axis in range(3))
        return _path([stage.spot(second), stage.camera.sees((x, y, z))[:2]], 1.5, dashes="4 4")

    return drawn


def vertical(name: str, up: float, down: float = 0) -> Mark:
    """A dashed vertical through a point, so many pixels up and down."""
    return lambda stage: _reference(stage.spot(name), (0, -up), (0, down))


def level(name: str, left: float, right: float) -> Mark:
    """A dashed horizontal through a point, so many pixels to the left and to the right."""
    return lambda stage: _reference(stage.spot(name), (-left, 0), (right, 0))


def angle(
    at: str, first: str | Spot, second: str | Spot, radius: float, name: str = "θ", label: Spot = (0, 0)
) -> Mark:
    """An arc about a point, from one point or direction to another, in the picture; radius in pixels.

    Its name stands outside the arc's middle, moved by `label`.
    """

    def drawn(stage: Stage) -> str:
        centre = stage.spot(at)
        a, b = (_way(centre, stage.spot(end)) if isinstance(end, str) else end for end in (first, second))
        arc = [_moved(centre, way, radius) for way in _swept(a, b)]
        return _path(arc, 1.8) + _text(_moved(_moved(centre, _swept(a, b, 2)[1], radius + 12), label), name)

    return drawn


def angle_in_space(
    at: str, first: str, second: str, radius: float, name: str = "θ", beyond: bool = False
) -> Mark:
    """The same in space, between two points; radius in centimetres. beyond: from the line that leads on from the
    first, instead of from the one towards it."""

    def drawn(stage: Stage) -> str:
        centre = stage.place(at)
        a, b = (_way(centre, stage.place(end)) for end in (first, second))
        a = tuple(-part for part in a) if beyond else a

        def seen(way: Sequence[float], reach: float) -> Spot:
            x, y, z = (centre[axis] + reach * way[axis] for axis in range(3))
            return stage.camera.sees((x, y, z))[:2]

        arc = [seen(way, radius) for way in _swept(a, b)]
        return _path(arc, 1.8) + _text(seen(_swept(a, b, 2)[1], radius + 12 / stage.camera.scale), name)

    return drawn


def distance(
    first: str | Spot, second: str | Spot, name: str, shift: Spot = (0, 0), label: Spot = (0, -11)
) -> Mark:
    """A double arrow from point to point, moved aside by a shift, with its name beside the middle."""

    def drawn(stage: Stage) -> str:
        a, b = (_moved(stage.spot(end), shift) for end in (first, second))
        middle = ((a[0] + b[0]) / 2 + label[0], (a[1] + b[1]) / 2 + label[1])
        return _path([a, b], 1.6) + _head(a, b) + _head(b, a) + _text(middle, name)

    return drawn


def sideways(first: str, second: str, name: str, y: float, label: Spot = (0, -11)) -> Mark:
    """How far apart two points are from left to right, at a height in the picture."""
    return lambda stage: distance((stage.spot(first)[0], y), (stage.spot(second)[0], y), name, label=label)(
        stage
    )


def upwards(first: str, second: str, name: str, x: float, label: Spot = (10, 5)) -> Mark:
    """How far apart two points are from top to bottom, so far from the picture's left."""
    return lambda stage: distance((x, stage.spot(first)[1]), (x, stage.spot(second)[1]), name, label=label)(
        stage
    )


def movement(first: str, second: str, shift: Spot = (0, 0)) -> Mark:
    """An arrow from point to point."""

    def drawn(stage: Stage) -> str:
        a, b = (_moved(stage.spot(end), shift) for end in (first, second))
        return _path([a, b], 2.2) + _head(a, b)

    return drawn


def sides(left: str, right: str, shift: Spot = (0, 0)) -> Mark:
    """R and L beside points: whose right and left it is."""
    return lambda stage: "".join(
        f'<text x="{number(x)}" y="{number(y)}" {SANS} fill="{QUIET}" {HALO}>{letter}</text>'
        for letter, at, sign in (("L", left, 1), ("R", right, -1))
        for x, y in [_moved(stage.spot(at), (sign * shift[0], shift[1]))]
    )


def plane(*corners: Place) -> Mark:
    """A pale plane in space."""
    return lambda stage: (
        f'<path fill="{ACCENT}" fill-opacity=".09" stroke="{ACCENT}" stroke-opacity=".35" stroke-width="1" d="'
        f'{_data([stage.camera.sees(corner)[:2] for corner in corners])}Z"/>'
    )


def _reference(at: Spot, *ways: Spot) -> str:
    return _path([_moved(at, way) for way in ways], 1.5, dashes="4 4")


def _dot(stage: Stage, name: str, radius: float) -> str:
    x, y = stage.spot(name)
    return (
        f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{ACCENT}" stroke="{GROUND}"'
        f' stroke-width="{number(radius / 3)}" data-point="{name}"/>'
    )


def _path(spots: Sequence[Spot], width: float, colour: str = ACCENT, dashes: str = "") -> str:
    style = STROKE.replace(ACCENT, colour) + (f' stroke-dasharray="{dashes}"' if dashes else "")
    return f'<path {style} stroke-width="{number(width)}" d="{_data(spots)}"/>'


def _data(spots: Sequence[Spot]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in spots)


def _head(start: Spot, end: Spot) -> str:
    x, y = _way(start, end)
    reach = min(6.5, math.dist(start, end) / 3)
    wings = [_moved(end, (-x - side * y * 0.55, -y + side * x * 0.55), reach) for side in (1, -1)]
    return _path([wings[0], end, wings[1]], 1.6)


def _text(at: Spot, words: str) -> str:
    return (
        f'<text x="{number(at[0])}" y="{number(at[1] + 5)}" {SERIF} fill="{ACCENT}" {HALO}>{words}</text>'
        if words
        else ""
    )


def _moved(at: Spot, way: Sequence[float], reach: float = 1.0) -> Spot:
    return at[0] + reach * way[0], at[1] + reach * way[1]


def _way(start: Sequence[float], end: Sequence[float]) -> tuple[float, ...]:
    """The direction from one place or spot to another, of length 1."""
    length = math.dist(start, end)
    return tuple((b - a) / length for a, b in zip(start, end, strict=True))


def _swept(first: Sequence[float], second: Sequence[float], steps: int = 16) -> list[tuple[float, ...]]:
    """Directions from one to another on the shorter way round."""
    whole = math.acos(max(-1.0, min(1.0, sum(a * b for a, b in zip(first, second, strict=True)))))
    shares = [step / steps for step in range(steps + 1)]
    return [
        tuple(
            (a * math.sin((1 - share) * whole) + b * math.sin(share * whole)) / math.sin(whole)
            for a, b in zip(first, second, strict=True)
        )
        for share in shares
    ]
