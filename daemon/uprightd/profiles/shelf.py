"""The folder of the profiles: saving one, reading all. A file that cannot be understood is told of and left alone."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from uprightd.calibration.baseline import Baseline
from uprightd.errors import DataError
from uprightd.paths import private_dir
from uprightd.problems import printable
from uprightd.profiles.content import AGAIN, profile_of, text_of
from uprightd.profiles.profile import Profile
from uprightd.whole_file import write_whole

LARGEST = 256 * 1024
"""Bytes. A profile with every point there is has some thirty thousand."""
KEPT = 5
"""Former revisions kept beside a profile."""

_FORMER = re.compile(r"(?P<stem>.+)\.r(?P<revision>[0-9]{1,6})\.json")


class Shelf(NamedTuple):
    """What lies in the folder: the profiles by name, of one name the newest last, and a sentence for each file that
    is none."""

    profiles: tuple[Profile, ...]
    faults: tuple[str, ...]


def read_all(folder: Path) -> Shelf:
    """Given the folder of the profiles, return what lies in it; nothing when it is not there."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return Shelf((), ())
    except OSError as error:
        fault = f"{printable(str(folder))}: cannot be looked into ({error.strerror})"
        return Shelf((), (f"{fault}. Mend its permissions, or move it away.",))
    profiles, faults = [], []
    for name in names:
        if name.startswith(".") or not name.endswith(".json") or _FORMER.fullmatch(name):
            continue
        try:
            profiles.append(_in_its_place(folder / name, _bytes(folder / name)))
        except DataError as error:
            faults.append(f"{error.message}. {error.hint}")
    profiles.sort(key=lambda profile: (profile.name, profile.made_at))
    return Shelf(tuple(profiles), tuple(faults))


def load(path: Path) -> Profile:
    """Given a profile's file, return it. Raise DataError when it is not there, damaged or of a newer version."""
    return profile_of(path, _bytes(path))


def save(folder: Path, name: str, camera: str, made_at: str, baseline: Baseline) -> Profile:
    """Given the folder of the profiles and what a profile holds, write its file; return it with path and revision.

    It takes the place of the one of the same key; that one is kept beside it, as are the last few before.
    Raise DataError, and leave everything as it is, when the file there is damaged or of a newer version, or when
    this one could not be read again.
    """
    profile = _sound(Profile(name, camera, made_at, 1, baseline))
    path = private_dir(folder) / profile.file_name
    with _alone_in(folder):
        kept = _kept(path)
        if path.exists():
            former, data = _former(path)
            write_whole(_beside(path, former.revision), data)
            kept.add(former.revision)
        profile = replace(profile, revision=max(kept, default=0) + 1, path=path)
        write_whole(path, text_of(profile))
        for revision in sorted(kept)[:-KEPT]:
            with suppress(OSError):  # one too many does no harm
                _beside(path, revision).unlink()
    return profile


def _sound(profile: Profile) -> Profile:
    """Return the profile when it can be read again from its file."""
    try:
        return profile_of(Path("this calibration"), text_of(profile))
    except (ValueError, DataError) as error:
        words = error.message if isinstance(error, DataError) else f"this calibration: {error}"
        raise DataError(f"{words}; it is not kept", "Calibrate again.") from error


def _former(path: Path) -> tuple[Profile, bytes]:
    """Return the profile that lies at a path, and its bytes."""
    try:
        data = _bytes(path)
        return _in_its_place(path, data), data
    except DataError as error:
        raise DataError(f"{error.message}; it is not overwritten", error.hint) from error


def _in_its_place(path: Path, data: bytes) -> Profile:
    profile = profile_of(path, data)
    if path.name != profile.file_name:
        raise DataError(
            f"{printable(str(path))}: holds the profile that belongs into {profile.file_name}",
            "Rename it to that if there is no such file yet, else move it away",
        )
    return profile


def _bytes(path: Path) -> bytes:
    shown = printable(str(path))
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for its writer
            raise DataError(f"{shown}: is no file", f"Look what it is; to use this name again, {AGAIN}")
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise DataError(
            f"{shown}: cannot be read ({error.strerror})",
            f"Look whether it is there and yours to read; or {AGAIN}",
        ) from error
    if len(data) > LARGEST:
        raise DataError(
            f"{shown}: is damaged: it has more than {LARGEST // 1024} KiB",
            f"To use this name again, {AGAIN}",
        )
    return data


def _beside(path: Path, revision: int) -> Path:
    """Return where a former revision of the profile at a path lies."""
    return path.with_name(f"{path.stem}.r{revision}.json")


def _kept(path: Path) -> set[int]:
    """Return the former revisions that lie beside a path."""
    found = (_FORMER.fullmatch(name) for name in os.listdir(path.parent))
    return {int(match["revision"]) for match in found if match and match["stem"] == path.stem}


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other savings out of a folder meanwhile, so that no two take the same revision."""
    fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
