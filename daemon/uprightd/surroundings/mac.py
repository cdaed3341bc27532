"""What macOS tells any program through its own tools. Read from documentation and samples; nobody ran it on a Mac.

Left out: the Focus state, microphone and camera use. Reading them needs a permission or an undocumented file.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator

from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import Found, UnansweredError
from uprightd.surroundings.wakefulness import classify

IOREG = "/usr/sbin/ioreg"
PMSET = "/usr/bin/pmset"

ASSERTION = re.compile(r'^\s*pid \d+\((?P<program>.*?)\): \[.*?\] .*?(?P<kind>\w+) named: "(?P<reason>.*?)"')
AWAKE = {"PreventUserIdleDisplaySleep", "NoDisplaySleepAssertion", "NoIdleSleepAssertion"}
"""Kinds of assertion that a call or a presentation makes: two keep the display on, the last is a browser's."""


def lock(commands: Commands) -> Found:
    """Return whether the screen is locked (unverified)."""
    return (
        {Topic.LOCK: "the screen is locked"} if locked(commands.run(IOREG, "-n", "Root", "-d1", "-a")) else {}
    )


def locked(plist: str) -> bool:
    """Given ioreg's property list of the root entry, return whether the console or a session on it is locked.

    CGSSessionScreenIsLocked is there only while it is true. Raise UnansweredError when it is no property list.
    """
    try:
        root = plistlib.loads(plist.encode())
        sessions = root.get("IOConsoleUsers") or []
        here = [session for session in sessions if session.get("kCGSSessionOnConsoleKey", True)]
        return bool(root.get("IOConsoleLocked")) or any(one.get("CGSSessionScreenIsLocked") for one in here)
    except Exception as error:  # plistlib raises what its parts raise
        raise UnansweredError("ioreg's answer is no property list of the console") from error


def kept_awake(commands: Commands) -> Found:
    """Return the calls and presentations among the programs that keep the display on (unverified)."""
    return classify(holders(commands.run(PMSET, "-g", "assertions")))


def holders(assertions: str) -> Iterator[tuple[str, str]]:
    """Given what `pmset -g assertions` printed, yield (program, reason) of each that keeps the machine awake."""
    for line in assertions.splitlines():
        held = ASSERTION.match(line)
        if held and held["kind"] in AWAKE:
            yield held["program"], held["reason"]
