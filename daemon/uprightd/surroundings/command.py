"""External commands: a list of arguments, never a shell, and an absolute time-out for all they start."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from uprightd.surroundings.probe import AbsentError, UnansweredError

COMMAND_TIMEOUT = 2.0
GRACE = 0.5
"""Seconds a killed command gets to be gone."""

SAID_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs the tools found on the PATH of `environ`, each for at most `timeout` seconds."""

    environ: Mapping[str, str]
    timeout: float = COMMAND_TIMEOUT

    def run(self, tool: str, *arguments: str, **extra: str) -> str:
        """Given a tool, its arguments and more environment variables, return what it printed.

        Raise AbsentError when it is not installed or refuses (its first line says why), UnansweredError when
        it takes too long; it and all it started are killed then.
        """
        path = shutil.which(tool, path=self.environ.get("PATH", os.defpath))
        if path is None:
            raise AbsentError(f"{tool} is not installed")
        # Numbers in another locale's spelling (0,50) break pactl's JSON.
        environ = {**self.environ, "LC_ALL": "C.UTF-8", **extra}
        try:
            process = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environ,
                start_new_session=True,
            )
        except OSError as error:
            raise AbsentError(f"{tool} cannot be started: {error.strerror or error}") from error
        try:
            printed, said = process.communicate(timeout=self.timeout)
        except subprocess.TimeoutExpired:
            end(process)
            raise UnansweredError(f"{tool} did not answer within {self.timeout:g} s") from None
        if process.returncode != 0:
            lines = said.decode("utf-8", errors="replace").strip().splitlines()
            why = lines[0][:SAID_LIMIT] if lines else f"exit code {process.returncode}"
            raise AbsentError(f"{tool}: {why}")
        return printed.decode("utf-8", errors="replace")


def end(process: subprocess.Popen[bytes]) -> None:
    """Given a process that leads its own session, kill all of it: a child of its own may hold the pipes open."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
