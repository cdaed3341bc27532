"""`uprightd bench`: figures anyone can repeat."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from uprightd.cli.options import FILE, Rate, backend_option, json_option


@click.group()
def bench() -> None:
    """Measure the program on this machine."""


@bench.command()
@click.option("--source", required=True, help="Video to run through the loop.")
@click.option("--fps", type=Rate(), default=2.0, show_default=True, help="Samples per second.")
@backend_option
@json_option
def pipeline(source: str, fps: float, backend: str | None, as_json: bool) -> None:
    """Tell what one sample costs.

    The model against everything else, start-up, memory.
    """
    from uprightd.service.bench import measure_pipeline

    figures = measure_pipeline(source, fps, backend or "auto")
    click.echo(json.dumps(figures) if as_json else _text(figures))


@bench.command()
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--size",
    type=click.Choice(["0.4b", "0.8b", "1b", "5b"]),
    default="0.4b",
    show_default=True,
    help="Size of Sapiens2.",
)
@click.option(
    "--resolution",
    type=click.Choice(["1024x768", "768x576", "512x384"]),
    default="1024x768",
    show_default=True,
    help="Height and width of the input; smaller ones are measured beside it.",
)
@click.option(
    "--images", type=click.IntRange(1, 100), default=1, show_default=True, help="Frames of the reference."
)
@json_option
def pose(device: str, size: str, resolution: str, images: int, as_json: bool) -> None:
    """Tell how fast Sapiens2 is here.

    Our path against Meta's demo per frame, in turns, on random weights. Takes some minutes on a CPU.
    """
    from uprightd.service.bench_pose import measure_pose, table

    figures = measure_pose(device, size, resolution, images, lambda words: click.echo(words, err=True))
    click.echo(json.dumps(figures) if as_json else table(figures))


@bench.command()
@click.option("--clips", "folder", type=FILE, required=True, help="Folder of NAME.mp4 with NAME.json.")
@backend_option
@click.option("--withheld", is_flag=True, help="Show also what is not offered because it does not follow.")
@click.option(
    "--variants/--no-variants", default=True, show_default=True, help="Each clip also turned or mirrored."
)
@click.option(
    "--write", "file", type=FILE, help="Write the evidence, by which values get their ±, to this file."
)
@json_option
def accuracy(
    folder: Path, backend: str | None, withheld: bool, variants: bool, file: Path | None, as_json: bool
) -> None:
    """Tell how right each metric is.

    The real model over clips whose truth is known.
    """
    from uprightd.paths import user_paths
    from uprightd.service.accuracy.pooling import read_others, write_evidence
    from uprightd.service.accuracy.suite import figures, measure_accuracy
    from uprightd.service.accuracy.table import text

    others = read_others(file) if file else {}
    with _Progress() as progress:
        measured = measure_accuracy(folder, backend or "auto", user_paths(), progress.tell, variants)
    found = figures(measured, withheld)
    click.echo(json.dumps(found, allow_nan=False) if as_json else text(found))
    if file:
        write_evidence(file, found["evidence"], others)


@bench.command()
@json_option
def rules(as_json: bool) -> None:
    """Tell what judging a reading costs.

    Fifty rules on one reading, and a day of readings.
    """
    from uprightd.service.bench_rules import measure_rules, text

    figures = measure_rules()
    click.echo(json.dumps(figures) if as_json else text(figures))


@bench.command()
@click.option(
    "--days", default=250, show_default=True, type=click.IntRange(10, 2000), help="Working days to make up."
)
@json_option
def store(days: int, as_json: bool) -> None:
    """Tell what the log costs.

    A made-up year at one sample per second: rows, upkeep, room and summaries. Takes some minutes.
    """
    from uprightd.service.bench_store import measure_store, text

    with _Progress() as progress:
        figures = measure_store(days, progress.tell)
    click.echo(json.dumps(figures) if as_json else text(figures))


@bench.command()
@click.option("--source", type=FILE, required=True, help="Video of a walk, best of about six seconds.")
@click.option(
    "--runs", type=click.IntRange(1, 20), default=3, show_default=True, help="Runs; the best counts."
)
@backend_option
@json_option
def gait(source: Path, runs: int, backend: str | None, as_json: bool) -> None:
    """Tell what a walk costs beside the pose model.

    Everything else against the model's time, with and without the annotated video.
    """
    from uprightd.service.gait.bench import measure_gait, text

    with _Progress() as progress:
        figures = measure_gait(source, backend or "auto", runs, progress.tell)
    click.echo(json.dumps(figures) if as_json else text(figures))


class _Progress:
    """How far a long run is, in one living line; nothing where nobody looks."""

    def __enter__(self) -> _Progress:
        return self

    def tell(self, words: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{words}", nl=False, err=True)

    def __exit__(self, *failure: object) -> None:
        self.tell("")


def _text(figures: dict[str, Any]) -> str:
    per = figures["cpu_ms_per_sample"]
    return "\n".join(
        [
            f"{Path(figures['source']).name}, {figures['size'][0]} × {figures['size'][1]}, "
            f"{figures['samples']} samples at {figures['fps']:g} per second, {figures['backend']}",
            "",
            f"  model            {per['model']:7.2f} ms CPU per sample",
            f"  everything else  {per['else']:7.2f} ms, {figures['else_over_model']:.1%} of the model",
            f"    transfer       {per['transfer']:7.2f} ms in the capture process",
            f"    loop           {per['loop']:7.2f} ms (receive, metrics, rules, log)",
            f"  decoding         {per['decode']:7.2f} ms (a file's own cost; a camera hands pictures over)",
            "",
            f"  first reading    {figures['first_reading_s']:.2f} s after the start of the process",
            f"  peak memory      {figures['peak_memory_mb']:.0f} MB in all processes",
            f"  torch imported   {'yes' if figures['torch_imported'] else 'no'}",
        ]
    )
