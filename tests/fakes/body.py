"""Drawn bodies for tests: named points in a picture of 640 × 960 pixels and in space, and ways to move them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from uprightd.calibration.baseline import averaged
from uprightd.domain import Box, Instant, Keypoint, Pose, Reading, View
from uprightd.metrics.geometry import Point
from uprightd.metrics.head_pose import FACE_SHAPE
from uprightd.metrics.reading import Terms, read_pose, read_sight, sight_of
from uprightd.metrics.scene import Optics, Scene

WIDTH, HEIGHT = SIZE = (640, 960)
Places = Mapping[str, tuple[float, float]]
World = Mapping[str, tuple[float, float, float]]
OPTICS = Optics(pupil_distance=63.0)
FOCAL = OPTICS.focal(WIDTH)
NOW = Instant(1_795_348_800.0, 100.0)

FRONT: Places = {
    "nose": (320, 126),
    "right_eye": (308, 112),
    "left_eye": (332, 112),
    "right_ear": (292, 120),
    "left_ear": (348, 120),
    "right_shoulder": (260, 200),
    "left_shoulder": (380, 200),
    "right_elbow": (244, 290),
    "left_elbow": (396, 290),
    "right_wrist": (236, 370),
    "left_wrist": (404, 370),
    "right_hip": (284, 374),
    "left_hip": (356, 374),
    "right_knee": (284, 520),
    "left_knee": (356, 520),
    "right_ankle": (284, 660),
    "left_ankle": (356, 660),
    "right_heel": (284, 672),
    "left_heel": (356, 672),
    "right_big_toe": (270, 690),
    "left_big_toe": (370, 690),
}
"""Square to the camera, upright: the subject's right is at the picture's left."""


def narrowed(places: Places, share: float) -> Places:
    """Given places, return them drawn together towards the middle, as when the body turns about its axis."""
    return {name: (320 + (x - 320) * share, y) for name, (x, y) in places.items()}


REAR: Places = narrowed(FRONT, -1.0)
OBLIQUE: Places = narrowed(FRONT, 0.6)


def from_the_left(neck: float = 38.0, trunk: float = 0.0) -> Places:
    """Given two angles against the vertical in degrees, return a body seen from its left, facing the picture's left.

    It sits: thighs forward, shanks down. The neck's angle is exact, and so is the trunk's.
    """
    hip = (400.0, 560.0)
    shoulder = _up(hip, 174.0, trunk)
    nose = _up(shoulder, 80.0, neck)
    middle = {
        "hip": hip,
        "shoulder": shoulder,
        "elbow": (shoulder[0] - 20, shoulder[1] + 90),
        "wrist": (shoulder[0] - 100, shoulder[1] + 100),
        "knee": (hip[0] - 150, hip[1]),
        "ankle": (hip[0] - 150, hip[1] + 140),
        "heel": (hip[0] - 145, hip[1] + 152),
        "big_toe": (hip[0] - 180, hip[1] + 152),
        "ear": (nose[0] + 26, nose[1] - 6),
        "eye": (nose[0] + 8, nose[1] - 14),
    }
    pairs = {
        f"{side}_{part}": (x + off, y)
        for part, (x, y) in middle.items()
        for side, off in (("left", 2), ("right", -2))
    }
    return {"nose": nose, **pairs}


def _up(foot: tuple[float, float], length: float, degrees: float) -> tuple[float, float]:
    """The place `length` pixels above a foot, leaning by that angle towards the picture's left."""
    angle = math.radians(degrees)
    return foot[0] - length * math.sin(angle), foot[1] - length * math.cos(angle)


def moved(places: Places, move: Callable[[float, float], tuple[float, float]]) -> Places:
    """Given places and what happens to each point, return where they are then."""
    return {name: move(x, y) for name, (x, y) in places.items()}


def swapped(name: str) -> str:
    """Given a name, return it with left and right exchanged."""
    for side, other in (("left_", "right_"), ("right_", "left_")):
        if name.startswith(side):
            return other + name.removeprefix(side)
    return name


def mirrored(places: Places, width: float = WIDTH) -> Places:
    """Given places, return those of the mirror image: what was the left side looks like a right one."""
    return {swapped(name): (width - x, y) for name, (x, y) in places.items()}


def turned(places: Places, degrees: float, centre: tuple[float, float] = (320.0, 480.0)) -> Places:
    """Given places, return them turned clockwise on the screen."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x0, y0 = centre
    return moved(
        places, lambda x, y: (x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos)
    )


def rotated(pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Given degrees of chin down, of turning and of tilting towards the subject's right, return the rotation (3, 3).

    About the head's own axes, the turn first. x is the image's right, y down, z away; the face looks at the camera.
    """
    (cp, sp), (cy, sy), (cr, sr) = (
        (math.cos(math.radians(angle)), math.sin(math.radians(angle))) for angle in (pitch, yaw, -roll)
    )
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def face(
    rotation: np.ndarray,
    at: tuple[float, float, float] = (0.0, 0.0, 10.0),
    focal: float = FOCAL,
    size: tuple[int, int] = SIZE,
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Places:
    """Given how a head is turned and where it is, return its face's points in the picture of a pinhole camera.

    `at` and the face are measured in distances between its outer eye corners; `stretch` makes it wider, longer,
    deeper than the average.
    """
    places = {}
    for name, point in FACE_SHAPE.items():
        x, y, z = rotation @ (np.array(point) * stretch) + at
        places[name] = (size[0] / 2 + focal * x / z, size[1] / 2 + focal * y / z)
    return places


def body_in_space(trunk: float = 0.0, neck: float = 0.0, yaw: float = 0.0, aside: float = 0.0) -> World:
    """Given how far the trunk leans forward and the neck bends forward of it in degrees, return places in metres.

    `aside` leans the whole body towards its own left; then it is turned about the vertical: 0 faces the camera, at
    90 its left side is seen.
    """
    up = np.array([0.0, -1.0, 0.0])
    left = np.array([1.0, 0.0, 0.0])
    hips = np.zeros(3)
    shoulders = hips + 0.5 * (rotated(pitch=trunk) @ up)
    ears = shoulders + 0.2 * (rotated(pitch=trunk + neck) @ up)
    nose = ears + 0.1 * (rotated(pitch=trunk + neck) @ np.array([0.0, 0.0, -1.0]))
    turn = rotated(yaw=yaw) @ rotated(roll=-aside)
    places = {"nose": nose}
    for part, middle, half in (("hip", hips, 0.1), ("shoulder", shoulders, 0.2), ("ear", ears, 0.07)):
        places |= {f"left_{part}": middle + half * left, f"right_{part}": middle - half * left}
    return {name: tuple((turn @ place).tolist()) for name, place in places.items()}


FACE_AT = (0.0, -11.2, 16.0)
"""Where the face is, in distances between its outer eye corners: about 1.5 m away."""
SEEN = {
    View.FRONTAL: ({**FRONT, **face(rotated(), FACE_AT)}, body_in_space()),
    View.OBLIQUE: ({**OBLIQUE, **face(rotated(yaw=-40), FACE_AT)}, body_in_space(yaw=-50)),
    View.SAGITTAL_LEFT: (from_the_left(), body_in_space(yaw=90)),
    View.SAGITTAL_RIGHT: (mirrored(from_the_left()), body_in_space(yaw=-90)),
    View.REAR: (REAR, body_in_space(yaw=180)),
}
"""A body for each view as a good model gives it: points in the picture, of the face where it shows, and in space."""


def scene(places: Places, view: View = View.UNKNOWN, world: World | None = None, **more: object) -> Scene:
    """Given places, return the scene in which just they are seen."""
    points = {name: Point(*place) for name, place in places.items()}
    return Scene(points, SIZE, view, world or {}, **more)  # type: ignore[arg-type]


def upright_scene(places: Places, view: View, world: World | None = None, optics: Optics = OPTICS) -> Scene:
    """Given a body that has been calibrated in a view, return its upright scene."""
    sight = sight_of(pose(places, 0.9, world), SIZE, 0.5)
    return averaged([sight] * 5, view, SIZE, "drawn", 5.0).scene(SIZE, optics)


def read_whole(
    view: View,
    upright: Scene | None,
    places: Places,
    world: World,
    terms: Terms | None = None,
    /,
    **keypoints: Keypoint,
) -> Reading:
    """Given a view, a calibration and a body in picture and space, return the reading."""
    shown = pose(places, 0.9, world, **keypoints)
    terms = terms or Terms(optics=OPTICS)
    return read_sight(shown, sight_of(shown, SIZE, terms.min_score), view, upright, SIZE, NOW, terms)


def pose(places: Places, score: float = 0.9, world: World | None = None, /, **keypoints: Keypoint) -> Pose:
    """Given places, a score for all, and places in space, return the pose; single keypoints may be given as such."""
    points = {name: Keypoint(x, y, score) for name, (x, y) in places.items()} | keypoints
    return Pose(points, Box(0, 0, *SIZE), score, "drawn", world or {})


def read(places: Places, **keypoints: Keypoint) -> Reading:
    """Given places, return the reading of that pose."""
    return read_pose(pose(places, **keypoints), SIZE, NOW)
