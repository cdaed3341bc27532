"""What must hold for every body and every timeline: geometry, no wrong number silently, no time out of nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.fakes.body import FRONT, NOW, OPTICS, Places, mirrored, moved, pose, scene, swapped, turned

from uprightd.calibration.baseline import averaged
from uprightd.domain import (
    COCO_17,
    FACE,
    FEET,
    PROFILE,
    Alert,
    Box,
    Instant,
    Keypoint,
    Pose,
    Posture,
    Reading,
    Reason,
    Severity,
    Value,
    View,
    unknown,
)
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.geometry import Point, signed_angle_to_vertical
from uprightd.metrics.model import FACING
from uprightd.metrics.plane import JOINTS, POSTURE
from uprightd.metrics.reading import Terms, read_pose, read_sight, sight_of
from uprightd.rules.engine import FORGET_AFTER, RuleEngine, base_metric
from uprightd.rules.model import Operator, Rule

NAMES = (*COCO_17, *FEET)
SIDE = 4096
"""Width and height of the picture; bodies lie in its middle half, so that every move keeps them in sight."""
CLOSE = 1e-6

unhurried = settings(deadline=None)
thorough = settings(deadline=None, max_examples=300)

PLANE = [metric.name for metric in (*POSTURE, *JOINTS)]
ANGLES_OF_JOINTS = {metric.name for metric in JOINTS}
TURNING_WITH_THE_MIRROR = {"trunk_lean_signed", "shoulder_tilt", "hip_tilt", "head_x", "stride_asymmetry"}
MIRRORED_VIEW = {View.SAGITTAL_LEFT: View.SAGITTAL_RIGHT, View.SAGITTAL_RIGHT: View.SAGITTAL_LEFT}
RANGES = {
    "neck_flexion": (0, 180),
    "trunk_lean": (-180, 180),
    "trunk_lean_signed": (-180, 180),
    "shoulder_tilt": (-90, 90),
    "hip_tilt": (-90, 90),
    "head_x": (-1, 1),
    "stride_asymmetry": (-1, 1),
    "head_pitch": (-180, 180),
    "head_yaw": (-180, 180),
    "head_roll": (-180, 180),
    "head_drop": (-math.inf, math.inf),
    "forward_head": (-1, math.inf),
    "screen_distance": (0, math.inf),
    "screen_distance_cm": (0, 200),
    "lateral_lean": (-90, 90),
    "trunk_lean_3d": (-180, 180),
    "neck_flexion_3d": (-180, 180),
    "rula_neck": (1, 6),
    "rula_trunk": (1, 5),
    "reba_neck": (1, 3),
    "reba_trunk": (1, 5),
    **dict.fromkeys(ANGLES_OF_JOINTS, (0, 180)),
    **{name: (1, 6) for name, metric in METRICS.items() if metric.unit == "score"},
}

quarters = st.integers(SIDE, 3 * SIDE).map(lambda number: number / 4)
"""Coordinates in quarter pixels: sums, differences and halves of them are exact."""
any_body = st.fixed_dictionaries({name: st.tuples(quarters, quarters) for name in NAMES})
upright_body = st.tuples(st.floats(0.2, 1.0), st.integers(0, 2**32)).map(lambda drawn: jittered(*drawn))
bodies = st.one_of(any_body, upright_body)


def jittered(share: float, seed: int) -> Places:
    """A body as people stand, turned about its axis by some amount, every point off by a few pixels."""
    rng = random.Random(seed)

    def place(x: float, y: float) -> tuple[float, float]:
        across = 2048 + (x - 320) * share * 2 + rng.randint(-32, 32) / 4
        return round(across * 4) / 4, 1100 + y + rng.randint(-32, 32) / 4

    return moved(FRONT, place)


def reading_of(places: Places, side: float = SIDE) -> Reading:
    return read_pose(pose(places), (side, side), NOW)  # type: ignore[arg-type]


def same(found: Value, expected: Value, turns: bool) -> bool:
    """Whether two values agree; angles that turn all the way round agree modulo 360°."""
    if not (found.known and expected.known):
        return found.reason == expected.reason
    off = abs(found.number - expected.number)
    return off < CLOSE or (turns and abs(off - 360) < CLOSE)


# ---- metrics: geometry ------------------------------------------------------------------------------------


@unhurried
@given(bodies)
def test_the_mirror_image_swaps_the_sides_and_turns_the_signs(places: Places) -> None:
    nose, ears = places["nose"][0], (places["left_ear"][0] + places["right_ear"][0]) / 2
    assume(nose != ears)  # a face that looks neither way has no side
    before, after = reading_of(places), reading_of(mirrored(places, SIDE))
    assert after.view is MIRRORED_VIEW.get(before.view, before.view)
    for name, value in before.values.items():
        sign = -1 if name in TURNING_WITH_THE_MIRROR else 1
        expected = Value(sign * value.number) if value.known else value
        found = after.values[swapped(name)]
        assert same(found, expected, turns=name == "trunk_lean_signed"), (name, found, expected)


@unhurried
@given(bodies)
def test_seen_from_behind_everybody_leans_and_tilts_as_before(places: Places) -> None:
    """From behind, left and right change places in the picture and keep their names."""
    behind = moved(places, lambda x, y: (SIDE - x, y))
    assume(measurable_lean(places))
    for name in set(PLANE) - {"head_x"}:
        before, after = measured(name, places), measured(name, behind)
        off = abs(before - after)
        assert off < CLOSE or abs(off - 360) < CLOSE or (math.isnan(before) and math.isnan(after)), name


def measurable_lean(places: Places) -> bool:
    """Whether the body shows the camera more of its front or back than nothing."""
    return sum(places[f"right_{part}"][0] - places[f"left_{part}"][0] for part in ("shoulder", "hip")) != 0


@unhurried
@given(bodies, st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_where_somebody_is_in_the_picture_changes_nothing(places: Places, right: int, down: int) -> None:
    before, after = reading_of(places), reading_of(moved(places, lambda x, y: (x + right, y + down)))
    assert after.view is before.view
    for name, value in before.values.items():
        assert same(after.values[name], value, turns=False), name


@unhurried
@given(bodies, st.sampled_from([0.125, 0.5, 2.0, 8.0]))
def test_the_scale_of_the_picture_changes_nothing(places: Places, scale: float) -> None:
    scaled = moved(places, lambda x, y: (x * scale, y * scale))
    before, after = reading_of(places), reading_of(scaled, SIDE * scale)
    assert after.view is before.view
    for name, value in before.values.items():
        assert same(after.values[name], value, turns=False), name


def measured(name: str, places: Places) -> float:
    return METRICS[name].measure(replace(scene(places), size=(SIDE, SIDE)))


def wide(places: Places, *pairs: tuple[str, str]) -> bool:
    """Whether each pair of points is far enough apart for rounding not to matter."""
    return all(math.dist(places[a], places[b]) > 1 for a, b in pairs)


def middle(places: Places, part: str) -> Point:
    (ax, ay), (bx, by) = places[f"left_{part}"], places[f"right_{part}"]
    return Point((ax + bx) / 2, (ay + by) / 2)


@unhurried
@given(any_body, st.floats(-180, 180))
def test_turning_the_picture_leaves_the_joints_alone(places: Places, degrees: float) -> None:
    after = turned(places, degrees, (SIDE / 2, SIDE / 2))
    for name in ANGLES_OF_JOINTS:
        a, b, c = METRICS[name].keypoints
        if wide(places, (a, b), (b, c)):
            assert measured(name, after) == pytest.approx(measured(name, places), abs=1e-5), name


@unhurried
@given(any_body, st.floats(-180, 180))
def test_turning_the_picture_turns_the_axes_by_as_much(places: Places, degrees: float) -> None:
    after = turned(places, degrees, (SIDE / 2, SIDE / 2))
    for name, low, high in (("neck_flexion", "shoulder", "nose"), ("trunk_lean", "hip", "shoulder")):
        foot, head = middle(places, low), Point(*places["nose"]) if high == "nose" else middle(places, high)
        if math.dist(foot, head) > 1:
            expected = abs(math.remainder(signed_angle_to_vertical(foot, head) + degrees, 360))
            assert measured(name, after) == pytest.approx(expected, abs=1e-5), name


@unhurried
@given(any_body, st.floats(-180, 180), st.sampled_from(["shoulder", "hip"]))
def test_turning_the_picture_turns_a_tilt_until_the_sides_change_over(
    places: Places, degrees: float, part: str
) -> None:
    after = turned(places, degrees, (SIDE / 2, SIDE / 2))
    left, right = f"left_{part}", f"right_{part}"
    before_dx, after_dx = places[right][0] - places[left][0], after[right][0] - after[left][0]
    assume(min(abs(before_dx), abs(after_dx)) > 1)
    line = math.atan2(places[right][1] - places[left][1], before_dx)
    turned_line = line + math.radians(degrees)
    expected = math.degrees(math.asin(math.sin(turned_line)))
    assert measured(f"{part}_tilt", after) == pytest.approx(expected, abs=1e-5)
    if (before_dx < 0) == (after_dx < 0):
        step = degrees if before_dx > 0 else -degrees
        change = measured(f"{part}_tilt", after) - measured(f"{part}_tilt", places)
        assert math.remainder(change - step, 360) == pytest.approx(0, abs=1e-5)


# ---- metrics: nothing wrong silently ------------------------------------------------------------------------

odd_numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10, 700),
    st.sampled_from([0.0, 320.0, -0.0, math.nan]),
)
odd_scores = st.one_of(st.floats(0, 1), st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.5]))
odd_bodies = st.dictionaries(
    st.sampled_from(NAMES), st.builds(Keypoint, odd_numbers, odd_numbers, odd_scores)
)


def odd_person(seed: int, lost: float, grid: int) -> Pose:
    """A person of random points on a grid, so that on a small one many fall together or on one line.

    `lost` is the share of points that are missing, not finite or too poor, in the picture and in space.
    """
    rng = random.Random(seed)
    keypoints, world = {}, {}
    for name in (*NAMES, *FACE, *PROFILE):
        x, y = (rng.randint(0, grid) * 400 / grid for _ in range(2))
        keypoints[name] = Keypoint(x, y, rng.uniform(0.5, 1))
        world[name] = tuple(rng.randint(-grid, grid) / grid for _ in range(3))
        if rng.random() < lost:
            keypoints[name] = rng.choice(
                [Keypoint(math.nan, y, 0.9), Keypoint(x, y, 0.3), Keypoint(-1, y, 0.9)]
            )
        if rng.random() < lost:
            world[name] = (math.nan, math.inf, 0.0)
    return Pose(keypoints, Box(0, 0, 0, 0), 0.5, "odd", world)  # type: ignore[arg-type]


AT_REST_IN_ANY_BODY = ("head_drop", "lateral_lean", "neck_flexion_3d")
odd_people = st.builds(
    odd_person, st.integers(0, 2**32), st.sampled_from([0.0, 0.01, 0.1, 0.5]), st.sampled_from([1, 2, 9, 400])
)
sizes = st.tuples(st.integers(1, 8000), st.integers(1, 8000))


def judge_all(reading: Reading) -> Posture:
    engine = RuleEngine([rule_on(name) for name in METRICS], pulse=5.0)
    return engine.judge(reading).posture


def rule_on(metric: str, **changes: object) -> Rule:
    fields = {
        "id": metric.replace("(", "-").replace(")", ""),
        "metric": metric,
        "operator": Operator.ABOVE,
        "threshold": 10.0,
        "hold": 0.0,
        "clear": 5.0,
        "cooldown": 0.0,
        "severity": Severity.INFO,
        "message": "{metric} {value} {threshold} {held} {unit}",
    }
    return Rule(**{**fields, **changes})  # type: ignore[arg-type]


@thorough
@given(odd_bodies, sizes, st.floats(0, 1))
def test_no_keypoints_whatever_give_a_wrong_number_silently(
    keypoints: Mapping[str, Keypoint], size: tuple[int, int], min_score: float
) -> None:
    shown = Pose(keypoints, Box(0, 0, 0, 0), 0.5, "odd")
    reading = read_pose(shown, size, NOW, Terms(min_score))
    assert 0 <= reading.confidence <= 1
    check_values(reading, shown, min_score)
    assert not any(value.known for name, value in reading.values.items() if METRICS[name].relative)


def check_values(reading: Reading, shown: Pose, min_score: float) -> None:
    """Every metric has a number within its range that stands on points that are seen, or a reason."""
    assert set(reading.values) == set(METRICS)
    for name, value in reading.values.items():
        metric = METRICS[name]
        assert value.known == math.isfinite(value.number)
        assert value.known == (value.reason is None)
        if value.known:
            low, high = RANGES[name]
            assert low <= value.number <= high, name
            assert all(shown.keypoints[each].score >= min_score for each in metric.needed(reading.view)), name
            assert all(map(math.isfinite, (number for each in metric.places for number in shown.world[each])))
            assert all(shown.keypoints[each].score >= min_score for each in metric.places), name
            assert reading.view in metric.views
    if judge_all(reading) is Posture.POOR:
        assert any(value.known for value in reading.values.values())


@thorough
@given(
    odd_people, odd_people, st.sampled_from(View), st.sampled_from([*View][:4]), st.booleans(), st.booleans()
)
def test_no_calibration_whatever_gives_a_wrong_number_silently(
    shown: Pose, then: Pose, view: View, calibrated_in: View, same_view: bool, same_body: bool
) -> None:
    """Whatever the model saw while calibrating and sees now, in whatever view it is taken for."""
    size, view = (640, 480), calibrated_in if same_view else view
    before = sight_of(shown if same_body else then, size, 0.5)
    upright = averaged([before], calibrated_in, size, "odd", 5.0).scene(size, OPTICS)
    reading = read_sight(shown, sight_of(shown, size, 0.5), view, upright, size, NOW, Terms(optics=OPTICS))
    check_values(reading, shown, 0.5)
    for name, value in reading.values.items():
        if value.known and METRICS[name].relative:
            assert view is calibrated_in or {view, calibrated_in} <= FACING
            assert calibrated_in in METRICS[name].views
            # Random points are no face, so PnP need not find the same turn twice.
            assert not same_body or name not in AT_REST_IN_ANY_BODY or value.number == 0


@unhurried
@given(bodies, st.sets(st.sampled_from(NAMES)))
def test_hiding_keypoints_never_changes_a_number_but_only_takes_it_away(
    places: Places, hidden: set[str]
) -> None:
    whole = reading_of(places)
    rest = reading_of({name: place for name, place in places.items() if name not in hidden})
    for name, value in rest.values.items():
        if hidden & set(METRICS[name].needed(rest.view)):
            wrong_view = rest.view is not View.UNKNOWN and rest.view not in METRICS[name].views
            assert value.reason is (Reason.VIEW if wrong_view else Reason.OCCLUDED)
        if value.known and whole.values[name].known:
            assert value == whole.values[name]


# ---- engine: timelines --------------------------------------------------------------------------------------


class Beat(NamedTuple):
    """One reading to come: seconds after the one before it, and the metric's value (None: unknown)."""

    after: float
    value: float | None


paces = st.one_of(st.integers(0, 8), st.integers(0, 8), st.integers(0, 80)).map(lambda quarters: quarters / 4)
values = st.one_of(st.none(), st.sampled_from([60.0, 60.0, 60.0, 50.0, 47.0, 45.0, 40.0]))
stretches = st.builds(
    lambda value, count, pace: [Beat(pace, value)] * count, values, st.integers(1, 12), paces
)
waves = st.builds(
    lambda bad, value, other, pace: [Beat(pace, 60.0)] * bad + [Beat(pace, value)] * other,
    st.integers(4, 12),
    values,
    st.integers(1, 4),
    st.integers(2, 8).map(lambda quarters: quarters / 4),
)
"""Past the limit for a while, then something else: what makes episodes follow one another."""
timelines = st.lists(st.one_of(stretches, waves), max_size=12).map(
    lambda parts: [beat for part in parts for beat in part]
)
rules = st.builds(
    lambda hold, cooldown, clear, operator: rule_on(
        "neck_flexion", threshold=50.0, hold=hold / 4, cooldown=cooldown / 4, clear=clear, operator=operator
    ),
    st.one_of(st.integers(0, 8), st.integers(0, 8), st.integers(0, 60)),
    st.one_of(st.just(0), st.integers(0, 40), st.integers(0, 200)),
    st.sampled_from([45.0, 47.0, 50.0]),
    st.sampled_from([Operator.ABOVE, Operator.AT_LEAST]),
)
pulses = st.integers(4, 40).map(lambda quarters: quarters / 4)


def readings_of(timeline: list[Beat]) -> list[Reading]:
    at, readings = 0.0, []
    for beat in timeline:
        at += beat.after
        value = unknown(Reason.OCCLUDED) if beat.value is None else Value(beat.value)
        readings.append(
            Reading(Instant(1e9 + at, at), True, View.SAGITTAL_LEFT, {"neck_flexion": value}, confidence=0.9)
        )
    return readings


def alerts_of(rule: Rule, pulse: float, readings: list[Reading]) -> list[Alert]:
    judge = RuleEngine([rule], pulse).judge
    return [alert for reading in readings for alert in judge(reading).alerts]


def past(rule: Rule, reading: Reading) -> bool:
    value = reading.values["neck_flexion"]
    return value.known and rule.operator.holds(value.number, rule.threshold)


def violation_time(rule: Rule, pulse: float, readings: list[Reading], start: float, end: float) -> float:
    """Seconds between neighbouring readings that are both past the limit, no further apart than the pulse."""
    return sum(
        after.at.mono - before.at.mono
        for before, after in pairwise(readings)
        if start <= before.at.mono
        and after.at.mono <= end
        and past(rule, before)
        and past(rule, after)
        and after.at.mono - before.at.mono <= pulse
    )


@thorough
@given(rules, pulses, timelines)
def test_an_alert_is_never_early_and_its_time_was_really_seen(
    rule: Rule, pulse: float, timeline: list[Beat]
) -> None:
    readings = readings_of(timeline)
    for alert in alerts_of(rule, pulse, readings):
        assert alert.held >= rule.hold
        assert alert.held <= alert.at.mono - alert.started.mono
        assert alert.held <= violation_time(rule, pulse, readings, alert.started.mono, alert.at.mono)
        assert rule.operator.holds(alert.value, rule.threshold)


@thorough
@given(rules, pulses, timelines)
def test_alerts_of_a_rule_are_never_closer_than_its_cooldown(
    rule: Rule, pulse: float, timeline: list[Beat]
) -> None:
    for before, after in pairwise(alerts_of(rule, pulse, readings_of(timeline))):
        assert after.at.mono - before.at.mono >= rule.cooldown


@thorough
@given(rules, pulses, timelines)
def test_between_two_alerts_the_episode_has_ended(rule: Rule, pulse: float, timeline: list[Beat]) -> None:
    """Ended: a value at `clear` or better, or nothing past the limit for a long while."""
    readings = readings_of(timeline)
    forgotten = max(FORGET_AFTER, rule.hold, pulse)
    for first, second in pairwise(alerts_of(rule, pulse, readings)):
        between = [r for r in readings if first.at.mono <= r.at.mono <= second.at.mono]
        cleared = any(v.known and v.number <= rule.clear for r in between for v in r.values.values())
        seen = [r.at.mono for r in between if past(rule, r)]
        assert cleared or max(later - earlier for earlier, later in pairwise(seen)) > forgotten


@unhurried
@given(rules, pulses, st.lists(st.integers(0, 16), min_size=2, max_size=60))
def test_a_steady_violation_is_spoken_of_once_as_soon_as_it_is_due(
    rule: Rule, pulse: float, gaps: list[int]
) -> None:
    readings = readings_of([Beat(min(gap / 4, pulse), 60.0) for gap in gaps])
    began = readings[0].at.mono
    due = [reading.at.mono for reading in readings if reading.at.mono - began >= rule.hold]
    assert [alert.at.mono for alert in alerts_of(rule, pulse, readings)] == due[:1]


@unhurried
@given(rules, pulses, timelines, st.data())
def test_what_becomes_unknown_never_brings_an_alert_forward(
    rule: Rule, pulse: float, timeline: list[Beat], data: st.DataObject
) -> None:
    lost = data.draw(st.sets(st.sampled_from(range(len(timeline))))) if timeline else set()
    blind = [beat._replace(value=None) if number in lost else beat for number, beat in enumerate(timeline)]
    for alert in alerts_of(rule, pulse, readings_of(blind)):
        seen = readings_of(blind)
        assert alert.held <= violation_time(rule, pulse, seen, alert.started.mono, alert.at.mono)
    # The first alert rests on nothing but what was seen; good values that were lost may join two violations.
    hidden_bad = [
        beat._replace(value=None) if number in lost and beat.value == 60.0 else beat
        for number, beat in enumerate(timeline)
    ]
    first = [alert.at.mono for alert in alerts_of(rule, pulse, readings_of(timeline))][:1]
    later = [alert.at.mono for alert in alerts_of(rule, pulse, readings_of(hidden_bad))][:1]
    assert not later or (first and first <= later)


@unhurried
@given(rules, pulses, timelines, st.randoms(use_true_random=False))
def test_readings_that_come_late_change_nothing(rule: Rule, pulse: float, timeline: list[Beat], rng) -> None:
    readings = readings_of(timeline)
    rng.shuffle(readings)
    latest, in_order = -math.inf, []
    for reading in readings:
        if reading.at.mono >= latest:
            in_order.append(reading)
            latest = reading.at.mono
    assert alerts_of(rule, pulse, readings) == alerts_of(rule, pulse, in_order)


@thorough
@given(rules, pulses, timelines, st.integers(0, 40))
def test_an_interruption_splits_the_time(rule: Rule, pulse: float, timeline: list[Beat], at: int) -> None:
    readings = readings_of(timeline)
    engine = RuleEngine([rule], pulse)
    for number, reading in enumerate(readings):
        if number == at:
            engine.interrupt()
        for alert in engine.judge(reading).alerts:
            assert number < at or alert.started.mono >= readings[at].at.mono


any_values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(Value), st.sampled_from(Reason).map(unknown)
)
any_readings = st.builds(
    Reading,
    st.builds(Instant, st.floats(-1e9, 1e12), st.floats(0, 1e9)),
    st.booleans(),
    st.sampled_from(View),
    st.dictionaries(st.sampled_from([*METRICS, "a stranger"]), any_values),
    st.floats(0, 1),
    st.one_of(st.none(), st.floats(0, 1e6)),
)
any_rules = st.builds(
    rule_on,
    st.sampled_from([*METRICS, *(f"abs({name})" for name in METRICS)]),
    operator=st.sampled_from(Operator),
    threshold=st.floats(-1e6, 1e6),
    clear=st.floats(-1e6, 1e6),
    hold=st.floats(0, 600),
    cooldown=st.floats(0, 6000),
)


@unhurried
@given(st.lists(any_rules, max_size=5, unique_by=lambda rule: rule.id), st.lists(any_readings, max_size=20))
def test_no_reading_whatever_makes_the_engine_raise(rules: list[Rule], readings: list[Reading]) -> None:
    judge: Callable = RuleEngine(rules, 5.0).judge
    for reading in readings:
        verdict = judge(reading)
        assert (verdict.posture is Posture.AWAY) == (not reading.present)
        assert set(verdict.violated) <= {rule.id for rule in rules}
        for name in verdict.violated:
            metric = base_metric(next(rule.metric for rule in rules if rule.id == name))
            assert reading.values[metric].known
        for alert in verdict.alerts:
            assert alert.rule in verdict.violated
            assert math.isfinite(alert.value)
            assert math.isfinite(alert.held)


@thorough
@given(rules, pulses, timelines)
def test_a_moved_rule_is_the_same_rule_at_any_moment(rule: Rule, pulse: float, timeline: list[Beat]) -> None:
    """A file edited above the rule, again and again, changes no alert but the line that it names."""
    engine, alerts = RuleEngine([rule], pulse), []
    for number, reading in enumerate(readings_of(timeline)):
        engine.replace([replace(rule, origin=f"desk.yaml:{number}")], pulse)
        alerts.extend(engine.judge(reading).alerts)
    still = alerts_of(rule, pulse, readings_of(timeline))
    assert [without_origin(alert) for alert in alerts] == [without_origin(alert) for alert in still]


def without_origin(alert: Alert) -> Alert:
    """The alert, but for the file and line of its rule."""
    rule = {**alert.explanation["rule"], "origin": ""}
    return replace(alert, explanation={**alert.explanation, "rule": rule})
