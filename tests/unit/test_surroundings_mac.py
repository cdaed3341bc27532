"""The macOS probes on samples of what its tools print. Nobody has run them on a Mac yet."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import pytest

from uprightd.surroundings import mac
from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import AbsentError, UnansweredError


def root(locked: bool | None, *sessions: dict[str, Any]) -> str:
    """Given IOConsoleLocked and the console's sessions, return ioreg's property list of the root entry."""
    entry: dict[str, Any] = {
        "IOKitBuildVersion": "Darwin Kernel Version 23.4.0",
        "IORegistryEntryName": "Root",
        "IOConsoleUsers": list(sessions),
    }
    if locked is not None:
        entry["IOConsoleLocked"] = locked
    return plistlib.dumps(entry).decode()


HERE = {"kCGSSessionUserNameKey": "ada", "kCGSSessionOnConsoleKey": True, "kCGSessionLoginDoneKey": True}
LOCKED = {**HERE, "CGSSessionScreenIsLocked": True}
SWITCHED_AWAY = {**LOCKED, "kCGSSessionOnConsoleKey": False}


@pytest.mark.parametrize(
    ("plist", "locked"),
    [
        (root(False, HERE), False),
        (root(True, LOCKED), True),
        (root(True, HERE), True),
        (root(None, LOCKED), True),
        (root(False, HERE, SWITCHED_AWAY), False),
        (root(False), False),
        (root(None), False),
    ],
)
def test_the_screen_is_locked_when_the_console_or_the_session_on_it_is(plist: str, locked: bool) -> None:
    assert mac.locked(plist) is locked


@pytest.mark.parametrize("plist", ["", "no plist", "<plist></plist>", plistlib.dumps([1]).decode()])
def test_an_answer_of_ioreg_that_makes_no_sense_is_a_fault(plist: str) -> None:
    with pytest.raises(UnansweredError, match="ioreg's answer"):
        mac.locked(plist)


ASSERTIONS = """\
2026-06-11 22:59:21 +0530
Assertion status system-wide:
   BackgroundTask                 0
   ApplePushServiceTask           0
   UserIsActive                   1
   PreventUserIdleDisplaySleep    {display}
   PreventSystemSleep             0
   PreventUserIdleSystemSleep     1
Listed by owning process:
   pid 348(powerd): [0x0000e4d400018001] 03:10:07 PreventUserIdleSystemSleep named: "Powerd - Prevent sleep"
   pid 173(coreaudiod): [0x0000e5a300018abc] 00:10:23 PreventUserIdleSystemSleep named: "com.apple.audio.BuiltIn"
\tCreated for PID: 512.
{held}
Kernel Assertions: 0x4=USB
   id=504  level=255 0x4=USB mod=11/06/26, 21:00 description=com.apple.usb.externaldevice.00100000 owner=USB Hub
Idle sleep preventers: IODisplayWrangler
"""
"""The form of `pmset -g assertions`, put together from several public samples."""


def held(*lines: str) -> str:
    return ASSERTIONS.format(display=int(bool(lines)), held="\n".join(f"   pid {line} " for line in lines))


ZOOM = '512(zoom.us): [0x0000e5b100058b2d] 00:12:01 PreventUserIdleDisplaySleep named: "Zoom Video Communications"'
CHROME = '655(Google Chrome): [0x0000e5b1] 00:05:00 NoIdleSleepAssertion named: "WebRTC has active PeerConnections"'
FILM = (
    '655(Google Chrome): [0x0000e5b1000189ac] 00:05:00 PreventUserIdleDisplaySleep named: "Video Wake Lock"'
)
KEYNOTE = '701(Keynote): [0x0000e5b1000589ad] 00:01:00 NoDisplaySleepAssertion named: "Keynote is playing"'
CAFFEINE = '702(caffeinate): [0x1] 00:00:01 PreventUserIdleDisplaySleep named: "caffeinate command-line tool"'
BACKUP = '812(zoom.us): [0x2] 00:00:01 PreventUserIdleSystemSleep named: "update in the background"'
BRACKETS = '900(Microsoft Teams (work or school)): [0x3] 00:00:09 PreventUserIdleDisplaySleep named: "Call in progress"'


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), {}),
        ((ZOOM,), {Topic.CALL: "a call is on in zoom.us"}),
        ((CHROME, FILM), {Topic.CALL: "a call is on in Google Chrome"}),
        ((FILM, CAFFEINE, BACKUP), {}),
        ((CAFFEINE, KEYNOTE), {Topic.PRESENTATION: "Keynote shows a presentation"}),
        ((BRACKETS,), {Topic.CALL: "a call is on in Microsoft Teams (work or school)"}),
    ],
)
def test_calls_and_presentations_are_found_among_the_assertions(
    lines: tuple[str, ...], found: dict[Topic, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "printed").write_text(held(*lines))
    program = tmp_path / "pmset"
    program.write_text(f'#!/bin/sh\ntest "$*" = "-g assertions" && cat {tmp_path}/printed\n')
    program.chmod(0o755)
    monkeypatch.setattr(mac, "PMSET", str(program))
    assert mac.kept_awake(Commands({"PATH": "/usr/bin:/bin"})) == found


def test_the_lock_is_asked_of_ioreg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "printed").write_text(root(True, LOCKED))
    program = tmp_path / "ioreg"
    program.write_text(f'#!/bin/sh\ntest "$*" = "-n Root -d1 -a" && cat {tmp_path}/printed\n')
    program.chmod(0o755)
    monkeypatch.setattr(mac, "IOREG", str(program))
    assert mac.lock(Commands({})) == {Topic.LOCK: "the screen is locked"}
    program.unlink()
    with pytest.raises(AbsentError, match="is not installed"):
        mac.lock(Commands({}))
