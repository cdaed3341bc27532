"""What the body does while it walks: sway and lean of the trunk, swing of the arms, ranges of the joints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from uprightd.gait.angles import JOINTS, joint_angles, lean_sign, trunk_lean
from uprightd.gait.course import Course
from uprightd.gait.model import Cycle, Parameter, Side, Step
from uprightd.gait.motion import Motion
from uprightd.gait.precision import CONFIDENT, Precision, mean_of, refused
from uprightd.gait.scale import LEGS
from uprightd.gait.signals import RATE, low_pass

JOINT_ERROR = {"hip": 4.0, "knee": 5.6, "ankle": 7.4}
"""Degrees, mean absolute error of joint angles from one camera at the side (Stenum et al. 2021)."""
LEAST_ANGLE = 5.0
"""Degrees: a smaller change of a joint's range, a lean or an arm's swing is within one camera's noise."""
LEAN = Precision(single=2.0, least=LEAST_ANGLE, systematic=4.0, repeat=1.5)
"""A mean lean: hip and shoulder marks of a pose model lie up to some degrees off the joints, the same way each time."""
LEAN_RANGE = Precision(single=2.0, least=2.0, systematic=1.5, repeat=1.0)
SWAY = Precision(single=0.3, least=0.5)
"""Per cent of the body's height."""
ARM = Precision(single=5.0, least=LEAST_ANGLE, systematic=2.5, repeat=1.5)
NO_ANGLES = "bending is not seen from there: film from the side"


def of_the_body(
    motion: Motion, course: Course, cycles: Sequence[Cycle], steps: Sequence[Step], refusal: str | None
) -> dict[str, Parameter]:
    """Given a motion, its course, cycles and steps, and why there are no joint angles (None where there are), return
    the parameters of trunk, head, arms and joints by name."""
    strides = list(_strides(steps))
    found = [
        *_trunk(motion, course, strides),
        *_sways(motion, course, strides),
        *_ranges(cycles, refusal),
        *_arms(motion, course, strides, refusal),
    ]
    return {it.name: it for it in found}


def _trunk(motion: Motion, course: Course, strides: Sequence[tuple[float, float]]) -> Iterable[Parameter]:
    """trunk_lean: mean over the walk. trunk_lean_range: highest minus lowest within a stride."""
    lean = trunk_lean(motion.xy, lean_sign(course))
    walking = lean[(motion.grid >= course.begin) & (motion.grid <= course.end)]
    known = walking[np.isfinite(walking)]
    yield mean_of("trunk_lean", "deg", [float(known.mean())] if known.size else [], LEAN)
    swinging = _harmonics(lean, strides)
    yield mean_of(
        "trunk_lean_range", "deg", (_span(motion.grid, swinging, *it) for it in strides), LEAN_RANGE
    )


def _harmonics(values: np.ndarray, strides: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return values without what is faster than the third harmonic of the stride: a trunk is heavy, and the jitter of
    its marks would widen every range."""
    if not strides:
        return values
    cutoff = 3.5 / float(np.median([end - begin for begin, end in strides]))
    smooth = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        smooth[run] = low_pass(values[run], RATE, cutoff)
    return smooth


def _sways(motion: Motion, course: Course, strides: Sequence[tuple[float, float]]) -> Iterable[Parameter]:
    """Root mean square of what mid-shoulder and nose move within a stride about their way, per cent of body height:
    sideways from the front and from behind, up and down from the side."""
    axis = 1 if course.direction else 0
    height = motion.leg / LEGS
    for name, places in (("trunk_sway", motion.middle("shoulder")), ("head_sway", motion.xy.get("nose"))):
        moved = None if places is None else _about_the_way(places[:, axis], motion.grid, course, strides)
        if moved is None:
            yield refused(name, "%", "not seen for a whole stride")
            continue
        yield mean_of(name, "%", (_rms(motion.grid, moved, *it, height) for it in strides), SWAY)


def _ranges(cycles: Sequence[Cycle], refusal: str | None) -> Iterable[Parameter]:
    """Highest minus lowest of each joint's angle within a stride."""
    for joint in JOINTS:
        precision = Precision(JOINT_ERROR[joint], LEAST_ANGLE, JOINT_ERROR[joint] / 2, 1.5)
        for side in Side:
            curves = [
                it.curves[name]
                for it in cycles
                if it.side is side and (name := f"{joint}_angle") in it.curves
            ]
            spans = [float(np.ptp(it)) for it in curves if np.isfinite(it).all()]
            yield mean_of(f"{joint}_range_{side}", "deg", spans, precision, refusal)


def _arms(
    motion: Motion, course: Course, strides: Sequence[tuple[float, float]], refusal: str | None
) -> Iterable[Parameter]:
    """How far the line from shoulder to wrist swings within a stride, and Robinson's index of the two arms."""
    seen = {f"{side}_wrist" for side in Side} <= motion.xy.keys()
    angles = joint_angles(motion.xy, course.direction) if seen and refusal is None else {}
    found: dict[Side, Parameter] = {}
    for side in Side:
        arm = angles.get(f"{side}_arm_angle")
        swings = [] if arm is None else [_span(motion.grid, arm, *it) for it in strides]
        found[side] = mean_of(f"arm_swing_{side}", "deg", swings, ARM, refusal)
    yield from found.values()
    yield _arm_symmetry(found)


def _arm_symmetry(found: Mapping[Side, Parameter]) -> Parameter:
    name, left, right = "arm_swing_symmetry_index", found[Side.LEFT], found[Side.RIGHT]
    if left.value is None or right.value is None or left.value + right.value <= 0:
        return refused(name, "%", left.reason or right.reason or "the arms do not swing")
    percent = 200 / (left.value + right.value)
    error = percent * float(np.hypot(left.error or 0.0, right.error or 0.0))
    count = min(left.count, right.count)
    value = percent * abs(right.value - left.value)
    return Parameter(name, value, None, CONFIDENT * error, error, "%", None, count)


def _strides(steps: Sequence[Step]) -> Iterator[tuple[float, float]]:
    """Yield begin and end of every stride, of either side."""
    for step in steps:
        if step.stride_time is not None:
            yield step.strike, step.strike + step.stride_time


def _within(grid: np.ndarray, values: np.ndarray, begin: float, end: float) -> np.ndarray | None:
    """Return the values of a stride; None where some of them are unknown."""
    part = values[(grid >= begin) & (grid <= end)]
    return part if part.size and np.isfinite(part).all() else None


def _span(grid: np.ndarray, values: np.ndarray, begin: float, end: float) -> float | None:
    part = _within(grid, values, begin, end)
    return None if part is None else float(np.ptp(part))


def _rms(grid: np.ndarray, values: np.ndarray, begin: float, end: float, height: float) -> float | None:
    part = _within(grid, values, begin, end)
    return None if part is None else 100 * float(np.std(part)) / height


def _about_the_way(
    values: np.ndarray, grid: np.ndarray, course: Course, strides: Sequence[tuple[float, float]]
) -> np.ndarray | None:
    """Return values without what is slower than a stride: the way itself. None without a stride."""
    known = np.flatnonzero(np.isfinite(values) & (grid >= course.begin) & (grid <= course.end))
    if not strides or not known.size:
        return None
    usual = float(np.median([end - begin for begin, end in strides]))
    moved = np.full(len(values), np.nan)
    for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
        if len(run) > usual * RATE:
            moved[run] = values[run] - low_pass(values[run], RATE, 0.5 / usual)
    return moved
