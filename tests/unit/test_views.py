"""From where the camera sees somebody: the five views, the limits between them, when it cannot be told, and a
live stream that neither flickers nor believes a single frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest
from tests.fakes.body import FRONT, REAR, Places, from_the_left, mirrored, moved, narrowed, turned

from uprightd.domain import View
from uprightd.metrics.geometry import Point
from uprightd.metrics.views import (
    CONFIRMED_AFTER,
    FACING_FROM,
    HELD_FOR,
    LOST_AFTER,
    MARGIN,
    NECK_PER_SHOULDER_WIDTH,
    SHORTEST_SHOULDERS,
    SIDEWAYS_FROM,
    SIDEWAYS_UP_TO,
    SQUARE_UP_TO,
    TORSO_PER_SHOULDER_WIDTH,
    ViewTracker,
    bearing_of,
    estimate_view,
)

SHOULDERS = 0.36
BODY = {
    "left_shoulder": (SHOULDERS / 2, -SHOULDERS * TORSO_PER_SHOULDER_WIDTH, 0.0),
    "right_shoulder": (-SHOULDERS / 2, -SHOULDERS * TORSO_PER_SHOULDER_WIDTH, 0.0),
    "left_hip": (0.1, 0.0, 0.0),
    "right_hip": (-0.1, 0.0, 0.0),
}
HEAD = {"nose": (0.0, -0.72, -0.12), "left_ear": (0.07, -0.72, 0.0), "right_ear": (-0.07, -0.72, 0.0)}
"""Metres, of somebody who faces the camera. The head turns by itself."""

InSpace = dict[str, tuple[float, float, float]]
Person = tuple[dict[str, Point], InSpace]


def person(yaw: float, head: float | None = None) -> Person:
    """Somebody turned by that many degrees (−90: the left side is seen), the head as far or by its own angle."""
    turned_head = yaw if head is None else head
    world = {name: _about_the_vertical(place, yaw) for name, place in BODY.items()}
    world |= {name: _about_the_vertical(place, turned_head) for name, place in HEAD.items()}
    return in_picture(world), world


def in_picture(world: InSpace) -> dict[str, Point]:
    return {name: Point(320 + 300 * x, 480 + 300 * y) for name, (x, y, _) in world.items()}


def _about_the_vertical(place: tuple[float, float, float], degrees: float) -> tuple[float, float, float]:
    x, y, z = place
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return x * cos - z * sin, y, x * sin + z * cos


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


LEFT, RIGHT = View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT
BORDERS = {
    SQUARE_UP_TO: (View.FRONTAL, View.OBLIQUE),
    SIDEWAYS_FROM: (View.OBLIQUE, RIGHT),
    180 - SIDEWAYS_FROM: (RIGHT, View.OBLIQUE),
    180 - SQUARE_UP_TO: (View.OBLIQUE, View.REAR),
    -SQUARE_UP_TO: (View.FRONTAL, View.OBLIQUE),
    -SIDEWAYS_FROM: (View.OBLIQUE, LEFT),
    SIDEWAYS_FROM - 180: (LEFT, View.OBLIQUE),
    SQUARE_UP_TO - 180: (View.OBLIQUE, View.REAR),
}
"""By the border in degrees of turn: the view on this side of it and the view beyond, away from the front."""


def beyond(border: float, degrees: float) -> float:
    """That many degrees beyond a border, away from the front; short of it when negative."""
    return border + math.copysign(degrees, border * degrees)


@pytest.mark.parametrize(
    ("yaw", "expected"),
    [(0, View.FRONTAL), (-90, LEFT), (90, RIGHT), (180, View.REAR), (-180, View.REAR), (-45, View.OBLIQUE)],
)
def test_the_shoulder_line_in_space_tells_the_view(yaw: float, expected: View) -> None:
    assert estimate_view(*person(yaw)) is expected


@pytest.mark.parametrize("border", BORDERS)
def test_the_borders_in_space_are_exact(border: float) -> None:
    short, far = BORDERS[border]
    assert estimate_view(*person(beyond(border, -0.01))) is short
    assert estimate_view(*person(beyond(border, +0.01))) is far


def test_the_turn_in_space_goes_before_the_width_in_the_picture() -> None:
    points, world = person(-20)
    slight = {name: Point(320 + (x - 320) * 0.6, y) for name, (x, y) in points.items()}
    assert estimate_view(slight) is View.OBLIQUE
    assert estimate_view(slight, world) is View.FRONTAL


def test_somebody_at_the_edge_of_the_picture_is_turned_to_the_image_not_to_the_line_of_sight() -> None:
    points, world = person(-60)
    at_the_right = {name: Point(x + 320, y) for name, (x, y) in points.items()}
    bearing = bearing_of(at_the_right, width=640, focal=320 / math.tan(math.radians(30)))
    assert bearing == pytest.approx(30)
    assert estimate_view(at_the_right, world) is View.OBLIQUE
    assert estimate_view(at_the_right, world, bearing) is LEFT
    assert bearing_of({}, width=640, focal=500) == 0


@pytest.mark.parametrize(
    "spoilt",
    [
        {"left_shoulder": (math.nan, math.nan, math.nan)},
        {"right_shoulder": (0.1, -0.5, math.inf)},
        {"left_shoulder": None},
        {"left_shoulder": (0.0, -0.5, 0.0), "right_shoulder": (SHORTEST_SHOULDERS - 0.01, -0.3, 0.0)},
    ],
    ids=["not a number", "infinite", "missing", "the far shoulder's depth is the near one's"],
)
def test_without_both_shoulders_in_space_the_picture_tells(spoilt: dict) -> None:
    for yaw, expected in ((0, View.FRONTAL), (-90, LEFT), (90, RIGHT), (180, View.REAR)):
        points, world = person(yaw)
        rest = {name: place for name, place in ({**world, **spoilt}).items() if place is not None}
        assert estimate_view(points, rest) is expected


def test_front_and_rear_are_unknown_where_space_and_picture_contradict_each_other() -> None:
    for yaw in (0, 180, SQUARE_UP_TO + MARGIN - 1, 181 - SQUARE_UP_TO - MARGIN):
        assert estimate_view(person(yaw + 180)[0], person(yaw)[1]) is View.UNKNOWN
    assert estimate_view(person(220)[0], person(40)[1]) is View.OBLIQUE  # neither front nor rear


def test_a_side_seen_in_space_is_unknown_when_the_face_looks_the_other_way() -> None:
    for yaw in (-90, 90):
        assert estimate_view(person(yaw)[0], person(-yaw)[1]) is View.UNKNOWN


def test_a_face_that_falls_together_is_a_back_taken_for_a_front() -> None:
    points, world = person(0)
    assert estimate_view(points, world) is View.FRONTAL
    points |= {"left_ear": Point(329, 264), "right_ear": Point(311, 264), "nose": Point(321, 266)}
    assert estimate_view(points, world) is View.UNKNOWN
    assert estimate_view(points) is View.UNKNOWN


def test_a_back_with_a_face_is_unknown() -> None:
    assert estimate_view(*person(180, head=180)) is View.REAR
    assert estimate_view(*person(180, head=0)) is View.UNKNOWN


def test_a_turned_head_does_not_turn_the_trunk() -> None:
    for head in (-80, -40, 40, 80):
        assert estimate_view(*person(0, head)) is View.FRONTAL
        assert estimate_view(*person(180, 180 + head)) is View.REAR
    assert estimate_view(*person(-90, head=0)) is LEFT


def test_a_face_turned_to_the_camera_does_not_tell_the_side_in_the_picture() -> None:
    assert estimate_view(person(-90, head=-20)[0]) is LEFT
    assert estimate_view(person(-90, head=-5)[0]) is View.UNKNOWN


def test_a_front_needs_a_nose_and_a_back_or_a_side_does_not() -> None:
    for yaw, expected in ((0, View.UNKNOWN), (180, View.REAR), (-90, LEFT), (90, RIGHT)):
        points, world = person(yaw)
        del points["nose"]
        assert estimate_view(points, world) is expected


def test_shoulders_that_are_not_seen_in_the_picture_tell_nothing_in_space() -> None:
    points, world = person(-90)
    del points["right_shoulder"]
    assert estimate_view(points, world) is View.UNKNOWN


def watched(stream: Iterable[Person], fps: float, tracker: ViewTracker | None = None) -> list[View]:
    """What a tracker says of a stream of that many frames a second."""
    tracker = tracker or ViewTracker()
    return [tracker.see(points, world, 100 + i / fps) for i, (points, world) in enumerate(stream)]


def in_space(yaw: float) -> Person:
    return person(yaw)


def flat(yaw: float) -> Person:
    """The same from a model without depth; the face keeps its distance from the ears, so that it tells the side."""
    return person(yaw, head=math.copysign(max(abs(yaw), 20), yaw) if abs(yaw) < 90 else yaw)[0], {}


UNCLEAR: Person = ({"nose": Point(320, 200)}, {})


def test_the_first_frame_is_believed_at_once() -> None:
    for yaw, expected in ((0, View.FRONTAL), (-90, LEFT), (45, View.OBLIQUE), (180, View.REAR)):
        assert ViewTracker().see(*person(yaw), mono=0.0) is expected


@pytest.mark.parametrize("fps", [1, 5, 30])
@pytest.mark.parametrize("border", BORDERS)
def test_scatter_about_a_border_never_flickers(border: float, fps: int) -> None:
    for first in (-3.0, 3.0):
        yaws = [beyond(border, first * (-1) ** (i // steps)) for steps in (1, 2, 40) for i in range(120)]
        assert len(set(watched(map(in_space, yaws), fps))) == 1


@pytest.mark.parametrize("border", BORDERS)
def test_a_view_is_left_beyond_the_margin_only_and_in_both_directions(border: float) -> None:
    short, far = BORDERS[border]
    for start, away, old, new in ((-10, 1, short, far), (10, -1, far, short)):
        for turn, expected in (((MARGIN - 0.1) * away, old), ((MARGIN + 0.1) * away, new)):
            yaws = [beyond(border, start), *[beyond(border, turn)] * 4]
            assert watched(map(in_space, yaws), fps=1)[-1] is expected


def test_the_borders_in_the_picture_have_margins_too() -> None:
    for border in (math.degrees(math.acos(FACING_FROM)), math.degrees(math.acos(SIDEWAYS_UP_TO))):
        for sign in (-1, 1):
            yaws = [border + sign * 3 * (-1) ** i for i in range(60)]
            assert len(set(watched(map(flat, yaws), fps=5))) == 1
            assert len(set(watched(map(flat, [border + 8 * sign] * 3 + [border - 8 * sign] * 9), fps=5))) == 2


def test_at_one_frame_a_second_the_second_one_confirms_a_new_view() -> None:
    assert watched([person(0), person(-90), person(-90)], fps=1) == [View.FRONTAL, View.UNKNOWN, LEFT]


@pytest.mark.parametrize("fps", [2, 5, 30])
def test_a_new_view_must_last(fps: int) -> None:
    seen = watched([person(0)] * fps + [person(-90)] * 2 * fps, fps)
    waiting = seen.count(View.UNKNOWN)
    assert seen == [View.FRONTAL] * fps + [View.UNKNOWN] * waiting + [LEFT] * (2 * fps - waiting)
    assert waiting == math.ceil(CONFIRMED_AFTER * fps)


@pytest.mark.parametrize(
    ("yaw", "other"), [(0, 180), (180, 0), (0, -90), (90, 0), (-90, 90), (180, 90), (-90, 180)]
)
def test_one_frame_of_another_view_is_not_believed_and_nothing_is_read_in_it(
    yaw: float, other: float
) -> None:
    view = estimate_view(*person(yaw))
    seen = watched([person(yaw), person(other), person(yaw), person(other), person(yaw)], fps=1)
    assert seen == [view, View.UNKNOWN, view, View.UNKNOWN, view]


@pytest.mark.parametrize(
    ("yaw", "neighbour"), [(0, 45), (-90, -45), (180, 135), (45, 0), (45, 90), (-45, 180)]
)
def test_the_old_view_stays_while_its_neighbour_waits(yaw: float, neighbour: float) -> None:
    old, new = estimate_view(*person(yaw)), estimate_view(*person(neighbour))
    assert watched([person(yaw), *[person(neighbour)] * 2], fps=1) == [old, old, new]


def test_turning_on_past_the_neighbour_is_a_jump() -> None:
    yaws = (0, -45, -90, -90)
    assert watched(map(in_space, yaws), fps=1) == [View.FRONTAL, View.FRONTAL, View.UNKNOWN, LEFT]


def test_scatter_at_the_border_of_the_new_view_does_not_keep_it_waiting() -> None:
    yaws = [0.0] * 3 + [SIDEWAYS_FROM + 3 * (-1) ** i for i in range(12)]
    seen = watched(map(in_space, yaws), fps=5)
    assert seen[-1] is RIGHT
    assert View.OBLIQUE not in seen


def test_frames_that_tell_nothing_leave_the_view_for_a_while() -> None:
    held = int(HELD_FOR)
    seen = watched([person(180), *[UNCLEAR] * (held + 1), person(180)], fps=1)
    assert seen == [View.REAR] * (held + 1) + [View.UNKNOWN, View.REAR]


def test_frames_that_tell_nothing_do_not_bring_back_the_view_that_was_left() -> None:
    seen = watched([person(0), person(-90), UNCLEAR, person(-90)], fps=2)
    assert seen == [View.FRONTAL, View.UNKNOWN, View.UNKNOWN, LEFT]


def test_a_back_that_the_model_takes_for_a_front_now_and_then_stays_a_back() -> None:
    mistaken = (person(0)[0] | {"left_ear": Point(325, 264), "right_ear": Point(315, 264)}, person(0)[1])
    stream = [person(180)] * 5 + [mistaken] * 5 + [person(175)] * 3 + [mistaken] * 4 + [person(180)]
    assert set(watched(stream, fps=5)) == {View.REAR}


def test_whoever_comes_back_is_seen_afresh() -> None:
    tracker = ViewTracker()
    assert tracker.see(*person(0), mono=10) is View.FRONTAL
    assert tracker.see(*person(-90), mono=10 + LOST_AFTER) is View.UNKNOWN
    tracker = ViewTracker()
    assert tracker.see(*person(0), mono=10) is View.FRONTAL
    assert tracker.see(*person(-90), mono=10.1 + LOST_AFTER) is LEFT


def test_a_person_seen_without_a_clear_frame_is_lost_as_well() -> None:
    unclear = [UNCLEAR] * int(LOST_AFTER)
    assert watched([person(0), *unclear, person(-90)], fps=1)[-1] is LEFT


@pytest.mark.parametrize(
    "begin",
    [lambda tracker: tracker.forget() or 10.5, lambda _: 3.0],
    ids=["told to", "time went back: another recording"],
)
def test_a_new_beginning_knows_nothing_of_before(begin: Callable[[ViewTracker], float]) -> None:
    tracker = ViewTracker()
    assert tracker.see(*person(0), mono=10) is View.FRONTAL
    assert tracker.see(*person(180), mono=10.1) is View.UNKNOWN
    assert tracker.see(*person(MARGIN / 2 + SQUARE_UP_TO - 180), mono=begin(tracker)) is View.OBLIQUE


def test_a_second_frame_of_the_same_moment_is_harmless() -> None:
    tracker = ViewTracker()
    for _ in range(3):
        assert tracker.see(*person(0), mono=10) is View.FRONTAL
    assert tracker.see(*person(-90), mono=10) is View.UNKNOWN


def test_a_stream_without_depth_is_tracked_as_well() -> None:
    assert watched([flat(0), flat(-90), flat(-90)], fps=1) == [View.FRONTAL, View.UNKNOWN, LEFT]


def test_depth_that_comes_and_goes_does_not_change_the_view() -> None:
    points, world = person(-80)
    holes = {**world, "left_shoulder": (math.nan, math.nan, math.nan)}
    stream = [(points, places) for places in (world, holes, {}) for _ in range(4)]
    assert set(watched(stream, fps=5)) == {LEFT}
