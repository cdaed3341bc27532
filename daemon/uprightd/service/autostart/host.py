"""The machine a service is installed on, and how the service stands there."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from uprightd.errors import UnavailableError

COMMAND_LIMIT = 30.0
"""Seconds that launchctl or systemctl may take."""

HANGS, UNRUNNABLE, MISSING = 124, 126, 127
"""Exit codes of a command that gave no answer, as shells and `timeout` number them."""


class Completed(NamedTuple):
    """What a command of the system answered: exit code, and its output and errors together."""

    code: int
    output: str

    @property
    def reason(self) -> str:
        """The first line of what it said, or its exit code."""
        return next(
            (line.strip() for line in self.output.splitlines() if line.strip()), f"exit code {self.code}"
        )


def run_command(command: Sequence[str]) -> Completed:
    """Given a command, run it and return its answer; MISSING, HANGS or UNRUNNABLE when it gave none."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_LIMIT,
            check=False,
        )
    except FileNotFoundError:
        return Completed(MISSING, f"{command[0]} is not there")
    except OSError as error:
        return Completed(UNRUNNABLE, f"{command[0]} cannot be started: {error.strerror or error}")
    except subprocess.TimeoutExpired:
        return Completed(HANGS, f"{command[0]} did not answer within {COMMAND_LIMIT:g} s")
    return Completed(done.returncode, done.stdout.decode("utf-8", errors="replace"))


@dataclass(frozen=True, slots=True)
class Host:
    """The machine: `sys.platform`, home, user id, `sys.executable`, environment, and how commands run."""

    platform: str
    home: Path
    uid: int
    python: str
    environ: Mapping[str, str]
    run: Callable[[Sequence[str]], Completed] = run_command
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """How the service stands. `loaded`: the system starts it at login; None when it could not be asked."""

    file: Path
    installed: bool
    loaded: bool | None
    running: bool
    pid: int | None = None
    detail: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return the same for a program that reads it."""
        return {**asdict(self), "file": str(self.file)}

    def words(self) -> str:
        """Return the same in one line for a person."""
        said = ["installed" if self.installed else "not installed"]
        if self.running:
            said.append(f"running (pid {self.pid})")
        if self.installed and self.loaded is not None:
            said.extend([] if self.running else ["not running now"])
            said.append("starts at login" if self.loaded else "does not start at login")
        return ", ".join(said) + (f"; {self.detail}" if self.detail else "")


class Service(Protocol):
    """One system's way of starting a program at login."""

    @property
    def file(self) -> Path:
        """The file that describes the service."""
        ...

    def probe(self) -> Completed:
        """Ask the system's service manager whether it is there; code 0 if so."""
        ...

    def render(self, program: Sequence[str], environment: Mapping[str, str]) -> bytes:
        """Given the program's arguments and environment, return the contents of the file."""
        ...

    def load(self) -> Completed:
        """Make the system start the written service, now and at login; a running one starts anew."""
        ...

    def unload(self) -> None:
        """Stop the service, remove its file and make the system forget it; harmless when there is none."""
        ...

    def status(self) -> ServiceStatus:
        """Return how it stands; without a service manager that is what the file alone tells."""
        ...


def require_plain(words: Sequence[str]) -> None:
    """Given the words a service file will hold, raise UnavailableError for one that it cannot hold."""
    for word in words:
        if not word.isprintable():
            raise UnavailableError(
                f"{word!r} holds a control character or is not UTF-8, which a service file cannot carry",
                "Move it to a path of ordinary characters.",
            )
