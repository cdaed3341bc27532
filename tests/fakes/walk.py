"""A walk whose analysis is made up from a clip's truth: what is done with an analysis is tried without doing one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from uprightd.domain import View
from uprightd.gait.model import (
    Agreement,
    Analysis,
    Cycle,
    Event,
    EventKind,
    KnownDistance,
    Parameter,
    Scale,
    Series,
    Side,
    Step,
    Track,
)

CLIP = Path(__file__).parents[1] / "clips" / "walk_side_m.json"
LEAVES = 5.9


def true_track(path: Path = CLIP) -> Track:
    """The joints of a clip as a pose model would see them if it were never wrong."""
    truth = json.loads(path.read_text(encoding="utf-8"))
    names = [name.replace("foot_index", "big_toe") for name in truth["joints"]]
    uv = np.array([frame["uv"] for frame in truth["frames"]], float)
    times = np.array([frame["t"] for frame in truth["frames"]]) - truth["frames"][0]["t"]
    outside = (uv[..., 0] < 0) | (uv[..., 0] >= truth["size"][0])
    uv[outside] = np.nan
    score = np.where(np.isfinite(uv[..., :1]), 1.0, np.nan)
    points = {name: np.concatenate([uv[:, i], score[:, i]], axis=1) for i, name in enumerate(names)}
    return Track(times, points, tuple(truth["size"]), "truth")


def true_events(path: Path = CLIP) -> tuple[Event, ...]:
    truth = json.loads(path.read_text(encoding="utf-8"))
    start = truth["frames"][0]["t"]
    found = [
        Event(it["t"] - start, Side(it["foot"]), kind, 0.9)
        for key, kind in (("heel_strikes", EventKind.STRIKE), ("toe_offs", EventKind.OFF))
        for it in truth[key]
    ]
    return tuple(sorted((it for it in found if 1 < it.t < LEAVES), key=lambda it: it.t))


def analysis_of(track: Track, events: tuple[Event, ...] | None = None, **changes: Any) -> Analysis:
    """Given a track, return an analysis of it; series are simple ones, parameters are made up."""
    events = true_events() if events is None else events
    hips = (track.points["left_hip"] + track.points["right_hip"])[:, 0] / 2
    series = {}
    for side in ("left", "right"):
        forward = -(track.points[f"{side}_heel"][:, 0] - hips)
        series[f"{side}_heel_forward"] = Series("px", forward, forward)
        knee = _angle(*(track.points[f"{side}_{part}"] for part in ("hip", "knee", "ankle")))
        series[f"{side}_knee_angle"] = Series("°", knee, knee)
    lean = np.zeros(track.count)
    series["trunk_lean"] = Series("°", lean, lean)
    strikes = [event for event in events if event.kind is EventKind.STRIKE]
    cycles = tuple(
        Cycle(one.side, one.t, two.t, None, {"knee_angle": _curve(track, one, two, series)})
        for one, two in zip(strikes, strikes[2:], strict=False)
    )
    fields: dict[str, Any] = {
        "track": track,
        "raw": track,
        "view": View.SAGITTAL_LEFT,
        "direction": -1,
        "walk": (0.5, LEAVES),
        "method": "made up",
        "swapped": np.zeros(track.count, bool),
        "outliers": np.zeros(track.count, bool),
        "series": series,
        "events": events,
        "steps": tuple(Step(i, it.side, it.t, it.confidence, step_time=0.54) for i, it in enumerate(strikes)),
        "cycles": cycles,
        "parameters": PARAMETERS,
        "scale": Scale(0.0096, 0.04, "body height 1.75 m, as given"),
        "agreement": Agreement("Zeni", "O'Connor", 8, 8, 0.002, 0.01),
        "notes": ("Seen from the side: widths are not.",),
    }
    return Analysis(**{**fields, **changes})


def made_up(
    track: Track, *, height_m: float | None = None, distance: KnownDistance | None = None
) -> Analysis:
    """Stands in for `gait.analysis.analyse`."""
    return analysis_of(track)


def _parameter(
    name: str, value: float | None, unit: str, sd: float | None = None, reason: str | None = None
) -> Parameter:
    mdc = None if sd is None else 2 * sd
    return Parameter(name, value, sd, mdc, sd, unit, reason, 0 if value is None else 6)


PARAMETERS = {
    it.name: it
    for it in (
        _parameter("cadence", 111.1, "steps/min", 1.2),
        _parameter("stride_time", 1.08, "s", 0.012),
        _parameter("step_time_left", 0.541, "s", 0.01),
        _parameter("step_time_right", 0.539, "s", 0.011),
        _parameter("stride_length", 1.26, "m", 0.02),
        _parameter("speed", 1.167, "m/s", 0.02),
        _parameter("stance_left", 0.67, "s", 0.01),
        _parameter("stance_right", 0.68, "s", 0.01),
        _parameter("step_width", None, "m", reason="not seen from the side"),
    )
}


def _angle(hip: np.ndarray, knee: np.ndarray, ankle: np.ndarray) -> np.ndarray:
    one, two = (hip - knee)[:, :2], (ankle - knee)[:, :2]
    cosine = (one * two).sum(axis=1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1))
    return 180 - np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def _curve(track: Track, one: Event, two: Event, series: dict[str, Series]) -> np.ndarray:
    at = np.linspace(one.t, two.t, 101)
    return np.interp(at, track.times, series[f"{one.side.value}_knee_angle"].filtered)
