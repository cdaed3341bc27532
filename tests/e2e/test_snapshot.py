"""`uprightd snapshot` on a photograph of a person."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import skimage.data
from PIL import Image, ImageChops
from tests.fakes.terminal import NO_ROOM, Finished, Terminal

from uprightd.metrics.definitions import METRICS

TURNS = (0, 10, -10)
"""Degrees by which the photograph is turned, counter-clockwise as PIL counts."""


@pytest.fixture(scope="module")
def studio() -> Iterator[Terminal]:
    terminal = Terminal()
    photograph = Image.fromarray(skimage.data.astronaut())
    for turn in TURNS:
        photograph.rotate(turn, resample=Image.Resampling.BICUBIC).save(terminal.here / f"{turn}.png")
    yield terminal
    terminal.close()


@pytest.fixture(scope="module")
def taken(studio: Terminal) -> dict[int, Finished]:
    """The photograph measured upright and turned."""
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(
            lambda turn: studio.run(
                "snapshot", "--json", studio.here / f"{turn}.png", "--out", studio.here / f"out {turn}"
            ),
            TURNS,
        )
        return dict(zip(TURNS, done, strict=True))


def test_a_photograph_gives_an_annotated_picture_of_its_size(
    taken: dict[int, Finished], studio: Terminal
) -> None:
    assert (taken[0].code, taken[0].err) == (0, "")
    card = taken[0].json
    path = Path(card["picture"])
    assert path.parent == studio.here / "out 0"
    with Image.open(path) as picture, Image.open(studio.here / "0.png") as photograph:
        assert (picture.format, picture.size) == ("PNG", photograph.size)
        changed = ImageChops.difference(picture.convert("RGB"), photograph.convert("RGB")).getbbox()
    assert changed is not None, "nothing is drawn on it"


def test_the_card_printed_is_the_card_written_and_every_metric_has_a_value_or_a_reason(
    taken: dict[int, Finished],
) -> None:
    card = taken[0].json
    assert json.loads(Path(card["card"]).read_text(encoding="utf-8")) == card
    assert "NaN" not in taken[0].out
    assert card["view"] == "frontal"
    assert set(card["metrics"]) == set(METRICS)
    for entry in card["metrics"].values():
        assert (entry["value"] is None) == (entry["reason"] is not None)
    assert card["metrics"]["shoulder_tilt"]["value"] is not None


@pytest.mark.parametrize("turn", [10, -10])
def test_the_shoulder_tilt_follows_a_turn_of_the_photograph(taken: dict[int, Finished], turn: int) -> None:
    tilts = {at: done.json["metrics"]["shoulder_tilt"]["value"] for at, done in taken.items()}
    # Turned counter-clockwise, the left of the picture goes down: the subject's right, who looks at us.
    assert tilts[turn] - tilts[0] == pytest.approx(turn, abs=2.0)


def test_the_files_are_private_and_so_is_a_folder_made_for_them(taken: dict[int, Finished]) -> None:
    card = taken[0].json
    for path in (Path(card["picture"]), Path(card["card"])):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_of_the_user_s_own_keeps_its_mode_and_what_is_in_it(
    taken: dict[int, Finished], studio: Terminal
) -> None:
    folder = studio.here / "mine"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "note.txt").write_text("mine")
    done = studio.run("snapshot", studio.here / "0.png", "--out", folder)
    assert (done.code, done.err) == (0, "")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert sorted(it.name for it in folder.iterdir()) == [
        "manifest.json",
        "note.txt",
        "snapshot.json",
        "snapshot.png",
    ]
    again = studio.run("snapshot", studio.here / "0.png", "--out", folder)
    assert again.code == 73, "what lies there is not overwritten"
    assert "a capture lies here already" in again.err
    for words in ("frontal", "shoulder tilt", str(folder / "snapshot.png"), str(folder / "snapshot.json")):
        assert words in done.out


def test_a_disk_that_fills_up_leaves_the_old_picture_and_nothing_half_written(
    taken: dict[int, Finished], studio: Terminal
) -> None:
    folder = studio.here / "full"
    folder.mkdir()
    (folder / "snapshot.png").write_bytes(b"the old one")
    done = studio.run("snapshot", "--json", studio.here / "0.png", "--out", folder, before=NO_ROOM)
    assert (done.code, done.out) == (74, ""), done.err
    assert done.err.startswith(f"uprightd: {folder / 'snapshot.png'}: ")
    assert "Free some space" in done.err
    assert [it.name for it in folder.iterdir()] == ["snapshot.png"]
    assert (folder / "snapshot.png").read_bytes() == b"the old one"


def test_without_a_folder_it_goes_to_the_captures_each_to_its_own(
    taken: dict[int, Finished], studio: Terminal
) -> None:
    running = [studio.start("snapshot", "--json", studio.here / "0.png") for _ in range(2)]
    assert [each.ended(60) for each in running] == [0, 0]
    folders = [Path(json.loads(each.lines[0])["picture"]).parent for each in running]
    assert {folder.parent for folder in folders} == {studio.home / "data" / "captures"}
    assert folders[0] != folders[1], "taken in the same second, one has replaced the other"
