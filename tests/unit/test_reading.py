"""From a pose to a reading: each reason in its order, what a calibration is good for, and what a ± is made of."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from tests.fakes.body import (
    FACE_AT,
    FRONT,
    NOW,
    OPTICS,
    SEEN,
    SIZE,
    body_in_space,
    face,
    from_the_left,
    moved,
    pose,
    read,
    read_whole,
    rotated,
    turned,
    upright_scene,
)

from uprightd.calibration.baseline import averaged
from uprightd.domain import Keypoint, Reason, View
from uprightd.metrics import evidence as evidence_module
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Evidence
from uprightd.metrics.model import FACING
from uprightd.metrics.reading import CORE, Terms, fitting, nobody, read_pose, read_sight, sight_of
from uprightd.metrics.scene import Optics, Scene

LOST = Keypoint(math.nan, math.nan, 0.9)
BEST = {"of calibrated": 1, "score": 1}
"""What the upright pose reads, by unit; 0 in every other."""
RELATIVE = {metric.name for metric in METRICS.values() if metric.relative}


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str, str], Evidence]:
    """No evidence but what a test gives: the shipped table changes with every bench."""
    table: dict[tuple[str, str, str], Evidence] = {}
    monkeypatch.setattr(evidence_module, "_shipped", lambda: table)
    return table


def calibrated(view: View) -> Scene:
    places, world = SEEN[view]
    return upright_scene(places, view, world)


# ---- the reasons, in their order ----------------------------------------------------------------------------


def test_nobody_goes_before_everything() -> None:
    reading = read_pose(None, SIZE, NOW, Terms(min_confidence=1.0), position=2.5)
    assert reading == nobody(NOW, 2.5)
    assert {value.reason for value in reading.values.values()} == {Reason.NO_PERSON}
    assert (reading.present, reading.view, reading.position) == (False, View.UNKNOWN, 2.5)


def test_an_unsure_person_goes_before_the_view() -> None:
    places, world = SEEN[View.FRONTAL]
    reading = read_whole(View.FRONTAL, None, places, world, Terms(min_confidence=0.91))
    assert {value.reason for value in reading.values.values()} == {Reason.LOW_CONFIDENCE}
    assert set(reading.values) == set(METRICS)
    assert (reading.present, reading.view) == (True, View.FRONTAL)
    assert reading.confidence == pytest.approx(0.9)


def test_the_view_goes_before_a_missing_point() -> None:
    places, world = SEEN[View.REAR]
    reading = read_whole(View.REAR, None, places, world, left_shoulder=LOST)
    assert reading.values["shoulder_tilt"].reason is Reason.VIEW
    assert reading.values["left_knee_angle"].reason is Reason.VIEW


@pytest.mark.parametrize(
    ("fault", "reason"), [(LOST, Reason.OCCLUDED), (Keypoint(300, 300, 0.4), Reason.LOW_CONFIDENCE)]
)
def test_a_missing_point_goes_before_a_view_that_is_not_known(fault: Keypoint, reason: Reason) -> None:
    """The point is why the view is not known."""
    reading = read(FRONT, left_shoulder=fault)
    assert reading.view is View.UNKNOWN
    assert reading.values["shoulder_tilt"].reason is reason
    assert reading.values["hip_tilt"].reason is Reason.VIEW, "of whose points none is missing"


def test_the_evidence_goes_before_a_missing_point_and_the_calibration(
    unmeasured: dict[tuple[str, str, str], Evidence],
) -> None:
    """To sit down in sight, or to calibrate, would not help."""
    unmeasured["drawn", "frontal", "head_drop"] = Evidence(1.0, 0.0, 1.0, 9, False)
    places, world = SEEN[View.FRONTAL]
    for hidden in ({}, {"nose": LOST}, {"nose": Keypoint(320, 126, 0.4)}):
        reading = read_whole(View.FRONTAL, None, places, world, **hidden)
        assert reading.values["head_drop"].reason is Reason.VIEW
        assert reading.values["head_pitch"].reason is Reason.UNCALIBRATED


def test_a_missing_point_goes_before_the_calibration() -> None:
    places, world = SEEN[View.FRONTAL]
    values = read_whole(View.FRONTAL, None, places, world, nose=LOST).values
    assert values["head_drop"].reason is Reason.OCCLUDED
    assert values["lateral_lean"].reason is Reason.UNCALIBRATED, "of whose points none is missing"


def test_a_missing_place_in_space_is_out_of_sight() -> None:
    places, world = SEEN[View.FRONTAL]
    noseless = {name: place for name, place in world.items() if name != "nose"}
    for upright in (None, calibrated(View.FRONTAL)):
        reading = read_whole(View.FRONTAL, upright, places, noseless)
        assert reading.values["neck_flexion_3d"].reason is Reason.OCCLUDED
        assert reading.values["trunk_lean_3d"].known
    assert read(FRONT).values["trunk_lean_3d"].reason is Reason.OCCLUDED


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_place_that_is_not_finite_is_not_there(odd: float) -> None:
    places, world = SEEN[View.FRONTAL]
    reading = read_whole(View.FRONTAL, None, places, {**world, "left_hip": (0.0, odd, 0.0)})
    assert reading.values["trunk_lean_3d"].reason is Reason.OCCLUDED


def test_geometry_that_makes_no_sense_comes_last() -> None:
    places, world = SEEN[View.FRONTAL]
    narrow = {**places, "left_hip": places["right_hip"]}
    assert read_whole(View.FRONTAL, None, narrow, world).values["hip_tilt"].reason is Reason.LOW_CONFIDENCE


# ---- confidence ---------------------------------------------------------------------------------------------


def test_the_confidence_is_held_against_its_own_limit() -> None:
    at_limit = dict.fromkeys(CORE, 0.6)
    keypoints = {name: Keypoint(*FRONT[name], score) for name, score in at_limit.items()}
    shown = pose(FRONT, **keypoints)
    assert read_pose(shown, SIZE, NOW, Terms(min_confidence=0.6)).values["trunk_lean"].known
    below = read_pose(shown, SIZE, NOW, Terms(min_confidence=0.6001))
    assert not any(value.known for value in below.values.values())


def test_points_too_poor_to_count_do_not_pull_the_confidence_down() -> None:
    hips = {name: Keypoint(*FRONT[name], 0.2) for name in ("left_hip", "right_hip")}
    assert read(FRONT, **hips).confidence == pytest.approx(0.9)


def test_somebody_without_a_core_point_in_sight_is_unreliable() -> None:
    reading = read_pose(pose({"left_wrist": (10, 10)}), SIZE, NOW, Terms(min_confidence=0.1))
    assert reading.present
    assert {value.reason for value in reading.values.values()} == {Reason.LOW_CONFIDENCE}


# ---- what a calibration is good for -------------------------------------------------------------------------


def test_without_a_calibration_just_the_relative_metrics_sleep() -> None:
    places, world = SEEN[View.FRONTAL]
    values = read_whole(View.FRONTAL, None, places, world).values
    assert {name for name, value in values.items() if value.reason is Reason.UNCALIBRATED} == RELATIVE
    assert {name for name, value in values.items() if value.known} == {
        name for name, metric in METRICS.items() if View.FRONTAL in metric.views and not metric.relative
    }


@pytest.mark.parametrize("view", SEEN)
def test_calibrated_every_metric_of_the_view_is_known_and_the_upright_pose_is_at_rest(view: View) -> None:
    places, world = SEEN[view]
    values = read_whole(view, calibrated(view), places, world).values
    assert {name for name, value in values.items() if value.known} == {
        name for name, metric in METRICS.items() if view in metric.views
    }
    assert {value.reason for value in values.values() if not value.known} <= {Reason.VIEW}
    for name in RELATIVE:
        if values[name].known:
            assert values[name].number == pytest.approx(BEST.get(METRICS[name].unit, 0), abs=1e-4)


@pytest.mark.parametrize(
    ("then", "now", "fits"),
    [
        *((view, view, True) for view in SEEN),
        (View.FRONTAL, View.OBLIQUE, True),
        (View.OBLIQUE, View.FRONTAL, True),
        (View.FRONTAL, View.SAGITTAL_LEFT, False),
        (View.OBLIQUE, View.SAGITTAL_RIGHT, False),
        (View.SAGITTAL_LEFT, View.FRONTAL, False),
        (View.SAGITTAL_LEFT, View.OBLIQUE, False),
        (View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT, False),
        (View.SAGITTAL_RIGHT, View.SAGITTAL_LEFT, False),
        (View.FRONTAL, View.REAR, False),
        (View.FRONTAL, View.UNKNOWN, False),
    ],
)
def test_a_calibration_fits_its_own_view(then: View, now: View, fits: bool) -> None:
    upright = calibrated(then)
    assert fitting(upright, now) is (upright if fits else None)
    assert fitting(None, now) is None
    places, world = SEEN.get(now, (FRONT, {}))
    values = read_whole(now, upright, places, world).values
    for name in RELATIVE:
        if now in METRICS[name].views:
            good = fits and then in METRICS[name].views
            assert values[name].known is good
            assert good or values[name].reason is Reason.UNCALIBRATED


def test_what_means_nothing_at_an_angle_is_not_counted_from_there() -> None:
    """Turned by 50°, the shoulders look narrower than they are; the face's turn and size are known all the same."""
    places, world = SEEN[View.FRONTAL]
    values = read_whole(View.FRONTAL, calibrated(View.OBLIQUE), places, world).values
    assert {name for name in RELATIVE if values[name].reason is Reason.UNCALIBRATED} == {
        "head_drop",
        "forward_head",
        "lateral_lean",
    }
    assert values["screen_distance"].number == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("head_drop", "nose"),
        ("head_drop", "left_shoulder"),
        ("forward_head", "right_shoulder"),
        ("forward_head", "nose_tip"),
        ("screen_distance", "left_brow_arch"),
        ("lateral_lean", "left_shoulder"),
        ("head_pitch", "nose_tip"),
    ],
)
def test_what_the_calibration_did_not_see_is_not_calibrated(name: str, lacks: str) -> None:
    """A point seen in fewer than four looks of five is not part of a baseline."""
    places, world = SEEN[View.FRONTAL]
    upright = upright_scene({each: at for each, at in places.items() if each != lacks}, View.FRONTAL, world)
    reading = read_whole(View.FRONTAL, upright, places, world)
    assert reading.values[name].reason is Reason.UNCALIBRATED
    assert reading.values["shoulder_tilt"].known


def test_a_side_calibration_without_the_nose_is_none() -> None:
    places = from_the_left()
    upright = upright_scene({name: at for name, at in places.items() if name != "nose"}, View.SAGITTAL_LEFT)
    values = read_whole(View.SAGITTAL_LEFT, upright, places, {}).values
    assert values["head_pitch"].reason is Reason.UNCALIBRATED


@pytest.mark.parametrize("lacks", ["nose", "left_hip", "right_shoulder"])
def test_what_the_calibration_did_not_place_in_space_is_not_calibrated(lacks: str) -> None:
    places, world = SEEN[View.FRONTAL]
    upright = upright_scene(places, View.FRONTAL, {name: at for name, at in world.items() if name != lacks})
    values = read_whole(View.FRONTAL, upright, places, world).values
    assert values["neck_flexion_3d"].reason is Reason.UNCALIBRATED
    assert values["trunk_lean_3d"].known, "it counts from the vertical"
    assert values["head_drop"].known


@pytest.mark.parametrize("view", SEEN)
def test_a_neck_is_bent_against_the_calibration_from_wherever_it_is_seen(view: View) -> None:
    yaw = {View.FRONTAL: 0, View.OBLIQUE: -50, View.SAGITTAL_LEFT: 90, View.SAGITTAL_RIGHT: -90}.get(
        view, 180
    )
    bent = body_in_space(trunk=10, neck=25, yaw=yaw)
    values = read_whole(view, calibrated(view), SEEN[view][0], bent).values
    assert values["neck_flexion_3d"].number == pytest.approx(25)
    assert values["trunk_lean_3d"].number == pytest.approx(10)


# ---- the pupils ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", sorted(FACING))
@pytest.mark.parametrize("profile", [True, False], ids=["calibrated", "not"])
def test_without_the_pupils_distance_the_centimetres_are_not_calibrated(view: View, profile: bool) -> None:
    """Nothing else needs it; and an upright pose does not help."""
    places, world = SEEN[view]
    upright = calibrated(view) if profile else None
    with_it, without = (
        read_whole(view, upright, places, world, Terms(optics=Optics(pupil_distance=millimetres))).values
        for millimetres in (63.0, 0.0)
    )
    assert with_it["screen_distance_cm"].known
    assert without["screen_distance_cm"].reason is Reason.UNCALIBRATED
    rest = METRICS.keys() - {"screen_distance_cm"}
    assert {name: without[name].reason for name in rest} == {name: with_it[name].reason for name in rest}


def test_a_missing_eye_goes_before_the_pupils_distance() -> None:
    places, world = SEEN[View.FRONTAL]
    terms = Terms(optics=Optics())
    values = read_whole(View.FRONTAL, None, places, world, terms, left_eye_inner=LOST).values
    assert values["screen_distance_cm"].reason is Reason.OCCLUDED
    places, world = SEEN[View.REAR]
    behind = read_whole(View.REAR, None, places, world, terms).values
    assert behind["screen_distance_cm"].reason is Reason.VIEW


def test_farther_than_across_a_desk_there_are_no_centimetres() -> None:
    """In outer eye corners' distances of 9.1 cm, so that the pupils are 63 mm apart: 2 m are 22 of them."""
    body = {name: at for name, at in FRONT.items() if "eye" not in name}
    for distance, known in ((12, True), (21.5, True), (22.5, False), (60, False)):
        seen = {**body, **face(rotated(), (0.0, 0.0, distance))}
        value = read_whole(View.FRONTAL, None, seen, {}).values["screen_distance_cm"]
        assert value.known is known
        assert known or value.reason is Reason.LOW_CONFIDENCE


# ---- heads --------------------------------------------------------------------------------------------------


def test_a_turned_head_is_read_against_the_calibration() -> None:
    places, world = SEEN[View.FRONTAL]
    now = {**places, **face(rotated(24, -10, 5), (0.2, -11.0, 15.2))}
    values = read_whole(View.FRONTAL, calibrated(View.FRONTAL), now, world).values
    found = [values[f"head_{name}"].number for name in ("pitch", "yaw", "roll")]
    assert found == pytest.approx([24, -10, 5], abs=0.01)


def test_calibrated_at_an_angle_and_seen_from_the_front_the_head_is_read_as_well() -> None:
    """The head looked 40° to the subject's left then, and looks straight now, chin down."""
    places, world = SEEN[View.FRONTAL]
    now = {**places, **face(rotated(0, -40) @ rotated(20, 40), FACE_AT)}
    values = read_whole(View.FRONTAL, calibrated(View.OBLIQUE), now, world).values
    assert values["head_pitch"].number == pytest.approx(20, abs=0.01)
    assert values["head_yaw"].number == pytest.approx(40, abs=0.01)


@pytest.mark.parametrize(("view", "clockwise"), [(View.SAGITTAL_LEFT, -15), (View.SAGITTAL_RIGHT, 15)])
def test_from_the_side_the_head_is_read_by_its_points(view: View, clockwise: float) -> None:
    places, world = SEEN[view]
    head = {
        name: at
        for name, at in places.items()
        if name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    }
    values = read_whole(view, calibrated(view), {**places, **turned(head, clockwise)}, world).values
    assert values["head_pitch"].number == pytest.approx(15)


# ---- frames of another size ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.5, 2.25])
def test_a_baseline_is_good_for_larger_and_smaller_frames_of_its_shape(scale: float) -> None:
    places, world = SEEN[View.FRONTAL]
    baseline = averaged([sight_of(pose(places, 0.9, world), SIZE, 0.5)], View.FRONTAL, SIZE, "drawn", 5.0)
    size = (round(SIZE[0] * scale), round(SIZE[1] * scale))
    assert baseline.fits_frame(size)
    now = {**places, **face(rotated(24, 0, 0), (0, -11.2, 14.4))}
    shown = pose(moved(now, lambda x, y: (x * scale, y * scale)), 0.9, world)
    sight, upright = sight_of(shown, size, 0.5), baseline.scene(size, OPTICS)
    values = read_sight(shown, sight, View.FRONTAL, upright, size, NOW, Terms(optics=OPTICS)).values
    assert values["head_pitch"].number == pytest.approx(24, abs=0.01)
    assert values["screen_distance"].number == pytest.approx(0.9, rel=0.02)
    assert values["head_drop"].number == pytest.approx(0, abs=1e-9)
    assert values["lateral_lean"].number == pytest.approx(0, abs=1e-9)


# ---- what is seen -------------------------------------------------------------------------------------------


def test_a_sight_holds_what_can_be_used_and_why_the_rest_cannot() -> None:
    shown = pose(
        {"nose": (0, 0), "left_eye": SIZE, "right_eye": (10, 10)},
        left_ear=Keypoint(-0.5, 3, 0.9),
        right_ear=Keypoint(5, 5, 0.49),
        left_hip=Keypoint(5, 5, math.nan),
    )
    sight = sight_of(shown, SIZE, 0.5)
    assert set(sight.points) == {"nose", "left_eye", "right_eye"}
    assert sight.faults == {
        "nose": None,
        "left_eye": None,
        "right_eye": None,
        "left_ear": Reason.OCCLUDED,
        "right_ear": Reason.LOW_CONFIDENCE,
        "left_hip": Reason.OCCLUDED,
    }


@pytest.mark.parametrize(
    "unusable",
    [LOST, Keypoint(5, 5, 0.49), Keypoint(-1, 5, 0.9), Keypoint(5, 5, math.nan)],
    ids=["lost", "poor", "outside", "no score"],
)
def test_a_place_in_space_is_that_of_a_point_that_is_seen(unusable: Keypoint) -> None:
    """A model gives a hidden hip a place all the same: a guess."""
    places, world = SEEN[View.FRONTAL]
    sight = sight_of(pose(places, 0.9, world, left_hip=unusable), SIZE, 0.5)
    assert sight.world == {name: place for name, place in world.items() if name != "left_hip"}
    never_named = pose({"nose": (5, 5)}, 0.9, {"nose": (1.0, 2.0, 3.0), "left_hip": (0.0, 0.0, 0.0)})
    assert set(sight_of(never_named, SIZE, 0.5).world) == {"nose"}


def test_a_stills_reading_has_this_pictures_view_and_no_calibration() -> None:
    places, world = SEEN[View.SAGITTAL_LEFT]
    reading = read_pose(pose(places, 0.9, world), SIZE, NOW, Terms(), position=3.5)
    assert (reading.view, reading.position, reading.profile) == (View.SAGITTAL_LEFT, 3.5, "")
    assert reading.values["head_pitch"].reason is Reason.UNCALIBRATED
    assert reading.values["trunk_lean_3d"].number == pytest.approx(0, abs=1e-9)


def test_places_in_space_tell_the_view_of_a_still() -> None:
    """In the picture alone the shoulders are as wide as from the front."""
    flat = read_pose(pose(FRONT), SIZE, NOW)
    deep = read_pose(pose(FRONT, 0.9, body_in_space(yaw=45)), SIZE, NOW)
    assert (flat.view, deep.view) == (View.FRONTAL, View.OBLIQUE)


def test_a_head_metric_asks_for_other_points_from_the_side() -> None:
    metric = METRICS["head_pitch"]
    assert {view: metric.needed(view) for view in FACING} == dict.fromkeys(FACING, metric.keypoints)
    assert metric.needed(View.SAGITTAL_LEFT) == metric.needed(View.SAGITTAL_RIGHT) == ("nose",)
    without = replace(metric, sideways=None)
    assert without.needed(View.SAGITTAL_LEFT) == metric.keypoints
