"""Sources: what the user wrote, and what it is taken for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from tests.fakes.camera import picture, write_video

from uprightd.camera.order import SourceKind
from uprightd.camera.pictures import pictures_in
from uprightd.camera.source import check_source, parse_source, without_secrets
from uprightd.errors import DataError, DeniedError, UnavailableError, UprightError, UsageError


@pytest.mark.parametrize(
    ("text", "kind", "target", "label"),
    [
        (0, SourceKind.INDEX, 0, "camera 0"),
        ("1", SourceKind.INDEX, 1, "camera 1"),
        (" 02 ", SourceKind.INDEX, 2, "camera 2"),
        ("/dev/video3", SourceKind.INDEX, 3, "camera 3"),
        ("Logitech", SourceKind.NAME, "Logitech", 'camera "Logitech"'),
        ("FaceTime HD Camera", SourceKind.NAME, "FaceTime HD Camera", 'camera "FaceTime HD Camera"'),
        ("rtsp://host/live", SourceKind.URL, "rtsp://host/live", "rtsp://host/live"),
        ("HTTP://host:81/x", SourceKind.URL, "HTTP://host:81/x", "HTTP://host:81/x"),
    ],
)
def test_what_is_not_a_path_is_an_index_a_name_or_an_address(
    text: str | int, kind: SourceKind, target: str | int, label: str
) -> None:
    source = parse_source(text)
    assert (source.kind, source.target, source.label) == (kind, target, label)
    assert source.live


def test_an_existing_path_is_a_video_a_folder_or_a_stream(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((video, "video"), (tmp_path, "folder"), (tmp_path / "pipe", "stream")):
        source = parse_source(str(path))
        assert (source.kind, source.target, source.text) == (kind, str(path), str(path))
    assert not parse_source(str(video)).live
    assert not parse_source(str(tmp_path)).live
    assert parse_source(str(tmp_path / "pipe")).live
    assert parse_source(f"file://{video}").target == str(video)


def test_a_relative_path_stays_the_same_file_when_the_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    source = parse_source("clip.mp4")
    assert source.target == str(tmp_path / "clip.mp4")
    assert source.text == "clip.mp4"


@pytest.mark.parametrize(
    "text", ["no/such.mp4", "nothing.mov", "./camera", "~/no-such-folder/x", "a\0b/c.mp4"]
)
def test_a_path_that_is_not_there_is_bad_data_that_names_it(text: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_source(text)
    assert text in caught.value.message
    assert "Expected" in caught.value.hint


def test_a_path_under_a_file_is_bad_data(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="Not a directory"):
        parse_source(str(tmp_path / "file" / "clip.mp4"))


def test_a_socket_is_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
        with pytest.raises(DataError, match="neither a file"):
            parse_source("./sock")


@pytest.mark.parametrize("text", ["", "  ", "-1", "100", "9" * 5000, "ftp://host/x", "rtsp://", True])
def test_what_cannot_be_a_source_is_a_usage_error_that_says_what_is_expected(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(text)
    assert "Expected" in caught.value.hint
    assert len(caught.value.message) < 200


def test_an_unreadable_file_is_denied(tmp_path: Path) -> None:
    video = tmp_path / "clip.mp4"
    video.write_bytes(b"x")
    video.chmod(0)
    tmp_path.chmod(0o755)
    program = (
        "import os, sys\n"
        "from uprightd.camera.source import parse_source\n"
        "from uprightd.errors import DeniedError\n"
        "os.chdir(sys.argv[1])\n"
        "if os.getuid() == 0: os.setuid(65534)\n"  # root may read everything
        "try: parse_source('clip.mp4')\n"
        "except DeniedError as error: print(error.exit_code, error.message)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.strip() == "77 clip.mp4: you may not read this", ran.stderr


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://anna:geheim@cam.local:554/live", "rtsp://cam.local:554/live"),
        ("rtsp://anna@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://anna:ge@heim@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://anna:ge/heim@cam.local/live", "rtsp://cam.local/live"),
        ("http://cam.local/video?user=anna&pwd=geheim", "http://cam.local/video?…"),
        ("http://cam.local/stream@2", "http://cam.local/stream@2"),
        ("http://cam.local:80/stream@2", "http://cam.local:80/stream@2"),
        ("rtsp://[::1]:554/x", "rtsp://[::1]:554/x"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
    source = parse_source(address)
    assert source.target == address
    for text in (source.text, source.label, repr(source)):
        assert "geheim" not in text
        assert "heim@" not in text


def test_pictures_come_in_natural_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("10.jpg", "2.JPG", "1.png", "._1.png", "a²3.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "3.jpg").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["1.png", "2.JPG", "10.jpg", "a²3.png"]


def broken_sources(folder: Path) -> dict[str, Path]:
    text = folder / "text.mp4"
    text.write_text("this is no video\n" * 50)
    empty = folder / "empty.mp4"
    empty.touch()
    (folder / "bare").mkdir()
    (folder / "words").mkdir()
    (folder / "words" / "a.txt").write_text("x")
    (folder / "false").mkdir()
    (folder / "false" / "a.jpg").write_text("x")
    return {
        "text": text,
        "empty": empty,
        "no frames, mp4": write_video(folder / "none.mp4", count=0),
        "no frames, avi": write_video(folder / "none.avi", count=0),
        "empty folder": folder / "bare",
        "folder without pictures": folder / "words",
        "folder of false pictures": folder / "false",
    }


def test_a_broken_file_or_folder_is_bad_data_with_what_was_expected_in_no_time(tmp_path: Path) -> None:
    for what, path in broken_sources(tmp_path).items():
        source = parse_source(str(path))
        started = time.monotonic()
        with pytest.raises(DataError) as caught:
            check_source(source)
        assert time.monotonic() - started < 5.0, what
        assert str(path) in caught.value.message, what
        expected = "pictures in it" if path.is_dir() else "mp4, mov, mkv, avi, webm"
        assert expected in caught.value.hint, what
        assert caught.value.exit_code == 65


def test_a_good_file_and_folder_pass_the_check(tmp_path: Path) -> None:
    check_source(parse_source(str(write_video(tmp_path / "good.mp4", count=2))))
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "0.jpg").write_text("one that cannot be read does not spoil the rest")
    cv2.imwrite(str(tmp_path / "pictures" / "1.png"), picture())
    check_source(parse_source(str(tmp_path / "pictures")))


def test_a_live_source_is_not_opened_by_the_check(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    check_source(parse_source(str(tmp_path / "pipe")))
    check_source(parse_source(97))


def test_a_file_that_kills_the_decoder_is_bad_data(tmp_path: Path) -> None:
    source = parse_source(str(write_video(tmp_path / "good.mp4", count=2)))
    with pytest.raises(DataError, match="SIGSEGV"):
        check_source(
            source, (sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
        )


def test_a_file_that_vanishes_or_a_process_that_cannot_start_is_unavailable(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "good.mp4", count=2)
    source = parse_source(str(clip))
    with pytest.raises(UnavailableError, match="/no/such/python"):
        check_source(source, ("/no/such/python",))
    clip.unlink()
    with pytest.raises(UnavailableError, match=r"good\.mp4"):
        check_source(source)


def test_every_error_of_a_source_has_a_next_step() -> None:
    for text in ("", "no/such", "ftp://x", "-3"):
        with pytest.raises(UprightError) as caught:
            parse_source(text)
        assert caught.value.hint
        assert not isinstance(caught.value, DeniedError)
