"""Walkers whose steps are known exactly, from a formula or the truth of a clip, and what can happen to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from uprightd.gait.legs import exchanged
from uprightd.gait.model import Event, EventKind, Side, Track

CLIPS = Path(__file__).parents[1] / "clips"
SIZE = (1280, 720)
METRE = 130.0
"""Pixels."""
LEG, TRUNK, HEAD = 0.86, 0.50, 0.27
"""Metres: hip over the floor, shoulders over the hips, eyes over the shoulders."""
STANCE = 0.62
"""Of a stride."""
FOOT = {"ankle": (0.0, 0.08), "heel": (-0.05, 0.03), "big_toe": (0.18, 0.02)}
"""Metres in front of the ankle and over the floor."""


@dataclass(frozen=True, slots=True)
class Walk:
    """A track and what really happened in it."""

    track: Track
    events: tuple[Event, ...]

    def strikes(self, side: Side | None = None) -> list[float]:
        return [it.t for it in self.events if it.kind is EventKind.STRIKE and side in (None, it.side)]


def walker(
    *,
    cadence: float = 110.0,
    stride: float = 1.3,
    direction: int = -1,
    seconds: float = 5.0,
    fps: float = 30.0,
    late: float = 0.0,
    left_share: float = 0.5,
    treadmill: bool = False,
) -> Walk:
    """Given steps a minute, stride in metres, direction in the picture, length, frame rate, seconds by which the camera
    starts later, and the share of a stride that the left step takes, return somebody who walks past the camera.

    A foot rests, then swings: its speed rises, stays and falls in straight lines, so that it meets the floor with a
    kink, at an instant that is known.
    """
    times = np.arange(round(seconds * fps)) / fps
    now, whole = times + late, 120.0 / cadence
    speed = stride / whole
    began = {Side.RIGHT: -0.3 * whole, Side.LEFT: (-0.3 + left_share) * whole}
    hips = speed * now
    points: dict[str, np.ndarray] = {}
    events: list[Event] = []
    # Lowest twice a stride, midway through double support.
    bob = 0.02 * np.cos(4 * np.pi * ((now - began[Side.LEFT]) / whole - 0.06))
    for side in Side:
        strides, phase = np.divmod((now - began[side]) / whole, 1.0)
        # Where the foot stands from this strike on: half a step in front of the hips.
        rests = speed * (began[side] + strides * whole) + stride / 4
        swing = np.clip((phase - STANCE) / (1 - STANCE), 0.0, 1.0)
        along, lifted = rests + stride * _swung(swing), 0.1 * np.sin(np.pi * swing)
        for part, (ahead, over) in FOOT.items():
            points[f"{side}_{part}"] = _seen(along + ahead, over + lifted, hips, direction, treadmill)
        over = {"hip": LEG, "shoulder": LEG + TRUNK, "eye": LEG + TRUNK + HEAD, "ear": LEG + TRUNK + HEAD}
        for part, height in over.items():
            points[f"{side}_{part}"] = _seen(hips, height - bob, hips, direction, treadmill)
        knee = (hips + along) / 2 + 0.05 + 0.15 * np.sin(np.pi * swing)
        points[f"{side}_knee"] = _seen(knee, 0.48 + lifted / 2, hips, direction, treadmill)
        arm = 0.25 * np.sin(2 * np.pi * phase)
        points[f"{side}_wrist"] = _seen(hips - arm, LEG, hips, direction, treadmill)
        points[f"{side}_elbow"] = _seen(hips - arm / 3, LEG + 0.25, hips, direction, treadmill)
        for number in range(-2, int(seconds / whole) + 3):
            strike = began[side] + number * whole - late
            events.append(Event(strike, side, EventKind.STRIKE, 1.0))
            events.append(Event(strike + STANCE * whole, side, EventKind.OFF, 1.0))
    points["nose"] = _seen(hips + 0.1, LEG + TRUNK + HEAD - 0.03 - bob, hips, direction, treadmill)
    inside = [it for it in sorted(events, key=lambda it: it.t) if 0.0 <= it.t <= times[-1]]
    return Walk(Track(times, points, SIZE, "formula"), tuple(inside))


def _swung(share: np.ndarray) -> np.ndarray:
    """Return how much of a stride a swing has covered (N,): speed up for a quarter, even, slow down for a quarter."""
    top = 1 / 0.75
    return np.where(
        share < 0.25,
        top * share**2 / 0.5,
        np.where(share < 0.75, top * (share - 0.125), 1 - top * (1 - share) ** 2 / 0.5),
    )


def _seen(
    along: np.ndarray, over: float | np.ndarray, hips: np.ndarray, way: int, treadmill: bool
) -> np.ndarray:
    """Return the pixels (N, 3) of a place so far along the walk and so high over the floor."""
    middle = hips if treadmill else np.full(len(hips), hips.mean())
    across = SIZE[0] / 2 + way * METRE * (along - middle)
    return np.column_stack([across, 600 - METRE * np.broadcast_to(over, len(hips)), np.ones(len(hips))])


def true_walk(name: str) -> Walk:
    """Given a clip's name, return its true joints as a track, and its events."""
    truth = json.loads((CLIPS / f"{name}.json").read_text(encoding="utf-8"))
    times = np.array([frame["t"] for frame in truth["frames"]])
    places = np.array([frame["uv"] for frame in truth["frames"]])
    points = {
        joint.replace("foot_index", "big_toe"): np.column_stack([places[:, place], np.ones(len(times))])
        for place, joint in enumerate(truth["joints"])
    }
    kinds = ((EventKind.STRIKE, "heel_strikes"), (EventKind.OFF, "toe_offs"))
    events = [Event(it["t"], Side(it["foot"]), kind, 1.0) for kind, key in kinds for it in truth[key]]
    width, height = truth["size"]
    return Walk(Track(times, points, (width, height), "truth"), tuple(sorted(events, key=lambda it: it.t)))


def mirrored(walk: Walk) -> Walk:
    """The same seen in a mirror: to the other side, left and right exchanged."""

    def other(name: str) -> str:
        side, _, part = name.partition("_")
        return f"{Side(side).other}_{part}" if side in tuple(Side) else name

    width = walk.track.size[0]
    points = {
        other(name): np.column_stack([width - 1 - array[:, 0], array[:, 1:]])
        for name, array in walk.track.points.items()
    }
    events = tuple(replace(it, side=it.side.other) for it in walk.events)
    return Walk(replace(walk.track, points=points, world={}), events)


def retimed(walk: Walk, warp: Callable[[np.ndarray], np.ndarray]) -> Walk:
    """The same at other times: faster, slower, one step longer than the other."""
    events = tuple(replace(it, t=float(warp(np.array(it.t)))) for it in walk.events)
    return Walk(replace(walk.track, times=warp(walk.track.times)), events)


def limping(share: float, strike: float = 0.162, stride: float = 1.08) -> Callable[[np.ndarray], np.ndarray]:
    """Return a warp of the clips' time that makes right steps longer by a share and left steps shorter by it.

    strike: of the right foot; the left step follows it.
    """

    def warp(times: np.ndarray) -> np.ndarray:
        strides, phase = np.divmod((times - strike) / stride, 1.0)
        half = np.minimum(phase, 0.5) * (1 - share) + np.maximum(phase - 0.5, 0.0) * (1 + share)
        return strike + (strides + half) * stride

    return warp


def with_points(walk: Walk, change: Callable[[str, np.ndarray], np.ndarray]) -> Walk:
    """The same with every point changed: (name, (N, 3)) -> (N, 3)."""
    points = {name: change(name, array.copy()) for name, array in walk.track.points.items()}
    return replace(walk, track=replace(walk.track, points=points))


def shaken(walk: Walk, pixels: float, seed: int = 0) -> Walk:
    """The same with noise of so many pixels on every point of every frame."""
    chance = np.random.default_rng(seed)

    def shake(_: str, array: np.ndarray) -> np.ndarray:
        array[:, :2] += chance.normal(0, pixels, (len(array), 2))
        return array

    return with_points(walk, shake)


def with_legs_exchanged(walk: Walk, frames: np.ndarray) -> Walk:
    """The same with the legs exchanged in some frames (N,) bool."""
    return replace(walk, track=replace(walk.track, points=exchanged(walk.track.points, frames)))


def cut(walk: Walk, frames: slice) -> Walk:
    """A part of it; times count from its first frame."""
    track = walk.track
    times, points = track.times[frames], {name: array[frames] for name, array in track.points.items()}
    world = {name: array[frames] for name, array in track.world.items()}
    events = [replace(it, t=it.t - times[0]) for it in walk.events if times[0] <= it.t <= times[-1]]
    return Walk(replace(track, times=times - times[0], points=points, world=world), tuple(events))


@dataclass(frozen=True, slots=True)
class Match:
    """found - true in seconds of each event that was found; the true ones that were not, the found ones too many."""

    off: np.ndarray
    missed: tuple[Event, ...]
    extra: tuple[Event, ...]

    @property
    def bias(self) -> float:
        return float(self.off.mean())

    @property
    def sd(self) -> float:
        return float(self.off.std())


def matched(
    found: Sequence[Event],
    walk: Walk,
    kind: EventKind,
    *,
    within: tuple[float, float],
    tolerance: float = 0.1,
) -> Match:
    """Given the events found, return how those of a kind match the true ones, one by one and on the same foot.

    within: seconds between which every true event must be found; one outside may be found, and is no extra one.
    """
    left = [it for it in found if it.kind is kind]
    off, missed = [], []
    for true in (it for it in walk.events if it.kind is kind):
        near = [it for it in left if it.side is true.side and abs(it.t - true.t) <= tolerance]
        if near:
            best = min(near, key=lambda it: abs(it.t - true.t))
            left.remove(best)
            off.append(best.t - true.t)
        elif within[0] <= true.t <= within[1]:
            missed.append(true)
    return Match(np.array(off), tuple(missed), tuple(left))


def known(number: float | None) -> float:
    """A number that must be there."""
    assert number is not None
    return number
