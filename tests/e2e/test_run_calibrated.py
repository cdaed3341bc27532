"""`uprightd run` after `uprightd calibrate`: what counts from the upright pose, and a camera that has been moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.fakes.camera import write_video
from tests.fakes.terminal import Event, Finished, Terminal

CLIPS = Path(__file__).parents[1] / "clips"
UPRIGHT, FLEXED, LEANED = (0.3, 1.2), (2.4, 3.6), (6.8, 7.9)
"""Seconds of the seated clips, from and to."""

QUICK_RULES = """
name: quick
rules:
  - id: head-down
    metric: head_pitch
    operator: ">"
    threshold: 25
    for: 1s
    message: "Head down ({value})."
"""


@pytest.fixture(scope="module")
def desk() -> Iterator[Terminal]:
    terminal = Terminal()
    (terminal.home / "config").mkdir(parents=True)
    (terminal.home / "config" / "quick.yaml").write_text(QUICK_RULES)
    settings = "rules: {packs: [], files: [quick.yaml]}\ncalibration: {drift_after: 5s}\n"
    (terminal.home / "config" / "config.yaml").write_text(settings)
    yield terminal
    terminal.close()


def watched(terminal: Terminal, source: Path, *options: str) -> Finished:
    ended = terminal.run("run", "--source", str(source), "--fps", "5", "--fast", "--json", *options)
    assert ended.code == 0, ended.err
    return ended


def of_kind(ended: Finished, kind: str) -> list[Event]:
    return [event for event in ended.events if event["event"] == kind]


def values(ended: Finished, metric: str, part: tuple[float, float]) -> list[float]:
    return [
        event["values"][metric]
        for event in of_kind(ended, "sample")
        if part[0] <= event["position"] <= part[1]
    ]


@pytest.fixture(scope="module", params=["sit_front_m", "sit_side_m"])
def seated(request: pytest.FixtureRequest, desk: Terminal) -> Finished:
    """One of the seated clips, calibrated on its upright beginning and then watched."""
    clip = CLIPS / f"{request.param}.mp4"
    calibrated = desk.run("calibrate", "--source", str(clip))
    assert calibrated.code == 0, calibrated.err
    return watched(desk, clip)


def test_the_heads_pitch_counts_from_the_calibrated_pose(seated: Finished) -> None:
    assert {event["profile"] for event in of_kind(seated, "sample")} == {"sit r1"}
    assert values(seated, "head_pitch", UPRIGHT) == pytest.approx([0.0] * 5, abs=5)
    assert min(values(seated, "head_pitch", FLEXED)) > 25
    assert max(values(seated, "head_pitch", FLEXED)) < 40


def test_each_value_says_how_far_it_may_be_off(seated: Finished) -> None:
    for event in of_kind(seated, "sample"):
        assert 0.5 < event["errors"]["head_pitch"] < 6


def test_a_rule_on_a_relative_metric_speaks_once_about_the_flexed_part(seated: Finished) -> None:
    (alert,) = of_kind(seated, "alert")
    assert alert["rule"] == "head-down"
    assert 1.6 <= alert["start"] <= 2.2
    assert " ± " in alert["reason"]


def test_from_the_front_the_head_drops_and_comes_forward(desk: Terminal) -> None:
    clip = CLIPS / "sit_front_m.mp4"
    desk.run("calibrate", "--source", str(clip), "--profile", "front")
    ended = watched(desk, clip, "--profile", "front")
    assert {event["profile"] for event in of_kind(ended, "sample")} == {"front r1"}
    for metric in ("head_drop", "forward_head"):
        flexed, upright = values(ended, metric, FLEXED), values(ended, metric, UPRIGHT)
        assert min(flexed) > max(upright), metric
    assert max(values(ended, "screen_distance", LEANED)) < 0.85


def test_without_a_calibration_it_runs_on_and_says_which_rules_sleep(terminal: Terminal) -> None:
    ended = terminal.run("run", "--source", str(CLIPS / "sit_front_m.mp4"), "--fps", "2", "--fast", "--json")
    (words,) = [event["text"] for event in of_kind(ended, "notice") if "sleep" in event["text"]]
    assert "head-down" in words
    assert "uprightd calibrate" in words
    sample = of_kind(ended, "sample")[0]
    assert sample["missing"]["head_pitch"] == "uncalibrated"
    assert "shoulder_tilt" in sample["values"]


def moved_camera(change: Callable[[np.ndarray], np.ndarray], path: Path, clip: str) -> Path:
    """Given what became of the picture, write 24 seconds of the clip's first, upright second as it looks now."""
    reader = cv2.VideoCapture(str(CLIPS / f"{clip}.mp4"))
    frames = [change(reader.read()[1]) for _ in range(12)]
    reader.release()
    return write_video(path, 240, 10.0, lambda number: frames[abs((number + 11) % 22 - 11)])


def turned(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 11, 1.0)
    return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def aside(image: np.ndarray) -> np.ndarray:
    matrix = np.array([[1.0, 0.0, 130.0], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize("change", [turned, aside])
def test_a_moved_camera_is_told_once_instead_of_alerts(
    desk: Terminal, tmp_path: Path, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    calibrated = desk.run("calibrate", "--source", str(CLIPS / "sit_front_m.mp4"), "--profile", "desk")
    assert calibrated.code == 0, calibrated.err
    ended = watched(desk, moved_camera(change, tmp_path / "moved.mp4", "sit_front_m"), "--profile", "desk")
    states: list[tuple[Any, Any]] = [(it["state"], it["reason"]) for it in of_kind(ended, "state")]
    assert ("uncalibrated", "camera moved?") in states
    assert not of_kind(ended, "alert")
    last = of_kind(ended, "sample")[-1]
    assert (last["posture"], last["profile"], last["missing"]["head_pitch"]) == (
        "unreliable",
        "",
        "uncalibrated",
    )
    assert ended.err.count("Has the camera moved?") == 1


def test_the_same_camera_is_not_called_moved(desk: Terminal, tmp_path: Path) -> None:
    desk.run("calibrate", "--source", str(CLIPS / "sit_front_m.mp4"), "--profile", "desk")
    still = moved_camera(lambda image: image, tmp_path / "still.mp4", "sit_front_m")
    ended = watched(desk, still, "--profile", "desk")
    assert [event["state"] for event in of_kind(ended, "state")] == ["watching"]
