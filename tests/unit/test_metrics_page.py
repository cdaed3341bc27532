"""docs/METRICS.md and its figures say what the metrics are, and what was measured about them, and nothing else."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

from uprightd.metrics.definitions import METRICS

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"
EMPTY: dict[str, Any] = {"backends": {}}


@pytest.fixture(scope="module")
def builder() -> Iterator[ModuleType]:
    """docs/build_metrics.py, imported without leaving anything behind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        patch.setattr(sys, "dont_write_bytecode", True)
        yield importlib.import_module("build_metrics")


def without_side(name: str) -> str:
    return re.sub("^(left|right)_", "", name)


def entry(rms: float, correlation: float | None, median: float, degrees: bool = True) -> dict[str, Any]:
    return {"rms": rms, "correlation": correlation, "median_error": median, "n": 240, "degrees": degrees}


def page_of(builder: ModuleType, view: str, **metrics: dict[str, Any]) -> str:
    return builder.page(
        {"generated_by": "uprightd bench accuracy, on a", "backends": {"mediapipe": {view: metrics}}}
    )


def section(page: str, metric: str) -> str:
    """The part of the page under the heading that names a metric."""
    parts = re.split(r"^##+ ", page, flags=re.MULTILINE)
    (found,) = [part for part in parts if f"`{metric}`" in part.splitlines()[0]]
    return found


def errors(text: str) -> list[str]:
    """The lines about the measured error in a section."""
    return re.findall(r"^  - (.+)$", text, flags=re.MULTILINE)


def row(page: str, metric: str) -> str:
    """The metric's line at a glance."""
    return next(line for line in page.splitlines() if line.startswith("| ") and f"`{metric}`" in line)


def withheld(page: str, backend: str, view: str) -> str:
    """What is listed as withheld there, nothing as an empty text."""
    found = re.findall(rf"^- Withheld with {backend}, {view}: (.+)\.$", page, flags=re.MULTILINE)
    assert len(found) <= 1
    return "".join(found)


def test_page_and_figures_are_what_the_generator_gives_and_asking_it_writes_nothing(
    builder: ModuleType,
) -> None:
    before = {path: path.stat().st_mtime_ns for path in DOCS.rglob("*")}
    wanted = builder.documents()
    assert {path: path.stat().st_mtime_ns for path in DOCS.rglob("*")} == before
    stale = [
        path.name for path, text in wanted.items() if not path.exists() or path.read_bytes() != text.encode()
    ]
    assert stale == [], "run `make docs`"
    assert {path for path in wanted if path.suffix == ".svg"} == set((DOCS / "metrics").iterdir())


def test_every_metric_has_a_figure_and_every_figure_a_metric(builder: ModuleType) -> None:
    assert set(builder.FIGURES) == {without_side(name) for name in METRICS}


@pytest.mark.parametrize("name", METRICS)
def test_a_figure_shows_the_points_its_metric_uses_and_no_others(builder: ModuleType, name: str) -> None:
    metric = METRICS[name]
    drawing = ElementTree.fromstring(builder.FIGURES[without_side(name)].svg())
    dots = [dot for dot in drawing.iter(f"{SVG}circle") if "data-point" in dot.attrib]
    used = {without_side(point) for point in (*metric.keypoints, *metric.places)}
    assert {without_side(dot.attrib["data-point"]) for dot in dots} == used
    assert all(0 < float(dot.attrib["cx"]) < 240 and 0 < float(dot.attrib["cy"]) < 200 for dot in dots)


def test_figures_are_small_and_load_nothing(builder: ModuleType) -> None:
    for name, figure in builder.FIGURES.items():
        text = figure.svg()
        drawing = ElementTree.fromstring(text)
        assert (drawing.tag, drawing.attrib["width"], drawing.attrib["height"]) == (f"{SVG}svg", "240", "200")
        assert len(text) < 16_000, name
        assert not re.search(r"href|@import|@font-face|<script|<image|url\((?!#)", text), name
        assert not re.search(r"\b(nan|inf)\b|e[-+]\d", text), name


@pytest.mark.parametrize("name", METRICS)
def test_the_page_says_of_every_metric_what_it_is(builder: ModuleType, name: str) -> None:
    metric, text = METRICS[name], section(builder.page(EMPTY), name)
    for words in (metric.formula, metric.sign, metric.source, f'src="metrics/{without_side(name)}.svg"'):
        assert words in text
    for part in (part for parts in metric.derived.values() for part in parts):
        assert f"[`{part}`](#{part})" in text
    views = {view.value.removesuffix("-left").removesuffix("-right") for view in metric.views} - {"unknown"}
    (line,) = [line for line in text.splitlines() if line.startswith("- **Views:**")]
    assert set(re.findall(r"frontal|oblique|sagittal|rear", line)) == views
    assert ("counts from your calibrated pose" in text) is metric.relative
    assert ("needs the distance between your pupils" in text) is metric.scaled


def test_points_are_told_in_words_with_left_and_right_as_both(builder: ModuleType) -> None:
    page = builder.page(EMPTY)
    assert "**Points:** nose, both shoulders\n" in section(page, "neck_flexion")
    assert "**Points:** hip, knee, ankle of that side\n" in section(page, "left_knee_angle")
    assert "both outer eye corners, both brow arches, and others of the face, 8" in section(page, "head_yaw")
    assert "; from the side: nose\n" in section(page, "head_pitch")
    assert "nose, both shoulders, both hips, each with its place in space\n" in section(
        page, "neck_flexion_3d"
    )


def test_before_anything_was_measured_the_page_says_so(builder: ModuleType) -> None:
    page = builder.page(EMPTY)
    assert not re.search(r"± \d|withheld:|Withheld with|not with", page)
    assert "Nothing has been measured yet." in page
    for name in METRICS:
        assert errors(section(page, name)) == ["mediapipe: not measured", "sapiens2: not measured"]


@pytest.mark.parametrize(
    ("metric", "view", "found", "words"),
    [
        ("neck_flexion", "sagittal", entry(2.13, 0.994, 1.5), "± 2.1°, correlation 0.99 over 240 frames"),
        ("neck_flexion", "sagittal", entry(2.13, None, 1.5), "± 2.1°, the truth stood still over 240 frames"),
        (
            "head_drop",
            "frontal",
            entry(0.0408, 0.9, 0.03, False),
            "± 0.041 of shoulder width, correlation 0.90 over",
        ),
        ("screen_distance_cm", "frontal", entry(3.2, 0.9, 3, False), "± 3 cm, correlation 0.90 over"),
        ("head_roll", "oblique", entry(9, 0.45, 8), "withheld: correlation 0.45 over 240 frames"),
        ("head_roll", "oblique", entry(9, 0.7999, 8), "withheld: correlation 0.79 over"),
        (
            "head_roll",
            "oblique",
            entry(19, 0.91, 17.3),
            "withheld: median error 17.3°, correlation 0.91 over",
        ),
        (
            "head_roll",
            "oblique",
            entry(19, None, 17.3),
            "withheld: median error 17.3°, the truth stood still over",
        ),
        ("head_x", "rear", entry(19, 0.9, 17.3, False), "± 19.000 of frame width, correlation 0.90 over"),
        ("trunk_lean_3d", "sagittal", entry(4, 0.9, 3), "± 4.0°, correlation 0.90 over 240 frames"),
        ("trunk_lean_3d", "rear", entry(9, 0.7, 3), "withheld: correlation 0.70 over 240 frames"),
        (
            "trunk_lean_3d",
            "rear",
            entry(4, None, 3),
            "withheld: never seen to follow, the truth stood still over 240 frames",
        ),
    ],
)
def test_what_was_measured_stands_with_its_metric_backend_and_view(
    builder: ModuleType, metric: str, view: str, found: dict[str, Any], words: str
) -> None:
    page = page_of(builder, view, **{metric: found})
    kept = "withheld" in words
    (line,) = [line for line in errors(section(page, metric)) if line.startswith(f"mediapipe, {view}: ")]
    assert line.startswith(f"mediapipe, {view}: {words}")
    assert (f"`{metric}`" in withheld(page, "mediapipe", view)) is kept
    assert (f"{view} (not with mediapipe)" in row(page, metric)) is kept
    assert "sapiens2: not measured" in errors(section(page, metric))
    assert "`uprightd bench accuracy, on a`" in page


def test_from_the_side_joints_are_told_by_the_near_and_the_far_side(builder: ModuleType) -> None:
    """The table's left is what was near: who is seen from the right has their right elbow there."""
    page = page_of(builder, "sagittal", left_elbow_angle=entry(5, 0.9, 4), right_elbow_angle=entry(9, 0.3, 8))
    text = section(page, "right_elbow_angle")
    assert errors(text) == [
        "mediapipe, sagittal, near side: ± 5.0°, correlation 0.90 over 240 frames",
        "mediapipe, sagittal, far side: withheld: correlation 0.30 over 240 frames",
        "sapiens2: not measured",
    ]
    assert row(page, "left_elbow_angle").endswith("| sagittal (far side not with mediapipe) |")
    assert "`left_elbow_angle` and `right_elbow_angle` of the far side" in withheld(
        page, "mediapipe", "sagittal"
    )
    assert not re.search(
        "(left|right)( side|, | not with)", "".join([*errors(page), row(page, "left_elbow_angle")])
    )


@pytest.mark.parametrize(
    ("left", "right", "note", "listed"),
    [
        (0.3, 0.9, "sagittal (near side not with mediapipe)", " of the near side"),
        (0.3, 0.3, "sagittal (not with mediapipe)", ""),
        (0.9, 0.9, "sagittal", None),
    ],
)
def test_a_view_in_which_one_of_two_joints_is_withheld_says_which(
    builder: ModuleType, left: float, right: float, note: str, listed: str | None
) -> None:
    joints = {"left_knee_angle": entry(5, left, 4), "right_knee_angle": entry(5, right, 4)}
    page = page_of(builder, "sagittal", **joints, trunk_lean_3d=entry(4, 0.9, 3))
    assert row(page, "right_knee_angle").endswith(f"| {note} |")
    knees = [] if listed is None else [f"`left_knee_angle` and `right_knee_angle`{listed}"]
    assert withheld(page, "mediapipe", "sagittal").split(", ") == ["`neck_flexion_3d`", *knees]


def test_a_3d_estimate_that_was_never_seen_to_follow_says_so(builder: ModuleType) -> None:
    """With a backend that was measured; with another nobody knows, and nothing is withheld."""
    page = page_of(builder, "sagittal", neck_flexion=entry(2, 0.9, 1), trunk_lean_3d=entry(2, 0.9, 1))
    assert errors(section(page, "trunk_lean_3d")) == [
        "mediapipe, frontal: withheld: never seen to follow",
        "mediapipe, oblique: withheld: never seen to follow",
        "mediapipe, sagittal: ± 2.0°, correlation 0.90 over 240 frames",
        "mediapipe, rear: withheld: never seen to follow",
        "sapiens2: not measured",
    ]
    for view in ("frontal", "oblique", "rear"):
        assert withheld(page, "mediapipe", view) == "`trunk_lean_3d`, `neck_flexion_3d`"
        assert withheld(page, "sapiens2", view) == ""
    assert withheld(page, "mediapipe", "sagittal") == "`neck_flexion_3d`"
    assert "sapiens2" not in row(page, "trunk_lean_3d")
    assert "trunk lean, 3D estimate" in row(page, "trunk_lean_3d")


@pytest.mark.parametrize("name", [name for name in METRICS if METRICS[name].derived])
def test_a_score_is_withheld_with_what_it_is_worked_out_from(builder: ModuleType, name: str) -> None:
    page = page_of(builder, "sagittal", trunk_lean=entry(9, 0.3, 8))
    assert "mediapipe, sagittal: withheld with `trunk_lean`" in errors(section(page, name))
    assert "sagittal (not with mediapipe)" in row(page, name)
    assert f"`{name}`" in withheld(page, "mediapipe", "sagittal")


def test_evidence_of_views_in_which_a_metric_means_nothing_is_left_out(builder: ModuleType) -> None:
    page = page_of(builder, "rear", neck_flexion=entry(60, 0.1, 50), gone_metric=entry(60, 0.1, 50))
    assert "rear" not in section(page, "neck_flexion")
    assert withheld(page, "mediapipe", "rear") == "`trunk_lean_3d`, `neck_flexion_3d`"
    assert "gone_metric" not in page


def test_a_backend_that_was_not_measured_is_named_and_one_that_was_is_not(builder: ModuleType) -> None:
    page = page_of(builder, "sagittal", neck_flexion=entry(2, 0.9, 1))
    assert "Sapiens2 has not been measured" in page
    assert "mediapipe has not been measured" not in page
    both = {
        "backends": {
            name: {"sagittal": {"neck_flexion": entry(2, 0.9, 1)}} for name in ("mediapipe", "sapiens2")
        }
    }
    assert "has not been measured" not in builder.page(both)


def test_every_link_of_the_page_leads_somewhere(builder: ModuleType) -> None:
    page = builder.page(EMPTY)
    anchors = [builder.slug(heading) for heading in re.findall(r"^##+ (.+)$", page, re.MULTILINE)]
    assert len(set(anchors)) == len(anchors)
    links = re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", page)
    targets = [link or source for link, source in links]
    assert len(targets) > len(builder.FIGURES)
    assert [
        target
        for target in targets
        if not (target[1:] in anchors if target.startswith("#") else (DOCS / target).exists())
    ] == []


def test_anchors_are_those_that_github_makes(builder: ModuleType) -> None:
    assert builder.slug("`left_knee_angle`, `right_knee_angle`") == "left_knee_angle-right_knee_angle"
    assert builder.slug("What is left over") == "what-is-left-over"


def test_writing_the_page_removes_figures_that_are_no_longer_used(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "HERE", tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "gone.svg").write_text("<svg/>", encoding="utf-8")
    builder.main()
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert written == sorted(
        [Path("METRICS.md"), *(Path("metrics") / f"{name}.svg" for name in builder.FIGURES)]
    )
    assert (tmp_path / "METRICS.md").read_bytes() == (DOCS / "METRICS.md").read_bytes()
