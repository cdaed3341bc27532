"""Delivered means shown: dunst, a notification server people use, under Xvfb and a private D-Bus session.

What dunst holds is asked the way `dunstctl history` asks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.private_bus import DEADLINE, PrivateBus, call, wait_until

from uprightd.domain import Severity
from uprightd.notify.base import Action, Delivery, Notification, Outcome
from uprightd.notify.desktop import DesktopNotifier

pytestmark = pytest.mark.real_server

PROGRAMS = {"dbus-daemon": "dbus", "Xvfb": "xvfb", "dunst": "dunst"}
"""Programs this needs and the Debian packages that have them."""


DUNSTRC = """\
[global]
follow = none
dmenu = {menu}
[urgency_low]
format = "low|%s|%b"
[urgency_normal]
format = "normal|%s|%b"
[urgency_critical]
format = "critical|%s|%b"
"""
"""The format makes the urgency a part of what is drawn; dunst's history does not tell it otherwise."""

MENU = """\
#!/bin/sh
tee "{folder}/offered" | grep -F "$(cat "{folder}/choice")"
"""
"""A menu of dunst's: it is given one line for each button, and answers with the line of the person's choice."""


def require_programs() -> None:
    """Skip where a program is missing, but fail in CI: there the proof must not vanish silently."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if sys.platform == "darwin":
        pytest.skip("D-Bus is the Linux desktop's")
    if missing:
        message = f"no real notification server to test against: apt-get install {' '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def screen() -> Iterator[str]:
    """A virtual screen; its display name."""
    require_programs()
    read, write = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            yield f":{answer.readline().strip()}"
    finally:
        process.kill()
        process.wait(DEADLINE)


@pytest.fixture
def session(screen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A private D-Bus session with dunst on it."""
    bus = PrivateBus(tmp_path)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    menu = tmp_path / "menu"
    menu.write_text(MENU.format(folder=tmp_path))
    menu.chmod(0o755)
    (tmp_path / "dunstrc").write_text(DUNSTRC.format(menu=menu))
    with contextlib.ExitStack() as stack:
        stack.callback(bus.close)
        bus.start()
        log = stack.enter_context((tmp_path / "dunst.log").open("wb"))
        command = ["dunst", "-conf", str(tmp_path / "dunstrc")]
        dunst = subprocess.Popen(command, env={**os.environ, "DISPLAY": screen}, stderr=log)
        stack.callback(dunst.wait, DEADLINE)
        stack.callback(dunst.kill)
        wait_until(lambda: asyncio.run(owned(bus.address)), "dunst on the bus", dunst)
        yield bus


DUNST = "org.dunstproject.cmd0"


async def owned(address: str) -> bool:
    name = "org.freedesktop.DBus"
    where = {"destination": name, "path": "/org/freedesktop/DBus", "interface": name}
    return (await call(address, "NameHasOwner", "s", "org.freedesktop.Notifications", **where))[0]


async def displayed(address: str) -> int:
    properties = "org.freedesktop.DBus.Properties"
    return (await call(address, "Get", "ss", DUNST, "displayedLength", interface=properties))[0].value


async def history(address: str) -> list[dict[str, Any]]:
    """Given the address, close everything on the screen and return what dunst showed, newest first."""
    await call(address, "NotificationCloseAll", interface=DUNST)
    [entries] = await call(address, "NotificationListHistory", interface=DUNST)
    return [{key: variant.value for key, variant in entry.items()} for entry in entries]


def test_dunst_shows_what_was_sent_with_text_and_urgency(session: PrivateBus) -> None:
    desktop = DesktopNotifier()
    for shown, severity in enumerate(Severity, start=1):
        neck = Notification("Neck bent < 52° & more", "Limit 46°. Sit <back> & up.", severity)
        assert desktop.send(neck) == Outcome(Delivery.DELIVERED)
        wait_until(
            lambda n=shown: asyncio.run(displayed(session.address)) == n, "a notification on the screen"
        )
    entries = asyncio.run(history(session.address))
    desktop.close()
    assert [entry["appname"] for entry in entries] == ["uprightd"] * 3
    assert [entry["summary"] for entry in entries] == ["Neck bent < 52° & more"] * 3
    drawn = sorted(html.unescape(entry["message"]) for entry in entries)
    assert drawn == [
        f"{urgency}|Neck bent < 52° & more|Limit 46°. Sit <back> & up."
        for urgency in ("critical", "low", "normal")
    ]


SNOOZES = (Action("snooze-15", "15 min"), Action("snooze-60", "1 h"), Action("wrong", "That was wrong"))


def test_a_button_pressed_on_dunst_is_told_with_its_notification(session: PrivateBus) -> None:
    pressed: list[tuple[int, str]] = []
    desktop = DesktopNotifier(on_action=lambda *what: pressed.append(what))
    neck = Notification("Neck bent forward", "Limit 46°.", Severity.ALERT, actions=SNOOZES, key=41)
    assert desktop.send(neck) == Outcome(Delivery.DELIVERED)
    trunk = Notification("Leaning", "Limit 20°.", Severity.ALERT, actions=SNOOZES, key=42)
    assert desktop.send(trunk) == Outcome(Delivery.DELIVERED)
    wait_until(lambda: asyncio.run(displayed(session.address)) == 2, "two notifications on the screen")
    for choice in ("1 h (Neck bent forward)", "That was wrong (Leaning)"):
        (session.folder / "choice").write_text(choice)
        seen = len(pressed)
        asyncio.run(call(session.address, "ContextMenuCall", interface=DUNST))
        wait_until(lambda seen=seen: len(pressed) > seen, f"the press of {choice}")
    assert pressed == [(41, "snooze-60"), (42, "wrong")]
    desktop.close()
