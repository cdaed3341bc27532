"""Arithmetic over metrics: what may be written, what comes out of it, how far that is off, and what is refused."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd.domain import Reason, Value, unknown
from uprightd.rules.expression import DEPTH_LIMIT, LENGTH_LIMIT, Expression, parse

A, B = Value(3.0, error=0.5), Value(-4.0, error=2.0)
VALUES = {"a": A, "b": B, "big": Value(1e308, error=1.0), "zero": Value(0.0, error=0.1), "raw": Value(7.0)}


def number(text: str) -> float:
    found = parse(text).value(VALUES)
    assert found is not None
    return found.number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", 3.0),
        ("-b", 4.0),
        ("a + b", -1.0),
        ("a - b", 7.0),
        ("a * b", -12.0),
        ("a / b", -0.75),
        ("a + b * 2", -5.0),
        ("(a + b) * 2", -2.0),
        ("a - b - 1", 6.0),
        ("-a - -b", -7.0),
        ("abs(b)", 4.0),
        ("abs(a - b) / 2", 3.5),
        ("min(a, b)", -4.0),
        ("max(a, b, 5)", 5.0),
        ("max(abs(a), abs(b)) - 0.5", 3.5),
        ("  a\t+ 1 ", 4.0),
        ("a*0.25", 0.75),
    ],
)
def test_it_computes(text: str, expected: float) -> None:
    assert number(text) == expected
    assert parse(text).at({name: value.number for name, value in VALUES.items()}) == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a", 0.5),
        ("-b", 2.0),
        ("a + b", 2.5),
        ("a - b", 2.5),
        ("a - a", 0.0),  # the same metric twice is wrong by the same amount
        ("a + a", 1.0),
        ("3 * b", 6.0),
        ("a * b", 4 * 0.5 + 3 * 2.0),
        ("a / b", 0.5 / 4 + 3 / 16 * 2.0),
        ("abs(b)", 2.0),
        ("abs(b) + b", 0.0),
        ("abs(b) - b", 4.0),
        ("max(a, b)", 0.5),  # only the larger one decides
        ("min(a, b)", 2.0),
        ("max(a, b, 5)", 0.0),
        ("max(a, raw - 10)", 0.5),
        ("raw", None),
        ("a + raw", None),
        ("max(a, raw)", None),
    ],
)
def test_its_error_is_that_of_what_it_moves_with(text: str, error: float | None) -> None:
    found = parse(text).value(VALUES)
    assert found is not None
    assert found.error == (None if error is None else pytest.approx(error))


@pytest.mark.parametrize(
    "text", ["a / zero", "a / (b - b)", "big * big", "big * 10 - big * 10", "zero / zero"]
)
def test_what_has_no_finite_result_is_unknown(text: str) -> None:
    found = parse(text).value(VALUES)
    assert found is not None
    assert found.reason is Reason.LOW_CONFIDENCE
    assert math.isnan(parse(text).at({name: value.number for name, value in VALUES.items()}))


def test_the_first_unknown_metric_says_why() -> None:
    hidden = {**VALUES, "b": unknown(Reason.OCCLUDED), "zero": unknown(Reason.VIEW)}
    found = [parse(text).value(hidden) for text in ("a + b + zero", "zero + b", "max(a, zero)")]
    assert [value and value.reason for value in found] == [Reason.OCCLUDED, Reason.VIEW, Reason.VIEW]


def test_a_metric_nobody_measures_leaves_nothing() -> None:
    assert parse("a + stranger").value(VALUES) is None


def test_each_metric_counts_from_its_shift() -> None:
    assert parse("abs(a)").value(VALUES, {"a": 5.0}) == Value(2.0, error=0.5), "not |3| - |5|"
    assert parse("a + b").value(VALUES, {"b": 1.0}) == Value(-2.0, error=2.5)


def test_the_metrics_are_named_once_in_the_order_of_the_text() -> None:
    assert parse("max(b, a) - b + min(a, 3)").metrics == ("b", "a")


@pytest.mark.parametrize(
    ("text", "single", "absolute"),
    [
        ("a", "a", False),
        ("abs(a)", "a", True),
        ("-a", "", False),
        ("abs(a - b)", "", True),
        ("max(a, b)", "", False),
    ],
)
def test_a_single_metric_is_known_as_one(text: str, single: str, absolute: bool) -> None:
    assert (parse(text).single, parse(text).absolute) == (single, absolute)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("a", "°"),
        ("a + b", "°"),
        ("abs(a) - 5", "°"),
        ("max(a, 3, b)", "°"),
        ("2 * a", "°"),
        ("a / 2", "°"),
        ("a * b", ""),
        ("a / b", ""),
        ("1 / a", ""),
        ("a + d", ""),
        ("d", "cm"),
    ],
)
def test_the_unit_is_that_of_what_is_added_up(text: str, unit: str) -> None:
    assert parse(text).unit({"a": "°", "b": "°", "d": "cm"}) == unit


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a ** 2", "found a ** 2"),
        ("a // 2", "found a // 2"),
        ("a % 2", "found %"),
        ("a > 2", "found >"),
        ("a and b", "found a and b"),
        ("a if b else a", "found a if b else a"),
        ("not a", "found not a"),
        ("+a", "found +a"),
        ("a, b", "found (a, b)"),
        ("a.b", "found ."),
        ("a[0]", "found ["),
        ("'a'", "found '"),
        ("f'{a}'", "found '"),
        ("a := 2", "found :"),
        ("__import__(a)", "found __import__(a)"),
        ("exec(a)", "found exec(a)"),
        ("sqrt(a)", "found sqrt(a)"),
        ("abs", "found abs"),
        ("abs(a, b)", "found abs(a, b)"),
        ("abs()", "found abs()"),
        ("min(a)", "found min(a)"),
        ("max(*a)", "found max(*a)"),
        ("(lambda)(a)", "an expression such as"),
        ("max(a)(b)", "found max(a)(b)"),
        ("a b", "an expression such as"),
        ("a +", "an expression such as"),
        ("(a", "an expression such as"),
        ("", "an expression such as"),
        ("007 + a", "an expression such as"),
        ("1e5 + a", "found 1e5"),
        ("0x1f + a", "found 0x1f"),
        ("1_000 + a", "found 1_000"),
        ("2a", "found 2a"),
        ("1if a else b", "found 1if"),
        ("A", "found A"),
        ("ä", "found ä"),
        ("5 + 3", "at least one metric"),
        ("None", "found N"),
        ("a" * (LENGTH_LIMIT + 1), f"at most {LENGTH_LIMIT} characters"),
        ("-" * (DEPTH_LIMIT + 1) + "a", f"at most {DEPTH_LIMIT} levels"),
        ("(" * 95 + "a" + ")" * 95, None),
    ],
)
def test_anything_else_is_refused_in_words(text: str, found: str | None) -> None:
    if found is None:
        assert parse(text).metrics == ("a",), "brackets alone are no depth"
        return
    with pytest.raises(ValueError, match=re.escape(found)) as caught:
        parse(text)
    assert str(caught.value).isprintable()


def test_as_deep_as_allowed_is_read() -> None:
    assert number("-" * (DEPTH_LIMIT - 1) + "a") == -3.0


names = st.sampled_from(["a", "b", "c"])
leaves = st.one_of(names, st.integers(0, 99).map(str), st.floats(0, 99).map(lambda x: f"{x:.2f}"))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"abs({text})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
    ),
    max_leaves=8,
)
some = st.integers(-50, 50).map(lambda quarters: quarters / 4)


@settings(deadline=None)
@given(trees, some, some, some)
def test_it_is_python_s_own_arithmetic(text: str, a: float, b: float, c: float) -> None:
    try:
        read = parse(text)
    except ValueError:
        return  # no metric in it, too long or too deep
    scope: dict[str, Any] = {"a": a, "b": b, "c": c}
    try:
        expected = eval(text, {"__builtins__": {"abs": abs, "min": min, "max": max}}, scope)
    except ZeroDivisionError:
        expected = math.nan
    found = read.at(scope)
    assert found == expected or (math.isnan(found) and not math.isfinite(expected))


@settings(deadline=None)
@given(trees, some, some, some)
def test_its_error_is_how_far_it_moves_when_a_metric_does(text: str, a: float, b: float, c: float) -> None:
    try:
        read = parse(text)
    except ValueError:
        return
    numbers = {"a": a + 0.013, "b": b - 0.027, "c": c + 0.041}  # off the corners of abs, min and max
    for name in read.metrics:
        values = {each: Value(number, error=1.0 if each == name else 0.0) for each, number in numbers.items()}
        found = read.value(values)
        assert found is not None
        slope = slope_of(read, numbers, name)
        if found.known and slope is not None and slope < 1e4:
            assert found.error == pytest.approx(slope, rel=1e-3, abs=1e-3)


def slope_of(read: Expression, numbers: dict[str, float], name: str) -> float | None:
    """The steepness by finite differences; None where both sides differ, as at a corner."""
    step = 1e-6
    here, after, before = (read.at({**numbers, name: numbers[name] + d}) for d in (0.0, step, -step))
    right, left = (after - here) / step, (here - before) / step
    if not math.isfinite(right + left) or abs(right - left) > 1e-3 * max(1.0, abs(right)):
        return None
    return abs(after - before) / (2 * step)


@settings(deadline=None)
@given(st.text(alphabet="ab+-*/(), .0123minmaxabs_%<>=\n\t'\"[]{}:@!#\\", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse(text).metrics
