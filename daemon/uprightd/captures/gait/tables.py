"""series.csv and events.csv: what a spreadsheet or a statistics program reads."""

from __future__ import annotations

import csv
import io

import numpy as np

from uprightd.gait.model import Analysis

SERIES = "series.csv"
EVENTS = "events.csv"
STEPS = "steps.csv"


def series_csv(analysis: Analysis) -> bytes:
    """Given an analysis, return a row for each frame: time, each series filtered and as measured (`_raw`), whether the
    legs were exchanged, and the points of the repaired track in pixels (`_x`, `_y`). Unknown is an empty cell."""
    columns: dict[str, np.ndarray] = {"time_s": analysis.track.times}
    for name, series in analysis.series.items():
        column = f"{name}_{_unit(series.unit)}" if series.unit else name
        columns[column] = series.filtered
        columns[f"{column}_raw"] = series.raw
    for name, points in analysis.track.points.items():
        for axis, letter in enumerate("xy"):
            columns.setdefault(f"{name}_{letter}_px", points[:, axis])
    rows = np.column_stack(list(columns.values()))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["frame", *columns, "legs_exchanged"])
    for number, (row, swapped) in enumerate(zip(rows.tolist(), analysis.swapped.tolist(), strict=True)):
        writer.writerow([number, *("" if cell != cell else f"{cell:.5g}" for cell in row), int(swapped)])
    return out.getvalue().encode()


def events_csv(analysis: Analysis) -> bytes:
    """Given an analysis, return a row for each event: t in seconds from the first frame, side, kind, confidence."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["t_s", "side", "kind", "confidence"])
    for event in analysis.events:
        writer.writerow([f"{event.t:.4f}", event.side.value, event.kind.value, f"{event.confidence:.3f}"])
    return out.getvalue().encode()


def steps_csv(analysis: Analysis) -> bytes:
    """Given an analysis, return a row for each step; unknown is an empty cell."""
    names = (
        "strike",
        "step_time",
        "stride_time",
        "stance_time",
        "swing_time",
        "double_support_time",
        "step_length",
        "stride_length",
        "speed",
    )
    units = {"step_length": "m", "stride_length": "m", "speed": "m_per_s"}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["number", "side", *(f"{name}_{units.get(name, 's')}" for name in names), "confidence"])
    for step in analysis.steps:
        cells = (getattr(step, name) for name in names)
        writer.writerow(
            [
                step.number,
                step.side.value,
                *("" if cell is None else f"{cell:.4f}" for cell in cells),
                f"{step.confidence:.3f}",
            ]
        )
    return out.getvalue().encode()


def _unit(unit: str) -> str:
    return unit.replace("/", "_per_").replace("%", "percent").replace(" ", "_")
