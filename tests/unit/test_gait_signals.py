"""Filling, smoothing and differentiating: what must stay where it is, and what must go."""

from __future__ import annotations

import numpy as np
import pytest

from uprightd.gait.signals import RATE, at, crossing, grid_of, low_pass, runs, slope, smooth

TIMES = np.arange(120) / 30


def wave(times: np.ndarray, frequency: float) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * times)


def test_a_slow_wave_passes_unchanged_and_without_delay() -> None:
    grid = grid_of(TIMES)
    inner = slice(50, -50)
    passed = smooth(TIMES, wave(TIMES, 1.0), grid)
    assert passed[inner] == pytest.approx(wave(grid, 1.0)[inner], abs=2e-3)


def test_the_two_passes_together_halve_the_power_at_the_cutoff() -> None:
    times = np.arange(2000) / RATE
    passed = low_pass(wave(times, 6.0), RATE, 6.0)[500:-500]
    assert np.abs(passed).max() == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert np.abs(low_pass(wave(times, 20.0), RATE, 6.0)[500:-500]).max() < 0.02


def test_a_gap_of_an_eighth_of_a_second_is_filled_and_a_longer_one_stays() -> None:
    values, grid = wave(TIMES, 0.5), grid_of(TIMES)
    short, long = values.copy(), values.copy()
    short[40:43] = np.nan  # 3 frames: 0.1 s
    long[40:45] = np.nan  # 5 frames: 0.17 s
    assert np.isfinite(smooth(TIMES, short, grid)).all()
    assert smooth(TIMES, short, grid) == pytest.approx(smooth(TIMES, values, grid), abs=0.02)
    there = np.isnan(at(grid, smooth(TIMES, long, grid), TIMES))
    assert set(np.flatnonzero(there)) == set(range(40, 45))


def test_a_gap_is_measured_in_time_not_in_frames() -> None:
    known = np.ones(60, bool)
    known[20:24] = False
    assert len(runs(np.arange(60) / 60, known)) == 1
    assert len(runs(np.arange(60) / 15, known)) == 2


def test_uneven_times_are_brought_to_an_even_grid() -> None:
    chance = np.random.default_rng(0)
    times = np.sort(chance.uniform(0, 4, 160))
    grid = grid_of(times)
    assert np.diff(grid) == pytest.approx(1 / RATE)
    assert smooth(times, wave(times, 1.0), grid)[50:-50] == pytest.approx(wave(grid, 1.0)[50:-50], abs=0.02)


def test_a_crossing_is_found_between_two_samples() -> None:
    grid = np.arange(100) / RATE
    values = 3 * (grid - 0.4337)
    assert crossing(grid, values, 20, 0.0, 60, 1) == pytest.approx(0.4337)
    assert crossing(grid, values, 60, 0.0, 60, -1) == pytest.approx(0.4337)
    assert crossing(grid, values, 20, 0.0, 5, 1) is None
    assert crossing(grid, values, 95, 9.0, 60, 1) is None, "the end of what is known"


def test_the_slope_of_a_line_is_its_speed() -> None:
    assert slope(2.5 * np.arange(50) / RATE) == pytest.approx(2.5)
