"""How the head is turned against the calibrated upright pose, in degrees.

From the front and at an angle: PnP (a rigid shape in space, fitted to its picture) on named face points. The shape
of an average face would follow another face's pitch with a gain of 0.5 to 1.2; so the calibration makes the shape
the person's own: where each point lies in the picture is theirs, its length against its width is what fits best, only
its depth is the average's. Faces drawn from known angles, 15 % longer, shorter, wider, flatter or deeper than the
average and seen by a camera up to 15° above or below, are then followed with a gain of 0.91 to 1.08. Networks that
find face points pull a turned face towards a straight one, by about a quarter; the average's depth is flattened by as
much, so that the two cancel.

From the side: how far the points of the head have turned in the picture, as the mean of what the pose model and a
face detector say, because each errs in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from uprightd import opencv
from uprightd.domain import PROFILE
from uprightd.metrics.geometry import Point

Place = tuple[float, float, float]
Rotation = tuple[Place, Place, Place]
"""Rows of a rotation matrix."""

_HALF: Mapping[str, Place] = {
    "glabella": (0.000, -0.379, -0.078),
    "nose_root": (0.000, -0.192, -0.063),
    "nose_bridge": (0.000, -0.096, -0.096),
    "nose_bridge_tip": (0.000, 0.062, -0.176),
    "nose_tip": (0.000, 0.243, -0.235),
    "nose_base": (0.000, 0.374, -0.092),
    "left_nose_wing": (0.235, 0.257, -0.006),
    "left_eye_inner": (0.192, -0.124, 0.067),
    "left_eye_outer": (0.500, -0.149, 0.109),
    "left_mouth_corner": (0.321, 0.536, 0.090),
    "chin_tip": (0.000, 1.032, 0.100),
    "left_brow_inner": (0.147, -0.302, -0.050),
    "left_brow_arch": (0.457, -0.419, -0.004),
    "left_brow_outer": (0.615, -0.321, 0.113),
}
FACE_SHAPE: Mapping[str, Place] = {
    **_HALF,
    **{
        name.replace("left_", "right_"): (-x, y, z)
        for name, (x, y, z) in _HALF.items()
        if name.startswith("left_")
    },
}
"""An average face looking at the camera: x to the image's right, y down, z away; the outer eye corners are 1 apart.

Measured with a face mesh on two people (a rendered one and a portrait), made symmetric, depth flattened to 0.72.
"""
FEWEST = 8
"""Face points under which no head pose is read."""
BROWS = ("left_brow_arch", "right_brow_arch")
"""The face's width: pitch does not foreshorten it, and the lower face, which networks shrink, has no part in it."""
EYES = ("left_eye_outer", "right_eye_outer")
NARROWEST = 1.0
"""Pixels between brows and between eyes under which the points fall together and show no face."""
LEAST_SHOWN = 0.2
"""Share of the face's width that must show before its size is read from it; a face that far aside has none."""
ANCHORS = ("nose_tip", *EYES, *BROWS)
"""Face points without which no head pose is read."""

LENGTHS = tuple(0.72 + 0.04 * step for step in range(19))
"""How long a face may be against the average, for its width: 0.72 to 1.44."""
WORST_FIT = 0.1
"""How far off the points may lie from a fitted face (root mean square, over the outer eye corners' distance). Seen:
up to 0.03; what lies further off is no face."""

FEWEST_ASIDE = 3
"""Points of one source under which it says nothing of the turn of a head seen from the side."""
HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
"""The pose model's own points of the head."""


class _Fitted(NamedTuple):
    """A shape's rotation and shift before the camera, and how far off its points lie, over the outer eye corners'
    distance (root mean square)."""

    rotation: Rotation
    shift: Place
    off: float


class HeadTurn(NamedTuple):
    """Degrees against the calibrated pose, in the head's own axes, and the face's size in the picture.

    pitch: positive is chin down. yaw, roll: positive is towards the subject's right. size: pixels between the brows'
    arches, as if the face looked straight at the camera.
    """

    pitch: float
    yaw: float
    roll: float
    size: float


@dataclass(frozen=True, slots=True)
class OwnFace:
    """One person's face: the shape in units of its outer eye corners' distance, and how it stood when calibrated,
    as the rotation from the shape's axes to the camera's."""

    shape: Mapping[str, Place]
    rotation: Rotation

    def turned(self, points: Mapping[str, Point], size: tuple[int, int], focal: float) -> HeadTurn | None:
        """Given face points in pixels, the frame's (width, height) and the focal length in pixels, return the turn.

        None when there are too few points, or they fall together, or fit no face before the camera.
        """
        if not _enough(self.shape, points):
            return None
        rotation, shift, off = _fit(self.shape, points, size, focal)
        brows = [_moved(rotation, shift, self.shape[name]) for name in BROWS]
        if off > WORST_FIT or min(depth for _, _, depth in brows) <= 0:
            return None
        turn = _product(_transposed(self.rotation), rotation)
        # Intrinsic yaw, then pitch, then roll: turn = Ry(yaw) Rx(pitch) Rz(roll).
        return HeadTurn(
            pitch=math.degrees(math.asin(max(-1.0, min(1.0, -turn[1][2])))),
            yaw=math.degrees(math.atan2(turn[0][2], turn[2][2])),
            roll=-math.degrees(math.atan2(turn[1][0], turn[1][1])),
            size=math.dist(*(points[name] for name in BROWS)) / max(_shown(*brows), LEAST_SHOWN),
        )


def _shown(left: Place, right: Place) -> float:
    """Given two places before the camera, return how much of the distance between them shows: 1 when they lie across
    the optical axis. Perspective has its part in it: off the axis, one that is farther away shows more or less."""
    seen = math.dist(*((place[0] / place[2], place[1] / place[2]) for place in (left, right)))
    return seen * (left[2] + right[2]) / 2 / math.dist(left, right)


def own_face(points: Mapping[str, Point], size: tuple[int, int], focal: float) -> OwnFace | None:
    """Given the face points of the upright pose in pixels, the frame's (width, height) and the focal length in
    pixels, return the person's face; None when there are too few points, they fall together, or show no face.

    The average shape is fitted at several lengths, since a short face looks like one that is pitched; the length that
    fits best is taken. Then each of its points is moved, at its depth, to where the person's is seen.
    """
    if not _enough(FACE_SHAPE, points):
        return None
    fits = [_fit(_of_length(length), points, size, focal) for length in LENGTHS]
    best = min(range(len(fits)), key=lambda number: fits[number].off)
    average, (rotation, shift, off) = _of_length(LENGTHS[best]), fits[best]
    if off > WORST_FIT:
        return None
    back, shape = _transposed(rotation), {}
    for name, place in average.items():
        if name in points:
            depth = _moved(rotation, shift, place)[2]
            x = (points[name].x - size[0] / 2) / focal * depth
            y = (points[name].y - size[1] / 2) / focal * depth
            shape[name] = _applied(back, (x - shift[0], y - shift[1], depth - shift[2]))
    return OwnFace(shape, rotation)


def _of_length(length: float) -> Mapping[str, Place]:
    return {name: (x, y * length, z) for name, (x, y, z) in FACE_SHAPE.items()}


def _enough(shape: Mapping[str, Place], points: Mapping[str, Point]) -> bool:
    both = [name for name in shape if name in points]
    if len(both) < FEWEST or not all(name in both for name in ANCHORS):
        return False
    return all(math.dist(points[left], points[right]) >= NARROWEST for left, right in (EYES, BROWS))


def _fit(
    shape: Mapping[str, Place], points: Mapping[str, Point], size: tuple[int, int], focal: float
) -> _Fitted:
    """Fit a shape that looks at the camera to its picture (Levenberg-Marquardt on the distances in the picture)."""
    import numpy as np

    cv2 = opencv.load()
    names = [name for name in shape if name in points]
    seen = np.array([points[name] for name in names], np.float64)
    places = np.array([shape[name] for name in names])
    # How far all points spread: a turned face is narrow, not far away, and a start far off leads to another minimum.
    depth = focal * math.sqrt(places[:, :2].var(axis=0).sum() / seen.var(axis=0).sum())
    x, y = (seen.mean(axis=0) - np.array(size) / 2) / focal * depth
    camera = np.array([[focal, 0.0, size[0] / 2], [0.0, focal, size[1] / 2], [0.0, 0.0, 1.0]])
    start = np.zeros((3, 1)), np.array([[x], [y], [depth]])
    _, vector, shift = cv2.solvePnP(places, seen, camera, None, *start, True, cv2.SOLVEPNP_ITERATIVE)
    rows = cv2.Rodrigues(vector)[0].tolist()
    shown = cv2.projectPoints(places, vector, shift, camera, None)[0].reshape(-1, 2)
    apart = focal / max(abs(float(shift[2, 0])), 1e-9)
    off = math.sqrt(((shown - seen) ** 2).sum(axis=1).mean()) / apart
    rotation = tuple(rows[0]), tuple(rows[1]), tuple(rows[2])
    return _Fitted(rotation, tuple(shift.ravel().tolist()), off if math.isfinite(off) else math.inf)


def _applied(rotation: Rotation, place: Place) -> Place:
    x, y, z = (row[0] * place[0] + row[1] * place[1] + row[2] * place[2] for row in rotation)
    return x, y, z


def _moved(rotation: Rotation, shift: Place, place: Place) -> Place:
    x, y, z = _applied(rotation, place)
    return x + shift[0], y + shift[1], z + shift[2]


def _transposed(rotation: Rotation) -> Rotation:
    a, b, c = zip(*rotation, strict=True)
    return a, b, c


def _product(a: Rotation, b: Rotation) -> Rotation:
    x, y, z = (_applied(a, column) for column in _transposed(b))
    return _transposed((x, y, z))


def side_pitch(points: Mapping[str, Point], upright: Mapping[str, Point], faces_left: bool) -> float:
    """Given the points of a head seen from the side, now and upright, and whether it faces the image's left, return
    its pitch against upright in degrees, positive chin down; NaN when there are too few points.

    The mean of the turns of the pose model's points and of the face detector's, of those that the upright pose has.
    """
    turns = [_turn(points, upright, HEAD)]
    if sum(name in upright for name in PROFILE) >= FEWEST_ASIDE:
        turns.append(_turn(points, upright, PROFILE))
    clockwise = sum(turns) / len(turns)
    return -clockwise if faces_left else clockwise


def _turn(points: Mapping[str, Point], upright: Mapping[str, Point], names: Iterable[str]) -> float:
    """How far points have turned clockwise on the screen as one rigid body, least squares (Kabsch 1976), degrees."""
    both = [name for name in names if name in points and name in upright]
    if len(both) < FEWEST_ASIDE:
        return math.nan
    now, then = (_centred([place[name] for name in both]) for place in (points, upright))
    across = sum(a.x * b.y - a.y * b.x for a, b in zip(then, now, strict=True))
    along = sum(a.x * b.x + a.y * b.y for a, b in zip(then, now, strict=True))
    return math.degrees(math.atan2(across, along)) if math.hypot(across, along) > 0 else math.nan


def _centred(points: list[Point]) -> list[Point]:
    x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
    return [Point(point.x - x, point.y - y) for point in points]
