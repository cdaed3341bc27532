"""The true value of every metric, from exact 3D joints: the thing it is meant to measure, not the way it does.

Angles are anatomical: in the person's own sagittal or frontal plane, at the joint itself, of the rigid head. Metrics
that are a formula on the picture and nothing else are worked out from the true joints' places in the picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from uprightd.domain import View
from uprightd.metrics import scores
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.head_pose import HEAD
from uprightd.metrics.model import SAGITTAL
from uprightd.metrics.plane import JOINTS
from uprightd.metrics.scene import Scene
from uprightd.service.accuracy.bodies import Body

Truth = Callable[[Body, View, Body | None], float]
"""Given the body now, the view in which it was measured, and the body sitting upright (None where it never does), the
true value; NaN where there is none."""


class Turn(NamedTuple):
    """Of the head against upright, degrees: pitch positive chin down, yaw and roll towards the subject's right."""

    pitch: float
    yaw: float
    roll: float


def true_value(metric: str, now: Body, view: View, upright: Body | None) -> float:
    """Given a metric's name, the body now, the view it was measured in, and the upright body, return the truth.

    NaN where a relative metric has no upright body to count from, or a joint lies behind the camera.
    """
    if METRICS[metric].relative and upright is None:
        return math.nan
    return TRUTHS[metric](now, view, upright)


# ---- against the vertical ----------------------------------------------------------------------------------


def neck_flexion(now: Body, view: View, upright: Body | None) -> float:
    """|angle| of mid-shoulder→nose against the vertical, from the side in the person's sagittal plane; at an angle,
    where the metric promises no more than the picture's plane, of the true joints in the picture."""
    if view in SAGITTAL:
        return abs(_forward(now.places["nose"] - now.between("shoulder"), now))
    return _in_picture("neck_flexion", now, view, upright)


def trunk_lean(now: Body, view: View, upright: Body | None) -> float:
    """Angle of mid-hip→mid-shoulder against the vertical: from the side in the person's sagittal plane, positive
    forward; unsigned in their frontal plane from the front, at an angle in the picture's."""
    if view in SAGITTAL:
        return _forward(now.between("shoulder") - now.between("hip"), now)
    return abs(trunk_lean_signed(now, view, upright))


def trunk_lean_signed(now: Body, view: View, upright: Body | None) -> float:
    """atan2(trunk · right, trunk · up) with right horizontal, by shoulders and hips: sideways, positive to the
    subject's right. At an angle, of the true joints in the picture."""
    if view is View.OBLIQUE:
        return _in_picture("trunk_lean_signed", now, view, upright)
    trunk, rightward = now.between("shoulder") - now.between("hip"), -now.leftward("shoulder", "hip")
    return _angle(trunk, now.lens.up, _across(rightward, now.lens.up))


def tilt(part: str) -> Truth:
    """Angle of the line from left to right against the horizontal: atan2(left − right, upwards; its length on the
    floor plan). Positive when the right end is the lower one."""

    def true_tilt(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
        line, up = now.leftward(part), now.lens.up
        return _degrees(float(line @ up), float(np.linalg.norm(_across(line, up))))

    return true_tilt


def trunk_lean_3d(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Forward angle of mid-hip→mid-shoulder against the vertical in the plane across shoulders and hips."""
    up = now.lens.up
    left = _across(now.leftward("shoulder", "hip"), up)
    return _angle(now.between("shoulder") - now.between("hip"), up, np.cross(left, up))


def neck_flexion_3d(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Forward angle of mid-shoulder→nose against the trunk's axis, in the plane across shoulders and hips, against
    upright."""
    return _neck(now) - _neck(_there(upright))


def _neck(body: Body) -> float:
    trunk = body.between("shoulder") - body.between("hip")
    left = _across(body.leftward("shoulder", "hip"), trunk)
    return _angle(body.places["nose"] - body.between("shoulder"), trunk, np.cross(left, trunk))


def joint(before: str, at: str, after: str) -> Truth:
    """Angle in space at a joint between its neighbours: atan2(|u × v|, u · v), 0–180°."""

    def true_angle(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
        u, v = (now.places[name] - now.places[at] for name in (before, after))
        return _degrees(float(np.linalg.norm(np.cross(u, v))), float(u @ v))

    return true_angle


# ---- against the upright body ------------------------------------------------------------------------------


def head_turn(now: Body, upright: Body) -> Turn:
    """Given the body now and upright, return how the rigid head (nose, eyes, ears) has turned.

    Kabsch 1976 in space, then turn = Ry(yaw) Rx(pitch) Rz(roll) in the upright head's axes: x along the ears'
    line, horizontal, to the subject's left; y down; z backwards.
    """
    then, here = (_centred(body) for body in (upright, now))
    left, _, right = np.linalg.svd(then.T @ here)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = right.T @ flip @ left.T
    down = -upright.lens.up
    x = _across(upright.leftward("ear"), down)
    x = x / np.linalg.norm(x)
    axes = np.stack([x, down, np.cross(x, down)], axis=1)
    turn = axes.T @ rotation @ axes
    return Turn(
        pitch=math.degrees(math.asin(max(-1.0, min(1.0, -turn[1, 2])))),
        yaw=_degrees(turn[0, 2], turn[2, 2]),
        roll=-_degrees(turn[1, 0], turn[1, 1]),
    )


def head_pitch(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Pitch of the rigid head against upright, positive chin down (see head_turn)."""
    return head_turn(now, _there(upright)).pitch


def head_yaw(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Yaw of the rigid head against upright, positive to the subject's right (see head_turn)."""
    return head_turn(now, _there(upright)).yaw


def head_roll(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Roll of the rigid head against upright, positive to the subject's right (see head_turn)."""
    return head_turn(now, _there(upright)).roll


def forward_head(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """(depth of the shoulders / depth of the eyes) now / upright − 1, depth along the camera's axis."""
    ratio, then = (body.depth("shoulder") / body.depth("eye") for body in (now, _there(upright)))
    return ratio / then - 1


def screen_distance(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Depth of the eyes along the camera's axis: now / upright."""
    return now.depth("eye") / _there(upright).depth("eye")


def screen_distance_cm(now: Body, view: View, upright: Body | None) -> float:  # noqa: ARG001 - a Truth
    """Distance from the camera to the middle between the eyes, in cm."""
    return float(np.linalg.norm(now.between("eye"))) * 100


# ---- scores ------------------------------------------------------------------------------------------------


def neck_score(score: scores.Score) -> Truth:
    """The score of the true angles, of those that count in the view."""

    def true_score(now: Body, view: View, upright: Body | None) -> float:
        turn = head_turn(now, _there(upright))
        if view not in SAGITTAL:
            return score(*turn)
        trunk, before = (trunk_lean(body, view, None) for body in (now, _there(upright)))
        return score(turn.pitch - (trunk - before), 0.0, 0.0)

    return true_score


def trunk_score(score: scores.Score) -> Truth:
    """The same of the trunk: its lean forward from the side, to the side from the front."""

    def true_score(now: Body, view: View, upright: Body | None) -> float:
        lean = trunk_lean(now, view, upright)
        return score(lean, 0.0, 0.0) if view in SAGITTAL else score(0.0, 0.0, lean)

    return true_score


# ---- formulas on the picture -------------------------------------------------------------------------------


def formula(metric: str) -> Truth:
    """The metric's own formula on the true joints' places in the picture."""
    return lambda now, view, upright: _in_picture(metric, now, view, upright)


def _in_picture(metric: str, now: Body, view: View, upright: Body | None) -> float:
    scene = Scene(now.points(), now.lens.size, view)
    if upright is not None:
        scene = replace(scene, upright=Scene(upright.points(), upright.lens.size, view))
    if any(name not in scene.points for name in METRICS[metric].keypoints):
        return math.nan
    return METRICS[metric].measure(scene)


# ---- directions in space -----------------------------------------------------------------------------------


def _forward(axis: np.ndarray, body: Body) -> float:
    """Angle of an axis against the vertical, forward, across the shoulder line."""
    up = body.lens.up
    return _angle(axis, up, np.cross(_across(body.leftward("shoulder"), up), up))


def _angle(axis: np.ndarray, upward: np.ndarray, sideways: np.ndarray) -> float:
    """How far an axis leans from one direction towards another, square to it; NaN where a direction vanishes."""
    high, far = np.linalg.norm(upward), np.linalg.norm(sideways)
    if high == 0 or far == 0:
        return math.nan
    return _degrees(float(axis @ sideways / far), float(axis @ upward / high))


def _across(vector: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of a vector that is square to an axis."""
    return vector - axis * (vector @ axis) / (axis @ axis)


def _degrees(across: float, along: float) -> float:
    return math.degrees(math.atan2(across, along))


def _centred(body: Body) -> np.ndarray:
    head = np.array([body.places[name] for name in HEAD])
    return head - head.mean(axis=0)


def _there(upright: Body | None) -> Body:
    assert upright is not None, "a relative metric counts from an upright body"
    return upright


TRUTHS: Mapping[str, Truth] = {
    "neck_flexion": neck_flexion,
    "trunk_lean": trunk_lean,
    "trunk_lean_signed": trunk_lean_signed,
    "shoulder_tilt": tilt("shoulder"),
    "hip_tilt": tilt("hip"),
    "head_x": formula("head_x"),
    "stride_asymmetry": formula("stride_asymmetry"),
    "head_pitch": head_pitch,
    "head_yaw": head_yaw,
    "head_roll": head_roll,
    "head_drop": formula("head_drop"),
    "forward_head": forward_head,
    "screen_distance": screen_distance,
    "screen_distance_cm": screen_distance_cm,
    "lateral_lean": formula("lateral_lean"),
    "trunk_lean_3d": trunk_lean_3d,
    "neck_flexion_3d": neck_flexion_3d,
    "rula_neck": neck_score(scores.rula_neck),
    "rula_trunk": trunk_score(scores.rula_trunk),
    "reba_neck": neck_score(scores.reba_neck),
    "reba_trunk": trunk_score(scores.reba_trunk),
    **{metric.name: joint(*metric.keypoints) for metric in JOINTS},
}
