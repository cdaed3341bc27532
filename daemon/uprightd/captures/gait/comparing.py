"""Two walks side by side: what has changed by more than measurement noise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from uprightd.captures.gait.document import DOCUMENT, SCHEMA, rounded
from uprightd.errors import DataError, DeniedError

EXPECTED = f"Expected a folder that `uprightd gait VIDEO` made, or the {DOCUMENT} in it."
LARGEST = 64 * 1024 * 1024


def read_document(path: Path) -> dict[str, Any]:
    """Given a gait folder or the gait.json in it, return its content.

    Raise DataError, naming the file, when it is none of this version; DeniedError when it may not be read.
    """
    file = path / DOCUMENT if path.is_dir() else path
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
        found = json.loads(data) if len(data) <= LARGEST else None
    except PermissionError as error:
        raise DeniedError(f"{file}: you may not read this", f"Run: chmod u+r '{file}'") from error
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}", EXPECTED) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not JSON, or cut off ({error})", EXPECTED) from error
    if not isinstance(found, dict) or found.get("kind") != "gait":
        raise DataError(f"{file}: not the result of a walk", EXPECTED)
    if found.get("schema") != SCHEMA:
        raise DataError(
            f"{file}: is of schema {found.get('schema')!r}, this uprightd reads schema {SCHEMA}",
            "Use the uprightd that made it, or measure the video again.",
        )
    if not isinstance(found.get("parameters"), dict) or not all(
        isinstance(it, dict) and "value" in it and "mdc" in it and "unit" in it
        for it in found["parameters"].values()
    ):
        raise DataError(f"{file}: its parameters are damaged", "Measure the video again.")
    return found


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Given two contents of gait.json, return what changed: for each parameter of either `before`, `after`, `change`,
    the larger `mdc` of the two and `exceeds`, whether the change is more than that.

    `exceeds` is null, with a `reason`, where a value or an MDC is missing. `notes` say what makes the two differ
    beside the walk: another view, backend or frame rate.
    """
    names = list(dict.fromkeys([*before["parameters"], *after["parameters"]]))
    rows = {name: _change(before["parameters"].get(name), after["parameters"].get(name)) for name in names}
    return {
        "schema": SCHEMA,
        "kind": "gait-comparison",
        "before": _which(before),
        "after": _which(after),
        "parameters": rows,
        "exceeds": [name for name, row in rows.items() if row["exceeds"]],
        "notes": _differences(before, after),
    }


def _change(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> dict[str, Any]:
    was, now = (it["value"] if it else None for it in (one, other))
    mdcs = [it["mdc"] for it in (one, other) if it and it["mdc"] is not None]
    unit = str((one or other or {}).get("unit", ""))
    change = now - was if was is not None and now is not None else None
    mdc = max(mdcs) if len(mdcs) == 2 else None
    if change is None:
        missing, which = (one, "before") if was is None else (other, "after")
        reason = f"no value {which}: {(missing or {}).get('reason') or 'not measured'}"
    else:
        reason = None if mdc is not None else "no MDC is known: too few steps"
    exceeds = None if change is None or mdc is None else abs(change) > mdc
    return {
        "before": was,
        "after": now,
        "change": rounded(change),
        "mdc": mdc,
        "unit": unit,
        "exceeds": exceeds,
        "reason": reason,
    }


def _which(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found.get(name) for name in ("source", "at", "view", "backend", "fps", "partial")}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    notes = []
    for key, words in (("view", "seen from another side"), ("backend", "measured by another model")):
        if before.get(key) != after.get(key):
            notes.append(
                f"The two were {words}: {before.get(key)} and {after.get(key)}; a change may come from that."
            )
    rates = [float(found.get("fps") or 0) for found in (before, after)]
    if min(rates) > 0 and max(rates) / min(rates) > 1.2:
        notes.append(f"The frame rates differ: {rates[0]:.3g} and {rates[1]:.3g} a second.")
    notes += [
        f"{which} is partial: {it['partial']}"
        for which, it in (("Before", before), ("After", after))
        if it.get("partial")
    ]
    return notes
