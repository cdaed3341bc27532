"""A person at a terminal: a home of their own, the `uprightd` command, and what it answers.

Real processes throughout. Nothing of the session that runs the tests is seen by them: no desktop, no settings.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Event = dict[str, Any]

COMMAND = (sys.executable, "-m", "uprightd")
POWERLESS = (
    sys.executable,
    "-c",
    """
import ctypes, os, sys
if os.geteuid() == 0:
    for power in (1, 2):  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: file modes hold for this root as for anybody
        if ctypes.CDLL(None).prctl(24, power, 0, 0, 0):
            sys.exit("the powers of root over files cannot be given up here")
os.execv(sys.argv[1], sys.argv[1:])
""",
)
"""Put before a command: file modes hold for it even when the tests run as root."""
NO_ROOM = (
    sys.executable,
    "-c",
    """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))
os.execv(sys.argv[1], sys.argv[1:])
""",
)
"""Put before a command: a file that it writes breaks off after 16 KiB, as on a disk that is full by then."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command that has ended said, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)

    @property
    def events(self) -> list[Event]:
        """What it printed with `run --json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that runs on, its JSON lines read as they come."""

    def __init__(self, process: subprocess.Popen[str], complaints: Path) -> None:
        self.process = process
        self.pid = process.pid
        self.lines: list[str] = []
        self._complaints = complaints
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()

    @property
    def events(self) -> list[Event]:
        """The events so far; a last line cut off by a kill is none."""
        with self._news:
            return [json.loads(line) for line in self.lines if line.endswith("\n")]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def rows(self) -> list[int]:
        """The rows it has acknowledged: what is printed is stored."""
        return [sample["row"] for sample in self.of("sample")]

    @property
    def err(self) -> str:
        return self._complaints.read_text(encoding="utf-8")

    def until(self, happened: Callable[[], Any], within: float = 20.0) -> Any:
        """Wait until `happened` returns something true, and return that."""
        deadline = time.monotonic() + within
        while True:
            found = happened()
            if found:
                return found
            assert time.monotonic() < deadline, f"not within {within} s:\n{self.lines[-8:]}\n{self.err}"
            with self._news:
                self._news.wait(0.05)

    def samples(self, count: int, within: float = 20.0) -> list[Event]:
        """Wait until so many samples were printed, and return them all."""
        return self.until(lambda: len(found := self.of("sample")) >= count and found, within)

    def ended(self, within: float = 20.0) -> int:
        """Wait for its end and for its last line; return its exit code."""
        code = self.process.wait(within)
        self._reader.join(within)
        return code

    def ended_by(self, number: signal.Signals, within: float = 20.0) -> tuple[int, float]:
        """Send the signal; return its exit code and the seconds until it had ended."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.ended(within)
        return code, time.monotonic() - began


class Terminal:
    """Everything of it lies under one short path, since sockets cannot have long ones."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="uprightd-test-"))
        self.home = self.root / "uprightd"
        self.here = self.root / "here"
        self.temporary = self.root / "tmp"
        for folder in (self.here, self.temporary, self.root / "user"):
            folder.mkdir()
        # What an uninstalled checkout needs to be found; an installed uprightd needs nothing.
        folders = [os.path.abspath(it) for it in os.environ.get("PYTHONPATH", "").split(os.pathsep) if it]
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "user"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.temporary),
            "UPRIGHTD_HOME": str(self.home),
            **({"PYTHONPATH": os.pathsep.join(folders)} if folders else {}),
        }
        self._started: list[Running] = []

    def close(self) -> None:
        """End what still runs and remove all of it."""
        for running in self._started:
            if running.process.poll() is None:
                running.process.kill()
            running.ended()
            assert running.process.stdout is not None
            running.process.stdout.close()
        shutil.rmtree(self.root)

    @property
    def database(self) -> Path:
        return self.home / "data" / "uprightd.db"

    def write(self, name: str, text: str) -> Path:
        """Write a file of the person's own, where they are; return its path."""
        path = self.here / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        within: float = 60.0,
    ) -> Finished:
        """Run the command to its end. before: another program's words to run it under."""
        began = time.monotonic()
        done = subprocess.run(
            [*before, *COMMAND, *map(str, arguments)],
            cwd=self.here,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=within,
        )
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - began)

    def start(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        umask: int = -1,
        before: Sequence[str] = (),
    ) -> Running:
        """Start the command, and read what it prints as it comes."""
        complaints = self.root / f"stderr-{len(self._started)}"
        with complaints.open("w") as file:
            process = subprocess.Popen(
                [*before, *COMMAND, *map(str, arguments)],
                cwd=self.here,
                env={**self.environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                encoding="utf-8",
                umask=umask,
            )
        self._started.append(Running(process, complaints))
        return self._started[-1]

    def watch(self, source: str | Path, *options: str | Path, **how: Any) -> Running:
        """Start the daemon on a source, with its events as JSON lines."""
        return self.start("run", "--json", "--source", source, *options, **how)

    def status(self) -> dict[str, Any]:
        done = self.run("status", "--json")
        assert done.code == 0, done.err
        return done.json


def alive(pid: int) -> bool:
    """Given a process id, return whether such a process runs (one that only waits to be collected does not)."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            return stat.read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int, within: float) -> bool:
    """Given a process id, return whether it ends within so many seconds."""
    deadline = time.monotonic() + within
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
