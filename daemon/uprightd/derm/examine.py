"""One picture examined: its regions, each cut out and judged, with the scale where a marker lies in view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uprightd.derm.cover import measure_cover
from uprightd.derm.crops import MARGIN, Crop, cut
from uprightd.derm.gate import Gate, judge
from uprightd.derm.light import brightness, measure_light
from uprightd.derm.marker import Scale, find_scale
from uprightd.derm.regions import Region, Wanted, find_regions, parts_in
from uprightd.derm.texture import measure_texture
from uprightd.errors import DataError


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of a picture: parts, margin of the crops (see `crops.MARGIN`), and the side of the marker's
    black square in millimetres, None where there is none."""

    wanted: Wanted
    margin: float = MARGIN
    marker_mm: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A region with its crop and what the gate says of it."""

    region: Region
    crop: Crop
    gate: Gate


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """A picture's regions. scale_note: why there is no scale though one was asked for."""

    source: str
    size: tuple[int, int]
    people: int
    notes: tuple[str, ...]
    scale: Scale | None
    scale_note: str
    found: tuple[Found, ...]


def examine(
    image: np.ndarray, source: str, classes: np.ndarray, people: int, notes: tuple[str, ...], asked: Asked
) -> Examined:
    """Given a picture BGR uint8 (H, W, 3), its name, its class ids (H, W), how many people were counted in it, what to
    know about both, and what is asked for, return the regions found.

    Raise DataError when there is nobody, more than one person, or no skin of the parts asked for.
    """
    _check_people(source, people)
    regions = find_regions(classes, asked.wanted)
    if not regions:
        raise _no_skin(source, classes)
    scale, why = find_scale(image, asked.marker_mm) if asked.marker_mm else (None, "")
    brightest, white = brightness(image), scale.white if scale else None
    found = tuple(_found(image, classes, region, asked.margin, brightest, white) for region in regions)
    return Examined(source, (image.shape[1], image.shape[0]), people, notes, scale, why, found)


def _found(
    image: np.ndarray,
    classes: np.ndarray,
    region: Region,
    margin: float,
    brightest: float,
    white: float | None,
) -> Found:
    skin = image[region.box.window]
    gate = judge(
        measure_texture(skin, region.mask),
        measure_light(skin, region.mask, brightest),
        measure_cover(image, classes, region),
        (region.box.width, region.box.height),
        white,
    )
    return Found(region, cut(image, region, classes, margin), gate)


def _check_people(source: str, people: int) -> None:
    if people == 0:
        raise DataError(
            f"{source}: nobody was found in this picture",
            "Use a sharp, well lit picture that shows a face, a hand or more of one person.",
        )
    if people > 1:
        raise DataError(
            f"{source}: {people} people are in this picture, and their skin is not to be mixed up",
            "Crop the picture to one person and try again.",
        )


def _no_skin(source: str, classes: np.ndarray) -> DataError:
    there = parts_in(classes)
    if there:
        return DataError(
            f"{source}: no skin of the regions asked for is in view; there is {' and '.join(there)}",
            f"Ask for it: --regions {','.join(there)}",
        )
    return DataError(
        f"{source}: somebody is in this picture, but no bare skin is in view",
        "Uncover the skin that is to be seen, come closer, and take the picture again.",
    )
