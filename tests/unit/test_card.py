"""The angles card: strict JSON, every metric with a value or a reason, and a picture that shows what was measured."""

from __future__ import annotations

import json
import math
import stat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.fakes.body import FRONT, OBLIQUE, SEEN, SIZE, Places, from_the_left, pose, read_whole

from uprightd.captures.card import card, rows
from uprightd.captures.drawing import LEFT, RIGHT, draw_pose
from uprightd.captures.folder import new_capture
from uprightd.captures.snapshot import measure, write
from uprightd.domain import Box, Instant, Keypoint, Pose, Reason, View
from uprightd.errors import DataError
from uprightd.metrics import evidence as evidence_module
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Evidence
from uprightd.metrics.reading import Terms, read_pose

AT = "2026-11-22T12:00:00+01:00"


def picture(size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full((size[1], size[0], 3), 110, np.uint8)


def snapshot(places: Places = OBLIQUE, **keypoints: Keypoint) -> Any:
    return measure(picture(), pose(places, **keypoints), "desk.jpg", AT, Terms())


def strict(data: object) -> Any:
    """Through JSON and back, as a program reads it that knows no NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(json.dumps(data), parse_constant=refuse)


def test_the_card_says_what_was_measured_where_and_when() -> None:
    made = strict(snapshot().card)
    assert (made["kind"], made["source"], made["at"]) == ("snapshot", "desk.jpg", AT)
    assert (made["size"], made["backend"], made["view"]) == ([640, 960], "drawn", "oblique")
    assert made["confidence"] == 0.9
    assert set(made["metrics"]) == set(METRICS)
    assert made["keypoints"]["nose"] == {"x": 320.0, "y": 126.0, "score": 0.9}
    assert set(made["keypoints"]) == set(OBLIQUE)


def test_a_metric_has_a_value_or_a_reason_never_both_or_neither() -> None:
    for places in (FRONT, OBLIQUE, from_the_left(), {}, {"nose": (10.0, 10.0)}):
        for name, entry in strict(snapshot(places).card)["metrics"].items():
            assert (entry["value"] is None) == (entry["reason"] is not None), name
            assert entry["unit"] == METRICS[name].unit
            assert entry["reason"] is None or entry["reason"] in set(Reason)


def test_values_are_those_of_the_reading() -> None:
    metrics = snapshot(from_the_left(52.3456, 3.0)).card["metrics"]
    assert metrics["neck_flexion"] == {"value": 52.346, "error": None, "unit": "°", "reason": None}
    assert metrics["shoulder_tilt"] == {"value": None, "error": None, "unit": "°", "reason": "view"}
    assert metrics["head_pitch"] == {"value": None, "error": None, "unit": "°", "reason": "uncalibrated"}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {("drawn", "sagittal", "neck_flexion"): Evidence(1.8, 0.97, 1.5, 50, True)}
    monkeypatch.setattr(evidence_module, "_shipped", lambda: table)


@pytest.mark.usefixtures("measured")
def test_a_measured_error_is_in_the_card_and_in_the_rows() -> None:
    taken = snapshot(from_the_left(52.3456))
    assert strict(taken.card)["metrics"]["neck_flexion"]["error"] == 2.0
    reading = read_pose(pose(from_the_left(52.3456)), SIZE, Instant(0, 0))
    assert dict(rows(reading))["neck flexion"] == "52.3° ± 2.0°"
    assert dict(rows(reading))["trunk lean"] == "0.0°"


def test_the_terms_are_the_callers() -> None:
    strict_terms = measure(picture(), pose(from_the_left()), "desk.jpg", AT, Terms(min_confidence=0.95))
    assert {entry["reason"] for entry in strict_terms.card["metrics"].values()} == {"low_confidence"}


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_keypoint_that_is_not_finite_is_null_in_strict_json(odd: float) -> None:
    made = strict(snapshot(from_the_left(), nose=Keypoint(odd, 10.0, odd)).card)
    assert made["keypoints"]["nose"] == {"x": None, "y": 10.0, "score": None}
    assert made["metrics"]["neck_flexion"]["reason"] == "occluded"


def test_the_rows_of_the_drawing_are_the_known_metrics_with_their_unit() -> None:
    reading = read_pose(pose(from_the_left(52.3456)), SIZE, Instant(0, 0))
    listed = dict(rows(reading))
    assert listed["neck flexion"] == "52.3°"
    assert "shoulder tilt" not in listed
    assert len(listed) == sum(value.known for value in reading.values.values())


def test_nobody_in_the_picture_is_said_with_its_name_and_what_to_do() -> None:
    with pytest.raises(DataError, match=r"empty\.jpg: nobody") as error:
        measure(picture(), None, "empty.jpg", AT, Terms())
    assert error.value.hint


# ---- the drawing --------------------------------------------------------------------------------------------


def drawn(places: Places, size: tuple[int, int] = SIZE, image: np.ndarray | None = None) -> np.ndarray:
    body = pose(places)
    reading = read_pose(body, size, Instant(0, 0))
    return draw_pose(picture(size) if image is None else image, body, reading, rows(reading), "title")


def test_the_picture_is_drawn_on_a_copy_of_the_same_size() -> None:
    image = picture()
    result = drawn(FRONT, image=image)
    assert (result.shape, result.dtype) == (image.shape, image.dtype)
    assert (image == 110).all(), "the picture that was given stays as it was"
    assert (result != image).any()


@pytest.mark.parametrize(("side", "colour"), [("left", LEFT), ("right", RIGHT)])
def test_the_subjects_sides_have_their_colours(side: str, colour: tuple[int, int, int]) -> None:
    (x, top), (_, bottom) = FRONT[f"{side}_knee"], FRONT[f"{side}_ankle"]
    result = draw_pose(picture(), pose(FRONT), read_pose(pose(FRONT), SIZE, Instant(0, 0)), [], "")
    assert tuple(result[round((top + bottom) / 2), round(x)]) == colour


def test_a_point_that_was_not_seen_is_not_drawn() -> None:
    x, y = (round(place) for place in FRONT["left_ankle"])
    near = (slice(y - 3, y + 3), slice(x - 3, x + 3))
    for score, expected in ((0.6, True), (0.2, False)):
        body = pose(FRONT, left_ankle=Keypoint(x, y, score))
        result = draw_pose(picture(), body, read_pose(body, SIZE, Instant(0, 0)), [], "")
        assert (result[near] != 110).any() == expected


@pytest.mark.parametrize("size", [(32, 32), (33, 400), (400, 33), (1920, 1080)])
def test_a_picture_of_any_size_can_be_drawn_on(size: tuple[int, int]) -> None:
    scaled = {name: (x * size[0] / 640, y * size[1] / 960) for name, (x, y) in OBLIQUE.items()}
    assert drawn(scaled, size).shape == (size[1], size[0], 3)


@pytest.mark.parametrize(
    "places",
    [
        {},
        dict.fromkeys(OBLIQUE, (320.0, 480.0)),
        {name: (x + 5000, y) for name, (x, y) in OBLIQUE.items()},
        dict.fromkeys(OBLIQUE, (math.nan, math.inf)),
        {"nose": (0.0, 0.0), "left_shoulder": (639.9, 959.9), "right_shoulder": (0.0, 959.9)},
    ],
    ids=["nothing", "one point", "outside", "not finite", "the corners"],
)
def test_odd_keypoints_are_drawn_or_left_out_without_a_fault(places: Places) -> None:
    assert drawn(places).shape == (960, 640, 3)


def test_without_a_pose_there_is_still_a_card_on_the_picture() -> None:
    nobody = read_pose(None, SIZE, Instant(0, 0))
    assert nobody.view is View.UNKNOWN
    assert (draw_pose(picture(), None, nobody, [], "nobody") != picture()).any()


# ---- on disk ------------------------------------------------------------------------------------------------


def test_picture_and_card_are_written_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "captures" / "first"
    taken = snapshot()
    with new_capture(tmp_path / "captures", "snapshot", AT, folder) as capture:
        written = write(taken, capture, {})
    on_disk = strict(json.loads(Path(written["card"]).read_text(encoding="utf-8")))
    assert on_disk == strict(written)
    assert {key: on_disk[key] for key in taken.card} == strict(taken.card)
    shown = cv2.imread(written["picture"])
    assert shown is not None
    assert (shown == taken.picture).all(), "without loss"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder)] == [0o700, 0o700]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "manifest.json": 0o600,
        "snapshot.png": 0o600,
        "snapshot.json": 0o600,
    }


def test_the_card_is_made_of_plain_numbers() -> None:
    places, world = SEEN[View.OBLIQUE]
    reading = read_whole(View.OBLIQUE, None, places, world)
    made = card(reading, Pose({}, Box(0, 0, 0, 0), 0.0, "none"), SIZE, "x", AT)
    assert all(type(entry["value"]) in (float, type(None)) for entry in made["metrics"].values())
