"""Whether the models here are still what they were: every file hashed again, and what else lies around."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from uprightd.clock import Clock
from uprightd.errors import DeniedError
from uprightd.weights.catalogue import CATALOGUE
from uprightd.weights.files import Watcher, sha256_of
from uprightd.weights.manifest import HUB, InstalledModel, read_manifest, record
from uprightd.weights.wording import moment


class State(StrEnum):
    """What became of a file. Only the first and the last are no reason to do something."""

    OK = "ok"
    CHANGED = "changed"
    MISSING = "missing"
    UNLISTED = "not in the manifest"
    UNFINISHED = "unfinished"

    @property
    def wrong(self) -> bool:
        return self in (State.CHANGED, State.MISSING, State.UNLISTED)


@dataclass(frozen=True, slots=True)
class Finding:
    """A file among the models, how it is, and the command that mends it ("" when nothing is to mend)."""

    file: str
    state: State
    mend: str


def verify(models: Path, clock: Clock, watcher: Watcher) -> list[Finding]:
    """Given the models folder, hash what the manifest lists and return a finding per file, strangers included.

    The manifest notes what was found: a changed file is not offered to any backend from then on.
    """
    listed = read_manifest(models)
    findings = []
    for model in listed:
        state = _state(models, model, watcher)
        findings.append(Finding(model.file, state, _mend(model) if state.wrong else ""))
        verified_at = {State.OK: moment(clock), State.CHANGED: ""}.get(state, model.verified_at)
        if verified_at != model.verified_at:
            record(models, replace(model, verified_at=verified_at), instead_of=model)
    known = {model.path(models) for model in listed}
    for path in sorted(models.rglob("*.safetensors")):
        if path not in known:
            findings.append(Finding(_inside(models, path), State.UNLISTED, f"uprightd models add '{path}'"))
    findings += [_unfinished(models, path) for path in sorted(models.rglob("*.part"))]
    return findings


def _state(models: Path, model: InstalledModel, watcher: Watcher) -> State:
    try:
        return State.OK if sha256_of(model.path(models), watcher) == model.sha256 else State.CHANGED
    except FileNotFoundError:
        return State.MISSING
    except DeniedError:  # a link, or somebody else's file, where ours was
        return State.CHANGED


def _mend(model: InstalledModel) -> str:
    if model.source == HUB:
        return f"uprightd models fetch --size {model.size} --task {model.task}"
    return f"uprightd models add --size {model.size} --task {model.task} PATH"


def _unfinished(models: Path, path: Path) -> Finding:
    begun = next((it for it in CATALOGUE if it.name == path.parent.name), None)
    goes_on = (
        begun and path.name.startswith(begun.file) and not path.name.endswith((".copy.part", ".link.part"))
    )
    mend = (
        f"uprightd models fetch --size {begun.size} --task {begun.task}"
        if begun and goes_on
        else f"rm '{path}'"
    )
    return Finding(_inside(models, path), State.UNFINISHED, mend)


def _inside(models: Path, path: Path) -> str:
    return path.relative_to(models).as_posix()
