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
from uprightd.service.settings import rules_in_force

START_WITHIN = 60.0
MEGABYTE = 1e6


class MeteredEstimator:
    """A pose estimator that counts the CPU time that the loop's own thread spends in the model."""

    def __init__(self, inner: PoseEstimator) -> None:
        self._inner = inner
        self.name, self.device = inner.name, inner.device
        self.seconds = 0.0

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        began = time.thread_time()
        poses = self._inner.estimate(images)
        self.seconds += time.thread_time() - began
        return poses

    def close(self) -> None:
        self._inner.close()


class LoopMeter:
    """An observer that reads the CPU clocks with every sample; the first one only starts them.

    The loop's own work is done by its own thread, so what that thread spends outside the model is the loop's,
    and all the rest of the process is the model's: its threads go on spinning after it has answered.
    """

    def __init__(self) -> None:
        self.estimator: MeteredEstimator | None = None
        self.samples = 0
        self._first = self._last = (0.0, 0.0, 0.0)

    def meter(self, estimator: PoseEstimator) -> MeteredEstimator:
        """Given the loaded estimator, return the one to run instead."""
        self.estimator = MeteredEstimator(estimator)
        return self.estimator

    @property
    def spent(self) -> tuple[float, float]:
        """CPU seconds per sample of the model and of the loop around it, after the first sample."""
        whole, thread, inside = (last - first for first, last in zip(self._first, self._last, strict=True))
        loop = thread - inside
        return (whole - loop) / (self.samples - 1), loop / (self.samples - 1)

    def on_sample(self, sample: object) -> None:  # noqa: ARG002 - the observer's signature
        inside = self.estimator.seconds if self.estimator else 0.0
        self._last = (time.process_time(), time.thread_time(), inside)
        self.samples += 1
        if self.samples == 1:
            self._first = self._last

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
    rules = rules_in_force(config)
    meter = LoopMeter()
    paths = Paths(folder, folder, folder, folder, folder)
    assembly = assemble(config, rules, paths, (meter,), sys.stderr, meter.meter)
    camera = assembly.monitor.parts.camera
    assembly.monitor.run()
    if meter.samples < 3:
        raise DataError(f"{source}: {meter.samples} samples are too few to measure", "Use a longer video.")
    model, loop = meter.spent
    transfer = camera.child_transfer_cpu_seconds / meter.samples
    decode = camera.child_read_cpu_seconds / meter.samples
    return {
        "source": source,
        "size": list(camera.size or (0, 0)),
        "backend": assembly.backend,
        "fps": config.sampling.fps,
        "samples": meter.samples,
        "cpu_ms_per_sample": {
            "model": round(model * 1000, 3),
            "else": round((loop + transfer) * 1000, 3),
            "loop": round(loop * 1000, 3),
            "transfer": round(transfer * 1000, 3),
            "decode": round(decode * 1000, 3),
        },
        "else_over_model": round((loop + transfer) / model, 4),
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
