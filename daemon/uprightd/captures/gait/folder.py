"""Everything a walk leaves in its folder, but the annotated video."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uprightd.captures.gait.document import DOCUMENT
from uprightd.captures.gait.opensim import ANGLES, MARKERS, angles_mot, markers_trc
from uprightd.captures.gait.plots import CYCLES, OVER_TIME, cycles, over_time, standing_alone
from uprightd.captures.gait.report import REPORT, Picture, page
from uprightd.captures.gait.tables import EVENTS, SERIES, STEPS, events_csv, series_csv, steps_csv
from uprightd.gait.model import Analysis


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: its heading in the report, the name of its file, and itself as SVG."""

    heading: str
    name: str
    svg: str


def drawn(analysis: Analysis | None) -> list[Plot]:
    """Given the analysis, return its plots; those with nothing to show are left out."""
    if analysis is None:
        return []
    wanted = (
        ("The walk over time", OVER_TIME, over_time(analysis)),
        ("The stride, left against right", CYCLES, cycles(analysis)),
    )
    return [Plot(heading, name, svg) for heading, name, svg in wanted if svg]


def write_all(
    folder: Path,
    found: Mapping[str, Any],
    analysis: Analysis | None,
    plots: Sequence[Plot],
    pictures: Sequence[Picture],
) -> None:
    """Given a folder, the content of gait.json, the analysis (None where there is none), its plots and pictures of the
    strikes, write all files there. The folder is one in the making: raise OSError."""
    for name, data in _tables(analysis) if analysis else ():
        if data is not None:
            (folder / name).write_bytes(data)
    for plot in plots:
        (folder / plot.name).write_bytes(standing_alone(plot.svg))
    (folder / REPORT).write_bytes(page(found, [(plot.heading, plot.svg) for plot in plots], pictures))
    (folder / DOCUMENT).write_bytes(to_bytes(found))


def to_bytes(found: Mapping[str, Any]) -> bytes:
    """Given the content of gait.json, return the file. Raise ValueError for what is no JSON (NaN among it)."""
    return (json.dumps(found, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def _tables(analysis: Analysis) -> Iterator[tuple[str, bytes | None]]:
    yield SERIES, series_csv(analysis)
    yield EVENTS, events_csv(analysis)
    yield STEPS, steps_csv(analysis)
    yield MARKERS, markers_trc(analysis)
    yield ANGLES, angles_mot(analysis)
