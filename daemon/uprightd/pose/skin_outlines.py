"""The light backend's skin: outlines of face and hands from mediapipe's landmarks, the neck by the face's colour.

The face mesh, the hand model and the selfie segmentation are inside mediapipe's wheel. An outline does not see what
lies over the skin; the gate's look at the colours does (`derm.gate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from uprightd import opencv
from uprightd.pose.mediapipe import Solution, solutions
from uprightd.pose.skin import SkinMap, of_size
from uprightd.sapiens2 import classes as known

FACE, LIP = 3, 24
HAND = {"Left": known.HANDS[1], "Right": known.HANDS[0]}
"""mediapipe says the side as in a mirror: its "Left" is the right hand of who is photographed (as its own
documentation has it, and seen so on the clips, whose sides are known)."""
MOST_FACES, MOST_HANDS = 5, 6
HANDS_EACH = 2
SURE = 0.5

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377)
OVAL += (152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
"""The mesh's outline of the face, from the top over the subject's left side and the chin around."""
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
TOP, CHIN, LEFT_JAW, RIGHT_JAW = 10, 152, 361, 132
NECK_LENGTH = 0.5
"""How far below the chin skin is looked for, in heights of the face."""
LIKE = 3.5
"""Robust deviations of colour (a*, b*) from the face's within which a pixel below the chin is neck."""
FLOOR = 2.5
"""Least deviation, in units of a* and b*: an evenly lit face has almost none."""

PALM = (0, 1, 5, 9, 13, 17)
FINGERS = ((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
FINGER_WIDTH = 0.85
"""Of the distance between two knuckles; or, for a hand seen edge-on, from the palm's length:"""
EDGE_ON = 0.19


class OutlinedSkin:
    """Face and neck of everybody, and hands."""

    name = "mediapipe"
    device = "cpu"
    parts: frozenset[str] = frozenset(("face", "hands"))

    def __init__(self) -> None:
        """Raise UnavailableError when mediapipe is not installed."""
        made = solutions()
        self._faces = Solution(
            lambda: made.face_mesh.FaceMesh(
                static_image_mode=True,
                max_num_faces=MOST_FACES,
                refine_landmarks=False,
                min_detection_confidence=SURE,
            ),
            "multi_face_landmarks",
        )
        self._hands = Solution(
            lambda: made.hands.Hands(
                static_image_mode=True, max_num_hands=MOST_HANDS, min_detection_confidence=SURE
            ),
            "multi_hand_landmarks",
        )
        self._person = Solution(
            lambda: made.selfie_segmentation.SelfieSegmentation(model_selection=0), "segmentation_mask"
        )

    def look(self, image: np.ndarray) -> SkinMap:
        """Given a picture, BGR uint8 (H, W, 3), return the class of every pixel and how many people were counted."""
        cv2 = opencv.load()
        rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        classes = np.zeros(image.shape[:2], np.uint8)
        faces = [_pixels(face, image.shape) for face in self._faces.look(rgb) or ()]
        if faces:
            _draw_faces(classes, faces)
            person = np.asarray(self._person.look(rgb)) > SURE
            _draw_necks(classes, faces, image, person)
        found = self._hands.process(rgb)
        hands = [_pixels(hand, image.shape) for hand in found.multi_hand_landmarks or ()]
        sides = [each.classification[0].label for each in found.multi_handedness or ()]
        for points, side in zip(hands, sides, strict=True):
            _draw_hand(classes, points, HAND[side])
        people = max(of_size([float(np.ptp(face[:, 1])) for face in faces]), -(-len(hands) // HANDS_EACH))
        return SkinMap(classes, people, _notes(faces, hands))

    def close(self) -> None:
        for solution in (self._faces, self._hands, self._person):
            solution.close()


def _notes(faces: Sequence[np.ndarray], hands: Sequence[np.ndarray]) -> tuple[str, ...]:
    notes = ["Found by the light backend, mediapipe: outlines drawn from points, not seen pixel by pixel."]
    if faces:
        notes.append("The neck is what lies below the chin and has the face's colour.")
    if hands:
        notes.append("Left and right of a hand are the model's guess; check them.")
    return tuple(notes)


def _pixels(landmarks: object, shape: tuple[int, ...]) -> np.ndarray:
    """Given mediapipe's landmarks, return their places in the picture, float32 (N, 2)."""
    places = [(point.x, point.y) for point in landmarks.landmark]  # type: ignore[attr-defined]
    return np.array(places, np.float32) * np.array([shape[1], shape[0]], np.float32)


def _draw_faces(classes: np.ndarray, faces: Iterable[np.ndarray]) -> None:
    cv2 = opencv.load()
    for points in faces:
        cv2.fillPoly(classes, [np.rint(points[list(OVAL)]).astype(np.int32)], FACE)
        cv2.fillPoly(classes, [np.rint(points[list(LIPS)]).astype(np.int32)], LIP)


def _draw_necks(
    classes: np.ndarray, faces: Sequence[np.ndarray], image: np.ndarray, person: np.ndarray
) -> None:
    """Add to each face what lies below its chin, belongs to a person, and has its colour."""
    cv2 = opencv.load()
    for points in faces:
        down = points[CHIN] - points[TOP]
        jaws = points[[LEFT_JAW, RIGHT_JAW]]
        corners = np.vstack((jaws, jaws[::-1] + down * NECK_LENGTH * 1.4))
        below = np.zeros_like(classes)
        cv2.fillConvexPoly(below, cv2.convexHull(np.rint(corners).astype(np.int32)), 1)
        here = _window(below)
        oval = np.zeros_like(classes)
        cv2.fillPoly(oval, [np.rint(points[list(OVAL)]).astype(np.int32)], 1)
        around = _window(oval)
        face = cv2.erode(oval[around], np.ones((3, 3), np.uint8), iterations=max(1, _width(around) // 16))
        like = _like(image[here], image[around][face > 0])
        neck = (below[here] > 0) & (classes[here] == 0) & person[here] & like
        kernel = np.ones((3, 3), np.uint8)
        neck = cv2.morphologyEx(neck.astype(np.uint8), cv2.MORPH_OPEN, kernel, iterations=2)
        neck = cv2.morphologyEx(neck, cv2.MORPH_CLOSE, kernel, iterations=4)
        classes[here][(neck > 0) & (classes[here] == 0)] = FACE


def _width(window: tuple[slice, slice]) -> int:
    """Given a window, return its width in pixels."""
    return window[1].stop - window[1].start


def _like(image: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """Given BGR uint8 (h, w, 3) and pixels of skin (N, 3), return where the colour is that of the skin, bool (h, w)."""
    cv2 = opencv.load()
    if not len(skin) or not image.size:
        return np.zeros(image.shape[:2], bool)
    of_skin = cv2.cvtColor(skin[None].astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[0]
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    middle = np.median(of_skin, axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(of_skin - middle), axis=0), FLOOR)
    away = np.hypot(*((lab[..., axis] - middle[axis]) / spread[axis] for axis in (1, 2)))
    return (away < LIKE) & (lab[..., 0] > 0.35 * middle[0])


def _draw_hand(classes: np.ndarray, points: np.ndarray, label: int) -> None:
    """Draw the palm and the fingers, each as wide as a finger is."""
    cv2 = opencv.load()
    knuckles = float(np.linalg.norm(points[5] - points[9]))
    width = max(FINGER_WIDTH * knuckles, EDGE_ON * float(np.linalg.norm(points[0] - points[9])))
    thick = max(1, round(width))
    palm = cv2.convexHull(np.rint(points[list(PALM)]).astype(np.int32))
    cv2.fillConvexPoly(classes, palm, label)
    cv2.polylines(classes, [palm], True, label, thick)
    for finger in FINGERS:
        cv2.polylines(classes, [np.rint(points[list(finger)]).astype(np.int32)], False, label, thick)


def _window(mask: np.ndarray) -> tuple[slice, slice]:
    """Given a mask, return the window around it; an empty one where there is nothing."""
    cv2 = opencv.load()
    x, y, width, height = cv2.boundingRect(mask)
    return slice(y, y + height), slice(x, x + width)
