"""The head's turn, on faces drawn by a pinhole camera from known angles, and on points turned in the picture."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.body import (
    FOCAL,
    SIZE,
    Places,
    face,
    from_the_left,
    mirrored,
    moved,
    rotated,
    swapped,
    turned,
)

from uprightd.domain import FACE, PROFILE
from uprightd.metrics.geometry import Point
from uprightd.metrics.head_pose import (
    ANCHORS,
    BROWS,
    FACE_SHAPE,
    FEWEST,
    HEAD,
    LENGTHS,
    HeadTurn,
    OwnFace,
    own_face,
    side_pitch,
)

EXACT = 0.01
"""Degrees. What is left comes from the fit's last step."""
TURNS = list(product((-25.0, 0.0, 20.0, 40.0), (-35.0, 0.0, 30.0), (-20.0, 0.0, 15.0)))


def points(places: Places) -> dict[str, Point]:
    return {name: Point(*place) for name, place in places.items()}


def owned(places: Places, focal: float = FOCAL, size: tuple[int, int] = SIZE) -> OwnFace:
    own = own_face(points(places), size, focal)
    assert own is not None
    return own


def turn(own: OwnFace, places: Places, focal: float = FOCAL, size: tuple[int, int] = SIZE) -> HeadTurn:
    found = own.turned(points(places), size, focal)
    assert found is not None
    return found


# ---- the face's shape ---------------------------------------------------------------------------------------


def test_the_average_face_has_every_face_point_and_is_symmetric() -> None:
    assert set(FACE_SHAPE) == set(FACE)
    for name, (x, y, z) in FACE_SHAPE.items():
        assert FACE_SHAPE[swapped(name)] == (-x, y, z)
        assert (x > 0) == name.startswith("left_"), "the subject's left is at the image's right"
    assert math.dist(FACE_SHAPE["left_eye_outer"], FACE_SHAPE["right_eye_outer"]) == pytest.approx(1)
    assert min(FACE_SHAPE, key=lambda name: FACE_SHAPE[name][2]) == "nose_tip", "nearest to the camera"
    assert max(FACE_SHAPE, key=lambda name: FACE_SHAPE[name][1]) == "chin_tip"
    assert set(ANCHORS) <= set(FACE_SHAPE)


# ---- exact for the average face -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "upright", [(0, 0, 0), (12, 0, 0), (0, 40, 0), (-15, -40, 8)], ids=["straight", "down", "oblique", "odd"]
)
def test_an_average_face_is_read_exactly_however_it_was_calibrated(
    upright: tuple[float, float, float],
) -> None:
    stood = rotated(*upright)
    own = owned(face(stood))
    for pitch, yaw, roll in TURNS:
        found = turn(own, face(stood @ rotated(pitch, yaw, roll)))
        assert found[:3] == pytest.approx((pitch, yaw, roll), abs=EXACT)


def test_nothing_turned_is_zero() -> None:
    assert turn(owned(face(rotated())), face(rotated()))[:3] == pytest.approx((0, 0, 0), abs=1e-6)


@pytest.mark.parametrize(
    ("angles", "name", "axis", "sign"),
    [
        pytest.param((20, 0, 0), "nose_tip", 1, 1, id="chin down lowers the nose"),
        pytest.param(
            (0, 20, 0), "nose_tip", 0, -1, id="a turn to the right moves the nose to the image's left"
        ),
        pytest.param(
            (0, 0, 20), "glabella", 0, -1, id="a tilt to the right moves the brow to the image's left"
        ),
        pytest.param((0, 0, 20), "chin_tip", 0, 1, id="and the chin to its right"),
    ],
)
def test_signs_are_those_of_the_picture(
    angles: tuple[float, float, float], name: str, axis: int, sign: int
) -> None:
    """The drawn face is told by the eye, so that drawing and reading cannot be wrong together."""
    straight, now = face(rotated()), face(rotated(*angles))
    assert (now[name][axis] - straight[name][axis]) * sign > 2
    assert turn(owned(straight), now)[:3] == pytest.approx(angles, abs=EXACT)


@pytest.mark.parametrize("at", [(0, 0, 4), (0, 0, 25), (3, -2, 10), (-4, 5, 12), (2.5, -14, 20)])
def test_a_head_that_moves_in_the_frame_or_comes_closer_is_not_turned(at: tuple[float, float, float]) -> None:
    own = owned(face(rotated(5, 20, 0)))
    for angles in ((0, 0, 0), (30, 0, 0), (15, -25, 10)):
        found = turn(own, face(rotated(5, 20, 0) @ rotated(*angles), at))
        assert found[:3] == pytest.approx(angles, abs=EXACT)


@pytest.mark.parametrize(
    ("upright", "angles", "at"),
    [
        ((-6, -31, 5), (21, -34, 11), (2, -3, 18)),
        ((-13, -38, 2), (28, -34, -9), (-1, 3, 22)),
        ((-1, 39, -4), (26, 34, 1), (0, -2, 12)),
        ((-2, -20, -12), (-26, -40, 14), (1, -2, 19)),
        ((-5, -31, -14), (-27, -33, 21), (3, -2, 22)),
    ],
)
def test_a_head_calibrated_at_an_angle_and_turned_further_is_found(
    upright: tuple[float, ...], angles: tuple[float, ...], at: tuple[float, float, float]
) -> None:
    """60–70° away from the camera: a fit that starts too far away ends up to 30° off, once 153°."""
    own = owned(face(rotated(*upright)))
    assert turn(own, face(rotated(*upright) @ rotated(*angles), at))[:3] == pytest.approx(angles, abs=EXACT)


@pytest.mark.parametrize(("focal", "size"), [(300, (640, 360)), (1000, (1280, 720)), (4000, (3840, 2160))])
def test_every_camera_that_is_known_is_as_good(focal: float, size: tuple[int, int]) -> None:
    own = owned(face(rotated(yaw=40), (1, -1, 9), focal, size), focal, size)
    seen = face(rotated(yaw=40) @ rotated(30, -20, 10), (-1, 0.5, 7), focal, size)
    assert turn(own, seen, focal, size)[:3] == pytest.approx((30, -20, 10), abs=EXACT)


@pytest.mark.parametrize("believed", [0.8, 1.25])
def test_a_wrong_focal_length_costs_little_while_the_head_stays(believed: float) -> None:
    own = owned(face(rotated()), FOCAL * believed)
    for pitch in (-25, 15, 35):
        found = turn(own, face(rotated(pitch)), FOCAL * believed)
        assert found.pitch == pytest.approx(pitch, rel=0.03)


@settings(deadline=None, max_examples=60)
@given(
    st.tuples(st.floats(-15, 15), st.floats(-40, 40), st.floats(-15, 15)),
    st.tuples(st.floats(-35, 45), st.floats(-40, 40), st.floats(-25, 25)),
    st.tuples(st.floats(-3, 3), st.floats(-4, 4), st.floats(6, 30)),
)
def test_any_average_face_is_read_exactly(
    upright: tuple[float, ...], angles: tuple[float, ...], at: tuple[float, float, float]
) -> None:
    own = owned(face(rotated(*upright)))
    found = turn(own, face(rotated(*upright) @ rotated(*angles), at))
    assert found[:3] == pytest.approx(angles, abs=EXACT)


# ---- other faces: how far off -------------------------------------------------------------------------------

PITCHES = (-30.0, -15.0, 15.0, 25.0, 35.0)
GAINS = [
    pytest.param((1, 1, 0.85), 0.87, 0.97, id="15 % flatter"),
    pytest.param((1, 1, 1.15), 1.03, 1.12, id="15 % deeper"),
    pytest.param((1, 1, 0.7), 0.74, 0.93, id="30 % flatter"),
    pytest.param((1, 1, 1.3), 1.06, 1.23, id="30 % deeper"),
    pytest.param((1, 1.07, 1), 0.985, 1.015, id="7 % longer"),
    pytest.param((1, 0.93, 1), 0.985, 1.015, id="7 % shorter"),
    pytest.param((1.07, 1, 1), 0.93, 1.00, id="7 % wider"),
    pytest.param((0.93, 1, 1), 1.00, 1.07, id="7 % narrower"),
    pytest.param((1, 1.15, 1), 0.985, 1.015, id="15 % longer"),
    pytest.param((1, 0.85, 1), 0.985, 1.015, id="15 % shorter"),
    pytest.param((1.15, 1, 1), 0.89, 0.97, id="15 % wider"),
    pytest.param((0.85, 1, 1), 1.03, 1.12, id="15 % narrower"),
    pytest.param((1, 1.3, 1), 0.98, 1.03, id="30 % longer"),
    pytest.param((1, 0.7, 1), 0.98, 1.03, id="30 % shorter"),
    pytest.param((1.3, 1, 1), 0.78, 0.94, id="30 % wider"),
    pytest.param((0.7, 1, 1), 1.06, 1.30, id="30 % narrower"),
]
"""How a face differs from the average (width, length, depth), and between which gains its pitch is read then.

Its length is found while calibrating, so it costs nothing; a width is a depth that is not the average's.
"""
CAMERAS = {"level": rotated(), "above": rotated(15), "below": rotated(-15), "aside": rotated(0, 40)}
"""From where a head is seen that looks straight ahead."""


def gains(stretch: tuple[float, float, float], upright: np.ndarray) -> list[float]:
    own = owned(face(upright, stretch=stretch))
    return [turn(own, face(upright @ rotated(pitch), stretch=stretch)).pitch / pitch for pitch in PITCHES]


@pytest.mark.parametrize(("stretch", "least", "most"), GAINS)
def test_another_face_is_read_within_bounds(
    stretch: tuple[float, float, float], least: float, most: float
) -> None:
    """Calibrated looking at the camera. The bounds are this method's own, taken from the figures it gives."""
    found = gains(stretch, rotated())
    assert least <= min(found)
    assert max(found) <= most


@pytest.mark.parametrize("upright", CAMERAS.values(), ids=CAMERAS)
@pytest.mark.parametrize(
    "stretch", [(1, 1, 0.93), (1, 1, 1.07), (1, 0.93, 1), (1, 1.07, 1), (1.07, 1, 1), (0.93, 1, 1)]
)
def test_a_face_7_percent_off_the_average_is_read_within_8_percent_from_any_camera_height(
    stretch: tuple[float, float, float], upright: np.ndarray
) -> None:
    assert gains(stretch, upright) == pytest.approx([1] * len(PITCHES), abs=0.08)


@pytest.mark.parametrize("upright", CAMERAS.values(), ids=CAMERAS)
@pytest.mark.parametrize(
    "stretch", [(1, 1.15, 1), (1, 0.85, 1), (1.15, 1, 1), (0.85, 1, 1), (1, 1, 0.85), (1, 1, 1.15)]
)
def test_a_face_15_percent_off_the_average_is_followed_with_a_gain_of_0_91_to_1_08(
    stretch: tuple[float, float, float], upright: np.ndarray
) -> None:
    """Over all pitches, as the slope of what is read against what is: what the module says of itself."""
    read = [gain * pitch for gain, pitch in zip(gains(stretch, upright), PITCHES, strict=True)]
    assert 0.91 <= np.polyfit(PITCHES, read, 1)[0] <= 1.08


@pytest.mark.parametrize("upright", CAMERAS.values(), ids=CAMERAS)
@pytest.mark.parametrize("length", [0.72, 0.85, 1.0, 1.2, 1.44])
def test_the_length_of_a_face_is_found(length: float, upright: np.ndarray) -> None:
    """From 0.72 to 1.44 of the average, in steps of which half one stays unseen."""
    own = owned(face(upright, stretch=(1, length, 1)))
    span = math.dist(own.shape["glabella"], own.shape["chin_tip"])
    x, y, z = (a - b for a, b in zip(FACE_SHAPE["chin_tip"], FACE_SHAPE["glabella"], strict=True))
    assert span == pytest.approx(math.hypot(x, y * length, z), rel=0.02)
    assert (LENGTHS[0], LENGTHS[-1]) == pytest.approx((0.72, 1.44))


@pytest.mark.parametrize("stretch", [(1, 0.93, 1), (1, 0.85, 1), (1, 1.15, 1), (0.85, 1, 1)])
def test_the_persons_own_shape_is_better_than_the_average_one(stretch: tuple[float, float, float]) -> None:
    """Without it a face that is 15 % longer would read 57 % of its pitch."""
    upright = face(rotated(), stretch=stretch)
    own = owned(upright)
    average = OwnFace(FACE_SHAPE, own.rotation)
    offset = turn(average, upright).pitch
    for pitch in (-15.0, 15.0):
        now = face(rotated(pitch), stretch=stretch)
        plain = turn(average, now).pitch - offset
        assert abs(turn(own, now).pitch - pitch) < abs(plain - pitch) - 1


def test_the_upright_pose_of_any_face_is_zero() -> None:
    for stretch in ((1, 1, 0.7), (1, 1.3, 1), (1.3, 1, 1), (1.1, 0.9, 1.2)):
        seen = face(rotated(8, 15, -5), stretch=stretch)
        assert turn(owned(seen), seen)[:3] == pytest.approx((0, 0, 0), abs=EXACT)


def test_points_that_waver_by_half_a_pixel_waver_the_pitch_by_two_degrees_at_most() -> None:
    """A face of 100 pixels between the outer eye corners; the seed is fixed."""
    rng = np.random.default_rng(4)
    own = owned(face(rotated(), (0, 0, FOCAL / 100)))
    read = [
        turn(
            own,
            moved(
                face(rotated(20), (0, 0, FOCAL / 100)),
                lambda x, y: (x + rng.normal(0, 0.5), y + rng.normal(0, 0.5)),
            ),
        )
        for _ in range(60)
    ]
    assert np.mean([found.pitch for found in read]) == pytest.approx(20, abs=0.5)
    assert np.std([found.pitch for found in read]) < 2


# ---- the face's size ----------------------------------------------------------------------------------------


def test_the_size_is_the_pixels_between_the_brows_of_a_face_that_looks_at_the_camera() -> None:
    straight = face(rotated(), (0, 0, 10))
    assert turn(owned(straight), straight).size == pytest.approx(
        math.dist(*(straight[name] for name in BROWS))
    )


def test_the_size_is_one_over_the_distance() -> None:
    own = owned(face(rotated(), (0, 0, 10)))
    sizes = [
        turn(own, face(rotated(), (0, 0, z))).size * (z + FACE_SHAPE[BROWS[0]][2]) for z in (5, 8, 10, 20, 40)
    ]
    assert sizes == pytest.approx([sizes[0]] * 5, rel=1e-3)


@pytest.mark.parametrize(
    "angles",
    [(30, 0, 0), (-25, 0, 0), (0, 40, 0), (0, -40, 0), (25, 30, 10), (0, 0, 30), (0, 60, 0), (0, -60, 0)],
)
@pytest.mark.parametrize("calibrated", [0.0, 40.0])
@pytest.mark.parametrize("at", [(0, 0, 10), (2, -2, 10), (-3, 1, 10)], ids=["middle", "aside", "far aside"])
def test_a_turned_head_keeps_its_size_wherever_it_is(
    angles: tuple[float, float, float], calibrated: float, at: tuple[float, float, float]
) -> None:
    """Within 4 %: about the eyes, a pitch brings the brows nearer."""
    own = owned(face(rotated(yaw=calibrated)))
    straight = turn(own, face(rotated(), at)).size
    assert turn(own, face(rotated(*angles), at)).size == pytest.approx(straight, rel=0.04)


@pytest.mark.parametrize("yaw", [82, 84, 86, 88])
def test_a_face_seen_almost_from_the_side_has_no_endless_size(yaw: float) -> None:
    """Some pixels between the brows where hardly any should show are not divided by hardly anything."""
    at = (0, 0, 4)
    own, edge = owned(face(rotated())), face(rotated(yaw=yaw), at)
    x, y = edge["left_brow_arch"]
    size, found = (turn(own, places, FOCAL).size for places in (face(rotated(), at), edge))
    assert found < size
    assert turn(own, {**edge, "left_brow_arch": (x, y - 4)}).size < size


# ---- no face ------------------------------------------------------------------------------------------------


def wavering(places: Places, share: float, seed: int) -> Places:
    """Each point off by as much at random: standard deviation over the average face's outer eye corners' distance."""
    rng, unit = np.random.default_rng(seed), math.dist(places["left_eye_outer"], places["right_eye_outer"])
    return moved(places, lambda x, y: (x + rng.normal(0, share * unit), y + rng.normal(0, share * unit)))


@pytest.mark.parametrize(
    ("share", "is_face"), [(0.0, True), (0.03, True), (0.05, True), (0.15, False), (0.5, False)]
)
@pytest.mark.parametrize("angles", [(0, 0, 0), (20, 0, 0), (10, 30, 5)], ids=["straight", "down", "aside"])
def test_points_far_off_a_face_are_none(
    share: float, is_face: bool, angles: tuple[float, float, float]
) -> None:
    """Both ways' deviations together are 1.4 times as much; a tenth is the limit. A pose model gives up to 0.03."""
    own = owned(face(rotated()))
    for seed in range(5):
        seen = points(wavering(face(rotated(*angles)), share, seed))
        assert (own_face(seen, SIZE, FOCAL) is not None) is is_face
        assert (own.turned(seen, SIZE, FOCAL) is not None) is is_face


@pytest.mark.parametrize("name", FACE)
def test_one_point_in_the_wrong_place_turns_the_head_by_ten_degrees_at_most_or_costs_the_value(
    name: str,
) -> None:
    """A fifth of the eyes' distance off, the tip of the nose is the worst; at four fifths any one is too much."""
    upright = face(rotated())
    own, unit = owned(upright), math.dist(upright["left_eye_outer"], upright["right_eye_outer"])
    x, y = upright[name]
    assert turn(own, {**upright, name: (x, y + unit / 5)}).pitch == pytest.approx(0, abs=10)
    assert own.turned(points({**upright, name: (x, y + unit * 0.8)}), SIZE, FOCAL) is None


def test_points_at_random_are_no_face() -> None:
    rng = np.random.default_rng(1)
    own = owned(face(rotated()))
    for _ in range(40):
        heap = {name: Point(*rng.uniform(200, 400, 2)) for name in FACE}
        assert own_face(heap, SIZE, FOCAL) is None
        assert own.turned(heap, SIZE, FOCAL) is None


@pytest.mark.parametrize("angles", [(-160, -20, 90), (-180, -80, 90), (-180, 20, 180), (-180, -60, 30)])
def test_a_face_that_fits_behind_the_camera_alone_is_none(angles: tuple[float, float, float]) -> None:
    """Turned away and upside down, as nobody sees one: the fit is good, and the wrong way round."""
    assert owned(face(rotated())).turned(points(face(rotated(*angles))), SIZE, FOCAL) is None


# ---- too little to go by ------------------------------------------------------------------------------------


def test_with_too_few_points_there_is_no_face_and_no_turn() -> None:
    whole = points(face(rotated()))
    own = owned(face(rotated()))
    others = [name for name in whole if name not in ANCHORS]
    enough = {name: whole[name] for name in (*ANCHORS, *others[: FEWEST - len(ANCHORS)])}
    too_few = {name: whole[name] for name in list(enough)[:-1]}
    assert own_face(enough, SIZE, FOCAL) is not None
    assert own.turned(enough, SIZE, FOCAL) is not None
    assert own_face(too_few, SIZE, FOCAL) is None
    assert own.turned(too_few, SIZE, FOCAL) is None
    assert own.turned({}, SIZE, FOCAL) is None


@pytest.mark.parametrize("anchor", ANCHORS)
def test_without_an_anchor_there_is_no_face_and_no_turn(anchor: str) -> None:
    rest = {name: point for name, point in points(face(rotated())).items() if name != anchor}
    assert own_face(rest, SIZE, FOCAL) is None
    assert owned(face(rotated())).turned(rest, SIZE, FOCAL) is None


def test_the_turn_goes_by_the_points_that_both_have() -> None:
    """Calibrated without the chin, then seen without the mouth: the rest is enough, and exact for an average face."""
    upright = {name: place for name, place in face(rotated()).items() if name != "chin_tip"}
    now = {name: place for name, place in face(rotated(20, 10, 5)).items() if "mouth" not in name}
    assert turn(owned(upright), now)[:3] == pytest.approx((20, 10, 5), abs=EXACT)


@pytest.mark.parametrize(
    "pair", [FACE, BROWS, ("left_eye_outer", "right_eye_outer")], ids=["all", "brows", "eyes"]
)
def test_points_that_fall_together_are_no_face(pair: tuple[str, ...]) -> None:
    together = points({**face(rotated()), **dict.fromkeys(pair, (320.0, 480.0))})
    assert own_face(together, SIZE, FOCAL) is None
    assert owned(face(rotated())).turned(together, SIZE, FOCAL) is None


# ---- from the side ------------------------------------------------------------------------------------------

SIDE = {name: place for name, place in from_the_left().items() if name in HEAD}
DETECTED: Places = {
    "left_profile_eye": (330, 300),
    "right_profile_eye": (326, 299),
    "profile_nose": (310, 320),
    "profile_mouth": (318, 345),
    "left_profile_ear": (375, 312),
    "right_profile_ear": (372, 310),
}


def test_the_points_of_a_profile_are_those_of_the_detector() -> None:
    assert set(DETECTED) == set(PROFILE)


@pytest.mark.parametrize("theta", [-40.0, -5.0, 0.0, 12.5, 34.3, 60.0])
@pytest.mark.parametrize("places", [SIDE, {**SIDE, **DETECTED}], ids=["body", "both"])
def test_a_head_seen_from_its_left_is_pitched_as_far_as_the_picture_turns_it(
    theta: float, places: Places
) -> None:
    """It faces the image's left, so chin down is counter-clockwise."""
    now = moved(turned(places, -theta), lambda x, y: (x + 40, y - 25))
    assert side_pitch(points(now), points(places), faces_left=True) == pytest.approx(theta, abs=1e-9)


@pytest.mark.parametrize("theta", [-40.0, 12.5, 34.3])
def test_the_other_side_is_the_mirror_image(theta: float) -> None:
    places = {**SIDE, **DETECTED}
    before, now = mirrored(places), mirrored(turned(places, -theta))
    assert side_pitch(points(now), points(before), faces_left=False) == pytest.approx(theta, abs=1e-9)


def test_chin_down_lowers_the_nose() -> None:
    now = turned(SIDE, -20, SIDE["left_ear"])
    assert now["nose"][1] > SIDE["nose"][1]
    assert side_pitch(points(now), points(SIDE), faces_left=True) == pytest.approx(20)


def test_two_opinions_are_averaged() -> None:
    now = {**turned(SIDE, -30), **turned(DETECTED, -20)}
    assert side_pitch(points(now), points({**SIDE, **DETECTED}), True) == pytest.approx(25)


def test_a_nearer_head_is_not_a_turned_one() -> None:
    now = moved(turned({**SIDE, **DETECTED}, -15), lambda x, y: (1.4 * x - 60, 1.4 * y))
    assert side_pitch(points(now), points({**SIDE, **DETECTED}), True) == pytest.approx(15)


def test_an_opinion_that_the_upright_pose_has_must_be_there_now() -> None:
    """Half a mean jumps by several degrees whenever the detector blinks: no value is better."""
    both = {**SIDE, **DETECTED}
    assert math.isnan(side_pitch(points(turned(SIDE, -20)), points(both), True))
    assert math.isnan(side_pitch(points(turned(DETECTED, -20)), points(both), True))
    assert side_pitch(points(turned(both, -20)), points(SIDE), True) == pytest.approx(20)


def test_two_points_of_a_profile_in_the_upright_pose_are_no_opinion() -> None:
    few = {name: DETECTED[name] for name in ("profile_nose", "profile_mouth")}
    upright = {**SIDE, **few}
    assert side_pitch(points(turned({**SIDE, **DETECTED}, -20)), points(upright), True) == pytest.approx(20)


def test_what_is_hidden_now_takes_no_part() -> None:
    now = {name: place for name, place in turned(SIDE, -20).items() if not name.startswith("right_")}
    assert side_pitch(points(now), points(SIDE), True) == pytest.approx(20)
    two = {name: now[name] for name in ("nose", "left_eye")}
    assert math.isnan(side_pitch(points(two), points(SIDE), True))


def test_a_head_in_one_point_has_no_pitch() -> None:
    heap = dict.fromkeys(SIDE, (300.0, 300.0))
    assert math.isnan(side_pitch(points(heap), points(SIDE), True))
    assert math.isnan(side_pitch(points(SIDE), points(heap), True))
