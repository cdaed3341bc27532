"""The plots: the walk over time with its events, and the gait cycle left against right.

matplotlib draws them, as SVG whose colours are the page's own: a plot is light on a light page and dark on a dark one,
inside the report and as a file of its own. This is the only module that imports matplotlib.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from uprightd.captures.gait.stances import floor_times
from uprightd.gait.model import Analysis, Event, EventKind, Side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OVER_TIME = "series.svg"
CYCLES = "cycles.svg"
INK, FAINT, GRID = "#1b1f24", "#6b7480", "#d8dde3"
LEFT, RIGHT, BOTH = "#1f77d0", "#2a9d5c", "#7a5bd0"
PALETTE = {
    INK: ("--ink", "#e8ecf1"),
    FAINT: ("--faint", "#98a2ae"),
    GRID: ("--grid", "#333b45"),
    LEFT: ("--left", "#5aa9f5"),
    RIGHT: ("--right", "#5fce8f"),
    BOTH: ("--both", "#b49cf5"),
}
"""Each colour, the name the page knows it by, and what it is in the dark."""
COLOURS = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}
WIDE = 9.0
"""Inches."""
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titley": 1.03,  # without it matplotlib lays out every tick once more to find a place
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}
PREFERRED = (
    ("knee_angle", "knee flexion, °"),
    ("hip_angle", "hip flexion, °"),
    ("trunk_lean", "trunk lean, °"),
    ("stride_asymmetry", "left ankle below the right one, % of the picture"),
    ("head_x", "head beside the hips, % of the picture"),
)
"""Series worth a panel, by name without the side, and their titles; the first PANELS that are there are shown."""
PANELS = 4


class Curve(NamedTuple):
    """A line of a panel: whose, as measured and filtered."""

    side: Side | None
    raw: np.ndarray
    filtered: np.ndarray


def over_time(analysis: Analysis) -> str | None:
    """Given an analysis, return the plot of its series over time with the events, as SVG; None with nothing to show."""
    panels = _panels(analysis)
    if not panels:
        return None
    figure = _figure(len(panels) * 1.25 + 0.95, hspace=0.42)
    shares = [0.35, *[1.0] * len(panels)]
    axes: Sequence[Axes] = figure.subplots(
        len(panels) + 1, 1, sharex=True, gridspec_kw={"height_ratios": shares}
    )
    span = (float(analysis.track.times[0]), float(analysis.track.times[-1]))
    _phases(axes[0], analysis.events, span)
    for axis, (title, curves) in zip(axes[1:], panels.items(), strict=True):
        _panel(axis, analysis, title, curves)
    axes[-1].set_xlabel("seconds from the first frame", color=FAINT)
    axes[-1].set_xlim(*_shown(analysis))
    return _svg(figure, "over-time")


def cycles(analysis: Analysis) -> str | None:
    """Given an analysis, return the plot of its strides laid over each other, left against right with mean ± SD, as
    SVG; None without any."""
    joints = list(dict.fromkeys(name for cycle in analysis.cycles for name in cycle.curves))
    joints = sorted((name for name in joints if name in JOINTS), key=list(JOINTS).index)
    if not joints:
        return None
    figure = _figure(2.6, wspace=0.16)
    axes = np.atleast_1d(figure.subplots(1, len(joints), sharex=True))
    percent = np.arange(101)
    for axis, joint in zip(axes, joints, strict=True):
        for side in Side:
            own = [cycle for cycle in analysis.cycles if cycle.side is side and joint in cycle.curves]
            _mean_and_spread(axis, percent, [cycle.curves[joint] for cycle in own], side)
            _foot_off(axis, own, side)
        axis.set_title(JOINTS[joint])
        axis.grid(True, axis="y")
        axis.set_xlim(0, 100)
        axis.set_xticks([0, 25, 50, 75, 100])
        axis.tick_params(length=0)
    axes[0].set_ylabel("degrees", color=FAINT)
    axes[len(axes) // 2].set_xlabel("% of the stride, from strike to strike; dotted: toe-off", color=FAINT)
    axes[-1].legend(frameon=False, fontsize=8, loc="best")
    return _svg(figure, "cycles")


JOINTS = {"hip_angle": "Hip flexion", "knee_angle": "Knee flexion", "ankle_angle": "Ankle dorsiflexion"}


def warm_up() -> None:
    """Load matplotlib, which takes a third of a second: in a thread, while the pose model works."""
    import matplotlib.figure  # noqa: F401


def _figure(tall: float, **spaces: float) -> Figure:
    """Return an empty figure of this height in inches. Its margins are fixed: letting matplotlib find them would draw
    everything twice."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(SETTINGS)
    figure = Figure(figsize=(WIDE, tall))
    figure.subplots_adjust(left=0.065, right=0.98, top=1 - 0.28 / tall, bottom=0.46 / tall, **spaces)
    return figure


def _panels(analysis: Analysis) -> dict[str, list[Curve]]:
    """Return the curves of each panel by its title."""
    found = {title: curves for title, curves in [_feet(analysis)] if curves}
    for base, title in PREFERRED:
        share = 100.0 if title.endswith("% of the picture") else 1.0
        curves = [
            Curve(side, analysis.series[name].raw * share, analysis.series[name].filtered * share)
            for side, name in ((Side.LEFT, f"left_{base}"), (Side.RIGHT, f"right_{base}"), (None, base))
            if name in analysis.series and np.isfinite(analysis.series[name].filtered).any()
        ]
        if curves:
            found[title] = curves
    return dict(list(found.items())[:PANELS])


def _feet(analysis: Analysis) -> tuple[str, list[Curve]]:
    """How far each heel is ahead of the hips: what strikes and toe-offs are read from, seen from the side."""
    if not analysis.direction:
        return "", []
    metres = analysis.scale.metres_per_pixel if analysis.scale else None
    factor = analysis.direction * (100 * metres if metres else 1.0)
    curves = []
    for side in Side:
        ahead = [
            (
                track.points[f"{side}_heel"][:, 0]
                - (track.points["left_hip"] + track.points["right_hip"])[:, 0] / 2
            )
            * factor
            for track in (analysis.raw, analysis.track)
            if {f"{side}_heel", "left_hip", "right_hip"} <= track.points.keys()
        ]
        if len(ahead) == 2:
            curves.append(Curve(side, *ahead))
    return f"heel ahead of the hips, {'cm' if metres else 'px'}", curves


def _shown(analysis: Analysis) -> tuple[float, float]:
    """The stretch in which somebody is seen."""
    times = analysis.track.times[analysis.track.detected]
    return (float(times[0]), float(times[-1])) if len(times) > 1 else (0.0, 1.0)


def _phases(axis: Axes, events: Sequence[Event], span: tuple[float, float]) -> None:
    for row, side in enumerate((Side.RIGHT, Side.LEFT)):
        bars = [(begin, end - begin) for begin, end in floor_times(events, side, span)]
        axis.broken_barh(bars, (row + 0.18, 0.64), color=COLOURS[side])
    axis.set_yticks([0.5, 1.5], ["right", "left"])
    axis.set_ylim(0, 2)
    seen = any(event.kind is EventKind.OFF for event in events)
    axis.set_title("foot on the floor" if seen else "foot strikes")
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def _panel(axis: Axes, analysis: Analysis, title: str, curves: Sequence[Curve]) -> None:
    times = analysis.track.times
    for side, raw, filtered in curves:
        colour = COLOURS[side] if side else BOTH
        axis.plot(times, raw, color=colour, linewidth=0.7, alpha=0.35)
        axis.plot(times, filtered, color=colour)
        if side:
            _marks(axis, analysis.events, side, times, filtered)
    if len(curves) == 1:
        for event in analysis.events:
            if event.kind is EventKind.STRIKE:
                axis.axvline(event.t, color=COLOURS[event.side], linewidth=0.7, alpha=0.6)
    known = np.concatenate([curve.filtered[np.isfinite(curve.filtered)] for curve in curves])
    low, high = float(known.min()), float(known.max())
    room = 0.12 * max(high - low, 1e-3)
    axis.set_ylim(low - room, high + room)
    axis.set_title(title)
    axis.grid(True, axis="y")
    axis.tick_params(length=0)


def _marks(axis: Axes, events: Sequence[Event], side: Side, times: np.ndarray, values: np.ndarray) -> None:
    for kind, mark in ((EventKind.STRIKE, "v"), (EventKind.OFF, "^")):
        at = [event.t for event in events if event.side is side and event.kind is kind]
        if at:
            hollow = "none" if kind is EventKind.OFF else COLOURS[side]
            axis.plot(
                at,
                np.interp(at, times, values),
                mark,
                color=COLOURS[side],
                markersize=5,
                markerfacecolor=hollow,
            )


def _mean_and_spread(axis: Axes, percent: np.ndarray, curves: list[np.ndarray], side: Side) -> None:
    if not curves:
        return
    table = np.stack(curves)
    for curve in table:
        axis.plot(percent, curve, color=COLOURS[side], linewidth=0.6, alpha=0.35)
    mean = table.mean(axis=0)
    axis.plot(percent, mean, color=COLOURS[side], label=f"{side.value} (n = {len(table)})")
    if len(table) > 1:
        spread = table.std(axis=0, ddof=1)
        axis.fill_between(percent, mean - spread, mean + spread, color=COLOURS[side], alpha=0.16, linewidth=0)


def _foot_off(axis: Axes, own: Sequence[Any], side: Side) -> None:
    shares = [100 * (it.toe_off - it.start) / (it.end - it.start) for it in own if it.toe_off is not None]
    if shares:
        axis.axvline(float(np.mean(shares)), color=COLOURS[side], linewidth=0.9, linestyle=":")


def _svg(figure: Figure, name: str) -> str:
    """Return the figure as SVG with the page's colours; ids are prefixed, as two plots may share a page."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(
            out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for colour, (variable, _) in PALETTE.items():
        text = text.replace(colour, f"var({variable}, {colour})")
    text = re.sub(r'<svg [^>]*?height="([\d.]+)pt"', _scalable, text, count=1)
    return text.replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans'")


def _scalable(found: re.Match[str]) -> str:
    return re.sub(r' height="[\d.]+pt"', "", found[0]) + ' role="img"'


def standing_alone(svg: str) -> bytes:
    """Given a plot, return it as a file of its own, which follows the viewer's light or dark."""
    light = "".join(f"{variable}:{colour};" for colour, (variable, _) in PALETTE.items())
    dark = "".join(f"{variable}:{colour};" for variable, colour in PALETTE.values())
    style = (
        f"<style>svg{{{light}background:#fff}}"
        f"@media (prefers-color-scheme:dark){{svg{{{dark}background:#14181d}}}}</style>"
    )
    at = svg.index(">") + 1
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + svg[:at] + style + svg[at:]).encode()
