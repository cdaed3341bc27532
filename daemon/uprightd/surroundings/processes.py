"""Who a process is, from a Linux /proc."""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")


def fields(proc: Path, pid: int) -> dict[str, str]:
    """Given /proc and a process or thread, return the fields of its status; none where it has ended."""
    try:
        text = (proc / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return {
        key: value.strip()
        for key, colon, value in (line.partition(":") for line in text.split("\n"))
        if colon
    }


def owner_name(proc: Path, thread: int) -> str:
    """Given /proc and a thread (ALSA names threads), return the name of its process; "" where it has ended."""
    own = fields(proc, thread)
    process = own.get("Tgid", "")
    whole = fields(proc, int(process)) if process.isdecimal() else {}
    return (whole or own).get("Name", "")


def descends(proc: Path, pid: int, ancestor: int) -> bool:
    """Given /proc and two processes, return whether the first is the second or was started under it."""
    seen: set[int] = set()
    while pid not in seen and pid > 0:
        if pid == ancestor:
            return True
        seen.add(pid)
        parent = fields(proc, pid).get("PPid", "")
        pid = int(parent) if parent.isdecimal() else 0
    return False
