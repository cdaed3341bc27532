"""What each metric came to in a period: how long it was known, in which band, and how its values are spread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from uprightd.metrics.definitions import METRICS
from uprightd.records import RollUp
from uprightd.report.times import in_seconds


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. Times in seconds; `bands` are those in good, borderline and poor, None for a metric without bands.

    median: of the hours' medians, each weighted by how long the metric was known in it; low and high are of all values.
    """

    metric: str
    samples: int
    low: float
    median: float
    high: float
    known: float
    bands: tuple[float, float, float] | None

    @property
    def poor_share(self) -> float | None:
        """The share of its known time that was poor, None without bands or time."""
        return self.bands[2] / self.known if self.bands and self.known else None


def measures_of(rows: Iterable[RollUp]) -> dict[str, Measure]:
    """Given the hours of a period, return what each metric came to, in the vocabulary's order, unknown names last."""
    by_metric: defaultdict[str, list[RollUp]] = defaultdict(list)
    for row in rows:
        by_metric[row.metric].append(row)
    order = {name: place for place, name in enumerate(METRICS)}
    names = sorted(by_metric, key=lambda name: (order.get(name, len(order)), name))
    return {name: _measure(name, by_metric[name]) for name in names}


def _measure(name: str, rows: Sequence[RollUp]) -> Measure:
    times = {
        "good": sum(row.good_ms for row in rows),
        "borderline": sum(row.borderline_ms for row in rows),
        "poor": sum(row.poor_ms for row in rows),
    }
    known = sum(row.known_ms for row in rows)
    times["none"] = known - sum(times.values())
    seconds = in_seconds(times)
    banded = any(row.good_ms + row.borderline_ms + row.poor_ms for row in rows)
    return Measure(
        metric=name,
        samples=sum(row.samples for row in rows),
        low=min(row.low for row in rows),
        median=weighted_median([(row.median, row.known_ms or 1) for row in rows]),
        high=max(row.high for row in rows),
        known=round(sum(seconds.values()), 3),
        bands=(seconds["good"], seconds["borderline"], seconds["poor"]) if banded else None,
    )


def weighted_median(weighted: Sequence[tuple[float, int]]) -> float:
    """Given values and their weights, at least one and none of them zero, return the value in the middle of the weight,
    the mean of two where the middle lies between them."""
    ordered = sorted(weighted)
    half, reached = sum(weight for _, weight in ordered) / 2, 0
    for index, (value, weight) in enumerate(ordered):
        reached += weight
        if reached > half:
            return value
        if reached == half:
            return (value + ordered[index + 1][0]) / 2
    raise ValueError("no weights")
