"""Folders of pictures, as a source: which files count, and in which order."""

from __future__ import annotations

import os
import re
from pathlib import Path

from uprightd.stills import PICTURE_SUFFIXES


def pictures_in(folder: Path) -> list[Path]:
    """Given a folder, return its pictures in natural order (2.jpg before 10.jpg), without hidden ones."""
    with os.scandir(folder) as entries:
        found = [
            Path(entry.path)
            for entry in entries
            if entry.name.lower().endswith(PICTURE_SUFFIXES)
            and not entry.name.startswith(".")
            and entry.is_file()
        ]
    return sorted(found, key=lambda path: _natural(path.name))


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)], name
