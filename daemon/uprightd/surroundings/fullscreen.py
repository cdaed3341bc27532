"""Is the active window full-screen? X11 alone says so; under Wayland only windows of X11 programs are seen."""

from __future__ import annotations

import re
from collections.abc import Mapping

from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import AbsentError, Found

ACTIVE = re.compile(r"window id # (0x[0-9a-f]+)")


def full_screen(commands: Commands, environ: Mapping[str, str]) -> Found:
    """Return whether a full-screen window is in front (EWMH). Raise AbsentError without an X display."""
    if not environ.get("DISPLAY"):
        raise AbsentError("there is no X display")
    active = ACTIVE.search(commands.run("xprop", "-root", "_NET_ACTIVE_WINDOW"))
    if active is None:
        return {}
    try:
        state = commands.run("xprop", "-id", active[1], "_NET_WM_STATE")
    except AbsentError:  # none is active (0x0), or it closed between the two questions
        return {}
    shown = "_NET_WM_STATE_FULLSCREEN" in re.split(r"[=,\s]+", state)
    return {Topic.PRESENTATION: "a full-screen window is shown"} if shown else {}
