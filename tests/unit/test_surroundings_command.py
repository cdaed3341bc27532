"""External commands, with stand-in executables: missing, refusing, hanging, leaving children behind."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from tests.fakes.private_bus import wait_until

from uprightd.surroundings.command import Commands
from uprightd.surroundings.probe import AbsentError, UnansweredError

PATIENCE = 10.0
"""Upper bound for what must not hang; generous, the machine may be busy."""


def tool(folder: Path, script: str, name: str = "tool") -> Commands:
    """Given a folder and a shell script, put it there as a program and return commands that find it."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Commands({"PATH": f"{folder}:/usr/bin:/bin"}, timeout=1.0)


def test_what_a_tool_prints_is_returned_and_its_arguments_are_no_shell_s(tmp_path: Path) -> None:
    commands = tool(tmp_path, 'printf \'%s|\' "$@"; printf "$LC_ALL $MORE"; cat')
    assert commands.run("tool", "a b", "$(touch x)", ";", MORE="more") == "a b|$(touch x)|;|C.UTF-8 more"


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    assert tool(tmp_path, "printf 'a\\377b'").run("tool") == "a\ufffdb"


def test_a_tool_that_is_not_installed_is_absent(tmp_path: Path) -> None:
    with pytest.raises(AbsentError, match=r"^pactl is not installed$"):
        Commands({"PATH": str(tmp_path)}).run("pactl")
    with pytest.raises(AbsentError, match="not installed"):
        Commands({"PATH": ""}).run("sh")


def test_a_tool_that_cannot_be_started_is_absent(tmp_path: Path) -> None:
    commands = tool(tmp_path, "")
    (tmp_path / "tool").write_text("#!/nonexistent/interpreter\n")
    with pytest.raises(AbsentError, match=r"^tool cannot be started: No such file"):
        commands.run("tool")


def test_a_tool_that_refuses_is_absent_with_its_first_line(tmp_path: Path) -> None:
    commands = tool(tmp_path, "echo 'Connection failure: Connection refused' >&2; echo more >&2; exit 1")
    with pytest.raises(AbsentError, match=r"^tool: Connection failure: Connection refused$"):
        commands.run("tool")
    with pytest.raises(AbsentError, match=r"^mute: exit code 3$"):
        tool(tmp_path, "exit 3", "mute").run("mute")


@pytest.mark.parametrize(
    "script",
    [
        "echo $$ >{pid}; exec sleep 60",
        "trap '' TERM INT HUP; echo $$ >{pid}; while :; do sleep 60; done",
        "sleep 60 & echo $! >{pid}",  # ends itself; the child holds the pipe open
    ],
    ids=["hangs", "ignores signals", "leaves a child behind"],
)
def test_a_tool_that_hangs_is_killed_with_all_it_started(script: str, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    commands = tool(tmp_path, script.format(pid=pid))
    files, threads = len(os.listdir("/dev/fd")), threading.active_count()
    began = time.monotonic()
    with pytest.raises(UnansweredError, match=r"^tool did not answer within 1 s$"):
        commands.run("tool")
    assert time.monotonic() - began < PATIENCE
    wait_until(lambda: not alive(int(pid.read_text())), "the tool to be gone")
    assert (len(os.listdir("/dev/fd")), threading.active_count()) == (files, threads)


def alive(pid: int) -> bool:
    """Given a process, return whether it runs; one that has ended and waits for its parent does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
