"""From series to evidence: what is pooled, what counts, and the file in which the product finds it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.exact_body import seated

import uprightd
from uprightd.domain import Reason, View
from uprightd.errors import CannotCreateError, DataError
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Evidence, family
from uprightd.service.accuracy.clips import Clip
from uprightd.service.accuracy.pooling import evidence_of, read_others, write_evidence
from uprightd.service.accuracy.series import Look, Series
from uprightd.service.accuracy.suite import figures
from uprightd.service.accuracy.table import markdown, text
from uprightd.service.accuracy.variants import Variant

TILT = "shoulder_tilt"
FRAMES = 20


def look(value: float, truth: float = 0.0, view: View = View.FRONTAL, offered: bool = True) -> Look:
    return Look(value, None if math.isfinite(value) else Reason.OCCLUDED, truth, view, offered)


def series(
    looks: list[Look],
    name: str = "clip",
    metric: str = TILT,
    backend: str = "drawn",
    tells: tuple[str, ...] = (TILT,),
) -> Series:
    """One metric in some frames of a clip in which somebody sits upright throughout; the others are out of sight."""
    count = len(looks)
    clip = Clip(
        name, Path(f"{name}.mp4"), 10.0, tuple(frame / 10 for frame in range(count)), (seated(),) * count
    )
    absent = tuple(look(math.nan, math.nan) for _ in range(count))
    return Series(
        Variant(name, clip),
        backend,
        3,
        (True,) * count,
        (True,) * count,
        tuple(it.view for it in looks),
        {**dict.fromkeys(METRICS, absent), metric: tuple(looks)},
        {"upright": frozenset(range(count))},
        frozenset(tells),
    )


def ramp(
    gain: float = 1.0, offset: float = 0.0, count: int = FRAMES, view: View = View.FRONTAL
) -> list[Look]:
    return [look(gain * truth + offset, truth, view) for truth in map(float, range(count))]


def entry_of(*found: Series, view: str = "frontal") -> dict[str, Any]:
    return evidence_of(found)["backends"]["drawn"][view][TILT]


def test_errors_are_pooled_over_frames_and_the_worst_clip_counts_for_the_rest() -> None:
    good, bad = ramp(offset=1.0), [look(-truth / 10 + 4, truth) for truth in map(float, range(40))]
    entry = entry_of(series(good, "good"), series(bad, "bad"))
    squares = [1.0] * 20 + [(it.value - it.truth) ** 2 for it in bad]
    assert entry["rms"] == pytest.approx(math.sqrt(sum(squares) / 60), abs=1e-4)
    assert entry["correlation"] == -1
    assert entry["median_error"] > 10
    assert (entry["n"], entry["degrees"]) == (60, True)


def test_a_clip_whose_truth_rests_says_nothing_about_the_correlation() -> None:
    rest = [look(value, 0.0) for value in (1.0, -1.0) * 10]
    assert entry_of(series(rest))["correlation"] is None
    assert entry_of(series(rest, "rest"), series(ramp(), "moves"))["correlation"] == 1


def test_a_frame_belongs_to_the_view_it_was_measured_in() -> None:
    looks = ramp() + ramp(offset=8, view=View.SAGITTAL_LEFT) + ramp(offset=8, view=View.SAGITTAL_RIGHT)
    found = evidence_of([series(looks)])["backends"]["drawn"]
    assert found.keys() == {"frontal", "sagittal"}
    assert (found["frontal"][TILT]["rms"], found["frontal"][TILT]["n"]) == (0, 20)
    assert (found["sagittal"][TILT]["rms"], found["sagittal"][TILT]["n"]) == (8, 40)


def test_from_the_side_near_and_far_are_pooled() -> None:
    """The right elbow of who is seen from the right is the near one, as the left is of who is seen from the left."""
    joints = ("left_elbow_angle", "right_elbow_angle")
    offsets = {View.SAGITTAL_LEFT: (2.0, 9.0), View.SAGITTAL_RIGHT: (9.0, 2.0)}
    every = [
        series(ramp(offset=offset, view=view), f"{view.value} {joint}", joint, tells=(joint,))
        for view, both in offsets.items()
        for joint, offset in zip(joints, both, strict=True)
    ]
    found = evidence_of(every)["backends"]["drawn"]["sagittal"]
    assert {name: (entry["rms"], entry["n"]) for name, entry in found.items()} == {
        "left_elbow_angle": (2, 40),
        "right_elbow_angle": (9, 40),
    }
    walked = ramp(offset=2.0, view=View.SAGITTAL_LEFT) + ramp(offset=9.0, view=View.SAGITTAL_RIGHT)
    turning = series(walked, metric="left_elbow_angle", tells=("left_elbow_angle",))
    found = evidence_of([turning])["backends"]["drawn"]["sagittal"]
    assert {name: entry["rms"] for name, entry in found.items()} == {
        "left_elbow_angle": 2,
        "right_elbow_angle": 9,
    }


def test_a_view_mistaken_for_a_moment_does_not_decide_over_the_metric() -> None:
    blip = [look(80.0, 0.0) for _ in range(3)] + ramp(view=View.OBLIQUE)
    entry = entry_of(series(ramp()), series(blip, "blip"))
    assert entry["median_error"] == 0
    assert entry["rms"] > 20, "but it is an error like any other"
    assert entry_of(series(blip, "blip"))["median_error"] == 80, (
        "where nothing else is known it is what is known"
    )


def test_what_is_unknown_or_withheld_is_no_error_and_withheld_values_are_evidence_too() -> None:
    looks = [look(math.nan, 3.0), look(5.0, math.nan), look(4.0, 3.0, offered=False)] * 5
    entry = entry_of(series(looks))
    assert (entry["n"], entry["rms"]) == (5, 1)


def test_a_variant_is_evidence_only_about_what_it_tells() -> None:
    nothing = evidence_of([series(ramp(gain=-1), tells=())])
    assert nothing["backends"] == {}
    assert figures([series(ramp(), tells=())], withheld=False)["clips"]["clip"]["metrics"] == {}


def test_a_backend_goes_by_its_first_word() -> None:
    assert evidence_of([series(ramp(), backend="sapiens2 0.4b")])["backends"].keys() == {"sapiens2"}


# ---- figures -----------------------------------------------------------------------------------------------


def test_only_what_is_offered_is_listed_unless_asked_for() -> None:
    kept = [look(4.0, 0.0, offered=False) for _ in range(FRAMES)]
    assert figures([series(kept)], withheld=False)["clips"]["clip"]["metrics"] == {}
    metrics = figures([series(kept)], withheld=True)["clips"]["clip"]["metrics"]
    assert metrics.keys() == METRICS.keys()
    assert (metrics[TILT]["offered"], metrics[TILT]["n"], metrics[TILT]["bias"]) == (False, FRAMES, 4)
    assert metrics["head_pitch"] == {"offered": False, "unit": "°", "n": 0, "reasons": {"occluded": FRAMES}}


def test_figures_of_an_offered_metric_are_of_the_frames_that_are_offered() -> None:
    mixed = (
        [look(4.0, 0.0, View.OBLIQUE, offered=False)] * 5 + [look(1.0, 0.0)] * 5 + [look(math.nan, 0.0)] * 2
    )
    entry = figures([series(mixed)], withheld=False)["clips"]["clip"]["metrics"][TILT]
    assert (entry["offered"], entry["n"], entry["bias"], entry["reasons"]) == (True, 5, 1, {"occluded": 2})


def test_the_clip_itself_is_described() -> None:
    clip = figures([series(ramp())], withheld=False)["clips"]["clip"]
    assert (clip["detection"], clip["in_sight"], clip["frames"]) == (1, FRAMES, FRAMES)
    assert (clip["views"], clip["size"], clip["fps"]) == ({"frontal": FRAMES}, [640, 360], 10)
    stretch = clip["metrics"][TILT]["postures"]["upright"]
    assert (stretch["lowest"], stretch["highest"], stretch["n"]) == (-1, 18, FRAMES)


# ---- the file ----------------------------------------------------------------------------------------------


def test_the_written_file_is_the_evidence_and_keeps_other_backends(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    other = {
        "frontal": {TILT: {"rms": 1.0, "correlation": None, "median_error": 1.0, "n": 9, "degrees": True}}
    }
    path.write_text(json.dumps({"backends": {"other": other, "drawn": other}}), encoding="utf-8")
    evidence = evidence_of([series(ramp(offset=2.0))])
    write_evidence(path, evidence, read_others(path))
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["backends"] == {"other": other, **evidence["backends"]}
    assert written["generated_by"] == "uprightd bench accuracy, on clip"
    assert len([line for line in path.read_text(encoding="utf-8").splitlines() if "rms" in line]) == 2


def test_evidence_without_any_entry_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    assert read_others(path) == {}
    write_evidence(path, evidence_of([series([look(math.nan)])]), {})
    assert json.loads(path.read_text(encoding="utf-8"))["backends"] == {}


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    for content in ("my thesis", "[]", '{"backends": 3}'):
        path = tmp_path / "thesis"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="is there already"):
            read_others(path)
        assert path.read_text(encoding="utf-8") == content
    with pytest.raises(CannotCreateError, match="no folder"):
        read_others(tmp_path / "nowhere" / "evidence.json")
    with pytest.raises(CannotCreateError):
        read_others(tmp_path)


# ---- tables ------------------------------------------------------------------------------------------------


def test_the_markdown_table_has_a_row_for_each_metric_and_view() -> None:
    poor = series(ramp(gain=-1, view=View.OBLIQUE), "poor")
    lines = markdown(evidence_of([series(ramp(offset=2.0)), poor])).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2:] == [
        "| `shoulder_tilt` | frontal | 2.0° | 2.0° | 1.000 | 20 | drawn | yes |",
        "| `shoulder_tilt` | oblique | 22.2° | 19.0° | -1.000 | 20 | drawn | no |",
    ]


def test_a_person_reads_a_line_for_each_metric_and_what_is_withheld_is_marked() -> None:
    kept = [look(it.value, it.truth, offered=False) for it in ramp(offset=3.0)]
    lines = text(figures([series(ramp(offset=2.0)), series(kept, "kept")], withheld=True)).splitlines()
    rows = [line.split() for line in lines if TILT in line]
    assert [row[:5] for row in rows] == [
        [TILT, "20", "2.0°", "2.0°", "0.0°"],
        ["*", TILT, "20", "3.0°", "3.0°"],
    ]
    assert any("found in 100% of the 20 frames" in line for line in lines)


def test_the_shipped_evidence_is_of_metrics_and_views_that_there_are() -> None:
    path = Path(uprightd.__file__).parent / "metrics" / "evidence.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    assert table["generated_by"].startswith("uprightd bench accuracy")
    assert "mediapipe" in table["backends"]
    for views in table["backends"].values():
        for view, metrics in views.items():
            assert view in {family(it) for it in View}
            for name, entry in metrics.items():
                assert view in {family(it) for it in METRICS[name].views}
                assert entry["degrees"] is (METRICS[name].unit == "°")
                assert Evidence(**entry).n > 0
