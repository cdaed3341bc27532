"""Clips and their truth files: read rightly, and refused in clear words when they are not what they should be."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from uprightd.domain import View
from uprightd.errors import DataError, UprightError
from uprightd.service.accuracy.clips import read_clips
from uprightd.service.accuracy.truth import true_value

CLIPS = Path(__file__).parents[1] / "clips"
NAME = "sit_side_m"
Truth = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of one clip."""
    for suffix in (".mp4", ".json"):
        shutil.copy(CLIPS / f"{NAME}{suffix}", tmp_path)
    return tmp_path


def change(folder: Path, edit: Callable[[Truth], object]) -> None:
    path = folder / f"{NAME}.json"
    truth = json.loads(path.read_text(encoding="utf-8"))
    edit(truth)
    path.write_text(json.dumps(truth), encoding="utf-8")


def refused(folder: Path) -> str:
    """What is said about the folder, without its name."""
    with pytest.raises(UprightError) as refusal:
        read_clips(folder)
    assert isinstance(refusal.value, DataError)
    assert refusal.value.hint
    return refusal.value.message.replace(f"{folder}{os.sep}", "")


def test_a_clip_has_a_body_for_each_frame_where_its_uv_is(folder: Path) -> None:
    (clip,) = read_clips(folder)
    truth = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))
    assert (clip.name, clip.fps, clip.lens.size, len(clip.bodies)) == (NAME, 10, (640, 360), 80)
    for frame in (0, 40, 79):
        points = clip.bodies[frame].points()
        for name, place in zip(truth["joints"], truth["frames"][frame]["uv"], strict=True):
            # The copies' uv is that of the large clips, scaled: half a pixel between two ways to count.
            assert points[name.replace("foot_index", "big_toe")] == pytest.approx(place, abs=0.5)


def test_angles_are_those_the_renderer_wrote_down(folder: Path) -> None:
    (clip,) = read_clips(folder)
    frames = json.loads((folder / f"{NAME}.json").read_text(encoding="utf-8"))["frames"]
    for body, frame in zip(clip.bodies, frames, strict=True):
        lean = true_value("trunk_lean", body, View.SAGITTAL_LEFT, None)
        assert lean == pytest.approx(frame["trunk_vs_vertical_deg"], abs=0.05)
        knee = true_value("left_knee_angle", body, View.SAGITTAL_LEFT, None)
        assert knee == pytest.approx(180 - frame["left_knee_flexion_deg"], abs=0.05)


def test_times_count_from_the_first_frame(folder: Path) -> None:
    def later(truth: Truth) -> None:
        for frame in truth["frames"]:
            frame["t"] += 100

    change(folder, later)
    (clip,) = read_clips(folder)
    assert (clip.times[0], clip.times[-1]) == (0, pytest.approx(7.9))


def test_the_vertical_of_a_rolled_camera_is_its_pictures(folder: Path) -> None:
    (straight,) = read_clips(folder)
    degrees = 10.0
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def roll(truth: Truth) -> None:
        camera = truth["camera"]
        turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
        axes = np.array(camera["rotation"]) @ turn.T
        camera["rotation"] = axes.tolist()
        for frame in truth["frames"]:
            places = (np.array(frame["xyz"]) - camera["position"]) @ axes
            x, y = (-camera["focal_px"] * places[:, axis] / places[:, 2] for axis in (0, 1))
            frame["uv"] = np.stack([320 + x, 180 - y], axis=1).tolist()

    change(folder, roll)
    (rolled,) = read_clips(folder)
    assert rolled.lens.up == pytest.approx(straight.lens.up)
    body, turned = rolled.bodies[3], straight.bodies[3].turned(degrees)
    assert all(body.places[name] == pytest.approx(turned.places[name]) for name in body.places)


# ---- what is refused ---------------------------------------------------------------------------------------


def test_an_empty_folder_and_no_folder(tmp_path: Path) -> None:
    assert "no clips in this folder" in refused(tmp_path)
    assert "No such file" in refused(tmp_path / "nothere")


def test_a_clip_without_its_truth(folder: Path) -> None:
    (folder / f"{NAME}.json").unlink()
    assert refused(folder) == f"{NAME}.mp4: its truth {NAME}.json is not there"


def test_a_truth_that_is_cut_off_or_no_truth(folder: Path) -> None:
    path = folder / f"{NAME}.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[: len(whole) // 2], encoding="utf-8")
    assert f"{NAME}.json: not JSON, or cut off" in refused(folder)
    path.write_bytes(b"\x80\x81")
    assert f"{NAME}.json: not JSON, or cut off" in refused(folder)
    path.write_text("[" * 100_000, encoding="utf-8")
    assert f"{NAME}.json: not JSON, or cut off" in refused(folder)
    path.write_text("[1]", encoding="utf-8")
    assert refused(folder) == f"{NAME}.json: expected a block of keys, got a list"


def test_all_that_is_missing_at_the_top_is_said_at_once(folder: Path) -> None:
    def edit(truth: Truth) -> None:
        del truth["camera"]["focal_px"]
        truth["joints"][0] = "snout"
        truth["size"] = [640]

    change(folder, edit)
    assert {line.split(": ")[1] for line in refused(folder).splitlines()} == {
        "size",
        "camera.focal_px",
        "joints",
    }


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("fps",), "fps: expected a number above 0, got -3"),
        (("camera", "focal_px"), "camera.focal_px: expected a number above 0, got -3"),
        (("camera", "rotation", 0, 0), "camera.rotation: expected a rotation"),
        (("frames", 4, "t"), "frames[4].t: expected a later time than the frame before"),
        (("frames", 4, "xyz", 2), "frames[4].xyz[2]: expected a list of 3, got -3"),
    ],
)
def test_a_number_that_cannot_be(folder: Path, place: tuple[str | int, ...], said: str) -> None:
    def edit(truth: Any) -> None:
        for key in place[:-1]:
            truth = truth[key]
        truth[place[-1]] = -3

    change(folder, edit)
    assert said in refused(folder)


def test_nan_missing_and_short_in_frames(folder: Path) -> None:
    def edit(truth: Truth) -> None:
        truth["frames"][2]["uv"].pop()
        truth["frames"][7]["xyz"][3][1] = math.nan
        del truth["frames"][9]["t"]
        truth["frames"][11] = "gone"
        truth["frames"][12]["xyz"][0][0] = True

    change(folder, edit)
    assert refused(folder).splitlines() == [
        f"{NAME}.json: frames[2].uv: expected a list of 21, got 20",
        f"{folder}{os.sep}{NAME}.json: frames[7].xyz[3][1]: expected a number, got NaN".replace(
            f"{folder}{os.sep}", ""
        ),
        f"{NAME}.json: frames[9].t: expected a number, got nothing",
        f'{NAME}.json: frames[11]: expected a block of keys, got "gone"',
        f"{NAME}.json: frames[12].xyz[0][0]: expected a number, got true",
    ]


def test_a_truth_of_another_size_of_another_camera_of_fewer_or_more_frames(folder: Path) -> None:
    original = (folder / f"{NAME}.json").read_text(encoding="utf-8")

    def said(edit: Callable[[Truth], object]) -> str:
        (folder / f"{NAME}.json").write_text(original, encoding="utf-8")
        change(folder, edit)
        return refused(folder)

    assert said(lambda truth: truth.update(size=[1280, 720])) == (
        f"{NAME}.json: it is the truth of 1280×720 pixels, its video has 640×360"
    )
    assert said(lambda truth: truth.update(frames=truth["frames"][:50])) == (
        f"{NAME}.json: the truth of 50 frames, its video has 80"
    )
    more = said(lambda truth: truth["frames"].append({**truth["frames"][-1], "t": 99}))
    assert more == f"{NAME}.mp4: ends after 80 frames, its truth has 81"
    assert "pixels away from its uv" in said(lambda truth: truth["camera"].update(focal_px=1100.0))


def test_a_video_that_is_none(folder: Path) -> None:
    video = folder / f"{NAME}.mp4"
    video.write_bytes(b"hello")
    assert refused(folder) == f"{NAME}.mp4: not a video, or a video without a single frame"
    video.unlink()
    os.mkfifo(video)
    assert refused(folder) == f"{NAME}.mp4: not a file"
