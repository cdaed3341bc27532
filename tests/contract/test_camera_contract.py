"""What every FrameSource promises, held against the real camera and the scripted one of the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.camera import DEADLINE, QUICK, ScriptedCamera, frame, write_video

from uprightd.camera.frame_source import FrameSource
from uprightd.camera.source import parse_source
from uprightd.camera.supervisor import Camera
from uprightd.clock import SystemClock
from uprightd.domain import CameraState, Frame

Made = Callable[[], FrameSource]
COUNT = 6


@pytest.fixture(params=["real", "scripted"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Made]:
    """Makes sources of six frames of 160x120, and releases them."""
    sources: list[FrameSource] = []

    def make() -> FrameSource:
        if request.param == "real":
            clip = parse_source(str(write_video(tmp_path / "clip.mp4", count=COUNT, fps=30)))
            sources.append(Camera(clip, QUICK, SystemClock()))
        else:
            sources.append(ScriptedCamera([frame(number, at=number / 30) for number in range(COUNT)]))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


def polled(source: FrameSource, enough: int = COUNT) -> list[Frame]:
    frames: list[Frame] = []
    for _ in range(int(DEADLINE / 0.1)):
        if source.finished or len(frames) >= enough:
            break
        got = source.poll(0.1)
        if got is not None:
            frames.append(got)
    return frames


def test_before_it_is_opened_it_gives_nothing_and_owns_nothing(made: Made) -> None:
    source = made()
    assert source.poll(0.0) is None
    assert source.child_pid is None
    assert not source.finished
    assert source.size is None
    assert source.status.state is not CameraState.OK
    source.close()


def test_opened_it_gives_frames_until_it_is_finished(made: Made) -> None:
    source = made()
    source.open()
    assert source.opening
    frames = polled(source)
    assert frames
    assert source.status.state is CameraState.OK
    assert not source.opening
    assert source.size == (160, 120)
    for got in frames:
        assert got.image.dtype == np.uint8
        assert got.image.shape == (120, 160, 3)
        assert got.source
    moments = [got.at.mono for got in frames]
    assert moments == sorted(moments)
    while not source.finished:
        source.poll(0.1)
    assert source.poll(0.0) is None


def test_closed_it_gives_nothing_and_can_be_closed_and_opened_again(made: Made) -> None:
    source = made()
    source.open()
    source.open()
    assert polled(source, enough=1)
    source.close()
    source.close()
    assert source.child_pid is None
    assert source.poll(0.0) is None
    source.open()
    assert polled(source, enough=1)


def test_events_are_given_once(made: Made) -> None:
    source = made()
    assert source.take_events() == []
    source.open()
    polled(source)
    source.take_events()
    assert source.take_events() == []


def test_counters_start_at_nothing(made: Made) -> None:
    source = made()
    assert (source.restarts, source.stalls) == (0, 0)
    assert source.child_cpu_seconds >= 0.0
