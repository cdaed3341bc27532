"""Good, borderline and poor: the limits belong to the better band, and are those of the desk pack."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from uprightd.metrics.bands import BANDS, Band, Bands
from uprightd.metrics.definitions import METRICS
from uprightd.rules.engine import base_metric
from uprightd.rules.loading import load_pack
from uprightd.rules.model import Operator

DESK = Path(__file__).parents[2] / "rules" / "desk.yaml"
GOOD, BORDERLINE, POOR = Band


@pytest.mark.parametrize("metric", sorted(BANDS))
def test_each_limit_belongs_to_the_better_band(metric: str) -> None:
    bands = BANDS[metric]
    for good, poor, outward in zip(bands.good, bands.poor, (-math.inf, math.inf), strict=True):
        if math.isfinite(good):
            assert bands.of(good) is GOOD
            assert bands.of(math.nextafter(good, outward)) is (POOR if good == poor else BORDERLINE)
        if math.isfinite(poor):
            assert bands.of(poor) is (GOOD if good == poor else BORDERLINE)
            assert bands.of(math.nextafter(poor, outward)) is POOR
    assert any(map(math.isfinite, bands.poor))


@pytest.mark.parametrize(
    ("metric", "value", "band"),
    [
        ("head_pitch", 20.0, GOOD),
        ("head_pitch", 20.1, BORDERLINE),
        ("head_pitch", 25.1, POOR),
        ("head_pitch", -2.1, BORDERLINE),
        ("head_pitch", -5.1, POOR),
        ("shoulder_tilt", -10.0, BORDERLINE),
        ("shoulder_tilt", -10.1, POOR),
        ("neck_flexion", -90.0, GOOD),
        ("neck_flexion", 50.1, POOR),
        ("screen_distance", 9.0, GOOD),
        ("screen_distance", 0.86, BORDERLINE),
        ("screen_distance", 0.79, POOR),
        ("screen_distance_cm", 45.0, BORDERLINE),
    ],
)
def test_a_value_lies_in_one_band(metric: str, value: float, band: Band) -> None:
    assert BANDS[metric].of(value) is band


def test_every_band_is_of_a_metric_we_measure_and_says_where_it_comes_from() -> None:
    assert set(BANDS) <= set(METRICS)
    assert all(bands.source for bands in BANDS.values())


def test_the_poor_limit_is_that_of_the_desk_pack_where_it_has_a_rule() -> None:
    compared = set()
    for rule in load_pack(DESK, METRICS).rules:
        bands = BANDS.get(base_metric(rule.metric))
        if bands is not None:
            low, high = bands.poor
            limits = (-high, high) if rule.metric.startswith("abs(") else bands.poor
            assert (low, high) == limits, f"{rule.metric} is held against both sides alike"
            assert rule.threshold == (high if rule.operator is Operator.ABOVE else low), rule.id
            compared.add((base_metric(rule.metric), rule.operator))
    assert len(compared) >= 7
    assert {("head_pitch", Operator.ABOVE), ("head_pitch", Operator.BELOW)} <= compared


@pytest.mark.parametrize(
    ("good", "poor"),
    [((0, 10), (1, 20)), ((0, 30), (0, 20)), ((5, 5), (0, 20)), ((10, 0), (0, 20)), ((0, math.nan), (0, 20))],
)
def test_bands_that_cannot_be_are_refused(good: tuple[float, float], poor: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="good must lie within"):
        Bands(good, poor, "for a test")
