"""Every metric against figures worked out by hand, and the reason for every one that has no value."""

from __future__ import annotations

import math

import pytest
from tests.fakes.body import (
    FRONT,
    HEIGHT,
    NOW,
    OBLIQUE,
    REAR,
    SIZE,
    WIDTH,
    Places,
    from_the_left,
    moved,
    pose,
    read,
    turned,
)

from uprightd.domain import Keypoint, Reason, View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.geometry import Point
from uprightd.metrics.reading import CORE, read_pose

ROOT3 = math.sqrt(3)
ATAN_3_4 = 36.86989764584402

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
    points = {each: Point(*place) for each, place in places.items()}
    assert metric.measure(points, SIZE) == pytest.approx(expected, abs=1e-9)


def test_every_metric_has_a_case() -> None:
    assert {name for name, _, _ in CASES} == set(METRICS)


def test_the_table_has_every_formula_of_the_design() -> None:
    joints = {f"{side}_{part}_angle" for side in ("left", "right") for part in ("knee", "hip", "elbow")}
    plane = {"neck_flexion", "shoulder_tilt", "hip_tilt", "trunk_lean", "trunk_lean_signed"}
    assert joints | plane | {"head_x", "stride_asymmetry"} <= set(METRICS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_describes_itself(metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.keypoints
    assert metric.views
    words = (metric.title, metric.unit, metric.formula, metric.sign, metric.source)
    assert all(text.strip() == text and text for text in words)
    assert "craniovertebral" not in " ".join(words).lower(), "there is no C7 among the keypoints"


def test_a_body_at_an_angle_to_the_camera_has_every_metric() -> None:
    reading = read(OBLIQUE)
    assert (reading.present, reading.view, reading.at) == (True, View.OBLIQUE, NOW)
    assert set(reading.values) == set(METRICS)
    assert all(value.known for value in reading.values.values())


@pytest.mark.parametrize(("neck", "trunk"), [(0.0, 0.0), (38.0, 0.0), (52.5, 7.0), (120.0, -12.0)])
def test_the_side_shows_flexion_of_neck_and_trunk(neck: float, trunk: float) -> None:
    reading = read(from_the_left(neck, trunk))
    assert reading.view is View.SAGITTAL_LEFT
    assert reading.values["neck_flexion"].number == pytest.approx(neck, abs=1e-9)
    assert reading.values["trunk_lean"].number == pytest.approx(abs(trunk), abs=1e-9)
    assert reading.values["shoulder_tilt"].reason is Reason.VIEW


@pytest.mark.parametrize(("places", "sign"), [(FRONT, -1), (REAR, 1)], ids=["front", "rear"])
@pytest.mark.parametrize("degrees", [-20.0, -10.0, 0.0, 10.0, 20.0])
def test_a_turned_picture_turns_tilt_and_lean_by_as_much(places: Places, sign: int, degrees: float) -> None:
    """Clockwise lowers the picture's right: the subject's left from the front, their right from behind."""
    reading = read(turned(places, degrees))
    assert reading.values["shoulder_tilt"].number == pytest.approx(sign * degrees, abs=1e-9)
    assert reading.values["hip_tilt"].number == pytest.approx(sign * degrees, abs=1e-9)
    assert reading.values["trunk_lean_signed"].number == pytest.approx(sign * degrees, abs=1e-9)
    assert reading.values["trunk_lean"].number == pytest.approx(abs(degrees), abs=1e-9)
    assert reading.values["left_knee_angle"].number == pytest.approx(180, abs=1e-9)


def test_the_front_does_not_show_flexion_of_the_neck() -> None:
    for places in (FRONT, REAR):
        assert read(places).values["neck_flexion"].reason is Reason.VIEW


# ---- what is missing is said, never guessed ---------------------------------------------------------------

EACH_KEYPOINT = [(metric.name, keypoint) for metric in METRICS.values() for keypoint in metric.keypoints]
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
    rest = {each: place for each, place in OBLIQUE.items() if each != keypoint}
    value = read(rest).values[name]
    assert (value.reason, math.isnan(value.number)) == (Reason.OCCLUDED, True)


@pytest.mark.parametrize(("name", "keypoint"), EACH_KEYPOINT)
@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_a_keypoint_that_cannot_be_used_is_the_reason(
    name: str, keypoint: str, fault: Keypoint, reason: Reason
) -> None:
    value = read(OBLIQUE, **{keypoint: fault}).values[name]
    assert (value.reason, math.isnan(value.number)) == (reason, True)


@pytest.mark.parametrize(("name", "keypoint"), EACH_KEYPOINT)
def test_a_bad_keypoint_costs_only_the_metrics_that_need_it(name: str, keypoint: str) -> None:
    whole, damaged = read(OBLIQUE), read(OBLIQUE, **{keypoint: Keypoint(math.nan, math.nan, 0.0)})
    for other, value in damaged.values.items():
        needed = keypoint in METRICS[other].keypoints
        assert value.known == (not needed and damaged.view in METRICS[other].views)
        assert not value.known or value == whole.values[other]


@pytest.mark.parametrize(("x", "y"), [(0, 0), (WIDTH, 0), (0, HEIGHT), (WIDTH, HEIGHT)])
def test_the_edge_of_the_picture_is_in_sight(x: float, y: float) -> None:
    assert read(OBLIQUE, left_wrist=Keypoint(x, y, 0.5)).values["left_elbow_angle"].known


def test_the_score_that_counts_as_seen_is_the_callers() -> None:
    shown = pose(OBLIQUE, 0.3)
    assert read_pose(shown, SIZE, NOW, min_score=0.3).values["trunk_lean"].known
    assert read_pose(shown, SIZE, NOW, min_score=0.31).values["trunk_lean"].reason is Reason.LOW_CONFIDENCE


MIDDLE = (320.0, 200.0)
COINCIDING = [
    ("neck_flexion", {"nose": MIDDLE}),
    ("hip_tilt", {"left_hip": (320.0, 374.0), "right_hip": (320.0, 374.0)}),
    *[
        (metric.name, {end: OBLIQUE[metric.keypoints[1]]})
        for metric in METRICS.values()
        if metric.name.endswith("_angle")
        for end in (metric.keypoints[0], metric.keypoints[2])
        if not end.endswith(("_shoulder", "_hip"))  # these would change the view as well
    ],
]


@pytest.mark.parametrize(("name", "places"), COINCIDING)
def test_keypoints_in_one_place_have_no_angle(name: str, places: Places) -> None:
    value = read({**OBLIQUE, **places}).values[name]
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


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_a_metric_is_known_in_its_own_views_only(metric) -> None:
    views = {View.FRONTAL: FRONT, View.REAR: REAR, View.OBLIQUE: OBLIQUE, View.SAGITTAL_LEFT: from_the_left()}
    views[View.SAGITTAL_RIGHT] = moved(from_the_left(), lambda x, y: (WIDTH - x, y))
    for view, places in views.items():
        reading = read(places)
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
