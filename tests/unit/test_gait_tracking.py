"""From pictures to a track: who is followed, what is kept, and going on after an interruption."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.fakes import videos
from tests.fakes.walking_model import BarFinder, BarModel, scene

from uprightd.errors import DataError
from uprightd.service.gait.filming import film
from uprightd.service.gait.footage import Shot
from uprightd.service.gait.kept import KEPT_FOR, Kept, key_of
from uprightd.service.gait.request import silent
from uprightd.service.gait.subject import Subject, parse_subject
from uprightd.service.gait.tracking import Tracking

LARGEST = Subject("largest")


def tracked(pictures: list[np.ndarray], subject: str = "largest") -> tuple[Tracking, BarModel, BarFinder]:
    model, finder = BarModel(), BarFinder()
    tracking = Tracking(model, parse_subject(subject), lambda: finder)
    for number, picture in enumerate(pictures):
        tracking.see([Shot(number, number / 10, picture)])
    return tracking, model, finder


def walked_at(tracking: Tracking) -> np.ndarray:
    """The walker's x in each frame."""
    return tracking.track().points["nose"][:, 0]


def test_a_walker_is_followed_in_pixels_of_the_whole_picture() -> None:
    tracking, model, finder = tracked([scene((100 + 8 * i, 255)) for i in range(40)])
    assert walked_at(tracking) == pytest.approx([100 + 8 * i for i in range(40)], abs=1.0)
    assert finder.asked == 1
    assert max(model.shown[2:]) < (500, 360), "only the walker's part is shown"
    track = tracking.track()
    assert (track.size, track.backend, track.count) == ((640, 360), "bar", 40)
    assert track.world["nose"][5] == pytest.approx([0.0, 0.1, 0.2])


def test_frames_without_the_walker_are_unknown_and_keep_their_times() -> None:
    tracking, _, _ = tracked([scene(), scene(), *[scene((300, 255))] * 6, scene(), scene((300, 255))])
    track = tracking.track()
    assert track.times == pytest.approx(np.arange(10) / 10)
    assert track.detected.tolist() == [False, False, *[True] * 6, False, True]


def test_nobody_at_all_is_a_track_without_points() -> None:
    tracking, _, _ = tracked([scene()] * 5)
    assert (tracking.track().points, tracking.track().count) == ({}, 5)


def test_the_one_who_moves_is_followed_though_another_stands_there() -> None:
    pictures = [scene((500, 120), (100 + 6 * i, 255)) for i in range(40)]
    tracking, _, _ = tracked(pictures, "moving")
    x = walked_at(tracking)
    known = np.isfinite(x)
    assert known.sum() >= 30
    assert x[known] == pytest.approx(np.array([100 + 6 * i for i in range(40)])[known], abs=1.0)
    assert tracking.people == 2


@pytest.mark.parametrize(("subject", "x"), [("1", 200), ("2", 450), ("450,200", 450)])
def test_one_of_two_is_followed_by_number_or_place(subject: str, x: float) -> None:
    tracking, _, _ = tracked([scene((200, 255), (450, 255))] * 5, subject)
    assert walked_at(tracking)[1:] == pytest.approx(x, abs=1)


def test_the_whole_picture_is_looked_at_when_no_finder_is_given() -> None:
    model = BarModel()
    tracking = Tracking(model, LARGEST, None)
    tracking.see([Shot(0, 0.0, scene((300, 255)))])
    assert model.shown == [(640, 360)]


def test_a_large_picture_is_shown_smaller_and_told_in_its_own_pixels() -> None:
    model = BarModel()
    tracking = Tracking(model, LARGEST, None)
    tracking.see([Shot(0, 0.0, scene((2000, 255), size=(3840, 2160)))])
    assert model.shown == [(1280, 720)]
    assert walked_at(tracking) == pytest.approx([2000], abs=4)


# ---- interruptions -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pictures = [scene((60 + 5 * i, 255)) for i in range(90)]
    return videos.written(tmp_path_factory.mktemp("walk") / "walk.mp4", pictures)


def filmed(video: Path, folder: Path, model: BarModel) -> tuple[np.ndarray, float | None]:
    tracking = Tracking(model, LARGEST, BarFinder)
    kept = Kept(folder, key_of(video, {"fps": None}))
    found = film(video, tracking, 0.0, kept, silent)
    return found.track.points["nose"][:, 0], found.resumed_at


def test_an_interrupted_run_goes_on_where_it_was(video: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        filmed(video, tmp_path, BarModel(fails_after=50))
    [left] = tmp_path.iterdir()
    assert left.stat().st_mode & 0o777 == 0o600
    model = BarModel()
    x, resumed_at = filmed(video, tmp_path, model)
    assert resumed_at == pytest.approx(48 / 30, abs=0.05)
    assert len(model.shown) < 45, "what was seen is not looked at again"
    fresh, _ = filmed(video, tmp_path / "elsewhere", BarModel())
    assert x == pytest.approx(fresh, abs=0.5)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"nonsense"])
def test_a_damaged_leftover_counts_as_none(video: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / f"{key_of(video, {'fps': None})}.npz").write_bytes(content)
    x, resumed_at = filmed(video, tmp_path, BarModel())
    assert resumed_at is None
    assert len(x) == 90


def test_another_video_or_other_settings_have_another_key(video: Path, tmp_path: Path) -> None:
    copy = tmp_path / "walk.mp4"
    copy.write_bytes(video.read_bytes())
    keys = {key_of(video, {"fps": None}), key_of(video, {"fps": 10.0}), key_of(copy, {"fps": None})}
    os.utime(copy, (1, 1))
    assert len(keys | {key_of(copy, {"fps": None})}) == 4


def test_what_nobody_came_back_for_is_removed_after_a_week(video: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.npz", tmp_path / "new.npz"
    for path in (old, new):
        path.write_bytes(b"x")
    then = old.stat().st_mtime - KEPT_FOR - 60
    os.utime(old, (then, then))
    Kept(tmp_path, "mine").forget()
    assert [path.name for path in tmp_path.iterdir()] == ["new.npz"]


def test_a_file_that_is_no_video_is_told_before_anything_is_kept(tmp_path: Path) -> None:
    (tmp_path / "walk.mp4").write_text("nothing")
    with pytest.raises(DataError):
        filmed(tmp_path / "walk.mp4", tmp_path / "kept", BarModel())
    assert not (tmp_path / "kept").exists()
