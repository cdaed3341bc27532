"""Times, lengths, symmetry and variability of a walk: each number with its error, or the reason why it is not there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from uprightd.gait.model import Parameter, Side, Step
from uprightd.gait.precision import CONFIDENT, FEWEST_STEPS, Precision, Terms, mean_of, refused

SIDE_BIAS = 0.006
"""Seconds by which the two legs' events may be biased against each other: the far leg is half hidden."""
OFF_ERROR = 0.015
"""Seconds, rms of a toe-off with its bias (4-14 ms late on clips with exact joints)."""
STEP_LENGTH_ERROR = 0.049
"""Metres, of one step (Stenum et al. 2021: mean absolute error 0.049 m a step, 0.018 m a person)."""
STRIDE_LENGTH_ERROR = 0.03
SPEED_ERROR = 0.04
LEAST_TIME, LEAST_CADENCE, LEAST_LENGTH, LEAST_SPEED = 0.02, 2.0, 0.03, 0.05
"""The smallest change one camera may claim, however many steps: Stenum et al. 2021 (0.01-0.02 s, 0.018 m a person,
speed under 0.10 m/s)."""
REPEATED_LENGTH = 0.015
"""Relative rms by which a length differs between two recordings of one walk: another camera place, another scale."""
FEWEST_FOR_SPREAD = 6
"""Steps or strides under which a coefficient of variation is a throw of dice."""

Of = Callable[[Step], float | None]


def _step_time(step: Step) -> float | None:
    return step.step_time


def _stride_time(step: Step) -> float | None:
    return step.stride_time


def _stance_time(step: Step) -> float | None:
    return step.stance_time


def _swing_time(step: Step) -> float | None:
    return step.swing_time


def temporal_and_spatial(steps: Sequence[Step], terms: Terms) -> dict[str, Parameter]:
    """Given the steps and the terms, return cadence, times, lengths, speed, symmetry and variability by name."""
    few = None
    if len(steps) < FEWEST_STEPS:
        few = f"only {len(steps)} steps seen, {FEWEST_STEPS} are needed"
    parts = [_cadence(steps, terms, few), *_times(steps, terms, few), *_shares(steps, terms, few)]
    parts += _lengths(steps, terms, few)
    found = {it.name: it for it in parts}
    parts += _symmetries(found, terms)
    parts += [_variability("step_time", _step_time, steps, terms, few)]
    parts += [_variability("stride_time", _stride_time, steps, terms, few)]
    return {it.name: it for it in parts}


def _cadence(steps: Sequence[Step], terms: Terms, few: str | None) -> Parameter:
    """60 over the mean step time."""
    times = [step.step_time for step in steps if step.step_time is not None]
    if few or not times:
        return refused("cadence", "steps/min", few or "no two steps in a row", len(times))
    mean = float(np.mean(times))
    # Within a run of steps each strike ends one and begins the next: only the outer two count for the mean.
    error = 60 / mean**2 * math.sqrt(2) * terms.event_error / len(times)
    sd = float(np.std([60 / it for it in times], ddof=1)) if len(times) > 1 else None
    random = max(error, (sd or 0.0) / math.sqrt(len(times)))
    return Parameter(
        "cadence", 60 / mean, sd, max(CONFIDENT * random, LEAST_CADENCE), error, "steps/min", None, len(times)
    )


def _between_strikes(terms: Terms) -> Precision:
    return Precision(math.sqrt(2) * terms.event_error, LEAST_TIME)


def _to_toe_off(terms: Terms) -> Precision:
    return Precision(math.hypot(terms.event_error, OFF_ERROR / 2), LEAST_TIME, OFF_ERROR, SIDE_BIAS)


def _times(steps: Sequence[Step], terms: Terms, few: str | None) -> Iterable[Parameter]:
    between, off = _between_strikes(terms), _to_toe_off(terms)
    sided = Precision(between.single, between.least, SIDE_BIAS, SIDE_BIAS)
    no_off = few or terms.offs
    rows: tuple[tuple[str, Of, str | None, Precision, Precision], ...] = (
        ("stride_time", _stride_time, few, between, between),
        ("step_time", _step_time, few, between, sided),
        ("stance", _stance_time, no_off, off, off),
        ("swing", _swing_time, no_off, off, off),
    )
    for name, of, reason, both, one in rows:
        yield mean_of(name, "s", map(of, steps), both, reason)
        for side in Side:
            yield mean_of(f"{name}_{side}", "s", (of(it) for it in steps if it.side is side), one, reason)
    yield mean_of("double_support", "s", (it.double_support_time for it in steps), off, no_off)


def _shares(steps: Sequence[Step], terms: Terms, few: str | None) -> Iterable[Parameter]:
    """Stance, swing and double support as per cent of the stride."""
    reason = few or terms.offs
    strides = [it.stride_time for it in steps if it.stride_time is not None]
    precision = _to_toe_off(terms).scaled(100 / float(np.mean(strides)) if strides else 100.0)
    for name, of in (("stance", _stance_time), ("swing", _swing_time)):
        for side in Side:
            mine = (_percent(of(it), it.stride_time) for it in steps if it.side is side)
            yield mean_of(f"{name}_percent_{side}", "%", mine, precision, reason)
    # A stride has two double supports: one at this foot's strike, one at the other's.
    both = (_percent(it.double_support_time, it.stride_time, 2) for it in steps)
    yield mean_of("double_support_percent", "%", both, precision.scaled(2), reason)


def _lengths(steps: Sequence[Step], terms: Terms, few: str | None) -> Iterable[Parameter]:
    reason = terms.spatial or few
    relative = math.hypot(terms.scale.relative_error if terms.scale else 0.0, terms.lateral)
    rows: tuple[tuple[str, Of, str, float, float, tuple[Side | None, ...]], ...] = (
        ("step_length", lambda it: it.step_length, "m", STEP_LENGTH_ERROR, LEAST_LENGTH, (None, *Side)),
        ("stride_length", lambda it: it.stride_length, "m", STRIDE_LENGTH_ERROR, LEAST_LENGTH, (None, *Side)),
        ("speed", lambda it: it.speed, "m/s", SPEED_ERROR, LEAST_SPEED, (None,)),
    )
    for name, of, unit, single, least, sides in rows:
        for side in sides:
            mine = [value for it in steps if side in (None, it.side) and (value := of(it)) is not None]
            mean = abs(float(np.mean(mine))) if mine else 0.0
            precision = Precision(single, least, relative * mean, REPEATED_LENGTH * mean)
            yield mean_of(f"{name}_{side}" if side else name, unit, mine, precision, reason)


def _symmetries(found: Mapping[str, Parameter], terms: Terms) -> Iterable[Parameter]:
    """Right minus left, and Robinson's index |R - L| / (0.5 (R + L)) x 100."""
    for name in ("step_time", "stance", "swing", "step_length"):
        left, right = found[f"{name}_left"], found[f"{name}_right"]
        if left.value is None or right.value is None or left.value + right.value <= 0:
            reason = left.reason or right.reason or "one side is unknown"
            yield refused(f"{name}_difference", left.unit, reason)
            yield refused(f"{name}_symmetry_index", "%", reason)
            continue
        # What all values share (scale, a method's bias) cancels between the sides; what tells them apart does not.
        timed = left.unit == "s"
        single = math.sqrt(2) * terms.event_error if timed else STEP_LENGTH_ERROR
        error = math.hypot(
            single / math.sqrt(left.count), single / math.sqrt(right.count), 2 * SIDE_BIAS if timed else 0.0
        )
        mdc = max(CONFIDENT * error, 1.5 * (LEAST_TIME if timed else LEAST_LENGTH))
        value, percent = right.value - left.value, 200 / (left.value + right.value)
        count = min(left.count, right.count)
        yield Parameter(f"{name}_difference", value, None, mdc, error, left.unit, None, count)
        yield Parameter(
            f"{name}_symmetry_index",
            percent * abs(value),
            None,
            percent * mdc,
            percent * error,
            "%",
            None,
            count,
        )


def _variability(name: str, of: Of, steps: Sequence[Step], terms: Terms, few: str | None) -> Parameter:
    """SD over mean, per cent. The scatter of the events themselves is in it and is its error."""
    values = [value for it in steps if (value := of(it)) is not None]
    if few or terms.spread or len(values) < FEWEST_FOR_SPREAD:
        reason = (
            few or terms.spread or f"only {len(values)} in a row, {FEWEST_FOR_SPREAD} are needed for a spread"
        )
        return refused(f"{name}_cv", "%", reason, len(values))
    mean, sd = float(np.mean(values)), float(np.std(values, ddof=1))
    noise = 100 * math.sqrt(2) * terms.event_error / mean
    return Parameter(f"{name}_cv", 100 * sd / mean, None, CONFIDENT * noise, noise, "%", None, len(values))


def _percent(part: float | None, whole: float | None, times: float = 1.0) -> float | None:
    return None if part is None or not whole else 100 * times * part / whole
