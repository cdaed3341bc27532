"""Who walks where: the view by the path, the longest walk, and everything that is no walk."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.walker import (
    SIZE,
    Walk,
    cut,
    mirrored,
    retimed,
    shaken,
    true_walk,
    walker,
    with_points,
)

from uprightd.domain import View
from uprightd.errors import DataError
from uprightd.gait.analysis import GaitError, analyse
from uprightd.gait.course import read_course
from uprightd.gait.model import Track
from uprightd.gait.motion import read_motion
from uprightd.gait.rhythm import read_rhythm


def joined(*walks: Walk, pause: float = 0.0) -> Track:
    """Walks one after the other, with so many seconds between in which nobody is seen."""
    times, points, end = [], {name: [] for name in walks[0].track.points}, 0.0
    for walk in walks:
        track = walk.track
        times.append(track.times + end)
        end = float(times[-1][-1]) + 1 / 30 + pause
        for name, array in track.points.items():
            points[name].append(array)
    whole = {name: np.vstack(arrays) for name, arrays in points.items()}
    return Track(np.concatenate(times), whole, walks[0].track.size, "test")


def standing(walk: Walk, frame: int, seconds: float) -> Walk:
    """Somebody who stands as in one frame of a walk, as a model sees it: with some jitter."""
    chance, count = np.random.default_rng(0), round(30 * seconds)
    points = {
        name: np.repeat(array[[frame]], count, axis=0)
        + np.column_stack([chance.normal(0, 1.0, (count, 2)), np.zeros(count)])
        for name, array in walk.track.points.items()
    }
    return Walk(Track(np.arange(count) / 30, points, walk.track.size, "test"), ())


@pytest.mark.parametrize(
    ("walk", "view", "direction"),
    [
        (true_walk("walk_side_m"), View.SAGITTAL_LEFT, -1),
        (mirrored(true_walk("walk_side_m")), View.SAGITTAL_RIGHT, 1),
        (true_walk("walk_front_m"), View.FRONTAL, 0),
        (true_walk("walk_rear_f"), View.REAR, 0),
        (walker(direction=1), View.SAGITTAL_RIGHT, 1),
    ],
)
def test_the_path_tells_the_view(walk: Walk, view: View, direction: int) -> None:
    course = read_course(walk.track)
    assert course is not None
    assert (course.view, course.direction, course.travels) == (view, direction, True)


def slanted(degrees: float) -> Walk:
    """The walker of the formula on a path that leads away from the picture's plane by so many degrees."""
    walk, focal, far = walker(seconds=5.0), 1005.0, 7.5
    along = (walk.track.points["left_hip"][:, 0] - SIZE[0] / 2) / 130.0
    angle = np.radians(degrees)

    def turn(_: str, array: np.ndarray) -> np.ndarray:
        place = (array[:, 0] - SIZE[0] / 2) / 130.0
        across = along * np.cos(angle) + (place - along) * np.cos(angle)
        away = far + along * np.sin(angle)
        up = (360 - array[:, 1]) / 130.0
        array[:, 0], array[:, 1] = SIZE[0] / 2 + focal * across / away, 360 - focal * up / away
        return array

    return with_points(walk, turn)


@pytest.mark.parametrize("degrees", [0.0, 15.0, 45.0, 75.0])
def test_the_angle_of_the_path_is_read_from_size_and_place(degrees: float) -> None:
    course = read_course(slanted(degrees).track)
    assert course is not None
    assert course.angle == pytest.approx(degrees, abs=4.0)


def test_an_oblique_path_gives_times_and_refuses_lengths_and_angles() -> None:
    analysis = analyse(slanted(40.0).track, height_m=1.75)
    assert analysis.view is View.OBLIQUE
    assert analysis.parameters["cadence"].value == pytest.approx(110, abs=1.5)
    for name in ("stride_length", "speed", "step_length_left", "knee_range_left", "arm_swing_left"):
        assert analysis.parameters[name].value is None
        assert "side" in (analysis.parameters[name].reason or "")


def test_a_slightly_oblique_path_widens_the_lengths() -> None:
    straight, slanting = (analyse(slanted(angle).track, height_m=1.75) for angle in (0.0, 22.0))
    errors = [it.parameters["stride_length"].error for it in (straight, slanting)]
    assert errors[0] is not None
    assert errors[1] is not None
    assert errors[1] > 1.5 * errors[0]


# ---- which part of a video ----------------------------------------------------------------------------------------


def test_standing_before_and_after_is_no_part_of_the_walk() -> None:
    walk = cut(true_walk("walk_side_m"), slice(30, 150))
    track = joined(standing(walk, 0, 2.0), walk, standing(walk, -1, 2.0))
    analysis = analyse(track)
    assert analysis.walk == pytest.approx((2.0, 6.0), abs=0.35)
    assert analysis.parameters["cadence"].value == pytest.approx(111.1, abs=0.5)


def test_of_a_way_there_and_back_the_longer_part_is_read_and_the_other_mentioned() -> None:
    there, back = true_walk("walk_side_m"), cut(mirrored(true_walk("walk_side_m")), slice(20, 140))
    analysis = analyse(joined(there, back, pause=1.5))
    assert (analysis.direction, analysis.view) == (-1, View.SAGITTAL_LEFT)
    assert any("More than one" in note for note in analysis.notes)


@pytest.mark.parametrize("tempo", [0.75, 1.5, 2.0])
def test_somebody_who_comes_nearer_slowly_does_not_stop(tempo: float) -> None:
    walk = shaken(retimed(true_walk("walk_rear_f"), lambda times: tempo * times), 1.2)
    course = read_course(walk.track)
    assert course is not None
    assert course.end - course.begin > 0.95 * walk.track.times[-1]


# ---- no walk ------------------------------------------------------------------------------------------------------


def nobody(walk: Walk) -> Walk:
    return with_points(walk, lambda _, array: array * np.nan)


def still() -> Walk:
    walk = standing(true_walk("walk_side_m"), 90, 4.0)
    return with_points(walk, lambda _, array: np.repeat(array[:1], len(array), axis=0))


@pytest.mark.parametrize(
    ("walk", "words"),
    [
        (nobody(walker()), "nobody was found"),
        (still(), "still picture"),
        (standing(true_walk("walk_side_m"), 90, 4.0), "nobody walks"),
        (standing(walker(), 40, 3.0), "nobody walks"),
        (cut(walker(), slice(0, 15)), "less than a step"),
        (cut(walker(), slice(0, 1)), "a single picture"),
        (Walk(walker(fps=6).track, ()), "frames a second are too few"),
        (with_points(walker(), lambda _, array: array[::-1].copy()), "backwards"),
    ],
)
def test_what_is_no_walk_is_said_in_words(walk: Walk, words: str) -> None:
    with pytest.raises(GaitError, match=words) as raised:
        analyse(walk.track)
    assert isinstance(raised.value, DataError)
    assert raised.value.exit_code == 65
    assert raised.value.hint


def test_what_could_be_measured_is_kept_with_the_refusal() -> None:
    with pytest.raises(GaitError) as raised:
        analyse(standing(true_walk("walk_side_m"), 90, 4.0).track)
    kept = raised.value.analysis
    assert kept is not None
    assert kept.partial
    assert np.isfinite(kept.series["trunk_lean"].filtered).mean() > 0.9


def test_two_or_three_steps_are_shown_and_their_means_refused() -> None:
    analysis = analyse(cut(true_walk("walk_side_m"), slice(40, 85)).track)
    assert analysis.partial
    assert 2 <= len(analysis.steps) < 4
    reasons = {
        analysis.parameters[name].reason
        for name in ("cadence", "stride_time", "step_time_left", "stance_left")
    }
    assert len(reasons) == 1
    assert "4 are needed" in (reasons.pop() or "")


def test_the_rhythm_is_the_stride_and_somebody_who_stands_has_none() -> None:
    walk = true_walk("walk_side_m")
    assert read_rhythm(read_motion(walk.track), 0.7, 5.5).stride == pytest.approx(1.08, abs=0.02)
    stood = standing(walk, 90, 4.0)
    assert not read_rhythm(read_motion(stood.track), 0.0, 4.0).alternates


@pytest.mark.parametrize(
    "gone", ["wrist", "knee", "ankle", "hip", "eye", "heel", "big_toe", "nose", "shoulder"]
)
def test_a_model_that_does_not_give_a_part_has_the_rest_read_or_is_refused(gone: str) -> None:
    track = walker().track
    points = {name: array for name, array in track.points.items() if not name.endswith(gone)}
    less = Track(track.times, points, track.size, "test")
    if gone in ("hip", "shoulder", "ankle"):
        with pytest.raises(GaitError):
            analyse(less)
        return
    analysis = analyse(less, height_m=1.75)
    assert analysis.parameters["cadence"].value == pytest.approx(110, abs=1)
    assert analysis.raw is less


def test_points_of_no_score_are_nobody_s() -> None:
    def unsure(_: str, array: np.ndarray) -> np.ndarray:
        array[:, 2] = 0.05
        return array

    with pytest.raises(GaitError):
        analyse(with_points(walker(), unsure).track)
