"""The whole suite: every clip of a folder and its variants, and the figures per clip and metric."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from uprightd.config.schema import Config
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.model import Metric
from uprightd.metrics.reading import Terms
from uprightd.paths import Paths
from uprightd.service.accuracy.clips import read_clips
from uprightd.service.accuracy.pooling import evidence_of
from uprightd.service.accuracy.series import Series, Tell, measure_series
from uprightd.service.accuracy.statistics import Pair, agreement, rounded, stretch
from uprightd.service.accuracy.variants import variants
from uprightd.service.backends import choose_backend, load_backend

QUIET = {"OPENCV_LOG_LEVEL": "ERROR", "OPENCV_FFMPEG_LOGLEVEL": "-8"}
"""What is wrong with a video we say ourselves; these libraries would say it too, in their own words."""


def measure_accuracy(
    folder: Path, backend: str, paths: Paths, tell: Tell, all_variants: bool = True
) -> list[Series]:
    """Given a folder of clips, a backend's name, and where its weights lie, measure every clip; `tell` hears how far
    it is.

    Raise DataError when a clip or its truth is not what it should be, before anything is measured; UnavailableError
    when the backend cannot be loaded.
    """
    os.environ.update(QUIET)
    clips = read_clips(folder)
    config = Config.model_validate({"pose": {"backend": backend}})
    chosen, terms = choose_backend(config, paths), Terms(min_score=config.pose.min_score)
    measured = []
    for variant in (variant for clip in clips for variant in variants(clip, all_variants)):
        estimator = load_backend(
            chosen, config, tracking=True
        )  # anew each time: it remembers what it tracked
        try:
            measured.append(measure_series(variant, estimator, terms, tell))
        finally:
            estimator.close()
    return measured


def figures(measured: Iterable[Series], withheld: bool) -> dict[str, Any]:
    """Given what was measured, return it for a program: of each clip the metrics that are offered, of a turned one
    those that the turn moves. With `withheld`, all."""
    measured = list(measured)
    return {
        "backend": measured[0].backend,
        "clips": {series.variant.name: _of_clip(series, withheld) for series in measured},
        "evidence": evidence_of(measured),
    }


def _of_clip(series: Series, withheld: bool) -> dict[str, Any]:
    clip = series.variant.clip
    found = [seen for seen, there in zip(series.detected, series.in_sight, strict=True) if there]
    metrics = {name: _of_metric(metric, series) for name, metric in METRICS.items()}
    shown = {name for name in METRICS if withheld or (metrics[name]["offered"] and name in series.tells)}
    return {
        "backend": series.backend,
        "fps": clip.fps,
        "size": list(clip.lens.size),
        "frames": len(clip.times),
        "in_sight": len(found),
        "detection": rounded(sum(found) / len(found)) if found else None,
        "calibrated": series.upright > 0,
        "views": dict(
            Counter(view.value for view, seen in zip(series.views, series.detected, strict=True) if seen)
        ),
        "metrics": {name: entry for name, entry in metrics.items() if name in shown},
    }


def _of_metric(metric: Metric, series: Series) -> dict[str, Any]:
    """The figures of the frames in which the metric is offered; where it never is, of those where it is withheld."""
    looks = series.looks[metric.name]
    offered = any(look.offered and look.counts for look in looks)
    pairs = [
        Pair(frame, look.value, look.truth)
        for frame, look in enumerate(looks)
        if look.counts and look.offered is offered
    ]
    reasons = Counter(look.reason.value for look in looks if look.reason)
    entry: dict[str, Any] = {"offered": offered, "unit": metric.unit, "n": len(pairs)}
    if pairs:
        entry |= asdict(agreement(pairs, series.upright, metric.unit))
        parts = {name: stretch(pairs, series.upright, frames) for name, frames in series.postures.items()}
        if any(parts.values()):
            entry["postures"] = {name: asdict(part) for name, part in parts.items() if part}
    return rounded({**entry, "reasons": dict(reasons)})
