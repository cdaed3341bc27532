"""What `uprightd derm` writes: each region's crop, dimmed copy and mask, what was measured as JSON, a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from uprightd import __version__, stills
from uprightd.captures.folder import NewCapture
from uprightd.captures.sheet import draw_sheet
from uprightd.captures.sheet_page import page
from uprightd.derm.examine import Examined, Found
from uprightd.derm.marker import Scale
from uprightd.derm.regions import Rect
from uprightd.whole_file import write_whole

KIND = "derm"
SCHEMA = 1
RECORD = "derm.json"
SHEET, PAGE = "sheet.png", "sheet.html"
CROP, DIMMED, MASK = "crop", "dimmed", "mask"


@dataclass(frozen=True, slots=True)
class Maker:
    """What found the regions: the model's name, the device it ran on, and why this one."""

    backend: str
    device: str
    why: str


def files_of(examined: Sequence[Examined], picture: int, found: Found) -> dict[str, str]:
    """Given all pictures, a picture's index and a region in it, return the names of its three files.

    The pictures' own names are not in them: they may say who it is.
    """
    stem = found.region.name if len(examined) == 1 else f"{picture + 1}-{found.region.name}"
    return {CROP: f"{stem}.png", DIMMED: f"{stem}-dimmed.png", MASK: f"{stem}-mask.png"}


def write_crops(examined: Sequence[Examined], capture: NewCapture) -> None:
    """Given the pictures examined and a capture in the making, write crops, dimmed copies and masks as PNG, which hold
    pixels and nothing of the camera's (no EXIF, no place). Raise WriteError or CannotCreateError."""
    for index, picture in enumerate(examined):
        for found in picture.found:
            names = files_of(examined, index, found)
            stills.write_image(capture.file(names[CROP]), found.crop.picture)
            stills.write_image(capture.file(names[DIMMED]), found.crop.dimmed)
            stills.write_image(capture.file(names[MASK]), found.crop.mask.astype(np.uint8) * 255)


def record_of(examined: Sequence[Examined], maker: Maker, at: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Given the pictures examined, what found the regions, when, and what a classifier said of each crop by its file's
    name, return the record for `json.dumps`."""
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "uprightd": __version__,
        "at": at,
        "backend": maker.backend,
        "device": maker.device,
        "pictures": [
            {
                "number": index + 1,
                "source": picture.source,
                "size": list(picture.size),
                "people": picture.people,
                "notes": list(picture.notes),
                "scale": _scale(picture.scale),
                "scale_note": picture.scale_note,
                "regions": [_region(examined, index, found, said) for found in picture.found],
            }
            for index, picture in enumerate(examined)
        ],
    }


def write_record(
    record: Mapping[str, Any], examined: Sequence[Examined], capture: NewCapture, licence: str
) -> None:
    """Given the record, the pictures and the licence of the model, write the record and both contact sheets.

    Raise WriteError or CannotCreateError.
    """
    data = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(capture.file(RECORD), data.encode())
    stills.write_image(capture.file(SHEET), draw_sheet(examined, record, licence))
    write_whole(capture.file(PAGE), page(examined, record, licence).encode())


def _region(
    examined: Sequence[Examined], index: int, found: Found, said: Mapping[str, Any]
) -> dict[str, Any]:
    region, scale = found.region, examined[index].scale
    names = files_of(examined, index, found)
    return {
        "name": region.name,
        "part": region.part,
        "side": region.side,
        "box": _rect(region.box),
        "frame": _rect(found.crop.frame),
        "area_px": region.area,
        "share": round(region.share, 6),
        "size_mm": None
        if scale is None
        else [round(side * scale.mm_per_px, 2) for side in _sides(region.box)],
        "area_mm2": None if scale is None else round(region.area * scale.mm_per_px**2, 1),
        "face_hidden_px": found.crop.hidden,
        "passed": found.gate.passed,
        "checks": [
            {**asdict(check), "value": None if check.value is None else round(check.value, 3)}
            for check in found.gate.checks
        ],
        "files": names,
        "classifier": said.get(names[CROP]),
    }


def _scale(scale: Scale | None) -> dict[str, Any] | None:
    if scale is None:
        return None
    return {
        "mm_per_px": round(scale.mm_per_px, 6),
        "uncertainty": round(scale.uncertainty, 4),
        "marker": scale.marker,
        "family": scale.family,
        "side_px": round(scale.side_px, 2),
        "side_mm": scale.side_mm,
        "corners": [[round(x, 2), round(y, 2)] for x, y in scale.corners],
        "white_chroma": None if scale.white is None else round(scale.white, 2),
        "valid": "in the marker's plane",
    }


def _rect(rect: Rect) -> list[int]:
    return [rect.x, rect.y, rect.width, rect.height]


def _sides(rect: Rect) -> tuple[int, int]:
    return rect.width, rect.height


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Given a record, return what lists and logs show of it."""
    regions = [region for picture in record["pictures"] for region in picture["regions"]]
    return {
        "pictures": len(record["pictures"]),
        "regions": [region["name"] for region in regions],
        "passed": sum(region["passed"] for region in regions),
        "backend": record["backend"],
    }
