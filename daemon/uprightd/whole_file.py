"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from uprightd.errors import CannotCreateError, WriteError


def write_whole(path: Path, data: bytes) -> None:
    """Given a path and its content, write the file, mode 0600: whole, or not at all and the old one stays.

    Raise CannotCreateError when no file can be made there, WriteError when writing fails half-way.
    """
    with whole_file(path) as file:
        file.write(data)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Given a path, yield a file to write to. It gets its name, mode 0600, once all is written; after an error there is
    none, and an old one stays.

    Raise CannotCreateError when no file can be made there, WriteError when writing fails half-way.
    """
    try:
        if path.is_dir():
            raise CannotCreateError(f"{path}: is a folder", "Give the name of a file.")
        handle, temporary = tempfile.mkstemp(prefix=".uprightd-", suffix=".part", dir=path.parent)
    except OSError as error:
        raise CannotCreateError(
            f"{path}: cannot be made here ({error.strerror})",
            "Choose a folder that exists and that you may write to.",
        ) from error
    try:
        with open(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise WriteError(
            f"{path}: writing failed ({error.strerror}); what was there before is untouched",
            "Free some space on this disk, or choose another folder.",
        ) from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Given a folder, make the names in it survive a power cut, where the system allows it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
