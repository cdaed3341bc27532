"""gait.json: everything that was found in a walk, as plain data with a versioned schema."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from uprightd import __version__
from uprightd.captures.gait.rates import rate_of
from uprightd.gait.model import Analysis, Parameter, Track
from uprightd.gait.screening import Screen, screen

SCHEMA = 1
DOCUMENT = "gait.json"


@dataclass(frozen=True, slots=True)
class Film:
    """How a walk was watched: from where, when (ISO 8601 with offset), by which model, and what went wrong.

    duration: seconds from the first frame to the last. cut_off: what the file promised beyond its end, in seconds;
    0 where it is whole. broken: frames that could not be decoded. people: the most that were seen at once.
    """

    source: str
    at: str
    backend: str
    subject: str
    duration: float
    frames: int
    fps_asked: float | None = None
    cut_off: float = 0.0
    broken: int = 0
    people: int = 1
    live: bool = False
    height_m: float | None = None
    notes: tuple[str, ...] = field(default=())


def document(
    film: Film, track: Track, analysis: Analysis | None, problem: str | None, rules: Screen | None = None
) -> dict[str, Any]:
    """Given how it was watched, what was seen, its analysis (None where there is none), why there is no whole result
    (None where there is) and the screen that was asked for, return the content of gait.json for `json.dumps`.

    Times are seconds from the first frame. A parameter without a value has `value` null and a `reason`.
    """
    return {
        "schema": SCHEMA,
        "kind": "gait",
        "uprightd": __version__,
        "source": film.source,
        "at": film.at,
        "backend": film.backend,
        "size": list(track.size),
        "fps": rounded(rate_of(track.times), 3),
        "duration": rounded(film.duration, 3),
        "frames": film.frames,
        "frames_with_walker": int(track.detected.sum()),
        "subject": film.subject,
        "people": film.people,
        "partial": problem or (analysis.partial if analysis else None),
        "cut_off": rounded(film.cut_off, 3),
        "frames_broken": film.broken,
        **(_found(analysis) if analysis else _NOTHING),
        "notes": [*film.notes, *(analysis.notes if analysis else ())],
        "screen": _screened(rules, analysis) if rules and analysis else None,
        "disclaimer": "Measurements, never a diagnosis.",
    }


_NOTHING: dict[str, Any] = {
    "view": None,
    "direction": 0,
    "walk": None,
    "method": None,
    "agreement": None,
    "scale": None,
    "events": [],
    "steps": [],
    "parameters": {},
    "legs_exchanged": [],
    "outliers": [],
}


def _found(analysis: Analysis) -> dict[str, Any]:
    return {
        "view": analysis.view.value,
        "direction": analysis.direction,
        "walk": [rounded(t, 3) for t in analysis.walk],
        "method": analysis.method,
        "agreement": plain(asdict(analysis.agreement)) if analysis.agreement else None,
        "scale": plain(asdict(analysis.scale), 6) if analysis.scale else None,
        "events": [
            {
                "t": rounded(it.t),
                "side": it.side.value,
                "kind": it.kind.value,
                "confidence": rounded(it.confidence, 3),
            }
            for it in analysis.events
        ],
        "steps": [plain(asdict(step)) for step in analysis.steps],
        "parameters": {name: _parameter(it) for name, it in analysis.parameters.items()},
        "legs_exchanged": np.flatnonzero(analysis.swapped).tolist(),
        "outliers": np.flatnonzero(analysis.outliers).tolist(),
    }


def _parameter(it: Parameter) -> dict[str, Any]:
    return {
        "value": rounded(it.value),
        "sd": rounded(it.sd),
        "mdc": rounded(it.mdc),
        "error": rounded(it.error),
        "unit": it.unit,
        "count": it.count,
        "reason": it.reason,
    }


def _screened(rules: Screen, analysis: Analysis) -> dict[str, Any]:
    return {
        "name": rules.name,
        "description": rules.description,
        "note": rules.note,
        "findings": [
            {
                "id": it.check.id,
                "parameter": it.check.parameter,
                "verdict": it.verdict.value,
                "value": rounded(it.value),
                "error": rounded(it.error),
                "operator": ">" if it.check.above else "<",
                "threshold": it.check.threshold,
                "words": it.words,
                "source": it.check.source,
            }
            for it in screen(rules, analysis.parameters, analysis.view)
        ],
    }


def plain(fields: Mapping[str, Any], digits: int = 4) -> dict[str, Any]:
    """Given fields, return them with numbers rounded, enumerations as text and what is not finite as None."""
    return {
        name: rounded(value, digits) if isinstance(value, float) else value for name, value in fields.items()
    }


def rounded(number: float | None, digits: int = 4) -> float | None:
    """Given a number, return it rounded; None for None and for what is not finite, which is no JSON."""
    return None if number is None or not math.isfinite(number) else round(float(number), digits)
