"""Drawing a pose and its angles on a picture, so that a person can check what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from uprightd import opencv
from uprightd.domain import FACE, PROFILE, Pose, Reading
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.geometry import Point, midpoint

Colour = tuple[int, int, int]

LEFT: Colour = (255, 170, 60)
RIGHT: Colour = (80, 200, 120)
MIDDLE: Colour = (245, 245, 245)
GUIDE: Colour = (70, 200, 255)
EDGE: Colour = (30, 30, 30)
"""BGR: the subject's left and right, what lies between, the vertical and its angle, the outline of dots."""
PANEL, PANEL_TEXT, PANEL_DIM = (18, 22, 28, 215), (245, 247, 250), (165, 174, 186)
"""RGB(A) of the card."""
SEEN_FROM = 0.5
UNDRAWN = frozenset((*FACE, *PROFILE))
"""Points of the face: so many dots would hide it."""

LIMBS = (
    ("shoulder", "elbow"),
    ("elbow", "wrist"),
    ("shoulder", "hip"),
    ("hip", "knee"),
    ("knee", "ankle"),
    ("ankle", "heel"),
    ("heel", "big_toe"),
    ("ear", "eye"),
    ("eye", "nose"),
)
_FONT_PER_HEIGHT = 1 / 32
_GAPS = (0.8, 1.5)
"""Margin and line step of the card, in letter heights."""


def draw_pose(
    image: np.ndarray, pose: Pose | None, reading: Reading, lines: Sequence[tuple[str, str]], title: str
) -> np.ndarray:
    """Given a picture BGR uint8 (H, W, 3), a pose, its reading, rows of (name, value) and a title, return a
    drawn copy.

    The subject's left side is blue, the right green. Where neck flexion, trunk lean or a tilt have a value, their
    line stands against a dashed vertical or horizontal with the angle beside it.
    """
    canvas = np.ascontiguousarray(image).copy()
    thick = max(2, round(canvas.shape[0] / 240))
    points = _visible(pose, canvas.shape) if pose is not None else {}
    _draw_limbs(canvas, points, thick)
    angles = _draw_axes(canvas, points, reading, thick)
    for name, point in points.items():
        _dot(
            canvas,
            point,
            LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE,
            thick,
        )
    return _write(canvas, angles, lines, title)


def _visible(pose: Pose, shape: tuple[int, ...]) -> dict[str, Point]:
    return {
        name: Point(point.x, point.y)
        for name, point in pose.keypoints.items()
        if name not in UNDRAWN
        and point.score >= SEEN_FROM
        and 0 <= point.x < shape[1]
        and 0 <= point.y < shape[0]
    }


def _draw_limbs(canvas: np.ndarray, points: Mapping[str, Point], thick: int) -> None:
    for side, colour in (("left", LEFT), ("right", RIGHT)):
        for start, end in LIMBS:
            other = "nose" if end == "nose" else f"{side}_{end}"
            _line(canvas, points.get(f"{side}_{start}"), points.get(other), colour, thick)
    for part in ("shoulder", "hip"):
        _line(canvas, points.get(f"left_{part}"), points.get(f"right_{part}"), MIDDLE, thick)


def _draw_axes(
    canvas: np.ndarray, points: Mapping[str, Point], reading: Reading, thick: int
) -> list[tuple[Point, str, str]]:
    """Draw the axes the angles are measured on; return for each angle its place, anchor and text."""
    shoulders, hips = _middle(points, "shoulder"), _middle(points, "hip")
    angles: list[tuple[Point, str, str]] = []
    for metric, foot, head in (
        ("neck_flexion", shoulders, points.get("nose")),
        ("trunk_lean", hips, shoulders),
    ):
        if foot is None or head is None:
            continue
        _line(canvas, foot, head, MIDDLE, thick)
        _dot(canvas, foot, MIDDLE, thick)
        value = reading.values.get(metric)
        if value is not None and value.known:
            place = _draw_angle(canvas, foot, head, thick)
            angles.append((place, "lm" if place.x > foot.x else "rm", METRICS[metric].text(value.number)))
    for part in ("shoulder", "hip"):
        left, right = points.get(f"left_{part}"), points.get(f"right_{part}")
        value = reading.values.get(f"{part}_tilt")
        if left and right and value is not None and value.known:
            place = _draw_level(canvas, left, right, thick)
            angles.append((place, "lm", METRICS[f"{part}_tilt"].text(value.number)))
    return angles


def _draw_level(canvas: np.ndarray, left: Point, right: Point, thick: int) -> Point:
    """Draw the horizontal through the middle of a left–right line; return the place beyond its right-hand end."""
    middle, half = midpoint(left, right), 0.62 * math.hypot(left.x - right.x, left.y - right.y)
    _dashes(canvas, Point(middle.x - half, middle.y), Point(middle.x + half, middle.y), thick)
    return Point(middle.x + half + 3 * thick, middle.y)


def _draw_angle(canvas: np.ndarray, foot: Point, head: Point, thick: int) -> Point:
    """Draw the vertical and the arc from it to the axis; return a place across the vertical from the axis."""
    cv2 = opencv.load()
    length = math.hypot(head.x - foot.x, head.y - foot.y)
    _dashes(canvas, foot, Point(foot.x, foot.y - 1.1 * length), thick)
    radius = 0.6 * length
    to_axis = math.degrees(math.atan2(head.y - foot.y, head.x - foot.x))
    axes = (round(radius), round(radius))
    cv2.ellipse(canvas, _pixel(foot), axes, 0, *sorted((-90.0, to_axis)), GUIDE, thick, cv2.LINE_AA)
    beside = math.copysign(5 * thick, foot.x - head.x)
    return Point(foot.x + beside, foot.y - 0.8 * length)


def _write(
    canvas: np.ndarray, angles: Sequence[tuple[Point, str, str]], lines: Sequence[tuple[str, str]], title: str
) -> np.ndarray:
    """Write the angles where they are, and a translucent card with all values in the upper left corner."""
    picture = Image.fromarray(canvas[..., ::-1]).convert("RGBA")
    overlay = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(overlay)
    size = max(13, round(canvas.shape[0] * _FONT_PER_HEIGHT))
    font = ImageFont.load_default(size)
    for place, anchor, text in angles:
        draw.text(
            place, text, GUIDE[::-1], font, anchor=anchor, stroke_width=max(1, size // 8), stroke_fill=EDGE
        )
    _draw_card(draw, lines, title, size)
    return np.ascontiguousarray(np.asarray(Image.alpha_composite(picture, overlay).convert("RGB"))[..., ::-1])


def _draw_card(draw: ImageDraw.ImageDraw, lines: Sequence[tuple[str, str]], title: str, size: int) -> None:
    font, heading = ImageFont.load_default(size), ImageFont.load_default(round(size * 1.15))
    margin, step = (round(size * gap) for gap in _GAPS)
    names = max((font.getlength(name) for name, _ in lines), default=0)
    values = max((font.getlength(value) for _, value in lines), default=0)
    width = round(max(names + values + 1.5 * size, heading.getlength(title)) + 2 * margin)
    height = round(step * (len(lines) + 1.3) + 1.2 * margin)
    draw.rounded_rectangle((margin, margin, margin + width, margin + height), size * 0.6, fill=PANEL)
    x, y = 2 * margin, 1.8 * margin
    draw.text((x, y), title, PANEL_TEXT, heading)
    for row, (name, value) in enumerate(lines):
        top = y + step * (row + 1.3)
        draw.text((x, top), name, PANEL_DIM, font)
        draw.text((width, top), value, PANEL_TEXT, font, anchor="ra")


def _dashes(canvas: np.ndarray, a: Point, b: Point, thick: int) -> None:
    length, dash = math.hypot(b.x - a.x, b.y - a.y), 4 * thick
    for start in range(0, int(length), 2 * dash):
        near, far = start / length, min(length, start + dash) / length
        _line(canvas, _between(a, b, near), _between(a, b, far), GUIDE, thick)


def _between(a: Point, b: Point, share: float) -> Point:
    return Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)


def _middle(points: Mapping[str, Point], part: str) -> Point | None:
    left, right = points.get(f"left_{part}"), points.get(f"right_{part}")
    return midpoint(left, right) if left and right else None


def _line(canvas: np.ndarray, a: Point | None, b: Point | None, colour: Colour, thick: int) -> None:
    if a is not None and b is not None:
        cv2 = opencv.load()
        cv2.line(canvas, _pixel(a), _pixel(b), colour, thick, cv2.LINE_AA)


def _dot(canvas: np.ndarray, point: Point, colour: Colour, thick: int) -> None:
    cv2 = opencv.load()
    cv2.circle(canvas, _pixel(point), round(thick * 1.9), EDGE, -1, cv2.LINE_AA)
    cv2.circle(canvas, _pixel(point), round(thick * 1.35), colour, -1, cv2.LINE_AA)


def _pixel(point: Point) -> tuple[int, int]:
    return round(point.x), round(point.y)
