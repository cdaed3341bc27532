"""The same region of two captures, side by side: read back, laid over each other, drawn and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from uprightd import __version__, stills
from uprightd.captures.derm import CROP, KIND, MASK, RECORD
from uprightd.captures.folder import NewCapture
from uprightd.captures.manifest import Facts, Manifest, ModelUsed, read_manifest
from uprightd.captures.sheet import DIM, INK, PAPER, SMALL, TEXT, draw_bar
from uprightd.derm.crops import dim
from uprightd.derm.registration import Fit, Misfit, Skin, lay_over, register
from uprightd.errors import DataError
from uprightd.whole_file import write_whole

PAIR_KIND = "derm-compare"
SCHEMA = 1
RECORD_OF_PAIR = "compare.json"
SIDE = 760
"""Pixels of the longer side of each picture of a pair."""
EDGE, GAP, HEADING = 40, 24, 26


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A derm capture read back: its manifest, the backend, and its regions by name with their scale."""

    folder: Path
    manifest: Manifest
    regions: Mapping[str, Mapping[str, Any]]
    scales: Mapping[str, float | None]
    """mm per pixel of each region's picture."""

    def skin(self, name: str) -> Skin:
        """Given a region's name, read its crop and mask. Raise DataError when they are damaged or do not fit."""
        files = self.regions[name]["files"]
        picture = stills.read_image(self.folder / files[CROP])
        mask = stills.read_image(self.folder / files[MASK])[..., 0] > 127
        if mask.shape != picture.shape[:2]:
            raise DataError(
                f"{self.folder / files[MASK]}: is not of its crop's size", "Make the capture again."
            )
        return Skin(picture, mask)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One region of both captures: A's and B's, and how B lies over A, or why it does not."""

    name: str
    a: Skin
    b: Skin
    fit: Fit | Misfit
    mm_per_px: float | None


def read_taken(folder: Path) -> Taken:
    """Given the folder of a derm capture, read it back. Raise DataError when it is none, or damaged."""
    manifest = read_manifest(folder)
    if manifest.kind != KIND:
        raise DataError(
            f"{folder}: a capture of the kind {manifest.kind}, expected {KIND}",
            "See the kinds: uprightd captures list",
        )
    try:
        record = json.loads((folder / RECORD).read_bytes())
        regions, scales = {}, {}
        for picture in record["pictures"]:
            for region in picture["regions"]:
                name = Path(region["files"][CROP]).stem
                if {region["files"][CROP], region["files"][MASK]} - {each.name for each in manifest.files}:
                    raise ValueError(f"{name} is not among the files of the manifest")
                regions[name] = region
                scales[name] = picture["scale"] and float(picture["scale"]["mm_per_px"])
    except OSError as error:
        raise DataError(
            f"{folder / RECORD}: cannot be read ({error.strerror})", "Make the capture again."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{folder / RECORD}: is damaged ({error})", "Make the capture again.") from error
    return Taken(folder, manifest, regions, scales)


def compare(a: Taken, b: Taken, region: str | None) -> list[Pair]:
    """Given two captures and perhaps a region's name, return that region, or each that both have.

    Raise DataError when they have none in common, or when none of them fits, with the reasons.
    """
    common = [name for name in a.regions if name in b.regions and region in (None, name)]
    if not common:
        there = " and ".join(f"{', '.join(it.regions) or 'nothing'} in {it.folder.name}" for it in (a, b))
        wanted = f"no {region} in both" if region else "no region in common"
        raise DataError(f"{wanted}: there is {there}", "Take both with the same --regions.")
    pairs = []
    for name in common:
        skins = a.skin(name), b.skin(name)
        pairs.append(Pair(name, *skins, register(*skins), a.scales[name]))
    if all(isinstance(pair.fit, Misfit) for pair in pairs):
        lines = [f"{pair.name}: {pair.fit.reason}" for pair in pairs if isinstance(pair.fit, Misfit)]
        raise DataError(
            "the two do not fit:\n  " + "\n  ".join(lines),
            "Take the second as the first: the same side, distance and light, in focus.",
        )
    return pairs


def write_pairs(pairs: Sequence[Pair], a: Taken, b: Taken, capture: NewCapture) -> dict[str, Any]:
    """Given the pairs of two captures, write a picture of each that fits and the record; finish the capture and return
    the record. Raise WriteError or CannotCreateError."""
    entries = []
    for pair in pairs:
        if isinstance(pair.fit, Misfit):
            entries.append({"region": pair.name, "fits": False, "reason": pair.fit.reason})
            continue
        laid = lay_over(pair.b.picture, pair.fit.matrix, pair.a.mask.shape)
        names = {"pair": f"{pair.name}-pair.png", "b_on_a": f"{pair.name}-b-on-a.png"}
        stills.write_image(capture.file(names["b_on_a"]), laid)
        stills.write_image(
            capture.file(names["pair"]), draw_pair(pair, laid, a.manifest.when, b.manifest.when)
        )
        entries.append(_entry(pair, pair.fit, names))
    record = {
        "schema": SCHEMA,
        "kind": PAIR_KIND,
        "uprightd": __version__,
        "at": capture.at,
        "a": {"folder": str(a.folder.absolute()), "at": a.manifest.at},
        "b": {"folder": str(b.folder.absolute()), "at": b.manifest.at},
        "regions": entries,
    }
    data = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(capture.file(RECORD_OF_PAIR), data.encode())
    models: tuple[ModelUsed, ...] = tuple(dict.fromkeys((*a.manifest.models, *b.manifest.models)))
    fitting = [entry["region"] for entry in entries if entry["fits"]]
    summary = {"regions": fitting, "a": a.manifest.at, "b": b.manifest.at}
    capture.finish(Facts(f"{a.folder.name}, {b.folder.name}", models, {}, summary))
    return record


def _entry(pair: Pair, fit: Fit, names: Mapping[str, str]) -> dict[str, Any]:
    mm = None if pair.mm_per_px is None else round(fit.residual * pair.mm_per_px, 3)
    return {
        "region": pair.name,
        "fits": True,
        "kind": fit.kind,
        "matrix": [[round(float(number), 8) for number in row] for row in fit.matrix],
        "residual_px": round(fit.residual, 3),
        "residual_mm": mm,
        "points": fit.points,
        "matches": fit.matches,
        "overlap": round(float(fit.overlap.sum() / max(1, pair.a.mask.sum())), 4),
        "files": dict(names),
    }


def draw_pair(pair: Pair, laid: np.ndarray, when_a: datetime, when_b: datetime) -> np.ndarray:
    """Given a pair that fits, B as it lies in A, and both moments, return both side by side, BGR uint8, with the
    residual beneath. What only one of them shows is dimmed."""
    assert isinstance(pair.fit, Fit)
    height, width = pair.a.mask.shape
    by = SIDE / max(height, width)
    size = (max(1, round(width * by)), max(1, round(height * by)))
    whole = (2 * EDGE + 2 * size[0] + GAP, 2 * EDGE + size[1] + 2 * HEADING + 3 * TEXT + 20)
    whole = (max(whole[0], 900), whole[1])
    paper = Image.new("RGB", whole, PAPER)
    draw = ImageDraw.Draw(paper)
    draw.text(
        (EDGE, EDGE - 8), pair.name.replace("_", " ").capitalize(), INK, ImageFont.load_default(HEADING + 6)
    )
    top = EDGE + HEADING + 2 * TEXT
    for number, (picture, when) in enumerate(((pair.a.picture, when_a), (laid, when_b))):
        x = EDGE + number * (size[0] + GAP)
        shown = Image.fromarray(np.ascontiguousarray(dim(picture, pair.fit.overlap)[..., ::-1]))
        paper.paste(
            shown.resize(size, Image.Resampling.LANCZOS if by < 1 else Image.Resampling.BICUBIC), (x, top)
        )
        told = f"{when.day} {when:%B %Y, %H:%M}" + (", laid over the first" if number else "")
        draw.text((x, top - TEXT - 10), told, DIM, ImageFont.load_default(TEXT))
    if pair.mm_per_px:
        draw_bar(draw, (EDGE + 20, top + size[1] - 20), by / pair.mm_per_px, 0.4 * size[0])
    text = ImageFont.load_default(SMALL)
    draw.text((EDGE, top + size[1] + 14), residual_text(pair, when_a, when_b), INK, text)
    return np.ascontiguousarray(np.asarray(paper)[..., ::-1])


def residual_text(pair: Pair, when_a: datetime, when_b: datetime) -> str:
    """Given a pair that fits and both moments, return in words how well it does, and how far they are apart."""
    fit = pair.fit
    assert isinstance(fit, Fit)
    millimetres = f" ({fit.residual * pair.mm_per_px:.2f} mm)" if pair.mm_per_px else ""
    days = (when_b - when_a).days
    apart = f"{days} day{'s' * (abs(days) != 1)} later" if days else "on the same day"
    agree = f"{fit.points} of {fit.matches} points agree"
    return f"Apart by {fit.residual:.1f} px{millimetres}, rms; {agree}; {fit.kind}; {apart}"
