"""Adding a model file that somebody placed here by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from uprightd.clock import Clock
from uprightd.errors import DataError, DeniedError, UsageError, WriteError
from uprightd.sapiens2.header import read_header
from uprightd.weights.catalogue import SIZES, TASKS, Entry
from uprightd.weights.catalogue import entry as catalogued
from uprightd.weights.download import opened
from uprightd.weights.fetching import ensure_room, settle
from uprightd.weights.files import CHUNK, Watcher, locked, model_folder, sha256_of
from uprightd.weights.licence import require_acceptance
from uprightd.weights.manifest import BY_HAND, InstalledModel, read_manifest, record
from uprightd.weights.wording import moment

SUFFIX = ".safetensors"
Recognise = Callable[[Path], tuple[str, str]]
"""Given a weights file, return (size, task) as its contents show them. Raise DataError when they show no model."""

_SIZE, _TASK = "|".join(map(re.escape, SIZES)), "|".join(TASKS)
_NAMES = (
    re.compile(rf"sapiens2[-_](?P<size>{_SIZE})[-_](?P<task>{_TASK})(?![a-z0-9])"),
    re.compile(rf"sapiens2[-_](?P<task>{_TASK})[-_](?P<size>{_SIZE})(?![a-z0-9])"),
    re.compile(r"dfine[-_](?P<size>nano|small)[-_](?P<task>detect|coco)(?![a-z0-9])"),
)


def weights_in(path: Path) -> list[Path]:
    """Given a file, return it; given a folder, return the weights anywhere in it that are to be added.

    A copy of a hub repository holds the same weights twice, as model.safetensors and under Meta's own name: what
    has no name of its own counts only where nothing has one. Raise DataError when there are none.
    """
    if not os.path.exists(path):
        raise DataError(f"{path}: is not there", f"Expected a {SUFFIX} file or a folder with such files.")
    if not os.path.isdir(path):
        return [path]
    found = sorted(it for it in path.rglob(f"*{SUFFIX}") if os.path.isfile(it))
    if not found:
        raise DataError(
            f"{path}: holds no {SUFFIX} file", f"Expected a {SUFFIX} file or a folder with such files."
        )
    return [it for it in found if _named(it.name)] or found


def identified(path: Path, size: str | None, task: str | None, recognise: Recognise | None = None) -> Entry:
    """Given a weights file, and its size and task where the user says them, return the model it is.

    Its contents decide where `recognise` can read them, else the user, else the names of the file and its folders.
    Raise DataError when what is said contradicts the contents, UsageError when nothing tells what it is.
    """
    # A hub's repository is named after its model, and so is what its cache keeps above snapshots/COMMIT.
    names = [path.name, *(folder.name for folder in path.absolute().parents[:3])]
    named_size, named_task = next(filter(None, map(_named, names)), (None, None))
    said_size, said_task = size or named_size, task or named_task
    if recognise:
        found_size, found_task = recognise(path)
        if (said_size or found_size, said_task or found_task) != (found_size, found_task):
            raise DataError(
                f"{path}: is said or named to be {said_task or found_task} of size {said_size or found_size}, its "
                f"contents are {found_task} of size {found_size}",
                f"If the contents are right, run: uprightd models add --size {found_size} --task {found_task} PATH",
            )
        said_size, said_task = found_size, found_task
    if not said_size or not said_task:
        raise UsageError(
            f"{path}: its name does not tell which model it is",
            f"Say it with --size ({', '.join(SIZES)}) and --task ({', '.join(TASKS)}).",
        )
    return catalogued(said_task, said_size)


def add(path: Path, entry: Entry, models: Path, link: bool, clock: Clock, watcher: Watcher) -> InstalledModel:
    """Given a weights file and the model it is, check it, bring it among the models and list it in the manifest.

    link: give the same file a second name there instead of copying it; nothing else changes about it, its mode
    included. Raise UsageError without an accepted licence, DataError when it is no whole weights file.
    """
    accepted_at = require_acceptance(models, entry.licence)
    source = _readable(path)
    folder = model_folder(models, entry.name)
    place = folder / entry.file
    with locked(folder / ".lock", f"{entry.name} is being fetched or added by another uprightd"):
        read_header(source)
        if source == place.resolve():
            digest = sha256_of(place, watcher)
            place.chmod(0o600)
        elif _strayed(source, models):
            digest = sha256_of(source, watcher)
            source.chmod(0o600)
            settle(source, place)
        elif link:
            digest = sha256_of(source, watcher)
            _link(source, place)
        else:
            digest = _copy(source, place, watcher)
        now = moment(clock)
        model = InstalledModel(
            name=entry.name,
            task=entry.task,
            size=entry.size,
            file=f"{entry.name}/{entry.file}",
            bytes=place.stat().st_size,
            sha256=digest,
            source=BY_HAND,
            repository="",
            revision="",
            installed_at=now,
            verified_at=now,
            licence=entry.licence.name,
            licence_accepted_at=accepted_at,
        )
        record(models, model)
    return model


def _strayed(source: Path, models: Path) -> bool:
    """Return whether the file was placed inside the models folder, only not where it belongs: then it is moved."""
    inside = models.resolve()
    listed = {(inside / model.file) for model in read_manifest(models)}
    return source.is_relative_to(inside) and source not in listed


def _named(name: str) -> tuple[str, str] | None:
    """Given a file's or folder's name, return the size and task in it, None where it holds none."""
    for pattern in _NAMES:
        if found := pattern.search(name.lower()):
            return found["size"], "detect" if found["task"] == "coco" else found["task"]
    return None


def _readable(path: Path) -> Path:
    """Given the path as the user wrote it, return the file behind it: copies of hub repositories are full of links."""
    if not os.path.isfile(path):
        raise DataError(f"{path}: is not a file", f"Expected a {SUFFIX} file or a folder with such files.")
    if not os.access(path, os.R_OK):
        raise DeniedError(f"{path}: you may not read this", f"Run: chmod u+r '{path}', or ask its owner.")
    return path.resolve()


def _link(source: Path, place: Path) -> None:
    part = place.with_name(f"{place.name}.link.part")
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError as error:
        raise WriteError(
            f"{place}: cannot be linked to {source} ({error.strerror})",
            "Links need one disk and a file of your own. Run the command without --link to copy it.",
        ) from error
    settle(part, place)


def _copy(source: Path, place: Path, watcher: Watcher) -> str:
    """Copy the file to its place, whole or not at all; return the SHA-256 of what was written."""
    total = source.stat().st_size
    ensure_room(place.parent, total)
    part = place.with_name(f"{place.name}.copy.part")
    part.unlink(missing_ok=True)
    try:
        with source.open("rb") as file, opened(part, total, watcher) as copy:
            while data := file.read(CHUNK):
                copy.add(data)
                watcher.progress(f"copying {place.name}", copy.size, total)
            digest = copy.sha256()
        read_header(part)
        settle(part, place)
    except OSError as error:
        raise DataError(
            f"{source}: cannot be read ({error.strerror})", "Look at the disk it is on."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return digest
