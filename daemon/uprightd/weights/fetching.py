"""Fetching a model: licence, lock, room on the disk, download, check, and only then its name and the manifest."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from uprightd.clock import Clock
from uprightd.errors import DataError, WriteError
from uprightd.sapiens2.header import read_header
from uprightd.weights.catalogue import Entry
from uprightd.weights.download import download, persistently
from uprightd.weights.files import Watcher, locked, model_folder, sha256_of
from uprightd.weights.hub import BY_HAND, Hub, Remote
from uprightd.weights.licence import require_acceptance
from uprightd.weights.manifest import HUB, InstalledModel, record, recorded
from uprightd.weights.wording import amount, moment

SPARE = 64 << 20
"""Bytes that stay free on the disk."""
MAIN = "main"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that is here now, and how many bytes came over the network for it."""

    model: InstalledModel
    path: Path
    came: int


def fetch(entry: Entry, models: Path, hub: Hub, clock: Clock, watcher: Watcher) -> Fetched:
    """Given a model of the catalogue, the models folder and the hub, see to it that the model is here and intact.

    Nothing is sent when it already is. Raise UsageError without an accepted licence, TryAgainError while another
    process fetches it, DataError for wrong bytes, UnavailableError without the hub, WriteError without room.
    """
    accepted_at = require_acceptance(models, entry.licence)
    folder = model_folder(models, entry.name)
    with locked(folder / ".lock", f"{entry.name} is being fetched or added by another uprightd"):
        known = recorded(models, entry.name)
        path = folder / entry.file
        here = sha256_of(path, watcher) if os.path.lexists(path) else ""
        if known and known.source == HUB and here == known.sha256 and entry.revision in ("", known.revision):
            model = replace(known, verified_at=moment(clock))
            record(models, model)
            return Fetched(model, path, 0)
        remote = _described(entry, known, hub, clock, watcher)
        came = 0
        if here != remote.sha256:
            came = _bring(remote, path, hub, clock, watcher)
        model = _installed(entry, remote, moment(clock), accepted_at)
        record(models, model)
        return Fetched(model, path, came)


def _described(
    entry: Entry, known: InstalledModel | None, hub: Hub, clock: Clock, watcher: Watcher
) -> Remote:
    """Return the file as the hub describes it: at the catalogue's commit, else the manifest's, else `main`'s."""
    before = known.revision if known and known.source == HUB else ""
    revision = entry.revision or before or MAIN
    remote = persistently(lambda: hub.describe(entry.repository, revision, entry.file), clock, watcher)
    if revision == MAIN:
        watcher.say(
            f"no commit of {entry.repository} is pinned in this uprightd: taking {remote.revision}, which the hub "
            f"names for {MAIN} now; the manifest keeps it"
        )
    if entry.sha256 and entry.sha256 != remote.sha256:
        raise DataError(
            f"{entry.repository}: {hub.endpoint} names another file than the known one: SHA-256 "
            f"{remote.sha256[:12]}…, known is {entry.sha256[:12]}…",
            "Nothing was fetched. Unset HF_ENDPOINT if it points to a mirror, or update uprightd.",
        )
    return remote


def _bring(remote: Remote, path: Path, hub: Hub, clock: Clock, watcher: Watcher) -> int:
    """Download the file beside its place, check it, and put it there. Return the bytes that came."""
    # The part carries the hash it is to have: one of another commit is never gone on with.
    part = path.with_name(f"{path.name}.{remote.sha256[:12]}.part")
    for other in path.parent.glob(f"{path.name}.*.part"):
        if other != part:
            with suppress(OSError):
                other.unlink()
    have = part.lstat().st_size if os.path.lexists(part) else 0
    ensure_room(path.parent, max(0, remote.bytes - have))
    came = download(hub, remote, part, clock, watcher)
    try:
        read_header(part)
    except DataError as error:
        part.unlink()
        raise DataError(
            f"{remote.repository}: {remote.file} at {remote.revision[:12]} is damaged on the hub itself "
            f"({error.message.removeprefix(f'{part}: ')})",
            f"It is thrown away. Update uprightd, {BY_HAND}",
        ) from error
    settle(part, path)
    return came


def ensure_room(folder: Path, needed: int) -> None:
    """Given a folder and a number of bytes to come, raise WriteError when its disk has no room for them."""
    free = shutil.disk_usage(folder).free
    if needed and free < needed + SPARE:
        raise WriteError(
            f"{folder}: {amount(needed)} are to come and {amount(free)} are free on this disk",
            "Free some space, or set UPRIGHTD_HOME to a folder on a larger disk.",
        )


def settle(part: Path, path: Path) -> None:
    """Given a checked file and its place, move it there. Raise WriteError when that fails."""
    try:
        os.replace(part, path)
        folder = os.open(path.parent, os.O_RDONLY)
        with suppress(OSError):  # makes its name survive a power cut; not all systems allow it
            os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise WriteError(
            f"{path}: cannot be put in its place ({error.strerror})",
            "Look what is there, and run the command again.",
        ) from error


def _installed(entry: Entry, remote: Remote, now: str, accepted_at: str) -> InstalledModel:
    return InstalledModel(
        name=entry.name,
        task=entry.task,
        size=entry.size,
        file=f"{entry.name}/{entry.file}",
        bytes=remote.bytes,
        sha256=remote.sha256,
        source=HUB,
        repository=remote.repository,
        revision=remote.revision,
        installed_at=now,
        verified_at=now,
        licence=entry.licence.name,
        licence_accepted_at=accepted_at,
    )
