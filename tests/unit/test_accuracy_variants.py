"""Turned and mirrored pictures: that the picture and its truth change alike, and when which is made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.fakes import body as drawn
from tests.fakes.exact_body import LEFT, about, leaning, seated

from uprightd import opencv
from uprightd.service.accuracy.bodies import Body, Lens
from uprightd.service.accuracy.clips import Clip, read_clips
from uprightd.service.accuracy.postures import postures
from uprightd.service.accuracy.variants import SWING, Variant, swing, turned, upright_frames, variants

CLIPS = Path(__file__).parents[1] / "clips"
SIDE = "left_shoulder"
CENTRE = (320.0, 180.0)


@pytest.fixture(scope="module")
def clips() -> dict[str, Clip]:
    return {clip.name: clip for clip in read_clips(CLIPS)}


def places_of(body: Body) -> drawn.Places:
    return {name: (point.x, point.y) for name, point in body.points().items()}


def same(a: drawn.Places, b: drawn.Places) -> bool:
    return a.keys() == b.keys() and all(a[name] == pytest.approx(b[name]) for name in a)


def test_the_joints_of_a_turned_body_lie_where_the_turned_picture_shows_them(clips: dict[str, Clip]) -> None:
    body = clips["sit_front_m"].bodies[30]
    assert same(places_of(body.turned(9)), drawn.turned(places_of(body), 9, CENTRE))
    assert not same(places_of(body.turned(-9)), drawn.turned(places_of(body), 9, CENTRE))


def test_the_joints_of_a_mirrored_body_lie_where_the_mirrored_picture_shows_them(
    clips: dict[str, Clip],
) -> None:
    body = clips["sit_side_m"].bodies[30]
    assert same(places_of(body.mirrored()), drawn.mirrored(places_of(body), 640))


def spot(at: tuple[float, float]) -> np.ndarray:
    """A black picture with a white disc at a place in pixels, whose corner is (0, 0)."""
    image = np.zeros((360, 640, 3), np.uint8)
    centre = (round((at[0] - 0.5) * 16), round((at[1] - 0.5) * 16))
    return opencv.load().circle(image, centre, 6 * 16, (255, 255, 255), -1, shift=4)


def seen_at(image: np.ndarray) -> tuple[float, float]:
    weights = image[:, :, 0].astype(float)
    rows, columns = np.indices(weights.shape)
    return (
        float((columns * weights).sum() / weights.sum()) + 0.5,
        float((rows * weights).sum() / weights.sum()) + 0.5,
    )


@pytest.mark.parametrize("degrees", [-12, 5])
def test_a_picture_turns_with_its_truth(clips: dict[str, Clip], degrees: float) -> None:
    body = clips["sit_front_m"].bodies[0]
    for name in ("nose", SIDE):
        shown = seen_at(turned(spot(body.points()[name]), degrees))
        assert shown == pytest.approx(body.turned(degrees).points()[name], abs=0.2)


def test_a_picture_is_mirrored_with_its_truth(clips: dict[str, Clip]) -> None:
    clip = clips["sit_side_m"]
    variant = Variant("it", clip, mirrored=True)
    shown = seen_at(variant.picture(spot(clip.bodies[0].points()[SIDE]), 0))
    assert shown == pytest.approx(variant.bodies[0].points()["right_shoulder"], abs=0.2)


def test_the_border_of_a_turned_picture_is_drawn_out_and_not_black() -> None:
    assert turned(np.full((360, 640, 3), 200, np.uint8), 12).min() == 200


def test_a_swing_rests_for_the_upright_second_and_then_goes_both_ways() -> None:
    degrees = swing(8.0)
    assert [degrees(time) for time in (0.0, 0.5, 1.0)] == [0, 0, 0]
    assert degrees(1 + 7 / 4) == pytest.approx(SWING)
    assert degrees(1 + 7 * 3 / 4) == pytest.approx(-SWING)
    assert degrees(8.0) == pytest.approx(0, abs=1e-9)


def test_fronts_are_turned_and_seated_sides_mirrored(clips: dict[str, Clip]) -> None:
    made = {name: [it.name.partition("~")[2] for it in variants(clip, True)] for name, clip in clips.items()}
    assert made == {
        "sit_front_m": ["", "turned"],
        "sit_side_m": ["", "mirrored"],
        "walk_front_m": ["", "turned"],
        "walk_rear_f": [""],
        "walk_side_m": [""],
    }
    assert [it.name for clip in clips.values() for it in variants(clip, False)] == list(clips)


def test_only_who_sits_still_has_an_upright_second(clips: dict[str, Clip]) -> None:
    assert {name: upright_frames(clip) for name, clip in clips.items()} == {
        "sit_front_m": 11,
        "sit_side_m": 11,
        "walk_front_m": 0,
        "walk_rear_f": 0,
        "walk_side_m": 0,
    }


def test_the_parts_of_a_seated_clip_are_those_its_readme_tells_of(clips: dict[str, Clip]) -> None:
    # The neck bends from 1.2 to 2.2 s and comes back from 3.6 to 4.6 s; the trunk leans from 5.2 to 6.4 s.
    found = postures(clips["sit_front_m"].bodies, 11)
    assert {0, 5, 10, 48, 50} <= found["upright"] <= {*range(14), *range(45, 57)}
    assert set(range(22, 36)) <= found["flexed"] <= set(range(18, 41))
    assert set(range(64, 80)) <= found["leaned"] <= set(range(60, 80))
    assert postures(clips["walk_side_m"].bodies, 0) == {}


def test_a_head_that_goes_with_the_trunk_is_no_bent_neck() -> None:
    assert postures([seated(), seated(), seated(trunk=leaning(20))], 2) == {
        "upright": frozenset({0, 1}),
        "leaned": frozenset({2}),
    }


def test_who_only_sits_neither_bends_nor_leans() -> None:
    nod = seated(head=about(LEFT, 3))
    assert set(postures([seated(), seated(), nod], 2)) == {"upright"}


# ---- the camera --------------------------------------------------------------------------------------------


def test_up_is_the_pictures(clips: dict[str, Clip]) -> None:
    for clip in clips.values():
        lens: Lens = clip.lens
        assert lens.up[0] == 0
        assert np.linalg.norm(lens.up) == pytest.approx(1)
        assert lens.up[1] > 0.9, "these cameras look a little down, none is rolled"
