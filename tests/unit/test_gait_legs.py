"""Legs that a model exchanged are put back: all of them, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.walker import Walk, mirrored, shaken, true_walk, walker, with_legs_exchanged, with_points

from uprightd.gait.legs import CHAIN, LegNamer, difference, name_legs
from uprightd.gait.motion import leg_length, read_motion


def named(walk: Walk, square: bool = False) -> np.ndarray:
    track = walk.track
    return name_legs(track.times, track.points, leg_length(track), square).swapped


def stretch(count: int, *spans: tuple[int, int]) -> np.ndarray:
    frames = np.zeros(count, bool)
    for begin, end in spans:
        frames[begin:end] = True
    return frames


SPANS = (
    ((40, 41),),
    ((40, 46),),
    ((30, 42), (44, 45), (60, 70), (90, 102)),
    ((52, 64),),
)


@pytest.mark.parametrize("spans", SPANS)
@pytest.mark.parametrize("noise", [0.0, 3.0])
def test_exchanged_frames_are_put_back_one_or_a_dozen(
    spans: tuple[tuple[int, int], ...], noise: float
) -> None:
    walk = shaken(walker(), noise)
    frames = stretch(walk.track.count, *spans)
    assert np.array_equal(named(with_legs_exchanged(walk, frames)), frames)


def test_a_third_of_the_frames_at_random_are_put_back() -> None:
    walk = shaken(true_walk("walk_side_m"), 1.5)
    frames = np.random.default_rng(1).random(walk.track.count) < 0.3
    assert np.array_equal(named(with_legs_exchanged(walk, frames)), frames)


@pytest.mark.parametrize("fps", [10, 15, 25, 60])
def test_at_other_frame_rates(fps: float) -> None:
    walk = walker(fps=fps)
    frames = stretch(walk.track.count, (int(1.3 * fps), int(1.6 * fps)), (int(2.6 * fps), int(2.75 * fps)))
    assert np.array_equal(named(with_legs_exchanged(walk, frames)), frames)


def test_a_fast_video_is_named_over_its_bad_frames_too() -> None:
    """At 120 frames a second a tenth of a second of both legs in one place is twelve frames."""
    walk = shaken(walker(fps=120), 1.0)
    frames = stretch(walk.track.count, (200, 240), (430, 470))
    bad = slice(236, 248)

    def collapse(name: str, array: np.ndarray) -> np.ndarray:
        other = walk.track.points.get(name.replace("left", "right"))
        if name.startswith("left_") and other is not None and name.partition("_")[2] in CHAIN:
            array[bad] = other[bad]
        return array

    told = named(with_points(with_legs_exchanged(walk, frames), collapse))
    good = ~stretch(walk.track.count, (236, 248))
    assert np.array_equal(told[good], frames[good])


def test_legs_that_were_never_exchanged_stay() -> None:
    for walk in (
        true_walk("walk_side_m"),
        mirrored(true_walk("walk_side_m")),
        walker(cadence=150),
        walker(cadence=70),
    ):
        assert not named(walk).any()
    for name in ("walk_front_m", "walk_rear_f"):
        assert not named(true_walk(name), square=True).any()


def test_a_frame_with_both_legs_in_one_place_is_left_out_and_misleads_nobody() -> None:
    walk = walker()

    def collapse(name: str, array: np.ndarray) -> np.ndarray:
        if name.startswith("left_") and name.partition("_")[2] in ("knee", "ankle", "heel", "big_toe"):
            other = walk.track.points[name.replace("left", "right")]
            array[55:57] = (array[55:57] + other[55:57]) / 2
        return array

    collapsed = with_points(walk, collapse)
    naming = name_legs(walk.track.times, collapsed.track.points, leg_length(walk.track))
    assert not naming.swapped[:55].any()
    assert not naming.swapped[57:].any()
    assert naming.doubtful[55:57].any()


def test_what_is_put_back_is_the_leg_as_it_was() -> None:
    walk = walker()
    frames = stretch(walk.track.count, (40, 52))
    motion = read_motion(with_legs_exchanged(walk, frames).track)
    straight = read_motion(walk.track)
    for name in ("left_ankle", "right_big_toe", "left_knee"):
        assert motion.points[name][:, :2] == pytest.approx(straight.points[name][:, :2], abs=1e-6)
    assert np.array_equal(motion.swapped, frames)


def test_a_thrown_point_is_taken_out_and_filled() -> None:
    """Thrown in both legs alike, so that the difference of the legs does not show it."""
    walk = walker()

    def throw(name: str, array: np.ndarray) -> np.ndarray:
        if name.endswith("_heel"):
            array[70, 0] += 45
        return array

    motion = read_motion(with_points(walk, throw).track)
    assert motion.outliers[70]
    assert motion.outliers.sum() <= 2
    off = motion.points["left_heel"][:, 0] - read_motion(walk.track).points["left_heel"][:, 0]
    assert np.abs(off).max() < 4


def test_a_live_naming_says_what_the_whole_one_says() -> None:
    """Also after it has let go of the beginning."""
    walk = shaken(walker(seconds=8.0), 2.0)
    frames = stretch(walk.track.count, (100, 112), (150, 153), (200, 209))
    track = with_legs_exchanged(walk, frames).track
    apart = difference(track.points) / leg_length(track)
    namer = LegNamer()
    for time, row in zip(track.times, apart, strict=True):
        namer.see(float(time), row)
        namer.forget(float(time) - 3.0)
    signs = namer.signs()
    assert len(signs) < 100
    told = signs != 0
    assert told[5:].mean() > 0.9
    assert np.array_equal(signs[told] < 0, frames[-len(signs) :][told])


def test_a_point_outside_the_picture_counts_as_not_seen() -> None:
    walk = walker()

    def lower(name: str, array: np.ndarray) -> np.ndarray:
        if name == "left_heel":
            array[30:60, 1] = 800
        return array

    motion = read_motion(with_points(walk, lower).track)
    assert np.isnan(motion.points["left_heel"][32:58, 0]).all()
    assert np.isfinite(motion.points["left_ankle"][32:58, 0]).all()
