"""From a pointmap to places of keypoints: on planes, at steps, around holes, outside the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from uprightd.domain import Keypoint
from uprightd.sapiens2.sampling import NEAR_SHARE, RADIUS, REACH, THICKNESS, sampled
from uprightd.sapiens2.subject import SURE

HEIGHT, WIDTH = 240, 320
FOCAL = 400.0
NEAR, WALL = 1.5, 3.5
"""Metres to the person and to the wall behind."""

BODY = {
    "left_shoulder": (190, 80),
    "right_shoulder": (130, 80),
    "left_hip": (180, 180),
    "right_hip": (140, 180),
    "nose": (160, 40),
}
RADIUS_PX = 2
"""Half a window's side for a person of this size: the box is 60 by 140 pixels."""
ROWS, COLUMNS = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)


def seen(places: Mapping[str, tuple[float, float]], score: float = 0.9) -> dict[str, Keypoint]:
    return {name: Keypoint(*place, score) for name, place in places.items()}


def points_at(depth: np.ndarray | float) -> np.ndarray:
    """The pointmap of a pinhole camera whose pixels see something at a depth, float32 (H, W, 3)."""
    depth = np.broadcast_to(np.asarray(depth, np.float64), (HEIGHT, WIDTH))
    x, y = (COLUMNS - WIDTH / 2) / FOCAL * depth, (ROWS - HEIGHT / 2) / FOCAL * depth
    return np.stack((x, y, depth), axis=2).astype(np.float32)


def person(left: float = 100, right: float = 220) -> np.ndarray:
    """Depths of a person between two columns, and of the wall behind."""
    return np.where((left <= COLUMNS) & (right > COLUMNS), NEAR, WALL)


def pinhole(place: tuple[float, float], depth: float) -> tuple[float, float, float]:
    return (place[0] - WIDTH / 2) / FOCAL * depth, (place[1] - HEIGHT / 2) / FOCAL * depth, depth


def about(origin: tuple[float, float, float], place: tuple[float, float, float]) -> list[float]:
    """A place from the origin, along the line of sight to it on the floor plan."""
    x, y, z = (a - b for a, b in zip(place, origin, strict=True))
    sight = math.atan2(origin[0], origin[2])
    return [
        x * math.cos(sight) - z * math.sin(sight),
        y,
        x * math.sin(sight) + z * math.cos(sight),
    ]


MID_HIP = pinhole((160, 180), NEAR)


def test_the_window_of_these_tests_is_as_large_as_they_say() -> None:
    assert max(round(RADIUS * 140), 2) == RADIUS_PX


def test_on_a_plane_each_point_lies_where_its_pixel_does_about_the_mid_hip() -> None:
    found = sampled(points_at(NEAR), seen(BODY))
    assert set(found) == set(BODY)
    for name, place in BODY.items():
        assert found[name] == pytest.approx(about(MID_HIP, pinhole(place, NEAR)), abs=1e-5)
    assert found["nose"][1] < 0 < found["left_hip"][0], "y is down, x to the image's right"


def test_a_slanted_plane_gives_the_depth_at_the_pixel() -> None:
    slanted = NEAR + 0.004 * (COLUMNS - 160)
    found = sampled(points_at(slanted), seen(BODY))
    left, right = (pinhole((160 + side, 180), NEAR + 0.004 * side) for side in (20, -20))
    x, y, z = ((a + b) / 2 for a, b in zip(left, right, strict=True))
    middle = (x, y, z)
    assert found["left_hip"] == pytest.approx(about(middle, left), abs=1e-5)
    shoulder = pinhole(BODY["left_shoulder"], NEAR + 0.004 * 30)
    assert found["left_shoulder"] == pytest.approx(about(middle, shoulder), abs=1e-5)


def test_somebody_who_faces_the_camera_from_the_pictures_edge_is_seen_square() -> None:
    """Places are told along the line of sight, as mediapipe tells them: facing the camera is x only."""
    moved = {name: (x + 120, y) for name, (x, y) in BODY.items()}
    aside = math.atan2(120, FOCAL)
    # Both shoulders equally far from the camera: the shoulder line is square to the line of sight.
    away = NEAR + (COLUMNS - 280) / FOCAL * NEAR * -math.tan(aside) / (
        1 + (COLUMNS - 160) / FOCAL * math.tan(aside)
    )
    found = sampled(points_at(away), seen(moved))
    yaw = math.degrees(
        math.atan2(
            found["left_shoulder"][2] - found["right_shoulder"][2],
            found["left_shoulder"][0] - found["right_shoulder"][0],
        )
    )
    assert yaw == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("inside", [2, 1, 0, -1])
def test_at_the_outline_the_person_is_taken_and_not_the_wall_behind(inside: int) -> None:
    """Even a pixel outside of it, while enough of the window shows the person."""
    depth = person(right=190 + inside)
    found = sampled(points_at(depth), seen(BODY))
    assert found["left_shoulder"][2] == pytest.approx(0, abs=1e-5)


def test_a_point_on_the_wall_is_nowhere() -> None:
    found = sampled(points_at(person(right=186)), seen(BODY))
    assert set(found) == set(BODY) - {"left_shoulder"}


def test_a_step_that_is_blurred_over_some_pixels_gives_a_place_on_the_person() -> None:
    share = np.clip((COLUMNS - 188) / 4, 0, 1)
    found = sampled(points_at(NEAR + share * (WALL - NEAR)), seen(BODY))
    assert found["left_shoulder"][2] == pytest.approx(0, abs=THICKNESS)


def test_a_hand_before_the_trunk_is_not_the_wall() -> None:
    depth = np.where(abs(COLUMNS - 130) + abs(ROWS - 80) < 10, NEAR - 0.4, person())
    found = sampled(points_at(depth), seen(BODY))
    assert found["right_shoulder"][2] == pytest.approx(-0.4, abs=1e-5)


def test_a_speck_in_front_is_passed_over() -> None:
    depth = person()
    depth[79:82, 190] = 0.6
    found = sampled(points_at(depth), seen(BODY))
    assert found["left_shoulder"] == pytest.approx(about(MID_HIP, pinhole((190, 80), NEAR)), abs=0.005)


@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf, 0.0, -2.0])
def test_holes_are_passed_over(hole: float) -> None:
    depth = person()
    depth[79:82, 189:192] = hole
    with np.errstate(invalid="ignore"):
        points = points_at(depth)
    found = sampled(points, seen(BODY))
    assert found["left_shoulder"] == pytest.approx(about(MID_HIP, pinhole((190, 80), NEAR)), abs=0.005)


def test_a_place_of_which_only_a_part_is_known_is_a_hole() -> None:
    points = points_at(person())
    points[79:82, 189:192, 0] = np.nan
    found = sampled(points, seen(BODY))
    assert found["left_shoulder"] == pytest.approx(about(MID_HIP, pinhole((190, 80), NEAR)), abs=0.005)


def test_a_window_with_too_little_in_it_gives_nothing() -> None:
    points = points_at(NEAR)
    area = (2 * RADIUS_PX + 1) ** 2
    for known, there in ((math.ceil(NEAR_SHARE * area), True), (math.ceil(NEAR_SHARE * area) - 1, False)):
        holed = points.copy()
        window = holed[80 - RADIUS_PX : 81 + RADIUS_PX, 190 - RADIUS_PX : 191 + RADIUS_PX]
        flat = np.full((area, 3), np.nan, np.float32)
        flat[:known] = window.reshape(-1, 3)[:known]
        window[:] = flat.reshape(window.shape)
        assert ("left_shoulder" in sampled(holed, seen(BODY))) is there


def test_a_map_that_is_all_holes_gives_no_places() -> None:
    assert sampled(points_at(math.nan), seen(BODY)) == {}


@pytest.mark.parametrize("place", [(-1, 80), (320, 80), (130, -0.6), (130, 240), (1e9, 80)], ids=str)
def test_a_point_outside_the_picture_is_nowhere(place: tuple[float, float]) -> None:
    found = sampled(points_at(NEAR), seen({**BODY, "right_wrist": place}))
    assert "right_wrist" not in found
    assert "nose" in found


def test_a_point_in_the_picture_s_corner_has_the_part_of_its_window_that_is_there() -> None:
    found = sampled(points_at(NEAR), seen({**BODY, "right_wrist": (0, 0), "left_wrist": (319, 239)}))
    for name, place in (("right_wrist", (0, 0)), ("left_wrist", (319, 239))):
        assert found[name] == pytest.approx(about(MID_HIP, pinhole(place, NEAR)), abs=0.02)


def test_a_point_that_is_not_seen_is_nowhere_and_does_not_make_the_windows_larger() -> None:
    unseen = Keypoint(5.0, 5.0, SURE - 0.01)
    found = sampled(points_at(NEAR), {**seen(BODY), "left_wrist": unseen})
    assert found == sampled(points_at(NEAR), seen(BODY))


def test_a_larger_person_has_larger_windows() -> None:
    """A hole of 7 by 7 pixels is passed over when the person fills the picture."""
    points = points_at(NEAR)
    points[77:84, 187:194] = np.nan
    assert "left_shoulder" not in sampled(points, seen(BODY))
    large = {**BODY, "left_ankle": (160.0, 239.0), "right_wrist": (5.0, 100.0), "left_wrist": (315.0, 100.0)}
    assert "left_shoulder" in sampled(points, seen(large))


def test_what_lies_farther_from_the_person_s_middle_than_an_arm_reaches_is_not_of_the_person() -> None:
    depth = person()
    depth[30:50, 150:170] = NEAR + REACH + 0.01
    assert "nose" not in sampled(points_at(depth), seen(BODY))
    depth[30:50, 150:170] = NEAR + REACH - 0.01
    assert sampled(points_at(depth), seen(BODY))["nose"][2] == pytest.approx(REACH - 0.01, abs=1e-5)


@pytest.mark.parametrize("hidden", ["left_hip", "right_hip"])
def test_where_a_hip_is_not_known_places_are_about_the_mid_shoulder(hidden: str) -> None:
    keypoints = seen(BODY)
    keypoints[hidden] = keypoints[hidden]._replace(score=0.1)
    found = sampled(points_at(NEAR), keypoints)
    origin = pinhole((160, 80), NEAR)
    assert found["nose"] == pytest.approx(about(origin, pinhole((160, 40), NEAR)), abs=1e-5)


def test_without_hips_and_a_shoulder_there_is_nothing_to_measure_from() -> None:
    keypoints = seen({"nose": BODY["nose"], "left_shoulder": BODY["left_shoulder"]})
    assert sampled(points_at(NEAR), keypoints) == {}


def test_nobody_seen_is_nowhere() -> None:
    assert sampled(points_at(NEAR), seen(BODY, score=0.1)) == {}
    assert sampled(points_at(NEAR), {}) == {}
