"""Angles and places of the walk, the same for a walker to the left and to the right.

All angles come from a picture turned so that the walker faces +: forward is the direction of the walk, up is up.
Each is 0 when the body stands straight:

- hip: the thigh against the trunk, flexion (knee in front) positive
- knee: the shank against the thigh, flexion positive
- ankle: the foot against the shank, dorsiflexion (toes up) positive; heel and toe marks, so 0 is near a flat foot
- trunk_lean: the line from mid-hip to mid-shoulder against the vertical, forwards positive; from the front and from
  behind towards the subject's right positive
- arm: the line from shoulder to wrist against the trunk, in front positive
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from uprightd.gait.course import Course
from uprightd.gait.model import Series, Side, Track
from uprightd.gait.motion import Motion
from uprightd.gait.signals import at

Places = Mapping[str, np.ndarray]
"""By name (N, >= 2) pixels, y downwards."""

JOINTS = ("hip", "knee", "ankle")
TRACED = ("hip", "knee", "ankle", "heel", "big_toe")
"""Points whose place is a series of its own."""


def joint_angles(places: Places, direction: int) -> dict[str, np.ndarray]:
    """Given places and the direction of the walk (-1, +1), return the angles in degrees by name, (N,) each."""
    angles = {"trunk_lean": trunk_lean(places, direction)}
    for side in Side:
        thigh = _hanging(places, f"{side}_hip", f"{side}_knee", direction)
        shank = _hanging(places, f"{side}_knee", f"{side}_ankle", direction)
        angles[f"{side}_hip_angle"] = thigh + angles["trunk_lean"]
        angles[f"{side}_knee_angle"] = _wrapped(thigh - shank)
        if {f"{side}_heel", f"{side}_big_toe"} <= places.keys():
            angles[f"{side}_ankle_angle"] = _wrapped(
                _pointing(places, f"{side}_heel", f"{side}_big_toe", direction) - shank
            )
        arm = _hanging(places, f"{side}_shoulder", f"{side}_wrist", direction)
        angles[f"{side}_arm_angle"] = _wrapped(arm + angles["trunk_lean"])
    return angles


def trunk_lean(places: Places, direction: int) -> np.ndarray:
    """Given places and a direction, return the trunk's angle to the vertical in degrees, (N,), positive that way."""
    shoulders, hips = _middle(places, "shoulder"), _middle(places, "hip")
    return np.degrees(np.arctan2(direction * (shoulders[:, 0] - hips[:, 0]), hips[:, 1] - shoulders[:, 1]))


def head_x(places: Places, width: int) -> np.ndarray:
    """Given places and the picture's width, return (nose.x - mid-hip.x) / width, (N,)."""
    return (places["nose"][:, 0] - _middle(places, "hip")[:, 0]) / width


def stride_asymmetry(places: Places, height: int) -> np.ndarray:
    """Given places and the picture's height, return (left ankle y - right ankle y) / height, (N,)."""
    return (places["left_ankle"][:, 1] - places["right_ankle"][:, 1]) / height


def all_series(track: Track, motion: Motion, course: Course) -> dict[str, Series]:
    """Given the track as it came and its motion, return every series by name: raw beside filtered, at the frames."""
    raw = _named(track.points, track.size, course)
    smooth = {
        name: at(motion.grid, it, track.times) for name, it in _named(motion.xy, track.size, course).items()
    }
    return {name: Series(unit_of(name), raw[name], smooth[name]) for name in raw}


def unit_of(name: str) -> str:
    """Given a series' name, return its unit; shares of the picture have none."""
    if name.endswith(("_angle", "trunk_lean")):
        return "deg"
    return "" if name in ("head_x", "stride_asymmetry") else "px"


def _named(places: Places, size: tuple[int, int], course: Course) -> dict[str, np.ndarray]:
    series = {
        "trunk_lean": trunk_lean(places, lean_sign(course)),
        "stride_asymmetry": stride_asymmetry(places, size[1]),
    }
    if "nose" in places:
        series["head_x"] = head_x(places, size[0])
    for side in Side:
        for part in TRACED:
            if f"{side}_{part}" in places:
                for axis, letter in enumerate("xy"):
                    series[f"{side}_{part}_{letter}"] = places[f"{side}_{part}"][:, axis]
    return {**(joint_angles(places, course.direction) if course.direction else {}), **series}


def lean_sign(course: Course) -> int:
    """Given a course, return which way in the picture a lean is positive: forwards, or to the subject's right."""
    if course.direction:
        return course.direction
    return 1 if course.view.value == "rear" else -1


def _middle(places: Places, part: str) -> np.ndarray:
    return (places[f"left_{part}"][:, :2] + places[f"right_{part}"][:, :2]) / 2


def _hanging(places: Places, top: str, bottom: str, direction: int) -> np.ndarray:
    """Return the angle of a limb that hangs down, forwards positive, degrees."""
    limb = places[bottom][:, :2] - places[top][:, :2]
    return np.degrees(np.arctan2(direction * limb[:, 0], limb[:, 1]))


def _pointing(places: Places, back: str, front: str, direction: int) -> np.ndarray:
    """Return the angle of a foot to the floor, toes up positive, degrees."""
    foot = places[front][:, :2] - places[back][:, :2]
    return np.degrees(np.arctan2(-foot[:, 1], direction * foot[:, 0]))


def _wrapped(degrees: np.ndarray) -> np.ndarray:
    return (degrees + 180) % 360 - 180
