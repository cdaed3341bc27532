"""Posture in the image plane: angles against the vertical and the horizontal, offsets, joint angles.

At an angle between front and side the plane of the picture is nobody's: a lean forward and one to the side read alike,
and each too small. So these are offered square from the front and from the side only.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from uprightd.domain import View
from uprightd.metrics.geometry import angle_to_vertical, joint_angle, signed_angle_to_vertical, tilt_of_line
from uprightd.metrics.model import ANY, HIPS, SAGITTAL, SHOULDERS, SQUARE, Metric
from uprightd.metrics.scene import Scene

PLANE = "plane geometry on the image"


def _neck_flexion(scene: Scene) -> float:
    return angle_to_vertical(scene.between("shoulder"), scene.points["nose"])


def _trunk_lean(scene: Scene) -> float:
    """Unsigned, an upright trunk that a model sees two degrees back would fold over: the side has its sign."""
    lean = signed_angle_to_vertical(scene.between("hip"), scene.between("shoulder"))
    if scene.view in SAGITTAL:
        return -lean if scene.view is View.SAGITTAL_LEFT else lean
    return abs(lean)


def _trunk_lean_signed(scene: Scene) -> float:
    """Positive towards the subject's right, which is the image's left from the front, its right from behind."""
    points = scene.points
    rightward = sum(points[f"right_{part}"].x - points[f"left_{part}"].x for part in ("shoulder", "hip"))
    if rightward == 0:
        return math.nan
    lean = signed_angle_to_vertical(scene.between("hip"), scene.between("shoulder"))
    return math.copysign(1.0, rightward) * lean


def _head_x(scene: Scene) -> float:
    return (scene.points["nose"].x - scene.between("hip").x) / scene.size[0]


def _stride_asymmetry(scene: Scene) -> float:
    return (scene.points["left_ankle"].y - scene.points["right_ankle"].y) / scene.size[1]


def _tilt(part: str) -> Callable[[Scene], float]:
    return lambda scene: tilt_of_line(scene.points[f"left_{part}"], scene.points[f"right_{part}"])


def _joint(side: str, joint: str, before: str, after: str) -> Metric:
    a, b, c = f"{side}_{before}", f"{side}_{joint}", f"{side}_{after}"
    return Metric(
        name=f"{side}_{joint}_angle",
        title=f"{side} {joint}",
        unit="°",
        formula=f"angle at {joint} between {before} and {after}: arccos(((a−b)·(c−b))/(|a−b||c−b|))",
        keypoints=(a, b, c),
        views=SAGITTAL,
        sign="0–180, 180 is straight",
        source=PLANE,
        measure=lambda scene: joint_angle(scene.points[a], scene.points[b], scene.points[c]),
    )


POSTURE = (
    Metric(
        "neck_flexion",
        "neck flexion",
        "°",
        "angle of mid-shoulder→nose against the vertical",
        ("nose", *SHOULDERS),
        SAGITTAL,
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
        SQUARE | SAGITTAL,
        "from the side positive forward, negative back; otherwise unsigned, sideways from the front",
        PLANE,
        _trunk_lean,
    ),
    Metric(
        "trunk_lean_signed",
        "trunk lean, signed",
        "°",
        "arctan2 of mid-hip→mid-shoulder against the vertical",
        (*SHOULDERS, *HIPS),
        SQUARE,
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
        SQUARE,
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
        SQUARE,
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

JOINTS = tuple(
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
