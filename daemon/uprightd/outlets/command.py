"""Runs another program to its end or its deadline, apart from ours: own process group, no input, output kept apart."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from uprightd.outlets.base import OutletError, one_line

LOOK_EVERY = 0.02
READ_AT_ONCE = 65536
"""Bytes read at each look. A pipe holds no more, so a program that never stops talking is slowed and not stored."""
KEPT = 4096
"""Bytes of its output that are kept, the last ones."""
LAST_LOOKS = 16
"""Reads after its end at most: a process that left the group may write for ever."""
SAID_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: its exit code, negative for a signal, and the last line it printed."""

    code: int
    said: str

    @property
    def words(self) -> str:
        how = f"exit code {self.code}" if self.code >= 0 else f"ended by {signal_name(-self.code)}"
        return f"{how}: {self.said}" if self.said else how


def run(
    arguments: Sequence[str], environ: Mapping[str, str], deadline: float, stop: threading.Event
) -> Ended:
    """Given a program with its arguments and its whole environment, run it; return how it ended.

    deadline: seconds after which it is killed. stop: kills it as well, once set. Whatever it left running in its
    process group is killed at its end too, so that nothing piles up. Raise OutletError when it cannot be started, or
    was killed.
    """
    if stop.is_set():
        raise OutletError(f"{arguments[0]} was not started because uprightd stops")
    try:
        process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL among the arguments
        why = getattr(error, "strerror", None) or str(error)
        raise OutletError(f"{arguments[0]} cannot be started: {why}") from error
    try:
        said, in_time = _listen(process, deadline, stop)
    finally:
        _kill(process)
    last = one_line(said.decode("utf-8", errors="replace").strip().rpartition("\n")[2], SAID_LIMIT)
    if in_time:
        return Ended(process.returncode, last)
    why = (
        "was ended because uprightd stops"
        if stop.is_set()
        else f"was killed, it did not end within {deadline:g} s"
    )
    raise OutletError(f"{arguments[0]} {why}" + (f"; it last said: {last}" if last else ""))


def _listen(process: subprocess.Popen[bytes], deadline: float, stop: threading.Event) -> tuple[bytes, bool]:
    """Given a running program, return the end of what it printed, and whether it ended by itself in time."""
    assert process.stdout is not None
    output: IO[bytes] = process.stdout
    os.set_blocking(output.fileno(), False)
    ends = time.monotonic() + deadline
    said = b""
    while (running := process.poll() is None) and time.monotonic() < ends and not stop.is_set():
        said = (said + (output.read(READ_AT_ONCE) or b""))[-KEPT:]  # None: nothing there yet
        stop.wait(LOOK_EVERY)
    for _ in range(LAST_LOOKS):
        if not (more := output.read(READ_AT_ONCE)):
            break
        said = (said + more)[-KEPT:]
    return said, not running


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program's process group and take the program's exit code."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody left; macOS says so by EPERM
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # held up in the kernel, say by a lost network drive
        process.wait(1.0)
    if process.stdout is not None:
        process.stdout.close()


def signal_name(number: int) -> str:
    """Given a signal's number, return its name, or the number where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
