"""The cameras of this machine and their names; OpenCV itself knows only indices."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from uprightd.errors import UnavailableError

SYSFS = Path("/sys/class/video4linux")
PROFILER = ("/usr/sbin/system_profiler", "SPCameraDataType", "-json")
PROFILER_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Device:
    """A camera: the index OpenCV opens it by, and its name."""

    index: int
    name: str


def list_devices(
    platform: str = sys.platform,
    sysfs: Path = SYSFS,
    profile: Callable[[], str] | None = None,
) -> list[Device]:
    """Return the cameras that are plugged in, by index; none where the system cannot tell."""
    if platform == "darwin":
        return _mac_devices((profile or _system_profiler)())
    return _linux_devices(sysfs)


def _linux_devices(sysfs: Path) -> list[Device]:
    found = []
    for entry in sysfs.glob("video*"):
        number = re.fullmatch(r"video([0-9]+)", entry.name)
        # A webcam has a second node for its metadata; the driver numbers a device's nodes from 0.
        if number and _text(entry / "index") in ("0", ""):
            found.append(Device(int(number[1]), _text(entry / "name") or entry.name))
    return sorted(found, key=lambda device: device.index)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _mac_devices(profile: str) -> list[Device]:
    """Given system_profiler's JSON, return its cameras by the index OpenCV gives them.

    OpenCV sorts AVFoundation's devices by their unique id (opencv #22946).
    """
    try:
        items = json.loads(profile)["SPCameraDataType"]
        cameras = sorted((str(item.get("spcamera_unique-id", "")), str(item["_name"])) for item in items)
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
    return [Device(index, name) for index, (_, name) in enumerate(cameras)]


def _system_profiler() -> str:
    try:
        asked = subprocess.run(
            PROFILER, capture_output=True, text=True, timeout=PROFILER_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout


def find_device(name: str, devices: Sequence[Device]) -> Device:
    """Given part of a name, return the one camera it fits; upper and lower case count the same.

    A full name wins over parts. Raise UnavailableError naming the cameras there are when none or several fit.
    """
    wanted = name.casefold()
    fits = [device for device in devices if device.name.casefold() == wanted]
    fits = fits or [device for device in devices if wanted in device.name.casefold()]
    if len(fits) == 1:
        return fits[0]
    listed = ", ".join(f"{device.index}: {device.name}" for device in fits or devices) or "none"
    if fits:
        raise UnavailableError(
            f"camera {name!r} fits several cameras ({listed})", "Give more of the name, or the index."
        )
    raise UnavailableError(
        f"no camera is called {name!r} (found: {listed})", "Plug it in, or give another name or an index."
    )
