"""The manifest of a capture: what was made, when, from what, by which model under which licence, and every file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from uprightd.errors import DataError
from uprightd.weights.licence import APACHE_2, SAPIENS2_LICENCE

MANIFEST = "manifest.json"
SCHEMA = 1
LARGEST = 16 * 1024 * 1024
"""Bytes of a manifest; more is none of ours."""

SEE = "See what there is: uprightd captures list"

_KIND = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelUsed:
    """A model that made a capture, and the name of the licence its weights are under."""

    name: str
    licence: str


@dataclass(frozen=True, slots=True)
class FileKept:
    """A file of a capture: its path inside the folder with `/`, its length and its SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a capture says of itself when it is finished.

    settings: those that decided what it looks like. summary: a few plain values for lists and logs. Both hold only
    what JSON can.
    """

    source: str
    models: tuple[ModelUsed, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A capture's manifest. `at` is ISO 8601 with the local offset, `uprightd` the version that made it."""

    schema: int
    kind: str
    at: str
    uprightd: str
    source: str
    models: tuple[ModelUsed, ...]
    settings: Mapping[str, Any]
    summary: Mapping[str, Any]
    files: tuple[FileKept, ...]

    @property
    def when(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def bytes(self) -> int:
        """The length of all its files."""
        return sum(each.bytes for each in self.files)


def model_used(name: str) -> ModelUsed:
    """Given a model by a backend's name ("mediapipe", "sapiens2 0.4b"), return it with its licence's name."""
    licence = SAPIENS2_LICENCE if name.startswith("sapiens2") else APACHE_2
    return ModelUsed(name, licence.name)


def check_kind(kind: str) -> None:
    """Given a kind of capture, raise ValueError when it cannot be part of a folder's name."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f"{kind!r} is no kind of capture")


def to_bytes(manifest: Manifest) -> bytes:
    """Given a manifest, return it as it lies on disk. Raise ValueError for what is no JSON (NaN among it)."""
    return (json.dumps(asdict(manifest), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_manifest(folder: Path) -> Manifest:
    """Given a capture's folder, return its manifest.

    Raise DataError, naming the file and what is wrong with it, when it is not exactly what this version writes.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        content = json.loads(data) if len(data) <= LARGEST else None
    except FileNotFoundError as error:
        raise DataError(f"{folder}: no capture: it holds no {MANIFEST}", SEE) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})", SEE) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"is no JSON ({error})") from error
    if not isinstance(content, dict):
        raise _damaged(path, "is no block of keys")
    if content.get("schema") != SCHEMA:
        raise DataError(
            f"{path}: is of schema {content.get('schema')!r}, this uprightd reads schema {SCHEMA}",
            "Use the uprightd that made it, or a newer one.",
        )
    try:
        return _manifest(content)
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def digest(path: Path) -> FileKept:
    """Given a file, return its length and SHA-256 under its own name. Raise OSError when it cannot be read."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        return FileKept(path.name, file.tell(), found)


def _damaged(path: Path, how: str) -> DataError:
    return DataError(
        f"{path}: is damaged: it {how}", "The pictures beside it may be sound; make the capture again."
    )


_Record = TypeVar("_Record", ModelUsed, FileKept)
_KINDS: dict[str, type] = {
    "schema": int,
    "kind": str,
    "at": str,
    "uprightd": str,
    "source": str,
    "models": list,
    "settings": dict,
    "summary": dict,
    "files": list,
}


def _manifest(content: Mapping[str, Any]) -> Manifest:
    _check_keys("the manifest", content, _KINDS)
    if not _KIND.fullmatch(content["kind"]):
        raise ValueError(f"says it is a {content['kind']!r}")
    try:
        if datetime.fromisoformat(content["at"]).utcoffset() is None:
            raise ValueError
    except ValueError:
        raise ValueError(f"says it was made at {content['at']!r}, no moment with an offset") from None
    return Manifest(
        **{
            **content,
            "models": tuple(_record(ModelUsed, "a model", each) for each in content["models"]),
            "files": tuple(_file(each) for each in content["files"]),
        }
    )


def _file(content: Any) -> FileKept:
    file = _record(FileKept, "a file", content)
    if not _is_inside(file.name) or file.bytes < 0 or not _SHA256.fullmatch(file.sha256):
        raise ValueError(f"lists {file.name!r}, which is no file with a hash inside this folder")
    return file


def _is_inside(name: str) -> bool:
    """Whether a file's name stays inside its folder: what is removed is decided by it."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _record(kind: type[_Record], what: str, content: Any) -> _Record:
    names = {each.name: int if each.name == "bytes" else str for each in fields(kind)}
    if not isinstance(content, dict):
        raise ValueError(f"lists {what} that is no block of keys")
    _check_keys(what, content, names)
    return kind(**content)


def _check_keys(what: str, content: Mapping[str, Any], kinds: Mapping[str, type]) -> None:
    for key in sorted(kinds.keys() ^ content.keys()):
        raise ValueError(f"{'lacks' if key in kinds else 'has the strange key'} {key!r} in {what}")
    for key, kind in kinds.items():
        if type(content[key]) is not kind:
            raise ValueError(f"has {key!r} of the wrong kind in {what}")
