"""What has to fit together within one rule: limits and the way back, views and metrics, the points of a budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from uprightd.domain import View
from uprightd.durations import duration_text
from uprightd.metrics.model import Metric
from uprightd.problems import Keypath
from uprightd.rules import fields
from uprightd.rules.expression import parse
from uprightd.rules.model import Kind, Rule
from uprightd.strict_yaml import Document, resolve


def check(document: Document, place: Keypath, rule: Rule, metrics: Mapping[str, Metric]) -> None:
    """Given a rule, where it stands and every known metric, note what does not go together in it."""
    if rule.kind is Kind.LIMIT:
        _check_limits(document, place, rule)
    measured = [metrics[name] for name in rule.metrics]
    if rule.relative_to and all(metric.relative for metric in measured):
        words = f"{measured[0].name} counts from the calibrated pose already; leave this out"
        document.problem((*place, "relative_to"), words)
    common = frozenset(View)
    for metric in measured:
        strange = rule.views - metric.views
        if strange:
            words = f"never a view of {metric.name} (its views: {_names(metric.views)})"
            document.problem((*place, "views"), f"{_names(strange)}: {words}")
        common &= metric.views
    if not common:
        key = "value" if document.value((*place, "value")) is not None else "metric"
        words = f"{', '.join(rule.metrics)} are never measured in the same view"
        document.problem((*place, key), words)


def _check_limits(document: Document, place: Keypath, rule: Rule) -> None:
    """Note a `clear` on the bad side of the threshold, limits an absolute value cannot pass, a window too short."""
    good = rule.clear <= rule.threshold if rule.operator.upward else rule.clear >= rule.threshold
    if not good:
        side = "at most" if rule.operator.upward else "at least"
        words = f"a number on the good side of the threshold ({side} {rule.threshold:g})"
        document.unexpected((*place, "clear"), ValueError(words))
    if parse(rule.metric).absolute and min(rule.threshold, rule.clear) < 0:
        key = "threshold" if rule.threshold < 0 else "clear"
        document.unexpected((*place, key), ValueError("0 or more, as the metric is an absolute value"))
    if rule.within and rule.within < rule.hold:
        words = f"a length of time no shorter than what is under 'for' ({duration_text(rule.hold)})"
        document.unexpected((*place, "within"), ValueError(words))


def curve_of(
    document: Document, place: Keypath, written: Mapping[str, Any]
) -> tuple[tuple[float, float], ...]:
    """Given the block of a budget and where it stands, return its points by their angle, or none after noting what is
    wrong with one of them."""
    points: dict[float, tuple[float, str]] = {}
    for key, value in written.items():
        try:
            angle = resolve(key)
            if isinstance(angle, bool) or not isinstance(angle, int | float) or float(angle) in points:
                raise ValueError
            points[float(angle)] = fields.some_time(value), key
        except ValueError as error:
            if str(error):
                document.unexpected((*place, key), error)
            else:
                document.problem((*place, key), "expected an angle as key, each once, such as 25: 8 min")
    curve = [(angle, *points[angle]) for angle in sorted(points)]
    for (_, before, _), (_, after, key) in pairwise(curve):
        if after > before:
            words = "a time no longer than at the smaller angle: the worse the angle, the less is permitted"
            document.unexpected((*place, key), ValueError(words))
            return ()
    return tuple((angle, seconds) for angle, seconds, _ in curve) if len(points) == len(written) else ()


def _names(views: Iterable[View]) -> str:
    there = frozenset(views)
    return ", ".join(view.value for view in View if view in there and view is not View.UNKNOWN)
