"""Millimetres per pixel, from an ArUco marker of known size that lies beside the skin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from uprightd import opencv
from uprightd.derm.light import to_lab

DICTIONARIES = ("DICT_4X4_50", "DICT_5X5_100", "DICT_6X6_250", "DICT_ARUCO_ORIGINAL")
"""Families that are looked for, in this order; `uprightd derm marker` draws one of the first."""
CELLS = {"DICT_4X4_50": 6, "DICT_5X5_100": 7, "DICT_6X6_250": 8, "DICT_ARUCO_ORIGINAL": 7}
"""Cells along a marker's side, its black border included."""
LONGEST = 2400
"""Pixels of the longer side in which markers are looked for; corners are refined in the full picture."""
TILTED = 0.15
"""Relative uncertainty of the scale above which the marker is seen too much from the side."""
FEWEST = 12
"""Pixels of a marker's side that can be measured."""


@dataclass(frozen=True, slots=True)
class Scale:
    """mm_per_px, its relative uncertainty (half the spread of the marker's sides: it is seen at an angle, and the skin
    is not flat), the marker's number and family, its side in px and mm, its corners (x, y), and the C* of the white
    around it."""

    mm_per_px: float
    uncertainty: float
    marker: int
    family: str
    side_px: float
    side_mm: float
    corners: tuple[tuple[float, float], ...]
    white: float | None

    def millimetres(self, pixels: float) -> tuple[float, float]:
        """Given a length in pixels, return it in millimetres, and its ±."""
        length = pixels * self.mm_per_px
        return length, length * self.uncertainty


def find_scale(image: np.ndarray, side_mm: float) -> tuple[Scale | None, str]:
    """Given a picture BGR uint8 (H, W, 3) and the side of the marker's black square in millimetres, return the scale;
    or None, with the reason in words. Of several markers the largest counts."""
    for family in DICTIONARIES:
        found = _detect(image, family)
        if found:
            number, corners = max(found, key=lambda each: _mean_side(each[1]))
            return _scale(image, number, corners, family, side_mm)
    return (
        None,
        "No ArUco marker was found. Lay it flat beside the skin, whole and with its white edge in view.",
    )


def _scale(
    image: np.ndarray, number: int, corners: np.ndarray, family: str, side_mm: float
) -> tuple[Scale | None, str]:
    sides = _sides(corners)
    diagonals = np.linalg.norm(corners[:2] - corners[2:], axis=1) / math.sqrt(2)
    lengths = np.concatenate((sides, diagonals))
    mean = float(sides.mean())
    if mean < FEWEST:
        return None, f"The marker is only {mean:.0f} px wide: expected at least {FEWEST}."
    uncertainty = float(np.ptp(lengths) / 2 / mean) + 0.5 / mean
    if uncertainty > TILTED:
        return (
            None,
            f"The marker is seen too much from the side: its sides differ by {200 * uncertainty:.0f} %.",
        )
    places = tuple((float(x), float(y)) for x, y in corners)
    white = _white(image, corners, family)
    return Scale(side_mm / mean, uncertainty, number, family, mean, side_mm, places, white), ""


def _detect(image: np.ndarray, family: str) -> list[tuple[int, np.ndarray]]:
    cv2 = opencv.load()
    by = min(1.0, LONGEST / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=by, fy=by, interpolation=cv2.INTER_AREA) if by < 1 else image
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(
        cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, family)), settings
    )
    corners, numbers, _ = detector.detectMarkers(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    if numbers is None:
        return []
    # The centre of a pixel is a whole number for OpenCV: it moves when the picture is scaled.
    return [
        (int(number), (quad.reshape(4, 2).astype(float) + 0.5) / by - 0.5)
        for number, quad in zip(numbers.ravel(), corners, strict=True)
    ]


def _white(image: np.ndarray, corners: np.ndarray, family: str) -> float | None:
    """The C* of the white just around the marker; None where that is clipped, dark, or out of the picture."""
    cv2 = opencv.load()
    cell = 20
    side = CELLS[family] * cell
    square = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32) + cell
    whole = side + 2 * cell
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), square)
    flat = cv2.warpPerspective(image, turn, (whole, whole))
    ring = np.zeros((whole, whole), bool)
    near = cell // 4
    ring[near : whole - near, near : whole - near] = True
    ring[cell - near : whole - cell + near, cell - near : whole - cell + near] = False
    colour = np.median(flat[ring], axis=0)
    if colour.max() > 250 or colour.min() < 60:
        return None
    _, a, b = to_lab(np.rint(colour).astype(np.uint8)[None])[0]
    return math.hypot(a, b)


def _sides(corners: np.ndarray) -> np.ndarray:
    return np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)


def _mean_side(corners: np.ndarray) -> float:
    return float(_sides(corners).mean())


def draw_marker(number: int, side_px: int) -> np.ndarray:
    """Given a marker's number (0-49) and the side of its black square in pixels, return it with a white edge of one
    cell and a half, uint8 (h, w)."""
    cv2 = opencv.load()
    family = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    edge = round(1.5 * side_px / CELLS["DICT_4X4_50"])
    marker = cv2.aruco.generateImageMarker(family, number, side_px)
    return np.pad(marker, edge, constant_values=255)
