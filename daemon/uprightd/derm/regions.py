"""From a class for every pixel to regions of skin: parts of the body, left and right apart, each in one piece."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from uprightd import opencv
from uprightd.errors import UsageError
from uprightd.problems import nearest
from uprightd.sapiens2.classes import CLASSES, MOUTH

LEFT, RIGHT, MIDDLE = "left", "right", ""
"""The subject's own sides; a face and a torso have none."""


def _ids(*names: str) -> tuple[int, ...]:
    return tuple(index for index, each in enumerate(CLASSES) if each.name in names)


PARTS: dict[str, dict[str, tuple[int, ...]]] = {
    "face": {MIDDLE: _ids("Face_Neck", "Lower_Lip", "Upper_Lip")},
    "hands": {LEFT: _ids("Left_Hand"), RIGHT: _ids("Right_Hand")},
    "arms": {
        LEFT: _ids("Left_Upper_Arm", "Left_Lower_Arm"),
        RIGHT: _ids("Right_Upper_Arm", "Right_Lower_Arm"),
    },
    "legs": {
        LEFT: _ids("Left_Upper_Leg", "Left_Lower_Leg"),
        RIGHT: _ids("Right_Upper_Leg", "Right_Lower_Leg"),
    },
    "feet": {LEFT: _ids("Left_Foot"), RIGHT: _ids("Right_Foot")},
    "torso": {MIDDLE: _ids("Torso")},
}
"""The parts a person can ask for, with the classes of each side."""
SINGULAR = {"face": "face", "hands": "hand", "arms": "arm", "legs": "leg", "feet": "foot", "torso": "torso"}
DEFAULT = tuple(part for part in PARTS if part != "face")
"""A face says who somebody is, so it is cut out only when it is asked for."""
ALL = "all"
IDENTITY = (*_ids("Face_Neck", "Eyeglass"), *MOUTH)
"""Classes that say who somebody is."""

SMALLEST = 0.0005
"""Share of the frame below which a piece is an island of the network's and no region."""
ISLAND = 0.05
"""The same, as a share of the largest piece of the same part and side."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of whole pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Where it lies in an array (H, W, ...)."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A connected piece of skin of one part of the body.

    name: "left_hand"; the second largest piece of it is "left_hand_2". mask: bool, of the box's height and width.
    area: in pixels; share: of the frame.
    """

    name: str
    part: str
    side: str
    box: Rect
    mask: np.ndarray
    area: int
    share: float

    @property
    def title(self) -> str:
        """How a person reads it: "Left hand"."""
        return self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parts and sides are asked for: pairs of both."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def face(self) -> bool:
        return ("face", MIDDLE) in self.pairs


ALIASES = {"face_neck": "face", "neck": "face"}
"""Sapiens2 sees face and neck as one class, Face_Neck."""


def parse_wanted(text: str) -> Wanted:
    """Given "hands,left_foot" or "all" or "" (the default: all but the face), return what is asked for.

    Raise UsageError, with the nearest name, for a part that there is not.
    """
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in text.split(",")]
    names = [name for name in names if name] or list(DEFAULT)
    known = {ALL: list(_pairs(PARTS)), **{part: list(_pairs([part])) for part in PARTS}}
    known |= {_name(part, side): [(part, side)] for part, side in _pairs(PARTS)}
    known |= {alias: known[part] for alias, part in ALIASES.items()}
    for name in names:
        if name not in known:
            raise UsageError(
                f"no region {name!r}{nearest(name, known)}",
                f"Expected some of {', '.join(PARTS)}, one side such as left_hand, or all; with commas between.",
            )
    return Wanted(tuple(dict.fromkeys(pair for name in names for pair in known[name])))


def find_regions(classes: np.ndarray, wanted: Wanted, smallest: float = SMALLEST) -> list[Region]:
    """Given class ids, uint8 (H, W), and what is asked for, return its regions, each part's largest piece first.

    Pixels that touch, also by a corner, are one piece. A piece is left out as an island when it is smaller than
    `smallest` of the frame, or than ISLAND of the largest piece of its part and side.
    """
    regions: list[Region] = []
    for part, side in wanted.pairs:
        pieces = _pieces(classes, PARTS[part][side], smallest * classes.size)
        for number, (box, mask, area) in enumerate(pieces, 1):
            name = _name(part, side) if number == 1 else f"{_name(part, side)}_{number}"
            regions.append(Region(name, part, side, box, mask, area, area / classes.size))
    return regions


def parts_in(classes: np.ndarray, smallest: float = SMALLEST) -> list[str]:
    """Given class ids, uint8 (H, W), return the parts whose skin is in view, whatever was asked for."""
    there = find_regions(classes, Wanted(tuple(_pairs(PARTS))), smallest)
    return list(dict.fromkeys(region.part for region in there))


def _pieces(classes: np.ndarray, ids: Sequence[int], fewest: float) -> list[tuple[Rect, np.ndarray, int]]:
    """Return box, mask and area of each connected piece, the largest first."""
    cv2 = opencv.load()
    chosen = np.zeros(256, np.uint8)
    chosen[list(ids)] = 1
    skin = cv2.LUT(classes, chosen)
    around = Rect(*cv2.boundingRect(skin))
    if not around.width:
        return []
    count, labels, stats, _ = cv2.connectedComponentsWithStats(skin[around.window], connectivity=8)
    order = sorted(range(1, count), key=lambda index: -int(stats[index][4]))
    pieces = []
    for index in order:
        x, y, width, height, area = (int(number) for number in stats[index])
        if area < fewest or area < ISLAND * int(stats[order[0]][4]):
            break
        mask = labels[Rect(x, y, width, height).window] == index
        pieces.append((Rect(around.x + x, around.y + y, width, height), mask, area))
    return pieces


def _pairs(parts: Collection[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        for side in PARTS[part]:
            yield part, side


def _name(part: str, side: str) -> str:
    return f"{side}_{SINGULAR[part]}" if side else SINGULAR[part]
