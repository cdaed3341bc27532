"""One figure for each metric; the left and the right joint share one, by the name without the side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drawing.mannequin import Camera, Posture
from drawing.marks import (
    LEVEL,
    UP,
    angle,
    angle_in_space,
    dashed,
    desk,
    distance,
    dots,
    lens,
    level,
    line,
    movement,
    onwards,
    pair,
    plane,
    room,
    sides,
    sideways,
    upwards,
    vertical,
    was,
)
from drawing.stage import Figure, Mark, Pane

BUST = Camera(90, 2.0, (0, -46, -16))
SEATED = Camera(90, 1.26, (0, -20, -38))
PROFILE = Camera(90, 4.0, (0, -70, -9))
FACING = Camera(0, 2.45, (0, -62, 0))
WAIST = Camera(0, 1.7, (0, -40, 0))
FACE = Camera(0, 4.2, (0, -69, 0))
TOP = Camera(0, 2.9, (0, 0, -14), above=90)
APART = Camera(52, 1.7, (0, -38, -12), above=14)
LEFT, RIGHT = (60, 100), (180, 100)
"""Where two panes have their middle."""
UPRIGHT = Posture()
STANDING = Posture(arms="hanging", legs=("standing", "standing"))
ANCHORS = tuple(f"{side}_{name}" for side in ("left", "right") for name in ("eye_outer", "brow_arch"))
PROFILE_ANCHORS = ("nose_tip", "eye_outer", "brow_arch")
SAGITTAL_PLANE = plane((0, -92, -50), (0, -92, 30), (0, 12, 30), (0, 12, -50))


def seen(
    caption: str,
    camera: Camera,
    posture: Posture,
    *marks: Mark,
    ghost: Posture | None = None,
    behind: Sequence[Mark] = (),
) -> Figure:
    """A figure of one pane."""
    return Figure(caption, [Pane(camera, posture, marks, ghost, behind)])


def seated(caption: str, camera: Camera, posture: Posture, *marks: Mark) -> Figure:
    """The same with desk, screen and chair."""
    return seen(caption, camera, posture, *marks, behind=[room])


def joint(caption: str, camera: Camera, radius: float, before: str, at: str, after: str) -> Figure:
    """The angle at a joint of somebody seated."""
    marks = line(before, at, after), angle(at, before, after, radius), dots(before, at, after)
    return seated(caption, camera, UPRIGHT, *marks)


def neck_scored(caption: str) -> Figure:
    """The head's turn from the side, where it counts against the trunk's, and what counts from the front."""
    return Figure(
        caption,
        [
            Pane(
                Camera(90, 1.9, (0, -60, -6), at=LEFT),
                Posture(pitch=26),
                [
                    dashed("atlas", "upright gaze"),
                    line("atlas", "gaze"),
                    angle("atlas", "upright gaze", "gaze", 46, "+θ", (-4, 2)),
                ],
                ghost=UPRIGHT,
            ),
            Pane(
                Camera(0, 2.4, (0, -66, 0), at=RIGHT),
                Posture(roll=17),
                [
                    dashed("atlas", "upright zenith"),
                    line("atlas", "zenith"),
                    dots("nose_tip", *ANCHORS, radius=2.6),
                ],
                ghost=UPRIGHT,
            ),
        ],
    )


def trunk_scored(caption: str) -> Figure:
    """The lean forward, which the side shows, and the bend to the side, which the front shows."""
    return Figure(
        caption,
        [
            Pane(
                Camera(90, 1.15, (0, -36, -14), at=LEFT),
                Posture(trunk=24),
                [
                    vertical("hip", 84),
                    line("hip", "shoulder"),
                    angle("hip", UP, "shoulder", 46, "+θ", (-2, -2)),
                    dots("hip", "shoulder"),
                ],
            ),
            Pane(
                Camera(0, 1.15, (0, -36, 0), at=RIGHT),
                Posture(side=15, arms="hanging", legs=("standing", "standing")),
                [vertical("hip", 84), line("hip", "shoulder"), pair("hip"), pair("shoulder")],
            ),
        ],
    )


FIGURES: Mapping[str, Figure] = {
    "neck_flexion": seated(
        "How far forward of the shoulders, and how low, the head is carried.",
        BUST,
        Posture(neck=22),
        vertical("shoulder", 78),
        line("shoulder", "nose"),
        angle("shoulder", UP, "nose", 27),
        dots("shoulder", "nose"),
    ),
    "trunk_lean": seated(
        "How far the upper body is off the vertical.",
        SEATED,
        Posture(trunk=20),
        vertical("hip", 88),
        line("hip", "shoulder"),
        angle("hip", UP, "shoulder", 44, "+θ", (22, 8)),
        dots("hip", "shoulder"),
    ),
    "trunk_lean_signed": seen(
        "How far the upper body leans to the side, and to which.",
        WAIST,
        Posture(side=15, arms="hanging", legs=("standing", "standing")),
        vertical("hip", 118),
        line("hip", "shoulder"),
        angle("hip", UP, "shoulder", 54, "+θ", (24, 4)),
        pair("hip"),
        pair("shoulder"),
        sides("left_shoulder", "right_shoulder", (20, -6)),
    ),
    "shoulder_tilt": seen(
        "Which shoulder hangs lower, and by how much.",
        FACING,
        Posture(shoulders=13, arms="hanging"),
        level("left_shoulder", 112, 0),
        line("left_shoulder", "right_shoulder"),
        angle("left_shoulder", LEVEL, "right_shoulder", 68, "+θ", (-8, -20)),
        dots("left_shoulder", "right_shoulder"),
        sides("left_shoulder", "right_shoulder", (26, 4)),
    ),
    "hip_tilt": seen(
        "Which hip stands lower, and by how much.",
        Camera(0, 2.5, (0, -8, 0)),
        Posture(hips=13, arms="hanging", legs=("standing", "standing")),
        level("left_hip", 66, 0),
        line("left_hip", "right_hip"),
        angle("left_hip", LEVEL, "right_hip", 58, "+θ", (10, -20)),
        dots("left_hip", "right_hip"),
        sides("left_hip", "right_hip", (0, 40)),
    ),
    "head_x": seen(
        "How far the head stands beside the hips in the picture.",
        WAIST,
        Posture(side=-13, arms="hanging", legs=("standing", "standing")),
        vertical("hip", 142),
        vertical("nose", 0, 118),
        sideways("hip", "nose", "+x", 104),
        distance((8, 186), (232, 186), "frame width", label=(-70, -8)),
        dots("nose"),
        pair("hip"),
    ),
    "stride_asymmetry": seen(
        "How much lower the left ankle is than the right one in the picture.",
        Camera(90, 1.02, (0, 4, 0), at=(108, 100)),
        Posture(arms="hanging", legs=("ahead", "behind")),
        level("right_ankle", 124, 18),
        level("left_ankle", 58, 34),
        upwards("left_ankle", "right_ankle", "+y", 34, (-13, 0)),
        distance((226, 8), (226, 192), "frame height", label=(-52, -34)),
        dots("left_ankle", "right_ankle"),
        sides("left_ankle", "right_ankle", (10, 17)),
    ),
    "head_pitch": seen(
        "How far the head is bowed, against your upright pose.",
        PROFILE,
        Posture(pitch=26),
        dashed("atlas", "upright gaze"),
        line("atlas", "gaze"),
        angle("atlas", "upright gaze", "gaze", 88, "+θ", (-3, 0)),
        dots(*PROFILE_ANCHORS),
        ghost=UPRIGHT,
    ),
    "head_yaw": seen(
        "How far the head is turned to the side, against your upright pose.",
        TOP,
        Posture(yaw=32, arms="hanging", legs=("standing", "standing")),
        lens((120, 188)),
        dashed("atlas", "upright gaze"),
        line("atlas", "gaze"),
        angle("atlas", "upright gaze", "gaze", 66, "+θ"),
        dots("nose_tip", *ANCHORS, radius=3),
        sides("left_shoulder", "right_shoulder", (34, 4)),
        ghost=STANDING,
    ),
    "head_roll": seen(
        "How far the head is tilted towards one shoulder, against your upright pose.",
        FACE,
        Posture(roll=17),
        dashed("atlas", "upright zenith"),
        line("atlas", "zenith"),
        angle("atlas", "upright zenith", "zenith", 70, "+θ", (0, 1)),
        dots("nose_tip", *ANCHORS, radius=3.4),
        sides("left_shoulder", "right_shoulder", (14, -24)),
        ghost=UPRIGHT,
    ),
    "head_drop": seen(
        "How far the head has sunk towards the shoulders, against your upright pose.",
        FACING,
        Posture(head=(0, 8, -2)),
        level("upright nose", 0, 62),
        level("nose", 0, 96),
        level("shoulder", 0, 104),
        upwards("shoulder", "upright nose", "h₀", 176),
        upwards("shoulder", "nose", "h", 206),
        sideways("right_shoulder", "left_shoulder", "w", 160, (0, 14)),
        dots("nose", "left_shoulder", "right_shoulder"),
        ghost=UPRIGHT,
    ),
    "forward_head": Figure(
        "How far the head has come forward of the shoulders, against your upright pose: the face grows against them.",
        [
            Pane(
                Camera(90, 2.0, (0, -58, -10), at=LEFT),
                Posture(head=(0, 2, -12)),
                [movement("upright zenith", "zenith", (0, 2)), dots("shoulder", radius=3.4)],
                ghost=UPRIGHT,
            ),
            Pane(
                Camera(0, 2.0, (0, -58, 0), at=RIGHT, near=60),
                Posture(head=(0, 2, -12)),
                [
                    was,
                    sideways("right_brow_arch", "left_brow_arch", "f", 30),
                    sideways("right_shoulder", "left_shoulder", "w", 152, (0, 14)),
                    dots("nose_tip", *ANCHORS, radius=2.6),
                    dots("left_shoulder", "right_shoulder", radius=3.4),
                ],
                ghost=UPRIGHT,
            ),
        ],
    ),
    "screen_distance": Figure(
        "How close you are to the camera, as a share of the distance in your upright pose.",
        [
            Pane(
                Camera(90, 1.15, (0, -40, -40), at=LEFT),
                Posture(trunk=18, neck=-12),
                [sideways("screen", "upright brow_arch", "d₀", 26), sideways("screen", "brow_arch", "d", 50)],
                ghost=UPRIGHT,
                behind=[room],
            ),
            Pane(
                Camera(0, 2.3, (0, -66, 0), at=RIGHT, near=70),
                Posture(trunk=18, neck=-18),
                [
                    was,
                    sideways("right_brow_arch", "left_brow_arch", "f", 40),
                    dots("nose_tip", *ANCHORS, radius=2.6),
                ],
                ghost=UPRIGHT,
            ),
        ],
    ),
    "screen_distance_cm": seen(
        "How far your eyes are from the camera.",
        Camera(0, 3.4, (0, 0, 2), above=90, at=(120, 50)),
        STANDING,
        lens((120, 182)),
        dashed("left_pupil", "camera"),
        dashed("right_pupil", "camera"),
        dots("nose_tip", *ANCHORS, "left_eye_inner", "right_eye_inner", radius=2.4),
        sideways("right_pupil", "left_pupil", "p", 84),
        distance("eyes", "camera", "d", (66, 0), (12, 5)),
    ),
    "lateral_lean": seen(
        "How far the upper body leans to the side, against your upright pose, with the hips behind the desk.",
        WAIST,
        Posture(side=14),
        desk,
        vertical("hip", 84),
        dashed("hip", "shoulder"),
        movement("upright shoulder", "shoulder"),
        angle("hip", UP, "shoulder", 50, "+θ", (24, 4)),
        dots("left_shoulder", "right_shoulder"),
        sides("left_shoulder", "right_shoulder", (20, -6)),
        ghost=UPRIGHT,
    ),
    "trunk_lean_3d": seen(
        "How far the upper body leans forward in space, from wherever it is seen.",
        APART,
        Posture(trunk=24),
        dashed("hip", "over_hips"),
        onwards("hip", "shoulder", 66),
        line("hip", "shoulder"),
        angle_in_space("hip", "over_hips", "shoulder", 62, "+θ"),
        pair("hip"),
        pair("shoulder"),
        behind=[SAGITTAL_PLANE],
    ),
    "neck_flexion_3d": seen(
        "How far the neck has bent forward of the upper body in space, against your upright pose.",
        Camera(74, 1.85, (0, -44, -18), above=26),
        Posture(trunk=8, neck=22),
        dashed("shoulder", "upright nose"),
        onwards("shoulder", "upright nose", 44),
        onwards("shoulder", "nose", 44),
        line("hip", "shoulder", "nose"),
        angle_in_space("shoulder", "upright nose", "nose", 40, "+θ"),
        pair("hip"),
        pair("shoulder"),
        dots("nose"),
        ghost=Posture(trunk=8),
        behind=[SAGITTAL_PLANE],
    ),
    "knee_angle": joint(
        "How far the knee is bent.", Camera(90, 1.75, (0, 10, -26)), 24, "hip", "knee", "ankle"
    ),
    "hip_angle": joint(
        "How far the hip is bent: the angle between trunk and thigh.",
        Camera(90, 1.6, (0, -22, -22)),
        26,
        "shoulder",
        "hip",
        "knee",
    ),
    "elbow_angle": joint(
        "How far the elbow is bent.", Camera(90, 2.2, (0, -36, -22)), 26, "shoulder", "elbow", "wrist"
    ),
    "ankle_angle": joint(
        "The angle between shin and foot.", Camera(90, 2.2, (0, 22, -38)), 26, "knee", "ankle", "big_toe"
    ),
    "shoulder_angle": joint(
        "How far the upper arm is raised from the trunk.",
        Camera(90, 1.9, (0, -34, -16)),
        52,
        "elbow",
        "shoulder",
        "hip",
    ),
    "rula_neck": neck_scored("How far the neck is from upright, in the steps of RULA."),
    "rula_trunk": trunk_scored("How far the upper body is from upright, in the steps of RULA."),
    "reba_neck": neck_scored("How far the neck is from upright, in the steps of REBA."),
    "reba_trunk": trunk_scored("How far the upper body is from upright, in the steps of REBA."),
}
