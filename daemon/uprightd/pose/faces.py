"""Points of the face beside the pose: a mesh of a face seen from the front, six points of a head seen from the side.

The models look at a square around the pose's head, not at the frame: they find no face that is smaller than about a
tenth of what they are shown. Two looks of a detector at a profile differ by several degrees of head rotation, so
several squares are looked at, each mirrored as well, and the mean is taken; which squares matters little, that the
head fills no more than a third of them does (smaller ones lose one look in ten on a head 20 pixels deep).
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from uprightd import opencv
from uprightd.domain import PROFILE, Keypoint

HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
"""The pose's points that say where the head is and how it is turned."""
MESH = {
    "glabella": 9,
    "nose_root": 168,
    "nose_bridge": 6,
    "nose_bridge_tip": 195,
    "nose_tip": 4,
    "nose_base": 2,
    "left_nose_wing": 358,
    "right_nose_wing": 129,
    "left_eye_inner": 362,
    "left_eye_outer": 263,
    "right_eye_inner": 133,
    "right_eye_outer": 33,
    "left_mouth_corner": 291,
    "right_mouth_corner": 61,
    "chin_tip": 152,
    "left_brow_inner": 285,
    "right_brow_inner": 55,
    "left_brow_arch": 334,
    "right_brow_arch": 105,
    "left_brow_outer": 300,
    "right_brow_outer": 70,
}
"""Our names of face points and their index among the mesh's 468 points."""
DETECTED = (
    "right_profile_eye",
    "left_profile_eye",
    "profile_nose",
    "profile_mouth",
    "right_profile_ear",
    "left_profile_ear",
)
"""The detector's six points in its order."""
DETECTED_MIRRORED = PROFILE
"""What they are in a mirrored picture."""

NOSE_AHEAD = 1.6
"""How far the nose stands before the line through the ears, over half the distance of the ears."""
MESH_UP_TO = 65.0
"""Degrees of turn up to which the mesh is asked; it needs both eyes."""
PROFILE_FROM, PROFILE_UP_TO = 45.0, 130.0
"""Degrees between which the profile is looked at. They overlap with the mesh's, as the pose errs by some 10°."""
SQUARES = (3.5, 4.5, 5.5)
"""Sides of the squares that are looked at, in head sizes; the mesh is given the first."""
SMALLEST = 16.0
"""Pixels of a head under which its face says nothing: across a room, where even its turn is a guess."""
OWN = 0.75
"""Distance of the face's nose from the pose's, in head sizes, from which it is somebody else's (own: up to 0.42)."""
MOVED = 0.3
RESIZED = 1.25
"""Head sizes by which the head must move, and the factor by which its size must change, for its square to follow."""
STEADY = 15
"""Answers whose median is the head's size: one answer's errs by 10 % on a profile."""


class FaceModel(Protocol):
    """mediapipe's face mesh or face detector, or a stand-in for tests."""

    def look(self, rgb: np.ndarray) -> Any:
        """Given a picture, RGB uint8 (H, W, 3), return mediapipe's list of faces; None where there is none."""
        ...

    def close(self) -> None: ...


class Square(NamedTuple):
    """A part of a picture in whole pixels, at the picture's edge less than a square."""

    left: int
    top: int
    width: int
    height: int

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Given a picture, BGR uint8 (H, W, 3), return this part of it as RGB."""
        cv2 = opencv.load()
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        return cv2.cvtColor(part, cv2.COLOR_BGR2RGB)

    def point(self, x: float, y: float, score: float) -> Keypoint:
        """Given a place as shares of this part's width and height, return it in pixels of the picture."""
        return Keypoint(self.left + x * self.width, self.top + y * self.height, score)


class Head(NamedTuple):
    """Where a head is: the mean of its points, and its size, the larger side of the box around them; in pixels."""

    x: float
    y: float
    size: float

    def square(self, sides: float, shape: tuple[int, ...]) -> Square | None:
        """Given a side in head sizes and the picture's shape, return the part of the picture around the head.

        None when the head lies outside.
        """
        half = sides * self.size / 2
        left, top = max(round(self.x - half), 0), max(round(self.y - half), 0)
        width, height = min(round(self.x + half), shape[1]) - left, min(round(self.y + half), shape[0]) - top
        return Square(left, top, width, height) if min(width, height) > 0 else None


class Faces:
    """Finds the points named in `domain.FACE` and `domain.PROFILE` on the head of a pose."""

    def __init__(self, mesh: FaceModel, detector: FaceModel, tracking: bool) -> None:
        """`tracking`: pictures follow one another, and the squares hold still as long as the head does."""
        self._mesh = mesh
        self._detector = detector
        self._tracking = tracking
        self._sizes: deque[float] = deque(maxlen=STEADY)
        self._head: Head | None = None

    def points(self, image: np.ndarray, keypoints: Mapping[str, Keypoint]) -> dict[str, Keypoint]:
        """Given a picture, BGR uint8 (H, W, 3), and the keypoints of a pose in it, return what is seen of its face.

        A face seen from the front or at an angle gives the points of `domain.FACE`, with the score of the pose's
        nose: the mesh scores none, and the nose is seen as long as the face is. A head seen from the side gives
        those of `domain.PROFILE`, scored as the detector is sure on average. In between both are there.
        """
        head = self._held(head_of(keypoints))
        if head.size < SMALLEST:
            return {}
        turn, found = head_turn(keypoints), {}
        if turn <= MESH_UP_TO:
            found |= self._front(image, head, keypoints["nose"])
        if PROFILE_FROM <= turn <= PROFILE_UP_TO:
            found |= self._side(image, head, keypoints["nose"])
        return found

    def _held(self, head: Head) -> Head:
        """Where to look for a head: a square that follows each tremble of the pose doubles the mesh's."""
        if not self._tracking:
            return head
        self._sizes.append(head.size)
        head, held = head._replace(size=statistics.median(self._sizes)), self._head
        if held is None or not (
            max(abs(head.x - held.x), abs(head.y - held.y)) <= MOVED * held.size
            and 1 / RESIZED <= head.size / max(held.size, 1.0) <= RESIZED
        ):
            self._head = held = head
        return held

    def _front(self, image: np.ndarray, head: Head, nose: Keypoint) -> dict[str, Keypoint]:
        square = head.square(SQUARES[0], image.shape)
        faces = self._mesh.look(square.cut(image)) if square else None
        if square is None or not faces:
            return {}
        places = faces[0].landmark
        points = {
            name: square.point(places[index].x, places[index].y, nose.score) for name, index in MESH.items()
        }
        if not _belongs(points.values(), points["nose_tip"], nose, head):
            # It would follow that face for as long as it is there; a black picture makes it let go.
            self._mesh.look(np.zeros((64, 64, 3), np.uint8))
            return {}
        return points

    def _side(self, image: np.ndarray, head: Head, nose: Keypoint) -> dict[str, Keypoint]:
        squares = [head.square(sides, image.shape) for sides in SQUARES]
        looks = [
            self._detected(image, square, mirrored, head, nose) if square else {}
            for square, mirrored in itertools.product(squares, (False, True))
        ]
        found = [look for look in looks if look]
        if 2 * len(found) < len(looks):
            return {}
        return {
            name: Keypoint(*(statistics.fmean(look[name][axis] for look in found) for axis in range(3)))
            for name in DETECTED
        }

    def _detected(
        self, image: np.ndarray, square: Square, mirrored: bool, head: Head, nose: Keypoint
    ) -> dict[str, Keypoint]:
        """What the detector finds in a square, of the face whose nose is nearest; nothing if that is not ours."""
        rgb = square.cut(image)
        names = DETECTED_MIRRORED if mirrored else DETECTED
        faces = [
            {
                name: square.point(
                    1 - place.x if mirrored else place.x, place.y, min(float(face.score[0]), 1.0)
                )
                for name, place in zip(names, face.location_data.relative_keypoints, strict=True)
            }
            for face in self._detector.look(np.ascontiguousarray(rgb[:, ::-1]) if mirrored else rgb) or ()
        ]
        if not faces:
            return {}
        nearest = min(faces, key=lambda points: _apart(points["profile_nose"], nose))
        return nearest if _belongs(nearest.values(), nearest["profile_nose"], nose, head) else {}

    def close(self) -> None:
        self._mesh.close()
        self._detector.close()


def head_of(keypoints: Mapping[str, Keypoint]) -> Head:
    """Given a pose's keypoints, return where its head is."""
    xs, ys = [keypoints[name].x for name in HEAD], [keypoints[name].y for name in HEAD]
    return Head(statistics.fmean(xs), statistics.fmean(ys), max(max(xs) - min(xs), max(ys) - min(ys)))


def head_turn(keypoints: Mapping[str, Keypoint]) -> float:
    """Given a pose's keypoints, return how far the head is turned from the camera, in degrees.

    0 looks into it, 90 is seen from the side, 180 from behind.
    """
    left, right = keypoints["left_ear"].x, keypoints["right_ear"].x
    ahead = (keypoints["nose"].x - (left + right) / 2) / NOSE_AHEAD
    return abs(math.degrees(math.atan2(ahead, (left - right) / 2)))


def _belongs(points: Iterable[Keypoint], face_nose: Keypoint, nose: Keypoint, head: Head) -> bool:
    """Whether a face is made of finite numbers, and is the pose's own."""
    finite = all(math.isfinite(number) for point in points for number in point)
    return finite and _apart(face_nose, nose) < OWN * head.size


def _apart(one: Keypoint, other: Keypoint) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)
