"""Cameras by name, from a made-up sysfs and made-up system_profiler output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uprightd.camera.devices import Device, find_device, list_devices
from uprightd.errors import UnavailableError


def sysfs(folder: Path, **nodes: tuple[str, str]) -> Path:
    for node, (name, index) in nodes.items():
        (folder / node).mkdir()
        (folder / node / "name").write_text(f"{name}\n")
        if index:
            (folder / node / "index").write_text(f"{index}\n")
    return folder


def test_linux_lists_cameras_by_index_and_leaves_out_metadata_nodes(tmp_path: Path) -> None:
    root = sysfs(
        tmp_path,
        video10=("Logitech C920", "0"),
        video0=("Integrated Camera: Integrated C", "0"),
        video1=("Integrated Camera: Integrated C", "1"),
        video2=("Old driver", ""),
    )
    (root / "v4l-subdev0").mkdir()
    assert list_devices("linux", root) == [
        Device(0, "Integrated Camera: Integrated C"),
        Device(2, "Old driver"),
        Device(10, "Logitech C920"),
    ]


def test_linux_without_any_camera_lists_none(tmp_path: Path) -> None:
    assert list_devices("linux", tmp_path / "missing") == []


def test_mac_lists_cameras_in_the_order_opencv_gives_them() -> None:
    profile = json.dumps(
        {
            "SPCameraDataType": [
                {"_name": "FaceTime HD Camera", "spcamera_unique-id": "47B4B64B-7067"},
                {"_name": "USB Camera", "spcamera_unique-id": "0x11000000c45636d"},
            ]
        }
    )
    assert list_devices("darwin", profile=lambda: profile) == [
        Device(0, "USB Camera"),
        Device(1, "FaceTime HD Camera"),
    ]


@pytest.mark.parametrize("profile", ["", "{}", "[]", "no json", '{"SPCameraDataType": [3]}', "null"])
def test_mac_with_an_answer_that_makes_no_sense_lists_none(profile: str) -> None:
    assert list_devices("darwin", profile=lambda: profile) == []


CAMERAS = [
    Device(0, "FaceTime HD Camera"),
    Device(1, "FaceTime HD Camera (Display)"),
    Device(2, "USB Camera"),
]


@pytest.mark.parametrize(
    ("name", "index"), [("usb", 2), ("USB Camera", 2), ("display", 1), ("facetime hd camera", 0)]
)
def test_a_part_of_a_name_in_any_case_finds_its_camera_and_a_full_name_wins(name: str, index: int) -> None:
    assert find_device(name, CAMERAS).index == index


def test_a_name_that_fits_several_or_none_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnavailableError, match=r"several cameras \(0: FaceTime HD Camera, 1: ") as several:
        find_device("facetime", CAMERAS)
    assert "USB" not in several.value.message
    with pytest.raises(UnavailableError, match="2: USB Camera") as none:
        find_device("Logitech", CAMERAS)
    assert none.value.exit_code == 69
    with pytest.raises(UnavailableError, match="found: none"):
        find_device("Logitech", [])


def test_two_cameras_of_the_same_name_are_not_guessed_between() -> None:
    with pytest.raises(UnavailableError, match="several"):
        find_device("Webcam", [Device(0, "Webcam"), Device(2, "Webcam")])
