"""What a desk camera that sees head and shoulders can say: the head's turn, its drop, its way forward, distances.

All but the distance in centimetres count from the calibrated upright pose. No hips are needed. What is held against the
width of the shoulders is offered square from the front only: turned by 40°, they look a quarter narrower.
"""

from __future__ import annotations

import math

from uprightd.domain import View
from uprightd.metrics.head_pose import ANCHORS, HEAD, side_pitch
from uprightd.metrics.model import FACING, SAGITTAL, SHOULDERS, SQUARE, Metric
from uprightd.metrics.scene import Scene

TRUNK_PER_SHOULDER_WIDTH = 1.45
"""Mid-hip→mid-shoulder length over shoulder width of a person seen square on (pose-model landmarks)."""
ACROSS_A_DESK = 200.0
"""Centimetres beyond which nobody looks at a screen, and the pupils are too few pixels apart to tell."""
PNP = "perspective-n-point on named face points, a face shape of the person's own (metrics/head_pose.py)"
PROPORTION = "proportions in the image, relative to calibration"
EYES = ("left_eye_inner", "left_eye_outer", "right_eye_inner", "right_eye_outer")


def _upright(scene: Scene) -> Scene:
    assert scene.upright is not None, "a relative metric is measured against a calibration only"
    return scene.upright


def _head_pitch(scene: Scene) -> float:
    if scene.view in SAGITTAL:
        return side_pitch(scene.points, _upright(scene).points, scene.view is View.SAGITTAL_LEFT)
    return scene.turn.pitch if scene.turn else math.nan


def _head_yaw(scene: Scene) -> float:
    return scene.turn.yaw if scene.turn else math.nan


def _head_roll(scene: Scene) -> float:
    return scene.turn.roll if scene.turn else math.nan


def _head_drop(scene: Scene) -> float:
    return _head_height(_upright(scene)) - _head_height(scene)


def _head_height(scene: Scene) -> float:
    width = scene.across("shoulder")
    return (scene.between("shoulder").y - scene.points["nose"].y) / width if width > 0 else math.nan


def _forward_head(scene: Scene) -> float:
    """The face grows against the shoulders when the head comes forward of them."""
    upright = _upright(scene)
    now, then = scene.across("shoulder"), upright.across("shoulder")
    if scene.turn is None or upright.turn is None or now <= 0 or then <= 0:
        return math.nan
    return (scene.turn.size / now) / (upright.turn.size / then) - 1


def _screen_distance(scene: Scene) -> float:
    upright = _upright(scene)
    if scene.turn is None or upright.turn is None or scene.turn.size <= 0:
        return math.nan
    return upright.turn.size / scene.turn.size


def _screen_distance_cm(scene: Scene) -> float:
    """The pupils are taken half-way between the eyes' corners. A head turned away from the camera, whose pupils look
    nearer to each other, is corrected for when calibrated: by how much of the brows' distance shows."""
    millimetres = scene.optics.pupil_distance
    left, right = (
        [
            (scene.points[f"{side}_eye_inner"][axis] + scene.points[f"{side}_eye_outer"][axis]) / 2
            for axis in (0, 1)
        ]
        for side in ("left", "right")
    )
    pixels = math.dist(left, right)
    if millimetres <= 0 or pixels <= 0:
        return math.nan
    shown = scene.across("brow_arch") / scene.turn.size if scene.turn else 1.0
    distance = scene.focal * millimetres / 10 * shown / pixels
    return distance if distance <= ACROSS_A_DESK else math.nan


def _lateral_lean(scene: Scene) -> float:
    """The mid-shoulder swings about the hips, which lie a trunk's length below where it was when upright."""
    upright = _upright(scene)
    length = TRUNK_PER_SHOULDER_WIDTH * upright.across("shoulder")
    if length <= 0:
        return math.nan
    shift = upright.between("shoulder").x - scene.between("shoulder").x
    return math.degrees(math.asin(max(-1.0, min(1.0, shift / length))))


DESK = (
    Metric(
        "head_pitch",
        "head pitch",
        "°",
        "rotation of the head about its left–right axis against the calibrated upright pose",
        ANCHORS,
        FACING | SAGITTAL,
        "positive is chin down",
        f"{PNP}; from the side, the mean turn of the head's points in the image",
        _head_pitch,
        sideways=HEAD[:1],
        relative=True,
    ),
    Metric(
        "head_yaw",
        "head turn",
        "°",
        "rotation of the head about its vertical axis against the calibrated upright pose",
        ANCHORS,
        FACING,
        "positive is towards the subject's right",
        PNP,
        _head_yaw,
        relative=True,
    ),
    Metric(
        "head_roll",
        "head tilt",
        "°",
        "rotation of the head about its front–back axis against the calibrated upright pose",
        ANCHORS,
        FACING,
        "positive is towards the subject's right",
        PNP,
        _head_roll,
        relative=True,
    ),
    Metric(
        "head_drop",
        "head drop",
        "of shoulder width",
        "(mid-shoulder.y − nose.y) / shoulder width: upright − now",
        ("nose", *SHOULDERS),
        SQUARE,
        "positive when the head has sunk towards the shoulders",
        PROPORTION,
        _head_drop,
        relative=True,
    ),
    Metric(
        "forward_head",
        "forward head",
        "of face size",
        "(face size / shoulder width): now / upright − 1",
        (*ANCHORS, *SHOULDERS),
        SQUARE,
        "positive when the head has come forward of the shoulders",
        PROPORTION,
        _forward_head,
        relative=True,
    ),
    Metric(
        "screen_distance",
        "screen distance",
        "of calibrated",
        "face size: upright / now",
        ANCHORS,
        FACING,
        "under 1 is closer than when calibrated",
        PROPORTION,
        _screen_distance,
        relative=True,
    ),
    Metric(
        "screen_distance_cm",
        "distance to the screen",
        "cm",
        "focal length × pupil distance / pixels between the pupils",
        (*ANCHORS, *EYES),
        FACING,
        "from the camera to the eyes",
        "pinhole camera; needs calibration.pupil_distance in the settings",
        _screen_distance_cm,
        scaled=True,
    ),
    Metric(
        "lateral_lean",
        "lateral lean",
        "°",
        "arcsin(sideways shift of the mid-shoulder / 1.45 × calibrated shoulder width)",
        SHOULDERS,
        SQUARE,
        "positive towards the subject's right; estimated, and moving the chair reads as a lean",
        PROPORTION,
        _lateral_lean,
        relative=True,
    ),
)
