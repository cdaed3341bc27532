"""Every metric against figures worked out by hand, and the reason for every one that has no value."""

from __future__ import annotations

import math

import pytest
from tests.fakes.body import (
    FRONT,
    HEIGHT,
    NOW,
    OBLIQUE,
    OPTICS,
    REAR,
    SEEN,
    SIZE,
    WIDTH,
    Places,
    from_the_left,
    pose,
    read,
    read_whole,
    scene,
    turned,
    upright_scene,
)

from uprightd.domain import Keypoint, Reading, Reason, View
from uprightd.metrics import evidence as evidence_module
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.model import HIPS, SAGITTAL, SHOULDERS, Metric
from uprightd.metrics.plane import JOINTS, POSTURE
from uprightd.metrics.reading import CORE, Terms, read_pose, read_sight, sight_of
from uprightd.metrics.views import estimate_view

ROOT3 = math.sqrt(3)
ATAN_3_4 = 36.86989764584402

PLANE = {metric.name: metric for metric in (*POSTURE, *JOINTS)}
"""The metrics of this file. Those of the head, of desks and of space have files of their own."""


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Geometry is the matter here, not what a backend was measured to see of it."""
    monkeypatch.setattr(evidence_module, "_shipped", dict)


SQUARE = {"left_shoulder": (120, 100), "right_shoulder": (80, 100)}
TRUNK = {"left_hip": (110, 300), "right_hip": (90, 300)}
LEAN_LEFT = {"left_shoulder": (45, 200), "right_shoulder": (5, 200), **TRUNK}
"""From the front, the upper body 75 px towards the picture's left over a height of 100 px."""


def limb(joint: str, before: str, after: str, angle: float) -> Places:
    """A joint with one limb straight up and the other turned from it by an angle, in degrees."""
    x, y = 300 + 80 * math.sin(math.radians(angle)), 400 - 80 * math.cos(math.radians(angle))
    return {joint: (300, 400), before: (300, 350), after: (x, y)}


CASES: list[tuple[str, Places, float]] = [
    ("neck_flexion", {"nose": (100, 40), **SQUARE}, 0),
    ("neck_flexion", {"nose": (160, 40), **SQUARE}, 45),
    ("neck_flexion", {"nose": (70, 60), **SQUARE}, ATAN_3_4),
    ("neck_flexion", {"nose": (40, 100), **SQUARE}, 90),
    ("neck_flexion", {"nose": (100, 160), **SQUARE}, 180),
    ("trunk_lean", {**SQUARE, **TRUNK}, 0),
    ("trunk_lean", LEAN_LEFT, ATAN_3_4),
    ("trunk_lean_signed", LEAN_LEFT, ATAN_3_4),
    (
        "trunk_lean_signed",
        {
            "left_shoulder": (5, 200),
            "right_shoulder": (45, 200),
            "left_hip": (90, 300),
            "right_hip": (110, 300),
        },
        -ATAN_3_4,
    ),
    (
        "trunk_lean_signed",
        {"left_shoulder": (195, 200), "right_shoulder": (155, 200), **TRUNK},
        -ATAN_3_4,
    ),
    ("shoulder_tilt", {"left_shoulder": (140, 100), "right_shoulder": (100, 130)}, ATAN_3_4),
    ("shoulder_tilt", {"left_shoulder": (100, 100), "right_shoulder": (140, 130)}, ATAN_3_4),
    ("shoulder_tilt", {"left_shoulder": (140, 130), "right_shoulder": (100, 100)}, -ATAN_3_4),
    ("hip_tilt", {"left_hip": (200, 300), "right_hip": (100, 300 + 100 / ROOT3)}, 30),
    ("hip_tilt", {"left_hip": (200, 300 + 100 * ROOT3), "right_hip": (100, 300)}, -60),
    ("head_x", {"nose": (164, 40), **TRUNK}, 64 / WIDTH),
    ("head_x", {"nose": (36, 40), **TRUNK}, -64 / WIDTH),
    ("stride_asymmetry", {"left_ankle": (100, 660), "right_ankle": (200, 600)}, 60 / HEIGHT),
    ("stride_asymmetry", {"left_ankle": (100, 600), "right_ankle": (200, 660)}, -60 / HEIGHT),
    *[
        (
            f"{side}_{joint}_angle",
            limb(f"{side}_{joint}", f"{side}_{before}", f"{side}_{after}", angle),
            angle,
        )
        for joint, before, after in (
            ("knee", "hip", "ankle"),
            ("hip", "shoulder", "knee"),
            ("elbow", "shoulder", "wrist"),
            ("ankle", "knee", "big_toe"),
            ("shoulder", "elbow", "hip"),
        )
        for side in ("left", "right")
        for angle in (0, 60, 90, 180)
    ],
]


@pytest.mark.parametrize(("name", "places", "expected"), CASES)
def test_a_metric_is_what_its_formula_says(name: str, places: Places, expected: float) -> None:
    metric = METRICS[name]
    assert set(places) == set(metric.keypoints), "a case gives just the keypoints the metric says it needs"
    assert metric.measure(scene(places)) == pytest.approx(expected, abs=1e-9)


UPRIGHT = {view: upright_scene(places, view, world) for view, (places, world) in SEEN.items()}


def whole(view: View, hidden: str = "", /, **keypoints: Keypoint) -> Reading:
    """The reading of a body calibrated in this view, one point of which may be hidden or replaced."""
    places, world = SEEN[view]
    shown = pose({name: at for name, at in places.items() if name != hidden}, 0.9, world, **keypoints)
    sight = sight_of(shown, SIZE, 0.5)
    view = estimate_view(sight.points, sight.world)
    return read_sight(shown, sight, view, UPRIGHT.get(view), SIZE, NOW, Terms(optics=OPTICS))


def home(metric: Metric) -> View:
    """A view in which a metric is valid."""
    return View.FRONTAL if View.FRONTAL in metric.views else View.SAGITTAL_LEFT


def test_every_metric_has_a_case() -> None:
    assert {name for name, _, _ in CASES} == set(PLANE)


def test_the_table_has_every_formula_of_the_design() -> None:
    joints = {f"{side}_{part}_angle" for side in ("left", "right") for part in ("knee", "hip", "elbow")}
    plane = {"neck_flexion", "shoulder_tilt", "hip_tilt", "trunk_lean", "trunk_lean_signed"}
    assert joints | plane | {"head_x", "stride_asymmetry"} <= set(PLANE)
    desk = {"head_drop", "forward_head", "screen_distance", "screen_distance_cm", "lateral_lean"}
    assert desk | {"head_pitch", "head_yaw", "head_roll", "trunk_lean_3d", "neck_flexion_3d"} <= set(METRICS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_describes_itself(metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.keypoints
    assert metric.views
    words = (metric.title, metric.unit, metric.formula, metric.sign, metric.source)
    assert all(text.strip() == text and text for text in words)
    assert "craniovertebral" not in " ".join(words).lower(), "there is no C7 among the keypoints"


def test_a_body_seen_from_the_front_has_every_metric_but_those_of_the_side() -> None:
    reading = whole(View.FRONTAL)
    assert (reading.present, reading.view, reading.at) == (True, View.FRONTAL, NOW)
    assert set(reading.values) == set(METRICS)
    aside = {"neck_flexion", *(metric.name for metric in JOINTS)}
    assert {name for name, value in reading.values.items() if not value.known} == aside


def test_a_joint_is_measured_from_the_side_only() -> None:
    """From the front and at an angle a bent knee or elbow looks straighter than it is."""
    assert len(JOINTS) == 10
    assert {metric.views for metric in JOINTS} == {SAGITTAL}


SCORES = {name for name, metric in METRICS.items() if metric.unit == "score"}
"""Worked out from other metrics; they have a file of their own."""
EVERYWHERE = {"head_x", "stride_asymmetry", "trunk_lean_3d", "neck_flexion_3d"}
OF_THE_FACE = {"head_pitch", "head_yaw", "head_roll", "screen_distance", "screen_distance_cm"}
LEANS = {"trunk_lean", "trunk_lean_signed", "lateral_lean", "shoulder_tilt", "hip_tilt"}
AGAINST_SHOULDERS = {"head_drop", "forward_head"}


@pytest.mark.parametrize(
    ("view", "names"),
    [
        (View.FRONTAL, EVERYWHERE | OF_THE_FACE | LEANS | AGAINST_SHOULDERS),
        (View.OBLIQUE, EVERYWHERE | OF_THE_FACE),
        *[(view, EVERYWHERE | {"neck_flexion", "trunk_lean", "head_pitch"}) for view in SAGITTAL],
        (View.REAR, EVERYWHERE),
        (View.UNKNOWN, {"head_x", "stride_asymmetry"}),
    ],
)
def test_what_means_something_in_a_view(view: View, names: set[str]) -> None:
    """At an angle a lean forward and one to the side read alike, and the shoulders look narrower than they are."""
    there = {name for name, metric in METRICS.items() if view in metric.views}
    assert there - SCORES - {metric.name for metric in JOINTS} == names


@pytest.mark.parametrize(("neck", "trunk"), [(0.0, 0.0), (38.0, 0.0), (52.5, 7.0), (120.0, -12.0)])
def test_the_side_shows_flexion_of_neck_and_trunk(neck: float, trunk: float) -> None:
    reading = read(from_the_left(neck, trunk))
    assert reading.view is View.SAGITTAL_LEFT
    assert reading.values["neck_flexion"].number == pytest.approx(neck, abs=1e-9)
    assert reading.values["trunk_lean"].number == pytest.approx(trunk, abs=1e-9)
    assert reading.values["shoulder_tilt"].reason is Reason.VIEW


@pytest.mark.parametrize("degrees", [-20.0, -10.0, 0.0, 10.0, 20.0])
def test_a_turned_picture_turns_tilt_and_lean_by_as_much(degrees: float) -> None:
    """Clockwise lowers the picture's right, which is the subject's left from the front."""
    reading = read(turned(FRONT, degrees))
    assert reading.view is View.FRONTAL
    assert reading.values["shoulder_tilt"].number == pytest.approx(-degrees, abs=1e-9)
    assert reading.values["hip_tilt"].number == pytest.approx(-degrees, abs=1e-9)
    assert reading.values["trunk_lean_signed"].number == pytest.approx(-degrees, abs=1e-9)
    assert reading.values["trunk_lean"].number == pytest.approx(abs(degrees), abs=1e-9)


@pytest.mark.parametrize(
    ("view", "lean"),
    [
        (View.SAGITTAL_LEFT, ATAN_3_4),  # faces the image's left
        (View.SAGITTAL_RIGHT, -ATAN_3_4),
        (View.FRONTAL, ATAN_3_4),  # unsigned
    ],
)
def test_from_the_side_a_lean_forward_is_told_from_one_back(view: View, lean: float) -> None:
    """The trunk leans towards the image's left."""
    assert METRICS["trunk_lean"].measure(scene(LEAN_LEFT, view)) == pytest.approx(lean)


def test_no_view_but_the_side_shows_flexion_of_the_neck() -> None:
    for places in (FRONT, OBLIQUE, REAR):
        assert read(places).values["neck_flexion"].reason is Reason.VIEW


# ---- what is missing is said, never guessed ---------------------------------------------------------------

EACH_KEYPOINT = [
    (metric.name, keypoint)
    for metric in METRICS.values()
    for keypoint in dict.fromkeys((*metric.needed(home(metric)), *metric.places))
]
FAULTS = [
    pytest.param(Keypoint(math.nan, 100, 0.9), Reason.OCCLUDED, id="x is NaN"),
    pytest.param(Keypoint(100, math.nan, 0.9), Reason.OCCLUDED, id="y is NaN"),
    pytest.param(Keypoint(100, 100, math.nan), Reason.OCCLUDED, id="the score is NaN"),
    pytest.param(Keypoint(math.inf, 100, 0.9), Reason.OCCLUDED, id="x is infinite"),
    pytest.param(Keypoint(100, -math.inf, 0.9), Reason.OCCLUDED, id="y is infinite"),
    pytest.param(Keypoint(100, 100, math.inf), Reason.OCCLUDED, id="the score is infinite"),
    pytest.param(Keypoint(-0.01, 100, 0.9), Reason.OCCLUDED, id="left of the picture"),
    pytest.param(Keypoint(WIDTH + 0.01, 100, 0.9), Reason.OCCLUDED, id="right of the picture"),
    pytest.param(Keypoint(100, -0.01, 0.9), Reason.OCCLUDED, id="above the picture"),
    pytest.param(Keypoint(100, HEIGHT + 0.01, 0.9), Reason.OCCLUDED, id="below the picture"),
    pytest.param(Keypoint(1e300, 100, 0.9), Reason.OCCLUDED, id="far away"),
    pytest.param(Keypoint(320, 480, 0.499), Reason.LOW_CONFIDENCE, id="the score is too low"),
    pytest.param(Keypoint(320, 480, 0.0), Reason.LOW_CONFIDENCE, id="the score is zero"),
    pytest.param(Keypoint(320, 480, -1.0), Reason.LOW_CONFIDENCE, id="the score is negative"),
]


@pytest.mark.parametrize(("name", "keypoint"), EACH_KEYPOINT)
def test_without_one_of_its_keypoints_a_metric_has_no_value(name: str, keypoint: str) -> None:
    value = whole(home(METRICS[name]), keypoint).values[name]
    assert (value.reason, math.isnan(value.number)) == (Reason.OCCLUDED, True)


@pytest.mark.parametrize(("name", "keypoint"), EACH_KEYPOINT)
@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_a_keypoint_that_cannot_be_used_is_the_reason(
    name: str, keypoint: str, fault: Keypoint, reason: Reason
) -> None:
    value = whole(home(METRICS[name]), **{keypoint: fault}).values[name]
    assert (value.reason, math.isnan(value.number)) == (reason, True)


@pytest.mark.parametrize(("name", "keypoint"), EACH_KEYPOINT)
def test_a_bad_keypoint_costs_only_the_metrics_that_need_it(name: str, keypoint: str) -> None:
    view = home(METRICS[name])
    before, damaged = whole(view), whole(view, **{keypoint: Keypoint(math.nan, math.nan, 0.0)})
    for other, value in damaged.values.items():
        needed = keypoint in (*METRICS[other].needed(damaged.view), *METRICS[other].places)
        assert value.known == (not needed and damaged.view in METRICS[other].views)
        assert not value.known or value.number == pytest.approx(before.values[other].number, abs=1e-5)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (WIDTH, 0), (0, HEIGHT), (WIDTH, HEIGHT)])
def test_the_edge_of_the_picture_is_in_sight(x: float, y: float) -> None:
    reading = whole(View.SAGITTAL_LEFT, left_wrist=Keypoint(x, y, 0.5))
    assert reading.values["left_elbow_angle"].known


def test_the_score_that_counts_as_seen_is_the_callers() -> None:
    shown = pose(FRONT, 0.3)
    assert read_pose(shown, SIZE, NOW, Terms(min_score=0.3)).values["trunk_lean"].known
    stricter = read_pose(shown, SIZE, NOW, Terms(min_score=0.31))
    assert stricter.values["trunk_lean"].reason is Reason.LOW_CONFIDENCE


SIDE = from_the_left()


def between(places: Places, part: str) -> tuple[float, float]:
    (ax, ay), (bx, by) = places[f"left_{part}"], places[f"right_{part}"]
    return (ax + bx) / 2, (ay + by) / 2


COINCIDING = [
    (View.SAGITTAL_LEFT, "neck_flexion", {"nose": between(SIDE, "shoulder")}),
    (
        View.SAGITTAL_LEFT,
        "trunk_lean",
        {f"{side}_hip": SIDE[f"{side}_shoulder"] for side in ("left", "right")},
    ),
    (View.FRONTAL, "shoulder_tilt", dict.fromkeys(SHOULDERS, between(FRONT, "shoulder"))),
    (View.FRONTAL, "hip_tilt", dict.fromkeys(HIPS, between(FRONT, "hip"))),
    *[
        (View.SAGITTAL_LEFT, metric.name, {end: SIDE[metric.keypoints[1]]})
        for metric in JOINTS
        for end in (metric.keypoints[0], metric.keypoints[2])
    ],
]


@pytest.mark.parametrize(("view", "name", "places"), COINCIDING)
def test_keypoints_in_one_place_have_no_angle(view: View, name: str, places: Places) -> None:
    """The view is that of the frames before: shoulders in one place have none of their own."""
    value = read_whole(view, UPRIGHT[view], {**SEEN[view][0], **places}, SEEN[view][1]).values[name]
    assert (value.reason, math.isnan(value.number)) == (Reason.LOW_CONFIDENCE, True)


def test_a_trunk_without_length_has_no_view_and_no_lean() -> None:
    folded = {**OBLIQUE, "left_hip": OBLIQUE["left_shoulder"], "right_hip": OBLIQUE["right_shoulder"]}
    reading = read(folded)
    assert reading.view is View.UNKNOWN
    assert reading.values["trunk_lean"].reason is Reason.VIEW
    assert reading.values["trunk_lean_signed"].reason is Reason.VIEW


def test_a_body_in_one_point_has_no_angle_at_all() -> None:
    reading = read(dict.fromkeys(OBLIQUE, (320.0, 480.0)))
    known = {name: value.number for name, value in reading.values.items() if value.known}
    assert known == {"head_x": 0.0, "stride_asymmetry": 0.0}, "these two are lengths, and zero is one"


@pytest.mark.parametrize("view", SEEN)
@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_known_in_its_own_views_only(metric: Metric, view: View) -> None:
    reading = whole(view)
    assert reading.view is view
    value = reading.values[metric.name]
    assert value.known == (view in metric.views)
    assert value.known or value.reason is Reason.VIEW


def test_nobody_in_the_picture_is_a_reading_too() -> None:
    reading = read_pose(None, SIZE, NOW, position=2.5)
    assert (reading.present, reading.view, reading.confidence, reading.position) == (
        False,
        View.UNKNOWN,
        0.0,
        2.5,
    )
    assert set(reading.values) == set(METRICS)
    assert {value.reason for value in reading.values.values()} == {Reason.NO_PERSON}


def test_a_pose_without_keypoints_is_somebody_of_whom_nothing_is_known() -> None:
    reading = read({})
    assert (reading.present, reading.view, reading.confidence) == (True, View.UNKNOWN, 0.0)
    assert {value.reason for value in reading.values.values()} == {Reason.OCCLUDED}


def test_confidence_is_the_mean_score_of_the_core_points_in_sight() -> None:
    places = {name: FRONT[name] for name in CORE}
    scores = dict(zip(CORE, (0.6, 0.7, 0.8, 0.9, 0.4), strict=True))
    given = {name: Keypoint(*places[name], score) for name, score in scores.items()}
    assert read(places, **given).confidence == pytest.approx((0.6 + 0.7 + 0.8 + 0.9) / 4)


def test_a_value_is_written_with_its_unit() -> None:
    assert METRICS["neck_flexion"].text(52.26) == "52.3°"
    assert METRICS["head_x"].text(0.0412) == "0.041"
    assert [METRICS[name].text(-0.0004) for name in ("trunk_lean", "head_x")] == ["0.0°", "0.000"]
    assert METRICS["screen_distance_cm"].text(61.4) == "61 cm"


def test_a_value_may_be_written_with_how_far_it_is_off() -> None:
    assert METRICS["neck_flexion"].text(52.26, 2.14) == "52.3° ± 2.1°"
    assert METRICS["screen_distance_cm"].text(61.4, 5.5) == "61 cm ± 6 cm"
    assert METRICS["head_x"].text(0.0412, 0.0066) == "0.041 ± 0.007"
    assert METRICS["neck_flexion"].text(52.26, 0.0) == "52.3° ± 0.0°"


def test_a_limit_is_written_as_it_was_set() -> None:
    assert METRICS["neck_flexion"].limit_text(46.0) == "46°"
    assert METRICS["screen_distance_cm"].limit_text(47.5) == "47.5 cm"
    assert METRICS["screen_distance"].limit_text(0.8) == "0.8"
