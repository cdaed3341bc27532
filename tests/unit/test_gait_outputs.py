"""What a walk leaves in its folder, read back."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.fakes.walk import analysis_of, true_events, true_track

from uprightd.captures.gait import comparing, opensim, plots, tables
from uprightd.captures.gait.document import Film, document
from uprightd.captures.gait.folder import drawn, to_bytes, write_all
from uprightd.captures.gait.report import page
from uprightd.captures.gait.stances import floor_times, stances
from uprightd.captures.gait.wording import rows
from uprightd.domain import View
from uprightd.errors import DataError
from uprightd.gait.model import Analysis, Event, EventKind, Side
from uprightd.gait.screening import load_screen
from uprightd.paths import shipped

FILM = Film("walks/anna.mp4", "2026-11-22T15:00:00+01:00", "mediapipe", "largest", 5.97, 180)


@pytest.fixture(scope="module")
def walk() -> Analysis:
    return analysis_of(true_track())


@pytest.fixture(scope="module")
def found(walk: Analysis) -> dict:
    return document(FILM, walk.track, walk, None, load_screen(shipped("rules") / "gait" / "fall-risk.yaml"))


def cells(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


# ---- gait.json ---------------------------------------------------------------------------------------------


def test_the_document_has_what_its_schema_promises(found: dict) -> None:
    again = json.loads(to_bytes(found))
    assert (again["schema"], again["kind"], again["view"]) == (1, "gait", "sagittal-left")
    assert set(again["events"][0]) == {"t", "side", "kind", "confidence"}
    assert {it["kind"] for it in again["events"]} == {"strike", "off"}
    promised = {"cadence", "stride_time", "step_time_left", "step_time_right", "stride_length", "speed"}
    for name in promised | {"stance_left", "stance_right"}:
        assert {"value", "sd", "mdc", "unit", "reason"} <= set(again["parameters"][name])
    refused = again["parameters"]["step_width"]
    assert refused["value"] is None
    assert refused["reason"] == "not seen from the side"
    assert again["frames_with_walker"] < again["frames"] == 180
    assert again["fps"] == pytest.approx(30)


def test_a_walk_without_an_analysis_is_kept_with_its_reason(walk: Analysis) -> None:
    found = document(FILM, walk.track, None, "nobody walks")
    assert (found["partial"], found["events"], found["parameters"]) == ("nobody walks", [], {})
    assert set(document(FILM, walk.track, walk, None)) == set(found)


def test_a_number_that_is_none_is_refused(found: dict) -> None:
    with pytest.raises(ValueError, match="JSON"):
        to_bytes({**found, "duration": float("nan")})


def test_the_screen_says_what_it_is_not(found: dict) -> None:
    assert "not diagnosis" in found["screen"]["note"]
    assert {it["verdict"] for it in found["screen"]["findings"]} <= {"within", "beyond", "unsure", "unknown"}
    assert all(it["source"] for it in found["screen"]["findings"])


# ---- tables ------------------------------------------------------------------------------------------------


def test_events_and_steps_are_read_back_as_they_were(walk: Analysis) -> None:
    told = cells(tables.events_csv(walk))
    assert [(float(it["t_s"]), it["side"], it["kind"]) for it in told] == [
        (pytest.approx(it.t, abs=1e-4), it.side.value, it.kind.value) for it in walk.events
    ]
    steps = cells(tables.steps_csv(walk))
    assert len(steps) == len(walk.steps)
    assert steps[0]["step_length_m"] == "", "unknown is an empty cell"
    assert float(steps[0]["step_time_s"]) == 0.54


def test_a_series_has_a_row_for_each_frame_raw_beside_filtered(walk: Analysis) -> None:
    table = cells(tables.series_csv(walk))
    assert len(table) == walk.track.count
    name = next(name for name in table[0] if name.startswith("left_knee_angle") and not name.endswith("_raw"))
    assert f"{name}_raw" in table[0]
    knee = walk.series["left_knee_angle"].filtered
    read = np.array([float(row[name]) if row[name] else np.nan for row in table])
    assert read == pytest.approx(knee, nan_ok=True, rel=1e-4)
    assert float(table[60]["left_heel_x_px"]) == pytest.approx(
        walk.track.points["left_heel"][60, 0], rel=1e-4
    )


# ---- OpenSim -----------------------------------------------------------------------------------------------


def read_trc(data: bytes) -> tuple[dict[str, str], list[str], np.ndarray]:
    """Read a .trc file as OpenSim's TRCFileAdapter does: header, markers, table (frames, 1 + 3 markers)."""
    lines = data.decode().split("\n")
    assert lines[0].split("\t")[:3] == ["PathFileType", "4", "(X/Y/Z)"]
    about = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    markers = [name for name in lines[3].split("\t")[2:] if name]
    assert lines[3].split("\t")[:2] == ["Frame#", "Time"]
    assert lines[4].split("\t")[2:] == [f"{axis}{n}" for n in range(1, len(markers) + 1) for axis in "XYZ"]
    assert lines[5] == ""
    table = [line.split("\t") for line in lines[6:] if line]
    assert all(len(row) == 2 + 3 * len(markers) for row in table)
    assert [int(row[0]) for row in table] == list(range(1, len(table) + 1))
    return about, markers, np.array([[float(cell or "nan") for cell in row[1:]] for row in table])


def test_markers_are_in_metres_forward_and_up(walk: Analysis) -> None:
    about, markers, table = read_trc(opensim.markers_trc(walk) or b"")
    assert (about["Units"], int(about["NumMarkers"]), int(about["NumFrames"])) == (
        "m",
        len(markers),
        len(table),
    )
    assert float(about["DataRate"]) == 30
    assert np.diff(table[:, 0]) == pytest.approx(1 / 30, abs=2e-4)
    x, y, z = (table[:, 1 + 3 * markers.index("RHip") + axis] for axis in range(3))
    known = np.isfinite(x)
    assert x[known][-1] > x[known][0] + 3, "the walker comes forward, whichever way the picture shows it"
    assert 0.6 < np.nanmedian(y) < 1.2, "hips are about a metre over the floor"
    assert (z[known] == 0).all()


def test_markers_without_a_scale_or_from_the_front_are_not_written(walk: Analysis) -> None:
    assert opensim.markers_trc(analysis_of(walk.track, scale=None)) is None
    assert opensim.markers_trc(analysis_of(walk.track, direction=0, view=View.FRONTAL)) is None


def test_angles_are_a_motion_file_without_a_gap(walk: Analysis) -> None:
    lines = (opensim.angles_mot(walk) or b"").decode().split("\n")
    end = lines.index("endheader")
    header = dict(line.split("=") for line in lines[1:5])
    names = lines[end + 1].split("\t")
    table = np.array([[float(cell) for cell in line.split("\t")] for line in lines[end + 2 :] if line])
    assert header["inDegrees"] == "yes"
    assert (int(header["nRows"]), int(header["nColumns"])) == table.shape
    assert names == ["time", "knee_angle_r", "knee_angle_l"]
    assert np.isfinite(table).all()
    right = np.interp(table[:, 0], walk.track.times, walk.series["right_knee_angle"].filtered)
    assert table[:, 1] == pytest.approx(right, abs=0.01)


def test_a_variable_rate_is_evened_out_for_opensim() -> None:
    track = true_track()
    keep = np.array([i for i in range(track.count) if i % 2 == 0 or i > 90])
    thin = type(track)(
        track.times[keep], {name: it[keep] for name, it in track.points.items()}, track.size, track.backend
    )
    about, _, table = read_trc(opensim.markers_trc(analysis_of(thin)) or b"")
    assert float(about["DataRate"]) == 30
    assert np.diff(table[:, 0]) == pytest.approx(1 / 30, abs=2e-4)


# ---- plots and report --------------------------------------------------------------------------------------


def test_plots_are_well_formed_and_take_the_page_s_colours(walk: Analysis) -> None:
    for plot in drawn(walk):
        alone = plots.standing_alone(plot.svg)
        root = ElementTree.fromstring(alone)
        assert root.tag.endswith("svg")
        assert "var(--left" in plot.svg
        assert not re.search(r"(?<!, )#1f77d0", plot.svg), "a colour that would not follow the page"
        assert b"prefers-color-scheme" in alone
    assert [plot.name for plot in drawn(walk)] == ["series.svg", "cycles.svg"]
    assert plots.over_time(walk) == plots.over_time(walk), "the same walk gives the same file"


def test_two_plots_on_a_page_share_no_id(walk: Analysis) -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', plot.svg)) for plot in drawn(walk)]
    assert not ids[0] & ids[1]


def test_nothing_to_show_is_no_plot() -> None:
    track = true_track()
    assert drawn(analysis_of(track, series={}, cycles=(), direction=0)) == []
    assert drawn(None) == []


def test_the_report_is_one_file_that_asks_nobody_for_anything(found: dict, walk: Analysis) -> None:
    text = page(found, [(it.heading, it.svg) for it in drawn(walk)], [("left, 1.2 s", b"jpeg")]).decode()
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert "url(http" not in text
    assert "<script" not in text
    for words in (
        "cadence",
        "111.1",
        "not seen from the side",
        "Screening, not diagnosis",
        "never a diagnosis",
    ):
        assert words in text


def test_a_name_that_looks_like_markup_is_shown_as_it_is(found: dict) -> None:
    text = page({**found, "source": "<img onerror=x>.mp4", "partial": "<b>"}, [], []).decode()
    assert "<img onerror" not in text
    assert "<b></p>" not in text


def test_a_partial_walk_says_so_at_the_top(walk: Analysis) -> None:
    found = document(Film(**{**film_fields(), "cut_off": 2.5}), walk.track, None, "one step only")
    text = page(found, [], []).decode()
    assert "one step only" in text
    assert "2.5 s before it should" in text


def film_fields() -> dict:
    return {name: getattr(FILM, name) for name in FILM.__slots__}


def test_a_folder_holds_every_file(found: dict, walk: Analysis, tmp_path: Path) -> None:
    write_all(tmp_path, found, walk, drawn(walk), [])
    assert {it.name for it in tmp_path.iterdir()} == {
        *("gait.json", "series.csv", "events.csv", "steps.csv", "markers.trc", "angles.mot"),
        *("series.svg", "cycles.svg", "report.html"),
    }
    assert comparing.read_document(tmp_path)["parameters"] == found["parameters"]


def test_rows_put_sides_beside_the_whole_and_what_is_asked_for_first(found: dict) -> None:
    table = rows(found["parameters"])
    assert [row.title for row in table[:2]] == ["cadence", "speed"]
    step = next(row for row in table if row.title == "step time")
    assert (step.left or {})["value"] == 0.541
    assert step.whole is None
    assert next(row for row in table if row.refused).refused == "not seen from the side"


def test_a_stance_needs_both_its_ends() -> None:
    events = [Event(t, Side.LEFT, kind, 1.0) for t, kind in ((1.0, EventKind.OFF), (1.4, EventKind.STRIKE))]
    assert stances(events, Side.LEFT, (0, 9)) == []
    whole = [*events, Event(2.0, Side.LEFT, EventKind.OFF, 1.0)]
    assert stances(whole, Side.LEFT, (0, 9)) == [(1.4, 2.0)]
    assert stances(whole, Side.RIGHT, (0, 9)) == []
    assert len(stances(true_events(), Side.LEFT, (0, 9))) >= 3


def test_where_no_toe_off_is_seen_each_strike_is_marked() -> None:
    strikes = [event for event in true_events() if event.kind is EventKind.STRIKE]
    own = [event.t for event in strikes if event.side is Side.LEFT]
    assert [begin for begin, _ in floor_times(strikes, Side.LEFT, (0, 9))] == own
    assert floor_times(true_events(), Side.LEFT, (0, 9)) == stances(true_events(), Side.LEFT, (0, 9))


# ---- before and after ----------------------------------------------------------------------------------------


def changed(found: dict, **values: float | None) -> dict:
    parameters = {
        name: {
            **it,
            "value": values.get(name, it["value"]),
            "reason": None if values.get(name, 1) else "too few steps",
        }
        for name, it in found["parameters"].items()
    }
    return {**found, "parameters": parameters}


def test_only_a_change_beyond_the_mdc_counts(found: dict) -> None:
    told = comparing.compare(found, changed(found, cadence=114.0, speed=1.19))
    assert told["parameters"]["cadence"] == {
        "before": 111.1,
        "after": 114.0,
        "change": 2.9,
        "mdc": 2.4,
        "unit": "steps/min",
        "exceeds": True,
        "reason": None,
    }
    assert told["parameters"]["speed"]["exceeds"] is False
    assert told["exceeds"] == ["cadence"]


def test_what_is_missing_on_one_side_is_no_change(found: dict) -> None:
    told = comparing.compare(changed(found, speed=None), found)
    assert told["parameters"]["speed"]["exceeds"] is None
    assert told["parameters"]["speed"]["reason"] == "no value before: too few steps"


def test_another_view_or_rate_is_told(found: dict) -> None:
    notes = comparing.compare(found, {**found, "view": "frontal", "fps": 15.0, "partial": "cut"})["notes"]
    assert len(notes) == 3
    assert "frontal" in notes[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"[1]", "not the result of a walk"),
        (b'{"kind": "gait", "schema": 99, "parameters": {}}', "schema 99"),
        (b'{"kind": "gait", "schema": 1, "parameters": {"speed": 1}}', "damaged"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_a_file_that_is_no_walk_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "gait.json").write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        comparing.read_document(tmp_path)
    assert "gait.json" in caught.value.message
    with pytest.raises(DataError):
        comparing.read_document(tmp_path / "nowhere")
