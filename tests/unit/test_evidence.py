"""What was measured decides: a metric that does not follow the truth is kept back, the others carry their error."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import Any

import pytest
from tests.fakes.body import SEEN, read_whole, upright_scene

from uprightd.domain import Keypoint, Reason, Value, View
from uprightd.metrics import evidence as module
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import (
    FOLLOWS_FROM,
    STRAYS_BEYOND,
    Evidence,
    Measured,
    evidence,
    family,
    measured_of,
    offered,
    seen_as,
    view_of,
)
from uprightd.metrics.reading import Terms

GOOD = Evidence(rms=2.0, correlation=0.95, median_error=1.5, n=200, degrees=True)
VIEW = View.FRONTAL


def entry(**changes: Any) -> Evidence:
    fields = {name: getattr(GOOD, name) for name in ("rms", "correlation", "median_error", "n", "degrees")}
    return Evidence(**{**fields, **changes})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str, str], Evidence]:
    """The table in force: empty at first, and filled by the test."""
    table: dict[tuple[str, str, str], Evidence] = {}
    monkeypatch.setattr(module, "_shipped", lambda: table)
    return table


def value(metric: str, view: View = VIEW, terms: Terms | None = None, /, **keypoints: Keypoint) -> Value:
    """The metric's value of a calibrated body, whose backend is called "drawn"."""
    places, world = SEEN[view]
    upright = upright_scene(places, view, world)
    return read_whole(view, upright, places, world, terms, **keypoints).values[metric]


# ---- whether a metric follows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "follows"),
    [
        (GOOD, True),
        (entry(correlation=0.79), False),
        (entry(correlation=0.799999), False),
        (entry(correlation=0.80), True),
        (entry(correlation=-0.95), False),
        (entry(correlation=None), True),
        (entry(correlation=None, median_error=15.1), False),
        (entry(median_error=15.0), True),
        (entry(median_error=15.1), False),
        (entry(median_error=15.1, degrees=False), True),
        (entry(median_error=15.1, degrees=False, correlation=0.79), False),
    ],
    ids=str,
)
def test_a_metric_follows_by_correlation_and_median_error(found: Evidence, follows: bool) -> None:
    assert (FOLLOWS_FROM, STRAYS_BEYOND) == (0.8, 15.0)
    assert found.follows is follows


@pytest.mark.parametrize("found", [entry(correlation=math.nan), entry(median_error=math.nan)], ids=str)
def test_what_is_no_number_proves_nothing(found: Evidence) -> None:
    assert not found.follows


# ---- what that does to a reading ----------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["head_pitch", "shoulder_tilt"])
@pytest.mark.parametrize(("correlation", "reason"), [(0.79, Reason.VIEW), (0.80, None), (None, None)])
def test_one_that_does_not_follow_the_truth_is_withheld(
    measured: dict[tuple[str, str, str], Evidence],
    metric: str,
    correlation: float | None,
    reason: Reason | None,
) -> None:
    measured["drawn", "frontal", metric] = entry(correlation=correlation)
    assert value(metric).reason is reason


@pytest.mark.parametrize(
    ("metric", "degrees", "reason"), [("head_pitch", True, Reason.VIEW), ("head_drop", False, None)]
)
def test_one_that_strays_by_degrees_is_withheld(
    measured: dict[tuple[str, str, str], Evidence], metric: str, degrees: bool, reason: Reason | None
) -> None:
    measured["drawn", "frontal", metric] = entry(median_error=15.1, degrees=degrees)
    assert value(metric).reason is reason


@pytest.mark.parametrize("metric", ["trunk_lean_3d", "neck_flexion_3d"])
@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (entry(correlation=0.8), None),
        (entry(correlation=0.79), Reason.VIEW),
        (entry(correlation=None), Reason.VIEW),
        (entry(correlation=0.9, median_error=15.1), Reason.VIEW),
        (None, Reason.VIEW),
    ],
    ids=str,
)
def test_a_guess_of_depth_must_have_been_seen_to_follow(
    measured: dict[tuple[str, str, str], Evidence], metric: str, found: Evidence | None, reason: Reason | None
) -> None:
    """In this very view: where its truth stood still, or nobody looked, it may be a guess at an average body."""
    measured["drawn", "frontal", "head_pitch"] = GOOD
    measured["drawn", "sagittal", metric] = GOOD
    if found is not None:
        measured["drawn", "frontal", metric] = found
    assert value(metric).reason is reason
    assert value(metric, View.SAGITTAL_RIGHT).known


def test_of_a_backend_that_nobody_has_measured_nothing_is_withheld(
    measured: dict[tuple[str, str, str], Evidence],
) -> None:
    for metric in METRICS:
        measured["another", "frontal", metric] = entry(correlation=None)
    places, world = SEEN[VIEW]
    values = read_whole(VIEW, upright_scene(places, VIEW, world), places, world).values
    assert {name for name, found in values.items() if found.known} == {
        name for name, metric in METRICS.items() if VIEW in metric.views
    }


def test_a_bench_sees_what_is_withheld(measured: dict[tuple[str, str, str], Evidence]) -> None:
    measured["drawn", "frontal", "shoulder_tilt"] = entry(correlation=0.1)
    for metric in ("shoulder_tilt", "trunk_lean_3d"):
        assert not value(metric).known
        assert value(metric, VIEW, Terms(withhold=False)).known


def test_what_is_withheld_is_so_before_a_point_is_missing(
    measured: dict[tuple[str, str, str], Evidence],
) -> None:
    measured["drawn", "frontal", "shoulder_tilt"] = entry(correlation=0.1)
    lost = Keypoint(math.nan, math.nan, 0.0)
    assert value("shoulder_tilt", left_shoulder=lost).reason is Reason.VIEW
    assert value("head_drop", left_shoulder=lost).reason is Reason.OCCLUDED


def test_a_verdict_is_about_its_backend_view_and_metric_only(
    measured: dict[tuple[str, str, str], Evidence],
) -> None:
    for key in (
        ("another", "frontal", "head_roll"),
        ("drawn", "oblique", "head_roll"),
        ("drawn", "frontal", "hip_tilt"),
    ):
        measured[key] = entry(correlation=0.0)
    assert value("head_roll").known
    assert not value("head_roll", View.OBLIQUE).known
    assert not value("hip_tilt").known


# ---- the two sides ------------------------------------------------------------------------------------------


def test_both_sides_are_one_view(measured: dict[tuple[str, str, str], Evidence]) -> None:
    measured["drawn", "sagittal", "neck_flexion"] = entry(correlation=0.5)
    for view in (View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT):
        assert family(view) == "sagittal"
        assert value("neck_flexion", view).reason is Reason.VIEW
        assert value("head_pitch", view).known
    assert {family(view) for view in View} == {"frontal", "oblique", "sagittal", "rear", "unknown"}


def test_a_family_is_kept_as_one_of_its_views() -> None:
    for view in View:
        assert family(view_of(family(view))) == family(view)
    for name in METRICS:
        assert seen_as(name, view_of("sagittal")) == name, "the table's names are those of this view"


@pytest.mark.parametrize(
    ("metric", "view", "kept"),
    [
        ("right_elbow_angle", View.SAGITTAL_RIGHT, "left_elbow_angle"),
        ("left_elbow_angle", View.SAGITTAL_RIGHT, "right_elbow_angle"),
        ("left_elbow_angle", View.SAGITTAL_LEFT, "left_elbow_angle"),
        ("right_elbow_angle", View.SAGITTAL_LEFT, "right_elbow_angle"),
        ("right_elbow_angle", View.FRONTAL, "right_elbow_angle"),
        ("right_elbow_angle", View.REAR, "right_elbow_angle"),
        ("neck_flexion", View.SAGITTAL_RIGHT, "neck_flexion"),
        ("head_pitch", View.SAGITTAL_RIGHT, "head_pitch"),
    ],
)
def test_from_the_side_near_and_far_are_kept(metric: str, view: View, kept: str) -> None:
    assert seen_as(metric, view) == kept


@pytest.mark.parametrize(("view", "near"), [(View.SAGITTAL_LEFT, "left"), (View.SAGITTAL_RIGHT, "right")])
def test_a_far_elbow_that_does_not_follow_is_withheld_from_either_side(
    measured: dict[tuple[str, str, str], Evidence], view: View, near: str
) -> None:
    far = {"left": "right", "right": "left"}[near]
    measured["drawn", "sagittal", "right_elbow_angle"] = entry(correlation=0.3)
    measured["drawn", "sagittal", "left_elbow_angle"] = entry(rms=1.8)
    assert value(f"{near}_elbow_angle", view).error == pytest.approx(1.8 / 0.9)
    assert value(f"{far}_elbow_angle", view).reason is Reason.VIEW


# ---- the error of a value -----------------------------------------------------------------------------------


def test_nobody_measured_means_no_error_is_claimed(measured: dict[tuple[str, str, str], Evidence]) -> None:
    assert not measured
    assert value("shoulder_tilt") == Value(0.0, error=None)


@pytest.mark.parametrize(
    ("score", "error"),
    [(1.0, 2.0), (0.8, 2.5), (0.5, 4.0), (0.1, 20.0), (0.05, 20.0), (0.0, 20.0), (1.7, 2.0)],
)
def test_the_error_is_the_measured_one_and_grows_as_the_least_sure_point_wavers(
    measured: dict[tuple[str, str, str], Evidence], score: float, error: float
) -> None:
    measured["drawn", "frontal", "shoulder_tilt"] = entry(rms=2.0)
    left, right = (SEEN[VIEW][0][name] for name in ("left_shoulder", "right_shoulder"))
    shoulders = {
        "left_shoulder": Keypoint(left[0], left[1], score),
        "right_shoulder": Keypoint(right[0], right[1], max(score, 0.95)),
    }
    found = value("shoulder_tilt", VIEW, Terms(min_score=0.0), **shoulders)
    assert found.error == pytest.approx(error)


def test_points_that_the_metric_does_not_need_do_not_count(
    measured: dict[tuple[str, str, str], Evidence],
) -> None:
    measured["drawn", "frontal", "shoulder_tilt"] = entry(rms=1.8)
    assert value("shoulder_tilt", nose=Keypoint(320, 126, 0.5)).error == pytest.approx(1.8 / 0.9)


def test_what_has_no_value_has_no_error(measured: dict[tuple[str, str, str], Evidence]) -> None:
    measured["drawn", "frontal", "shoulder_tilt"] = GOOD
    assert value("shoulder_tilt", left_shoulder=Keypoint(math.nan, 0, 0)).error is None


# ---- the table on disk --------------------------------------------------------------------------------------


ENTRY = {"rms": 3.0, "correlation": None, "median_error": 2.0, "n": 5, "degrees": True}
TABLE = {"generated_by": "a test", "backends": {"sapiens2": {"frontal": {"head_pitch": ENTRY}}}}


def test_a_table_is_evidence_by_backend_view_and_metric() -> None:
    found = measured_of(TABLE)
    assert found == {("sapiens2", "frontal", "head_pitch"): Evidence(3.0, None, 2.0, 5, True)}
    assert measured_of({"backends": {}}) == {}


def test_a_backend_goes_by_its_first_word() -> None:
    table = measured_of(TABLE)
    for backend in ("sapiens2", "sapiens2 0.4b", "sapiens2 1b float16"):
        assert evidence(backend, View.FRONTAL, "head_pitch", table) == Evidence(**ENTRY)
        assert not offered(backend, View.FRONTAL, METRICS["trunk_lean_3d"], table), "measured, but not this"
    assert evidence("sapiens", View.FRONTAL, "head_pitch", table) is None
    assert evidence("sapiens2", View.OBLIQUE, "head_pitch", table) is None
    assert offered("sapiens", View.FRONTAL, METRICS["trunk_lean_3d"], table)


def test_a_table_that_is_given_goes_before_the_one_that_ships(
    measured: dict[tuple[str, str, str], Evidence],
) -> None:
    measured["drawn", "frontal", "hip_tilt"] = entry(correlation=0.1)
    tilt, depth = METRICS["hip_tilt"], METRICS["trunk_lean_3d"]
    good = {("drawn", "frontal", "hip_tilt"): GOOD}
    assert evidence("drawn", VIEW, "hip_tilt", good) == GOOD
    assert [offered("drawn", VIEW, tilt, table) for table in (None, good, {})] == [False, True, True]
    assert [offered("drawn", VIEW, depth, table) for table in (None, good, {})] == [False, False, True]
    assert evidence("drawn", VIEW, "hip_tilt", {}) is None, "an empty table is a table"


def test_what_ships_is_read_from_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Package:
        def joinpath(self, name: str) -> Package:
            assert name == "evidence.json"
            return self

        def read_text(self, encoding: str) -> str:
            return json.dumps(TABLE)

    monkeypatch.setattr(module, "files", lambda package: Package())
    monkeypatch.setattr(module, "_shipped", module._shipped.__wrapped__)
    assert evidence("sapiens2 0.4b", View.FRONTAL, "head_pitch") == Evidence(**ENTRY)


def test_the_shipped_table_speaks_of_metrics_in_views_that_there_are() -> None:
    shipped: Measured = module._shipped()
    families = {family(view) for view in View}
    for (backend, view, name), found in shipped.items():
        assert backend in {"mediapipe", "sapiens2"}
        assert view in families
        assert any(family(each) == view for each in METRICS[name].views), (name, view)
        assert found.degrees == (METRICS[name].unit == "°")
        assert found.n > 0
        assert math.isfinite(found.rms)
        assert math.isfinite(found.median_error)
    text = files("uprightd.metrics").joinpath("evidence.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
