"""`uprightd gait`: a walk on video measured, two walks compared, many at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import FILE, backend_option, config_option, json_option

if TYPE_CHECKING:
    from uprightd.gait.screening import Screen
    from uprightd.service.gait.request import Request

READOUT_ONLY = 9.0
"""Looks a second under which a live session is a readout of posture: nobody expects steps from it."""


class DefaultGroup(click.Group):
    """A group whose first command need not be named: `uprightd gait VIDEO` is `uprightd gait measure VIDEO`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["measure", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DefaultGroup)
def gait() -> None:
    """Measure a walk: events, parameters, annotated video.

    `uprightd gait VIDEO` is short for `uprightd gait measure VIDEO`; its options are in
    `uprightd gait measure --help`.
    """


class Height(click.FloatRange):
    """Metres; what can only be centimetres is taken as such."""

    def __init__(self) -> None:
        super().__init__(0.5, 2.5)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value).lower().removesuffix("cm").removesuffix("m").strip())
        except ValueError:
            self.fail(f"{value!r} is no height; expected metres such as 1.75", param, ctx)
        return super().convert(number / 100 if 50 <= number <= 250 else number, param, ctx)


def video_options(command: Any) -> Any:
    """The options that say how videos are looked at, shared by `measure` and `batch`."""
    for option in reversed(
        (
            click.option(
                "--fps", type=click.FloatRange(1.0, 240.0), help="Frames to look at a second; else all."
            ),
            click.option(
                "--subject",
                default="largest",
                show_default=True,
                help="Whom to follow: largest, moving, a number counted from the left, or a point X,Y in pixels.",
            ),
            click.option(
                "--whole", is_flag=True, help="Look at the whole picture, not at the walker's part of it."
            ),
            click.option(
                "--height", type=Height(), help="The walker's height in metres, by which lengths are scaled."
            ),
            click.option(
                "--distance",
                metavar="METRES,PIXELS",
                help="Something of known length on the walker's line: its metres, and its pixels in the picture.",
            ),
            click.option(
                "--screen",
                metavar="NAME",
                help="Hold the walk against a screen: fall-risk, or a file of yours.",
            ),
            click.option(
                "--video/--no-video",
                "annotated",
                default=True,
                show_default=True,
                help="Write the annotated video.",
            ),
            backend_option,
            config_option,
        )
    ):
        command = option(command)
    return command


@gait.command()
@click.argument("video", required=False, type=FILE)
@click.option("--camera", "camera", is_flag=True, help="Watch the camera instead of a video.")
@click.option("--source", help="Which camera, stream or file, with --camera or --live.")
@click.option(
    "--seconds",
    type=click.FloatRange(2.0, 3600.0),
    help="How long to watch a camera; 20 s, live: until ctrl-C.",
)
@click.option("--live", is_flag=True, help="Show the walk's figures while it happens.")
@click.option(
    "--rate", type=click.FloatRange(0.5, 60.0), help="Looks a second while live; else as many as can be."
)
@video_options
@click.option("--out", type=FILE, help="Folder for the results; else one among the captures.")
@json_option
def measure(
    video: Path | None,
    camera: bool,
    source: str | None,
    seconds: float | None,
    live: bool,
    rate: float | None,
    out: Path | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Measure the walk in a video, or before the camera.

    Writes a folder: gait.json, tables, plots, an annotated video, files for OpenSim and a report. With --live --json
    each look is a line of its own, and the last line is the walk.
    """
    from uprightd.cli.gait_text import Progress, farewell
    from uprightd.cli.monitoring import overridden
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.service.capturing import log_capture
    from uprightd.service.gait.request import open_eyes
    from uprightd.service.settings import read_config
    from uprightd.service.still import now_text

    watching = camera or live or source is not None
    if (video is None) is not watching:
        raise UsageError("gait takes either a VIDEO or --camera", "See: uprightd gait measure --help")
    if rate is not None and not live:
        raise UsageError(
            "--rate goes with --live", "For a video, --fps says how many frames to look at a second."
        )
    paths = user_paths()
    config = overridden(
        read_config(how["config_file"], paths.config_file),
        {"pose.backend": how["backend"], "camera.source": source},
    )
    request = request_of(how, out, config.pose.backend)
    if watching:
        from uprightd.cli.gait_live import watch

        walk = watch(config, paths, request, seconds, rate, live, as_json)
    else:
        from uprightd.service.gait.walk import measure_video

        assert video is not None
        with Progress(sys.stderr) as progress:
            walk = measure_video(
                video, request, lambda: open_eyes(config, paths), paths, now_text(), progress.tell
            )
    unlogged = log_capture(paths, walk.capture, SystemClock())
    click.echo(json.dumps(walk.found, ensure_ascii=False) if as_json else farewell(walk.found))
    if unlogged:
        click.echo(f"uprightd: {unlogged}", err=True)
    if walk.problem is not None and not (live and rate is not None and rate < READOUT_ONLY):
        walk.problem.message = f"{walk.found['source']}: {walk.problem.message}"
        walk.problem.hint = f"{walk.problem.hint}\n  What was seen is kept in {walk.folder}".strip()
        raise walk.problem


def request_of(how: dict[str, Any], out: Path | None, backend: str) -> Request:
    """Given the options of `video_options`, the folder and the configured backend, return the request.

    Raise UsageError, or ConfigError for a screen with faults."""
    from uprightd.service.gait.request import Request
    from uprightd.service.gait.subject import parse_subject

    return Request(
        fps=how["fps"],
        subject=parse_subject(how["subject"]),
        whole=how["whole"],
        height_m=how["height"],
        distance=_distance(how["distance"]),
        out=out,
        video=how["annotated"],
        backend=backend,
        screen=_screen(how["screen"]),
    )


def _screen(name: str | None) -> Screen | None:
    from uprightd.gait.screening import load_screen
    from uprightd.paths import shipped

    if name is None:
        return None
    inside = shipped("rules") / "gait" / f"{name}.yaml"
    return load_screen(inside if "/" not in name and inside.exists() else Path(name))


def _distance(text: str | None) -> Any:
    from uprightd.errors import UsageError
    from uprightd.gait.model import KnownDistance

    if text is None:
        return None
    try:
        metres, pixels = (float(part) for part in text.split(","))
    except ValueError:
        metres = pixels = 0.0
    if not (0 < metres < 100 and 1 <= pixels < 100_000):
        raise UsageError(
            f"--distance {text!r}: expected metres and pixels",
            "For example --distance 2.4,310 for 2.4 m over 310 pixels.",
        )
    return KnownDistance(metres, pixels)


@gait.command()
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@json_option
def compare(before: Path, after: Path, as_json: bool) -> None:
    """Hold two measured walks against each other.

    BEFORE and AFTER are folders that `uprightd gait` made. Marks what changed by more than measurement noise.
    """
    from uprightd.captures.gait import comparing
    from uprightd.cli.gait_text import comparison

    found = comparing.compare(comparing.read_document(before), comparing.read_document(after))
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else comparison(found))


@gait.command()
@click.argument("folder", type=FILE)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Videos at a time.")
@click.option("--scheduler", metavar="ADDRESS", help="Run on this Dask cluster, such as tcp://10.0.0.5:8786.")
@click.option("--out", type=FILE, help="Folder for the results; else one beside FOLDER.")
@click.option("--again", is_flag=True, help="Measure also what was measured before.")
@video_options
@json_option
def batch(
    folder: Path,
    workers: int,
    scheduler: str | None,
    out: Path | None,
    again: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Measure every video in a folder.

    A video that fails stops nothing. What was measured before with the same settings is not measured again.
    """
    from uprightd.cli.gait_text import Progress, batch_table
    from uprightd.cli.monitoring import overridden
    from uprightd.paths import user_paths
    from uprightd.service.gait.batch import finish_code, plan, run_here
    from uprightd.service.settings import read_config

    config = overridden(
        read_config(how["config_file"], user_paths().config_file), {"pose.backend": how["backend"]}
    )
    request = request_of(
        how, out or folder.absolute().parent / f"{folder.absolute().name}-gait", config.pose.backend
    )
    jobs = plan(folder, request, tuple(_arguments(how)), again)
    with Progress(sys.stderr) as progress:
        if scheduler:
            from uprightd.service.gait.cluster import run_on

            results = run_on(scheduler, jobs, progress.count)
        else:
            results = run_here(jobs, workers, progress.count)
    click.echo(json.dumps(results, ensure_ascii=False) if as_json else batch_table(results))
    sys.exit(finish_code(results))


def _arguments(how: dict[str, Any]) -> list[str]:
    """Given the options of `video_options`, return them as words for another `uprightd gait measure`."""
    words: list[str] = []
    for name, value in how.items():
        flag = "--config" if name == "config_file" else f"--{name}"
        if name == "annotated":
            words += [] if value else ["--no-video"]
        elif name == "whole":
            words += ["--whole"] if value else []
        elif value is not None:
            words += [flag, str(value.absolute() if isinstance(value, Path) else value)]
    return words
