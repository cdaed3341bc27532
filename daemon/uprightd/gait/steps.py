"""Events made into steps and strides, with their lengths on the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from uprightd.gait.angles import joint_angles
from uprightd.gait.course import Course
from uprightd.gait.model import Cycle, Event, Scale, Side, Step
from uprightd.gait.motion import Motion
from uprightd.gait.order import offs_of, strikes_of
from uprightd.gait.signals import at

FLAT = (0.15, 0.35)
"""Shares of the stride after a strike in which that foot rests on the floor, whole and still."""
STEP_SHARE = (0.2, 0.8)
"""Shares of a stride between the strikes of two feet that are one step, whatever limp."""
STRIDE_SHARE = (0.6, 1.5)
"""Of the usual stride: longer means a strike was missed."""
SAMPLES = 101


def steps_of(
    events: Sequence[Event], motion: Motion, course: Course, stride: float, scale: Scale | None
) -> list[Step]:
    """Given the events by time, the stride in seconds and the scale (None: lengths are not known), return the steps."""
    strikes = strikes_of(events)
    stride = stride or _usual(strikes)
    places = _footprints(strikes, motion, course, stride, scale) if scale else [None] * len(strikes)
    steps = []
    for number, strike in enumerate(strikes):
        step = Step(number + 1, strike.side, strike.t, strike.confidence)
        before = strikes[number - 1] if number else None
        if before and before.side is not strike.side and _within(strike.t - before.t, stride, STEP_SHARE):
            step = replace(
                step,
                step_time=strike.t - before.t,
                step_length=_between(places[number - 1], places[number]),
                confidence=min(before.confidence, strike.confidence),
            )
        steps.append(_with_stride(step, number, strikes, places, events, stride))
    return steps


def _with_stride(
    step: Step,
    number: int,
    strikes: Sequence[Event],
    places: Sequence[float | None],
    events: Sequence[Event],
    stride: float,
) -> Step:
    """Return a step with what follows its strike: double support, stance, swing, and the stride."""
    again = next((it for it in range(number + 1, len(strikes)) if strikes[it].side is step.side), None)
    off = next((it.t for it in offs_of(events, step.side) if it.t > step.strike), None)
    other = next((it.t for it in offs_of(events, step.side.other) if it.t > step.strike), None)
    if again is not None and not _within(strikes[again].t - step.strike, stride, STRIDE_SHARE):
        again = None
    if off is not None and not 0.3 * stride <= off - step.strike <= 0.9 * stride:
        off = None
    if other is not None and other - step.strike > 0.4 * stride:
        other = None
    if again is None:
        return replace(
            step,
            stance_time=None if off is None else off - step.strike,
            double_support_time=None if other is None else other - step.strike,
        )
    seconds, length = strikes[again].t - step.strike, _between(places[number], places[again])
    return replace(
        step,
        stride_time=seconds,
        stance_time=None if off is None else off - step.strike,
        swing_time=None if off is None else strikes[again].t - off,
        double_support_time=None if other is None else other - step.strike,
        stride_length=length,
        speed=None if length is None else length / seconds,
    )


def cycles_of(steps: Sequence[Step], motion: Motion, course: Course) -> list[Cycle]:
    """Given the steps of a walk seen from the side, return each stride's joint angles over 0-100 %."""
    angles = joint_angles(motion.xy, course.direction)
    cycles = []
    for step in (it for it in steps if it.stride_time is not None):
        end = step.strike + (step.stride_time or 0.0)
        times = np.linspace(step.strike, end, SAMPLES)
        curves = {
            name.removeprefix(f"{step.side}_"): at(motion.grid, angle, times)
            for name, angle in angles.items()
            if name.startswith(f"{step.side}_") or name == "trunk_lean"
        }
        off = None if step.stance_time is None else step.strike + step.stance_time
        cycles.append(Cycle(step.side, step.strike, end, off, curves))
    return cycles


def _footprints(
    strikes: Sequence[Event], motion: Motion, course: Course, stride: float, scale: Scale
) -> list[float | None]:
    """Return where each strike's foot stands, metres along the walk.

    The feet walk on two lines at different distances from the camera, so that the far one covers fewer pixels. Both
    cover the same ground: each foot's pixels about the picture's middle are brought to the mean of the two.
    """
    middle = motion.size[0] / 2
    belt = 0.0 if course.travels else _belt(strikes, motion, course, stride)
    stood = [_stood(strike, motion, course, stride, belt) for strike in strikes]
    strides = {side: _stride_pixels(strikes, stood, side, stride) for side in Side}
    both = [it for it in strides.values() if it]
    factor = {
        side: (float(np.mean(both)) / it if it and len(both) == 2 else 1.0) for side, it in strides.items()
    }
    centre = course.direction * middle
    return [
        None if x is None else (x - centre) * factor[strike.side] * scale.metres_per_pixel
        for strike, x in zip(strikes, stood, strict=True)
    ]


def _resting(strike: Event, motion: Motion, course: Course, stride: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the times in which a strike's foot rests on the floor and where it is then, pixels along the walk."""
    begin, end = (strike.t + share * stride for share in FLAT)
    inside = (motion.grid >= begin) & (motion.grid <= end)
    name = f"{strike.side}_heel" if f"{strike.side}_heel" in motion.xy else f"{strike.side}_ankle"
    along = course.direction * motion.xy[name][inside, 0]
    known = np.isfinite(along)
    return motion.grid[inside][known], along[known]


def _belt(strikes: Sequence[Event], motion: Motion, course: Course, stride: float) -> float:
    """Return the speed at which a treadmill takes the resting feet back, pixels per second."""
    speeds = [
        -float(np.polynomial.polynomial.polyfit(times - times[0], along, 1)[1])
        for times, along in (_resting(it, motion, course, stride) for it in strikes)
        if len(times) > 3
    ]
    return float(np.median(speeds)) if speeds else 0.0


def _stood(strike: Event, motion: Motion, course: Course, stride: float, belt: float) -> float | None:
    """Return where the foot of a strike stands on the floor or the belt, pixels along the walk; None if not seen."""
    times, along = _resting(strike, motion, course, stride)
    return float(np.median(along + belt * times)) if len(times) > 3 else None


def _stride_pixels(
    strikes: Sequence[Event], stood: Sequence[float | None], side: Side, stride: float
) -> float | None:
    mine = [(it.t, x) for it, x in zip(strikes, stood, strict=True) if it.side is side and x is not None]
    ways = [abs(b[1] - a[1]) for a, b in pairwise(mine) if _within(b[0] - a[0], stride, STRIDE_SHARE)]
    return float(np.mean(ways)) if len(ways) >= 2 else None


def _between(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else other - one


def _within(seconds: float, stride: float, share: tuple[float, float]) -> bool:
    return share[0] * stride <= seconds <= share[1] * stride


def _usual(strikes: Sequence[Event]) -> float:
    """Return the stride by the strikes themselves, where the legs told no rhythm; seconds."""
    gaps = np.diff([it.t for it in strikes])
    return 2 * float(np.median(gaps)) if gaps.size else 1.1
