"""Files among the models: opened without following links, locked, read and hashed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from uprightd.errors import DataError, DeniedError, TryAgainError, UnavailableError
from uprightd.paths import private_dir
from uprightd.whole_file import write_whole

CHUNK = 1 << 20
LARGEST_RECORD = 1 << 20
"""Bytes. The manifest of every model there is has some ten thousand."""


class Watcher(Protocol):
    """Whoever looks on while gigabytes are moved."""

    def say(self, words: str) -> None:
        """Take note of something worth a line."""
        ...

    def progress(self, what: str, done: int, total: int) -> None:
        """Take note of how many of the bytes are done."""
        ...


def model_folder(models: Path, name: str) -> Path:
    """Given the models folder and a model's name, return its folder, made with mode 0700 where it is not there.

    Raise DeniedError when it is a link or not ours.
    """
    private_dir(models)
    folder = models / name
    if folder.is_symlink():
        raise DeniedError(
            f"{folder}: is a symbolic link, and links among the models are not followed",
            f"Remove it (rm {folder}) and run the command again.",
        )
    return private_dir(folder)


def open_plain(path: Path, flags: int, shared: bool = False) -> int:
    """Given a path and open's flags, return a descriptor of a plain file of this user, made with mode 0600.

    shared: it may have further names (hard links), as a file has that is only read. Raise FileNotFoundError when
    it is not there, DeniedError when it is a link, something else than a file, or somebody else's.
    """
    try:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except FileNotFoundError:
        raise
    except OSError as error:
        what = (
            "is a symbolic link, not followed"
            if path.is_symlink()
            else f"cannot be opened ({error.strerror})"
        )
        raise DeniedError(
            f"{path}: {what}", "Look what it is, remove it, and run the command again."
        ) from error
    info = os.fstat(fd)
    if stat.S_ISREG(info.st_mode) and info.st_uid == os.getuid() and (shared or info.st_nlink == 1):
        return fd
    os.close(fd)
    raise DeniedError(
        f"{path}: is not a plain file of this user" + ("" if shared else " with one name only"),
        "Look what it is, remove it, and run the command again.",
    )


@contextmanager
def locked(path: Path, busy: str = "") -> Iterator[None]:
    """Given a lock file, hold it meanwhile. It ends with the process that holds it, however that ends.

    busy: what another holder is doing; without it, wait for the other to be done. Raise TryAgainError when
    another process holds it, UnavailableError when the file system cannot lock.
    """
    fd = open_plain(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
    except BlockingIOError:
        os.close(fd)
        raise TryAgainError(busy, "Wait until it is done, or end it, and run the command again.") from None
    except OSError as error:
        os.close(fd)
        raise UnavailableError(
            f"{path}: the file system cannot lock files ({error.strerror})",
            "Set UPRIGHTD_HOME to a folder on a local disk.",
        ) from error
    try:
        yield
    finally:
        os.close(fd)


def sha256_of(path: Path, watcher: Watcher) -> str:
    """Given a file among the models, return its SHA-256. Raise FileNotFoundError, or DeniedError for a link."""
    fd = open_plain(path, os.O_RDONLY, shared=True)
    try:
        return hash_from(
            fd, hashlib.sha256(), os.fstat(fd).st_size, f"checking {path.name}", watcher
        ).hexdigest()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror})", "The disk may be damaged: fetch the model again."
        ) from error
    finally:
        os.close(fd)


def hash_from(fd: int, digest: Any, size: int, what: str, watcher: Watcher) -> Any:
    """Given an open file, a hash and the file's size, feed it from the current position to the end; return it."""
    done = 0
    while chunk := os.read(fd, CHUNK):
        digest.update(chunk)
        done += len(chunk)
        watcher.progress(what, done, size)
    return digest


def read_json(path: Path) -> dict[str, Any] | None:
    """Given a record's path, return what it holds, None where there is none. Raise DataError when it is damaged."""
    try:
        fd = open_plain(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with open(fd, "rb") as file:
        text = file.read(LARGEST_RECORD + 1)
    try:
        content = json.loads(text) if len(text) <= LARGEST_RECORD else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DataError(f"{path}: is damaged", "Move it away and run the command again.")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Given a record's path and content, write it whole or not at all, mode 0600."""
    write_whole(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
