"""`uprightd calibrate`."""

from __future__ import annotations

import json
import math
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from uprightd.cli.options import backend_option, config_option

if TYPE_CHECKING:
    from uprightd.calibration.collecting import Fault, Progress
    from uprightd.config.schema import Config
    from uprightd.paths import Paths
    from uprightd.profiles.profile import Profile

CELLS = 20
"""Cells of the progress bar."""
GOING_WELL = 1.0
"""Good seconds after which a repeated advice is news."""


class Length(click.FloatRange):
    """Seconds to collect, from 1 to 30. NaN is in no range, but a plain range lets it pass."""

    def __init__(self) -> None:
        super().__init__(1.0, 30.0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value} is not in the range 1.0<=x<=30.0.", param, ctx)
        return seconds


@click.command()
@click.option("--profile", help="Name of the profile, such as sit or stand.")
@click.option("--source", help="Camera index or name, video file, image folder or rtsp/http URL.")
@backend_option
@config_option
@click.option("--seconds", type=Length(), default=5.0, show_default=True, help="Good seconds to collect.")
@click.option("--json", "as_json", is_flag=True, help="Print what was stored for a program.")
def calibrate(
    profile: str | None,
    source: str | None,
    backend: str | None,
    config_file: Path | None,
    seconds: float,
    as_json: bool,
) -> None:
    """Learn how you sit upright.

    Sit as you want to be measured against, and hold still for five seconds. Values that need it count from that
    pose from then on. Nothing is stored until all five seconds are good.
    """
    from uprightd.camera.source import parse_source
    from uprightd.cli.monitoring import overridden
    from uprightd.paths import user_paths
    from uprightd.service.calibrate import calibrate as run
    from uprightd.service.calibrated import terms_of
    from uprightd.service.settings import read_config

    paths = user_paths()
    config = overridden(
        read_config(config_file, paths.config_file), {"camera.source": source, "pose.backend": backend}
    )
    heard = parse_source(config.camera.source).live
    guide = LivingLine(sys.stderr) if sys.stderr.isatty() else Lines(sys.stderr, heard)
    try:
        stored = run(config, paths, terms_of(config), profile, seconds, guide.tell)
    finally:
        guide.finish()
    _log(stored, paths, config)
    click.echo(json.dumps(_facts(stored), ensure_ascii=False) if as_json else _text(stored, seconds, config))


def _log(profile: Profile, paths: Paths, config: Config) -> None:
    """Have it logged that this was recorded; that it cannot be is said and costs nothing of the calibration."""
    from uprightd.clock import SystemClock
    from uprightd.errors import UprightError
    from uprightd.records import Calibration
    from uprightd.service.privacy import camera_contact
    from uprightd.service.recording import record_calibration, record_contact

    baseline, clock = profile.baseline, SystemClock()
    made = Calibration(
        profile.name,
        profile.revision,
        profile.camera,
        baseline.backend,
        baseline.view.value,
        baseline.seconds,
        baseline.samples,
    )
    try:
        record_calibration(paths, made, clock)
        for purpose, address in camera_contact(config):
            record_contact(paths, purpose, address, clock)
    except UprightError as error:
        click.echo(f"kept, but not noted in the log: {error.message}", err=True)


class LivingLine:
    """One line on a terminal that is drawn anew with each look: good seconds, and what to do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def tell(self, progress: Progress) -> None:
        filled = round(CELLS * progress.seconds / progress.wanted)
        bar = "▕" + "█" * filled + "░" * (CELLS - filled) + "▏"
        advice = progress.fault.advice if progress.fault else "Good: stay like this."
        line = f"{bar} {progress.seconds:.1f} of {progress.wanted:g} s  {advice}"
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[K{line[:width]}")
        self._stream.flush()

    def finish(self) -> None:
        """Leave the terminal on a fresh line."""
        self._stream.write("\r\x1b[K")
        self._stream.flush()


class Lines:
    """A line for each change of what to do, for a pipe or a file. The same is said again only after good seconds.

    heard: whether anybody can follow it; the person in a video cannot.
    """

    def __init__(self, stream: TextIO, heard: bool) -> None:
        self._stream = stream
        self._heard = heard
        self._told: Fault | None = None

    def tell(self, progress: Progress) -> None:
        if self._heard and progress.fault is not None and progress.fault is not self._told:
            self._stream.write(f"{progress.fault.advice}\n")
            self._stream.flush()
            self._told = progress.fault
        elif progress.seconds >= GOING_WELL:
            self._told = None

    def finish(self) -> None:
        """Nothing is kept back."""


def _facts(profile: Profile) -> dict[str, Any]:
    from uprightd.calibration.collecting import NEEDED
    from uprightd.service.calibrate import counting_from

    baseline = profile.baseline
    return {
        "profile": profile.name,
        "revision": profile.revision,
        "camera": profile.camera,
        "view": baseline.view.value,
        "size": list(baseline.size),
        "seconds": baseline.seconds,
        "samples": baseline.samples,
        "backend": baseline.backend,
        "spread_px": {name: round(baseline.spread[name], 2) for name in NEEDED if name in baseline.spread},
        "metrics": [metric.name for metric in counting_from(baseline)],
        "file": str(profile.path),
    }


def _text(profile: Profile, wanted: float, config: Config) -> str:
    from uprightd.calibration.collecting import NEEDED
    from uprightd.service.calibrate import AUTO, counting_from

    baseline = profile.baseline
    titles = dict.fromkeys(metric.title for metric in counting_from(baseline))
    width, height = baseline.size
    lines = [
        f"profile  {profile.name}, revision {profile.revision}, for {profile.camera} at {width} × {height}",
        f"pose     {baseline.view.words}, {baseline.seconds:.1f} s in {baseline.samples} looks by {baseline.backend}",
        f"still    within ±{max(baseline.spread[name] for name in NEEDED):.1f} pixels",
        f"metrics  {', '.join(titles) or 'none count from this view'}",
        f"file     {profile.path}",
    ]
    if baseline.seconds < wanted:
        lines.append(f"Calibrated on {baseline.seconds:.1f} s: a file may give less than was asked for.")
    if config.calibration.profile in (AUTO, profile.name):
        lines.append("It is used from now on.")
    else:
        lines.append(
            f"The settings count from {config.calibration.profile}: set calibration.profile to use this one."
        )
    return "\n".join(lines)
