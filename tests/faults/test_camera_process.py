"""F1, F2, F19: a capture process that hangs, dies, lies, or loses its daemon."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from tests.fakes.camera import (
    IMPATIENT,
    QUICK,
    gone,
    next_frame,
    poll_until,
    scripted,
    wait_for,
    watching,
    write_video,
)

from uprightd.camera.canvas import Canvas, shared_memory
from uprightd.camera.order import Pace
from uprightd.camera.supervisor import GIVE_UP
from uprightd.domain import CameraState


def hung_pipe(folder: Path, data: bytes = b"") -> tuple[str, int]:
    """Given a folder and what a stream gives before it falls silent, return a FIFO and our end of it."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    handle = os.open(pipe, os.O_RDWR)
    if data:
        os.write(handle, data)
    return str(pipe), handle


def test_a_source_that_hangs_while_it_opens_is_killed_and_tried_again(tmp_path: Path) -> None:
    """F1: OpenCV blocks in C for ever on a FIFO that nobody writes to."""
    pipe, handle = hung_pipe(tmp_path)
    pids, ticks = set(), 0
    with watching(pipe, replace(QUICK, open_timeout=0.4)) as camera:
        deadline = time.monotonic() + 20
        while camera.restarts < 2:
            assert time.monotonic() < deadline, camera.status
            started = time.monotonic()
            assert camera.poll(0.1) is None
            assert time.monotonic() - started < 2.0, "the loop was held up"
            ticks += 1
            pids.add(camera.child_pid)
        status, stalls, events = camera.status, camera.stalls, camera.take_events()
    os.close(handle)
    assert ticks > 8
    assert stalls >= 2
    assert status.state is CameraState.NO_FRAMES
    assert "did not open for 0.4 s" in " ".join([status.message, *events])
    assert len(events) == 1, "one that repeats is told once"
    assert len(pids - {None}) >= 2
    assert all(gone(pid) for pid in pids - {None})


def test_a_source_that_hangs_while_it_plays_is_killed_and_tried_again(tmp_path: Path) -> None:
    """F1: frames first, then a read that never returns."""
    clip = write_video(tmp_path / "clip.avi", count=30)
    pipe, handle = hung_pipe(tmp_path, clip.read_bytes())
    with watching(pipe, IMPATIENT) as camera:
        assert next_frame(camera)
        assert camera.status.state is CameraState.OK
        first = camera.child_pid
        poll_until(camera, lambda: camera.stalls >= 1, "the hang to be noticed")
        assert camera.status.state is CameraState.NO_FRAMES
        assert "gave no picture for 0.6 s" in camera.status.message
        assert first is not None
        assert gone(first)
        assert "process killed" in camera.take_events()[0]
    os.close(handle)


def test_a_hung_process_is_gone_within_two_seconds_of_close(tmp_path: Path) -> None:
    pipe, handle = hung_pipe(tmp_path)
    with watching(pipe) as camera:
        pid = camera.child_pid
        assert pid is not None
        wait_for(lambda: psutil.Process(pid).num_threads() > 1, "OpenCV to be reached")
        time.sleep(0.3)
        started = time.monotonic()
        camera.close()
        assert time.monotonic() - started < 2.5
        assert gone(pid)
    os.close(handle)


def test_a_process_deaf_to_everything_is_gone_within_two_seconds_of_close(tmp_path: Path) -> None:
    with watching(0, QUICK, scripted(tmp_path, [["opened"], ["frames", 1], ["deaf"]])) as camera:
        next_frame(camera)
        pid = camera.child_pid
        assert pid is not None
        started = time.monotonic()
        camera.close()
        assert time.monotonic() - started < 2.5
        assert gone(pid)


def test_a_camera_that_opens_and_then_gives_nothing_is_replaced(tmp_path: Path) -> None:
    """F1 and F4: alive and beating is not enough for a live source."""
    command = scripted(tmp_path, [["opened"], ["beats", 30]], [["opened"], ["frames", 0]])
    with watching(0, IMPATIENT, command) as camera:
        poll_until(camera, lambda: camera.stalls >= 1, "the silence to be noticed")
        assert camera.status.state is CameraState.NO_FRAMES
        next_frame(camera)
        assert camera.status.state is CameraState.OK
        assert camera.restarts >= 1


def test_a_file_that_is_asked_for_nothing_is_not_taken_for_hung(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=50)
    with watching(str(clip), replace(IMPATIENT, stall_after=1.0, pace="fast")) as camera:
        next_frame(camera)
        time.sleep(1.5)  # a model that takes its time
        next_frame(camera)
        assert (camera.stalls, camera.restarts) == (0, 0)


@pytest.mark.parametrize(
    ("pace", "death"),
    [("fast", signal.SIGKILL), ("fast", signal.SIGSEGV), ("realtime", signal.SIGKILL)],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_a_killed_process_shows_as_one_line_and_the_samples_go_on(
    tmp_path: Path, pace: Pace, death: signal.Signals
) -> None:
    """F2 on a real file: no second line, no time running backwards, no start from the beginning."""
    clip = write_video(tmp_path / "clip.mp4", count=30, fps=20)
    settings = replace(QUICK, pace=pace)
    with watching(str(clip), settings) as camera:
        positions = [next_frame(camera, not_before=0.4 if pace == "fast" else None).position or 0.0]
        while positions[-1] < 0.4:
            positions.append(next_frame(camera).position or 0.0)
        assert camera.child_pid is not None
        os.kill(camera.child_pid, death)
        while not camera.finished:
            frame = camera.poll(0.2)
            assert camera.opening or camera.status.state is CameraState.OK, "called a fault of the camera"
            if frame is not None:
                positions.append(frame.position or 0.0)
        events = camera.take_events()
    assert len(events) == 1
    assert f"camera process died ({death.name})" in events[0]
    assert camera.restarts == 1
    assert positions == sorted(set(positions))
    assert positions[-1] > 1.2
    gaps = [after - before for before, after in pairwise(positions)]
    assert max(gaps) < 1.0
    assert camera.status.state is CameraState.OK


def test_five_deaths_within_a_minute_bring_a_long_pause_and_one_more_line(tmp_path: Path) -> None:
    """F2: the state stays visible, and the machine is not kept busy."""
    command = scripted(tmp_path, [["opened"], ["signal", int(signal.SIGSEGV)]])
    with watching(0, replace(QUICK, backoff_first=0.01, backoff_max=5.0), command) as camera:
        poll_until(camera, lambda: camera.restarts == 4, "four restarts", poll=0.02)
        poll_until(camera, lambda: camera.child_pid is None, "the fifth death", poll=0.02)
        for _ in range(10):
            assert camera.poll(0.05) is None
        assert camera.restarts == 4
        assert not camera.opening
        assert camera.status.state is CameraState.NO_FRAMES
        assert "SIGSEGV" in camera.status.message
        events = camera.take_events()
    assert len(events) == 2
    assert events[0].startswith("camera process died (SIGSEGV), restarting in ")
    assert "died 5 times within a minute" in events[1]


def test_a_process_that_cannot_even_start_is_a_state_and_not_an_exception(tmp_path: Path) -> None:
    with watching(0, QUICK, ("/no/such/python",)) as camera:
        assert camera.poll(0.1) is None
        assert camera.status.state is CameraState.NO_FRAMES
        assert "No such file or directory" in camera.status.message
        poll_until(camera, lambda: camera.restarts >= 2, "more attempts")


def test_a_file_that_kills_its_reader_every_time_is_given_up(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=2)
    command = scripted(tmp_path, [["signal", int(signal.SIGSEGV)]])
    with watching(str(clip), replace(QUICK, backoff_first=0.01, backoff_max=0.05), command) as camera:
        poll_until(camera, lambda: camera.finished, "an end")
        assert camera.restarts == GIVE_UP - 1
        assert camera.status.state is CameraState.NO_FRAMES
        assert "given up" in camera.take_events()[-1]


def test_a_new_process_is_told_how_far_the_file_was_seen_and_to_leave_out_what_kills_it(
    tmp_path: Path,
) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=2)
    command = scripted(
        tmp_path,
        [["opened"], ["frames", 4, {"every": 0.5}], ["exit", 1]],
        [["opened"], ["exit", 1]],
        [["opened"], ["exit", 1]],
        [["opened"], ["frames", 1, {"every": 0.5, "from": 4.0}], ["say", "end", {}], ["hold"]],
    )
    with watching(str(clip), QUICK, command) as camera:
        frames = poll_until(camera, lambda: camera.finished, "the end")
    orders = [json.loads(line) for line in (tmp_path / "script.orders").read_text().splitlines()]
    assert [order["start_at"] for order in orders] == [None, 1.5, 2.5, 3.5]
    assert [frame.position for frame in frames] == [0.0, 0.5, 1.0, 1.5, 4.0]


def test_a_picture_cut_short_by_death_is_thrown_away(tmp_path: Path) -> None:
    command = scripted(tmp_path, [["opened"], ["half"]], [["opened"], ["frames", 0, {"value": 77}]])
    with watching(0, QUICK, command) as camera:
        assert (next_frame(camera).image == 77).all()
        assert camera.restarts == 1
        assert "SIGKILL" in camera.take_events()[0]


def test_a_picture_of_another_size_than_it_says_is_never_looked_at(tmp_path: Path) -> None:
    command = scripted(tmp_path, [["opened"], ["wrong"]], [["opened"], ["frames", 0, {"value": 77}]])
    with watching(0, QUICK, command) as camera:
        assert (next_frame(camera).image == 77).all()
        assert "it sent a picture of 64x48 in 8916 bytes" in camera.take_events()[0]


def test_shared_memory_cannot_be_cut_short_under_the_daemon() -> None:
    """Reading past the end of memory that another process has truncated would be a SIGBUS."""
    handle = shared_memory()
    if handle is None:
        pytest.skip("no shared memory without a name on this system")
    with pytest.raises(PermissionError):
        os.ftruncate(handle, 4096)
    canvas = Canvas(handle)
    canvas.room(2, 3)[...] = 7
    copy = canvas.copied(2, 3)
    canvas.room(2, 3)[...] = 8
    assert (copy == 7).all()
    canvas.close()


def test_a_process_that_prints_nonsense_into_the_line_is_replaced(tmp_path: Path) -> None:
    command = scripted(tmp_path, [["say", "x" * 70_000, {}]], [["opened"], ["frames", 0]])
    with watching(0, QUICK, command) as camera:
        next_frame(camera)
        assert "it sent a header of" in camera.take_events()[0]


def test_large_pictures_come_in_pieces_over_several_polls(tmp_path: Path) -> None:
    about = {"width": 1920, "height": 1080, "value": 9}
    with watching(0, QUICK, scripted(tmp_path, [["opened"], ["frames", 0, about]])) as camera:
        frames = []
        for _ in range(5000):
            frame = camera.poll(0.0)
            if frame is not None:
                frames.append(frame)
            if len(frames) == 3:
                break
            time.sleep(0.001)
    assert len(frames) == 3
    assert all(frame.image.shape == (1080, 1920, 3) and (frame.image == 9).all() for frame in frames)
    assert frames[0].image is not frames[1].image


ORPHAN = """
import sys, time
from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import parse_source
from uprightd.camera.supervisor import Camera
from uprightd.clock import SystemClock
camera = Camera(parse_source(sys.argv[1]), CameraSettings(), SystemClock())
camera.open()
while True:
    frame = camera.poll(0.2)
    print(camera.child_pid, frame is not None, flush=True)
"""


@pytest.mark.parametrize("hung", [True, False], ids=["hung in C", "playing"])
def test_an_orphan_ends_within_two_seconds_of_its_daemon(tmp_path: Path, hung: bool) -> None:
    """F19: SIGKILL of the daemon leaves nobody who could close anything."""
    pipe, handle = hung_pipe(tmp_path)
    source = pipe if hung else str(write_video(tmp_path / "clip.mp4", count=600))
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN, source], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        pid = 0
        for line in daemon.stdout:
            pid, seen = int(line.split()[0]), line.split()[1]
            if seen == "True" or (hung and psutil.Process(pid).cpu_times().user > 0.05):
                break
        if hung:
            time.sleep(0.5)  # into the call that never returns
        daemon.kill()
        killed = time.monotonic()
        wait_for(lambda: gone(pid), "the orphan to end", seconds=10.0)
        assert time.monotonic() - killed < 3.0
    os.close(handle)


def test_ctrl_c_in_the_terminal_does_not_reach_the_capture_process(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.mp4", count=100)
    with watching(str(clip), replace(QUICK, pace="fast")) as camera:
        next_frame(camera)
        assert camera.child_pid is not None
        assert os.getpgid(camera.child_pid) != os.getpgid(0)
        os.kill(camera.child_pid, signal.SIGINT)
        time.sleep(0.1)
        next_frame(camera)
        assert camera.restarts == 0


def test_a_daemon_that_reads_slowly_does_not_keep_the_process_from_taking_pictures(tmp_path: Path) -> None:
    """The newest picture is sent when it is wanted, however long nobody asked."""
    clip = write_video(tmp_path / "clip.mp4", count=80, fps=20)
    with watching(str(clip), QUICK) as camera:
        first = next_frame(camera)
        time.sleep(0.7)
        later = next_frame(camera)
    assert first.position is not None
    assert later.position is not None
    assert later.position > first.position + 0.4
    assert time.monotonic() - later.at.mono < 1.0
