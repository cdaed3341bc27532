"""Profiles on disk: written whole, read back the same, their former revisions kept beside them."""

from __future__ import annotations

import json
import stat
import string
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd.calibration.baseline import Baseline
from uprightd.domain import View
from uprightd.errors import DataError
from uprightd.metrics.geometry import Point
from uprightd.profiles.profile import Profile
from uprightd.profiles.shelf import KEPT, load, read_all, save

NOON = "2026-11-22T12:00:00Z"
LATER = "2026-11-23T09:30:00Z"
UPRIGHT = Baseline(
    view=View.FRONTAL,
    size=(1280, 720),
    points={
        "nose": Point(640.5, 200.25),
        "left_shoulder": Point(820, 470),
        "right_shoulder": Point(460, 472),
    },
    spread={"nose": 1.5, "left_shoulder": 0.75, "right_shoulder": 0.5},
    world={"nose": (0.01, -0.6, -0.2)},
    backend="mediapipe full",
    samples=50,
    seconds=5.0,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "profiles"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_profile_is_read_back_as_it_was_saved(folder: Path) -> None:
    saved = save(folder, "sit", "HD Webcam", NOON, UPRIGHT)
    assert saved == Profile("sit", "HD Webcam", NOON, 1, UPRIGHT)
    assert saved.path.parent == folder
    assert load(saved.path) == saved
    assert read_all(folder) == ((saved,), ())
    assert read_all(folder).profiles[0].path == saved.path
    assert saved.label == "sit r1"


def test_folder_and_file_are_for_their_owner_only(folder: Path) -> None:
    saved = save(folder, "sit", "HD Webcam", NOON, UPRIGHT)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
    save(folder, "sit", "HD Webcam", LATER, UPRIGHT)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_file_says_in_which_format_it_is(folder: Path) -> None:
    content = json.loads(save(folder, "sit", "HD Webcam", NOON, UPRIGHT).path.read_text())
    assert content["schema"] == 1
    assert content["baseline"]["size"] == [1280, 720]
    assert "path" not in content


def test_without_a_folder_there_are_no_profiles_and_nothing_is_made(folder: Path) -> None:
    assert read_all(folder) == ((), ())
    assert not folder.exists()


def test_saving_again_counts_up_and_keeps_the_former_one_beside_it(folder: Path) -> None:
    first = save(folder, "sit", "HD Webcam", NOON, UPRIGHT)
    was = first.path.read_bytes()
    second = save(folder, "sit", "HD Webcam", LATER, replace(UPRIGHT, samples=60))
    assert (second.revision, second.path) == (2, first.path)
    assert read_all(folder).profiles == (second,)
    former = first.path.with_name(f"{first.path.stem}.r1.json")
    assert former.read_bytes() == was
    assert load(former) == first


def test_only_the_last_five_former_revisions_stay(folder: Path) -> None:
    saved = [save(folder, "sit", "cam", NOON, replace(UPRIGHT, samples=count)) for count in range(1, 10)][-1]
    assert saved.revision == 9
    assert names(folder) == sorted(
        [saved.path.name, *(f"{saved.path.stem}.r{number}.json" for number in range(9 - KEPT, 9))]
    )
    assert load(folder / f"{saved.path.stem}.r4.json").baseline.samples == 4


def test_the_count_goes_on_where_only_a_former_revision_is_left(folder: Path) -> None:
    saved = [save(folder, "sit", "HD Webcam", NOON, UPRIGHT) for _ in range(3)][-1]
    saved.path.unlink()
    assert read_all(folder) == ((), ())
    assert save(folder, "sit", "HD Webcam", NOON, UPRIGHT).revision == 3


def test_a_former_revision_that_was_put_back_is_not_overwritten_by_a_lower_count(folder: Path) -> None:
    saved = [save(folder, "sit", "cam", NOON, replace(UPRIGHT, samples=count)) for count in (1, 2, 3)][-1]
    saved.path.write_bytes((folder / f"{saved.path.stem}.r1.json").read_bytes())
    assert save(folder, "sit", "cam", NOON, UPRIGHT).revision == 3
    assert load(folder / f"{saved.path.stem}.r2.json").baseline.samples == 2


@pytest.mark.parametrize(
    "other",
    [
        {"name": "stand"},
        {"camera": "hd webcam"},
        {"camera": "HD-Webcam"},
        {"camera": "HD Webcam 2"},
        {"baseline": replace(UPRIGHT, size=(640, 360), points={"nose": Point(1, 1)}, spread={"nose": 0})},
        {"baseline": replace(UPRIGHT, backend="sapiens2 0.4b")},
    ],
    ids=["name", "case", "look-alike", "camera", "size", "backend"],
)
def test_profiles_of_different_keys_lie_side_by_side(other: dict, folder: Path) -> None:
    plain = {"name": "sit", "camera": "HD Webcam", "made_at": NOON, "baseline": UPRIGHT}
    first, second = save(folder, **plain), save(folder, **plain | other)
    assert first.path.name.lower() != second.path.name.lower()
    assert (first.revision, second.revision) == (1, 1)
    assert set(map(repr, read_all(folder).profiles)) == {repr(first), repr(second)}


def test_another_size_of_the_same_backend_has_the_same_key(folder: Path) -> None:
    save(folder, "sit", "cam", NOON, UPRIGHT)
    assert save(folder, "sit", "cam", NOON, replace(UPRIGHT, backend="mediapipe lite")).revision == 2


def test_of_one_name_the_newest_comes_last(folder: Path) -> None:
    newer = save(folder, "sit", "a camera", LATER, UPRIGHT)
    older = save(folder, "sit", "the camera", NOON, UPRIGHT)
    desk = save(folder, "laptop", "cam", LATER, UPRIGHT)
    assert read_all(folder).profiles == (desk, older, newer)


@pytest.mark.parametrize(
    "camera",
    [
        "/dev/../../etc/passwd",
        "rtsp://host/a?b=c",
        "Kamera für Büro\n",
        "💻",
        "x" * 3000,
        "\udcff",
        "..",
        " . ",
    ],
)
def test_any_name_of_a_camera_makes_a_plain_file_name(camera: str, folder: Path) -> None:
    saved = save(folder, "sit", camera, NOON, UPRIGHT)
    assert set(saved.path.name) <= set(string.ascii_lowercase + string.digits + "-.")
    assert len(saved.path.name) < 140
    assert names(folder) == [saved.path.name]
    assert read_all(folder).profiles == (saved,)


def test_what_is_no_profile_is_passed_over(folder: Path) -> None:
    saved = save(folder, "sit", "cam", NOON, UPRIGHT)
    for name in (".DS_Store", "._x.json", "notes.txt", ".uprightd-x.part"):
        (folder / name).write_text("?")
    assert read_all(folder) == ((saved,), ())


def test_two_that_save_at_the_same_time_both_count(folder: Path) -> None:
    threads = [threading.Thread(target=save, args=(folder, "sit", "cam", NOON, UPRIGHT)) for _ in range(KEPT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (profile,) = read_all(folder).profiles
    assert profile.revision == KEPT
    assert len(names(folder)) == KEPT


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "auto"}, "another name"),
        ({"name": "../sit"}, "small letters"),
        ({"camera": " "}, "camera: expected text"),
        ({"made_at": "2026-11-22 12:00"}, "moment in UTC"),
        ({"baseline": replace(UPRIGHT, view=View.UNKNOWN)}, "one of frontal"),
        ({"baseline": replace(UPRIGHT, seconds=float("nan"))}, "not JSON compliant"),
        ({"baseline": replace(UPRIGHT, points={}, spread={})}, "expected points"),
        ({"baseline": replace(UPRIGHT, backend=" ")}, "backend: expected text"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(wrong: dict, words: str, folder: Path) -> None:
    plain = {"name": "sit", "camera": "cam", "made_at": NOON, "baseline": UPRIGHT}
    with pytest.raises(DataError, match="it is not kept") as caught:
        save(folder, **plain | wrong)
    assert words in caught.value.message
    assert not folder.exists()


# ---- what was saved is what is read, whatever it was

places = st.floats(-600, 1200, width=64)
word = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=20)


@st.composite
def baselines(draw: st.DrawFn) -> Baseline:
    points = draw(st.dictionaries(word, st.builds(Point, places, places), min_size=1, max_size=20))
    metres = st.floats(-100, 100)
    return Baseline(
        view=draw(st.sampled_from([view for view in View if view is not View.UNKNOWN])),
        size=(draw(st.integers(1200, 8000)), draw(st.integers(1200, 8000))),
        points=points,
        spread={name: draw(st.floats(0, 1000)) for name in points},
        world=draw(st.dictionaries(word, st.tuples(metres, metres, metres), max_size=20)),
        backend=draw(st.sampled_from(["mediapipe", "sapiens2 0.4b 1024x768"])),
        samples=draw(st.integers(1, 10_000)),
        seconds=draw(st.floats(0, 600)),
    )


@settings(deadline=None, max_examples=30)
@given(
    name=st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True).filter(lambda it: it != "auto"),
    camera=st.text(min_size=1, max_size=60).filter(str.strip),
    baseline=baselines(),
)
def test_any_profile_survives_its_file(
    name: str, camera: str, baseline: Baseline, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("profiles")
    saved = save(folder, name, camera, NOON, baseline)
    assert load(saved.path) == saved
    assert read_all(folder) == ((saved,), ())
