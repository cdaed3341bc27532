"""`uprightd derm`: regions of skin cut out of pictures, judged, and compared across dates."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.countdown import count, countdown_option
from uprightd.cli.options import FILE, backend_option, config_option, json_option

if TYPE_CHECKING:
    import numpy as np

    from uprightd.captures.folder import NewCapture
    from uprightd.config.schema import Config
    from uprightd.derm.examine import Asked, Examined
    from uprightd.pose.skin import SkinFinder
    from uprightd.service.skin import SkinChoice

CUT = "cut"
"""The subcommand that stands for none: `uprightd derm IMAGE` is `uprightd derm cut IMAGE`."""


class Millimetres(click.ParamType):
    """A length such as 20, 20mm or 2cm."""

    name = "LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip().lower().replace(" ", "")
        factor = 10.0 if text.endswith("cm") else 1.0
        try:
            length = float(text.removesuffix("mm").removesuffix("cm")) * factor
        except ValueError:
            self.fail(f"{value!r} is no length: expected one such as 20mm", param, ctx)
        if not (math.isfinite(length) and 1 <= length <= 500):
            self.fail(f"{value!r} is not in the range 1mm to 500mm", param, ctx)
        return length


class PicturesOrCommand(click.Group):
    """A group whose name, followed by anything but one of its commands, means CUT."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = [CUT, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "IMAGE... | --camera [OPTIONS]")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        click.Command.format_options(self.commands[CUT], ctx, formatter)
        self.format_commands(ctx, formatter)


@click.group(cls=PicturesOrCommand)
def derm() -> None:
    """Cut regions of skin out of pictures, and judge them.

    Each region becomes a crop, a copy with what is around it dimmed, and a mask; a contact sheet shows all of them
    with what to do better. The face is left out unless --regions asks for it. Nothing is concluded: the figures
    are about the pictures.
    """


@derm.command(CUT)
@click.argument("images", nargs=-1, type=FILE, metavar="IMAGE...")
@click.option("--camera", "camera", is_flag=True, help="Take the picture from the camera.")
@click.option("--source", help="Which camera or stream, with --camera; else the one in the settings.")
@countdown_option
@click.option(
    "--regions",
    default="",
    help="Some of face, hands, arms, legs, feet, torso, or one side such as left_hand; all but the face by default.",
)
@click.option(
    "--margin", type=click.FloatRange(0, 2), help="Around each region, in its longer side; 0.1 by default."
)
@click.option("--marker", "marker_mm", type=Millimetres(), help="Side of the ArUco marker in view, as 20mm.")
@click.option("--strict", is_flag=True, help="Refuse the pictures when a region is not good enough.")
@click.option("--classifier", type=FILE, help="A model folder of yours that looks at every crop.")
@click.option("--classifier-command", help="A program of yours that looks at every crop, its file for {}.")
@backend_option
@click.option("--out", "folder", type=FILE, help="Folder for all that is written.")
@config_option
@json_option
def cut(
    images: tuple[Path, ...],
    camera: bool,
    source: str | None,
    countdown: int,
    regions: str,
    margin: float | None,
    marker_mm: float | None,
    strict: bool,
    classifier: Path | None,
    classifier_command: str | None,
    backend: str | None,
    folder: Path | None,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Cut the regions out; `uprightd derm IMAGE` is the same.

    IMAGE is a picture file, several of them make one capture; without any, use --camera.
    """
    from uprightd.captures.folder import check_place, new_capture
    from uprightd.cli.monitoring import overridden
    from uprightd.clock import SystemClock
    from uprightd.derm.crops import MARGIN
    from uprightd.derm.examine import Asked
    from uprightd.derm.regions import parse_wanted
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.service.capturing import log_capture
    from uprightd.service.settings import read_config
    from uprightd.service.skin import check_parts, choose_skin, load_classifier
    from uprightd.service.still import now_text

    if bool(images) == (camera or source is not None):
        raise UsageError("derm takes either pictures or --camera", "See: uprightd derm --help")
    if classifier is not None and classifier_command is not None:
        raise UsageError(
            "--classifier and --classifier-command name one classifier each", "Give one of them."
        )
    asked = Asked(parse_wanted(regions), MARGIN if margin is None else margin, marker_mm)
    paths = user_paths()
    config = overridden(
        read_config(config_file, paths.config_file), {"camera.source": source, "pose.backend": backend}
    )
    choice = choose_skin(config, paths)
    check_parts(choice, asked.wanted, bool(regions.strip()))
    check_place(folder or paths.captures)
    looker = load_classifier(classifier, classifier_command)
    at = now_text()
    examined, finder = _examine(_pictures(images, config, countdown), asked, choice, config)
    if strict:
        _check_gate(examined)
    with new_capture(paths.captures, "derm", at, folder) as capture:
        record = _write(examined, finder, choice, asked, capture, looker)
    unlogged = log_capture(paths, capture, SystemClock())
    if as_json:
        click.echo(json.dumps({**record, "folder": str(capture.folder)}, ensure_ascii=False))
    else:
        click.echo(_text(record, choice, capture))
    for line in _warnings(record, unlogged):
        click.echo(line, err=True)


def _pictures(images: Sequence[Path], config: Config, countdown: int) -> Iterator[tuple[np.ndarray, str]]:
    """Yield each picture with its name: that of a file without its folders, which may say who it is about."""
    from uprightd.service.still import take_still
    from uprightd.stills import read_image

    for image in images:
        yield read_image(image), image.name
    if not images:
        yield take_still(config, countdown, count)


def _examine(
    pictures: Iterator[tuple[np.ndarray, str]], asked: Asked, choice: SkinChoice, config: Config
) -> tuple[list[Examined], SkinFinder]:
    """Examine one picture after the other; the first must be readable before a model is loaded for it."""
    from uprightd.derm.examine import examine
    from uprightd.service.skin import load_skin

    first = next(pictures)
    finder = load_skin(choice, config)
    examined = []
    try:
        for image, name in (first, *pictures):
            seen = finder.look(image)
            examined.append(examine(image, name, seen.classes, seen.people, seen.notes, asked))
    finally:
        finder.close()
    return examined, finder


def _check_gate(examined: Sequence[Examined]) -> None:
    """Raise DataError, with what to do better for every region, when one is below the gate."""
    from uprightd.derm.gate import advice_of
    from uprightd.errors import DataError

    lines = [
        f"{picture.source}: {found.region.title.lower()}: {line}"
        for picture in examined
        for found in picture.found
        for line in advice_of(found.gate)
    ]
    if lines:
        raise DataError("not good enough, nothing was written:\n  " + "\n  ".join(lines))


def _write(
    examined: Sequence[Examined],
    finder: SkinFinder,
    choice: SkinChoice,
    asked: Asked,
    capture: NewCapture,
    looker: Any,
) -> dict[str, Any]:
    from uprightd.captures.derm import Maker, record_of, summary_of, write_crops, write_record
    from uprightd.captures.manifest import Facts, ModelUsed, model_used
    from uprightd.classify.base import THEIRS

    write_crops(examined, capture)
    said = _ask(examined, capture, looker) if looker is not None else {}
    model = model_used(finder.name)
    record = record_of(examined, Maker(finder.name, finder.device, choice.why), capture.at, said)
    write_record(record, examined, capture, model.licence)
    models = (model, ModelUsed(looker.name, THEIRS)) if looker is not None else (model,)
    settings = {
        "regions": [f"{side} {part}".strip() for part, side in asked.wanted.pairs],
        "margin": asked.margin,
        "marker_mm": asked.marker_mm,
    }
    sources = ", ".join(picture.source for picture in examined)
    capture.finish(Facts(sources, models, settings, summary_of(record)))
    return record


def _ask(examined: Sequence[Examined], capture: NewCapture, looker: Any) -> dict[str, Any]:
    """Have the classifier look at every crop; return what it said by the crop's name."""
    from uprightd.captures.derm import CROP, files_of

    said = {}
    for index, picture in enumerate(examined):
        for found in picture.found:
            name = files_of(examined, index, found)[CROP]
            facts = {"region": found.region.name, "side": found.region.side}
            if picture.scale is not None:
                facts["mm_per_px"] = f"{picture.scale.mm_per_px:.6f}"
            answer = looker.look(capture.file(name), facts)
            said[name] = {"name": looker.name, "output": answer.output, "fault": answer.fault}
    return said


def _text(record: dict[str, Any], choice: SkinChoice, capture: NewCapture) -> str:
    light = record["backend"] == "mediapipe"
    by = f"{record['backend']}, the light backend ({choice.why})" if light else record["backend"]
    lines = [f"found by {by}"]
    for picture in record["pictures"]:
        width, height = picture["size"]
        lines += ["", f"{picture['source']}, {width}x{height} px"]
        lines += [f"  {note}" for note in (*picture["notes"], picture["scale_note"]) if note]
        for region in picture["regions"]:
            lines += _region_lines(region)
    sheet = f"{capture.place('sheet.png')}"
    return "\n".join([*lines, "", f"folder  {capture.folder}", f"sheet   {sheet}, and sheet.html"])


def _region_lines(region: dict[str, Any]) -> Iterator[str]:
    _, _, width, height = region["box"]
    size = f"{width}x{height} px, {100 * region['share']:.1f} %"
    if region["size_mm"]:
        size += f", {region['size_mm'][0]:.0f}x{region['size_mm'][1]:.0f} mm"
    yield f"  {region['name'].replace('_', ' '):<14} {'good' if region['passed'] else 'take again':<11} {size}"
    for check in region["checks"]:
        if check["passed"] is False:
            yield f"      {check['name']}: {check['finding']} {check['advice']}"
    if region["classifier"]:
        said = region["classifier"]["output"].strip()
        yield f"      {region['classifier']['name']} says (we conclude nothing): {said[:200]}"


def _warnings(record: dict[str, Any], unlogged: str) -> Iterator[str]:
    for picture in record["pictures"]:
        for region in picture["regions"]:
            if region["classifier"] and region["classifier"]["fault"]:
                yield f"uprightd: {region['classifier']['name']} on {region['name']}: {region['classifier']['fault']}"
    if unlogged:
        yield f"uprightd: {unlogged}"
