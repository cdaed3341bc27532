"""`uprightd calibrate` on real pictures: what is stored of the seated clips, and what is never stored at all."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fakes.camera import write_video
from tests.fakes.terminal import Finished, Terminal

from uprightd.domain import View
from uprightd.profiles.profile import Profile
from uprightd.profiles.shelf import read_all

CLIPS = Path(__file__).parents[1] / "clips"
SITTING = {"sit_front_m": View.FRONTAL, "sit_side_m": View.SAGITTAL_LEFT}
UPRIGHT_UNTIL = 1.4
"""Seconds: the neck is bent by less than 2.2° until then."""

Picture = Callable[[int], np.ndarray]
"""Given the number of a frame, ten a second, the picture."""


def frames(clip: str, count: int = 80) -> list[np.ndarray]:
    reader = cv2.VideoCapture(str(CLIPS / f"{clip}.mp4"))
    found = []
    while len(found) < count:
        ok, image = reader.read()
        if not ok:
            break
        found.append(image)
    reader.release()
    return found


def profiles(terminal: Terminal) -> tuple[Profile, ...]:
    shelf = read_all(terminal.home / "data" / "profiles")
    assert shelf.faults == ()
    return shelf.profiles


@pytest.fixture(scope="module")
def studio() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture(scope="module")
def done(studio: Terminal) -> dict[str, Finished]:
    """Both seated clips calibrated, each as a profile of its own."""
    names = {clip: clip.replace("_", "-") for clip in SITTING}
    with ThreadPoolExecutor(2) as pool:
        ended = pool.map(
            lambda clip: studio.run(
                "calibrate", "--json", "--profile", names[clip], "--source", CLIPS / f"{clip}.mp4"
            ),
            SITTING,
        )
        return dict(zip(SITTING, ended, strict=True))


@pytest.mark.parametrize("clip", SITTING)
def test_a_clip_that_begins_upright_is_stored_as_what_it_says(
    clip: str, done: dict[str, Finished], studio: Terminal
) -> None:
    assert (done[clip].code, done[clip].err) == (0, "")
    told = done[clip].json
    [stored] = [profile for profile in profiles(studio) if profile.name == told["profile"]]
    baseline = stored.baseline
    assert told["camera"] == stored.camera == str(CLIPS / f"{clip}.mp4")
    assert told["revision"] == stored.revision == 1
    assert told["view"] == baseline.view == SITTING[clip]
    assert told["size"] == list(baseline.size) == [640, 360]
    assert told["backend"] == baseline.backend == "mediapipe"
    assert told["seconds"] == baseline.seconds
    assert told["samples"] == baseline.samples
    assert Path(told["file"]).parent == studio.home / "data" / "profiles"
    assert "head_pitch" in told["metrics"]
    assert max(told["spread_px"].values()) < 4


@pytest.mark.parametrize("clip", SITTING)
def test_the_stored_pose_is_the_upright_one_and_not_the_bent_one_that_follows(
    clip: str, done: dict[str, Finished], studio: Terminal
) -> None:
    truth = json.loads((CLIPS / f"{clip}.json").read_text(encoding="utf-8"))
    nose = truth["joints"].index("nose")

    def place(at: float) -> tuple[float, float]:
        return tuple(truth["frames"][round(at * truth["fps"])]["uv"][nose])

    told = done[clip].json
    [stored] = [profile for profile in profiles(studio) if profile.name == told["profile"]]
    found = stored.baseline.points["nose"]
    off = (found.x - place(0.6)[0], found.y - place(0.6)[1])
    bent = math.dist(place(0.6), place(3.0))
    # The model's nose is not the truth's by a few pixels; a bent head lies 23 and 51 lower.
    assert math.hypot(*off) < bent / 3
    assert 0.8 <= stored.baseline.seconds <= UPRIGHT_UNTIL
    assert stored.baseline.samples <= UPRIGHT_UNTIL * truth["fps"] + 1


# ---- what is refused ----------------------------------------------------------------------------------------


def empty_room(number: int) -> np.ndarray:
    """A wall that is lit from one side, with a window in it and a camera's noise."""
    dice = np.random.default_rng(number)
    across = np.linspace(90, 190, 640)[None, :, None] + dice.normal(0, 2, (360, 640, 1))
    image = np.repeat(across, 3, axis=2).clip(0, 255).astype(np.uint8)
    image[40:160, 420:560] = 235
    return image


def of(clip: str, change: Callable[[np.ndarray], np.ndarray]) -> Picture:
    images = [change(image) for image in frames(clip, 14)]
    return lambda number: images[number % len(images)]


def made_videos(folder: Path) -> dict[str, Path]:
    """Given a folder, make videos that cannot be calibrated from; return them by what is wrong."""
    upright = "sit_front_m"
    pictures: dict[str, tuple[Picture, int]] = {
        "nobody": (empty_room, 14),
        "dim": (of(upright, lambda image: (image * 0.08).astype(np.uint8)), 14),
        "dark": (of(upright, lambda image: (image * 0.02).astype(np.uint8)), 14),
        "cut": (of(upright, lambda image: np.ascontiguousarray(image[:, 288:])), 14),
        "short": (of(upright, lambda image: image), 6),
    }
    made = {
        name: write_video(folder / f"{name}.mp4", count, 10.0, image)
        for name, (image, count) in pictures.items()
    }
    few = folder / "few"
    few.mkdir()
    for number, image in enumerate(frames(upright, 3)):
        cv2.imwrite(str(few / f"{number}.png"), image)
    walks = {name: CLIPS / f"{name}.mp4" for name in ("walk_side_m", "walk_front_m", "walk_rear_f")}
    return {**made, "few": few, **walks}


REFUSED = {
    "nobody": ("in the way: nobody in view (1.", "Nobody is in view"),
    "dim": ("in the way: darkness (1.", "More light, please"),
    "dark": ("in the way: darkness", "More light, please"),
    "cut": ("in the way: head or shoulders cut off (1.", "Move back or tilt the camera"),
    "short": (
        "at most 0.5 s in a row were good; in the way: it is too short",
        "begin with somebody who sits",
    ),
    "few": ("at most 2.0 s in a row were good; in the way: it is too short", "five pictures or more"),
    "walk_side_m": ("in the way: movement (", "Hold still."),
    "walk_front_m": ("in the way: movement (", "Hold still."),
    "walk_rear_f": ("in the way: a view from behind (", "The camera sees you from behind"),
}


@pytest.fixture(scope="module")
def refused() -> Iterator[dict[str, Finished]]:
    """A person who has calibrated once, and tries each of these afterwards."""
    terminal = Terminal()
    before = terminal.run("calibrate", "--source", CLIPS / "sit_front_m.mp4")
    assert before.code == 0, before.err
    videos = made_videos(terminal.here)
    stored = terminal.home / "data" / "profiles"
    kept = {path.name: path.read_bytes() for path in stored.iterdir()}
    with ThreadPoolExecutor(2) as pool:
        ended = pool.map(lambda name: terminal.run("calibrate", "--source", videos[name]), REFUSED)
        outcomes = dict(zip(REFUSED, ended, strict=True))
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == kept, (
        "what there was is not as it was"
    )
    yield outcomes
    terminal.close()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_upright_person_is_refused_in_words_and_changes_nothing(
    name: str, refused: dict[str, Finished]
) -> None:
    why, advice = REFUSED[name]
    done = refused[name]
    assert (done.code, done.out) == (65, "")
    first, second = done.err.splitlines()
    assert first.startswith("uprightd: ")
    assert " cannot be calibrated from: " in first
    assert why in first
    assert advice in second


def test_for_a_person_it_says_what_was_stored_what_counts_from_it_and_whether_the_settings_use_it(
    terminal: Terminal,
) -> None:
    source = CLIPS / "sit_front_m.mp4"
    done = terminal.run("calibrate", "--source", source)
    assert (done.code, done.err) == (0, "")
    assert "sit, revision 1" in done.out
    for words in (
        "seen from the front",
        "head pitch",
        "head drop",
        "a file may give less",
        "It is used from now on.",
    ):
        assert words in done.out
    settings = terminal.write("settings.yaml", "calibration:\n  profile: stand\n")
    again = terminal.run("calibrate", "--config", settings, "--source", source, "--profile", "sit")
    assert "sit, revision 2" in again.out
    assert "The settings count from stand" in again.out
    assert "It is used from now on." not in again.out


def test_a_folder_of_pictures_will_do(terminal: Terminal) -> None:
    """One of them shows no picture at all and is left out."""
    folder = terminal.here / "pictures"
    folder.mkdir()
    for number, image in enumerate(frames("sit_front_m", 6)):
        cv2.imwrite(str(folder / f"{number}.png"), image)
    (folder / "3.png").write_bytes(b"no picture")
    done = terminal.run("calibrate", "--json", "--profile", "desk", "--source", folder)
    assert done.code == 0, done.err
    assert (done.json["samples"], done.json["camera"]) == (5, str(folder))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--profile", "Sitting up"), 64, "--profile 'Sitting up': expected a name of small letters"),
        (("--profile", "auto"), 64, "whichever profile fits"),
        (("--profile", "../../sit"), 64, "expected a name of small letters"),
        (("--seconds", "0"), 64, "--seconds"),
        (("--seconds", "nan"), 64, "nan is not in the range"),
        (("--source", "nowhere.mp4"), 65, "nowhere.mp4: No such file"),
        (("--source", "9"), 69, "camera 9 is not there"),
        (("--backend", "sapiens2"), 69, "there are no Sapiens2 weights"),
    ],
)
def test_a_call_that_cannot_work_ends_at_once_and_writes_nothing(
    arguments: tuple[str, ...], code: int, words: str, terminal: Terminal
) -> None:
    source = () if "--source" in arguments else ("--source", CLIPS / "sit_front_m.mp4")
    done = terminal.run("calibrate", *source, *arguments)
    assert (done.code, done.out) == (code, ""), done.err
    assert words in done.err
    assert not (terminal.home / "data").exists()
