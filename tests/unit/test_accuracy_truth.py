"""The truth of every metric, on bodies whose angles are known because they were made so."""

from __future__ import annotations

import math

import pytest
from tests.fakes.exact_body import FORWARD, LEFT, LENS, UP, about, leaning, seated, shifted

from uprightd.domain import View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.model import SAGITTAL
from uprightd.service.accuracy.bodies import Body
from uprightd.service.accuracy.truth import TRUTHS, head_turn, true_value

FROM_LEFT = -90.0
"""Degrees of turn with which the camera sees the left side."""
NOSE = math.degrees(math.atan2(0.16, 0.22))
EAR = math.degrees(math.atan2(0.03, 0.24))
UPRIGHT = seated()


def test_every_metric_has_its_truth() -> None:
    assert TRUTHS.keys() == METRICS.keys()


def test_the_body_that_faces_the_camera_shows_its_left_at_the_pictures_right() -> None:
    points = UPRIGHT.points()
    assert points["left_shoulder"].x > 320 > points["right_shoulder"].x
    assert points["nose"].y < points["left_shoulder"].y < points["left_hip"].y
    # 0.1 m above the axis, two metres away: 500 px × 0.1 / 2 above the middle.
    assert points["left_shoulder"].y == pytest.approx(180 - 25)
    assert UPRIGHT.in_sight()
    assert not seated(away=0.4).in_sight()


def test_who_is_turned_to_their_right_by_90_degrees_is_seen_from_the_left() -> None:
    points = seated(facing=FROM_LEFT).points()
    assert points["nose"].x < points["left_ear"].x
    body = seated(facing=FROM_LEFT)
    assert body.places["left_shoulder"][2] > body.places["right_shoulder"][2], "the left one is nearer"


# ---- trunk and neck ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [0, FROM_LEFT, FROM_LEFT + 20, 90, 140])
@pytest.mark.parametrize("lean", [-8, 0, 17])
def test_a_forward_lean_is_that_lean_from_every_side(turn: float, lean: float) -> None:
    body = seated(trunk=leaning(lean), facing=turn)
    for view in SAGITTAL:
        assert true_value("trunk_lean", body, view, None) == pytest.approx(lean)
        assert true_value("neck_flexion", body, view, None) == pytest.approx(NOSE + lean)
    assert true_value("trunk_lean_3d", body, View.FRONTAL, None) == pytest.approx(lean)
    upright = seated(facing=turn)
    assert true_value("neck_flexion_3d", body, View.FRONTAL, upright) == pytest.approx(0, abs=1e-9), (
        "the trunk took it along"
    )


@pytest.mark.parametrize("turn", [0, 30, FROM_LEFT])
def test_bending_the_neck_leaves_the_trunk_alone(turn: float) -> None:
    body = seated(head=about(LEFT, 25), facing=turn)
    assert true_value("neck_flexion", body, View.SAGITTAL_LEFT, None) == pytest.approx(NOSE + 25)
    assert true_value("neck_flexion_3d", body, View.OBLIQUE, seated(facing=turn)) == pytest.approx(25)
    assert true_value("trunk_lean_3d", body, View.OBLIQUE, None) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("turn", [0, 25, 180])
@pytest.mark.parametrize("right", [-11, 11])
def test_a_lean_to_the_right_is_positive_whatever_side_of_the_picture_that_is(
    turn: float, right: float
) -> None:
    body = seated(trunk=leaning(right=right), facing=turn)
    assert true_value("trunk_lean_signed", body, View.FRONTAL, None) == pytest.approx(right, abs=0.3)
    assert true_value("trunk_lean", body, View.FRONTAL, None) == pytest.approx(abs(right), abs=0.3)


def test_at_an_angle_a_lean_is_the_one_in_the_picture() -> None:
    body = seated(trunk=leaning(20), facing=45)
    points = body.points()
    middle = {
        part: sum(points[f"{side}_{part}"].x for side in ("left", "right")) / 2
        for part in ("hip", "shoulder")
    }
    height = sum(points[f"{side}_hip"].y - points[f"{side}_shoulder"].y for side in ("left", "right")) / 2
    in_picture = math.degrees(math.atan2(abs(middle["shoulder"] - middle["hip"]), height))
    assert 10 < in_picture < 19
    assert true_value("trunk_lean", body, View.OBLIQUE, None) == pytest.approx(in_picture)
    assert true_value("trunk_lean", body, View.SAGITTAL_LEFT, None) == pytest.approx(20)


@pytest.mark.parametrize("turn", [0, 40, -40, 180])
@pytest.mark.parametrize("tilt", [-9, 6])
def test_a_shoulder_line_has_its_tilt_from_every_side_positive_with_the_right_one_lower(
    turn: float, tilt: float
) -> None:
    body = seated(trunk=leaning(right=tilt), facing=turn)
    assert true_value("shoulder_tilt", body, View.FRONTAL, None) == pytest.approx(tilt)
    assert true_value("hip_tilt", body, View.FRONTAL, None) == pytest.approx(0, abs=1e-9)
    low, high = ("right", "left") if tilt > 0 else ("left", "right")
    assert body.places[f"{low}_shoulder"][1] < body.places[f"{high}_shoulder"][1]


@pytest.mark.parametrize("turn", [0, 33, FROM_LEFT])
def test_an_angle_at_a_joint_is_the_one_in_space(turn: float) -> None:
    body = seated(facing=turn, trunk=leaning(12))
    # The shoulders are 8 cm further out than the hips, on a trunk of 50 cm.
    hip = math.degrees(math.acos(math.sin(math.radians(12)) * 0.5 / math.hypot(0.5, 0.08)))
    for name, angle in (("knee", 90), ("hip", hip), ("elbow", 90), ("ankle", 90)):
        assert true_value(f"left_{name}_angle", body, View.SAGITTAL_LEFT, None) == pytest.approx(
            angle, abs=1e-6
        )
    assert true_value("right_shoulder_angle", seated(), View.SAGITTAL_LEFT, None) < 15


# ---- the head ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [0, 35, FROM_LEFT])
@pytest.mark.parametrize("angles", [(30, 0, 0), (0, 20, 0), (0, 0, -15), (25, -12, 8), (-10, 5, 20)])
def test_a_turned_head_has_its_pitch_yaw_and_roll(turn: float, angles: tuple[float, float, float]) -> None:
    pitch, yaw, roll = angles
    # To the subject's right is clockwise seen from above, and from behind for the roll.
    head = about(UP, -yaw) @ about(LEFT, pitch) @ about(FORWARD, roll)
    found = head_turn(seated(head=head, facing=turn), seated(facing=turn))
    assert found == pytest.approx(angles, abs=1e-9)
    for name, angle in zip(("head_pitch", "head_yaw", "head_roll"), angles, strict=True):
        value = true_value(name, seated(head=head, facing=turn), View.FRONTAL, seated(facing=turn))
        assert value == pytest.approx(angle, abs=1e-9)


def test_the_signs_of_the_head_are_those_of_the_metrics() -> None:
    def head(pitch: float = 0, yaw: float = 0, roll: float = 0) -> Body:
        return seated(head=about(UP, -yaw) @ about(LEFT, pitch) @ about(FORWARD, roll))

    assert head(pitch=20).places["nose"][1] < UPRIGHT.places["nose"][1], "chin down"
    assert head(yaw=20).places["nose"][0] < UPRIGHT.places["nose"][0], (
        "to the picture's left, the subject's right"
    )
    assert head(roll=20).places["right_ear"][1] < UPRIGHT.places["right_ear"][1], "the right ear sinks"


def test_the_head_turns_with_the_trunk_and_not_with_a_step_aside() -> None:
    there = shifted(UPRIGHT, 0.3, 0.1, 0.5)
    assert head_turn(there, UPRIGHT) == pytest.approx((0, 0, 0), abs=1e-9)
    assert head_turn(seated(trunk=leaning(15)), UPRIGHT).pitch == pytest.approx(15)


# ---- distances and pictures --------------------------------------------------------------------------------


def test_distances_are_those_of_the_eyes() -> None:
    near = shifted(UPRIGHT, nearer=0.5)
    eyes = UPRIGHT.places["left_eye"]
    depth = 2 - 0.13
    assert true_value("screen_distance", near, View.FRONTAL, UPRIGHT) == pytest.approx((depth - 0.5) / depth)
    distance = math.hypot(eyes[1], depth) * 100
    assert true_value("screen_distance_cm", UPRIGHT, View.FRONTAL, None) == pytest.approx(distance)


def test_a_head_comes_forward_by_depths_and_a_whole_body_only_a_little() -> None:
    places = dict(UPRIGHT.places)
    for name in ("left_eye", "right_eye"):
        places[name] = places[name] + [0, 0, 0.1]
    assert true_value("forward_head", Body(places, LENS), View.FRONTAL, UPRIGHT) == pytest.approx(
        (2 / 1.77) / (2 / 1.87) - 1
    )
    assert true_value("forward_head", UPRIGHT, View.FRONTAL, UPRIGHT) == 0


def test_proportions_are_the_metrics_own_on_the_true_points() -> None:
    sunk = Body(
        {name: place - [0, 0.04, 0] if name == "nose" else place for name, place in UPRIGHT.places.items()},
        LENS,
    )
    # The nose is 1.84 m away, the shoulders 2 m and 0.38 m wide.
    assert true_value("head_drop", sunk, View.FRONTAL, UPRIGHT) == pytest.approx((0.04 / 1.84) / (0.38 / 2))
    aside = shifted(UPRIGHT, right=0.05)
    lean = math.degrees(math.asin(-0.05 / (1.45 * 0.38)))
    assert true_value("lateral_lean", aside, View.FRONTAL, UPRIGHT) == pytest.approx(lean)
    assert true_value("head_x", UPRIGHT, View.FRONTAL, None) == pytest.approx(0)


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.relative])
def test_what_counts_from_upright_has_no_truth_without_it(metric: str) -> None:
    assert math.isnan(true_value(metric, UPRIGHT, View.FRONTAL, None))
    view = View.FRONTAL if View.FRONTAL in METRICS[metric].views else View.SAGITTAL_LEFT
    assert math.isfinite(true_value(metric, UPRIGHT, view, UPRIGHT))


def test_a_formula_on_the_picture_has_no_truth_behind_the_camera() -> None:
    behind = seated(away=-2.0)
    assert behind.points() == {}
    for name in ("head_x", "stride_asymmetry"):
        assert math.isnan(true_value(name, behind, View.FRONTAL, None))


def test_the_optics_are_the_cameras_and_the_persons() -> None:
    optics = UPRIGHT.optics()
    assert optics.focal(640) == pytest.approx(500)
    assert optics.pupil_distance == pytest.approx(60)


# ---- a turned and a mirrored picture -----------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [-12, 7.5])
def test_a_turned_truth_is_the_truth_of_a_turned_body(degrees: float) -> None:
    # On the camera's axis nothing else changes: the body then turns about its own front–back axis.
    head_on_axis = shifted(UPRIGHT, up=-float(UPRIGHT.between("ear")[1]))
    turned = head_on_axis.turned(degrees)
    assert true_value("shoulder_tilt", turned, View.FRONTAL, None) == pytest.approx(-degrees)
    assert true_value("hip_tilt", turned, View.FRONTAL, None) == pytest.approx(-degrees)
    assert true_value("trunk_lean_signed", turned, View.FRONTAL, None) == pytest.approx(-degrees)
    assert head_turn(turned, head_on_axis) == pytest.approx((0, 0, -degrees), abs=1e-9)
    for name in ("left_knee_angle", "left_elbow_angle"):
        before, after = (true_value(name, body, View.SAGITTAL_LEFT, None) for body in (head_on_axis, turned))
        assert after == pytest.approx(before)
    assert true_value("screen_distance", turned, View.FRONTAL, head_on_axis) == pytest.approx(1)
    assert true_value("forward_head", turned, View.FRONTAL, head_on_axis) == pytest.approx(0, abs=1e-9)


def test_a_mirrored_truth_is_the_truth_of_the_other_side() -> None:
    body = seated(
        head=about(UP, -10) @ about(LEFT, 20) @ about(FORWARD, 5),
        trunk=leaning(9, right=6),
        facing=FROM_LEFT + 10,
    )
    upright, view = seated(facing=FROM_LEFT + 10), View.SAGITTAL_LEFT
    other, other_upright = body.mirrored(), upright.mirrored()
    for name in ("trunk_lean", "neck_flexion", "trunk_lean_3d", "neck_flexion_3d", "head_pitch"):
        value = true_value(name, other, View.SAGITTAL_RIGHT, other_upright)
        assert value == pytest.approx(true_value(name, body, view, upright)), name
    for name in ("shoulder_tilt", "head_yaw", "head_roll"):
        value = true_value(name, other, View.FRONTAL, other_upright)
        assert value == pytest.approx(-true_value(name, body, View.FRONTAL, upright)), name
    assert true_value("left_elbow_angle", other, view, None) == pytest.approx(
        true_value("right_elbow_angle", body, view, None)
    )
