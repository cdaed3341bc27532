"""Noticing that a settings or rule file has changed, so that it can be read again."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_Stamp = tuple[int, int, int] | None
"""Modification time in ns, size and inode; None for a file that is not there."""


class Watched:
    """A set of files and how each looked when last asked about.

    Make it before the files are read: a change during the reading is then seen at the next question, and
    never lost. Size and inode are compared besides the time, since an editor may put another file in place
    within one tick of the clock, or keep the old time.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._stamps: dict[Path, _Stamp] = {path: _stamp(path) for path in paths}

    def changed(self) -> tuple[Path, ...]:
        """Return the files that changed, appeared or went away since last asked, each once."""
        now = {path: _stamp(path) for path in self._stamps}
        changed = tuple(path for path, stamp in now.items() if stamp != self._stamps[path])
        self._stamps = now
        return changed


def _stamp(path: Path) -> _Stamp:
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
