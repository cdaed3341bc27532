"""Pictures that flow through PipeWire: a shared or recorded screen, a camera used through the portal.

A screen-cast session of the portal is not visible to other programs; the video it sends is. Under X11 programs
read the screen without PipeWire, and nobody can tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import Found, UnansweredError, spoken

PRODUCERS = {"Stream/Output/Video", "Video/Source"}
"""Media classes of what sends pictures: mutter and KWin make the first, wlroots' portal and cameras the second."""

DESKTOP_ITSELF = {"plasmashell", "gnome-shell", "kwin_wayland"}
"""Readers that are the desktop: KDE's task bar draws its previews from screen casts."""

Properties = Mapping[str, Any]


def pipewire_video(commands: Commands) -> Found:
    """Return whether the screen is shared or a camera used, and by whom. Raise AbsentError without PipeWire."""
    return streams(commands.run("pw-dump"))


def streams(dump: str) -> Found:
    """Given what pw-dump printed, return what its video links mean. Raise UnansweredError when it is no graph."""
    try:
        objects = json.loads(dump)
    except ValueError:
        objects = None
    if not isinstance(objects, list):
        raise UnansweredError("pw-dump's answer is no list of JSON objects")
    clients = _properties(objects, "Client")
    nodes = _properties(objects, "Node")
    found: dict[Topic, str] = {}
    for link in _told(objects, "Link").values():
        producer = nodes.get(link.get("output-node-id"), {})
        reader = nodes.get(link.get("input-node-id"), {})
        if link.get("state") != "active" or producer.get("media.class") not in PRODUCERS:
            continue
        name = _program({**clients.get(reader.get("client.id"), {}), **reader})
        if "device.api" in producer:
            found.setdefault(Topic.CALL, f"the camera is in use by {name}")
        elif name not in DESKTOP_ITSELF:
            found.setdefault(Topic.SHARING, f"the screen is shared with {name}")
    return found


def _told(objects: list[Any], kind: str) -> dict[Any, dict[str, Any]]:
    """Given PipeWire's objects, return what is told of those of a kind, by their ids."""
    return {
        entry.get("id"): entry["info"]
        for entry in objects
        if isinstance(entry, dict)
        and entry.get("type") == f"PipeWire:Interface:{kind}"
        and isinstance(entry.get("info"), dict)
    }


def _properties(objects: list[Any], kind: str) -> dict[Any, Properties]:
    return {number: info.get("props") or {} for number, info in _told(objects, kind).items()}


def _program(node: Properties) -> str:
    for key in ("application.process.binary", "application.name", "node.name"):
        if node.get(key):
            return spoken(str(node[key]))
    return spoken("")
