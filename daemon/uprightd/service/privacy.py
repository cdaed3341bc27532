"""What uprightd keeps about its user, where, and whom on a network it has ever spoken to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from uprightd.camera.order import SourceKind
from uprightd.camera.source import parse_source
from uprightd.config.schema import Config
from uprightd.errors import UnavailableError, UprightError
from uprightd.paths import Paths
from uprightd.records import ContactRow
from uprightd.store.file import SIDECARS
from uprightd.store.reading import LogReader


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of thing that lies on disk: what it is, where, in how many files of how many bytes."""

    what: str
    where: Path
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """All of it. rows: of the log, by table. contacts: what has spoken to a network. allowed: what the settings let."""

    kept: tuple[Kept, ...]
    rows: dict[str, int]
    contacts: tuple[ContactRow, ...]
    allowed: tuple[tuple[str, str], ...]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.kept)


def inventory(paths: Paths, config: Config) -> Inventory:
    """Given the folders and the settings, return what is kept. Raise UprightError when the log cannot be read."""
    rows, contacts = {}, []
    try:
        with LogReader.open(paths.database) as reader:
            rows, contacts = reader.counts(), reader.contacts()
    except UnavailableError:
        pass
    log = [paths.database, *(paths.database.with_name(paths.database.name + it) for it in SIDECARS)]
    kept = (
        _kept("the log: numbers, no picture", paths.database, log),
        _kept("damaged logs moved aside", paths.data, paths.data.glob(f"{paths.database.name}.corrupt-*")),
        _kept("summaries", paths.reports, _under(paths.reports)),
        _kept("captures, with pictures: made only when you ask", paths.captures, _under(paths.captures)),
        _kept("walks in the making, kept to go on with", paths.cache / "gait", _under(paths.cache / "gait")),
        _kept("calibrated poses: numbers", paths.profiles, _under(paths.profiles)),
        _kept("settings and rules", paths.config, _under(paths.config)),
        _kept("weights of pose models", paths.models, _under(paths.models)),
        _kept("what the service printed", paths.logs, _under(paths.logs)),
    )
    return Inventory(kept, rows, tuple(contacts), tuple(contacts_of(config)))


def contacts_of(config: Config) -> list[tuple[str, str]]:
    """Given the settings, return what the monitor speaks to a network for, and whom: nothing unless you name it."""
    found, outlets = camera_contact(config), config.outlets
    if outlets.mqtt_host:
        found.append(("alerts and states to an MQTT broker", f"{outlets.mqtt_host}:{outlets.mqtt_port}"))
    if outlets.activitywatch:
        found.append(("states to ActivityWatch", outlets.activitywatch_url))
    return found


def camera_contact(config: Config) -> list[tuple[str, str]]:
    """Given the settings, return what for and whom its camera is spoken to on a network; nothing for one at hand."""
    try:
        source = parse_source(config.camera.source)
    except UprightError:
        return []  # a source that cannot be used speaks to nobody; whoever opens it says why
    return [("pictures from a camera on the network", source.text)] * (source.kind is SourceKind.URL)


def facts(it: Inventory) -> dict[str, Any]:
    """Given an inventory, return it as data for a program."""
    return {
        "kept": [
            {"what": each.what, "where": str(each.where), "files": each.files, "bytes": each.bytes}
            for each in it.kept
        ],
        "bytes": it.bytes,
        "rows": it.rows,
        "network": [
            {
                "purpose": each.purpose,
                "address": each.address,
                "first": moment(each.first_ms),
                "last": moment(each.last_ms),
                "times": each.times,
            }
            for each in it.contacts
        ],
        "network_allowed_by_settings": [
            {"purpose": purpose, "address": address} for purpose, address in it.allowed
        ],
    }


def moment(at_ms: int) -> str:
    """Given a moment, return it in UTC as ISO 8601, to the minute."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="minutes")


def _kept(what: str, where: Path, paths: Iterable[Path]) -> Kept:
    sizes = [path.lstat().st_size for path in paths if path.is_file() or path.is_symlink()]
    return Kept(what, where, len(sizes), sum(sizes))


def _under(folder: Path) -> Iterable[Path]:
    return folder.rglob("*") if folder.is_dir() else ()
