"""A track made ready for reading: legs put back, wild points thrown out, gaps filled, smoothed, on an even grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import medfilt

from uprightd.gait.legs import CHAIN, Naming, exchanged, name_legs
from uprightd.gait.model import Track
from uprightd.gait.signals import at, frame_interval, grid_of, runs, smooth

LEAST_SCORE = 0.1
"""Under this a model says itself that it guesses. Hidden feet score 0.3-0.6 and are placed well."""
WILD = 0.12
"""Leg lengths off the median of five frames from which a point counts as thrown."""
TURNING = 40.0
"""Leg lengths per second squared: how sharply a foot turns, which that median cuts off at slow frame rates."""
TRUNK_PER_LEG = 0.6
"""Mid-hip to mid-shoulder over hip to ankle, 0.288 of 0.491 body heights (Winter 2009): where no leg is seen."""
BODY = tuple(
    f"{side}_{part}" for part in ("shoulder", "wrist", "hip", "knee", "ankle") for side in ("left", "right")
)
"""What is read of every walker. Feet and face are read where a model gives them."""
EDGE_PARTS = ("shoulder", "hip", "ankle", "heel")
"""What must be inside the picture, beside the nose: past its edge models push the body back into the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """grid: (M,) seconds, even. xy: by name (M, 2) pixels, smoothed, NaN where unknown. leg: hip to ankle in pixels.

    points: by name (N, 3) at the frames: repaired, filled, smoothed. swapped, outliers: (N,) bool. interval: usual time
    between frames in seconds. size: of the picture.
    """

    times: np.ndarray
    grid: np.ndarray
    xy: Mapping[str, np.ndarray]
    points: Mapping[str, np.ndarray]
    leg: float
    swapped: np.ndarray
    outliers: np.ndarray
    interval: float
    size: tuple[int, int]

    def middle(self, part: str) -> np.ndarray:
        """Given a part that has a left and a right, return the middle of the two, (M, 2)."""
        return (self.xy[f"left_{part}"] + self.xy[f"right_{part}"]) / 2


def read_motion(track: Track, square: bool = False, naming: Naming | None = None) -> Motion:
    """Given a track with at least two frames of a person, return its motion. `square`: see `legs.name_legs`; `naming`:
    what is known of the legs already."""
    leg = leg_length(track)
    seen = _seen(track)
    naming = naming or name_legs(track.times, seen, leg, square)
    named = exchanged(seen, naming.swapped)
    interval = frame_interval(track.times)
    grid, outliers = grid_of(track.times), naming.doubtful & track.detected
    xy, points = {}, {}
    for name, array in named.items():
        places = array[:, :2].copy()
        if name.partition("_")[2] in CHAIN:
            places[_spared(track.times, places, naming.doubtful)] = np.nan
            wild = _wild(track.times, places, leg, interval)
            outliers = outliers | wild
            places[wild] = np.nan
        xy[name] = smooth(track.times, places, grid)
        here = [at(grid, xy[name][:, axis], track.times) for axis in (0, 1)]
        points[name] = np.column_stack(
            [*here, np.where(np.isfinite(here[0]), np.nan_to_num(array[:, 2]), np.nan)]
        )
    return Motion(
        track.times, grid, xy, points, leg, naming.swapped & track.detected, outliers, interval, track.size
    )


def complete(track: Track) -> Track:
    """Given a track, return it with a row of nothing for each part of the body that the model did not give."""
    nothing = np.full((track.count, 3), np.nan)
    return replace(track, points={**dict.fromkeys(BODY, nothing), **track.points})


def leg_length(track: Track) -> float:
    """Given a track, return hip to ankle in pixels, the median of both legs; from the trunk where no leg is seen."""
    both = [_length(track, f"{side}_hip", f"{side}_ankle") for side in ("left", "right")]
    known = [length for length in both if np.isfinite(length)]
    if known:
        return float(np.mean(known))
    return _length(track, "left_hip", "left_shoulder") / TRUNK_PER_LEG


def _length(track: Track, one: str, other: str) -> float:
    if one not in track.points or other not in track.points:
        return float("nan")
    apart = np.hypot(*(track.points[one] - track.points[other])[:, :2].T)
    known = apart[np.isfinite(apart)]
    return float(np.median(known)) if known.size else float("nan")


def _seen(track: Track) -> dict[str, np.ndarray]:
    """Return the points without those the model guesses: of a low score, outside the picture, or in frames that cut the
    body's side off."""
    width, height = track.size
    cut = np.zeros(track.count, bool)
    for name in ("nose", *(f"{side}_{part}" for side in ("left", "right") for part in EDGE_PARTS)):
        if name in track.points:
            across = track.points[name][:, 0]
            cut |= (across < 0) | (across > width - 1)
    seen = {}
    for name, array in track.points.items():
        guessed = cut | (array[:, 2] < LEAST_SCORE) | (array[:, 1] < 0) | (array[:, 1] > height - 1)
        seen[name] = np.where(guessed[:, None], np.nan, array)
    return seen


def _spared(times: np.ndarray, places: np.ndarray, doubtful: np.ndarray) -> np.ndarray:
    """Return the doubtful frames (N,) that can be left out, because the gap they leave is short enough to be filled."""
    known = np.isfinite(places).all(axis=1)
    spared = np.zeros(len(times), bool)
    for run in runs(times, known & ~doubtful):
        spared[run[0] : run[-1] + 1] = doubtful[run[0] : run[-1] + 1]
    return spared


def _wild(times: np.ndarray, places: np.ndarray, leg: float, interval: float) -> np.ndarray:
    """Given places (N, 2), return those (N,) that are far from the median of the five about them in time."""
    wild = np.zeros(len(times), bool)
    limit = (WILD + TURNING * interval**2) * leg
    for run in runs(times, np.isfinite(places).all(axis=1)):
        if len(run) < 5:
            continue
        every = np.arange(run[0], run[-1] + 1)
        inner = np.column_stack([np.interp(times[every], times[run], places[run, axis]) for axis in (0, 1)])
        # The ends are carried on straight: a median at the border would call a fast foot wild.
        padded = np.vstack([2 * inner[0] - inner[2:0:-1], inner, 2 * inner[-1] - inner[-2:-4:-1]])
        middle = np.column_stack([medfilt(padded[:, axis], 5) for axis in (0, 1)])[2:-2]
        wild[every] = np.hypot(*(inner - middle).T) > limit
    return wild
