"""Files for OpenSim: markers (.trc) and joint angles (.mot), in the plane of walking.

The axes are OpenSim's: X forward, Y up, Z to the subject's right. One camera does not see depth, so Z is 0 throughout;
models that need it must lock their sideways coordinates. The floor (Y = 0) is the lowest heel or toe, X = 0 where the
middle of the hips is first seen.
"""

from __future__ import annotations

import numpy as np

from uprightd.captures.gait.rates import rate_of
from uprightd.gait.model import Analysis, Side

MARKERS = "markers.trc"
ANGLES = "angles.mot"
LONGEST_GAP = 1.5
"""Frames' worth of time beyond which a resampled value is left out rather than drawn across a gap."""

_SIDES = ((Side.RIGHT, "r"), (Side.LEFT, "l"))
_NAMES = {
    "shoulder": "Shoulder",
    "elbow": "Elbow",
    "wrist": "Wrist",
    "hip": "Hip",
    "knee": "Knee",
    "ankle": "Ankle",
    "heel": "Heel",
    "big_toe": "BigToe",
    "small_toe": "SmallToe",
}
COORDINATES = {"hip_angle": "hip_flexion", "knee_angle": "knee_angle", "ankle_angle": "ankle_angle"}
"""Our joint angles and OpenSim's coordinates. Flexion and dorsiflexion are positive, as in Rajagopal's model (2016);
in gait2392 the knee has the other sign."""


def markers_trc(analysis: Analysis, name: str = MARKERS) -> bytes | None:
    """Given an analysis, return its markers in metres as a .trc file; None where no scale is known."""
    if analysis.scale is None or not analysis.direction:
        return None
    times, rate = _uniform(analysis.track.times)
    points = {
        f"{'R' if side is Side.RIGHT else 'L'}{label}": analysis.track.points[f"{side.value}_{part}"]
        for side, _ in _SIDES
        for part, label in _NAMES.items()
        if f"{side.value}_{part}" in analysis.track.points
    }
    if "nose" in analysis.track.points:
        points["Nose"] = analysis.track.points["nose"]
    x0, floor = _origin(analysis)
    metres, forward = analysis.scale.metres_per_pixel, float(analysis.direction)
    places = {
        label: np.column_stack(
            [
                _resampled(times, analysis.track.times, (array[:, 0] - x0) * forward * metres),
                _resampled(times, analysis.track.times, (floor - array[:, 1]) * metres),
                np.zeros(len(times)),
            ]
        )
        for label, array in points.items()
    }
    seen = np.flatnonzero(np.any([np.isfinite(place[:, 0]) for place in places.values()], axis=0))
    if not len(seen):
        return None
    times, places = times[seen[0] : seen[-1] + 1], {k: v[seen[0] : seen[-1] + 1] for k, v in places.items()}
    count = len(times)
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate:.2f}\t{rate:.2f}\t{count}\t{len(places)}\tm\t{rate:.2f}\t1\t{count}",
        "\t".join(["Frame#", "Time", *(f"{label}\t\t" for label in places)]).rstrip("\t"),
        "\t".join(["", "", *(f"{axis}{number}" for number in range(1, len(places) + 1) for axis in "XYZ")]),
        "",
    ]
    for row, t in enumerate(times):
        cells = []
        for place in places.values():
            x, y, z = place[row]
            cells += [f"{x:.5f}", f"{y:.5f}", f"{z:.5f}"] if np.isfinite(x + y) else ["", "", ""]
        lines.append("\t".join([str(row + 1), f"{t:.5f}", *cells]))
    return ("\n".join(lines) + "\n").encode()


def angles_mot(analysis: Analysis, name: str = ANGLES) -> bytes | None:
    """Given an analysis, return its joint angles in degrees as a .mot file: the longest stretch in which all of them
    are known, since a motion file has no place for unknown. None where there is no angle at all."""
    times, _ = _uniform(analysis.track.times)
    columns: dict[str, np.ndarray] = {}
    for ours, coordinate in COORDINATES.items():
        for side, letter in _SIDES:
            series = analysis.series.get(f"{side.value}_{ours}")
            if series is not None and np.isfinite(series.filtered).any():
                columns[f"{coordinate}_{letter}"] = _resampled(times, analysis.track.times, series.filtered)
    if not columns:
        return None
    table = np.column_stack(list(columns.values()))
    begin, end = _longest(np.isfinite(table).all(axis=1))
    if end - begin < 2:
        return None
    lines = [
        name,
        "version=1",
        f"nRows={end - begin}",
        f"nColumns={len(columns) + 1}",
        "inDegrees=yes",
        "",
        "Units are S.I. units (second, meters, Newtons, ...)",
        "Flexion and dorsiflexion are positive. Made by uprightd from one camera.",
        "",
        "endheader",
        "\t".join(["time", *columns]),
    ]
    rows = zip(times[begin:end], table[begin:end], strict=True)
    lines += ["\t".join([f"{t:.5f}", *(f"{angle:.4f}" for angle in row)]) for t, row in rows]
    return ("\n".join(lines) + "\n").encode()


def _uniform(times: np.ndarray) -> tuple[np.ndarray, float]:
    """Return evenly spaced times over the same span and their rate: OpenSim knows one rate only."""
    rate = rate_of(times)
    if rate is None:
        return times, 30.0
    return times[0] + np.arange(int((times[-1] - times[0]) * rate + 0.01) + 1) / rate, rate


def _resampled(at: np.ndarray, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the values at other times, linearly between neighbours; NaN where a neighbour is unknown or far."""
    if len(times) < 2:
        return values
    after = np.clip(np.searchsorted(times, at - 1e-9), 1, len(times) - 1)
    near, far = times[after - 1], times[after]
    share = np.clip((at - near) / (far - near), 0.0, 1.0)
    known = values[after - 1] * (1 - share) + values[after] * share
    exact = np.abs(at - far) < 1e-9
    known = np.where(exact, values[after], known)
    known = np.where(np.abs(at - near) < 1e-9, values[after - 1], known)
    usual = float(np.median(np.diff(times)))
    return np.where((far - near <= max(LONGEST_GAP * usual, 0.12)) | exact, known, np.nan)


def _origin(analysis: Analysis) -> tuple[float, float]:
    points = analysis.track.points
    hips = (points["left_hip"][:, 0] + points["right_hip"][:, 0]) / 2
    feet = [
        points[f"{side.value}_{part}"][:, 1]
        for side, _ in _SIDES
        for part in ("heel", "big_toe", "ankle")
        if f"{side.value}_{part}" in points
    ]
    known = hips[np.isfinite(hips)]
    low = np.concatenate(feet)
    low = low[np.isfinite(low)]
    return (float(known[0]) if len(known) else 0.0), (float(np.percentile(low, 98)) if len(low) else 0.0)


def _longest(known: np.ndarray) -> tuple[int, int]:
    """Return begin and end of the longest stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    stretches = list(zip(edges[::2], edges[1::2], strict=True))
    return max(stretches, key=lambda it: it[1] - it[0], default=(0, 0))
