"""A private D-Bus session and notification servers on it, all real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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

    def server(self, *, slow: bool = False, markup: bool = False, refuse: bool = False) -> NotificationServer:
        """Start a notification server on this bus; see the program's options."""
        flags = [f"--{name}" for name, on in (("slow", slow), ("markup", markup), ("refuse", refuse)) if on]
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
        """Every notification it was told, in order."""
        if not self._record.exists():
            return []
        return [json.loads(line) for line in self._record.read_text().splitlines()]

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(DEADLINE)
