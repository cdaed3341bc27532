"""Real sources through the real capture process: files by both paces, folders, streams, and their release."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from tests.fakes.camera import (
    QUICK,
    gone,
    next_frame,
    number_in,
    picture,
    poll_until,
    scripted,
    wait_for,
    watching,
    write_video,
)

from uprightd.clock import FollowingClock, SystemClock
from uprightd.domain import CameraState, Instant

FAST = replace(QUICK, pace="fast")


def played_fast(path: Path, step: float) -> list[tuple[float, int]]:
    """Given a video and a step in seconds, return position and number of the frames a fast loop gets."""
    seen = []
    with watching(str(path), FAST) as camera:
        wanted = 0.0
        while not camera.finished:
            frame = camera.poll(5.0, wanted)
            if frame is not None:
                assert frame.position is not None
                seen.append((round(frame.position, 3), number_in(frame.image)))
                wanted += step
    return seen


def test_fast_gives_exactly_the_frames_asked_for_each_time(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=30, fps=10)
    expected = [(round(0.1 * number, 3), number) for number in range(0, 30, 5)]
    assert played_fast(clip, 0.5) == expected
    assert played_fast(clip, 0.5) == expected
    assert [number for _, number in played_fast(clip, 0.25)] == [0, 3, 5, 8, 10, 13, 15, 18, 20, 23, 25, 28]


def test_fast_moments_follow_the_file_from_where_the_clock_stood(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=10, fps=10)
    with watching(str(clip), FAST, clock=FollowingClock(Instant(5000.0, 70.0))) as camera:
        frame = next_frame(camera, not_before=0.4)
    assert frame.position == pytest.approx(0.4)
    assert frame.at == pytest.approx((5000.4, 70.4))
    assert frame.source == str(clip)


def test_realtime_plays_at_the_pace_of_the_file_and_gives_the_newest(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=45, fps=30)
    with watching(str(clip)) as camera:
        first = next_frame(camera)
        assert first.position == 0.0
        started, frames = time.monotonic(), []
        while not camera.finished:
            frame = camera.poll(0.3)
            if frame is not None:
                frames.append(frame)
                assert frame.position is not None
                assert frame.position > (time.monotonic() - started) - 0.5, "an old frame was kept for us"
            time.sleep(0.25)
        took = time.monotonic() - started
    assert 1.2 < took < 10.0
    assert 3 <= len(frames) <= 7
    for frame in frames:
        # The moment belongs to the position, and the picture to both.
        assert frame.position is not None
        assert frame.at.mono - first.at.mono == pytest.approx(frame.position, abs=0.25)
        assert number_in(frame.image) % 38 == round(frame.position * 30) % 38


def test_a_pause_of_a_file_goes_on_where_it_was(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=30, fps=10)
    with watching(str(clip), FAST) as camera:
        assert next_frame(camera, not_before=1.0).position == pytest.approx(1.0)
        camera.close()
        camera.open()
        assert next_frame(camera).position == pytest.approx(1.1)


def test_a_position_far_into_a_file_is_found_again_after_a_pause(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=120, fps=10)
    with watching(str(clip), FAST) as camera:
        next_frame(camera, not_before=9.0)
        camera.close()
        camera.open()
        frame = next_frame(camera)
    assert frame.position == pytest.approx(9.1)
    assert number_in(frame.image) == 91 % 38


def test_a_folder_is_a_slow_film_whose_bad_pictures_are_passed_over(tmp_path: Path) -> None:
    for number, size in ((1, (160, 120)), (2, (200, 100)), (10, (160, 120))):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture(number, size))
    (tmp_path / "3.png").write_text("no picture")
    with watching(str(tmp_path), replace(FAST, folder_fps=2.0)) as camera:
        frames = [next_frame(camera) for _ in range(3)]
        assert camera.poll(5.0) is None
        assert camera.finished
        assert camera.take_events() == [f"left out: {tmp_path}/3.png: not a picture that can be read"]
    assert [frame.position for frame in frames] == [0.0, 0.5, 1.5]
    assert [number_in(frame.image) for frame in frames] == [1, 2, 10]
    assert frames[1].image.shape == (100, 200, 3)


HUNG_UP = threading.Event()


class Mjpeg(BaseHTTPRequestHandler):
    """An IP camera of the simplest kind: /live sends pictures for ever, /401 and /404 are refused."""

    def do_GET(self) -> None:
        if self.path in ("/401", "/404"):
            self.send_response(int(self.path[1:]))
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        number = 0
        try:
            while not HUNG_UP.is_set():
                jpeg = cv2.imencode(".jpg", picture(number % 30))[1].tobytes()
                self.wfile.write(
                    b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                )
                self.wfile.write(jpeg + b"\r\n")
                number += 1
                time.sleep(0.02)
        except OSError:
            pass

    def log_message(self, format: str, *args: object) -> None: ...


@contextmanager
def ip_camera() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mjpeg)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    HUNG_UP.clear()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        HUNG_UP.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_stream_gives_fresh_pictures_and_is_reported_when_it_ends() -> None:
    with (
        ip_camera() as host,
        watching(f"http://anna:geheim@{host}/live", QUICK) as camera,
    ):
        before = time.monotonic()
        frame = next_frame(camera)
        assert frame.at.mono > before
        assert frame.position is None
        assert frame.source == f"http://{host}/live"
        time.sleep(0.4)
        asked = time.monotonic()
        assert next_frame(camera).at.mono > asked, "the picture was taken before it was asked for"
        assert camera.size == (160, 120)
        HUNG_UP.set()
        poll_until(camera, lambda: camera.status.state is not CameraState.OK, "the end to be noticed")
        assert camera.status.state is CameraState.NO_FRAMES
        assert not camera.finished
        HUNG_UP.clear()
        poll_until(camera, lambda: camera.status.state is CameraState.OK, "the stream to be back")


@pytest.mark.parametrize(("path", "state"), [("401", CameraState.DENIED), ("404", CameraState.ABSENT)])
def test_a_refused_stream_is_told_from_a_missing_one(path: str, state: CameraState) -> None:
    with ip_camera() as host, watching(f"http://anna:geheim@{host}/{path}") as camera:
        poll_until(camera, lambda: not camera.opening, "an answer")
        assert camera.status.state is state
        assert path in camera.status.message
        assert "geheim" not in camera.status.message + str(camera.take_events())


def test_an_address_where_nobody_listens_is_absent() -> None:
    with watching("rtsp://anna:geheim@127.0.0.1:1/live") as camera:
        poll_until(camera, lambda: not camera.opening, "an answer")
        assert camera.status.state is CameraState.ABSENT
        assert "connection refused" in camera.status.message


def test_no_password_is_on_the_command_line_of_the_capture_process() -> None:
    with (
        ip_camera() as host,
        watching(f"http://anna:geheim@{host}/live", QUICK) as camera,
    ):
        assert camera.child_pid is not None
        next_frame(camera)
        process = psutil.Process(camera.child_pid)
        assert "geheim" not in " ".join(process.cmdline())
        assert "geheim" not in str(process.environ())


def test_close_releases_the_file_and_ends_the_process(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=100, fps=10)
    with watching(str(clip)) as camera:
        next_frame(camera)
        pid = camera.child_pid
        assert pid is not None
        assert str(clip) in [file.path for file in psutil.Process(pid).open_files()]
        started = time.monotonic()
        camera.close()
        assert gone(pid)
        assert time.monotonic() - started < 2.0
        assert camera.child_pid is None


def test_starting_again_and_again_leaks_no_file_and_no_process(tmp_path: Path) -> None:
    command = scripted(tmp_path, [["opened"], ["frames", 1], ["exit", 3]])
    me = psutil.Process()
    with watching(0, replace(QUICK, backoff_max=0.05), command) as camera:
        poll_until(camera, lambda: camera.restarts >= 2, "two restarts", poll=0.02)
        before = me.num_fds()
        poll_until(camera, lambda: camera.restarts >= 7, "five more", poll=0.02)
        assert me.num_fds() <= before + 1
    pids = [int(pid) for pid in (tmp_path / "script.lives").read_text().split()]
    assert len(pids) >= 8
    wait_for(lambda: all(gone(pid) for pid in pids), "every process to end")


def test_a_fault_is_shown_in_the_daemons_own_words_and_not_on_its_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_text("no video")
    with watching(str(clip)) as camera:
        while not camera.finished:
            camera.poll(0.2)
    assert camera.status.state is CameraState.ABSENT
    assert str(clip) in camera.status.message
    assert "mp4, mov, mkv, avi, webm" in camera.status.hint
    assert capfd.readouterr() == ("", "")


def test_pictures_of_full_size_cost_little_and_the_process_stays_small(tmp_path: Path) -> None:
    scene = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
    large = cv2.resize(scene, (1280, 720), interpolation=cv2.INTER_CUBIC)
    clip = write_video(
        tmp_path / "clip.mp4", count=40, fps=10, image=lambda number: np.roll(large, number, 1)
    )
    with watching(str(clip), FAST) as camera:
        next_frame(camera)
        assert camera.child_pid is not None
        memory = psutil.Process(camera.child_pid).memory_info().rss
        before, count = time.process_time(), 0
        while not camera.finished:
            count += camera.poll(5.0) is not None
        spent = (time.process_time() - before) / count
    assert count == 39
    assert spent < 0.020, "copying a picture has become expensive"
    assert memory < 160 * 2**20
    # Start-up is neither reading nor transfer.
    assert camera.child_read_cpu_seconds > 0.0
    assert camera.child_transfer_cpu_seconds > 0.0
    assert camera.child_read_cpu_seconds + camera.child_transfer_cpu_seconds < camera.child_cpu_seconds
    assert camera.child_transfer_cpu_seconds / count < 0.020


def test_a_frame_stays_what_it_was_when_the_next_one_comes(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=6, fps=10)
    with watching(str(clip), FAST) as camera:
        frames = [next_frame(camera) for _ in range(6)]
    assert [number_in(frame.image) for frame in frames] == list(range(6))


def test_without_shared_memory_pictures_come_over_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uprightd.camera.run.shared_memory", lambda: None)
    clip = write_video(tmp_path / "clip.mp4", count=6, fps=10)
    with watching(str(clip), FAST) as camera:
        frames = [next_frame(camera) for _ in range(6)]
    assert [number_in(frame.image) for frame in frames] == list(range(6))


def test_frames_leave_no_trace_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.chdir(scratch)
    clip = write_video(tmp_path / "clip.mp4", count=40, fps=10)
    with watching(str(clip), FAST, clock=SystemClock()) as camera:
        while not camera.finished:
            camera.poll(5.0)
    assert os.listdir(scratch) == []
    assert sorted(os.listdir(tmp_path)) == ["clip.mp4", "tmp"]
