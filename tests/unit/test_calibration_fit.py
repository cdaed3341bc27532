"""Whether the picture still lies as it was calibrated: no posture is taken for a moved camera, nor the reverse."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.body import (
    FRONT,
    OBLIQUE,
    REAR,
    SIZE,
    Places,
    from_the_left,
    mirrored,
    moved,
    narrowed,
    turned,
)
from tests.fakes.recorded import MIDDLE, looks, upright, view_of
from tests.fakes.recorded import SIZE as PICTURE

from uprightd.calibration.fit import Fit, fit_of
from uprightd.domain import View
from uprightd.metrics.geometry import Point
from uprightd.metrics.scene import Scene

CENTRE = (SIZE[0] / 2, SIZE[1] / 2)
SHOULDERS = 120.0
"""Width of the drawn body's shoulders in pixels; the side view is drawn to the same measure."""
HEAD = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
ABOVE_HIPS = (
    *HEAD,
    *(f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")),
)
AT_A_DESK = (*HEAD, "left_shoulder", "right_shoulder")
HIP, NECK = (320.0, 374.0), (320.0, 185.0)


def scene(places: Places, view: View = View.FRONTAL, size: tuple[int, int] = SIZE) -> Scene:
    return Scene({name: Point(*place) for name, place in places.items()}, size, view)


def only(places: Places, names: tuple[str, ...]) -> Places:
    return {name: places[name] for name in names}


def some(places: Places, names: tuple[str, ...], change: Callable[[Places], Places]) -> Places:
    """Given places, return them with a change made to some of them."""
    return {**places, **change(only(places, names))}


def shifted(places: Places, dx: float, dy: float) -> Places:
    return moved(places, lambda x, y: (x + dx, y + dy))


def enlarged(places: Places, by: float, about: tuple[float, float] = CENTRE) -> Places:
    return moved(places, lambda x, y: (about[0] + (x - about[0]) * by, about[1] + (y - about[1]) * by))


def the_fit(now: Places, then: Places = FRONT, view: View = View.FRONTAL, upright: View | None = None) -> Fit:
    fit = fit_of(scene(now, view), scene(then, upright or view))
    assert fit is not None
    return fit


# ---- a picture that has been moved, measured exactly


def test_the_same_picture_is_at_no_distance() -> None:
    fit = the_fit(FRONT)
    assert (fit.scale, fit.shift, fit.roll, fit.distance) == (1, 0, 0, 0)


@pytest.mark.parametrize("degrees", [-30, -9, -4, 3, 8, 20])
def test_a_turn_of_the_picture_is_read_in_degrees(degrees: float) -> None:
    fit = the_fit(turned(FRONT, degrees))
    assert (fit.scale, fit.shift, fit.roll) == pytest.approx((1, 0, degrees), abs=1e-9)


@pytest.mark.parametrize("dx", [-0.7, 0.2])
@pytest.mark.parametrize("dy", [-0.3, 0, 1])
def test_a_shift_is_read_in_shoulder_widths(dx: float, dy: float) -> None:
    fit = the_fit(shifted(FRONT, dx * SHOULDERS, dy * SHOULDERS))
    assert (fit.scale, fit.shift, fit.roll) == pytest.approx((1, math.hypot(dx, dy), 0))


@pytest.mark.parametrize("by", [0.6, 0.9, 1.2, 1.7])
def test_a_larger_picture_is_read_as_a_factor(by: float) -> None:
    fit = the_fit(enlarged(FRONT, by))
    assert (fit.scale, fit.shift, fit.roll) == pytest.approx((by, 0, 0))


@settings(deadline=None)
@given(
    st.sampled_from(["frontal", "at a desk", "rear", "sagittal"]),
    st.floats(-25, 25),
    st.floats(0.6, 1.6),
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
)
def test_whatever_a_camera_does_is_read_as_that(
    what: str, degrees: float, by: float, dx: float, dy: float
) -> None:
    """Small shifts only: with more, a picture turned by 8° may as well show somebody who leans."""
    body, view = BODIES[what]
    now = shifted(enlarged(turned(body, degrees), by), dx * by * SHOULDERS, dy * by * SHOULDERS)
    fit = the_fit(now, body, view)
    assert fit.scale == pytest.approx(by)
    if abs(degrees) >= 8:
        assert fit.roll == pytest.approx(degrees)
        assert fit.shift <= math.hypot(dx, dy) + 1e-6


BODIES = {
    "frontal": (FRONT, View.FRONTAL),
    "at a desk": (shifted(only(FRONT, AT_A_DESK), 0, 300), View.FRONTAL),
    "rear": (REAR, View.REAR),
    "sagittal": (from_the_left(), View.SAGITTAL_LEFT),
}


# ---- postures


def tilted_head(places: Places, degrees: float) -> Places:
    return some(places, HEAD, partial(turned, degrees=degrees, centre=NECK))


def leaning_aside(places: Places, degrees: float) -> Places:
    return some(places, ABOVE_HIPS, partial(turned, degrees=degrees, centre=HIP))


def bent_neck(places: Places) -> Places:
    """By 35°: the head comes down by a fifth of the neck, the nose by more, and looks a little narrower."""
    lower = some(
        places, HEAD, lambda head: shifted(moved(head, lambda x, y: (320 + (x - 320) * 0.95, y)), 0, 17)
    )
    return some(lower, ("nose",), partial(shifted, dx=0, dy=18))


def leaning_forward(places: Places, shoulders: float = 1.17, face: float = 1.2) -> Places:
    """By 15°: the shoulders come nearer and lower, the face by more."""
    lower = some(places, ABOVE_HIPS, lambda it: shifted(enlarged(it, shoulders, (320, 200)), 0, 20))
    return some(lower, HEAD, partial(enlarged, by=face / shoulders, about=(320, 126)))


POSTURES: dict[str, Callable[[Places], Places]] = {
    "neck bent by 35°": bent_neck,
    "leaning forward by 15°": leaning_forward,
    "leaning forward close to the camera": partial(leaning_forward, shoulders=1.24, face=1.42),
    "leaning forward, neck bent": lambda it: bent_neck(leaning_forward(it)),
    "leaning right by 10°": partial(leaning_aside, degrees=-10),
    "leaning left by 10°": partial(leaning_aside, degrees=10),
    "leaning left by 20°": partial(leaning_aside, degrees=20),
    "leaning, head upright": lambda it: tilted_head(leaning_aside(it, 12), -12),
    "leaning, head half upright": lambda it: tilted_head(leaning_aside(it, 14), -7),
    "on the armrest": lambda it: some(leaning_aside(it, 12), ABOVE_HIPS, partial(shifted, dx=-12, dy=4)),
    "on the armrest, head half upright": lambda it: tilted_head(
        some(leaning_aside(it, 12), ABOVE_HIPS, partial(shifted, dx=-22, dy=4)), -7
    ),
    "slumped": lambda it: some(it, ABOVE_HIPS, partial(shifted, dx=0, dy=0.2 * SHOULDERS)),
    "head tilted by 20°": partial(tilted_head, degrees=20),
    "head tilted, one shoulder up": lambda it: tilted_head(
        some(it, ("left_shoulder",), partial(shifted, dx=0, dy=-14)), 15
    ),
    "15% closer": partial(enlarged, by=1.15),
    "15% farther": partial(enlarged, by=0.87),
    "a hand's width to the side": partial(shifted, dx=0.25 * SHOULDERS, dy=0),
}


@pytest.mark.parametrize("hips", ["hips seen", "hips hidden"])
@pytest.mark.parametrize("posture", POSTURES)
def test_a_posture_is_no_moved_camera(posture: str, hips: str) -> None:
    names = tuple(FRONT) if hips == "hips seen" else AT_A_DESK
    for dy in (0, 300):  # the body high in the picture, and low as at a desk
        now, then = (shifted(only(it, names), 0, dy) for it in (POSTURES[posture](FRONT), FRONT))
        assert the_fit(now, then).distance < 0.97


@pytest.mark.parametrize(
    "change",
    [
        partial(leaning_forward, shoulders=1.5, face=1.55),
        lambda it: some(it, ABOVE_HIPS, partial(shifted, dx=0.7 * SHOULDERS, dy=30)),
        lambda it: some(it, ABOVE_HIPS, partial(turned, degrees=12, centre=CENTRE)),
    ],
    ids=["far forward", "far aside", "turned as by a camera"],
)
def test_hips_that_are_seen_to_stay_tell_that_the_camera_has_not_moved(
    change: Callable[[Places], Places],
) -> None:
    assert the_fit(change(FRONT)).distance < 0.5
    assert the_fit(only(change(FRONT), AT_A_DESK)).distance > 1


@pytest.mark.parametrize("share", [0.6, 0.7, 0.8, 1.25, 1.6])
def test_turning_on_the_chair_is_neither_smaller_nor_larger(share: float) -> None:
    now, then = (FRONT, OBLIQUE) if share == 1.6 else (narrowed(FRONT, share), FRONT)
    view, upright = (View.FRONTAL, View.OBLIQUE) if share == 1.6 else (View.OBLIQUE, View.FRONTAL)
    for names in (tuple(FRONT), AT_A_DESK):
        fit = the_fit(only(now, names), only(then, names), view, upright)
        assert fit.distance < 0.2


@pytest.mark.parametrize(
    ("neck", "trunk"), [(73, 0), (38, 15), (60, 15), (38, -12), (30, 25), (38, 40)], ids=str
)
def test_seen_from_the_side_no_bending_is_a_moved_camera(neck: float, trunk: float) -> None:
    body = from_the_left(neck, trunk)
    legs = ("left_knee", "right_knee", "left_ankle", "right_ankle")
    for names in (tuple(body), tuple(name for name in body if name not in legs)):
        fit = the_fit(only(body, names), only(from_the_left(), names), View.SAGITTAL_LEFT)
        assert fit.distance < 0.5


def test_rocking_back_with_the_seat_is_no_turned_camera_where_the_feet_are_seen_to_stay() -> None:
    body, hip = from_the_left(), (400.0, 560.0)
    carried = ("left_knee", "right_knee", "left_shoulder", "right_shoulder")
    rocking = some(body, carried, partial(turned, degrees=8, centre=hip))
    assert the_fit(rocking, body, View.SAGITTAL_LEFT).roll == 0
    assert the_fit(turned(body, 8), body, View.SAGITTAL_LEFT).roll == pytest.approx(8)


def test_stretching_the_legs_is_no_turned_camera() -> None:
    body, hip = from_the_left(), (400.0, 560.0)
    legs = tuple(
        f"{side}_{part}" for side in ("left", "right") for part in ("knee", "ankle", "heel", "big_toe")
    )
    stretched = some(body, legs, partial(turned, degrees=9, centre=hip))
    assert the_fit(stretched, body, View.SAGITTAL_LEFT).roll == 0
    foot_hidden = {name: place for name, place in stretched.items() if "ankle" not in name}
    assert the_fit(foot_hidden, body, View.SAGITTAL_LEFT).roll == 0


def test_somebody_standing_up_straightens_legs_and_moves() -> None:
    sitting = from_the_left()
    fit = the_fit(shifted(sitting, 0, -150), sitting, View.SAGITTAL_LEFT)
    assert fit.distance > 1
    assert "moved by" in fit.why


# ---- moved cameras, whatever the posture

CAMERAS: dict[str, Callable[[Places], Places]] = {
    "turned by 8°": partial(turned, degrees=8),
    "turned back by 8°": partial(turned, degrees=-8),
    "turned by 15°": partial(turned, degrees=15),
    "moved left": partial(shifted, dx=0.65 * SHOULDERS, dy=0),
    "moved right": partial(shifted, dx=-0.65 * SHOULDERS, dy=0),
    "lifted": partial(shifted, dx=0, dy=0.65 * SHOULDERS),
    "closer": partial(enlarged, by=1.36),
    "farther": partial(enlarged, by=0.7),
}
STRAIGHT_ENOUGH = ("neck bent by 35°", "a hand's width to the side")
"""Postures that neither enlarge nor turn the trunk, and so take nothing away from what the camera does."""


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("where", ["whole body", "at a desk"])
def test_a_moved_camera_is_noticed_upright_and_with_the_neck_bent(camera: str, where: str) -> None:
    names, dy = (tuple(FRONT), 0) if where == "whole body" else (AT_A_DESK, 300)
    upright = shifted(only(FRONT, names), 0, dy)
    bent = shifted(only(bent_neck(FRONT), names), 0, dy)
    for body in (upright, bent):
        assert the_fit(CAMERAS[camera](body), upright).distance > 1


@pytest.mark.parametrize("degrees", [8, -8])
def test_a_turned_camera_is_noticed_while_somebody_leans_forward(degrees: float) -> None:
    upright = shifted(only(FRONT, AT_A_DESK), 0, 300)
    leaning = shifted(only(leaning_forward(FRONT), AT_A_DESK), 0, 300)
    assert the_fit(turned(leaning, degrees), upright).roll == pytest.approx(degrees)


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize(("neck", "trunk"), [(38, 0), (73, 0), (38, 15)], ids=str)
def test_a_moved_camera_is_noticed_from_the_side(camera: str, neck: float, trunk: float) -> None:
    body, upright = from_the_left(neck, trunk), from_the_left()
    assert the_fit(CAMERAS[camera](body), upright, View.SAGITTAL_LEFT).distance > 1


def test_the_other_side_is_measured_alike() -> None:
    left, right = from_the_left(), mirrored(from_the_left())
    one = the_fit(turned(left, 9), left, View.SAGITTAL_LEFT)
    other = the_fit(turned(right, -9), right, View.SAGITTAL_RIGHT)
    assert (other.scale, other.shift, -other.roll) == pytest.approx(
        (one.scale, one.shift, one.roll), abs=1e-9
    )


# ---- when there is nothing to compare


@pytest.mark.parametrize(
    ("view", "upright"),
    [
        (View.SAGITTAL_RIGHT, View.SAGITTAL_LEFT),
        (View.FRONTAL, View.SAGITTAL_LEFT),
        (View.REAR, View.FRONTAL),
        (View.UNKNOWN, View.FRONTAL),
    ],
)
def test_views_that_cannot_be_compared_have_no_fit(view: View, upright: View) -> None:
    assert fit_of(scene(FRONT, view), scene(FRONT, upright)) is None


@pytest.mark.parametrize(
    "hidden",
    [("left_shoulder", "right_shoulder"), tuple(FRONT), (*HEAD, "left_hip")],
    ids=["shoulders", "all", "head and a hip"],
)
def test_where_too_little_is_seen_there_is_no_fit(hidden: tuple[str, ...]) -> None:
    rest = only(FRONT, tuple(name for name in FRONT if name not in hidden))
    assert fit_of(scene(rest), scene(FRONT)) is None
    assert fit_of(scene(FRONT), scene(rest)) is None


def test_points_that_coincide_say_nothing() -> None:
    assert fit_of(scene(dict.fromkeys(FRONT, (100.0, 100.0))), scene(FRONT)) is None
    assert fit_of(scene(FRONT), scene(dict.fromkeys(FRONT, (100.0, 100.0)))) is None


def test_from_the_side_the_near_half_of_the_body_is_enough() -> None:
    near = only(from_the_left(), tuple(name for name in from_the_left() if not name.startswith("right_")))
    fit = the_fit(turned(near, 9), from_the_left(), View.SAGITTAL_LEFT)
    assert fit.roll == pytest.approx(9)


def test_eyes_serve_where_the_ears_are_hidden() -> None:
    bare = only(FRONT, tuple(name for name in FRONT if "ear" not in name))
    assert the_fit(turned(bare, 9)).roll == pytest.approx(9)


# ---- in words


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (Fit(1.0, 0.1, 9.2), "the picture is turned by 9°"),
        (Fit(1.05, 0.1, -12.0), "the picture is turned by 12°"),
        (Fit(1.31, 0.1, 2.0), "you are 31% larger"),
        (Fit(0.64, 0.1, 2.0), "you are 36% smaller"),
        (Fit(1.1, 0.7, 2.0), "you have moved by 0.7 shoulder widths"),
    ],
)
def test_what_is_off_most_is_said(fit: Fit, words: str) -> None:
    assert fit.why == words
    assert fit.distance > 1


# ---- a pose model's own points, with their scatter

WIDTHS = {"sit_front_m": 354.0, "sit_side_m": 172.0}
"""Shoulder widths in pixels; from the side, of a trunk of 1.45 of them."""


def recorded(clip: str, camera: Callable[[Places], Places] = dict, until: float = math.inf) -> list[Fit]:
    """Given a clip, what happens to the camera, and until when, return each picture's fit to the upright second."""
    view = view_of(clip)
    then = scene(upright(clip), view, PICTURE)
    fits = [
        fit_of(scene(camera(look.places), view, PICTURE), then)
        for look in looks(clip)
        if look.second <= until
    ]
    assert None not in fits
    return [fit for fit in fits if fit is not None]


@pytest.mark.parametrize("clip", WIDTHS)
def test_a_recorded_person_s_movements_are_no_moved_camera(clip: str) -> None:
    assert max(fit.distance for fit in recorded(clip)) < 0.7


@pytest.mark.parametrize("clip", WIDTHS)
@pytest.mark.parametrize(
    "camera",
    [
        *(partial(turned, degrees=degrees, centre=MIDDLE) for degrees in (8, -8, 14, -14)),
        *(partial(enlarged, by=by, about=MIDDLE) for by in (1.36, 0.73)),
    ],
    ids=["turned by 8°", "by -8°", "by 14°", "by -14°", "larger", "smaller"],
)
def test_a_moved_camera_is_noticed_with_real_scatter_upright_and_bent(
    clip: str, camera: Callable[[Places], Places]
) -> None:
    """Until the trunk leans forward: towards a camera that has moved away that looks as near as before, and from the
    side trunk and head then turn as a camera would turn them."""
    fits = recorded(clip, camera, until=5.1)
    assert all(fit.distance > 1 for fit in fits)


@pytest.mark.parametrize("clip", WIDTHS)
@pytest.mark.parametrize(("dx", "dy"), [(0.65, 0), (-0.65, 0), (0, -0.65), (0, 0.65)])
def test_a_shifted_camera_is_noticed_with_real_scatter_in_every_posture(
    clip: str, dx: float, dy: float
) -> None:
    fits = recorded(clip, partial(shifted, dx=dx * WIDTHS[clip], dy=dy * WIDTHS[clip]))
    assert sum(fit.distance > 1 for fit in fits) >= 0.95 * len(fits)


@pytest.mark.parametrize("degrees", [8, -8])
def test_from_the_front_a_turned_camera_is_noticed_while_leaning_forward_too(degrees: float) -> None:
    fits = recorded("sit_front_m", partial(turned, degrees=degrees, centre=MIDDLE))
    assert sum(fit.distance > 1 for fit in fits) >= 0.95 * len(fits)
