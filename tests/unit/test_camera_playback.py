"""When a capture process shows which frame: files by their own times, live sources newest first."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from tests.fakes.camera import picture

from uprightd.camera import playback
from uprightd.camera.line import Line, Want
from uprightd.camera.playback import Playback
from uprightd.camera.reader import BadFile, CannotWatch, device_fault
from uprightd.domain import CameraState


class WantingLine(Line):
    """A line whose daemon asks at the moments it is told to, and that keeps what it is shown."""

    def __init__(self, wants: list[tuple[float, float | None]]) -> None:
        self.shown: list[tuple[float, dict[str, Any]]] = []
        self.beats = 0
        self.closing = False
        self.room = None
        self._changed = threading.Condition()
        self._want: Want | None = None
        self._wants = wants
        self._started = time.monotonic()

    def _due(self) -> None:
        if self._want is None and self._wants and time.monotonic() - self._started >= self._wants[0][0]:
            _, not_before = self._wants.pop(0)
            self._want = Want(len(self._wants), not_before)

    def beat(self, fields: Mapping[str, object]) -> None:
        self.beats += 1

    def wanted(self) -> Want | None:
        self._due()
        return self._want

    def wait(self, seconds: float, for_want: bool = True) -> Want | None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self.closing and not (for_want and self._want):
            self._due()
            time.sleep(0.002)
        return self._want

    def show(self, want: Want, image: np.ndarray, **fields: Any) -> None:
        self.shown.append((time.monotonic() - self._started, fields))
        self._want = None
        self.closing = not self._wants

    def positions(self) -> list[float]:
        return [fields["position"] for _, fields in self.shown]


class ListReader:
    """A file of frames at given positions; grabbing and decoding may take time, decoding may fail."""

    def __init__(
        self, positions: list[float], fps: float, grab_takes: float = 0.0, broken: set[int] | None = None
    ):
        self.fps = fps
        self.retrieved: list[float] = []
        self._positions = positions
        self._at = -1
        self._takes = grab_takes
        self._broken = broken or set()

    def seek(self, position: float) -> None: ...

    def grab(self) -> float | None:
        time.sleep(self._takes)
        self._at += 1
        return self._positions[self._at] if self._at < len(self._positions) else None

    def retrieve(self, room: np.ndarray | None) -> np.ndarray | None:
        if self._at in self._broken:
            return None
        self.retrieved.append(self._positions[self._at])
        return picture(self._at)

    def release(self) -> None: ...


def test_a_variable_frame_rate_is_honoured() -> None:
    reader = ListReader([0.0, 0.05, 0.1, 0.5, 0.55], fps=20)
    line = WantingLine([(0.0, None), (0.25, None)])
    Playback(line).present(reader, None)
    assert line.positions() == [0.0, 0.5]
    assert line.shown[1][0] >= 0.49, "the frame of 0.5 s came early"


def test_only_frames_that_are_wanted_are_decoded() -> None:
    reader = ListReader([index / 50 for index in range(100)], fps=50)
    line = WantingLine([(0.0, None), (0.3, None)])
    Playback(line).present(reader, None)
    assert reader.retrieved == line.positions()
    assert len(reader.retrieved) == 2


def test_frames_that_come_late_are_skipped_to_stay_with_the_clock() -> None:
    reader = ListReader([index / 100 for index in range(200)], fps=100, grab_takes=0.02)
    line = WantingLine([(0.0, None), (0.6, None)])
    Playback(line).present(reader, None)
    moment, fields = line.shown[1]
    assert moment < 5.0
    assert fields["position"] > 0.2, "a decoder that is too slow has to show its newest all the same"


def test_a_file_starts_to_play_when_the_first_frame_is_wanted() -> None:
    reader = ListReader([0.0, 0.1, 0.2], fps=10)
    line = WantingLine([(0.3, None)])
    Playback(line).present(reader, None)
    assert line.positions() == [0.0]
    assert line.beats > 0, "the daemon has to hear that the process lives while it waits"


def test_fast_shows_exactly_the_first_frame_at_or_past_each_position_asked() -> None:
    reader = ListReader([index / 10 for index in range(30)], fps=10)
    line = WantingLine([(0.0, 0.0), (0.0, 0.25), (0.0, 1.0), (0.0, None), (0.0, 2.05)])
    started = time.monotonic()
    Playback(line).follow(reader, None)
    assert line.positions() == [0.0, 0.3, 1.0, 1.1, 2.1]
    assert time.monotonic() - started < 1.5, "nothing waits for the time of the file"


def test_after_a_restart_a_file_goes_on_behind_what_was_seen() -> None:
    line = WantingLine([(0.0, None)])
    Playback(line).follow(ListReader([0.0, 0.1, 0.2, 0.3], fps=10), after=0.2)
    assert line.positions() == [0.3]


def test_undecodable_frames_are_passed_over() -> None:
    line = WantingLine([(0.0, 0.1)])
    Playback(line).follow(ListReader([0.0, 0.1, 0.2], fps=10, broken={1}), None)
    assert line.positions() == [0.2]


@pytest.mark.parametrize("reader", [ListReader([], 10), ListReader([0.0, 0.1], 10, broken={0, 1})])
def test_a_file_without_one_decodable_frame_is_a_bad_file(reader: ListReader) -> None:
    with pytest.raises(BadFile):
        Playback(WantingLine([(0.0, None)])).follow(reader, None)


class Device:
    """A camera that gives a list of pictures, one per 5 ms; None where it gives nothing."""

    fps = 200.0
    device = "Device"

    def __init__(self, *pictures: np.ndarray | None) -> None:
        self._pictures = list(pictures)
        self._last: np.ndarray | None = None

    def grab(self) -> bool:
        time.sleep(0.005)
        self._last = self._pictures.pop(0) if len(self._pictures) > 1 else self._pictures[0]
        return self._last is not None

    def retrieve(self, room: np.ndarray | None) -> np.ndarray | None:
        return self._last

    def release(self) -> None: ...


def watched(line: WantingLine, device: Device, kind_is_device: bool = True) -> None:
    Playback(line).watch(device, kind_is_device)  # type: ignore[arg-type]


def test_first_reads_that_fail_are_forgiven() -> None:
    line = WantingLine([(0.0, None)])
    watched(line, Device(None, None, None, picture()))
    assert line.shown[0][1]["grabbed"] == 1


def test_the_first_dark_pictures_of_a_camera_are_not_shown_while_its_exposure_settles() -> None:
    black = np.zeros((120, 160, 3), np.uint8)
    line = WantingLine([(0.0, None)])
    watched(line, Device(black, black, black, picture()))
    assert line.shown[0][1]["mean"] > 20
    stream = WantingLine([(0.0, None)])
    watched(stream, Device(black, black, black, picture()), kind_is_device=False)
    assert stream.shown[0][1]["mean"] == 0


def test_a_camera_that_stays_dark_is_shown_dark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "DARK_START", 0.2)
    line = WantingLine([(0.0, None)])
    watched(line, Device(np.zeros((120, 160, 3), np.uint8)))
    moment, fields = line.shown[0]
    assert fields["mean"] == 0
    assert moment >= 0.2


def test_a_camera_that_gives_nothing_at_all_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playback, "WARM_UP", 0.2)
    with pytest.raises(CannotWatch) as caught:
        watched(WantingLine([(0.0, None)]), Device(None))
    assert caught.value.state is CameraState.NO_FRAMES


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (FileNotFoundError(2, "No such file or directory"), CameraState.ABSENT),
        (OSError(19, "No such device"), CameraState.ABSENT),
        (PermissionError(13, "Permission denied"), CameraState.DENIED),
        (PermissionError(1, "Operation not permitted"), CameraState.DENIED),
        (OSError(16, "Device or resource busy"), CameraState.BUSY),
    ],
)
def test_a_device_file_tells_why_it_cannot_be_opened(error: OSError, state: CameraState) -> None:
    def opened(path: str, flags: int) -> int:
        raise error

    fault = device_fault("/dev/video7", opened)
    assert fault is not None
    assert fault.state is state
    assert "/dev/video7" in fault.detail
    assert fault.sure


def test_a_device_file_that_opens_has_no_fault() -> None:
    assert device_fault("/dev/null") is None
