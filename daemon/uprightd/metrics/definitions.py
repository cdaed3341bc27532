"""Every metric by name: unit, formula, keypoints it needs, views it is valid in, sign, source.

The table is the product's vocabulary: rules, the log's columns, the snapshot card and the docs read it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from uprightd.domain import View
from uprightd.metrics.geometry import (
    Point,
    angle_to_vertical,
    joint_angle,
    midpoint,
    signed_angle_to_vertical,
    tilt_of_line,
)

Points = Mapping[str, Point]
"""Keypoint positions by name, in pixels."""

ANY = frozenset(View)
FACING = frozenset({View.FRONTAL, View.REAR, View.OBLIQUE})
SIDEWAYS = frozenset({View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT, View.OBLIQUE})
KNOWN = ANY - {View.UNKNOWN}

SHOULDERS = ("left_shoulder", "right_shoulder")
HIPS = ("left_hip", "right_hip")
PLANE = "plane geometry on the image"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measurable thing. `measure` takes the points it needs and the frame's (width, height) in pixels."""

    name: str
    title: str
    unit: str
    formula: str
    keypoints: tuple[str, ...]
    views: frozenset[View]
    sign: str
    source: str
    measure: Callable[[Points, tuple[int, int]], float]

    def text(self, number: float) -> str:
        """Given a value, return it with its unit as a person reads it: 52.3° or 0.041."""
        return f"{number:.1f}°" if self.unit == "°" else f"{number:.3f}"

    def limit_text(self, number: float) -> str:
        """Given a limit somebody set, return it with its unit as they wrote it: 46°."""
        return f"{number:g}°" if self.unit == "°" else f"{number:g}"


def _neck_flexion(points: Points, _size: tuple[int, int]) -> float:
    return angle_to_vertical(_middle(points, SHOULDERS), points["nose"])


def _trunk_lean(points: Points, _size: tuple[int, int]) -> float:
    return angle_to_vertical(_middle(points, HIPS), _middle(points, SHOULDERS))


def _trunk_lean_signed(points: Points, _size: tuple[int, int]) -> float:
    """Positive towards the subject's right, which is the image's left from the front, its right from behind."""
    rightward = sum(points[f"right_{part}"].x - points[f"left_{part}"].x for part in ("shoulder", "hip"))
    if rightward == 0:
        return math.nan
    lean = signed_angle_to_vertical(_middle(points, HIPS), _middle(points, SHOULDERS))
    return math.copysign(1.0, rightward) * lean


def _head_x(points: Points, size: tuple[int, int]) -> float:
    return (points["nose"].x - _middle(points, HIPS).x) / size[0]


def _stride_asymmetry(points: Points, size: tuple[int, int]) -> float:
    return (points["left_ankle"].y - points["right_ankle"].y) / size[1]


def _tilt(part: str) -> Callable[[Points, tuple[int, int]], float]:
    return lambda points, _size: tilt_of_line(points[f"left_{part}"], points[f"right_{part}"])


def _middle(points: Points, pair: tuple[str, str]) -> Point:
    return midpoint(points[pair[0]], points[pair[1]])


def _joint(side: str, joint: str, before: str, after: str) -> Metric:
    a, b, c = f"{side}_{before}", f"{side}_{joint}", f"{side}_{after}"
    return Metric(
        name=f"{side}_{joint}_angle",
        title=f"{side} {joint}",
        unit="°",
        formula=f"angle at {joint} between {before} and {after}: arccos(((a−b)·(c−b))/(|a−b||c−b|))",
        keypoints=(a, b, c),
        views=ANY,
        sign="0–180, 180 is straight",
        source=PLANE,
        measure=lambda points, _size: joint_angle(points[a], points[b], points[c]),
    )


_POSTURE = (
    Metric(
        "neck_flexion",
        "neck flexion",
        "°",
        "angle of mid-shoulder→nose against the vertical",
        ("nose", *SHOULDERS),
        SIDEWAYS,
        "unsigned; upright reads 35–40 from the side, because the nose stands before the shoulders",
        PLANE,
        _neck_flexion,
    ),
    Metric(
        "trunk_lean",
        "trunk lean",
        "°",
        "angle of mid-hip→mid-shoulder against the vertical",
        (*SHOULDERS, *HIPS),
        KNOWN,
        "unsigned; forward or back from the side, sideways from front or rear",
        PLANE,
        _trunk_lean,
    ),
    Metric(
        "trunk_lean_signed",
        "trunk lean, signed",
        "°",
        "arctan2 of mid-hip→mid-shoulder against the vertical",
        (*SHOULDERS, *HIPS),
        FACING,
        "positive towards the subject's right",
        PLANE,
        _trunk_lean_signed,
    ),
    Metric(
        "shoulder_tilt",
        "shoulder tilt",
        "°",
        "angle of the left–right shoulder line against the horizontal",
        SHOULDERS,
        FACING,
        "positive when the right shoulder is lower",
        PLANE,
        _tilt("shoulder"),
    ),
    Metric(
        "hip_tilt",
        "hip tilt",
        "°",
        "angle of the left–right hip line against the horizontal",
        HIPS,
        FACING,
        "positive when the right hip is lower",
        PLANE,
        _tilt("hip"),
    ),
    Metric(
        "head_x",
        "head offset",
        "of frame width",
        "(nose.x − mid-hip.x) / frame width",
        ("nose", *HIPS),
        ANY,
        "positive towards the image's right",
        PLANE,
        _head_x,
    ),
    Metric(
        "stride_asymmetry",
        "stride asymmetry",
        "of frame height",
        "(left ankle.y − right ankle.y) / frame height",
        ("left_ankle", "right_ankle"),
        ANY,
        "positive when the left ankle is lower in the image",
        PLANE,
        _stride_asymmetry,
    ),
)

_JOINTS = tuple(
    _joint(side, *joint)
    for joint in (
        ("knee", "hip", "ankle"),
        ("hip", "shoulder", "knee"),
        ("elbow", "shoulder", "wrist"),
        ("ankle", "knee", "big_toe"),
        ("shoulder", "elbow", "hip"),
    )
    for side in ("left", "right")
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in (*_POSTURE, *_JOINTS)}
