"""The figures of the accuracy suite, on numbers whose answers can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from uprightd.service.accuracy.statistics import (
    FEWEST,
    Pair,
    agreement,
    correlation,
    rounded,
    stretch,
)


def pairs_of(values: list[float], truths: list[float]) -> list[Pair]:
    return [Pair(frame, *both) for frame, both in enumerate(zip(values, truths, strict=True))]


RAMP = [float(degrees) for degrees in range(0, 40, 2)]


def test_errors_are_value_minus_truth() -> None:
    found = agreement(pairs_of([3, 5, 7, 1], [0, 5, 10, 0]), 0, "°")
    assert (found.n, found.bias) == (4, pytest.approx(0.25))
    assert found.rms == pytest.approx(math.sqrt((9 + 0 + 9 + 1) / 4))
    assert found.median_error == pytest.approx(2.0)
    assert found.truth_sd == pytest.approx(math.sqrt((3.75**2 * 2 + 1.25**2 + 6.25**2) / 4))


def test_a_constant_offset_is_no_error_of_change() -> None:
    found = agreement(pairs_of([truth - 7 for truth in RAMP], RAMP), 3, "°")
    assert (found.bias, found.rms, found.change_rms) == pytest.approx((-7, 7, 0))
    assert found.correlation == pytest.approx(1)


def test_changes_count_from_the_medians_over_the_upright_frames() -> None:
    pairs = pairs_of([9, 1, 1, 5], [0, 0, 0, 2])
    assert agreement(pairs, 3, "°").change_rms == pytest.approx(math.sqrt((8**2 + 2**2) / 4))
    assert agreement(pairs, 1, "°").change_rms == pytest.approx(math.sqrt((8**2 + 8**2 + 6**2) / 4))


def test_without_upright_frames_changes_count_from_the_medians_over_all() -> None:
    assert agreement(pairs_of([1, 2, 9], [0, 0, 0]), 0, "°").change_rms == pytest.approx(
        math.sqrt((1 + 49) / 3)
    )
    later = [Pair(frame + 20, 4.0, 0.0) for frame in range(3)]
    assert agreement(later, 11, "°").change_rms == 0


def test_a_gain_costs_error_and_no_correlation() -> None:
    pairs = pairs_of([0.5 * truth for truth in RAMP], RAMP)
    assert correlation(pairs, "°") == pytest.approx(1)
    assert correlation(pairs_of([-truth for truth in RAMP], RAMP), "°") == pytest.approx(-1)


def test_the_correlation_is_pearsons() -> None:
    values = [0.0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    truths = [float(it) for it in range(10)]
    # Both are ranks, so it is Spearman's: 1 − 6 Σd² / (n (n² − 1)), the squares of the differences adding up to 140.
    assert correlation(pairs_of(values, truths), "°") == pytest.approx(1 - 6 * 140 / 990)


@pytest.mark.parametrize(
    ("unit", "moves", "rests"), [("°", 2.1, 1.9), ("cm", 1.1, 0.9), ("of frame", 0.011, 0.009)]
)
def test_a_truth_that_hardly_moves_has_no_correlation(unit: str, moves: float, rests: float) -> None:
    for spread, known in ((moves, True), (rests, False)):
        truths = [spread, -spread] * 10
        assert (correlation(pairs_of(truths, truths), unit) is not None) is known


def test_a_handful_of_frames_has_no_correlation() -> None:
    assert correlation(pairs_of(RAMP, RAMP)[: FEWEST - 1], "°") is None
    assert correlation(pairs_of(RAMP, RAMP)[:FEWEST], "°") is not None


def test_a_value_that_never_moves_does_not_follow() -> None:
    assert correlation(pairs_of([4.0] * len(RAMP), RAMP), "°") == 0


def test_a_stretch_tells_how_far_value_and_truth_went() -> None:
    pairs = pairs_of([1, 1, 21, 25, 22, 2], [0, 0, 30, 30, 30, 0])
    found = stretch(pairs, 2, {2, 3, 4, 17})
    assert found is not None
    assert (found.measured, found.truth, found.lowest, found.highest, found.n) == (21, 30, 20, 24, 3)


def test_there_is_no_stretch_without_an_upright_start_or_its_frames() -> None:
    pairs = pairs_of([1, 2, 3], [1, 2, 3])
    assert stretch(pairs, 0, {1}) is None
    assert stretch(pairs, 2, {7}) is None
    assert stretch(pairs[2:], 2, {2}) is None


def test_figures_are_rounded_for_printing() -> None:
    assert rounded({"a": (1.23456, 2), "b": None, "c": {"d": True}}) == {
        "a": [1.2346, 2],
        "b": None,
        "c": {"d": True},
    }
