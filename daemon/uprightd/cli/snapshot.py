"""`uprightd snapshot`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.countdown import count, countdown_option
from uprightd.cli.options import FILE, backend_option, config_option

if TYPE_CHECKING:
    import numpy as np


@click.command()
@click.argument("image", required=False, type=FILE)
@click.option("--camera", "camera", is_flag=True, help="Take the picture from the camera.")
@click.option("--source", help="Which camera or stream, with --camera; else the one in the settings.")
@countdown_option
@backend_option
@click.option("--out", "folder", type=FILE, help="Folder for picture and card.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the card for a program.")
def snapshot(
    image: Path | None,
    camera: bool,
    source: str | None,
    countdown: int,
    backend: str | None,
    folder: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Measure one picture.

    Writes it with the pose drawn on it, and a card of its angles. IMAGE is a picture file; without it, use
    --camera.
    """
    from uprightd.captures.folder import check_place, new_capture
    from uprightd.captures.snapshot import KIND, measure, write
    from uprightd.cli.monitoring import overridden
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.service.calibrated import terms_of
    from uprightd.service.capturing import log_capture
    from uprightd.service.settings import read_config
    from uprightd.service.still import now_text, pose_of, take_still

    if (image is None) != (camera or source is not None):
        raise UsageError("snapshot takes either an IMAGE or --camera", "See: uprightd snapshot --help")
    paths = user_paths()
    config = overridden(
        read_config(config_file, paths.config_file), {"camera.source": source, "pose.backend": backend}
    )
    at = now_text()
    check_place(folder or paths.captures)
    picture, label = _read(image) if image else take_still(config, countdown, count)
    pose = pose_of(picture, config, paths)
    measured = measure(picture, pose, label, at, terms_of(config))
    with new_capture(paths.captures, KIND, at, folder) as capture:
        card = write(measured, capture, config.pose.model_dump())
    unlogged = log_capture(paths, capture, SystemClock())
    click.echo(json.dumps(card, ensure_ascii=False) if as_json else _text(card))
    if unlogged:
        click.echo(f"uprightd: {unlogged}", err=True)


def _read(image: Path) -> tuple[np.ndarray, str]:
    from uprightd.stills import read_image

    return read_image(image), str(image)


def _text(card: dict[str, Any]) -> str:
    from uprightd.metrics.definitions import METRICS

    known = {name: entry for name, entry in card["metrics"].items() if entry["value"] is not None}
    lines = [f"view: {card['view']}, confidence {card['confidence']:.2f}, measured by {card['backend']}", ""]
    lines += [
        f"  {METRICS[name].title:<20} {METRICS[name].text(entry['value'], entry['error']):>14}"
        for name, entry in known.items()
    ]
    if not known:
        lines.append("  Nothing could be measured: the scores of the points are too low.")
    missing = sorted({entry["reason"] for entry in card["metrics"].values() if entry["reason"]})
    if missing:
        count = len(card["metrics"]) - len(known)
        lines.append(f"  {count} more have no value here ({', '.join(missing).replace('_', ' ')})")
    return "\n".join([*lines, "", f"picture  {card['picture']}", f"card     {card['card']}"])
