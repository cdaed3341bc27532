"""What a desk camera tells, by figures worked out by hand on scenes made by hand."""

from __future__ import annotations

import math

import pytest
from tests.fakes.body import FOCAL, FRONT, OPTICS, SIZE, Places, face, rotated, scene, upright_scene

from uprightd.domain import View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.desk import ACROSS_A_DESK, DESK
from uprightd.metrics.head_pose import BROWS, HeadTurn
from uprightd.metrics.scene import Optics, Scene

BUST: Places = {"nose": (320, 200), "left_shoulder": (420, 300), "right_shoulder": (220, 300)}
"""Shoulders 200 pixels apart, the nose half as far above their middle."""
STRAIGHT = HeadTurn(0.0, 0.0, 0.0, 80.0)
EYE_UNITS = 0.692
"""Between the pupils (half-way between the eyes' corners) of the average face, in outer eye corners' distances."""


def measure(
    name: str, now: Places, upright: Places = BUST, size: float = 80.0, before: float = 80.0
) -> float:
    """Given places now and upright and the face's size in both, return the metric."""
    then = scene(upright, View.FRONTAL, turn=STRAIGHT._replace(size=before))
    return METRICS[name].measure(scene(now, View.FRONTAL, upright=then, turn=STRAIGHT._replace(size=size)))


def scaled(places: Places, share: float) -> Places:
    return {name: (x * share, y * share) for name, (x, y) in places.items()}


def test_all_but_the_centimetres_count_from_a_calibration_and_none_needs_hips() -> None:
    assert {metric.name for metric in DESK if not metric.relative} == {"screen_distance_cm"}
    assert not any("hip" in name for metric in DESK for name in (*metric.keypoints, *metric.places))
    assert [metric.name for metric in METRICS.values() if metric.scaled] == ["screen_distance_cm"]


def test_no_two_metrics_have_one_title() -> None:
    titles = [metric.title for metric in METRICS.values()]
    assert len(set(titles)) == len(titles)
    assert METRICS["screen_distance_cm"].title == "distance to the screen"


# ---- the head's turn ----------------------------------------------------------------------------------------


def test_pitch_yaw_and_roll_are_those_of_the_head() -> None:
    now = scene(BUST, View.FRONTAL, turn=HeadTurn(12.0, -7.0, 3.0, 80.0), upright=scene(BUST))
    names = ("head_pitch", "head_yaw", "head_roll")
    assert [METRICS[name].measure(now) for name in names] == [12.0, -7.0, 3.0]
    no_face = scene(BUST, View.OBLIQUE, upright=scene(BUST))
    assert all(math.isnan(METRICS[name].measure(no_face)) for name in names)


@pytest.mark.parametrize(("view", "sign"), [(View.SAGITTAL_LEFT, -1), (View.SAGITTAL_RIGHT, 1)])
def test_from_the_side_the_pitch_is_that_of_the_heads_points(view: View, sign: int) -> None:
    """(0, −30) → (30, 0) is a quarter clockwise; facing the image's left, that is chin up."""
    before = {"nose": (300, 270), "left_eye": (300, 300), "left_ear": (300, 330)}
    now = {"nose": (330, 300), "left_eye": (300, 300), "left_ear": (270, 300)}
    pitch = METRICS["head_pitch"].measure(scene(now, view, upright=scene(before, view)))
    assert pitch == pytest.approx(sign * 90)


# ---- proportions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nose", "drop"),
    [((320, 200), 0.0), ((320, 240), 0.2), ((320, 180), -0.1), ((250, 240), 0.2), ((320, 320), 0.6)],
)
def test_head_drop_is_the_lost_height_of_the_nose_in_shoulder_widths(
    nose: tuple[float, float], drop: float
) -> None:
    assert measure("head_drop", {**BUST, "nose": nose}) == pytest.approx(drop)


def test_head_drop_does_not_see_distance_or_place() -> None:
    nearer = scaled({**BUST, "nose": (320, 240)}, 1.5)
    assert measure("head_drop", nearer) == pytest.approx(0.2)


def test_forward_head_is_how_much_the_face_grew_against_the_shoulders() -> None:
    assert measure("forward_head", BUST) == pytest.approx(0)
    assert measure("forward_head", BUST, size=100) == pytest.approx(0.25)
    assert measure("forward_head", BUST, size=64) == pytest.approx(-0.2)
    assert measure("forward_head", scaled(BUST, 1.5), size=120) == pytest.approx(0), (
        "all of the body came nearer"
    )
    assert measure("forward_head", scaled(BUST, 0.5), size=60) == pytest.approx(0.5)


def test_screen_distance_is_one_over_the_faces_growth() -> None:
    assert measure("screen_distance", BUST, size=100) == pytest.approx(0.8)
    assert measure("screen_distance", BUST, size=40) == pytest.approx(2)


@pytest.mark.parametrize("name", ["forward_head", "screen_distance"])
def test_without_a_face_now_or_then_there_is_no_proportion(name: str) -> None:
    faceless = scene(BUST, View.FRONTAL)
    faced = scene(BUST, View.FRONTAL, turn=STRAIGHT)
    for upright, turn in ((faceless, STRAIGHT), (faced, None)):
        assert math.isnan(METRICS[name].measure(scene(BUST, View.FRONTAL, upright=upright, turn=turn)))


@pytest.mark.parametrize("name", ["head_drop", "forward_head", "lateral_lean"])
def test_shoulders_in_one_place_have_no_width(name: str) -> None:
    narrow = {**BUST, "left_shoulder": (320, 300), "right_shoulder": (320, 300)}
    assert math.isnan(measure(name, BUST, upright=narrow))
    if name != "lateral_lean":  # counts in the upright width only
        assert math.isnan(measure(name, narrow))


# ---- centimetres --------------------------------------------------------------------------------------------


def eyes(*xs: float, y: float = 200.0) -> Places:
    """Outer and inner corner of the right eye, inner and outer of the left one, and the brows above the outer ones."""
    names = ("right_eye_outer", "right_eye_inner", "left_eye_inner", "left_eye_outer")
    brows = {"right_brow_arch": (xs[0], y - 20), "left_brow_arch": (xs[-1], y - 20)}
    return {**dict(zip(names, ((x, y) for x in xs), strict=True)), **brows}


def test_the_distance_is_focal_length_times_pupil_distance_over_pixels() -> None:
    """640 wide at 65°: f = 502.3 px. Pupils at 275 and 325, 50 px apart: 502.3 × 6.3 cm / 50 = 63.3 cm."""
    assert pytest.approx(502.3, abs=0.05) == FOCAL
    now = scene(eyes(260, 290, 310, 340), View.FRONTAL, optics=OPTICS)
    assert METRICS["screen_distance_cm"].measure(now) == pytest.approx(63.29, abs=0.01)


def test_a_wider_camera_and_a_narrower_face_are_nearer() -> None:
    now = eyes(260, 290, 310, 340)
    right_angle = scene(now, View.FRONTAL, optics=Optics(90.0, 63.0))
    assert METRICS["screen_distance_cm"].measure(right_angle) == pytest.approx(320 * 6.3 / 50)
    child = scene(now, View.FRONTAL, optics=Optics(90.0, 50.0))
    assert METRICS["screen_distance_cm"].measure(child) == pytest.approx(320 * 5.0 / 50)


def test_without_a_pupil_distance_or_with_eyes_in_one_place_there_are_no_centimetres() -> None:
    assert math.isnan(METRICS["screen_distance_cm"].measure(scene(eyes(260, 290, 310, 340), optics=Optics())))
    assert math.isnan(METRICS["screen_distance_cm"].measure(scene(eyes(300, 300, 300, 300), optics=OPTICS)))


@pytest.mark.parametrize(("pixels", "known"), [(15.9, True), (15.7, False), (1.0, False), (0.01, False)])
def test_nobody_is_at_a_screen_beyond_two_metres(pixels: float, known: bool) -> None:
    """There 63 mm are 502.3 × 6.3 / 200 = 15.8 pixels: half a pixel more or less is six centimetres."""
    assert ACROSS_A_DESK == 200
    now = scene(eyes(300, 300, 300 + pixels, 300 + pixels), optics=OPTICS)
    assert math.isfinite(METRICS["screen_distance_cm"].measure(now)) is known


def placed(yaw: float, pitch: float, distance: float, roll: float = 0.0) -> Places:
    """A face whose eyes' middle lies straight ahead at a distance in centimetres."""
    unit = OPTICS.pupil_distance / 10 / EYE_UNITS
    turn = rotated(pitch, yaw, roll)
    eyes_middle = turn @ (0.0, -0.1365, 0.088)
    return face(turn, (-eyes_middle[0], -eyes_middle[1], distance / unit - eyes_middle[2]))


@pytest.mark.parametrize(
    "calibrated", [(0.0, 0.0), (40.0, 0.0), (-35.0, 10.0)], ids=["straight", "oblique", "odd"]
)
@pytest.mark.parametrize("now", [(0.0, 0.0), (30.0, 0.0), (-30.0, 0.0), (0.0, 30.0), (20.0, 20.0)])
@pytest.mark.parametrize("distance", [45.0, 70.0])
def test_a_turned_head_is_as_far_as_a_straight_one(
    calibrated: tuple[float, float], now: tuple[float, float], distance: float
) -> None:
    """What shortens the line between the pupils is the turn to the camera, not that against the calibration."""
    body = {name: place for name, place in FRONT.items() if "eye" not in name}
    upright = upright_scene({**body, **placed(*calibrated, 60.0)}, View.FRONTAL)
    seen = {**body, **placed(*now, distance)}
    assert upright.face is not None
    points = scene(seen).points
    turn = upright.face.turned(points, SIZE, FOCAL)
    found = METRICS["screen_distance_cm"].measure(
        Scene(points, SIZE, View.FRONTAL, optics=OPTICS, upright=upright, turn=turn)
    )
    assert found == pytest.approx(distance, rel=0.02)


def test_uncalibrated_the_distance_of_a_straight_head_is_told_all_the_same() -> None:
    assert METRICS["screen_distance_cm"].measure(scene(placed(0, 0, 60), optics=OPTICS)) == pytest.approx(
        60, rel=0.01
    )


def test_the_faces_size_tells_the_same_distance() -> None:
    """The two metrics hang together: a third nearer by one is a third nearer by the other."""
    upright = upright_scene({**FRONT, **placed(20, 0, 60)}, View.FRONTAL)
    points = scene({**FRONT, **placed(-10, 15, 40)}).points
    assert upright.face is not None
    turn = upright.face.turned(points, SIZE, FOCAL)
    now = Scene(points, SIZE, View.FRONTAL, optics=OPTICS, upright=upright, turn=turn)
    relative = METRICS["screen_distance"].measure(now)
    assert relative == pytest.approx(40 / 60, rel=0.03)
    assert set(BROWS) <= set(METRICS["screen_distance"].keypoints)


# ---- sideways -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shift", "lean"), [(0, 0.0), (-145, 30.0), (145, -30.0), (-290, 90.0), (-400, 90.0), (400, -90.0)]
)
def test_lateral_lean_is_the_swing_of_the_shoulders_about_the_hips(shift: float, lean: float) -> None:
    """Shoulders 200 px wide make a trunk of 290 px. To the image's left is the subject's right."""
    now = {name: (x + shift, y) for name, (x, y) in BUST.items()}
    assert measure("lateral_lean", now) == pytest.approx(lean)


def test_lateral_lean_does_not_see_height_or_a_turn_of_the_shoulders() -> None:
    lower = {name: (x, y + 70) for name, (x, y) in BUST.items()}
    assert measure("lateral_lean", lower) == pytest.approx(0)
    turned = {**BUST, "left_shoulder": (370, 300), "right_shoulder": (270, 300)}
    assert measure("lateral_lean", turned) == pytest.approx(0)
