"""The manifest: every installed model with its hash, where it came from and under which acceptance."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from uprightd.errors import DataError
from uprightd.paths import private_dir
from uprightd.weights.files import locked, read_json, write_json

MANIFEST = "manifest.json"
VERSION = 1
HUB = "hub"
BY_HAND = "by hand"

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model among the models, as the manifest keeps it.

    file: its path inside the models folder. source: HUB, or BY_HAND with neither repository nor revision (a commit).
    Moments are UTC; verified_at, when its bytes were last found right, is "" once they were found wrong.
    """

    name: str
    task: str
    size: str
    file: str
    bytes: int
    sha256: str
    source: str
    repository: str
    revision: str
    installed_at: str
    verified_at: str
    licence: str
    licence_accepted_at: str

    def path(self, models: Path) -> Path:
        """Given the models folder, return where the file is."""
        return models / self.file


def read_manifest(models: Path) -> tuple[InstalledModel, ...]:
    """Given the models folder, return what its manifest lists. Raise DataError when it is damaged."""
    path = models / MANIFEST
    try:
        content = read_json(path)
    except DataError as error:
        raise _damaged(models, "cannot be understood") from error
    if content is None:
        return ()
    if content.get("version") != VERSION:
        raise DataError(
            f"{path}: is of version {content.get('version')!r}, this uprightd reads version {VERSION}",
            "Use the uprightd that wrote it, or a newer one.",
        )
    records = content.get("models")
    if not isinstance(records, list):
        raise _damaged(models, "lists no models")
    return tuple(_model(models, record) for record in records)


def recorded(models: Path, name: str) -> InstalledModel | None:
    """Given the models folder and a model's name, return what the manifest says of it."""
    return next((model for model in read_manifest(models) if model.name == name), None)


def record(models: Path, model: InstalledModel, instead_of: InstalledModel | None = None) -> None:
    """Given the models folder and a model, write it into the manifest, in the place of one of the same name.

    instead_of: what the manifest said when the caller looked; if that has changed since, it stays.
    """
    private_dir(models)
    with locked(models / ".manifest.lock"):  # two commands may finish two models at the same time
        listed = {it.name: it for it in read_manifest(models)}
        if instead_of and listed.get(model.name) != instead_of:
            return
        listed[model.name] = model
        write_json(
            models / MANIFEST,
            {"version": VERSION, "models": [asdict(listed[name]) for name in sorted(listed)]},
        )


def _model(models: Path, content: Any) -> InstalledModel:
    kinds = {it.name: int if it.name == "bytes" else str for it in fields(InstalledModel)}
    if not isinstance(content, dict) or content.keys() != kinds.keys():
        raise _damaged(models, "lists a model with missing or strange keys")
    if any(type(content[key]) is not kind for key, kind in kinds.items()):
        raise _damaged(models, "lists a model with a value of the wrong kind")
    file = PurePosixPath(content["file"])
    if file.is_absolute() or ".." in file.parts or not _SHA256.fullmatch(content["sha256"]):
        raise _damaged(models, f"lists {content['file']!r}, which is no file with a hash inside this folder")
    return InstalledModel(**content)


def _damaged(models: Path, how: str) -> DataError:
    return DataError(
        f"{models / MANIFEST}: is damaged: it {how}",
        "Move it away; `uprightd models fetch` then finds the files again and downloads none that is intact.",
    )
