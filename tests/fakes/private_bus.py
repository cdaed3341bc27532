"""A private D-Bus session and notification servers on it, all real processes."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dbus_fast import Message
from dbus_fast.aio import MessageBus

SERVER = Path(__file__).with_name("notification_server.py")

DEADLINE = 20.0
"""Seconds a process may take to be there. Generous: reached only when something is broken."""

BUS_CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""A session bus that starts no services: a call would else wake a notification server installed here."""


def wait_until(ready: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Given a condition and its name, return once it holds.

    Raise AssertionError after the deadline, or at once when the process that should bring it about has ended.
    """
    ends = time.monotonic() + DEADLINE
    while not ready():
        assert process is None or process.poll() is None, f"ended with {process.returncode} before {what}"
        assert time.monotonic() < ends, f"waited {DEADLINE:g} s for {what}"
        time.sleep(0.01)


async def call(address: str, member: str, signature: str = "", *body: Any, **where: str) -> list[Any]:
    """Given a D-Bus address, a method with its arguments, and where it lives, return the reply's body.

    destination, path and interface are the notification server's unless told.
    """
    bus = await MessageBus(bus_address=address).connect()
    try:
        message = Message(
            destination=where.get("destination", "org.freedesktop.Notifications"),
            path=where.get("path", "/org/freedesktop/Notifications"),
            interface=where.get("interface", "org.freedesktop.Notifications"),
            member=member,
            signature=signature,
            body=list(body),
        )
        reply = await bus.call(message)
    finally:
        bus.disconnect()
    assert reply is not None
    return reply.body


class PrivateBus:
    """A D-Bus session of its own at a fixed address, that can be lost and come back, or freeze."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._socket = folder / "bus"
        self._config = folder / "bus.conf"
        self._config.write_text(BUS_CONFIG.format(socket=self._socket))
        self._process: subprocess.Popen[bytes] | None = None
        self._servers: list[NotificationServer] = []

    @property
    def address(self) -> str:
        return f"unix:path={self._socket}"

    def start(self) -> None:
        assert shutil.which("dbus-daemon"), "dbus-daemon is missing: apt-get install dbus"
        self._socket.unlink(missing_ok=True)
        command = ["dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile"]
        with (self.folder / "bus.log").open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log)
        wait_until(self._socket.exists, "the D-Bus socket", self._process)

    def server(
        self,
        *,
        slow: bool = False,
        markup: bool = False,
        refuse: bool = False,
        accept: int | None = None,
        buttonless: bool = False,
    ) -> NotificationServer:
        """Start a notification server on this bus; see the program's options. refuse: it accepts none."""
        named = (("slow", slow), ("markup", markup), ("buttonless", buttonless))
        flags = [f"--{name}" for name, on in named if on]
        if refuse or accept is not None:
            flags.append(f"--accept={accept or 0}")
        server = NotificationServer(self.address, self.folder / f"received{len(self._servers)}.jsonl", flags)
        self._servers.append(server)
        return server

    def freeze(self) -> None:
        """Stop the bus so that it keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def lose(self) -> None:
        """Kill the bus; every connection on it is lost and the address leads nowhere."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE)
            self._process = None
        self._socket.unlink(missing_ok=True)

    def close(self) -> None:
        for server in self._servers:
            server.stop()
        self.lose()


class NotificationServer:
    """The server process and what it received."""

    def __init__(self, address: str, record: Path, flags: list[str]) -> None:
        self._address = address
        self._record = record
        ready = record.with_suffix(".ready")
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), str(record), str(ready), *flags],
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": address},
        )
        try:
            wait_until(ready.exists, "the notification server", self._process)
        except AssertionError:
            self.stop()
            raise

    @property
    def received(self) -> list[dict[str, object]]:
        """Every notification it took, in order."""
        return [it for it in self._recorded() if "refused" not in it]

    @property
    def refused(self) -> list[object]:
        """The title of every notification it refused, in order."""
        return [it["refused"] for it in self._recorded() if "refused" in it]

    def _recorded(self) -> list[dict[str, object]]:
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [json.loads(line) for line in lines]

    def press(self, notification: int, action: str) -> None:
        """Given which notification (from 1) and an action's key, press that button."""
        self._person("Press", "us", notification, action)

    def dismiss(self, notification: int) -> None:
        """Given which notification (from 1), close it as the person does."""
        self._person("Dismiss", "u", notification)

    def _person(self, member: str, signature: str, *body: Any) -> None:
        asyncio.run(call(self._address, member, signature, *body, interface="org.uprightd.Person"))

    def freeze(self) -> None:
        """Stop it so that it keeps its name and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE)
