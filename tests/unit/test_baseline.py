"""The upright pose: the median of what was nearly always seen, in frames of any size of its shape."""

from __future__ import annotations

import math

import pytest
from tests.fakes.body import FRONT, OPTICS, SEEN, SIZE, face, moved, pose, rotated, upright_scene

from uprightd.calibration.baseline import OFTEN, Baseline, averaged
from uprightd.domain import View
from uprightd.metrics.geometry import Point
from uprightd.metrics.reading import Sight, sight_of
from uprightd.metrics.scene import Optics


def look(world: dict[str, tuple[float, float, float]] | None = None, **points: tuple[float, float]) -> Sight:
    return Sight({name: Point(*place) for name, place in points.items()}, {}, world or {})


def made(*looks: Sight, size: tuple[int, int] = SIZE) -> Baseline:
    return averaged(looks, View.FRONTAL, size, "drawn", 5.0)


def test_a_place_is_the_median_of_its_coordinates() -> None:
    looks = [look(nose=(x, y)) for x, y in ((10, 5), (12, 9), (11, 7), (500, 6), (10, 800))]
    baseline = made(*looks)
    assert baseline.points == {"nose": Point(11, 7)}
    assert (baseline.samples, baseline.seconds, baseline.size) == (5, 5.0, SIZE)
    assert (baseline.view, baseline.backend) == (View.FRONTAL, "drawn")


def test_the_spread_is_the_standard_deviation_in_the_picture() -> None:
    """Across: 0, 6, 0, 6, a deviation of 3; down: 0, 0, 8, 8, one of 4."""
    baseline = made(*(look(nose=place) for place in ((0, 0), (6, 0), (0, 8), (6, 8))))
    assert baseline.points["nose"] == (3, 4)
    assert baseline.spread["nose"] == pytest.approx(5)
    assert made(look(nose=(3, 3)), look(nose=(3, 3))).spread == {"nose": 0.0}


def test_what_is_seen_in_fewer_than_four_looks_of_five_is_left_out() -> None:
    assert OFTEN == 0.8
    for seen, there in ((10, True), (8, True), (7, False), (0, False)):
        looks = [
            look({"nose": (1.0, 2.0, 3.0)} if number < seen else {}, nose=(1, 1)) for number in range(10)
        ]
        looks = [
            Sight(each.points if number < seen else {}, {}, each.world) for number, each in enumerate(looks)
        ]
        baseline = made(*looks)
        assert ("nose" in baseline.points) is there
        assert ("nose" in baseline.spread) is there
        assert ("nose" in baseline.world) is there


def test_looks_without_a_point_do_not_pull_its_place() -> None:
    looks = [look(nose=(10, 10), left_eye=(20, 20))] * 4 + [look(nose=(10, 10))]
    assert made(*looks).points["left_eye"] == (20, 20)


def test_places_in_space_are_medians_too() -> None:
    places = [(0.1, -0.5, 2.0), (0.3, -0.4, 2.2), (0.2, 9.0, -7.0)]
    assert made(*(look({"nose": place}) for place in places)).world == {"nose": (0.2, -0.4, 2.0)}


def test_whole_numbers_of_pixels_from_a_model_become_places_all_the_same() -> None:
    baseline = made(*[sight_of(pose(FRONT), SIZE, 0.5)] * 5)
    assert baseline.points == {name: Point(*place) for name, place in FRONT.items()}


# ---- frames -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((1280, 720), True),
        ((640, 360), True),
        ((1920, 1080), True),
        ((854, 480), True),  # rounded to even numbers by who scaled it
        ((1280, 721), True),
        ((640, 480), False),
        ((1280, 800), False),
        ((720, 1280), False),
        ((1280, 740), False),
    ],
)
def test_a_frame_of_the_same_shape_fits(size: tuple[int, int], fits: bool) -> None:
    baseline = made(look(nose=(640, 360)), size=(1280, 720))
    assert baseline.fits_frame(size) is fits


def test_the_upright_scene_is_in_pixels_of_the_frame_it_is_for() -> None:
    baseline = made(look({"nose": (0.1, 0.2, 0.3)}, nose=(640, 360)), size=(1280, 720))
    scene = baseline.scene((640, 360), Optics(90.0))
    assert scene.points == {"nose": Point(320, 180)}
    assert (scene.size, scene.view, scene.focal) == ((640, 360), View.FRONTAL, pytest.approx(320))
    assert scene.world == {"nose": (0.1, 0.2, 0.3)}
    assert (scene.face, scene.turn, scene.upright) == (None, None, None)


def test_the_upright_scene_knows_the_persons_face() -> None:
    places, world = SEEN[View.FRONTAL]
    upright = upright_scene(places, View.FRONTAL, world)
    assert upright.face is not None
    assert upright.turn is not None
    assert upright.turn[:3] == pytest.approx((0, 0, 0), abs=1e-6)
    assert upright.turn.size == pytest.approx(
        math.dist(places["left_brow_arch"], places["right_brow_arch"]), rel=1e-3
    )


def test_a_face_is_the_same_one_in_frames_of_all_sizes() -> None:
    baseline = made(*[sight_of(pose({**FRONT, **face(rotated(5, 10))}), SIZE, 0.5)])
    small, large = (baseline.scene((SIZE[0] * n, SIZE[1] * n), OPTICS) for n in (1, 3))
    assert small.face is not None
    assert large.face is not None
    for name, place in small.face.shape.items():
        assert large.face.shape[name] == pytest.approx(place, abs=1e-6)
    for row, again in zip(small.face.rotation, large.face.rotation, strict=True):
        assert again == pytest.approx(row, abs=1e-6)
    assert large.turn is not None
    assert small.turn is not None
    assert large.turn.size == pytest.approx(3 * small.turn.size)


def test_a_baseline_wavering_by_a_pixel_is_as_good_as_the_mean_of_it() -> None:
    """Five looks, each point off by up to two pixels, evenly."""
    off = (-2, -1, 0, 1, 2)
    looks = [
        sight_of(pose(moved(FRONT, lambda x, y, dx=dx, dy=dy: (x + dx, y + dy))), SIZE, 0.5)
        for dx, dy in zip(off, (0, 2, -2, 1, -1), strict=True)
    ]
    baseline = made(*looks)
    assert baseline.points == {name: Point(*place) for name, place in FRONT.items()}
    assert baseline.spread["nose"] == pytest.approx(2)
