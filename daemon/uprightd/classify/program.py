"""A program of the user's own as the classifier: run on each crop, without a shell, its output kept word for word."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from uprightd.classify.base import Said
from uprightd.errors import UsageError

PLACE = "{}"
"""Stands for the crop's file among the arguments; without it the file comes last."""
DEADLINE = 120.0
MOST = 1 << 20
"""Bytes of output; a program that says more is stopped."""
LOOK_EVERY = 0.02
COMPLAINT = 300


class Program:
    """Runs a command once for every crop, in a process group of its own, with no input."""

    def __init__(self, command: str, environ: Mapping[str, str], deadline: float = DEADLINE) -> None:
        """Given a command as one would type it, and the environment, raise UsageError when there is no such program."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"the command {command!r} cannot be read: {error}", EXPECTED) from error
        if not self._words or "\0" in command:
            raise UsageError("the command is empty", EXPECTED)
        found = shutil.which(self._words[0], path=environ.get("PATH", os.defpath))
        if found is None:
            raise UsageError(f"{self._words[0]}: no such program, or it may not be run", EXPECTED)
        self._words[0] = os.path.abspath(found)
        self._environ = dict(environ)
        self._deadline = deadline
        self.name = command

    def look(self, crop: Path, facts: Mapping[str, str]) -> Said:
        """Given a crop's file and facts about it, which become UPRIGHTD_... variables, return what it printed."""
        words = [str(crop.absolute()) if word == PLACE else word for word in self._words]
        if PLACE not in self._words:
            words.append(str(crop.absolute()))
        told = {f"UPRIGHTD_{key.upper()}": value for key, value in facts.items()}
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complained:
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=complained,
                    env={**self._environ, **told},
                    start_new_session=True,
                )
            except OSError as error:
                return Said("", f"cannot be started: {error.strerror or error}")
            try:
                fault = self._wait(process, printed)
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # whatever it left running
                process.wait()
            if not fault and process.returncode:
                complained.seek(0)
                last = complained.read(MOST).decode("utf-8", "replace").strip().rpartition("\n")[2]
                fault = f"exit code {process.returncode}" + (f": {last[:COMPLAINT]}" if last else "")
            printed.seek(0)
            return Said(printed.read(MOST).decode("utf-8", "replace"), fault)

    def _wait(self, process: subprocess.Popen[bytes], printed: IO[bytes]) -> str:
        """Wait for its end; return why it was not waited for any longer, or ""."""
        ends = time.monotonic() + self._deadline
        while process.poll() is None:
            if time.monotonic() > ends:
                return f"was killed, it did not end within {self._deadline:g} s"
            if os.fstat(printed.fileno()).st_size > MOST:
                return f"was killed, it printed more than {MOST >> 20} MiB"
            time.sleep(LOOK_EVERY)
        return ""


EXPECTED = "Expected a program and its arguments, such as --classifier-command 'python3 mine.py {}'."
