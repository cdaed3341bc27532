"""What `uprightd derm` writes: the record, the crops as files, both contact sheets; and pairs of two dates."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.fakes.photographs import astronaut, darkened, face_mask

from uprightd.captures.derm import Maker, files_of, record_of, summary_of, write_crops, write_record
from uprightd.captures.folder import NewCapture, new_capture
from uprightd.captures.manifest import Facts, model_used
from uprightd.captures.pair import Pair, compare, read_taken, residual_text, write_pairs
from uprightd.captures.sheet import WIDTHS, draw_sheet
from uprightd.derm.examine import Asked, Examined, examine
from uprightd.derm.marker import draw_marker
from uprightd.derm.regions import parse_wanted
from uprightd.derm.registration import Fit
from uprightd.errors import DataError

AT = "2026-11-22T14:30:05+01:00"
MAKER = Maker("mediapipe", "cpu", "as configured")
LICENCE = "Apache-2.0"


def scene(marker: bool = True) -> np.ndarray:
    """The astronaut with a marker beside her, whose square is 60 px wide."""
    image = astronaut().copy()
    if marker:
        drawn = draw_marker(4, 60)
        image[300 : 300 + len(drawn), 20 : 20 + len(drawn)] = drawn[..., None]
    return image


def examined(name: str = "a.jpg", marker: bool = True, image: np.ndarray | None = None) -> Examined:
    classes = np.where(face_mask(), 3, 0).astype(np.uint8)
    classes[300:420, 200:330] = 22
    asked = Asked(parse_wanted("face,torso"), 0.1, 20.0 if marker else None)
    return examine(scene(marker) if image is None else image, name, classes, 1, ("A <note>.",), asked)


def made(
    folder: Path, pictures: list[Examined], said: dict[str, Any] | None = None, at: str = AT
) -> NewCapture:
    with new_capture(folder.parent, "derm", at, folder) as capture:
        write_crops(pictures, capture)
        record = record_of(pictures, MAKER, at, said or {})
        write_record(record, pictures, capture, LICENCE)
        capture.finish(Facts("a.jpg", (model_used("mediapipe"),), {}, summary_of(record)))
    return capture


def test_each_region_has_its_crop_dimmed_copy_and_mask_without_loss(tmp_path: Path) -> None:
    picture = examined()
    made(tmp_path / "out", [picture])
    for found in picture.found:
        names = files_of([picture], 0, found)
        for key, expected in (("crop", found.crop.picture), ("dimmed", found.crop.dimmed)):
            assert np.array_equal(cv2.imread(str(tmp_path / "out" / names[key])), expected)  # type: ignore[arg-type]
        mask = cv2.imread(str(tmp_path / "out" / names["mask"]), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert np.array_equal(mask > 0, found.crop.mask)
        assert set(np.unique(mask)) == {0, 255}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "derm.json",
        "face-dimmed.png",
        "face-mask.png",
        "face.png",
        "manifest.json",
        "sheet.html",
        "sheet.png",
        "torso-dimmed.png",
        "torso-mask.png",
        "torso.png",
    ]


def test_the_record_says_where_how_large_and_how_good_each_region_is(tmp_path: Path) -> None:
    picture = examined()
    made(tmp_path / "out", [picture], {"face.png": {"name": "mine", "output": "{1}", "fault": ""}})
    record = json.loads((tmp_path / "out" / "derm.json").read_text(encoding="utf-8"))
    (told,) = record["pictures"]
    assert (told["source"], told["size"], told["people"], told["notes"]) == (
        "a.jpg",
        [512, 512],
        1,
        ["A <note>."],
    )
    assert told["scale"]["mm_per_px"] == pytest.approx(20 / 60, rel=0.02)
    face, torso = told["regions"]
    assert torso["box"] == [200, 300, 130, 120]
    assert torso["area_px"] == 15_600
    assert torso["share"] == pytest.approx(15_600 / 512**2, abs=1e-6)
    assert torso["size_mm"] == pytest.approx([130 / 3, 40], rel=0.02)
    assert torso["area_mm2"] == pytest.approx(15_600 / 9, rel=0.04)
    assert face["classifier"]["output"] == "{1}"
    assert torso["classifier"] is None
    assert [check["name"] for check in face["checks"]] == [
        "focus",
        "motion",
        "exposure",
        "clipping",
        "colour",
        "size",
        "occlusion",
    ]
    assert face["passed"] is all(check["passed"] is not False for check in face["checks"])
    assert summary_of(record)["regions"] == ["face", "torso"]


def test_several_pictures_are_numbered_and_no_file_carries_a_picture_s_own_name() -> None:
    pictures = [examined("mrs smith.jpg"), examined("b.jpg")]
    names = [files_of(pictures, 1, found)["crop"] for found in pictures[1].found]
    assert names == ["2-face.png", "2-torso.png"]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_sheet_holds_every_card_and_grows_with_them(count: int) -> None:
    pictures = [examined(marker=bool(number % 2)) for number in range(count)]
    record = record_of(pictures, MAKER, AT, {})
    sheet = draw_sheet(pictures, record, LICENCE)
    assert sheet.shape[1] == WIDTHS[min(3, 2 * count) - 1]
    rows = -(-2 * count // 3)
    assert sheet.shape[0] > 600 * rows
    assert sheet.dtype == np.uint8


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_is_one_file_that_fetches_nothing_runs_nothing_and_escapes_what_others_said(
    tmp_path: Path,
) -> None:
    said = {"face.png": {"name": "<b>mine", "output": "<script>alert(1)</script>", "fault": ""}}
    made(tmp_path / "out", [examined()], said)
    text = (tmp_path / "out" / "sheet.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert {tag for tag, _ in tags.found} & {"script", "link", "iframe", "b"} == set()
    images = [attributes["src"] or "" for tag, attributes in tags.found if tag == "img"]
    assert len(images) == 4
    assert all(source.startswith("data:image/jpeg;base64,") for source in images)
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "a.jpg" not in text, "a file's name may say who it is"


# ---- pairs ---------------------------------------------------------------------------------------------------


def large(image: np.ndarray) -> Examined:
    """The astronaut's face three times enlarged, as a picture of its own."""
    size = (1536, 1536)
    classes = np.where(face_mask(), 3, 0).astype(np.uint8)
    return examine(
        cv2.resize(image, size, interpolation=cv2.INTER_CUBIC),
        "a.jpg",
        cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST),
        1,
        (),
        Asked(parse_wanted("face"), 0.1, 60.0),
    )


def test_two_dates_are_laid_over_each_other_with_the_residual_in_both_units(tmp_path: Path) -> None:
    made(tmp_path / "a", [large(scene())], at="2026-11-20T14:30:05+01:00")
    made(tmp_path / "b", [large(darkened(scene(), 0.8))])
    a, b = read_taken(tmp_path / "a"), read_taken(tmp_path / "b")
    pairs = compare(a, b, None)
    with new_capture(tmp_path, "derm-compare", AT, tmp_path / "c") as capture:
        record = write_pairs(pairs, a, b, capture)
    (entry,) = record["regions"]
    assert entry["fits"]
    assert entry["residual_px"] < 2
    assert entry["residual_mm"] == pytest.approx(entry["residual_px"] * 60 / 180, rel=0.05)
    assert entry["overlap"] > 0.95
    assert cv2.imread(str(tmp_path / "c" / entry["files"]["b_on_a"])).shape == pairs[0].a.picture.shape  # type: ignore[union-attr]
    pair = cv2.imread(str(tmp_path / "c" / entry["files"]["pair"]))
    assert pair is not None
    assert pair.shape[1] >= 900
    assert "2 days later" in residual_text(pairs[0], a.manifest.when, b.manifest.when)
    with pytest.raises(DataError, match="of the kind derm-compare, expected derm"):
        read_taken(tmp_path / "c")


def test_what_does_not_fit_or_is_not_in_both_is_refused_with_the_reason(tmp_path: Path) -> None:
    made(tmp_path / "a", [large(scene())])
    made(tmp_path / "b", [large(scene()[:, ::-1].copy())])
    a, b = read_taken(tmp_path / "a"), read_taken(tmp_path / "b")
    with pytest.raises(DataError, match=r"the two do not fit:\n  face: "):
        compare(a, b, None)
    with pytest.raises(DataError, match="no left_hand in both"):
        compare(a, b, "left_hand")


def test_a_damaged_capture_is_named(tmp_path: Path) -> None:
    capture = made(tmp_path / "a", [examined()])
    for content in (
        "{",
        "{}",
        '{"pictures": [{"regions": [{"files": {"crop": "../x", "mask": "y"}}], "scale": null}]}',
    ):
        capture.place("derm.json").write_text(content)
        with pytest.raises(DataError, match=r"derm\.json: is damaged"):
            read_taken(tmp_path / "a")
    capture.place("derm.json").unlink()
    with pytest.raises(DataError, match=r"derm\.json: cannot be read"):
        read_taken(tmp_path / "a")


def test_a_pair_s_words_count_days_in_both_directions() -> None:
    from datetime import datetime, timedelta

    fit = Fit(np.eye(3), "affine", 1.25, 20, 30, np.ones((2, 2), bool))
    pair = Pair("face", None, None, fit, 0.2)  # type: ignore[arg-type]
    when = datetime.fromisoformat(AT)
    assert "1.2 px (0.25 mm), rms; 20 of 30 points agree" in residual_text(pair, when, when)
    assert "on the same day" in residual_text(pair, when, when + timedelta(hours=2))
    assert "1 day later" in residual_text(pair, when, when + timedelta(days=1))
