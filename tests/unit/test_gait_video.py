"""The annotated video: what is drawn on it, and that it plays at its pace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.fakes import videos
from tests.fakes.walk import analysis_of, true_track

from uprightd import opencv
from uprightd.captures.gait.overlay import Overlay, recent_cadence, reduced
from uprightd.captures.gait.video import VideoFile
from uprightd.errors import WriteError
from uprightd.gait.model import Analysis, EventKind, Side, Track
from uprightd.service.gait.album import Album
from uprightd.service.gait.annotating import annotate
from uprightd.service.gait.footage import Footage, Shot
from uprightd.service.gait.request import silent

PLAIN = np.full((360, 640, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def walk() -> Analysis:
    return analysis_of(true_track())


def shots(times: np.ndarray) -> Iterator[Shot]:
    for number, t in enumerate(times):
        yield Shot(number, float(t), PLAIN.copy())


def test_the_skeleton_lies_where_the_walker_is(walk: Analysis) -> None:
    drawn = Overlay(walk.track, walk, "a walk").draw(90, PLAIN)
    x, y = (round(value) for value in walk.track.points["right_knee"][90, :2])
    assert (drawn[y - 2 : y + 3, x - 2 : x + 3] != 128).any()
    assert (drawn[150:300, 600:] == 128).all(), "nothing is drawn where nobody is"
    assert (PLAIN == 128).all(), "the frame itself stays as it is"


def test_a_footprint_appears_with_its_strike_and_stays(walk: Analysis) -> None:
    overlay = Overlay(walk.track, walk, "a walk")
    strike = next(
        event for event in walk.events if event.kind is EventKind.STRIKE and event.side is Side.LEFT
    )
    at = int(np.argmin(np.abs(walk.track.times - strike.t)))
    x, y = (round(value) for value in walk.track.points["left_heel"][at, :2])

    def blue(index: int) -> float:
        return float(overlay.draw(index, PLAIN)[y : y + 8, x - 3 : x + 4, 0].max())

    assert blue(at - 12) == 128
    assert blue(len(walk.track.times) - 1) > 200


def test_without_an_analysis_the_points_alone_are_drawn() -> None:
    track = true_track()
    drawn = Overlay(track, None, "nobody walks").draw(90, PLAIN)
    assert (drawn != 128).any()
    empty = Track(np.arange(3) / 30, {}, (640, 360), "fake")
    assert Overlay(empty, None, "nobody").draw(1, PLAIN).shape == (360, 640, 3)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((1280, 720), (960, 540)),
        ((3840, 2160), (960, 540)),
        ((1080, 1920), (540, 960)),
        ((641, 361), (640, 360)),
    ],
)
def test_a_large_picture_becomes_a_smaller_video(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert reduced(size) == small


def test_the_cadence_of_the_last_steps_needs_left_and_right_in_turn() -> None:
    assert recent_cadence([1.0, 1.5, 2.0], [Side.LEFT, Side.RIGHT, Side.LEFT]) == pytest.approx(120)
    assert recent_cadence([1.0, 1.5], [Side.LEFT, Side.LEFT]) is None
    assert recent_cadence([1.0], [Side.LEFT]) is None


def test_the_video_plays_frame_for_frame_and_each_strike_has_its_picture(
    walk: Analysis, tmp_path: Path
) -> None:
    overlay = Overlay(walk.track, walk, "a walk")
    pictures, codec = annotate(
        shots(walk.track.times), overlay, walk.track.times, walk, tmp_path / "a.mp4", silent
    )
    with Footage(tmp_path / "a.mp4") as footage:
        back = list(footage)
    assert len(back) == 180
    assert footage.fps == pytest.approx(30)
    assert codec in ("H.264", "MPEG-4")
    strikes = [event for event in walk.events if event.kind is EventKind.STRIKE]
    assert [caption for caption, _ in pictures] == [f"{it.side.value}, {it.t:.2f} s" for it in strikes]
    assert all(data.startswith(b"\xff\xd8") for _, data in pictures)


def test_a_variable_rate_keeps_its_pace(walk: Analysis, tmp_path: Path) -> None:
    keep = np.array([i for i in range(180) if i % 3 == 0 or i > 60])
    times = walk.track.times[keep]
    track = Track(times, {}, (640, 360), "fake")
    annotate(shots(times), Overlay(track, None, ""), times, None, tmp_path / "a.mp4", silent)
    with Footage(tmp_path / "a.mp4") as footage:
        assert len(list(footage)) == pytest.approx(180, abs=2)


def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = VideoFile(tmp_path / "a.mp4", (64, 48), 30)
    for _ in range(5):
        file.write(np.zeros((48, 64, 3), np.uint8))
    file.close()
    whole = (tmp_path / "a.mp4").read_bytes()
    assert b"moov" in whole
    other = VideoFile(tmp_path / "b.mp4", (64, 48), 30)
    other.write(np.zeros((48, 64, 3), np.uint8))
    writer = other._writer

    class Full:
        """OpenCV says nothing when the disk is full."""

        def release(self) -> None:
            writer.release()
            path = tmp_path / "b.mp4"
            path.write_bytes(path.read_bytes()[:-10])

    other._writer = Full()
    with pytest.raises(WriteError, match="whole"):
        other.close()


def test_what_is_written_is_what_opencv_reads(tmp_path: Path) -> None:
    path = videos.clip(tmp_path / "c.mp4", 60, 70)
    assert len(videos.frames_of(path)) == 10
    assert opencv.load().VideoCapture(str(path)).isOpened()


@pytest.mark.parametrize("room", [10**9, 64 * 48 * 1.5 * 4, 0])
def test_frames_that_were_kept_and_frames_decoded_again_make_one_video(room: float, tmp_path: Path) -> None:
    pictures = [np.full((48, 64, 3), 10 + 20 * number, np.uint8) for number in range(10)]
    path = videos.written(tmp_path / "ramp.mp4", pictures)
    album = Album(int(room))
    with Footage(path, beside=album.add) as footage:
        seen = list(footage)
    again = list(album.shots(path, 0.0))
    assert [shot.index for shot in again] == list(range(10))
    assert [shot.t for shot in again] == [shot.t for shot in seen]
    for one, other in zip(seen, again, strict=True):
        assert abs(one.image.astype(int) - other.image).max() <= 4
