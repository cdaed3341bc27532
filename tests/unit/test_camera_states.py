"""Camera states in words."""

from __future__ import annotations

import itertools

import pytest

from uprightd.camera.order import SourceKind
from uprightd.camera.source import Source, parse_source
from uprightd.camera.states import another_camera, error_for, guessed, opening, reported, status_of
from uprightd.domain import CameraState
from uprightd.errors import DeniedError, UnavailableError

SOURCES = [
    Source(SourceKind.INDEX, "0", 0),
    Source(SourceKind.NAME, "Logitech", "Logitech"),
    Source(SourceKind.URL, "rtsp://host/x", "rtsp://anna:geheim@host/x"),
    Source(SourceKind.STREAM, "/tmp/pipe", "/tmp/pipe"),
    Source(SourceKind.VIDEO, "clip.mp4", "/home/anna/clip.mp4"),
    Source(SourceKind.FOLDER, "pictures", "/home/anna/pictures"),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.kind)
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_every_state_names_the_source_and_every_fault_has_its_own_words_and_next_step(
    source: Source, platform: str
) -> None:
    said = {state: status_of(state, source, platform=platform) for state in CameraState}
    for state, status in said.items():
        assert status.state is state
        assert source.label in status.message
        assert "geheim" not in f"{status.message}{status.hint}"
        assert bool(status.hint) == (state is not CameraState.OK)
    for one, other in itertools.combinations(said.values(), 2):
        assert one.message != other.message
        assert one.hint != other.hint


def test_hints_for_a_device_name_what_helps_on_this_system() -> None:
    camera = parse_source(2)

    def hint(state: CameraState, platform: str) -> str:
        return status_of(state, camera, platform=platform).hint

    for state in (CameraState.DENIED, CameraState.NO_FRAMES):
        assert "System Settings > Privacy & Security > Camera" in hint(state, "darwin")
    assert "usermod -aG video" in hint(CameraState.DENIED, "linux")
    assert "fuser /dev/video2" in hint(CameraState.BUSY, "linux")
    assert "fuser" not in hint(CameraState.BUSY, "darwin")
    assert "lens cover" in hint(CameraState.DARK, "linux")
    assert "doctor" in hint(CameraState.ABSENT, "linux")


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("OpenCV: not authorized to capture video (status 0), requesting...", CameraState.DENIED),
        ("OpenCV: camera access has been denied. Either run 'tccutil reset Camera'", CameraState.DENIED),
        ("[OPENCV:FFMPEG:24] HTTP error 401 Unauthorized", CameraState.DENIED),
        ("[rtsp @ 0x1] method DESCRIBE failed: 401 Unauthorized", CameraState.DENIED),
        ("ioctl: Operation not permitted", CameraState.DENIED),
        ("VIDIOC_REQBUFS: Device or resource busy", CameraState.BUSY),
        ("[tcp @ 0x1] Connection to tcp://h:1 failed: Connection refused", CameraState.ABSENT),
        ("[OPENCV:FFMPEG:24] HTTP error 404 Not Found", CameraState.ABSENT),
        ("Failed to resolve hostname h: Name or service not known", CameraState.ABSENT),
        ("VIDIOC_DQBUF: No such device", CameraState.ABSENT),
        ("OpenCV: out device of bound (0-0): 1", CameraState.ABSENT),
        ("something else went wrong", CameraState.NO_FRAMES),
    ],
)
def test_what_the_libraries_say_decides_a_guess(line: str, state: CameraState) -> None:
    told, _ = guessed(CameraState.NO_FRAMES, ["[ WARN] older noise", line, "[ WARN] newer noise"])
    assert told is state


def test_a_reported_state_is_taken_as_it_is_unless_it_is_a_guess() -> None:
    camera = parse_source(0)
    noise = ["HTTP error 401 Unauthorized"]
    sure = reported(camera, {"state": "busy", "detail": "/dev/video0: Device or resource busy"}, noise)
    assert sure.state is CameraState.BUSY
    assert "/dev/video0: Device or resource busy" in sure.message
    guess = reported(camera, {"state": "absent", "sure": False}, noise)
    assert guess.state is CameraState.DENIED
    assert "401 unauthorized" in guess.message
    worded = reported(
        camera, {"state": "absent", "message": "OpenCV cannot be loaded", "hint": "Do this"}, []
    )
    assert (worded.message, worded.hint) == ("OpenCV cannot be loaded", "Do this")


def test_one_shot_commands_end_with_permission_or_unavailable() -> None:
    for state in set(CameraState) - {CameraState.OK}:
        error = error_for(status_of(state, parse_source(0)))
        assert isinstance(error, DeniedError if state is CameraState.DENIED else UnavailableError)
        assert error.exit_code == (77 if state is CameraState.DENIED else 69)
        assert error.hint


def test_a_camera_that_is_being_opened_is_not_said_to_be_well() -> None:
    assert opening(parse_source(0)).state is CameraState.NO_FRAMES


def test_another_camera_is_named_with_what_it_gives_and_what_was_expected() -> None:
    status = another_camera(parse_source(0), "Logitech 1280x720", "FaceTime 640x480")
    assert status.state is CameraState.ABSENT
    assert "another camera answered at camera 0: FaceTime 640x480" in status.message
    assert "Logitech 1280x720" in status.message
    assert "refused" in status.hint
