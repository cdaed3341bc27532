"""Running a clip: what goes through the product's own measuring when the model is a perfect one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from uprightd.domain import Box, Keypoint, Pose, Reason, View
from uprightd.metrics import evidence
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Evidence
from uprightd.metrics.reading import Terms
from uprightd.service.accuracy.clips import Clip, read_clips
from uprightd.service.accuracy.pooling import evidence_of
from uprightd.service.accuracy.series import Series, measure_series
from uprightd.service.accuracy.suite import figures
from uprightd.service.accuracy.variants import Variant, variants

CLIPS = Path(__file__).parents[1] / "clips"
TERMS = Terms(min_score=0.5)
See = Callable[[int], bool]


class Oracle:
    """A pose model that knows the true joints; of the pictures it only keeps the first."""

    name, device = "oracle", "nowhere"

    def __init__(self, variant: Variant, sees: See = lambda _: True) -> None:
        self._bodies = iter(enumerate(variant.bodies))
        self._sees = sees
        self.first: np.ndarray | None = None

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        (image,) = images
        self.first = image if self.first is None else self.first
        frame, body = next(self._bodies)
        points = {name: Keypoint(*point, 1.0) for name, point in body.points().items()}
        return [Pose(points, Box(0, 0, 1, 1), 1.0, self.name) if self._sees(frame) else None]

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def clips() -> dict[str, Clip]:
    return {clip.name: clip for clip in read_clips(CLIPS)}


def run(variant: Variant, sees: See = lambda _: True) -> Series:
    return measure_series(variant, Oracle(variant, sees), TERMS, lambda _: None)


def error_of(series: Series, metric: str) -> float:
    """The largest error, where there is any value."""
    return max(abs(look.value - look.truth) for look in series.looks[metric] if look.counts)


@pytest.fixture(scope="module")
def side(clips: dict[str, Clip]) -> list[Series]:
    """As it is, and mirrored."""
    return [run(variant) for variant in variants(clips["sit_side_m"], True)]


@pytest.fixture(scope="module")
def front(clips: dict[str, Clip]) -> list[Series]:
    """As it is, and turned."""
    return [run(variant) for variant in variants(clips["sit_front_m"], True)]


def test_a_perfect_model_makes_no_error_but_that_of_perspective(
    side: list[Series], front: list[Series]
) -> None:
    for series, view in zip(side, (View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT), strict=True):
        assert set(series.views) == {view}
        assert error_of(series, "head_x") == pytest.approx(0, abs=1e-9)
        assert error_of(series, "trunk_lean") < 2.0
        assert error_of(series, "neck_flexion") < 2.5
        assert error_of(series, "head_pitch") < 2.5
    for series in front:
        assert set(series.views) == {View.FRONTAL}
        assert error_of(series, "head_drop") == pytest.approx(0, abs=0.001)
        assert error_of(series, "lateral_lean") == pytest.approx(0, abs=0.1)
        assert error_of(series, "shoulder_tilt") < 1.5


def test_a_turned_picture_tells_of_what_it_moves_and_a_clip_as_it_is_of_all(
    side: list[Series], front: list[Series]
) -> None:
    assert all(series.tells == METRICS.keys() for series in (*side, front[0]))
    assert "shoulder_tilt" in front[1].tells
    assert {"head_drop", "head_pitch"}.isdisjoint(front[1].tells)


def test_the_model_sees_the_variants_pictures(clips: dict[str, Clip]) -> None:
    plain, mirrored = variants(clips["sit_side_m"], True)
    seen = []
    for variant in (plain, mirrored):
        oracle = Oracle(variant)
        measure_series(variant, oracle, TERMS, lambda _: None)
        seen.append(oracle.first)
    assert np.array_equal(seen[1], seen[0][:, ::-1])


def test_who_walks_is_not_calibrated(clips: dict[str, Clip]) -> None:
    series = run(variants(clips["walk_side_m"], False)[0])
    relative = [
        metric
        for metric in METRICS.values()
        if metric.relative and View.SAGITTAL_LEFT in metric.views and not metric.places
    ]
    assert relative
    for metric in relative:
        assert not any(look.counts for look in series.looks[metric.name])
        assert Reason.UNCALIBRATED in {look.reason for look in series.looks[metric.name]}
    assert series.upright == 0
    assert series.postures == {}


def test_frames_in_which_nobody_is_found_are_missing_and_no_errors(clips: dict[str, Clip]) -> None:
    variant = variants(clips["sit_side_m"], False)[0]
    series = run(variant, lambda frame: frame >= 40)
    clip = figures([series], withheld=True)["clips"]["sit_side_m"]
    assert (clip["detection"], clip["in_sight"]) == (0.5, 80)
    assert clip["views"] == {"sagittal-left": 40}
    assert (clip["metrics"]["trunk_lean"]["n"], clip["metrics"]["trunk_lean"]["reasons"]) == (
        40,
        {"no_person": 40},
    )
    assert clip["metrics"]["head_pitch"]["reasons"] == {"no_person": 40, "uncalibrated": 40}, (
        "nobody was upright"
    )


def test_people_out_of_the_picture_are_not_missed(clips: dict[str, Clip]) -> None:
    variant = variants(clips["walk_side_m"], False)[0]
    here = [body.in_sight() for body in variant.bodies]
    assert 0 < sum(here) < len(here)
    clip = figures([run(variant, lambda frame: here[frame])], withheld=True)["clips"]["walk_side_m"]
    assert (clip["detection"], clip["in_sight"]) == (1, sum(here))


def test_a_clip_in_which_nobody_is_found_has_figures_all_the_same(clips: dict[str, Clip]) -> None:
    series = run(variants(clips["sit_side_m"], False)[0], lambda _: False)
    found = figures([series], withheld=False)
    assert (found["clips"]["sit_side_m"]["detection"], found["clips"]["sit_side_m"]["metrics"]) == (0, {})
    assert evidence_of([series])["backends"] == {}


def test_what_the_product_withholds_is_measured_and_marked(
    clips: dict[str, Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {
        ("oracle", "sagittal", metric): Evidence(1.0, correlation, 1.0, 9, True)
        for metric, correlation in (("trunk_lean", 0.1), ("neck_flexion", 0.9))
    }
    monkeypatch.setattr(evidence, "_shipped", lambda: table)
    series = run(variants(clips["sit_side_m"], False)[0])
    assert {look.offered for look in series.looks["trunk_lean"]} == {False}
    assert all(look.counts for look in series.looks["trunk_lean"])
    assert {look.offered for look in series.looks["neck_flexion"]} == {True}
    assert all(math.isfinite(look.value) for look in series.looks["trunk_lean"])
