"""The numbers: what they are on a walk that is known, what they are worth, and when they are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.fakes.walker import STANCE, known, true_walk, walker, with_points

from uprightd.gait.analysis import analyse
from uprightd.gait.angles import joint_angles
from uprightd.gait.catalogue import PARAMETERS
from uprightd.gait.course import read_course
from uprightd.gait.model import Analysis, EventKind, KnownDistance, Parameter, Side, Step, Track
from uprightd.gait.motion import read_motion
from uprightd.gait.parameters import temporal_and_spatial
from uprightd.gait.precision import Precision, Terms, mean_of
from uprightd.gait.steps import steps_of

TERMS = Terms(0.012, None, spatial="no scale")


@pytest.fixture(scope="module")
def walked() -> Analysis:
    return analyse(walker(cadence=100, stride=1.2, seconds=6.0).track, height_m=1.74)


@pytest.fixture(scope="module")
def frontal() -> Analysis:
    return analyse(true_walk("walk_front_m").track, height_m=1.76)


def steps(*times: float, stance: float = 0.66) -> list[Step]:
    """Steps of these step times in seconds, left and right in turn, the first left."""
    sides = [(Side.LEFT, Side.RIGHT)[number % 2] for number in range(len(times))]
    strikes = np.cumsum(times)
    return [
        Step(number + 1, side, float(strike), 1.0, step_time=time, stride_time=2 * time, stance_time=stance)
        for number, (side, strike, time) in enumerate(zip(sides, strikes, times, strict=True))
    ]


# ---- what they are ----------------------------------------------------------------------------------------------


def test_a_walk_gives_exactly_the_parameters_of_the_catalogue(walked: Analysis, frontal: Analysis) -> None:
    for analysis in (walked, frontal):
        assert analysis.parameters.keys() == PARAMETERS.keys()
        assert {name: it.unit for name, it in analysis.parameters.items()} == {
            name: it.unit for name, it in PARAMETERS.items()
        }


def test_the_names_a_laboratory_prints_are_there() -> None:
    wanted = {"cadence", "stride_time", "step_time_left", "step_time_right", "stride_length", "speed"}
    assert wanted | {"stance_left", "stance_right", "swing_left", "double_support"} <= PARAMETERS.keys()


def test_times_and_lengths_are_those_of_the_walk(walked: Analysis) -> None:
    told = {name: known(it.value) for name, it in walked.parameters.items() if it.value is not None}
    assert told["cadence"] == pytest.approx(100, abs=0.5)
    assert told["stride_time"] == pytest.approx(1.2, abs=0.005)
    assert told["step_time_left"] == pytest.approx(0.6, abs=0.006)
    assert told["stance_left"] == pytest.approx(STANCE * 1.2, abs=0.05)
    assert told["stance_left"] + told["swing_left"] == pytest.approx(1.2, abs=0.02)
    assert told["stance_percent_right"] == pytest.approx(100 * told["stance_right"] / 1.2, abs=1.0)
    assert told["stride_length"] == pytest.approx(1.2, rel=0.05)
    assert told["step_length_left"] + told["step_length_right"] == pytest.approx(
        told["stride_length"], rel=0.01
    )
    assert told["speed"] == pytest.approx(1.0, rel=0.05)
    assert told["step_time_symmetry_index"] < 2


def test_lengths_follow_the_scale_that_is_given() -> None:
    track = walker(stride=1.2).track
    tall, measured = analyse(track, height_m=1.9), analyse(track, distance=KnownDistance(3.0, 390.0))
    usual = analyse(track)
    assert measured.parameters["stride_length"].value == pytest.approx(1.2, rel=0.01)
    ratio = known(tall.parameters["stride_length"].value) / known(usual.parameters["stride_length"].value)
    assert ratio == pytest.approx(1.9 / 1.69)
    errors = [known(it.parameters["stride_length"].error) for it in (measured, tall, usual)]
    assert errors == sorted(errors)
    assert usual.scale is not None
    assert "usual adult" in usual.scale.source
    assert any("height" in note for note in usual.notes)


def test_the_far_leg_s_steps_are_no_shorter_for_being_far() -> None:
    """Its line lies a fifth of a metre farther from a camera five metres away."""
    walk = walker(stride=1.3, seconds=6.0)

    def farther(name: str, array: np.ndarray) -> np.ndarray:
        if name.startswith("right_") and name.partition("_")[2] in ("ankle", "heel", "big_toe", "knee"):
            array[:, 0] = 640 + (array[:, 0] - 640) * 5.0 / 5.2
        return array

    lengths = [it.step_length for it in analyse(with_points(walk, farther).track, height_m=1.74).steps]
    assert np.ptp([it for it in lengths if it is not None]) < 0.04


def test_a_step_belongs_to_the_foot_that_is_set_down() -> None:
    told = temporal_and_spatial(steps(0.5, 0.6, 0.5, 0.6, 0.5, 0.6, 0.5, 0.6), TERMS)
    assert told["step_time_left"].value == pytest.approx(0.5)
    assert told["step_time_right"].value == pytest.approx(0.6)
    assert told["step_time_difference"].value == pytest.approx(0.1)
    assert told["step_time_symmetry_index"].value == pytest.approx(100 * 0.1 / 0.55)
    assert told["cadence"].value == pytest.approx(60 / 0.55)
    assert told["step_time_cv"].value == pytest.approx(100 * np.std([0.5, 0.6] * 4, ddof=1) / 0.55)


def test_a_step_after_a_strike_that_was_missed_has_no_time() -> None:
    walk = walker(cadence=100, seconds=6.0)
    motion, course = read_motion(walk.track), read_course(walk.track)
    assert course is not None
    strikes = [it for it in walk.events if it.kind is EventKind.STRIKE]
    gone = [it for it in walk.events if it is not strikes[4]]
    told = steps_of(gone, motion, course, 1.2, None)
    assert [it.step_time for it in told].count(None) == 2, "the first, and the one after the gap"
    assert max(it.step_time for it in told if it.step_time) < 0.7
    assert max(it.stride_time for it in told if it.stride_time) < 1.3


# ---- what they are worth ----------------------------------------------------------------------------------------


def test_every_number_has_its_error_and_its_least_change(walked: Analysis) -> None:
    for parameter in walked.parameters.values():
        if parameter.value is not None:
            assert parameter.reason is None
            assert parameter.error is not None
            assert parameter.error > 0
            assert parameter.mdc is not None
            assert parameter.mdc > 0
            assert parameter.count > 0


def test_more_steps_make_a_mean_surer_down_to_what_one_camera_may_claim() -> None:
    few, many = (
        temporal_and_spatial(steps(*[0.55, 0.57] * count), TERMS)["step_time_left"] for count in (2, 40)
    )
    assert known(few.error) > known(many.error)
    assert known(few.mdc) > known(many.mdc) >= 0.02


def test_a_least_change_is_that_of_the_spread() -> None:
    values = [1.0, 1.2, 0.8, 1.0]
    told = mean_of("x", "s", values, Precision(single=0.01, least=0.02))
    assert told.mdc == pytest.approx(1.96 * math.sqrt(2) * np.std(values, ddof=1) / 2)
    assert told.sd == pytest.approx(np.std(values, ddof=1))
    assert told.error == pytest.approx(0.005)


def test_fewer_frames_widen_the_error() -> None:
    fast, slow = (analyse(walker(fps=fps, seconds=6.0).track) for fps in (30, 12))
    slow_error, fast_error = (known(it.parameters["step_time"].error) for it in (slow, fast))
    assert slow_error > 1.3 * fast_error
    assert any("frames a second" in note for note in slow.notes)
    assert not any("frames a second" in note for note in fast.notes)


def test_misplaced_legs_widen_the_error() -> None:
    walk = walker(seconds=6.0)
    chance = np.random.default_rng(0).random(walk.track.count) < 0.2

    def throw(name: str, array: np.ndarray) -> np.ndarray:
        if name == "right_ankle":
            array[chance, 0] += 90
        return array

    blurred, clear = (
        known(analyse(it.track).parameters["step_time"].error) for it in (with_points(walk, throw), walk)
    )
    assert blurred > 1.1 * clear


# ---- refused ------------------------------------------------------------------------------------------------------


def test_from_the_front_there_is_never_a_length_nor_a_joint(frontal: Analysis) -> None:
    spatial = {name for name, it in PARAMETERS.items() if it.unit in ("m", "m/s")}
    joints = {name for name in PARAMETERS if name.split("_")[0] in ("hip", "knee", "ankle", "arm")}
    assert len(spatial) == 8
    for name in spatial | joints:
        assert frontal.parameters[name].value is None
        assert frontal.parameters[name].reason
    for name in ("cadence", "stride_time", "step_time_left", "trunk_lean_range", "trunk_sway", "head_sway"):
        assert frontal.parameters[name].value is not None
    assert frontal.cycles == ()
    assert frontal.scale is None


def test_a_number_without_reason_or_a_reason_with_a_number_is_no_parameter() -> None:
    with pytest.raises(ValueError, match="a number or a reason"):
        Parameter("x", None, None, None, None, "s")
    with pytest.raises(ValueError, match="a number or a reason"):
        Parameter("x", 1.0, None, None, None, "s", "why")


def test_a_track_that_is_none_is_refused() -> None:
    times = np.arange(3.0)
    with pytest.raises(ValueError, match="arrays of"):
        Track(times, {"nose": np.zeros((2, 3))}, (640, 360), "test")
    with pytest.raises(ValueError, match="increase"):
        Track(times[::-1], {"nose": np.zeros((3, 3))}, (640, 360), "test")


# ---- angles -------------------------------------------------------------------------------------------------------


def leg(
    hip: float, knee: float, ankle: float, lean: float = 0.0, direction: int = 1
) -> dict[str, np.ndarray]:
    """A body with these flexions in degrees, seen from the side; y points down."""

    def towards(angle: float, length: float) -> np.ndarray:
        return length * np.array([direction * math.sin(math.radians(angle)), math.cos(math.radians(angle))])

    thigh = hip - lean
    shank = thigh - knee
    foot = math.radians(ankle + shank)
    hips = np.array([500.0, 300.0])
    knees = hips + towards(thigh, 80)
    ankles = knees + towards(shank, 80)
    toes = ankles + 40 * np.array([direction * math.cos(foot), -math.sin(foot)])
    shoulders = hips + 90 * np.array(
        [direction * math.sin(math.radians(lean)), -math.cos(math.radians(lean))]
    )
    places = {
        "hip": hips,
        "knee": knees,
        "ankle": ankles,
        "heel": ankles,
        "big_toe": toes,
        "shoulder": shoulders,
    }
    places["wrist"] = shoulders + towards(-lean, 90)
    return {f"{side}_{name}": place[None] for side in ("left", "right") for name, place in places.items()}


@pytest.mark.parametrize("direction", [-1, 1])
@pytest.mark.parametrize(
    ("hip", "knee", "ankle", "lean"),
    [(0, 0, 0, 0), (30, 5, 0, 0), (-10, 5, 10, 0), (20, 60, -15, 8), (25, 0, 5, -3)],
)
def test_joint_angles_are_flexions_whichever_way_one_walks(
    hip: float, knee: float, ankle: float, lean: float, direction: int
) -> None:
    told = joint_angles(leg(hip, knee, ankle, lean, direction), direction)
    wanted = {"hip": hip, "knee": knee, "ankle": ankle}
    for side in Side:
        assert {it: told[f"{side}_{it}_angle"][0] for it in wanted} == pytest.approx(wanted, abs=1e-9)
        assert told[f"{side}_arm_angle"][0] == pytest.approx(0, abs=1e-9)
    assert told["trunk_lean"][0] == pytest.approx(lean)


def test_a_cycle_runs_from_strike_to_strike(walked: Analysis) -> None:
    assert {it.side for it in walked.cycles} == set(Side)
    for cycle in walked.cycles:
        assert cycle.end - cycle.start == pytest.approx(1.2, abs=0.02)
        assert cycle.toe_off is None or cycle.start < cycle.toe_off < cycle.end
        assert {it.shape for it in cycle.curves.values()} == {(101,)}
        assert {"hip_angle", "knee_angle", "ankle_angle", "trunk_lean"} <= cycle.curves.keys()


def test_the_series_keep_the_raw_beside_the_filtered(walked: Analysis) -> None:
    track = walked.raw
    assert {
        "trunk_lean",
        "head_x",
        "stride_asymmetry",
        "left_heel_x",
        "right_knee_angle",
    } <= walked.series.keys()
    heel = walked.series["left_heel_x"]
    assert np.array_equal(heel.raw, track.points["left_heel"][:, 0])
    assert len(heel.filtered) == track.count
    assert np.nanmax(np.abs(heel.filtered - heel.raw)) < 5
    asymmetry = (track.points["left_ankle"][:, 1] - track.points["right_ankle"][:, 1]) / track.size[1]
    assert walked.series["stride_asymmetry"].raw == pytest.approx(asymmetry)
