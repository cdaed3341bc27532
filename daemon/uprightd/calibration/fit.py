"""How the present picture lies against the calibrated one: has the camera been moved, or only the person?

A moved camera turns, shifts and enlarges all parts of the body alike, a posture some of them. So only what the parts
have in common is the picture's: with the head turned by 9° and the shoulders by 2° it is turned by hardly more than
2°, with one to each side not at all. Where a posture moves all parts alike, more is asked:

- Leaning to the side turns head and shoulders, but about the hips; a camera turns them about the picture's centre.
  The shoulders' place tells which.
- From the side, leaning forward turns trunk and head, so the thigh must have turned with one of them.
- Turning away on the chair narrows head and shoulders, but leaves the neck as long as it was.

What cannot be told apart stays a posture: a camera turned while somebody seen from the side leans with the head in
line, or one moved back by as much as they lean towards it, shows when they sit up.

The limits were set on drawn bodies and on a pose model's points of a seated person, from the front and from the side
(neck bent by 35°, trunk leaning forward by 15°), as they are and turned, shifted and enlarged: see the tests.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from uprightd.domain import View
from uprightd.metrics.geometry import SHORTEST
from uprightd.metrics.model import HIPS, SAGITTAL, SHOULDERS
from uprightd.metrics.reading import fitting
from uprightd.metrics.scene import Points, Scene
from uprightd.metrics.views import NECK_PER_SHOULDER_WIDTH, TORSO_PER_SHOULDER_WIDTH

TURNED = 6.5
"""Degrees: a camera turned by 8° passes it although each part scatters by 2°."""
MOVED = 0.45
"""Shoulder widths, about 17 cm. Leaning to the side by 10° moves the shoulders by 0.25, sitting slumped by 0.2."""
LARGER = math.log(1.28)
"""As a logarithm. Leaning forward by 15° at 65 cm from the camera enlarges shoulders by 1.22, the face by 1.3."""

TURN_SLACK, SIZE_SLACK = 1.5, 0.03
"""By how much, in degrees and as a logarithm, a part may fall short of the others by scatter alone."""
TURN_ALIKE, SIZE_ALIKE = 5.0, 0.12
"""By how much parts may differ and still count as changed alike. Leaning towards the camera, the face grows by more."""
LEGS_ALIKE = 3.5
"""Likewise for lines seen from the side, against the thigh. More would take a lean of 10° for a turn: a pose model then
has the thigh turn by 5°."""
LEAN_FROM = 0.5
"""Share of the way from where a turned camera would show the shoulders to where a lean would put them."""

FACING_LINES = {
    "ears": ("left_ear", "right_ear"),
    "eyes": ("left_eye", "right_eye"),
    "shoulders": SHOULDERS,
    "hips": HIPS,
    "neck": ("shoulder", "ear"),
}
SIDEWAYS_LINES = {
    "head": ("ear", "nose"),
    "trunk": ("hip", "shoulder"),
    "neck": ("shoulder", "ear"),
    "thigh": ("hip", "knee"),
    "shank": ("knee", "ankle"),
}
"""Lines of the body that show how large it is and how it is turned, by their ends."""
MIDDLES = ("ear", "shoulder", "hip", "knee", "ankle")

Places = Mapping[str, complex]
"""Points as x + iy in pixels: multiplying by s·exp(iφ) enlarges by s and turns by φ, clockwise on the screen."""


class Change(NamedTuple):
    """What became of a part: by how much it is larger, as a logarithm, and turned, in degrees clockwise."""

    size: float
    turn: float


@dataclass(frozen=True, slots=True)
class Fit:
    """How the picture lies against the calibrated one.

    scale: how many times larger the person appears. shift: how far they are moved, in shoulder widths. roll: by how
    many degrees the picture is turned, positive clockwise.
    """

    scale: float
    shift: float
    roll: float

    @property
    def distance(self) -> float:
        """0 when nothing has moved, 1 at the limit: beyond it the calibrated pose does not fit."""
        return max(abs(self.roll) / TURNED, self.shift / MOVED, abs(math.log(self.scale)) / LARGER)

    @property
    def why(self) -> str:
        """What is off most, as a clause."""
        if self.distance == abs(self.roll) / TURNED:
            return f"the picture is turned by {abs(self.roll):.0f}°"
        if self.distance == self.shift / MOVED:
            return f"you have moved by {self.shift:.1f} shoulder widths"
        return f"you are {abs(self.scale - 1):.0%} {'larger' if self.scale > 1 else 'smaller'}"


class _Picture(NamedTuple):
    """A picture that is enlarged by a factor given as a logarithm and turned clockwise by degrees, about its centre."""

    centre: complex
    growth: float
    roll: float

    def shows(self, place: complex) -> complex:
        """Given a place of the upright picture, return where it lies in this one."""
        return self.centre + (place - self.centre) * cmath.rect(
            math.exp(self.growth), math.radians(self.roll)
        )

    def away(self, now: complex, then: complex) -> float:
        """Return how far a place is from where it was, in pixels of the upright picture: from where this picture shows
        it, or from where it would without being enlarged, since a person who comes closer may stay in place."""
        plain = self._replace(growth=0.0)
        return min(abs(now - self.shows(then)) / math.exp(self.growth), abs(now - plain.shows(then)))


class _Trunk(NamedTuple):
    """Shoulders and hips. Hips that are not seen are taken to be where they would be below upright shoulders."""

    now: Places
    then: Places
    hips: complex

    def leans(self, still: _Picture, turned: _Picture, leaning: float) -> bool:
        """Given the picture as it was and turned, and how far the shoulders are turned in degrees, return whether they
        rather lie where a trunk that turned about the hips would have taken them."""
        shoulder = self.then["shoulder"]
        leant = _turned(still.shows(shoulder), still.shows(self.hips), leaning)
        return _share(turned.shows(shoulder), leant, self.now["shoulder"]) > LEAN_FROM

    def shift(self, picture: _Picture, leaning: float) -> float:
        """Given the picture and how far the shoulders are turned in degrees, return how far the trunk has moved in
        pixels of the upright picture, less what a lean explains."""
        shoulder, shown = self.then["shoulder"], picture.shows
        leant = _turned(shown(shoulder), shown(self.hips), leaning - picture.roll)
        away = [
            picture.away(self.now["shoulder"], shoulder),
            abs(self.now["shoulder"] - leant) / math.exp(picture.growth),
        ]
        return min(away if "hip" not in self.now else [*away, picture.away(self.now["hip"], self.hips)])

    def seat_shift(self, picture: _Picture) -> float:
        """Given the picture, return how far the hips have moved, or the shoulders where no hips are seen, likewise.

        Seen from the side a lean takes the shoulders along, while the seat keeps the hips.
        """
        part = "hip" if "hip" in self.now else "shoulder"
        return picture.away(self.now[part], self.then[part])


def fit_of(scene: Scene, upright: Scene) -> Fit | None:
    """Given a scene and the calibrated one for frames of the same size, return how the one lies against the other.

    None when their views cannot be compared, or when too little of the body is seen in both.
    """
    if fitting(upright, scene.view) is None:
        return None
    sideways = upright.view in SAGITTAL
    both = scene.points.keys() & upright.points.keys()
    now, then = _places(scene.points, both), _places(upright.points, both)
    width = _shoulder_width(_places(upright.points, upright.points))
    changes = _changes(now, then, SIDEWAYS_LINES if sideways else FACING_LINES)
    solid = _solid(changes, sideways)
    if "shoulder" not in then or len(solid) < 2 or width <= 0:
        return None
    centre = complex(*scene.size) / 2
    growth = _growth(changes, solid, sideways, View.OBLIQUE in (scene.view, upright.view))
    roll = _roll_from_the_side(changes) if sideways else _roll(solid)
    trunk = _Trunk(now, then, then.get("hip", then["shoulder"] + 1j * TORSO_PER_SHOULDER_WIDTH * width))
    leaning = 0.0 if sideways else changes.get("shoulders", Change(0.0, roll)).turn
    still, turned = _Picture(centre, growth, 0.0), _Picture(centre, growth, roll)
    picture = still if not sideways and trunk.leans(still, turned, leaning) else turned
    shift = trunk.seat_shift(picture) if sideways else trunk.shift(picture, leaning)
    return Fit(math.exp(growth), shift / width, picture.roll)


def _places(points: Points, names: Iterable[str]) -> dict[str, complex]:
    """Return these points, and the middle of each part of which at least one side is among them."""
    places = {name: complex(*points[name]) for name in names}
    for part in MIDDLES:
        sides = [places[name] for name in (f"left_{part}", f"right_{part}") if name in places]
        if sides:
            places[part] = sum(sides) / len(sides)
    return places


def _shoulder_width(upright: Places) -> float:
    """Return how wide the shoulders would be if turned to the camera, in pixels; 0 when nothing tells."""
    torso = _length(upright, "hip", "shoulder") / TORSO_PER_SHOULDER_WIDTH
    neck = _length(upright, "shoulder", "nose") / NECK_PER_SHOULDER_WIDTH
    return max(_length(upright, *SHOULDERS), torso or neck)


def _length(places: Places, a: str, b: str) -> float:
    return abs(places[a] - places[b]) if a in places and b in places else 0.0


def _changes(now: Places, then: Places, lines: Mapping[str, tuple[str, str]]) -> dict[str, Change]:
    """Return what became of each line of which both ends are seen."""
    changes = {}
    for line, (a, b) in lines.items():
        if min(_length(now, a, b), _length(then, a, b)) > SHORTEST:
            ratio = cmath.log((now[b] - now[a]) / (then[b] - then[a]))
            changes[line] = Change(ratio.real, math.degrees(ratio.imag))
    return changes


def _solid(changes: Mapping[str, Change], sideways: bool) -> list[Change]:
    """Return the changes of head and trunk, one line for each part that can move by itself."""
    parts = (("head",), ("trunk", "neck")) if sideways else (("ears", "eyes"), ("shoulders",), ("hips",))
    found = (next((changes[line] for line in lines if line in changes), None) for lines in parts)
    return [change for change in found if change is not None]


def _common(values: Sequence[float], slack: float, alike: float) -> float:
    """Return what values have in common: their mean, but no more than the least of them and the slack; less by as much
    as they differ by more than `alike`, and 0 when their signs do."""
    mean = sum(values) / len(values)
    sizes = [math.copysign(1.0, mean) * value for value in values]
    least, spread = min(sizes), max(sizes) - min(sizes)
    return math.copysign(max(0.0, min(abs(mean), least + slack) - max(0.0, spread - alike)), mean)


def _growth(changes: Mapping[str, Change], solid: Sequence[Change], sideways: bool, turning: bool) -> float:
    """Return by how much the picture is enlarged, as a logarithm."""
    growth = _common([change.size for change in solid], SIZE_SLACK, SIZE_ALIKE)
    neck = None if sideways else changes.get("neck")
    if neck is None:
        return growth
    if growth < 0:
        return max(growth, min(0.0, neck.size - SIZE_SLACK))
    # A bent neck looks shorter, so it is only asked where all else may be the turn of a chair.
    return min(growth, max(0.0, neck.size + SIZE_SLACK)) if turning else growth


def _roll(solid: Sequence[Change]) -> float:
    """Return by how many degrees the picture is turned, from the lines across the body."""
    return _common([change.turn for change in solid], TURN_SLACK, TURN_ALIKE)


def _roll_from_the_side(changes: Mapping[str, Change]) -> float:
    """Return by how many degrees the picture is turned: as the thigh and at least half of the other lines are."""
    if "thigh" not in changes:
        return 0.0
    thigh = changes["thigh"].turn
    others = [changes[line].turn for line in ("head", "trunk", "shank") if line in changes]
    alike = [turn for turn in others if abs(turn - thigh) <= LEGS_ALIKE]
    return (thigh + sum(alike)) / (1 + len(alike)) if alike and 2 * len(alike) >= len(others) else 0.0


def _turned(place: complex, pivot: complex, degrees: float) -> complex:
    """Return where a place is when it has turned about a pivot."""
    return pivot + (place - pivot) * cmath.rect(1.0, math.radians(degrees))


def _share(start: complex, end: complex, place: complex) -> float:
    """Return how far along the way from start to end a place lies, 0–1 between them; 0 when there is no way."""
    way = end - start
    return ((place - start) * way.conjugate()).real / abs(way) ** 2 if abs(way) > SHORTEST else 0.0
