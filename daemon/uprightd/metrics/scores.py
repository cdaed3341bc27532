"""Neck and trunk scores informed by RULA (McAtamney & Corlett 1993) and REBA (Hignett & McAtamney 2000).

Each is worked out from angles of the same reading, and from nothing else. A worksheet asks an observer for more:
whether the seat carries the trunk, arms, legs, loads, repetition. So these are parts of a worksheet, never its result,
and where a view hides twist, side bend or flexion, the least that the score can be.

Where we depart from the tables: they count extension from 0°, and upright is 0°, which any measurement crosses all the
time; here both begin ASTRAY away from it. They name no angle for "twisted" and "bent to the side"; here it is ASIDE.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from uprightd.metrics.desk import DESK
from uprightd.metrics.head_pose import ANCHORS
from uprightd.metrics.model import FACING, HIPS, SAGITTAL, SHOULDERS, SQUARE, Metric
from uprightd.metrics.plane import POSTURE
from uprightd.metrics.scene import Scene

ASTRAY = 5.0
"""Degrees within which neck and trunk count as upright: about what two looks at one angle differ by."""
ASIDE = 10.0
"""Degrees beyond which a turn or a bend to the side counts, as tools after ISO 11226 have it for a held side bend."""

Score = Callable[[float, float, float], float]
"""Given flexion, turn and side bend in degrees (0 for what is not seen), a score; NaN when an angle is."""

_ANGLES = {metric.name: metric.measure for metric in (*POSTURE, *DESK)}


def rula_neck(flexion: float, turn: float, side: float) -> float:
    """1 up to 10°, 2 up to 20°, 3 from 20°, 4 bent back; 1 more when turned, 1 more when bent to the side."""
    base = 4 if flexion < -ASTRAY else 1 if flexion <= 10 else 2 if flexion < 20 else 3
    return _known(base + (abs(turn) > ASIDE) + (abs(side) > ASIDE), flexion, turn, side)


def reba_neck(flexion: float, turn: float, side: float) -> float:
    """1 up to 20°, 2 beyond or bent back; 1 more when turned or bent to the side."""
    base = 1 if -ASTRAY <= flexion <= 20 else 2
    return _known(base + (abs(turn) > ASIDE or abs(side) > ASIDE), flexion, turn, side)


def rula_trunk(flexion: float, turn: float, side: float) -> float:
    """1 upright, or leaning back as a chair lets one; 2 up to 20°, 3 up to 60°, 4 from 60°; 1 more when turned, 1 more
    when bent to the side."""
    base = 1 if flexion <= ASTRAY else 2 if flexion <= 20 else 3 if flexion < 60 else 4
    return _known(base + (abs(turn) > ASIDE) + (abs(side) > ASIDE), flexion, turn, side)


def reba_trunk(flexion: float, turn: float, side: float) -> float:
    """1 upright; 2 up to 20° forward or back; 3 up to 60° forward or further back; 4 beyond 60°; 1 more when turned or
    bent to the side."""
    base = 1 if abs(flexion) <= ASTRAY else 2 if abs(flexion) <= 20 else 3 if flexion <= 60 else 4
    return _known(base + (abs(turn) > ASIDE or abs(side) > ASIDE), flexion, turn, side)


def _known(score: float, *angles: float) -> float:
    return float(score) if all(map(math.isfinite, angles)) else math.nan


def _neck(score: Score) -> Callable[[Scene], float]:
    """From the side the head's turn against the trunk's, both against upright; else the head's alone."""

    def measure(scene: Scene) -> float:
        pitch = _ANGLES["head_pitch"](scene)
        if scene.view not in SAGITTAL:
            return score(pitch, _ANGLES["head_yaw"](scene), _ANGLES["head_roll"](scene))
        assert scene.upright is not None, "a relative metric is measured against a calibration only"
        trunk, before = (_ANGLES["trunk_lean"](each) for each in (scene, scene.upright))
        return score(pitch - (trunk - before), 0.0, 0.0)

    return measure


def _trunk(score: Score) -> Callable[[Scene], float]:
    """From the side the lean is forward or back, from the front it is to the side."""

    def measure(scene: Scene) -> float:
        lean = _ANGLES["trunk_lean"](scene)
        return score(lean, 0.0, 0.0) if scene.view in SAGITTAL else score(0.0, 0.0, lean)

    return measure


RULA = (
    "informed by RULA (McAtamney & Corlett 1993); no assessment: a worksheet asks for more than a camera sees"
)
REBA = (
    "informed by REBA (Hignett & McAtamney 2000); no assessment: a worksheet asks for more than a camera sees"
)
NECK_SEEN = "from the side flexion is head pitch less trunk lean, both against upright, and turn and tilt are not seen"
TRUNK_SEEN = "from the side flexion is trunk lean; from the front that is the bend to the side, and flexion is not seen"


def _neck_score(method: str, score: Score, formula: str, source: str) -> Metric:
    facing, aside = ("head_pitch", "head_yaw", "head_roll"), ("head_pitch", "trunk_lean")
    return Metric(
        f"{method.lower()}_neck",
        f"{method}-informed neck score",
        "score",
        f"{formula}; {NECK_SEEN}",
        ANCHORS,
        FACING | SAGITTAL,
        "whole numbers, 1 is the best",
        source,
        _neck(score),
        sideways=("nose", *SHOULDERS, *HIPS),
        relative=True,
        derived={**dict.fromkeys(FACING, facing), **dict.fromkeys(SAGITTAL, aside)},
    )


def _trunk_score(method: str, score: Score, formula: str, source: str) -> Metric:
    return Metric(
        f"{method.lower()}_trunk",
        f"{method}-informed trunk score",
        "score",
        f"{formula}; {TRUNK_SEEN}",
        (*SHOULDERS, *HIPS),
        SQUARE | SAGITTAL,
        "whole numbers, 1 is the best",
        source,
        _trunk(score),
        derived=dict.fromkeys(SQUARE | SAGITTAL, ("trunk_lean",)),
    )


SCORES = (
    _neck_score(
        "RULA",
        rula_neck,
        f"flexion ≤ 10°: 1, < 20°: 2, ≥ 20°: 3, back beyond {ASTRAY:g}°: 4; "
        f"turned beyond {ASIDE:g}°: +1, tilted beyond {ASIDE:g}°: +1",
        RULA,
    ),
    _trunk_score(
        "RULA",
        rula_trunk,
        f"flexion ≤ {ASTRAY:g}°: 1, ≤ 20°: 2, < 60°: 3, ≥ 60°: 4; bent to the side beyond {ASIDE:g}°: +1",
        RULA,
    ),
    _neck_score(
        "REBA",
        reba_neck,
        f"flexion ≤ 20°: 1, > 20° or back beyond {ASTRAY:g}°: 2; turned or tilted beyond {ASIDE:g}°: +1",
        REBA,
    ),
    _trunk_score(
        "REBA",
        reba_trunk,
        f"within {ASTRAY:g}°: 1, ≤ 20° forward or back: 2, ≤ 60° forward or > 20° back: 3, > 60°: 4; "
        f"bent to the side beyond {ASIDE:g}°: +1",
        REBA,
    ),
)
