"""F3, F4, F5: cameras that are absent, busy, denied, dark, silent, or suddenly another one."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fakes.camera import QUICK, next_frame, picture, poll_until, scripted, watching, write_video

from uprightd.camera.states import error_for
from uprightd.domain import CameraState

NO_SUCH_INDEX = 97


def test_an_index_without_a_camera_is_absent_and_stays_watched() -> None:
    """F3 for real: the capture process looks for the device and finds none."""
    with watching(NO_SUCH_INDEX) as camera:
        assert camera.opening
        poll_until(camera, lambda: not camera.opening, "an answer")
        assert camera.status.state is CameraState.ABSENT
        assert f"camera {NO_SUCH_INDEX}" in camera.status.message
        assert error_for(camera.status).exit_code == 69
        poll_until(camera, lambda: camera.restarts >= 1, "another attempt")
        assert not camera.finished
        assert camera.take_events() == [], "a state is told by the status, not by a line per attempt"


def test_a_name_without_a_camera_is_absent_and_says_which_there_are() -> None:
    with watching("No Such Camera") as camera:
        poll_until(camera, lambda: not camera.opening, "an answer")
        assert camera.status.state is CameraState.ABSENT
        assert "no camera is called 'No Such Camera' (found: " in camera.status.message


@pytest.mark.parametrize(
    "state", [CameraState.ABSENT, CameraState.BUSY, CameraState.DENIED, CameraState.NO_FRAMES]
)
def test_a_reported_state_stays_visible_until_the_camera_answers(tmp_path: Path, state: CameraState) -> None:
    report = ["say", "state", {"state": state, "detail": "/dev/video0: scripted", "sure": True}]
    command = scripted(tmp_path, [report], [report], [["opened"], ["frames", 0]])
    with watching(0, QUICK, command) as camera:
        poll_until(camera, lambda: not camera.opening, "the report", poll=0.02)
        assert camera.status.state is state
        assert "/dev/video0: scripted" in camera.status.message
        assert camera.status.hint
        seen = set()
        while camera.status.state is not CameraState.OK:
            camera.poll(0.05)
            seen.add(camera.status.state)
        assert seen == {state, CameraState.OK}
        assert camera.restarts == 2


def test_a_state_that_was_only_guessed_is_refined_by_what_was_printed(tmp_path: Path) -> None:
    loud = tmp_path / "loud.py"
    loud.write_text(
        "import socket, sys\n"
        "from uprightd.camera.protocol import packed\n"
        "sys.stderr.write('OpenCV: not authorized to capture video (status 0), requesting...\\n')\n"
        "line = socket.socket(fileno=int(sys.argv[1]))\n"
        "line.sendall(packed('state', {'state': 'absent', 'sure': False}))\n"
        "line.recv(1)\n"
    )
    with watching(0, QUICK, (sys.executable, str(loud))) as camera:
        poll_until(camera, lambda: not camera.opening, "the report")
        assert camera.status.state is CameraState.DENIED
        assert error_for(camera.status).exit_code == 77


def light(mean: float, spread: float) -> dict[str, Any]:
    return {"mean": mean, "spread": spread}


def test_dark_pictures_are_never_given_and_after_three_the_state_says_so(tmp_path: Path) -> None:
    life = [["opened"], ["frames", 2], ["frames", 3, light(2.0, 1.5)], ["frames", 0]]
    with watching(0, QUICK, scripted(tmp_path, life)) as camera:
        next_frame(camera)
        next_frame(camera)
        states = []
        for _ in range(3):
            assert camera.poll(5.0) is None
            states.append(camera.status.state)
        assert states == [CameraState.OK, CameraState.OK, CameraState.DARK]
        assert "lens cover" in camera.status.hint
        next_frame(camera)
        assert camera.status.state is CameraState.OK
        assert camera.restarts == 0


def test_a_picture_of_one_colour_is_no_picture(tmp_path: Path) -> None:
    with watching(0, QUICK, scripted(tmp_path, [["opened"], ["frames", 0, light(128.0, 0.0)]])) as camera:
        frames = poll_until(camera, lambda: camera.status.state is CameraState.DARK, "dark to be said")
        assert frames == []


def test_a_real_video_that_turns_dark_is_not_judged_there_and_recovers(tmp_path: Path) -> None:
    """F4 with real pictures: the light is measured in the capture process."""
    black = np.zeros((120, 160, 3), np.uint8)
    clip = write_video(
        tmp_path / "clip.mp4",
        count=30,
        fps=10,
        image=lambda number: black if 10 <= number < 20 else picture(number),
    )
    given, states, wanted = [], [], 0.0
    with watching(str(clip), replace(QUICK, pace="fast")) as camera:
        while not camera.finished:
            frame = camera.poll(5.0, wanted)
            states.append(camera.status.state)
            if frame is not None:
                given.append(frame.position)
            wanted += 0.1
    assert [round(position or 0.0, 1) for position in given] == [
        round(0.1 * number, 1) for number in range(30) if not 10 <= number < 20
    ]
    assert states.count(CameraState.DARK) == 8
    assert states[-1] is CameraState.OK


def test_another_camera_that_answers_after_a_restart_is_refused_until_the_first_is_back(
    tmp_path: Path,
) -> None:
    """F5: an index may suddenly mean another camera, which films somebody else."""
    first = {"width": 64, "height": 48}
    command = scripted(
        tmp_path,
        [["opened"], ["frames", 1, first], ["exit", 1]],
        [["opened"], ["frames", 0, {"width": 32, "height": 24}]],
        [["opened"], ["frames", 0, {"width": 32, "height": 24}]],
        [["opened"], ["frames", 0, first]],
    )
    with watching(0, QUICK, command) as camera:
        next_frame(camera)
        frames = poll_until(
            camera, lambda: camera.status.state is CameraState.ABSENT, "the swap to be noticed"
        )
        assert (
            "another camera answered at camera 0: 32x24, where the first one gave 64x48"
            in camera.status.message
        )
        frames += poll_until(camera, lambda: camera.restarts == 3, "the first camera")
        assert all(frame.image.shape == (48, 64, 3) for frame in frames), (
            "a frame of the other camera got through"
        )
        assert next_frame(camera).image.shape == (48, 64, 3)
        told = [event for event in camera.take_events() if "another camera" in event]
        assert len(told) == 1


def test_another_camera_of_the_same_size_is_told_by_its_name(tmp_path: Path) -> None:
    command = scripted(
        tmp_path,
        [["opened", {"device": "Logitech"}], ["frames", 1], ["exit", 1]],
        [["opened", {"device": "FaceTime"}], ["frames", 0]],
    )
    with watching(0, QUICK, command) as camera:
        next_frame(camera)
        poll_until(camera, lambda: camera.status.state is CameraState.ABSENT, "the swap to be noticed")
        assert "FaceTime 64x48, where the first one gave Logitech 64x48" in camera.status.message


def test_a_swap_while_we_were_paused_is_noticed_as_well(tmp_path: Path) -> None:
    command = scripted(
        tmp_path, [["opened"], ["frames", 0]], [["opened"], ["frames", 0, {"width": 32, "height": 24}]]
    )
    with watching(0, QUICK, command) as camera:
        next_frame(camera)
        camera.close()
        camera.open()
        poll_until(camera, lambda: camera.status.state is CameraState.ABSENT, "the swap to be noticed")


def test_a_picture_that_waited_since_an_earlier_poll_is_not_taken_for_the_newest(tmp_path: Path) -> None:
    life = [["opened"], ["frames", 1, {"value": 10}], ["frames", 1, {"value": 20, "age": 3.0, "after": 0.2}]]
    life += [["frames", 0, {"value": 30}]]
    with watching(0, QUICK, scripted(tmp_path, life)) as camera:
        assert next_frame(camera).image[0, 0, 0] == 10
        assert camera.poll(0.0) is None  # asks, and does not wait for the answer
        time.sleep(0.5)
        frame = camera.poll(5.0)
    assert frame is not None
    assert frame.image[0, 0, 0] == 30
