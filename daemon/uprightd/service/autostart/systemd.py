"""The systemd user unit of Linux."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from uprightd.errors import UnavailableError
from uprightd.paths import shipped
from uprightd.service.autostart.host import Completed, Host, ServiceStatus, require_plain

UNIT = "uprightd.service"
TEMPLATE = "launchd/uprightd.service.template"
PROPERTIES = "LoadState,UnitFileState,ActiveState,MainPID,Result,ExecMainStatus"


@dataclass(frozen=True, slots=True)
class SystemdUnit:
    """A unit of the user's own systemd manager. What it prints goes to the journal."""

    host: Host

    @property
    def file(self) -> Path:
        return self._folder / UNIT

    def probe(self) -> Completed:
        return self._systemctl("show", "--property=Version")

    def render(self, program: Sequence[str], environment: Mapping[str, str]) -> bytes:
        require_plain([*program, *environment.values()])
        if any(mark in program[0] for mark in "\"'\\"):
            raise UnavailableError(
                f"{program[0]}: systemd takes no program whose path holds quotes or backslashes",
                "Move the environment uprightd is installed in to another folder.",
            )
        template = shipped(TEMPLATE).read_text(encoding="utf-8")
        lines = {
            "ExecStart=:@PROGRAM@": "ExecStart=:" + " ".join(quote(word) for word in program),
            "@ENVIRONMENT@": "\n".join(
                f"Environment={quote(f'{name}={value}')}" for name, value in environment.items()
            ),
        }
        return "".join(f"{lines.get(line, line)}\n" for line in template.splitlines()).encode()

    def load(self) -> Completed:
        for arguments in (["daemon-reload"], ["enable", UNIT], ["reset-failed", UNIT], ["restart", UNIT]):
            answer = self._systemctl(*arguments)
            if answer.code != 0 and arguments[0] != "reset-failed":  # it fails for a unit that never ran
                return answer
        return Completed(0, "")

    def unload(self) -> None:
        self._systemctl("stop", UNIT)
        self._systemctl("disable", UNIT)
        self.file.unlink(missing_ok=True)
        # What `disable` removes, where systemd could not be asked.
        (self._folder / "graphical-session.target.wants" / UNIT).unlink(missing_ok=True)
        self._systemctl("daemon-reload")
        self._systemctl("reset-failed", UNIT)

    def status(self) -> ServiceStatus:
        answer = self._systemctl("show", f"--property={PROPERTIES}", UNIT)
        shown = dict(line.split("=", 1) for line in answer.output.splitlines() if "=" in line)
        if answer.code != 0:
            shown = {}
        pid = int(shown.get("MainPID") or 0)
        active = shown.get("ActiveState", "unknown")
        return ServiceStatus(
            file=self.file,
            installed=self.file.is_file(),
            loaded=shown.get("UnitFileState") == "enabled" if answer.code == 0 else None,
            running=pid > 0,
            pid=pid or None,
            detail=self._detail(answer, active, shown),
        )

    def _detail(self, answer: Completed, active: str, shown: Mapping[str, str]) -> str:
        if answer.code != 0:
            return f"systemd cannot be asked: {answer.reason}"
        if active in ("failed", "activating"):
            why = shown.get("Result", "")
            return f"{active} ({why}, last exit code {shown.get('ExecMainStatus', '?')})"
        return ""

    @property
    def _folder(self) -> Path:
        chosen = self.host.environ.get("XDG_CONFIG_HOME", "").strip()
        base = Path(chosen) if os.path.isabs(chosen) else self.host.home / ".config"
        return base / "systemd" / "user"

    def _systemctl(self, *arguments: str) -> Completed:
        return self.host.run(["systemctl", "--user", *arguments])


def quote(word: str) -> str:
    """Given one word, return it as systemd.syntax(7) and systemd.unit(5) want it: quoted, % doubled."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
