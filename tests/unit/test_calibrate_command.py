"""`uprightd calibrate` at a camera: waiting for the person, giving up, advice. Camera and model are fakes."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fakes.body import FRONT, SIZE, from_the_left, moved, pose
from tests.fakes.camera import frame
from tests.fakes.loop import ClockedCamera, JumpingClock

from uprightd.calibration.baseline import Baseline
from uprightd.calibration.collecting import Fault, Progress
from uprightd.camera.devices import Device
from uprightd.camera.source import Source, parse_source
from uprightd.cli.calibrate import Lines, LivingLine
from uprightd.config.schema import Calibration as CalibrationBlock
from uprightd.config.schema import Config
from uprightd.domain import CameraState, Pose, View
from uprightd.errors import TryAgainError, UnavailableError, UprightError, UsageError
from uprightd.metrics.reading import Terms
from uprightd.paths import Paths
from uprightd.service.calibrate import (
    ENOUGH_LOOKS,
    GIVE_UP,
    camera_key,
    chosen_name,
    collected,
    counting_from,
    held_by_ourselves,
)
from uprightd.service.control import ControlServer

TERMS = Terms(min_score=0.5, min_confidence=0.6)
CAMERA = parse_source(0)


class Acting:
    """A PoseEstimator for somebody who does what the script says; each look takes `takes` seconds."""

    name = "scripted"
    device = "none"

    def __init__(
        self, clock: JumpingClock, script: Callable[[float], Pose | None], takes: float = 0.0
    ) -> None:
        self._clock = clock
        self._script = script
        self._takes = takes
        self.looks: list[float] = []

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        self.looks.append(self._clock.elapsed)
        self._clock.wait(threading.Event(), self._takes)
        return [self._script(self.looks[-1]) for _ in images]

    def close(self) -> None:
        """Nothing to free."""


class Scene:
    """A camera and a person in front of it, for `lasts` seconds."""

    def __init__(
        self, script: Callable[[float], Pose | None], lasts: float = 1000.0, takes: float = 0.0
    ) -> None:
        self.clock = JumpingClock()
        self.camera = ClockedCamera(self.clock, lasts)
        self.model = Acting(self.clock, script, takes)
        self.told: list[Progress] = []

    def calibrate(self, seconds: float = 5.0, source: Source = CAMERA) -> Baseline:
        return collected(self.camera, source, self.model, self.clock, TERMS, seconds, self.told.append)


def restless(at: float) -> Pose:
    return pose(moved(FRONT, lambda x, y: (x, y + 100 * (at % 3))))


def test_it_looks_ten_times_a_second_until_five_good_seconds_are_there() -> None:
    scene = Scene(lambda _: pose(FRONT))
    baseline = scene.calibrate()
    assert (baseline.seconds, baseline.view) == (5.0, View.FRONTAL)
    assert scene.clock.elapsed == pytest.approx(5.3, abs=0.3)
    assert len(scene.model.looks) == pytest.approx(54, abs=2)
    assert (len(scene.camera.opened), len(scene.camera.closed)) == (1, 1)


def test_it_waits_for_the_person_to_come_and_to_hold_still() -> None:
    def script(at: float) -> Pose | None:
        return None if at < 10 else restless(at) if at < 20 else pose(FRONT)

    scene = Scene(script)
    assert scene.calibrate().points["nose"] == FRONT["nose"]
    assert scene.clock.elapsed == pytest.approx(25.5, abs=0.5)
    advices = list(dict.fromkeys(progress.fault for progress in scene.told))
    assert advices == [Fault.NOBODY, None, Fault.MOVING]


def test_it_gives_up_after_a_minute_with_what_stood_in_the_way_the_worst_first() -> None:
    scene = Scene(lambda at: None if at < 10 else restless(at))
    with pytest.raises(TryAgainError) as caught:
        scene.calibrate()
    error = caught.value
    assert scene.clock.elapsed == pytest.approx(GIVE_UP, abs=1)
    assert error.message.startswith("camera 0 cannot be calibrated from: at most 0.")
    assert "in the way: movement (50 s), nobody in view (9." in error.message
    assert error.hint.startswith(Fault.MOVING.advice)
    assert "Nothing was stored" in error.hint
    assert scene.camera.closed


def test_a_slow_model_gets_its_looks_before_it_is_given_up() -> None:
    """Five seconds per look, as a large model on a CPU: a minute would end before anything could be collected."""
    scene = Scene(lambda at: None if at < 40 else pose(FRONT), takes=5.0)
    assert scene.calibrate().seconds == 5.0
    vain = Scene(lambda _: None, takes=5.0)
    with pytest.raises(TryAgainError):
        vain.calibrate()
    assert len(vain.model.looks) == ENOUGH_LOOKS


def test_a_camera_that_is_not_there_ends_it_at_once() -> None:
    scene = Scene(lambda _: pose(FRONT))
    scene.camera.state = CameraState.ABSENT
    with pytest.raises(UnavailableError, match="camera 0 is not there"):
        scene.calibrate()
    assert scene.clock.elapsed < 1
    assert scene.camera.closed
    assert scene.model.looks == []


def test_a_camera_that_is_pulled_out_ends_it() -> None:
    scene = Scene(lambda _: pose(FRONT))
    scene.clock.at(3.0, lambda: setattr(scene.camera, "state", CameraState.ABSENT))
    with pytest.raises(UnavailableError):
        scene.calibrate()
    assert scene.camera.closed


def test_in_the_dark_it_asks_for_light_and_goes_on_when_there_is_some() -> None:
    scene = Scene(lambda _: pose(FRONT))
    scene.camera.state = CameraState.DARK
    scene.clock.at(8.0, lambda: setattr(scene.camera, "state", CameraState.OK))
    assert scene.calibrate().seconds == 5.0
    assert {progress.fault for progress in scene.told} == {Fault.DARK, None}


def test_in_the_dark_for_ever_it_gives_up_and_says_why() -> None:
    scene = Scene(lambda _: pose(FRONT))
    scene.camera.state = CameraState.DARK
    with pytest.raises(TryAgainError, match=r"in the way: darkness \(1 min\)") as caught:
        scene.calibrate()
    assert caught.value.hint.startswith(Fault.DARK.advice)


@pytest.mark.parametrize(("brightness", "fault"), [(15, Fault.DARK), (90, Fault.NOBODY)])
def test_nobody_found_in_a_dim_picture_is_for_want_of_light(brightness: int, fault: Fault) -> None:
    scene = Scene(lambda _: None)
    dim = frame(0, size=SIZE)
    dim.image[:] = brightness
    scene.camera.poll = lambda timeout, not_before=None: dim  # type: ignore[method-assign]
    with pytest.raises(TryAgainError):
        scene.calibrate()
    assert {progress.fault for progress in scene.told} == {fault}


def test_a_stream_that_ends_has_given_too_little() -> None:
    scene = Scene(lambda _: pose(FRONT), lasts=2.0)
    with pytest.raises(
        TryAgainError, match=r"at most 1\.\d s in a row were good; in the way: it is too short"
    ):
        scene.calibrate()


@pytest.mark.parametrize("failing", [RuntimeError, KeyboardInterrupt])
def test_the_camera_is_released_whatever_happens(failing: type[BaseException]) -> None:
    def script(at: float) -> Pose:
        if at > 1:
            raise failing
        return pose(FRONT)

    scene = Scene(script)
    with pytest.raises(failing):
        scene.calibrate()
    assert scene.camera.closed


# ---- names ------------------------------------------------------------------------------------------------


def settings(profile: str) -> Config:
    return Config(calibration=CalibrationBlock(profile=profile))


def test_the_profile_is_the_one_named_or_the_one_in_the_settings_or_the_usual_one() -> None:
    assert chosen_name("stand", settings("laptop")) == "stand"
    assert chosen_name(None, settings("laptop")) == "laptop"
    assert chosen_name(None, settings("auto")) == "sit"


@pytest.mark.parametrize("name", ["", "Sit", "../sit", "sit down", "a" * 33, "-sit", "sitzen-ä", "auto"])
def test_a_name_that_is_none_is_refused_before_anything_else(name: str) -> None:
    with pytest.raises(UsageError, match="--profile"):
        chosen_name(name, settings("auto"))


def cameras() -> list[Device]:
    return [Device(0, "FaceTime HD"), Device(2, "Logitech C920")]


def test_a_camera_is_known_by_the_name_the_system_gives_it() -> None:
    assert camera_key(parse_source(2), cameras) == "Logitech C920"
    assert camera_key(parse_source("/dev/video2"), cameras) == "Logitech C920"
    assert camera_key(parse_source("logitech"), cameras) == "Logitech C920"
    assert camera_key(parse_source(1), cameras) == "camera 1"
    assert camera_key(parse_source("Brio"), cameras) == "Brio"


def test_a_file_is_known_by_its_full_path_and_an_address_without_its_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert camera_key(parse_source("clip.mp4")) == str(tmp_path / "clip.mp4")
    assert camera_key(parse_source(tmp_path.as_uri())) == str(tmp_path)
    assert camera_key(parse_source("rtsp://me:secret@desk/1")) == "rtsp://desk/1"


# ---- a camera that our own daemon holds ---------------------------------------------------------------------


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Lets a daemon answer with a status of the test's choice."""
    servers: list[ControlServer] = []
    path = Paths(*[tmp_path] * 5).socket  # short enough on every system

    def start(**status: Any) -> Path:
        server = ControlServer(path, lambda *_: {"pid": 7, "state": "watching", "source": "0"} | status)
        server.start()
        servers.append(server)
        return path

    yield start
    for server in servers:
        server.stop()


def advice(source: str | int, socket: Path) -> UprightError | None:
    return held_by_ourselves(parse_source(source), socket)


def test_a_camera_that_our_own_daemon_holds_is_said_to_be_its_with_what_to_do(
    daemon: Callable[..., Path],
) -> None:
    error = advice(0, daemon(state="degraded"))
    assert isinstance(error, TryAgainError)
    assert "pid 7" in error.message
    assert "`uprightd pause`" in error.hint


@pytest.mark.parametrize(
    ("source", "status"),
    [
        (0, {"state": "paused"}),
        (0, {"source": "rtsp://desk/1"}),
        (0, {"source": "/no/clip.mp4"}),
        ("rtsp://desk/2", {}),
    ],
)
def test_the_daemon_is_not_blamed_for_what_it_does_not_hold(
    source: str | int, status: dict[str, str], daemon: Callable[..., Path]
) -> None:
    assert advice(source, daemon(**status)) is None


def test_without_a_daemon_the_camera_s_own_words_stand(tmp_path: Path) -> None:
    assert advice(0, tmp_path / "none") is None


# ---- what is said -------------------------------------------------------------------------------------------


def baseline(view: View, names: Sequence[str], backend: str = "nobody has measured it") -> Baseline:
    places = FRONT if view is View.FRONTAL else from_the_left()
    seen = pose({name: places[name] for name in names})
    points = {name: (point.x, point.y) for name, point in seen.keypoints.items()}
    return Baseline(view, SIZE, points, {}, {}, backend, 50, 5.0)  # type: ignore[arg-type]


def test_what_counts_from_a_baseline_is_what_its_view_and_its_points_allow() -> None:
    front = {metric.name for metric in counting_from(baseline(View.FRONTAL, list(FRONT)))}
    assert {"head_drop", "lateral_lean"} <= front
    assert not {"head_pitch", "forward_head"} & front, "there are no face points"
    assert "shoulder_tilt" not in front, "it needs no calibration"
    side = {metric.name for metric in counting_from(baseline(View.SAGITTAL_LEFT, list(from_the_left())))}
    assert "head_pitch" in side
    assert not {"head_drop", "lateral_lean"} & side
    assert counting_from(baseline(View.FRONTAL, ["nose"])) == []


def test_the_living_line_stays_one_line_and_shows_seconds_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = io.StringIO()
    line = LivingLine(stream)
    for fault in (None, Fault.NOBODY, Fault.MOVING):
        line.tell(Progress(2.5, 5.0, fault))
    line.finish()
    text = stream.getvalue()
    assert "\n" not in text
    drawn = text.split("\r\x1b[K")[1:]
    assert drawn[-1] == ""
    assert all(len(each) < 60 for each in drawn)
    assert drawn[2] == "▕" + "█" * 10 + "░" * 10 + "▏ 2.5 of 5 s  Hold still."


def test_off_a_terminal_there_is_a_line_for_each_change_of_advice() -> None:
    stream = io.StringIO()
    lines = Lines(stream, heard=True)
    for seconds, fault in [
        (0.0, Fault.NOBODY),
        (0.0, Fault.NOBODY),
        (0.0, Fault.MOVING),
        (0.2, None),
        (0.0, Fault.MOVING),
        (2.0, None),
        (0.0, Fault.MOVING),
    ]:
        lines.tell(Progress(seconds, 5.0, fault))
    told = [Fault.NOBODY, Fault.MOVING, Fault.MOVING]
    assert stream.getvalue().splitlines() == [fault.advice for fault in told]


def test_nobody_gives_advice_to_a_video() -> None:
    stream = io.StringIO()
    Lines(stream, heard=False).tell(Progress(0.0, 5.0, Fault.MOVING))
    assert stream.getvalue() == ""
