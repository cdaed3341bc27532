"""Plane geometry against figures worked out by hand; NaN where a direction does not exist."""

from __future__ import annotations

import math

import pytest

from uprightd.metrics.geometry import (
    SHORTEST,
    Point,
    angle_to_vertical,
    joint_angle,
    midpoint,
    signed_angle_to_vertical,
    tilt_of_line,
)

P = Point
ROOT3 = math.sqrt(3)


@pytest.mark.parametrize(
    ("a", "c", "expected"),
    [
        pytest.param(P(10, 0), P(0, 10), 90, id="a right angle"),
        pytest.param(P(10, 0), P(-4, 0), 180, id="straight"),
        pytest.param(P(10, 0), P(3, 0), 0, id="folded"),
        pytest.param(P(1, 0), P(1, ROOT3), 60, id="an equilateral triangle"),
        pytest.param(P(1, 0), P(-1, ROOT3), 120, id="its outer angle"),
        pytest.param(P(1, 1), P(1, 0), 45, id="half a right angle"),
        pytest.param(P(4, 3), P(4, 0), math.degrees(math.acos(4 / 5)), id="three four five"),
        pytest.param(P(0, -1000), P(0.001, 0), 90, id="limbs of very different length"),
    ],
)
def test_the_angle_at_a_joint_is_the_one_between_its_neighbours(a: Point, c: Point, expected: float) -> None:
    joint = P(200, 300)
    a, c = P(a.x + 200, a.y + 300), P(c.x + 200, c.y + 300)
    assert joint_angle(a, joint, c) == pytest.approx(expected, abs=1e-9)
    assert joint_angle(c, joint, a) == pytest.approx(expected, abs=1e-9)


def test_the_angle_at_a_joint_is_the_arccos_of_the_formula() -> None:
    a, b, c = P(13, 7), P(40, 52), P(91, 20)
    dot = (a.x - b.x) * (c.x - b.x) + (a.y - b.y) * (c.y - b.y)
    lengths = math.dist(a, b) * math.dist(c, b)
    assert joint_angle(a, b, c) == pytest.approx(math.degrees(math.acos(dot / lengths)), abs=1e-9)


def test_a_nearly_straight_joint_keeps_its_digits() -> None:
    """arccos of the quotient gives 180 here: near ±1 it loses half of its digits."""
    assert 180 - joint_angle(P(-1000, 0), P(0, 0), P(1000, 1e-5)) == pytest.approx(
        math.degrees(1e-8), rel=1e-6
    )


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        pytest.param(P(100, 40), 0, id="upright"),
        pytest.param(P(160, 40), 45, id="to the picture's right"),
        pytest.param(P(40, 40), -45, id="to the picture's left"),
        pytest.param(P(130, 60), math.degrees(math.atan(3 / 4)), id="three four five"),
        pytest.param(P(180, 100), 90, id="lying to the right"),
        pytest.param(P(20, 100), -90, id="lying to the left"),
        pytest.param(P(101, 100 + ROOT3), 150, id="hanging"),
        pytest.param(P(100, 160), 180, id="upside down"),
    ],
)
def test_an_axis_has_a_signed_and_an_unsigned_angle_to_the_vertical(high: Point, expected: float) -> None:
    low = P(100, 100)
    assert signed_angle_to_vertical(low, high) == pytest.approx(expected, abs=1e-9)
    assert angle_to_vertical(low, high) == pytest.approx(abs(expected), abs=1e-9)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(P(200, 100), P(100, 100), 0, id="level"),
        pytest.param(P(200, 100), P(100, 200), 45, id="the right end lower, from the front"),
        pytest.param(P(100, 100), P(200, 200), 45, id="the right end lower, from behind"),
        pytest.param(P(200, 100), P(100, 0), -45, id="the left end lower, from the front"),
        pytest.param(P(100, 100), P(200, 0), -45, id="the left end lower, from behind"),
        pytest.param(P(140, 100), P(100, 130), math.degrees(math.atan(3 / 4)), id="three four five"),
        pytest.param(P(100, 100), P(100, 150), 90, id="the right end straight below"),
        pytest.param(P(100, 150), P(100, 100), -90, id="the left end straight below"),
    ],
)
def test_a_line_tilts_towards_its_lower_end(left: Point, right: Point, expected: float) -> None:
    assert tilt_of_line(left, right) == pytest.approx(expected, abs=1e-9)


def test_the_midpoint_lies_half_way() -> None:
    assert midpoint(P(10, -4), P(20, 8)) == P(15, 2)


NEAR = P(100 + SHORTEST / 2, 100)


@pytest.mark.parametrize("other", [P(100, 100), NEAR], ids=["the same place", "all but the same place"])
def test_points_that_coincide_give_no_angle(other: Point) -> None:
    here, there = P(100, 100), P(150, 150)
    assert math.isnan(joint_angle(other, here, there))
    assert math.isnan(joint_angle(there, here, other))
    assert math.isnan(signed_angle_to_vertical(here, other))
    assert math.isnan(angle_to_vertical(here, other))
    assert math.isnan(tilt_of_line(here, other))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_what_is_not_finite_gives_no_angle(bad: float, axis: str) -> None:
    here, there, odd = P(100, 100), P(150, 120), P(120, 170)._replace(**{axis: bad})
    for angle in (
        joint_angle(odd, here, there),
        joint_angle(here, odd, there),
        joint_angle(here, there, odd),
        signed_angle_to_vertical(here, odd),
        angle_to_vertical(odd, here),
        tilt_of_line(odd, here),
    ):
        assert math.isnan(angle)
