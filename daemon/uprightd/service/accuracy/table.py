"""The figures as text: for a person at a terminal, and as Markdown for the docs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Measured, measured_of, offered, view_of
from uprightd.metrics.model import Metric
from uprightd.service.accuracy.postures import FLEXED, LEANED

DASH = "–"
SHOWN = (FLEXED, LEANED)
WORDS = (
    "Value minus truth: bias is its mean, rms its size, change that of the changes from upright. r: correlation, where",
    "the truth moved. flexed, leaned: change from upright, measured of true, with the neck bent or the trunk leaning.",
    "* is not offered: it does not follow the truth in that view.",
)
_PLACES = {"°": 1, "cm": 1}


def text(figures: Mapping[str, Any]) -> str:
    """Given the figures of a run, return them as a table for each clip."""
    lines = [f"Measured with {figures['backend']}."]
    for name, clip in figures["clips"].items():
        width, height = clip["size"]
        seen = DASH if clip["detection"] is None else f"{clip['detection']:.0%}"
        views = ", ".join(f"{view} {count}" for view, count in clip["views"].items())
        lines += [
            "",
            f"{name}: {width} × {height}, {clip['frames']} frames at {clip['fps']:g} per second"
            + ("" if clip["calibrated"] else ", never upright and still: nothing calibrated"),
            f"  found in {seen} of the {clip['in_sight']} frames in which somebody is in sight; view: {views}",
            f"    {'':26}{'n':>5}{'bias':>10}{'rms':>10}{'change':>10}{'r':>9}"
            + ("".join(f"{posture:>23}" for posture in SHOWN) if clip["calibrated"] else ""),
        ]
        lines += [_row(name, entry) for name, entry in clip["metrics"].items() if entry["n"]]
    return "\n".join([*lines, "", *WORDS])


def _row(name: str, entry: Mapping[str, Any]) -> str:
    metric, mark = METRICS[name], " " if entry["offered"] else "*"
    numbers = "".join(f"{_number(entry[key], metric):>10}" for key in ("bias", "rms", "change_rms"))
    ends = "".join(f"{_ends(entry.get('postures', {}).get(posture), metric):>23}" for posture in SHOWN)
    r = _correlation(entry["correlation"])
    return f"  {mark} {name:<26}{entry['n']:>5}{numbers}{r:>9}{ends}".rstrip()


def _ends(part: Mapping[str, Any] | None, metric: Metric) -> str:
    return f"{_number(part['measured'], metric)} of {_number(part['truth'], metric)}" if part else ""


def markdown(evidence: Mapping[str, Any]) -> str:
    """Given the evidence, return it as a Markdown table: a row for each metric, view and backend."""
    lines = [
        "| metric | view | error (rms) | worst median error | lowest correlation | frames | backend | offered |",
        "|---|---|--:|--:|--:|--:|---|---|",
    ]
    measured = measured_of(evidence)
    for name, metric in METRICS.items():
        for backend, views in evidence["backends"].items():
            for view, metrics in views.items():
                if name in metrics:
                    lines.append(_markdown_row(metric, view, backend, metrics[name], measured))
    return "\n".join(lines) + "\n"


def _markdown_row(
    metric: Metric, view: str, backend: str, entry: Mapping[str, Any], measured: Measured
) -> str:
    cells = (
        f"`{metric.name}`",
        view,
        _number(entry["rms"], metric),
        _number(entry["median_error"], metric),
        _correlation(entry["correlation"]),
        str(entry["n"]),
        backend,
        "yes" if offered(backend, view_of(view), metric, measured) else "no",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float, metric: Metric) -> str:
    if metric.unit not in _PLACES:
        return f"{value:.3f}"
    suffix = "°" if metric.unit == "°" else " cm"
    return f"{value:.{_PLACES[metric.unit]}f}{suffix}"


def _correlation(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"
