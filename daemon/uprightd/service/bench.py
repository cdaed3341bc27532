"""What a sample costs on this machine: the whole loop over a video, and a start in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from uprightd.config.schema import Config
from uprightd.domain import Pose
from uprightd.errors import DataError, InternalError
from uprightd.paths import Paths
from uprightd.pose.estimator import PoseEstimator
from uprightd.service.composition import assemble
from uprightd.service.settings import rule_packs

START_WITHIN = 60.0
MEGABYTE = 1e6


class MeteredEstimator:
    """A pose estimator that counts the CPU time spent in the model, all its threads together."""

    def __init__(self, inner: PoseEstimator) -> None:
        self._inner = inner
        self.name, self.device = inner.name, inner.device
        self.seconds = 0.0
        self.first = 0.0
        """CPU seconds of the first call, which also prepares the model, and is not in `seconds`."""

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        began = time.process_time()
        poses = self._inner.estimate(images)
        spent = time.process_time() - began
        if self.first:
            self.seconds += spent
        else:
            self.first = spent
        return poses

    def close(self) -> None:
        self._inner.close()


class LoopMeter:
    """An observer that starts the clock at the first sample, so that start-up is not counted as work."""

    def __init__(self) -> None:
        self.samples = 0
        self.began = 0.0
        self.ended = 0.0

    def on_sample(self, sample: object) -> None:  # noqa: ARG002 - the observer's signature
        self.samples += 1
        self.ended = time.process_time()
        self.began = self.began or self.ended

    def on_alert(self, alert: object) -> None: ...
    def on_outcome(self, alert: object, outcome: object) -> None: ...
    def on_state(self, state: object, at: object) -> None: ...
    def on_notice(self, text: str) -> None: ...


def measure_pipeline(source: str, fps: float, backend: str) -> dict[str, Any]:
    """Given a video, a sampling rate and a backend, return the figures: CPU in ms per sample, seconds, MB.

    Raise DataError when the video is too short to tell anything.
    """
    with tempfile.TemporaryDirectory(prefix="uprightd-bench-") as name:
        figures = _measure_loop(_config(source, fps, backend), Path(name) / "loop", source)
        return {**figures, **_measure_start(source, fps, backend, Path(name) / "start")}


def _config(source: str, fps: float, backend: str) -> Config:
    return Config.model_validate(
        {
            "camera": {"source": source, "pace": "fast"},
            "sampling": {"fps": fps},
            "pose": {"backend": backend},
            "notifications": {"enabled": False},
        }
    )


def _measure_loop(config: Config, folder: Path, source: str) -> dict[str, Any]:
    meters: list[MeteredEstimator] = []

    def metered(estimator: PoseEstimator) -> PoseEstimator:
        meters.append(MeteredEstimator(estimator))
        return meters[0]

    rules = tuple(rule for pack in rule_packs(config) for rule in pack.rules)
    loop = LoopMeter()
    paths = Paths(folder, folder, folder, folder, folder)
    assembly = assemble(config, rules, paths, (loop,), sys.stderr, metered)
    camera = assembly.monitor.parts.camera
    assembly.monitor.run()
    if loop.samples < 3:
        raise DataError(f"{source}: {loop.samples} samples are too few to measure", "Use a longer video.")
    counted = loop.samples - 1
    model = meters[0].seconds / counted
    in_loop = (loop.ended - loop.began) / counted - model
    transfer = camera.child_transfer_cpu_seconds / loop.samples
    decode = camera.child_read_cpu_seconds / loop.samples
    return {
        "source": source,
        "size": list(camera.size or (0, 0)),
        "backend": assembly.backend,
        "fps": config.sampling.fps,
        "samples": loop.samples,
        "cpu_ms_per_sample": {
            "model": round(model * 1000, 3),
            "else": round((in_loop + transfer) * 1000, 3),
            "loop": round(in_loop * 1000, 3),
            "transfer": round(transfer * 1000, 3),
            "decode": round(decode * 1000, 3),
        },
        "else_over_model": round((in_loop + transfer) / model, 4),
        "torch_imported": "torch" in sys.modules,
    }


def _measure_start(source: str, fps: float, backend: str, home: Path) -> dict[str, Any]:
    """Start the daemon as a person would, and return its time to the first reading and its peak memory."""
    command = [
        sys.executable,
        "-m",
        "uprightd",
        "run",
        "--source",
        source,
        "--fps",
        str(fps),
        "--backend",
        backend,
    ]
    environment = {**os.environ, "UPRIGHTD_HOME": str(home.absolute())}
    began = time.monotonic()
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, env=environment, text=True)
    guard = threading.Timer(START_WITHIN, process.kill)
    guard.start()
    memory = _MemoryMeter(process.pid)
    try:
        assert process.stdout is not None
        first = None
        for line in process.stdout:
            memory.look()
            if json.loads(line)["event"] == "sample":
                first = first or time.monotonic() - began
                if time.monotonic() - began > first + 3.0:
                    break
    finally:
        guard.cancel()
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    if first is None:
        raise InternalError("the daemon gave no sample", f"Try it: uprightd run --source {source}")
    return {
        "first_reading_s": round(first, 3),
        "peak_memory_mb": round(memory.peak / MEGABYTE, 1),
    }


class _MemoryMeter:
    """The largest sum of resident memory of a process and its children; shared pages count in each."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.peak = 0

    def look(self) -> None:
        try:
            family = [self._process, *self._process.children(recursive=True)]
            self.peak = max(self.peak, sum(member.memory_info().rss for member in family))
        except psutil.NoSuchProcess:
            return
