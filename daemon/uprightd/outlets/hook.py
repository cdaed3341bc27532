"""The user's own command, run at each alert and whenever the monitor's state changes.

What happened travels in environment variables and nowhere else: no shell reads it, so a message may hold anything.
"""

from __future__ import annotations

import math
import os
import shutil
import stat
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from uprightd.outlets.base import Alarm, Condition, OutletError, one_line, utc
from uprightd.outlets.command import run

DEADLINE = 10.0
PREFIX = "UPRIGHTD_"
INHERITED = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)
"""What of our own environment the command gets: enough to find programs and the desktop, no keys and no tokens."""

VALUES = (
    "EVENT",
    "AT",
    "RULE",
    "SEVERITY",
    "MESSAGE",
    "REASON",
    "METRIC",
    "VALUE",
    "ERROR",
    "THRESHOLD",
    "HELD",
    "STARTED",
    "VIEW",
    "CONFIDENCE",
    "STATE",
    "POSTURE",
    "PROFILE",
)
"""The variables a command may count on, each after PREFIX. All are always set, to "" where they say nothing."""


class Hook:
    """Runs `command`, a program and its arguments, with what happened in its environment.

    environ: ours, of which a little is handed on. deadline: seconds after which the command is killed. A relative
    program is looked for on PATH; one with a slash must be a full path.
    """

    name = "hook"

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], deadline: float = DEADLINE
    ) -> None:
        self._command = tuple(command)
        self._environ = {name: environ[name] for name in INHERITED if name in environ}
        self._deadline = deadline
        self._stop = threading.Event()
        self._state = ""

    def alert(self, alarm: Alarm) -> bool:
        """Run the command with an alert's values."""
        self._run(alarm_values(alarm))
        return True

    def condition(self, condition: Condition) -> bool:
        """Run the command when what the monitor does has changed."""
        before, self._state = self._state, condition.activity.value
        if self._state == before:
            return False
        self._run(condition_values(condition))
        return True

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        """Nothing to let go of."""

    def _run(self, values: Mapping[str, str]) -> None:
        program = vetted(self._command[0], self._environ.get("PATH", os.defpath))
        told = {PREFIX + name: one_line(values.get(name, "")) for name in VALUES}
        ended = run([program, *self._command[1:]], {**self._environ, **told}, self._deadline, self._stop)
        if ended.code != 0:
            raise OutletError(f"{program}: {ended.words}")


def vetted(program: str, path: str) -> str:
    """Given a program's name or full path, and where names are looked for, return its full path.

    Raise OutletError when it is not there, cannot be run, or somebody else could put another in its place: it would run
    with our rights.
    """
    if "/" in program and not os.path.isabs(program):
        raise OutletError(f"{program} is a relative path: write the full one")
    found = program if os.path.isabs(program) else shutil.which(program, path=path)
    if found is None:
        raise OutletError(f"there is no program {program} on PATH ({path}): write its full path")
    found = os.path.abspath(found)  # PATH itself may hold relative folders
    try:
        real = Path(found).resolve(strict=True)
        info = real.stat()
        folders = {*real.parents, *Path(found).parents}
        open_folders = [folder for folder in sorted(folders) if _open_to_all(folder.stat())]
    except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle
        raise OutletError(f"{found} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not stat.S_ISREG(info.st_mode):
        raise OutletError(f"{found} is not a file")
    if not os.access(real, os.X_OK):
        raise OutletError(f"{found} is not executable: run chmod u+x {real}")
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OutletError(f"{found} may be changed by others: run chmod go-w {real}")
    if info.st_uid not in (0, os.getuid()):
        raise OutletError(f"{found} belongs to another user (uid {info.st_uid}), who could change it")
    if open_folders:
        raise OutletError(f"{found} lies in {open_folders[0]}, where anybody could put another in its place")
    return found


def _open_to_all(folder: os.stat_result) -> bool:
    """Given a folder's status, return whether anybody may replace somebody else's file in it."""
    return bool(folder.st_mode & stat.S_IWOTH) and not folder.st_mode & stat.S_ISVTX


def alarm_values(alarm: Alarm) -> dict[str, str]:
    """Given an alert, return the values of its variables."""
    alert = alarm.alert
    return {
        "EVENT": "alert",
        "AT": utc(alert.at),
        "RULE": alert.rule,
        "SEVERITY": alert.severity.value,
        "MESSAGE": alert.message,
        "REASON": alert.reason,
        "METRIC": alert.metric,
        "VALUE": number(alert.value),
        "ERROR": number(alarm.error),
        "THRESHOLD": number(alert.threshold),
        "HELD": number(alert.held),
        "STARTED": utc(alert.started),
        "VIEW": alert.view.value,
        "CONFIDENCE": number(alert.confidence),
    }


def condition_values(condition: Condition) -> dict[str, str]:
    """Given how things stand, return the values of its variables."""
    return {
        "EVENT": "state",
        "AT": utc(condition.at),
        "RULE": condition.rule,
        "REASON": condition.reason,
        "STATE": condition.activity.value,
        "POSTURE": condition.posture.value if condition.posture else "",
        "PROFILE": condition.profile,
    }


def number(value: float | None) -> str:
    """Given a number, return it with a decimal point in every language; "" for none and for what is not finite."""
    return "" if value is None or not math.isfinite(value) else format(value, ".10g")
