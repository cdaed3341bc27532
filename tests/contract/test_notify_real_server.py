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
from tests.fakes.private_bus import DEADLINE, PrivateBus, wait_until

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, Outcome
from uprightd.notify.desktop import DesktopNotifier

pytestmark = pytest.mark.real_server

PROGRAMS = {"dbus-daemon": "dbus", "Xvfb": "xvfb", "dunst": "dunst"}
"""Programs this needs and the Debian packages that have them."""


DUNSTRC = """\
[global]
follow = none
[urgency_low]
format = "low|%s|%b"
[urgency_normal]
format = "normal|%s|%b"
[urgency_critical]
format = "critical|%s|%b"
"""
"""The format makes the urgency a part of what is drawn; dunst's history does not tell it otherwise."""


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
    (tmp_path / "dunstrc").write_text(DUNSTRC)
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


async def call(address: str, member: str, body: list[Any] | None = None, **where: str) -> Any:
    """Given a D-Bus address, a method and where it lives (dunst unless told), return the reply's body."""
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_address=address).connect()
    try:
        message = Message(
            destination=where.get("destination", "org.freedesktop.Notifications"),
            path=where.get("path", "/org/freedesktop/Notifications"),
            interface=where.get("interface", "org.dunstproject.cmd0"),
            member=member,
            signature="s" * len(body or []),
            body=body or [],
        )
        reply = await bus.call(message)
    finally:
        bus.disconnect()
    assert reply is not None
    return reply.body


async def owned(address: str) -> bool:
    name = "org.freedesktop.DBus"
    path = "/org/freedesktop/DBus"
    body = ["org.freedesktop.Notifications"]
    return (await call(address, "NameHasOwner", body, destination=name, path=path, interface=name))[0]


async def displayed(address: str) -> int:
    body = ["org.dunstproject.cmd0", "displayedLength"]
    return (await call(address, "Get", body, interface="org.freedesktop.DBus.Properties"))[0].value


async def history(address: str) -> list[dict[str, Any]]:
    """Given the address, close everything on the screen and return what dunst showed, newest first."""
    await call(address, "NotificationCloseAll")
    [entries] = await call(address, "NotificationListHistory")
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
