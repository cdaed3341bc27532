"""The launchd agent of macOS.

Proved as data and, its exact command, by running it on Linux. Nobody has loaded it on a Mac yet; what is said
about launchctl comes from its manual page and reports of others.
"""

from __future__ import annotations

import contextlib
import os
import plistlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from uprightd.errors import CannotCreateError
from uprightd.paths import shipped
from uprightd.service.autostart.host import HANGS, MISSING, Completed, Host, ServiceStatus, require_plain

LABEL = "org.uprightd.agent"
TEMPLATE = "launchd/uprightd.plist.template"

ATTEMPTS = 5
"""`bootout` returns before the old job is gone and `bootstrap` fails until it is: tried once a second."""


@dataclass(frozen=True, slots=True)
class LaunchdAgent:
    """An agent of the user's desktop session; `log` takes what it prints."""

    host: Host
    log: Path

    @property
    def file(self) -> Path:
        return self.host.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def probe(self) -> Completed:
        return self._launchctl("print", self._domain)

    def render(self, program: Sequence[str], environment: Mapping[str, str]) -> bytes:
        require_plain([*program, *environment.values(), str(self.log)])
        agent = plistlib.loads(shipped(TEMPLATE).read_bytes())
        agent["ProgramArguments"] = list(program)
        agent["EnvironmentVariables"] = dict(environment)
        if not environment:
            del agent["EnvironmentVariables"]
        agent["StandardOutPath"] = agent["StandardErrorPath"] = str(self.log)
        return plistlib.dumps(agent, sort_keys=False)

    def load(self) -> Completed:
        self._make_log()
        self._launchctl("bootout", self._target)
        self._launchctl("enable", self._target)
        answer = self._launchctl("bootstrap", self._domain, str(self.file))
        for _ in range(ATTEMPTS - 1):
            if answer.code == 0:
                break
            self.host.pause(1.0)
            answer = self._launchctl("bootstrap", self._domain, str(self.file))
        return answer

    def unload(self) -> None:
        self._launchctl("bootout", self._target)
        self.file.unlink(missing_ok=True)
        for _ in range(ATTEMPTS):
            if not self.status().loaded:
                return
            self.host.pause(1.0)

    def status(self) -> ServiceStatus:
        answer = self._launchctl("print", self._target)
        known = answer.code == 0
        asked_in_vain = answer.code in (HANGS, MISSING)
        pid = _number("pid", answer.output) if known else None
        ended = _number("last exit code", answer.output) if known and pid is None else None
        detail = answer.reason if asked_in_vain else ""
        return ServiceStatus(
            file=self.file,
            installed=self.file.is_file(),
            loaded=None if asked_in_vain else known,
            running=pid is not None,
            pid=pid,
            detail=detail if ended is None else f"last exit code {ended}",
        )

    @property
    def _domain(self) -> str:
        return f"gui/{self.host.uid}"

    @property
    def _target(self) -> str:
        return f"{self._domain}/{LABEL}"

    def _launchctl(self, *arguments: str) -> Completed:
        return self.host.run(["launchctl", *arguments])

    def _make_log(self) -> None:
        """Make the log beforehand, mode 0600: launchd would make it readable by everybody."""
        try:
            fd = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise CannotCreateError(
                f"{self.log}: cannot make the log file ({error.strerror})", "Remove it and install again."
            ) from error
        with contextlib.closing(os.fdopen(fd, "wb")):
            os.fchmod(fd, 0o600)


def _number(name: str, printed: str) -> int | None:
    """Given a name and what `launchctl print` printed, return the number behind the name, if there is one."""
    found = re.search(rf"^\s*{name} = (\d+)", printed, re.MULTILINE)
    return int(found[1]) if found else None
