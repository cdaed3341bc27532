"""Reading the settings file: one typed, frozen Config, or every fault at once with its line."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from uprightd.config.expectations import choices, expected, keys_of
from uprightd.config.schema import Config
from uprightd.problems import Keypath, Problems, UnknownNameError
from uprightd.strict_yaml import Document, load

HINT = "Put this right, then run: uprightd config check"


def load_config(
    path: Path | None = None, default: Path | None = None, packs: Collection[str] | None = None
) -> Config:
    """Given a settings file, return the settings; the defaults for every key it leaves out.

    path: a file the user named, which must be there. default: the usual file, which may be missing; it is
    read when no path is given. packs: the rule packs that ship; with them `rules.packs` is checked.
    Raise ConfigError with every fault found, each with its line.
    """
    if path is None:
        if default is None or not os.path.lexists(default):
            return Config()
        path = default
    problems = Problems(HINT)
    document = load(path, problems)
    config = _validated(document, packs)
    problems.raise_any()
    return config


def _validated(document: Document, packs: Collection[str] | None) -> Config:
    """Return the settings; the defaults after noting what is wrong."""
    context = {"folder": Path(os.path.abspath(document.path)).parent, "packs": packs}
    try:
        return Config.model_validate(document.data, context=context)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _note(document, fault)
        return Config()


def _note(document: Document, fault: Any) -> None:
    """Given one of pydantic's faults, note it in the words of this program."""
    keypath: Keypath = fault["loc"]
    if fault["type"] == "extra_forbidden":
        document.unknown_key(keypath, keys_of(keypath[:-1]))
        return
    cause = fault.get("ctx", {}).get("error")
    if not isinstance(cause, ValueError):
        cause = UnknownNameError(expected(keypath), choices(keypath))
    document.unexpected(keypath, cause)
