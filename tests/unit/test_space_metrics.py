"""Angles in the person's own frame: the same from wherever the camera looks, and none where there is no frame."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.body import World, body_in_space, rotated, scene

from uprightd.domain import View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.space import SPATIAL

unhurried = settings(deadline=None)


def lean(world: World) -> float:
    return METRICS["trunk_lean_3d"].measure(scene({}, world=world))


def flexion(world: World, upright: World | None = None) -> float:
    """Against a head that stands straight above the shoulders, or another upright pose."""
    then = scene({}, world=STRAIGHT if upright is None else upright)
    return METRICS["neck_flexion_3d"].measure(scene({}, world=world, upright=then))


def changed(
    world: World, turn: np.ndarray, scale: float = 1.0, shift: tuple[float, float, float] = (0, 0, 0)
) -> World:
    return {name: tuple((turn @ np.array(place) * scale + shift).tolist()) for name, place in world.items()}


HAND: World = {
    "left_hip": (0.1, 0.0, 0.0),
    "right_hip": (-0.1, 0.0, 0.0),
    "left_shoulder": (0.2, -0.4, -0.3),
    "right_shoulder": (-0.2, -0.4, -0.3),
    "nose": (0.0, -0.4, -0.5),
}
"""Faces the camera (towards −z). The trunk leans by atan(3/4); the neck lies level, 90° − that beyond the trunk."""
STRAIGHT: World = {
    **HAND,
    "left_shoulder": (0.2, -0.5, 0.0),
    "right_shoulder": (-0.2, -0.5, 0.0),
    "nose": (0.0, -0.7, 0.0),
}


def test_they_are_labelled_estimated_and_valid_in_every_known_view() -> None:
    assert [metric.name for metric in SPATIAL] == ["trunk_lean_3d", "neck_flexion_3d"]
    for metric in SPATIAL:
        assert "estimate" in metric.title
        assert metric.estimated
        assert metric.views == frozenset(View) - {View.UNKNOWN}
        assert set(metric.places) <= set(metric.keypoints), "a point that is not seen has no place"
    assert {metric.name for metric in METRICS.values() if metric.estimated} == {it.name for it in SPATIAL}
    assert [metric.name for metric in SPATIAL if metric.relative] == ["neck_flexion_3d"]


def test_angles_are_those_of_a_hand_drawn_body() -> None:
    assert lean(HAND) == pytest.approx(36.86989764584402)
    assert flexion(HAND) == pytest.approx(90 - 36.86989764584402)


def test_backwards_is_negative() -> None:
    behind = {name: (x, y, -z) for name, (x, y, z) in HAND.items()}
    assert lean(behind) == pytest.approx(-36.86989764584402)
    assert flexion(behind) == pytest.approx(-(90 - 36.86989764584402))


@unhurried
@given(st.floats(-60, 120), st.floats(-60, 90), st.floats(-180, 180))
def test_a_known_bend_is_read_however_the_body_stands_to_the_camera(
    trunk: float, neck: float, yaw: float
) -> None:
    world = body_in_space(trunk, neck, yaw)
    assert lean(world) == pytest.approx(trunk, abs=1e-6)
    assert flexion(world, body_in_space()) == pytest.approx(neck, abs=1e-6)


@pytest.mark.parametrize("yaw", [-50.0, 0.0, 90.0, 180.0])
@pytest.mark.parametrize("then", [-12.0, 8.0, 30.0])
def test_the_neck_is_bent_against_the_calibrated_pose(then: float, yaw: float) -> None:
    """Wherever that was seen from, and however the trunk leaned then."""
    upright = body_in_space(trunk=6, neck=then, yaw=yaw)
    assert flexion(body_in_space(trunk=20, neck=25, yaw=40), upright) == pytest.approx(25 - then)
    assert flexion(upright, upright) == 0


def test_a_bend_is_the_short_way_round() -> None:
    """Where a model places a nose below the shoulders, it is 20° from a little before them to a little behind."""
    nose = math.degrees(math.atan(0.5))
    before, behind = (body_in_space(neck=angle - nose) for angle in (170.0, -170.0))
    assert flexion(behind, before) == pytest.approx(20)
    assert flexion(before, behind) == pytest.approx(-20)


@unhurried
@given(st.floats(-60, 60), st.floats(0.2, 5), st.tuples(*[st.floats(-10, 10)] * 3))
def test_size_and_place_change_nothing(trunk: float, scale: float, shift: tuple[float, float, float]) -> None:
    world = changed(body_in_space(trunk, 20, 75), rotated(), scale, shift)
    assert lean(world) == pytest.approx(trunk, abs=1e-6)
    assert flexion(world, body_in_space()) == pytest.approx(20, abs=1e-6)


@unhurried
@given(st.floats(-180, 180), st.floats(-180, 180), st.floats(-180, 180))
def test_the_neck_knows_no_vertical(pitch: float, yaw: float, roll: float) -> None:
    """Lying down or hanging, the neck is bent as far against the trunk."""
    world = changed(body_in_space(15, 25, 0), rotated(pitch, yaw, roll))
    assert flexion(world, body_in_space()) == pytest.approx(25, abs=1e-6)


@pytest.mark.parametrize("pitch", [-20.0, 10.0])
def test_a_camera_that_looks_up_or_down_adds_its_angle_to_the_trunk_of_somebody_it_faces(
    pitch: float,
) -> None:
    world = changed(body_in_space(15, 25, 0), rotated(pitch))
    assert lean(world) == pytest.approx(15 + pitch)
    assert flexion(world, body_in_space()) == pytest.approx(25)


@pytest.mark.parametrize("aside", [-40.0, 25.0])
@pytest.mark.parametrize("yaw", [0.0, 60.0, 180.0])
def test_a_lean_to_the_side_is_no_lean_forward(aside: float, yaw: float) -> None:
    world = body_in_space(0, 0, yaw, aside)
    assert lean(world) == pytest.approx(0, abs=1e-9)
    assert flexion(world, body_in_space()) == pytest.approx(0, abs=1e-9)


def test_a_twist_of_shoulders_against_hips_takes_the_direction_between_the_two() -> None:
    """Hips 0.2 m and shoulders 0.4 m wide, ±θ apart so that their sum points to the side."""
    world = body_in_space(30, 0)
    turn = math.degrees(math.asin(0.5))
    twisted = {
        **world,
        "left_hip": (0.1 * math.cos(math.radians(turn)), 0.0, 0.1 * math.sin(math.radians(turn))),
        "right_hip": (-0.1 * math.cos(math.radians(turn)), 0.0, -0.1 * math.sin(math.radians(turn))),
    }
    back = math.degrees(math.asin(0.25))
    x, z = 0.2 * math.cos(math.radians(back)), -0.2 * math.sin(math.radians(back))
    (_, y, depth) = (
        (a + b) / 2 for a, b in zip(world["left_shoulder"], world["right_shoulder"], strict=True)
    )
    twisted |= {"left_shoulder": (x, y, depth + z), "right_shoulder": (-x, y, depth - z)}
    assert lean(twisted) == pytest.approx(30)


# ---- no frame, no angle -------------------------------------------------------------------------------------


def together(*pairs: str) -> World:
    """The hand-drawn body with left and right of some parts in one place."""
    middles = {
        f"{side}_{part}": (0.0, *HAND[f"left_{part}"][1:]) for part in pairs for side in ("left", "right")
    }
    return {**HAND, **middles}


def test_without_a_left_and_right_there_is_no_forward() -> None:
    for world in (together("shoulder", "hip"), dict.fromkeys(HAND, (0.0, 0.0, 0.0))):
        assert math.isnan(lean(world))
        assert math.isnan(flexion(world))
    assert lean(together("shoulder")) == pytest.approx(36.86989764584402), "the hips alone tell it"
    assert lean(together("hip")) == pytest.approx(36.86989764584402), "the shoulders alone tell it"


def test_sides_that_contradict_each_other_have_no_forward() -> None:
    swapped = {**HAND, "left_hip": (-0.2, 0.0, 0.0), "right_hip": (0.2, 0.0, 0.0)}
    assert math.isnan(lean(swapped))
    assert math.isnan(flexion(swapped))


@pytest.mark.parametrize("roll", [90.0, -90.0])
def test_somebody_lying_on_the_side_has_no_lean(roll: float) -> None:
    """Their left–right axis is the vertical itself; rounding must not make a direction of what is left of it."""
    assert math.isnan(lean(changed(body_in_space(20, 10), rotated(roll=roll))))
    assert flexion(changed(body_in_space(20, 10), rotated(roll=roll)), body_in_space()) == pytest.approx(10)


def test_a_trunk_or_neck_without_length_has_no_angle() -> None:
    folded = {**HAND, "left_shoulder": HAND["left_hip"], "right_shoulder": HAND["right_hip"]}
    assert math.isnan(lean(folded))
    assert math.isnan(flexion(folded))
    neckless = {**HAND, "nose": (0.0, *HAND["left_shoulder"][1:])}
    assert math.isnan(flexion(neckless))
    assert math.isnan(flexion(HAND, neckless))
    assert not math.isnan(lean(neckless))


def test_a_trunk_straight_to_the_side_leans_neither_forward_nor_back() -> None:
    level = {**HAND, "left_shoulder": (0.7, 0.0, 0.0), "right_shoulder": (0.3, 0.0, 0.0)}
    assert math.isnan(lean(level))
    assert math.isnan(flexion(level)), "shoulders, hips and trunk on one line have no plane"
