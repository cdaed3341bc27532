"""Reading a video for gait: every frame with its true time, upright, and clear words where it cannot be read."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from tests.fakes import videos

from uprightd.errors import DataError
from uprightd.service.gait.footage import AHEAD, Footage

VARIABLE = Path(__file__).parents[1] / "fixtures" / "variable_rate.mkv"


def grey(level: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty frames in two seconds, each lighter than the one before."""
    return videos.written(tmp_path_factory.mktemp("ramp") / "ramp.mp4", [grey(4 * i) for i in range(60)])


def test_every_frame_comes_once_with_its_time(ramp: Path) -> None:
    with Footage(ramp) as footage:
        shots = list(footage)
    assert [shot.index for shot in shots] == list(range(60))
    assert [shot.t for shot in shots] == pytest.approx([i / 30 for i in range(60)], abs=1e-3)
    assert [round(shot.image.mean() / 4) for shot in shots] == pytest.approx(range(60), abs=1)
    assert not footage.cut_off
    assert footage.frames == 60


def test_fewer_frames_are_asked_for_by_time(ramp: Path) -> None:
    with Footage(ramp, every=1 / 10) as footage:
        shots = list(footage)
    assert [shot.index for shot in shots] == list(range(0, 60, 3))


def test_after_an_interruption_it_goes_on_behind_what_is_known(ramp: Path) -> None:
    with Footage(ramp, after=1.0) as footage:
        shots = list(footage)
    assert shots[0].index == 31
    assert footage.frames == 60, "what was passed over counts as read"


def test_a_variable_frame_rate_keeps_its_true_times() -> None:
    with Footage(VARIABLE) as footage:
        times = np.array([shot.t for shot in footage])
    assert times[0] == 0
    gaps = np.diff(times)
    assert gaps[:25] == pytest.approx(2 / 30, abs=2e-3)
    assert gaps[-25:] == pytest.approx(1 / 30, abs=2e-3)


def test_a_phone_s_video_is_turned_upright(tmp_path: Path) -> None:
    picture = grey(0)
    picture[:10] = 255
    lying = videos.written(tmp_path / "lying.mp4", [picture] * 5)
    with Footage(videos.turned(tmp_path / "turned.mp4", lying)) as footage:
        shot = next(iter(footage))
    assert shot.image.shape == (64, 48, 3)
    assert shot.image[:, -8:].mean() > 200, "what was on top lies at the right now"
    assert shot.image[:, :30].mean() < 50


def test_only_a_few_frames_wait_however_long_the_video_is(ramp: Path) -> None:
    with Footage(ramp) as footage:
        shots = iter(footage)
        next(shots)
        for _ in range(50):
            if footage.frames >= AHEAD + 2:
                break
            threading.Event().wait(0.02)
        threading.Event().wait(0.1)
        assert footage.frames <= AHEAD + 3


def test_it_can_be_left_in_the_middle_and_its_thread_ends(ramp: Path) -> None:
    before = threading.active_count()
    with Footage(ramp) as footage:
        next(iter(footage))
    assert threading.active_count() == before


def test_a_file_that_is_cut_off_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (60, 48, 64, 3), np.uint8)
    whole = videos.contents_first(tmp_path / "whole.mp4", videos.written(tmp_path / "made.mp4", list(noise)))
    with Footage(whole) as footage:
        assert len(list(footage)) == 60
        assert not footage.cut_off
    with Footage(videos.cut_off(tmp_path / "cut.mp4", whole, 0.6)) as footage:
        shots = list(footage)
    assert 20 < len(shots) < 45
    assert footage.cut_off


def test_a_file_cut_off_before_its_table_of_contents_says_what_is_missing(ramp: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cut off"):
        Footage(videos.cut_off(tmp_path / "cut.mp4", ramp, 0.6))


def test_sound_pictures_and_other_files_are_told_apart_in_words(tmp_path: Path) -> None:
    cv2 = videos.opencv.load()
    cv2.imwrite(str(tmp_path / "still.png"), grey(100))
    (tmp_path / "song.mp3").write_bytes(b"ID3" + bytes(2000))
    (tmp_path / "voice.mp4").write_bytes(b"\0\0\0\x14ftypM4A \0\0\0\0....moov....hdlr....soun")
    (tmp_path / "text.mp4").write_text("no video at all")
    expected = {
        "still.png": "still picture",
        "song.mp3": "sound only",
        "voice.mp4": "sound only",
        "text.mp4": "not a video",
    }
    videos.sound(tmp_path / "voice.wav")
    for name, words in {**expected, "voice.wav": "sound only"}.items():
        with pytest.raises(DataError, match=words) as caught:
            Footage(tmp_path / name)
        assert str(tmp_path / name) in caught.value.message
        assert caught.value.hint
