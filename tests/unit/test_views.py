"""From where the camera sees somebody: the five views, the limits between them, and when it cannot be told."""

from __future__ import annotations

import pytest
from tests.fakes.body import FRONT, REAR, Places, from_the_left, mirrored, moved, narrowed, turned

from uprightd.domain import View
from uprightd.metrics.geometry import Point
from uprightd.metrics.views import (
    FACING_FROM,
    NECK_PER_SHOULDER_WIDTH,
    SIDEWAYS_UP_TO,
    TORSO_PER_SHOULDER_WIDTH,
    estimate_view,
)


def view(places: Places) -> View:
    return estimate_view({name: Point(*place) for name, place in places.items()})


def without(places: Places, *parts: str) -> Places:
    return {name: place for name, place in places.items() if not name.endswith(parts)}


def of_share(share: float, hips: bool) -> Places:
    """A body whose shoulder line is as wide as that share of its full width, facing the camera."""
    half = 100 * share / 2
    places = {"right_shoulder": (300 - half, 200.0), "left_shoulder": (300 + half, 200.0)}
    if hips:
        low = 200 + 100 * TORSO_PER_SHOULDER_WIDTH
        return {**places, "right_hip": (300 - half, low), "left_hip": (300 + half, low)}
    return {**places, "nose": (300.0, 200 - 100 * NECK_PER_SHOULDER_WIDTH)}


def test_each_view_is_recognised() -> None:
    assert view(FRONT) is View.FRONTAL
    assert view(REAR) is View.REAR
    assert view(narrowed(FRONT, 0.6)) is View.OBLIQUE
    assert view(narrowed(REAR, 0.6)) is View.OBLIQUE
    assert view(from_the_left()) is View.SAGITTAL_LEFT
    assert view(mirrored(from_the_left())) is View.SAGITTAL_RIGHT


@pytest.mark.parametrize("hips", [True, False], ids=["by the hips", "by the nose, the desk hides the hips"])
@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (1.0, View.FRONTAL),
        (FACING_FROM + 0.01, View.FRONTAL),
        (FACING_FROM - 0.01, View.OBLIQUE),
        (SIDEWAYS_UP_TO + 0.01, View.OBLIQUE),
    ],
)
def test_the_width_of_the_shoulders_tells_the_turn(share: float, expected: View, hips: bool) -> None:
    assert view(of_share(share, hips)) is expected


def test_a_narrow_shoulder_line_is_a_side_only_with_a_face() -> None:
    narrow = of_share(SIDEWAYS_UP_TO - 0.01, hips=True)
    assert view(narrow) is View.UNKNOWN
    assert view({**narrow, "nose": (250.0, 120.0)}) is View.SAGITTAL_LEFT
    assert view({**narrow, "nose": (350.0, 120.0)}) is View.SAGITTAL_RIGHT


def test_the_ears_tell_which_way_the_face_looks_even_when_the_head_is_drawn_back() -> None:
    drawn_back = {**of_share(0.2, hips=True), "nose": (310.0, 120.0), "left_ear": (330.0, 120.0)}
    assert view(drawn_back) is View.SAGITTAL_LEFT
    assert view(without(drawn_back, "_ear")) is View.SAGITTAL_RIGHT


@pytest.mark.parametrize("places", [FRONT, REAR, from_the_left()], ids=["front", "rear", "side"])
def test_place_size_and_a_little_turn_of_the_picture_do_not_change_the_view(places: Places) -> None:
    seen = view(places)
    assert view(moved(places, lambda x, y: (x + 77, y - 31))) is seen
    assert view(moved(places, lambda x, y: (x / 3, y / 3))) is seen
    for degrees in (-10, 10):
        assert view(turned(places, degrees)) is seen


@pytest.mark.parametrize(
    "places",
    [
        {},
        without(FRONT, "left_shoulder"),
        without(FRONT, "right_shoulder"),
        without(FRONT, "_hip", "nose"),
        {**of_share(1.0, hips=True), "left_hip": (300.0, 200.0), "right_hip": (300.0, 200.0)},
    ],
    ids=["nothing", "no left shoulder", "no right shoulder", "no length to compare with", "a length of zero"],
)
def test_what_cannot_be_told_is_unknown(places: Places) -> None:
    assert view(places) is View.UNKNOWN
