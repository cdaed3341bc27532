"""A real MQTT broker on a free port, which can be lost and come back, or freeze, and somebody who listens to it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.fakes.private_bus import DEADLINE, wait_until

PACKAGES = {"mosquitto": "mosquitto", "mosquitto_passwd": "mosquitto"}


def broker_missing() -> str:
    """Return how to get what is missing for a real broker, "" when nothing is."""
    missing = {package for program, package in PACKAGES.items() if program_of(program) is None}
    if missing:
        how = "brew install" if sys.platform == "darwin" else "apt-get install"
        return f"no MQTT broker to test against: {how} {' '.join(missing)}"
    try:
        import paho.mqtt.client  # noqa: F401 - whether it is there
    except ImportError:
        return "no MQTT library: pip install 'paho-mqtt>=2'"
    return ""


def program_of(name: str) -> str | None:
    """Given a program's name, return its path; Debian keeps daemons off the user's PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Mosquitto:
    """A broker with its files in `folder`. It forgets everything when it is lost."""

    def __init__(
        self, folder: Path, login: tuple[str, str] | None = None, certificate: Path | None = None
    ) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {'false' if login else 'true'}"]
        if os.getuid() == 0:
            lines.append("user root")  # else it becomes another user, who cannot read this folder
        if login:
            command = [str(program_of("mosquitto_passwd")), "-b", "-c", str(folder / "passwords"), *login]
            subprocess.run(command, check=True, capture_output=True)
            lines.append(f"password_file {folder / 'passwords'}")
        if certificate:
            lines += [f"certfile {certificate}", f"keyfile {certificate.with_suffix('.key')}"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(program_of("mosquitto")), "-c", str(self.folder / "mosquitto.conf")]
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._listens, "the MQTT broker", self._process)

    def lose(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE)
            self._process = None

    def freeze(self) -> None:
        """Stop it so that it keeps its connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """Somebody subscribed to everything: what came, in order, and each topic's latest payload."""

    def __init__(self, port: int, login: tuple[str, str] | None = None) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: list[tuple[str, str]] = []
        self.kept: set[str] = set()
        """Topics whose payload the broker had kept from before."""
        self.quality: set[int] = set()
        subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        if login:
            self._client.username_pw_set(*login)
        self._client.on_message = self._hear
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("#", 1)
        assert subscribed.wait(DEADLINE)

    @property
    def latest(self) -> dict[str, str]:
        return dict(self.heard)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: Any, _data: Any, message: Any) -> None:
        if message.retain:
            self.kept.add(message.topic)
        self.quality.add(message.qos)
        self.heard.append((message.topic, message.payload.decode()))
