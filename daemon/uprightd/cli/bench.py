"""`uprightd bench`: figures anyone can repeat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from uprightd.cli.options import Rate, backend_option, json_option


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
