"""Is a camera held by another program? Linux: who has a /dev/video open, among the processes one may look at."""

from __future__ import annotations

import os
import re
from pathlib import Path

from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import AbsentError, Found, listed, spoken
from uprightd.surroundings.processes import PROC, descends, fields

DEVICES = Path("/dev")
NODE = re.compile(r"/dev/video[0-9]+( \(deleted\))?")

MEDIA_SERVERS = {"pipewire", "wireplumber"}
"""They keep cameras open without streaming; who streams through them is PipeWire's to say."""


def held_camera(own: int, proc: Path = PROC, devices: Path = DEVICES) -> Found:
    """Given our process, return by whom a camera is held. Raise AbsentError where no camera is plugged in."""
    if not any(devices.glob("video[0-9]*")):
        raise AbsentError("no camera is plugged in")
    names = [spoken(fields(proc, pid).get("Name", "")) for pid in camera_holders(own, proc)]
    return {Topic.CALL: f"the camera is in use by {listed(names)}"} if names else {}


def camera_holders(own: int, proc: Path) -> list[int]:
    """Given our process and /proc, return the processes outside our own tree that have a camera open."""
    holders = []
    for pid in sorted(int(entry) for entry in os.listdir(proc) if entry.isdecimal()):
        if not _holds(proc / str(pid) / "fd") or descends(proc, pid, own):
            continue
        if fields(proc, pid).get("Name") not in MEDIA_SERVERS:
            holders.append(pid)
    return holders


def _holds(folder: Path) -> bool:
    try:
        links = os.listdir(folder)
    except OSError:  # another user's, or ended
        return False
    for link in links:
        try:
            if NODE.fullmatch(os.readlink(f"{folder}/{link}")):
                return True
        except OSError:
            continue
    return False
