"""The folder a capture is made in: whole with its manifest, or not at all.

Everything is written into a hidden folder beside the final place (`.NAME.uprightd-part`), which is renamed at the
end. Whoever makes it holds a lock on it, so what a killed process left is told from what another one is making, and
swept away.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from uprightd import __version__
from uprightd.captures.manifest import (
    MANIFEST,
    SCHEMA,
    Facts,
    FileKept,
    Manifest,
    check_kind,
    digest,
    to_bytes,
)
from uprightd.errors import CannotCreateError, DeniedError, TryAgainError, UprightError, WriteError
from uprightd.paths import private_dir
from uprightd.whole_file import sync_folder, write_whole

ELSEWHERE = "Choose another folder with --out."
PARTIAL = ".uprightd-part"
INSIDE = f".capture{PARTIAL}"
"""The partial folder of a capture that goes into a folder which is there already."""
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


@dataclass(slots=True)
class NewCapture:
    """A capture in the making: write its files into `path`, and call `finish`; they will lie in `folder`."""

    kind: str
    at: str
    path: Path
    folder: Path
    manifest: Manifest | None = field(default=None, init=False)
    """What was written, once it is finished."""

    def file(self, name: str) -> Path:
        """Given a file's name, return where to write it now."""
        return self.path / name

    def place(self, name: str) -> Path:
        """Given a file's name, return where it will lie once the capture is finished."""
        return self.folder / name

    def finish(self, facts: Facts) -> Manifest:
        """Given what the capture says of itself, write its manifest and put it in its place.

        Every file that lies in `path` by now belongs to it. Raise WriteError or CannotCreateError.
        """
        if self.manifest is not None:
            raise ValueError("this capture is finished")
        manifest = Manifest(
            SCHEMA,
            self.kind,
            self.at,
            __version__,
            facts.source,
            facts.models,
            dict(facts.settings),
            dict(facts.summary),
            tuple(_settled(path, self.path) for path in sorted(_files(self.path))),
        )
        write_whole(self.path / MANIFEST, to_bytes(manifest))
        try:
            if self.path.parent == self.folder:
                _move_in(self.path, self.folder, [each.name for each in manifest.files])
            else:
                os.rename(self.path, self.folder)
        except OSError as error:
            raise CannotCreateError(
                f"{self.folder}: the capture cannot be put here ({error.strerror})", ELSEWHERE
            ) from error
        sync_folder(self.folder.parent)
        self.manifest = manifest
        return manifest


def check_place(folder: Path) -> None:
    """Given the folder to write to, raise CannotCreateError or DeniedError when that could not be done.

    Nothing is made, so a command can ask before long work: a picture with nobody in it leaves no folder behind.
    """
    try:
        there = next(it for it in (folder.absolute(), *folder.absolute().parents) if it.exists())
    except OSError as error:
        raise DeniedError(f"{folder}: cannot be looked at ({error.strerror})", ELSEWHERE) from error
    if not there.is_dir():
        raise CannotCreateError(f"{folder}: {there} is a file, and no folder can be made of it", ELSEWHERE)
    if not os.access(there, os.W_OK | os.X_OK):
        raise DeniedError(f"{folder}: you may not write in {there}", ELSEWHERE)
    if (folder / MANIFEST).exists():
        raise _taken(folder / MANIFEST)


@contextmanager
def new_capture(captures: Path, kind: str, at: str, out: Path | None = None) -> Iterator[NewCapture]:
    """Given the folder of all captures, a kind ("gait") and the moment (ISO 8601 with offset), make a capture.

    It gets a folder of its own there, private; or `out`, which may be there already and then keeps its mode and what
    is in it. Left without `finish`, or by an error, nothing of it remains; a name in an error is told as the place the
    file was meant for. Raise DeniedError, CannotCreateError, WriteError, or TryAgainError where another one is made.
    """
    check_kind(kind)
    path, folder, lock = _begin_at(out) if out is not None else _begin(captures, kind, at)
    capture = NewCapture(kind, at, path, folder)
    try:
        yield capture
    except UprightError as error:
        error.message = error.message.replace(str(path), str(folder))
        raise
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise WriteError(
            f"{folder}: writing failed ({error.strerror}); nothing half-written is left",
            "Free some space on this disk, or choose another folder.",
        ) from error
    finally:
        if path.exists():
            shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def sweep(captures: Path) -> None:
    """Given the folder of all captures, remove what killed captures left there. What cannot go stays."""
    with suppress(OSError), _locked(captures):
        _sweep(captures)


def _begin(captures: Path, kind: str, at: str) -> tuple[Path, Path, int | None]:
    """Return the partial folder, the final one and the lock of a capture among the others."""
    private_dir(captures)
    stem = f"{at[:19].replace(':', '-')}-{kind}"
    with _locked(captures):
        _sweep(captures)
        for count in itertools.count(1):
            name = stem if count == 1 else f"{stem}-{count}"
            path = captures / f".{name}{PARTIAL}"
            if not (captures / name).exists() and not path.exists():
                return path, captures / name, _made(path)
    raise AssertionError("numbers do not end")


def _begin_at(out: Path) -> tuple[Path, Path, int | None]:
    """Return the partial folder, the final one and the lock of a capture that goes where the user says."""
    check_place(out)
    if out.is_dir():
        path = out / INSIDE
    else:
        if not out.parent.is_dir():
            private_dir(out.parent)
        path = out.parent / f".{out.name}{PARTIAL}"
    with _locked(path.parent):
        if path.exists() and not _abandoned(path):
            raise TryAgainError(f"{out}: another capture is being made here", "Wait for it, or " + ELSEWHERE)
        shutil.rmtree(path, ignore_errors=True)
        return path, out, _made(path)


def _made(path: Path) -> int | None:
    """Make the partial folder and lock it. None where this file system knows no locks."""
    try:
        path.mkdir(mode=0o700)
    except OSError as error:
        kind = DeniedError if isinstance(error, PermissionError) else CannotCreateError
        raise kind(f"{path.parent}: no folder can be made here ({error.strerror})", ELSEWHERE) from error
    return _lock(path)


def _settled(path: Path, root: Path) -> FileKept:
    """Make a finished file private and safe on disk; return it as the manifest lists it."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise ValueError(f"{path}: a capture holds files and folders only")
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    found = digest(path)
    return FileKept(path.relative_to(root).as_posix(), found.bytes, found.sha256)


def _files(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder):
        yield from (Path(at) / name for name in names)


def _move_in(path: Path, folder: Path, names: list[str]) -> None:
    """Put the files into a folder of the user's own, the manifest last; whatever would be overwritten is refused."""
    names = [*names, MANIFEST]
    for name in names:
        if os.path.lexists(folder / name):
            raise _taken(folder / name)
    moved: list[Path] = []
    try:
        for name in names:
            (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.rename(path / name, folder / name)
            moved.append(folder / name)
    except OSError:
        for each in moved:
            each.unlink(missing_ok=True)
        raise


def _taken(path: Path) -> CannotCreateError:
    what = "a capture lies here already" if path.name == MANIFEST else "is there already"
    return CannotCreateError(f"{path}: {what}, and nothing of yours is overwritten", ELSEWHERE)


# ---- locks and leftovers -----------------------------------------------------------------------------------


def _sweep(captures: Path) -> None:
    for path in captures.glob(f".*{PARTIAL}"):
        if _abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    """Whether nobody holds the lock of a partial folder any more."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(handle)
        return True
    return False


def _lock(path: Path) -> int | None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        os.close(handle)
        return None
    return handle


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder: names in it are looked for and taken by one process at a time."""
    handle = _lock(folder)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
