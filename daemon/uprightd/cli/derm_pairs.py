"""`uprightd derm compare` and `uprightd derm marker`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from uprightd.cli.derm import Millimetres
from uprightd.cli.options import FILE, json_option

DPI = 300
MM_PER_INCH = 25.4


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--region", help="Only this region, such as left_hand.")
@click.option("--out", "folder", type=FILE, help="Folder for what is written.")
@json_option
def compare(a: str, b: str, region: str | None, folder: Path | None, as_json: bool) -> None:
    """Lay a region of one date over the same of another.

    A and B are derm captures by name, folder, or `last`. Where they fit, both are shown side by side with how far
    they are still apart; where they do not, that is said and nothing is shown.
    """
    from uprightd.captures.derm import KIND
    from uprightd.captures.folder import check_place, new_capture
    from uprightd.captures.pair import PAIR_KIND, compare, read_taken, residual_text, write_pairs
    from uprightd.captures.shelf import find_capture
    from uprightd.clock import SystemClock
    from uprightd.derm.registration import Misfit
    from uprightd.paths import user_paths
    from uprightd.service.capturing import known_captures, log_capture
    from uprightd.service.still import now_text

    paths = user_paths()
    known = [it for it in known_captures(paths) if it.manifest is not None and it.manifest.kind == KIND]
    taken = [
        read_taken(Path(name) if Path(name).is_dir() else find_capture(known, name).folder) for name in (a, b)
    ]
    check_place(folder or paths.captures)
    pairs = compare(taken[0], taken[1], region)
    with new_capture(paths.captures, PAIR_KIND, now_text(), folder) as capture:
        record = write_pairs(pairs, taken[0], taken[1], capture)
    unlogged = log_capture(paths, capture, SystemClock())
    if as_json:
        click.echo(json.dumps({**record, "folder": str(capture.folder)}, ensure_ascii=False))
    else:
        whens = taken[0].manifest.when, taken[1].manifest.when
        for pair in pairs:
            said = (
                f"does not fit: {pair.fit.reason}"
                if isinstance(pair.fit, Misfit)
                else residual_text(pair, *whens)
            )
            click.echo(f"{pair.name.replace('_', ' '):<14} {said}")
        click.echo(f"\nfolder  {capture.folder}")
    if unlogged:
        click.echo(f"uprightd: {unlogged}", err=True)


@click.command()
@click.argument("file", type=FILE)
@click.option("--size", "side_mm", type=Millimetres(), default=20.0, help="Side of its black square; 20mm.")
@click.option("--number", type=click.IntRange(0, 49), default=0, show_default=True, help="Which marker.")
@json_option
def marker(file: Path, side_mm: float, number: int, as_json: bool) -> None:
    """Draw a marker to print, for the scale in millimetres.

    FILE becomes a PNG of 300 dots per inch: print it at 100 %, measure the black square, and lay it flat beside the
    skin, with its white edge.
    """
    from uprightd.captures.marker import write_marker

    px_per_mm = DPI / MM_PER_INCH
    write_marker(file, number, round(side_mm * px_per_mm), DPI)
    told = {"file": str(file), "number": number, "side_mm": side_mm, "dpi": DPI}
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{file}\nPrint it at 100 %, measure its black square, and say how wide that is:")
    click.echo(f"  uprightd derm IMAGE --marker {side_mm:g}mm")
