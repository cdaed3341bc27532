"""The log as a file: private, ours, of a version we know, and whole, before SQLite writes to it."""

from __future__ import annotations

import os
import shlex
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from uprightd.errors import DeniedError
from uprightd.store import failures
from uprightd.store.schema import APPLICATION_ID, VERSION

SIDECARS = ("-wal", "-shm")


def prepare(path: Path, wall: float) -> list[str]:
    """Given the path of a log that this process alone may write, make it fit to be opened.

    A missing file is made with mode 0600: -wal and -shm take their mode from it. A damaged file, or one that
    is no database, is moved aside with its -wal and -shm, and a sentence for the user is returned.
    Raise DeniedError on a link or somebody else's file, DataError on a newer log or another program's
    database (both untouched), OSError or sqlite3.Error when the file system refuses.
    """
    _claim(path)
    damage = _damage(path)
    if damage is None:
        return []
    moved = _move_aside(path, wall)
    _claim(path)
    return [
        f"The log was damaged ({damage}). It was moved to {moved} and a new one was begun. To save what can "
        f"still be read: sqlite3 {shlex.quote(str(moved))} .recover | sqlite3 rescued.db"
    ]


def read_only_uri(path: Path, *, immutable: bool = False) -> str:
    """Given a path, return the URI under which SQLite opens it for reading only, whatever is in its name."""
    return f"file:{quote(os.fsencode(path.absolute()))}?mode=ro" + ("&immutable=1" if immutable else "")


def is_all_in(path: Path) -> bool:
    """Given the path of a log, return whether no -wal beside it holds rows that the file lacks."""
    wal = _sidecar(path, "-wal")
    return not (wal.exists() and wal.stat().st_size > 0)


def not_ours(path: Path) -> DeniedError | None:
    """Given a path, return the refusal it deserves; None for a plain file of this user, or none at all."""
    try:
        info = path.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(info.st_mode):
        kind = "is a symbolic link"
    elif not stat.S_ISREG(info.st_mode):
        kind = "is not a plain file"
    elif info.st_uid != os.getuid():
        kind = f"belongs to another user (uid {info.st_uid})"
    elif info.st_nlink > 1:
        kind = "has a second name elsewhere (a hard link)"
    else:
        return None
    return DeniedError(
        f"{path}: {kind}; the log is only kept in a plain file of your own",
        "Look at what it is, move it away and start again.",
    )


def guard(path: Path) -> None:
    """Given a file, close it to others. Raise DeniedError when it is not a plain file of ours."""
    refusal = not_ours(path)
    if refusal:
        raise refusal
    if stat.S_IMODE(path.lstat().st_mode) & 0o077:
        path.chmod(0o600)


def _claim(path: Path) -> None:
    """Make the file, or make sure of it.

    An existing one is never opened here: closing any descriptor of it would drop the locks that a reader in
    this process holds through SQLite (sqlite.org/howtocorrupt.html, 2.2).
    """
    for name in (path, *(_sidecar(path, suffix) for suffix in SIDECARS)):
        if os.path.lexists(name):
            guard(name)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def _damage(path: Path) -> str | None:
    """Given a file, return what is wrong with it in SQLite's words, None when it is whole.

    It is looked at without being written to: without a -wal beside it, as immutable, so that not even a
    -shm appears next to a file we may have to refuse.
    """
    try:
        with closing(sqlite3.connect(read_only_uri(path, immutable=is_all_in(path)), uri=True)) as database:
            check_version(database, path)
            # "SELECT 1" and even an INSERT succeed on a file with holes in it; only this finds them.
            verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if not failures.damaged(error):
            raise
        return str(error)
    return None if verdict == "ok" else " ".join(verdict.split())


def check_version(database: sqlite3.Connection, path: Path) -> int:
    """Given an open file, return its version, 0 without tables. Raise DataError if it is not for us."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise failures.newer(path, version, VERSION)
    mark = database.execute("PRAGMA application_id").fetchone()[0]
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and (mark != APPLICATION_ID or version < 1):
        raise failures.foreign(path)
    return version


def _move_aside(path: Path, wall: float) -> Path:
    """Rename the three files together; return the database's new path.

    The -wal goes first: left beside a new database it would be replayed into it. Its new name is the one
    SQLite looks for beside the moved database, so that .recover sees the latest rows too.
    """
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%SZ")
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    count = 1
    while any(os.path.lexists(_sidecar(target, suffix)) for suffix in ("", *SIDECARS)):
        count += 1
        target = path.with_name(f"{path.name}.corrupt-{stamp}-{count}")
    for suffix in (*SIDECARS, ""):
        source = _sidecar(path, suffix)
        if source.exists():
            source.rename(_sidecar(target, suffix))
    return target


def _sidecar(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
