"""The evidence: what all clips together say about each metric in each view, and the file from which it is read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from uprightd.domain import backend_family
from uprightd.errors import CannotCreateError, DataError
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import family, seen_as
from uprightd.metrics.model import Metric
from uprightd.service.accuracy.series import Series
from uprightd.service.accuracy.statistics import FEWEST, Pair, correlation, root_mean_square, rounded
from uprightd.whole_file import write_whole

Table = dict[str, Any]


def evidence_of(measured: Iterable[Series]) -> Table:
    """Given what was measured, return the evidence by backend, view family and metric.

    rms is pooled over all frames of all series; correlation is the lowest of any series whose truth moved, median_error
    the largest of any, a handful of frames apart: there the view was mistaken for a moment.
    """
    measured = list(measured)
    pooled: dict[tuple[str, str, str], list[list[Pair]]] = defaultdict(list)
    for series in measured:
        for metric in series.tells:
            for (view, name), pairs in _by_family(series, metric).items():
                pooled[backend_family(series.backend), view, name].append(pairs)
    backends: Table = {}
    order = list(METRICS)
    for (backend, view, metric), found in sorted(
        pooled.items(), key=lambda it: (*it[0][:2], order.index(it[0][2]))
    ):
        backends.setdefault(backend, {}).setdefault(view, {})[metric] = _entry(METRICS[metric], found)
    names = ", ".join(series.variant.name for series in measured)
    return {"generated_by": f"uprightd bench accuracy, on {names}", "backends": backends}


def _by_family(series: Series, metric: str) -> dict[tuple[str, str], list[Pair]]:
    """A metric's pairs by the view, and the name under which that view keeps it."""
    found: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for frame, look in enumerate(series.looks[metric]):
        if look.counts:
            found[family(look.view), seen_as(metric, look.view)].append(Pair(frame, look.value, look.truth))
    return found


def _entry(metric: Metric, found: Sequence[Sequence[Pair]]) -> Table:
    every = [pair for pairs in found for pair in pairs]
    long = [pairs for pairs in found if len(pairs) >= FEWEST] or [every]
    moved = [r for r in (correlation(pairs, metric.unit) for pairs in long) if r is not None]
    return rounded(
        {
            "rms": root_mean_square([pair.error for pair in every]),
            "correlation": min(moved, default=None),
            "median_error": max(median(abs(pair.error) for pair in pairs) for pairs in long),
            "n": len(every),
            "degrees": metric.unit == "°",
        }
    )


def read_others(path: Path) -> Table:
    """Given the file to write evidence to, return the backends that it already tells of; none when it is not there.

    Raise DataError when it is something else, so that nothing of value is overwritten; CannotCreateError when it
    cannot be made there. A run is long: better to hear it before.
    """
    if not path.parent.is_dir():
        raise CannotCreateError(f"{path}: there is no folder {path.parent}", "Choose a folder that exists.")
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CannotCreateError(f"{path}: {error.strerror}", "Choose another name.") from error
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict) or not isinstance(table.get("backends"), dict):
        raise DataError(
            f"{path}: is there already, and no evidence of `bench accuracy`",
            "Choose another name, or remove it.",
        )
    return table["backends"]


def write_evidence(path: Path, evidence: Table, others: Table) -> None:
    """Given evidence and that of other backends to keep, write both to a file, whole or not at all.

    Raise CannotCreateError or WriteError when it cannot be written; what was there before stays.
    """
    merged = {**evidence, "backends": {**others, **evidence["backends"]}}
    write_whole(path, _text(merged).encode())


def _text(evidence: Table) -> str:
    """JSON with one line for each metric, so that a change of one is a change of one line."""
    views = [
        f"{json.dumps(backend)}: {{\n"
        + ",\n".join(
            f"  {json.dumps(view)}: {{\n"
            + ",\n".join(f"   {json.dumps(name)}: {json.dumps(entry)}" for name, entry in metrics.items())
            + "\n  }"
            for view, metrics in views.items()
        )
        + "\n }"
        for backend, views in evidence["backends"].items()
    ]
    head = json.dumps(evidence["generated_by"])
    return f'{{\n"generated_by": {head},\n"backends": {{\n {", ".join(views)}\n}}\n}}\n'
