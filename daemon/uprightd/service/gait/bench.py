"""What a walk costs beside the pose model: `uprightd bench gait`."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uprightd.captures.gait import plots
from uprightd.config.schema import Config
from uprightd.domain import Box, Pose
from uprightd.paths import Paths, user_paths
from uprightd.pose.estimator import FindPeople, PoseEstimator
from uprightd.service.accuracy.clips import open_video
from uprightd.service.gait.footage import Shot
from uprightd.service.gait.request import Eyes, Request, open_eyes
from uprightd.service.gait.walk import measure_video


class Stopwatch:
    """Counts the time in a pose model and in its finder of people, by the wall and in all of this process's threads."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0
        self.looks = 0

    def measured(self, call: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            return call()
        finally:
            self.wall += time.perf_counter() - wall
            self.cpu += time.process_time() - cpu


class TimedEstimator:
    """A pose estimator whose time is counted, and which outlives its runs."""

    def __init__(self, inner: PoseEstimator, watch: Stopwatch) -> None:
        self._inner, self._watch = inner, watch
        self.name, self.device = inner.name, inner.device

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        self._watch.looks += len(images)
        return self._watch.measured(lambda: self._inner.estimate(images))

    def close(self) -> None: ...


class TimedFinder:
    """The same for a finder of people."""

    def __init__(self, inner: FindPeople, watch: Stopwatch) -> None:
        self._inner, self._watch = inner, watch

    def __call__(self, image: np.ndarray) -> list[Box]:
        return self._watch.measured(lambda: self._inner(image))

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of a whole run and those in the model by the wall clock, CPU seconds of the whole run, looks."""

    wall: float
    model: float
    cpu: float
    looks: int


def measure_gait(source: Path, backend: str, runs: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Given a video, a backend and how often to run, return the figures in seconds, each the least disturbed run's.

    Libraries and models are loaded before (`start_s`). `else` is all that is not in the model: following, analysis,
    tables, plots, report. By the wall clock decoding costs nothing, as it runs beside the model on another core; of the
    CPU figures it is told apart, as a file's own cost: once for the walk, a second time as part of the video's.
    """
    config = Config.model_validate({"pose": {"backend": backend}})
    began = time.perf_counter()
    eyes = open_eyes(config, user_paths())
    finder = eyes.find_people() if eyes.find_people else None
    plots.warm_up()
    start = time.perf_counter() - began
    told: dict[bool, list[Run]] = {False: [], True: []}
    try:
        tell("the model alone")
        model_cpu, decode = _model_alone(source, eyes.estimator, finder)
        for run in range(runs):
            for video in (False, True):
                tell(f"run {run + 1} of {runs}, {'with' if video else 'without'} the video")
                told[video].append(_one_run(source, eyes.estimator, finder, video))
    finally:
        tell("")
        eyes.close()
        if finder is not None:
            finder.close()
    plain, filmed = (min(told[video], key=lambda run: run.wall - run.model) for video in (False, True))
    model = min(run.model for rows in told.values() for run in rows)
    cpu = {video: min(run.cpu for run in told[video]) - model_cpu - decode for video in (False, True)}
    return {
        "source": str(source),
        "backend": eyes.estimator.name,
        "cores": os.cpu_count(),
        "runs": runs,
        "looks": plain.looks,
        "start_s": round(start, 3),
        "model_s": round(model, 3),
        "else_s": round(plain.wall - plain.model, 3),
        "else_with_video_s": round(filmed.wall - filmed.model, 3),
        "else_over_model": round((plain.wall - plain.model) / plain.model, 4),
        "else_with_video_over_model": round((filmed.wall - filmed.model) / filmed.model, 4),
        "cpu": {
            "model_s": round(model_cpu, 3),
            "decode_s": round(decode, 3),
            "else_s": round(cpu[False], 3),
            "else_with_video_s": round(cpu[True], 3),
            "else_over_model": round(cpu[False] / model_cpu, 4),
            "else_with_video_over_model": round(cpu[True] / model_cpu, 4),
        },
    }


def _one_run(source: Path, estimator: PoseEstimator, finder: FindPeople | None, video: bool) -> Run:
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="uprightd-bench-") as name:
        folder = Path(name)
        paths = Paths(folder, folder, folder, folder, folder)
        request = Request(out=folder / "out", video=video)
        wall, cpu = time.perf_counter(), time.process_time()
        measure_video(
            source, request, lambda: _timed(estimator, finder, watch), paths, "2026-01-01T00:00:00+00:00"
        )
        return Run(time.perf_counter() - wall, watch.wall, time.process_time() - cpu, watch.looks)


def _timed(estimator: PoseEstimator, finder: FindPeople | None, watch: Stopwatch) -> Eyes:
    return Eyes(TimedEstimator(estimator, watch), (lambda: TimedFinder(finder, watch)) if finder else None)


def _model_alone(source: Path, estimator: PoseEstimator, finder: FindPeople | None) -> tuple[float, float]:
    """Return the CPU seconds of the model and of decoding when nothing else runs at the same time."""
    watch = Stopwatch()
    tracking = _timed(estimator, finder, watch).tracking(Request())
    reader, decode, index = open_video(source), 0.0, 0
    try:
        while True:
            before = time.process_time()
            t = reader.grab()
            image = None if t is None else reader.retrieve(None)
            decode += time.process_time() - before
            if t is None:
                return watch.cpu, decode
            if image is not None:
                tracking.see([Shot(index, t, image)])
            index += 1
    finally:
        reader.release()


def text(figures: dict[str, Any]) -> str:
    """Given the figures, return them as lines."""
    cpu = figures["cpu"]
    rows = [("", "wall", "of the model", "CPU", "of the model")]
    for words, name in (
        ("pose model", "model"),
        ("everything else", "else"),
        ("with the annotated video", "else_with_video"),
    ):
        shares = [f"{it[f'{name}_over_model']:.0%}" if name != "model" else "" for it in (figures, cpu)]
        rows.append(
            (words, f"{figures[f'{name}_s']:.2f} s", shares[0], f"{cpu[f'{name}_s']:.2f} s", shares[1])
        )
    rows.append(("decoding, beside the model", "", "", f"{cpu['decode_s']:.2f} s", ""))
    rows.append(("start: libraries and models", f"{figures['start_s']:.2f} s", "", "", ""))
    return "\n".join(
        [
            f"{Path(figures['source']).name}, {figures['looks']} looks, {figures['backend']}, {figures['cores']} cores,"
            f" best of {figures['runs']}",
            "",
            *(f"  {row[0]:<27} {row[1]:>8} {row[2]:>13} {row[3]:>8} {row[4]:>13}".rstrip() for row in rows),
        ]
    )
