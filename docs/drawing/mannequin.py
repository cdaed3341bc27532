"""The person in the figures: a mannequin of spheres that can bend, seen from anywhere.

Places are centimetres about the middle of the hips: x to the subject's left, y down, z backwards. A person who faces
the camera so shows their left at the picture's right, and a part of the body is the hull around a few spheres.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from uprightd.metrics.head_pose import FACE_SHAPE

Place = tuple[float, float, float]
Spot = tuple[float, float]
"""A place in the picture, in pixels."""
Ball = tuple[str, float]
"""A point of the body and the radius of the flesh around it, in centimetres."""

WIDTH, HEIGHT = 240, 200
"""Of a figure, in pixels."""
FACE_AT: Place = (0.0, -71.6, -12.4)
FACE_SCALE: Place = (8.6, 8.6, 12.0)
"""From the product's own average face to centimetres; its depth is flattened there."""


def _both(points: Mapping[str, Place]) -> dict[str, Place]:
    """Given points of the left side, return them with those of the right."""
    right = {f"right_{name}": (-x, y, z) for name, (x, y, z) in points.items()}
    return {f"left_{name}": place for name, place in points.items()} | right


HEAD: Mapping[str, Place] = {
    "neck_top": (0, -65, -2.5),
    "atlas": (0, -68, -2.5),
    "mouth": (0, -66.6, -12.7),
    "gaze": (0, -70, -31),
    "zenith": (0, -90, -2.5),
    "brow_ball": (0, -73.6, -5.4),
    "crown_ball": (0, -75.2, -2.6),
    "back_ball": (0, -73.2, 0.6),
    "chin_ball": (0, -62.6, -9.2),
    "nose_bridge_ball": (0, -73.4, -12.0),
    "nose_base_ball": (0, -68.6, -11.6),
    "nose": (0, -69.4, -15.2),
    "eyes": (0, -72.8, -11.6),
    **_both(
        {
            "pupil": (3, -72.8, -11.6),
            "jaw": (4.6, -65.5, -5),
            "ear": (7.4, -71, -2.5),
            "lobe": (7.2, -68.4, -3.2),
        }
    ),
    **{
        name: (
            FACE_AT[0] + x * FACE_SCALE[0],
            FACE_AT[1] + y * FACE_SCALE[1],
            FACE_AT[2] + z * FACE_SCALE[2],
        )
        for name, (x, y, z) in FACE_SHAPE.items()
    },
}
GIRDLE: Mapping[str, Place] = _both(
    {"shoulder": (17.5, -48, 0), "slope": (11, -48.5, 1), "chest": (11.5, -43, 0.5)}
)
TRUNK: Mapping[str, Place] = {
    "neck": (0, -52.5, 2),
    **_both({"waist": (5.5, -16, 0.5)}),
}
STILL: Mapping[str, Place] = {"over_hips": (0, -80, 0), "camera": (0, -72, -34), "screen": (0, -58, -82)}
"""What stays where it is however the body bends."""
PELVIS: Mapping[str, Place] = _both({"hip": (9, 0, 0), "seat": (7.5, -1, 1.5)})

ARMS: Mapping[str, Mapping[str, Place]] = {
    "typing": {"elbow": (3.5, 25, -8), "wrist": (-3, 27, -33), "hand": (-4, 27, -44)},
    "hanging": {"elbow": (5, 28, 2), "wrist": (6.5, 53, -3), "hand": (6, 64, -5)},
}
"""An arm by its way from the shoulder, left side."""
LEGS: Mapping[str, Mapping[str, Place]] = {
    "seated": {"knee": (2, 1, -43), "ankle": (2, 43, -39), "heel": (2, 47, -34), "big_toe": (3, 49, -54)},
    "standing": {"knee": (1, 42, 2), "ankle": (1, 83, 5), "heel": (1, 87, 10), "big_toe": (3, 89, -11)},
    "ahead": {"knee": (0, 38, -17), "ankle": (0, 78, -29), "heel": (0, 83, -25.5), "big_toe": (1, 81, -46)},
    "behind": {"knee": (0, 41, 4), "ankle": (0, 64, 36), "heel": (0, 64, 43), "big_toe": (1, 79, 31)},
}
"""A leg by its way from the hip, left side."""

PARTS: Mapping[str, Sequence[tuple[Ball, ...]]] = {
    "trunk": (
        (("left_waist", 8.8), ("right_waist", 8.8), ("left_seat", 9.8), ("right_seat", 9.8)),
        (("left_chest", 8.8), ("right_chest", 8.8), ("left_waist", 8.8), ("right_waist", 8.8)),
        (("neck", 5.8), ("left_slope", 5), ("right_slope", 5), ("left_chest", 8.8), ("right_chest", 8.8)),
        (("neck", 5.6), ("neck_top", 5)),
    ),
    "head": (
        (("brow_ball", 7.5), ("chin_ball", 3.0), ("left_jaw", 3.2), ("right_jaw", 3.2)),
        (("brow_ball", 7.5), ("crown_ball", 8.2), ("back_ball", 8)),
        (("nose_bridge_ball", 0.7), ("nose", 1.2), ("nose_base_ball", 1.3)),
        (("left_ear", 1.9), ("left_lobe", 1.3)),
        (("right_ear", 1.9), ("right_lobe", 1.3)),
    ),
}
"""What hangs together, each a union of hulls around balls."""
LIMBS: Mapping[str, Sequence[tuple[Ball, ...]]] = {
    "arm": (
        (("shoulder", 5.6), ("elbow", 4.1)),
        (("elbow", 4.1), ("wrist", 2.8)),
        (("wrist", 2.8), ("hand", 2.2)),
    ),
    "leg": (
        (("hip", 8.8), ("knee", 5.9)),
        (("knee", 5.7), ("ankle", 3.9)),
        (("ankle", 3.8), ("heel", 3.4), ("big_toe", 2.2)),
    ),
}
"""The same, of each side."""


@dataclass(frozen=True, slots=True)
class Posture:
    """How the mannequin is bent, in degrees: forward, chin down and towards the subject's right are positive.

    head: by how much it is shifted (left, down, back), in centimetres. legs: the left one and the right one.
    """

    trunk: float = 0.0
    side: float = 0.0
    neck: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    shoulders: float = 0.0
    hips: float = 0.0
    head: Place = (0.0, 0.0, 0.0)
    arms: str = "typing"
    legs: tuple[str, str] = ("seated", "seated")

    def points(self) -> dict[str, Place]:
        """Return every point of the body."""
        head = {name: _turned(place, _ATLAS, roll=self.roll) for name, place in HEAD.items()}
        head = {name: _turned(place, _ATLAS, self.pitch, yaw=self.yaw) for name, place in head.items()}
        head = {name: _turned(place, _NAPE, self.neck) for name, place in head.items()}
        head = {name: _moved(place, self.head) for name, place in head.items()}
        girdle = {name: _turned(place, _NAPE, roll=self.shoulders) for name, place in GIRDLE.items()}
        upper = {**head, **girdle, **TRUNK}
        points = {name: _turned(place, _ORIGIN, self.trunk, self.side) for name, place in upper.items()}
        points |= {name: _turned(place, _ORIGIN, roll=self.hips) for name, place in PELVIS.items()}
        points |= STILL
        for side, outward, legs in (("left", 1, self.legs[0]), ("right", -1, self.legs[1])):
            for root, limb in (("shoulder", ARMS[self.arms]), ("hip", LEGS[legs])):
                for name, (x, y, z) in limb.items():
                    points[f"{side}_{name}"] = _moved(points[f"{side}_{root}"], (outward * x, y, z))
        return points


_ORIGIN: Place = (0.0, 0.0, 0.0)
_NAPE: Place = (0.0, -52.5, 2.0)
_ATLAS: Place = HEAD["atlas"]


def _moved(place: Place, by: Place) -> Place:
    return place[0] + by[0], place[1] + by[1], place[2] + by[2]


def _turned(place: Place, about: Place, forward: float = 0.0, roll: float = 0.0, yaw: float = 0.0) -> Place:
    """Turn by yaw, then roll, then forward, in degrees: to the subject's right twice, and chin down."""
    x, y, z = (place[axis] - about[axis] for axis in range(3))
    x, z = _plane(x, z, yaw)
    x, y = _plane(x, y, roll)
    z, y = _plane(z, y, forward)
    return _moved((x, y, z), about)


def _plane(a: float, b: float, degrees: float) -> Spot:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return a * cos + b * sin, b * cos - a * sin


class Camera(NamedTuple):
    """From where the figure is seen. yaw: 0 from the front, 90 from the subject's left. above: degrees of looking
    down. scale: pixels per centimetre. centre: the place that is seen at the spot `at`.
    near: how many centimetres from there the camera stands, 0 for so far away that nothing is foreshortened."""

    yaw: float
    scale: float
    centre: Place
    above: float = 0.0
    at: Spot = (WIDTH / 2, HEIGHT / 2)
    near: float = 0.0

    def sees(self, place: Place) -> tuple[float, float, float]:
        """Return where a place is seen, in pixels, and how far away it lies."""
        x, y, z = (place[axis] - self.centre[axis] for axis in range(3))
        x, z = _plane(x, z, self.yaw)
        y, z = _plane(y, -z, self.above)
        scale = self.scale_at(-z)
        return self.at[0] + x * scale, self.at[1] + y * scale, -z

    def scale_at(self, depth: float) -> float:
        """Given a depth in centimetres behind the centre, return pixels per centimetre there."""
        return self.scale * self.near / (self.near + depth) if self.near else self.scale


WIDTH, HEIGHT = 240, 200


EAR_SHOWS = 4.0
"""Centimetres that an ear must lie nearer than the middle of the head."""


class Shape(NamedTuple):
    """A part of the body as it is seen: its kind (head, trunk, arm or leg) and its outline as SVG path data."""

    kind: str
    outline: str


def shapes(points: Mapping[str, Place], camera: Camera) -> list[Shape]:
    """Given the points of a body and a camera, return the body's parts, the farthest first."""
    parts = list(PARTS.items())
    for side in ("left", "right"):
        for kind, hulls in LIMBS.items():
            parts.append(
                (kind, [tuple((f"{side}_{name}", radius) for name, radius in balls) for balls in hulls])
            )
    seen = []
    for order, (kind, hulls) in enumerate(parts):
        depths = [camera.sees(points[name])[2] for balls in hulls for name, _ in balls]
        outline = "".join(_hull_of(points, camera, balls) for balls in hulls)
        # Rounded, so that what lies at one depth is painted in one order on every machine.
        seen.append((-round(sum(depths) / len(depths), 3), order, Shape(kind, outline)))
    return [shape for _, _, shape in sorted(seen)]


def face_outline(points: Mapping[str, Place], camera: Camera) -> str:
    """Given the points of a body and a camera, return one outline around its skull and jaw."""
    balls = [ball for part in PARTS["head"][:2] for ball in part]
    return _hull_of(points, camera, balls)


def _hull_of(points: Mapping[str, Place], camera: Camera, balls: Iterable[Ball]) -> str:
    seen = [(*camera.sees(points[name]), radius) for name, radius in balls]
    return hull([(x, y, radius * camera.scale_at(depth)) for x, y, depth, radius in seen])


class Features(NamedTuple):
    """Of a head as it is seen: eyes, ears as spots; nose and mouth as strokes."""

    eyes: list[Spot]
    ears: list[Spot]
    strokes: list[list[Spot]]


def features(points: Mapping[str, Place], camera: Camera) -> Features:
    """Given the points of a body and a camera, return what of the face is turned towards it."""
    seen = {name: camera.sees(place) for name, place in points.items()}
    middle = seen["brow_ball"][2]
    eyes, ears, strokes = [], [], []
    for side in ("left", "right"):
        inner, outer, ear = (seen[f"{side}_{name}"] for name in ("eye_inner", "eye_outer", "ear"))
        if max(inner[2], outer[2]) < middle + 1e-6:
            eyes.append(((inner[0] + outer[0]) / 2, (inner[1] + outer[1]) / 2))
            strokes.append([seen[f"{side}_mouth_corner"][:2], seen["mouth"][:2]])
        if ear[2] < middle - EAR_SHOWS:
            ears.append(ear[:2])
    if len(eyes) == 2:
        strokes.append([seen[name][:2] for name in ("nose_root", "nose_tip")])
    return Features(eyes, ears, strokes)


def hull(circles: Iterable[tuple[float, float, float]]) -> str:
    """Given circles (x, y, radius), return the outline of the hull around them as SVG path data: arcs and lines."""
    circles = list(circles)
    around = [
        (x + radius * math.cos(math.radians(turn)), y + radius * math.sin(math.radians(turn)), number)
        for number, (x, y, radius) in enumerate(circles)
        for turn in range(0, 360, 4)
    ]
    runs: list[list[tuple[float, float, int]]] = []
    for corner in _convex(around):
        if runs and runs[-1][0][2] == corner[2]:
            runs[-1].append(corner)
        else:
            runs.append([corner])
    if len(runs) > 1 and runs[0][0][2] == runs[-1][0][2]:
        runs[0] = runs.pop() + runs[0]
    if len(runs) == 1:
        x, y, radius = circles[runs[0][0][2]]
        return f"M{number(x - radius)} {number(y)}" + "".join(
            f"A{number(radius)} {number(radius)} 0 1 1 {number(x + sign * radius)} {number(y)}"
            for sign in (1, -1)
        )
    path = ""
    for run in runs:
        (ax, ay, which), (bx, by, _) = run[0], run[-1]
        radius = number(circles[which][2])
        large = int(len(run) > 46)
        path += f"{'L' if path else 'M'}{number(ax)} {number(ay)}"
        path += f"A{radius} {radius} 0 {large} 1 {number(bx)} {number(by)}" if len(run) > 1 else ""
    return path + "Z"


def _convex(points: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The corners of the convex hull, clockwise on the screen (Andrew's monotone chain)."""
    ordered = sorted((round(x, 6), round(y, 6), which) for x, y, which in points)
    chains = []
    for way in (ordered, ordered[::-1]):
        chain: list[tuple[float, float, int]] = []
        for point in way:
            while len(chain) > 1 and _left_of(chain[-2], chain[-1], point) <= 1e-4:
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    return chains[0] + chains[1]


def _left_of(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def number(value: float) -> str:
    """Return a number with one decimal at most.

    A hair is added first: machines differ in the last bit of a sine, and what lies half-way must not fall to
    either side.
    """
    return f"{math.floor(value * 10 + 0.5 + 1e-5) / 10:g}"
