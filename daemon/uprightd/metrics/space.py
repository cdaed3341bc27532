"""Angles in the person's own frame, from estimated places in space: labelled estimated, with an error of their own.

The trunk's axis runs from mid-hip to mid-shoulder, its left–right axis along the shoulders and hips; forward is
across both. Vertical is the camera's, so a camera that looks up or down adds its own angle to the trunk's.
"""

from __future__ import annotations

import math

from uprightd.metrics.model import HIPS, KNOWN, SHOULDERS, Metric
from uprightd.metrics.scene import Scene

Vector = tuple[float, float, float]

SPACE = "estimated places in space (mediapipe's world landmarks or Sapiens2's pointmap)"
UP: Vector = (0.0, -1.0, 0.0)
SHORTEST = 0.001
"""Metres under which two places count as one: what is left of a direction is rounding."""


def _trunk_lean_3d(scene: Scene) -> float:
    return _forward_angle(_trunk(scene), UP, _across(_leftward(scene), UP))


def _neck_flexion_3d(scene: Scene) -> float:
    """Counted from upright: where a model sees a neck begin is ten degrees off, and stays so."""
    assert scene.upright is not None, "a relative metric is measured against a calibration only"
    return math.remainder(_neck(scene) - _neck(scene.upright), 360)


def _neck(scene: Scene) -> float:
    trunk = _trunk(scene)
    neck = _difference(scene.world["nose"], _middle(scene, SHOULDERS))
    return _forward_angle(neck, trunk, _across(_leftward(scene), trunk))


def _trunk(scene: Scene) -> Vector:
    return _difference(_middle(scene, SHOULDERS), _middle(scene, HIPS))


def _leftward(scene: Scene) -> Vector:
    """From the subject's right to their left, by shoulders and hips."""
    shoulders, hips = (
        _difference(scene.world[left], scene.world[right]) for left, right in (SHOULDERS, HIPS)
    )
    return shoulders[0] + hips[0], shoulders[1] + hips[1], shoulders[2] + hips[2]


def _forward_angle(axis: Vector, upward: Vector, leftward: Vector) -> float:
    """Given an axis and two directions across each other, return how far the axis leans forward of `upward` in the
    plane across `leftward`, in degrees; NaN where a direction vanishes."""
    high = math.hypot(*upward)
    if min(high, math.hypot(*leftward)) < SHORTEST:
        return math.nan
    forward = _cross(leftward, upward)
    along, ahead = _dot(axis, upward) / high, _dot(axis, forward) / math.hypot(*forward)
    return math.degrees(math.atan2(ahead, along)) if math.hypot(along, ahead) >= SHORTEST else math.nan


def _middle(scene: Scene, pair: tuple[str, str]) -> Vector:
    a, b = (scene.world[name] for name in pair)
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2


def _across(vector: Vector, axis: Vector) -> Vector:
    """Return the part of a vector that is square to an axis."""
    length = _dot(axis, axis)
    share = _dot(vector, axis) / length if length else 0.0
    return vector[0] - share * axis[0], vector[1] - share * axis[1], vector[2] - share * axis[2]


def _difference(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


SPATIAL = (
    Metric(
        "trunk_lean_3d",
        "trunk lean, 3D estimate",
        "°",
        "forward inclination of mid-hip→mid-shoulder against the vertical, in the person's sagittal plane",
        (*SHOULDERS, *HIPS),
        KNOWN,
        "positive forward",
        SPACE,
        _trunk_lean_3d,
        places=(*SHOULDERS, *HIPS),
        estimated=True,
    ),
    Metric(
        "neck_flexion_3d",
        "neck flexion, 3D estimate",
        "°",
        "angle of mid-shoulder→nose against the trunk's axis in the person's sagittal plane: now − upright",
        ("nose", *SHOULDERS, *HIPS),
        KNOWN,
        "positive forward",
        SPACE,
        _neck_flexion_3d,
        places=("nose", *SHOULDERS, *HIPS),
        relative=True,
        estimated=True,
    ),
)
