"""The captures there are: listed, checked against their manifests, removed. The folders are the truth, not the log."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from uprightd.captures.folder import PARTIAL, sweep
from uprightd.captures.manifest import MANIFEST, SEE, Manifest, digest, read_manifest
from uprightd.errors import DataError, DeniedError, UsageError


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture on disk. Without a manifest that can be read, `problem` says why, and it is still the user's to
    remove."""

    folder: Path
    manifest: Manifest | None
    problem: str
    bytes: int
    """On disk, whatever the manifest says."""

    @property
    def name(self) -> str:
        return self.folder.name


def list_captures(captures: Path, elsewhere: Iterable[Path] = ()) -> list[Capture]:
    """Given the folder of all captures, return what lies there, the oldest first.

    elsewhere: folders of captures the user put where they wanted; those that are gone are left out. What is still in
    the making is not listed; what a killed process left is removed, so that nobody keeps pictures that no list shows.
    """
    sweep(captures)
    here = [folder for folder in _folders(captures) if not folder.name.startswith(".")]
    others = [
        folder
        for folder in dict.fromkeys(elsewhere)
        if (folder / MANIFEST).exists() and folder.parent != captures
    ]
    found = [read_capture(folder) for folder in (*here, *others)]
    return sorted(found, key=lambda it: (it.manifest.when.timestamp() if it.manifest else 0.0, it.name))


def read_capture(folder: Path) -> Capture:
    """Given a folder, return the capture in it, with the problem where its manifest cannot be read."""
    try:
        manifest = read_manifest(folder)
    except DataError as error:
        return Capture(folder, None, error.message, _size(_files_under(folder)))
    files = (folder / each.name for each in manifest.files)
    return Capture(folder, manifest, "", _size((*files, folder / MANIFEST)))


def find_capture(captures: Iterable[Capture], name: str) -> Capture:
    """Given captures, the oldest first, and "last", a name, the beginning of one name only, or a path, return it.

    Raise UsageError, with what comes close, when there is none or more than one.
    """
    there = list(captures)
    if name == "last" and there:
        return there[-1]
    exact = [each for each in there if name in (each.name, str(each.folder))]
    path = os.path.abspath(os.path.expanduser(name))
    exact = exact or [each for each in there if os.path.abspath(each.folder) == path]
    fitting = exact or [each for each in there if each.name.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(f"{name}: no capture of this name", SEE)
    raise UsageError(
        f"{name}: {len(fitting)} captures begin like this: {', '.join(each.name for each in fitting[:5])}",
        "Give more of the name, or its whole path.",
    )


def changed(capture: Capture) -> tuple[str, ...]:
    """Given a capture, return the files that are gone or no longer what the manifest says, by name."""
    if capture.manifest is None:
        return ()
    return tuple(
        each.name
        for each in capture.manifest.files
        if not _same(capture.folder / each.name, each.bytes, each.sha256)
    )


def remove_capture(capture: Capture, captures: Path) -> None:
    """Given a capture and the folder of all captures, remove it.

    Among the others the whole folder goes; elsewhere only the files its manifest lists, as the folder is the user's.
    Raise DeniedError when something of it may not be removed; what is left is swept away later.
    """
    folder = capture.folder
    try:
        if folder.parent == captures:
            hidden = folder.with_name(f".{folder.name}{PARTIAL}")
            os.rename(folder, hidden)  # from here on it is a leftover, whatever happens
            shutil.rmtree(hidden)
            return
        names = [each.name for each in capture.manifest.files] if capture.manifest else []
        for name in (*names, MANIFEST):
            (folder / name).unlink(missing_ok=True)
        made = {parent for name in names for parent in (folder / name).parents if folder in parent.parents}
        for path in (*sorted(made, reverse=True), folder):
            if not any(path.iterdir()):
                path.rmdir()
    except OSError as error:
        raise DeniedError(
            f"{folder}: cannot be removed ({error.strerror})", f"Look at its mode: ls -ld '{folder}'"
        ) from error


def _folders(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DeniedError(
            f"{folder}: cannot be looked into ({error.strerror})", f"Look at its mode: ls -ld '{folder}'"
        ) from error


def _same(path: Path, length: int, sha256: str) -> bool:
    try:
        found = digest(path)
    except OSError:
        return False
    return (found.bytes, found.sha256) == (length, sha256)


def _files_under(folder: Path) -> list[Path]:
    return [Path(at) / name for at, _, names in os.walk(folder) for name in names]


def _size(paths: Iterable[Path]) -> int:
    return sum(path.lstat().st_size for path in paths if path.exists())
