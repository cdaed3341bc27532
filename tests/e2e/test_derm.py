"""`uprightd derm` and `uprightd captures` as a person uses them, with good pictures and with bad ones."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance
from tests.fakes.terminal import NO_ROOM, POWERLESS, Finished, Terminal

from uprightd.captures.manifest import read_manifest

PLACE = "Somewhere 47.37 N"


def portrait() -> Image.Image:
    """The astronaut's head and collar, enlarged as a telephone at arm's length would see it."""
    return Image.fromarray(skimage.data.astronaut()).crop((100, 0, 350, 250)).resize((1000, 1000))


def with_position(picture: Image.Image, orientation: int = 1) -> Image.Exif:
    """EXIF as a telephone writes it: maker, a place on earth, and which way up."""
    exif = picture.getexif()
    exif[0x010F], exif[0x0112], exif[0x010E] = "Telephone", orientation, PLACE
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 22.0, 0.0), 3: "E", 4: (8.0, 32.0, 0.0)})
    return exif


@pytest.fixture(scope="module")
def studio() -> Iterator[Terminal]:
    terminal = Terminal()
    picture = portrait()
    picture.save(terminal.here / "me.jpg", quality=95, exif=with_position(picture))
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    turned.save(terminal.here / "turned.jpg", quality=95, exif=with_position(turned, 6))
    yield terminal
    terminal.close()


@pytest.fixture(scope="module")
def first(studio: Terminal) -> Finished:
    return studio.run("derm", "--json", "--regions", "face", "me.jpg")


def folder_of(done: Finished) -> Path:
    return Path(done.json["folder"])


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# ---- good pictures -------------------------------------------------------------------------------------------


def test_a_capture_is_whole_private_logged_and_says_what_made_it(first: Finished, studio: Terminal) -> None:
    assert (first.code, first.err) == (0, "")
    folder = folder_of(first)
    assert folder.parent == studio.home / "data" / "captures"
    manifest = read_manifest(folder)
    assert [(model.name, model.licence) for model in manifest.models] == [("mediapipe", "Apache-2.0")]
    assert manifest.settings["regions"] == ["face"]
    assert sorted(each.name for each in manifest.files) == [
        name for name in names(folder) if name != "manifest.json"
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    (region,) = first.json["pictures"][0]["regions"]
    assert region["name"] == "face"
    assert any("light backend" in note for note in first.json["pictures"][0]["notes"])
    with sqlite3.connect(studio.database) as log:
        rows = log.execute("SELECT kind, path, files FROM captures").fetchall()
    log.close()
    assert ("derm", str(folder), len(manifest.files)) in rows


def test_nothing_of_the_camera_s_is_left_in_any_file(first: Finished) -> None:
    files = {path.name: path.read_bytes() for path in folder_of(first).iterdir()}
    embedded = re.findall(rb"base64,([A-Za-z0-9+/=]+)", files["sheet.html"])
    assert len(embedded) == 2
    pictures = [base64.b64decode(each) for each in embedded]
    pictures += [data for name, data in files.items() if name.endswith(".png")]
    for picture in pictures:
        opened = Image.open(io.BytesIO(picture))
        assert not opened.getexif()
        assert opened.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for name, data in (*files.items(), *(("embedded", each) for each in pictures)):
        for trace in (PLACE.encode(), b"Telephone", b"Exif\0\0", b"eXIf"):
            assert trace not in data, (name, trace)


def test_a_picture_that_lies_on_its_side_is_stood_up_first(first: Finished, studio: Terminal) -> None:
    upright, turned = (
        done.json["pictures"][0]["regions"][0]["box"]
        for done in (first, studio.run("derm", "--json", "--regions", "face", "turned.jpg"))
    )
    assert turned == pytest.approx(upright, abs=8)


def test_the_same_face_on_two_dates_is_compared_and_another_refused(
    first: Finished, studio: Terminal
) -> None:
    later = portrait().rotate(6, resample=Image.Resampling.BICUBIC)
    ImageEnhance.Brightness(later).enhance(0.9).save(studio.here / "later.png")
    second = studio.run("derm", "--json", "--regions", "face", "later.png", "--out", "second")
    done = studio.run("derm", "compare", folder_of(first).name, "second", "--json")
    assert (done.code, done.err) == (0, "")
    (entry,) = done.json["regions"]
    assert entry["fits"]
    assert entry["residual_px"] < 3
    assert {"face-pair.png", "face-b-on-a.png", "compare.json"} < set(names(folder_of(done)))
    portrait().transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(studio.here / "mirror.png")
    assert studio.run("derm", "--regions", "face", "mirror.png", "--out", "third").code == 0
    before = names(studio.home / "data" / "captures")
    refused = studio.run("derm", "compare", "second", "third")
    assert (refused.code, refused.out) == (65, "")
    assert "the two do not fit" in refused.err
    assert names(studio.home / "data" / "captures") == before
    assert second.code == 0


def test_below_the_gate_strict_refuses_and_writes_nothing(studio: Terminal) -> None:
    small = portrait().resize((200, 200))
    small.save(studio.here / "small.png")
    done = studio.run("derm", "--strict", "--regions", "face", "small.png", "--out", "strict")
    assert (done.code, done.out) == (65, "")
    assert "small.png: face: size: It is " in done.err
    assert "Move closer" in done.err
    assert not (studio.here / "strict").exists()


def test_a_classifier_of_one_s_own_is_kept_word_for_word_and_its_failure_costs_a_line(
    studio: Terminal,
) -> None:
    looker = studio.here / "looker"
    looker.write_text('#!/bin/sh\necho "seen $(basename "$1") $UPRIGHTD_REGION"\nexit ${FAIL:-0}\n')
    looker.chmod(0o700)
    arguments = ("derm", "--json", "--regions", "face", "--classifier-command", str(looker), "me.jpg")
    done = studio.run(*arguments, "--out", "said")
    assert (done.code, done.err) == (0, "")
    told = done.json["pictures"][0]["regions"][0]["classifier"]
    assert told == {"name": str(looker), "output": "seen face.png face\n", "fault": ""}
    assert [
        model.name
        for model in read_manifest(
            folder_of(done) if folder_of(done).is_absolute() else studio.here / "said"
        ).models
    ] == ["mediapipe", str(looker)]
    failed = studio.run(*arguments, "--out", "failed", environment={"FAIL": "4"})
    assert failed.code == 0
    assert "exit code 4" in failed.err


def test_a_camera_gives_the_picture_too(studio: Terminal) -> None:
    (studio.here / "frames").mkdir()
    for number in range(3):
        portrait().save(studio.here / "frames" / f"{number}.png")
    done = studio.run("derm", "--json", "--regions", "face", "--source", "frames", "--countdown", "0")
    assert done.code == 0, done.err
    assert done.json["pictures"][0]["regions"][0]["name"] == "face"


def test_a_log_that_cannot_be_written_costs_a_line_and_not_the_capture(
    studio: Terminal, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (home / "data" / "uprightd.db").mkdir(parents=True)
    done = studio.run(
        "derm", "--json", "--regions", "face", "me.jpg", environment={"UPRIGHTD_HOME": str(home)}
    )
    assert done.code == 0
    assert "could not be noted in the log" in done.err
    assert read_manifest(folder_of(done)).kind == "derm"


# ---- bad pictures --------------------------------------------------------------------------------------------


def bad_pictures(here: Path) -> dict[str, tuple[str, int, str]]:
    """Given a folder, make one bad picture of each kind there; return its name, the exit code and the words."""
    crowd = Image.new("RGB", (1000, 500))
    for x in (0, 500):
        crowd.paste(portrait().resize((500, 500)), (x, 0))
    crowd.save(here / "crowd.png")
    Image.new("RGB", (640, 480), (120, 120, 120)).save(here / "nobody.png")
    portrait().resize((20, 20)).save(here / "20px.png")
    Image.new("L", (10_001, 10_000)).save(here / "huge.png")
    whole = (here / "me.jpg").read_bytes()
    (here / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (here / "text.png").write_text("hello")
    (here / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 500)
    return {
        "nobody": ("nobody.png", 65, "nobody was found in this picture"),
        "several people": ("crowd.png", 65, "2 people are in this picture"),
        "20 px": ("20px.png", 65, "20x20 pixels are too few"),
        "over 100 MP": ("huge.png", 65, "10001x10000 pixels are too many"),
        "cut off": ("cut.jpg", 65, "damaged or cut off"),
        "no picture": ("text.png", 65, "not a picture"),
        "HEIC": ("phone.heic", 65, "HEIC or AVIF picture"),
        "missing": ("none.png", 65, "No such file"),
    }


def test_bad_pictures_are_told_in_words_with_their_code_and_leave_nothing(studio: Terminal) -> None:
    for what, (name, code, words) in bad_pictures(studio.here).items():
        done = studio.run("derm", "--regions", "face", name, "--out", "bad")
        assert (done.code, done.out) == (code, ""), (what, done.err)
        assert done.err.startswith(f"uprightd: {name}: "), (what, done.err)
        assert words in done.err, (what, done.err)
        assert len(done.err.strip().splitlines()) >= 2, f"{what}: what to do next is missing"
        assert not (studio.here / "bad").exists(), what


def test_a_bad_picture_among_good_ones_leaves_nothing_of_them_either(studio: Terminal) -> None:
    (studio.here / "text2.png").write_text("hello")
    done = studio.run("derm", "--regions", "face", "me.jpg", "text2.png", "--out", "mixed")
    assert done.code == 65
    assert not (studio.here / "mixed").exists()


def odd_pictures() -> dict[str, Image.Image]:
    picture = portrait()
    deep = np.asarray(picture.convert("L")).astype(np.uint16) * 257
    alpha = picture.copy()
    alpha.putalpha(128)
    return {"grey.png": picture.convert("L"), "deep.png": Image.fromarray(deep), "alpha.png": alpha}


def test_grey_16_bit_transparent_and_printed_pictures_work_and_no_colour_is_said(studio: Terminal) -> None:
    for name, picture in odd_pictures().items():
        picture.save(studio.here / name)
    portrait().convert("CMYK").save(studio.here / "print.jpg", quality=95)
    done = studio.run("derm", "--json", "--regions", "face", *odd_pictures(), "print.jpg", "--out", "odd")
    assert done.code == 0, done.err
    colours = [
        next(check for check in picture["regions"][0]["checks"] if check["name"] == "colour")
        for picture in done.json["pictures"]
    ]
    assert ["no colour" in each["finding"] for each in colours] == [True, True, False, False]


def test_only_skin_that_was_not_asked_for_is_told_with_how_to_ask(studio: Terminal) -> None:
    done = studio.run("derm", "me.jpg")
    assert done.code == 65
    assert "there is face" in done.err
    assert "--regions face" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 64, "either pictures or --camera"),
        (("me.jpg", "--camera"), 64, "either pictures or --camera"),
        (("me.jpg", "--regions", "hand"), 64, "did you mean 'hands'"),
        (("me.jpg", "--regions", "feet"), 69, "feet cannot be found by the light backend"),
        (("me.jpg", "--backend", "sapiens2"), 69, "no weights of Sapiens2's segmentation"),
        (("me.jpg", "--marker", "wide"), 64, "is no length"),
        (("me.jpg", "--marker", "9999mm"), 64, "1mm to 500mm"),
        (("me.jpg", "--classifier", "here"), 65, "no config.json"),
        (("me.jpg", "--classifier-command", "no-such-program"), 64, "no such program"),
        (("compare", "last", "nothing"), 64, "no capture of this name"),
    ],
)
def test_a_wrong_call_says_what_is_right(
    arguments: tuple[str, ...], code: int, words: str, first: Finished, studio: Terminal
) -> None:
    assert first.code == 0
    done = studio.run("derm", *arguments)
    assert (done.code, done.out) == (code, ""), done.err
    assert words in done.err


def test_where_nothing_can_be_written_is_said_at_once_and_a_full_disk_leaves_nothing(
    studio: Terminal,
) -> None:
    closed = studio.here / "closed"
    closed.mkdir(mode=0o500)
    done = studio.run("derm", "--regions", "face", "me.jpg", "--out", closed / "x", before=POWERLESS)
    assert done.code == 77, done.err
    assert "you may not write in" in done.err
    (studio.here / "file").write_text("x")
    done = studio.run("derm", "--regions", "face", "me.jpg", "--out", "file")
    assert done.code == 73
    done = studio.run("derm", "--regions", "face", "me.jpg", "--out", "full", before=NO_ROOM)
    assert (done.code, done.out) == (74, ""), done.err
    assert done.err.startswith("uprightd: full/face.png: "), done.err
    assert not [path for path in studio.here.iterdir() if "full" in path.name]


# ---- captures ------------------------------------------------------------------------------------------------


def test_captures_are_listed_checked_opened_and_removed(studio: Terminal, tmp_path: Path) -> None:
    home = tmp_path / "home"
    mine: dict[str, Any] = {"environment": {"UPRIGHTD_HOME": str(home)}}
    assert "no captures" in studio.run("captures", "list", **mine).out
    inside = folder_of(studio.run("derm", "--json", "--regions", "face", "me.jpg", **mine))
    elsewhere = studio.here / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "note.txt").write_text("mine")
    assert studio.run("derm", "--regions", "face", "me.jpg", "--out", elsewhere, **mine).code == 0
    listed = studio.run("captures", "list", "--json", "--since", "1d", "--kind", "derm", **mine).json
    assert [each["folder"] for each in listed] == [str(inside), str(elsewhere)]
    assert studio.run("captures", "list", "--json", "--kind", "gait", **mine).json == []
    assert studio.run("captures", "list", "--json", "--day", "2020-01-01", **mine).json == []
    (inside / "face.png").write_bytes(b"changed")
    checked = studio.run("captures", "list", "--check", "--json", **mine).json
    assert [each["changed"] for each in checked] == [["face.png"], []]
    assert "changed or gone: face.png" in studio.run("captures", "list", "--check", **mine).out

    opener = tmp_path / "bin"
    opener.mkdir()
    (opener / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n')
    (opener / "xdg-open").chmod(0o700)
    path = f"{opener}{os.pathsep}{studio.environment['PATH']}"
    opened = studio.run("captures", "open", environment={**mine["environment"], "PATH": path})
    assert opened.out.strip() == str(elsewhere / "sheet.html")

    refused = studio.run("captures", "remove", inside.name, **mine)
    assert refused.code == 64
    assert "--yes" in refused.err
    assert inside.exists()
    gone = studio.run("captures", "remove", inside.name, "last", "--yes", "--json", **mine)
    assert gone.json["removed"] == [str(inside), str(elsewhere)]
    assert not inside.exists()
    assert names(elsewhere) == ["note.txt"]
    assert studio.run("captures", "list", "--json", **mine).json == []
    assert studio.run("privacy", "--json", **mine).json["rows"]["captures"] == 0
    assert studio.run("captures", "remove", "last", "--yes", **mine).code == 64


def test_a_capture_by_another_version_is_listed_with_its_problem_and_can_be_removed(
    first: Finished, studio: Terminal, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    folder = home / "data" / "captures" / "2027-01-01T00-00-00-derm"
    shutil.copytree(folder_of(first), folder)
    content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**content, "schema": 2}))
    mine: dict[str, Any] = {"environment": {"UPRIGHTD_HOME": str(home)}}
    assert "schema 2" in studio.run("captures", "list", **mine).out
    assert studio.run("captures", "remove", "--all", "--yes", **mine).code == 0
    assert not folder.exists()
