"""What is bare skin in a picture: the seam between pictures and the regions cut from them, and what stands behind it.

Both backends answer in Sapiens2's 29 classes, left and right being the subject's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from uprightd.derm.regions import PARTS
from uprightd.domain import Box
from uprightd.pose.estimator import Sapiens2Options
from uprightd.sapiens2 import classes as known

OF_A_PERSON = 0.002
"""Share of the frame from which pixels of a person count as one; below, it is a network's speckle."""
OTHER_PERSON = 0.25
"""Another one counts from this height on, as a share of the tallest: not whoever passes far behind."""


@dataclass(frozen=True, slots=True, eq=False)
class SkinMap:
    """A class for every pixel, uint8 (H, W), see `sapiens2.classes`; how many people were counted, 0 for nobody; and
    what to know about this map, in words."""

    classes: np.ndarray
    people: int
    notes: tuple[str, ...] = ()


class SkinFinder(Protocol):
    """A model that knows skin, loaded and ready."""

    name: str
    """As the manifest tells it: "mediapipe", "sapiens2 0.4b"."""
    device: str
    parts: frozenset[str]
    """What it can find: see `derm.regions.PARTS`."""

    def look(self, image: np.ndarray) -> SkinMap:
        """Given a picture, BGR uint8 (H, W, 3), return what is skin in it."""
        ...

    def close(self) -> None: ...


def load_light_skin() -> SkinFinder:
    """Load the light backend: face, neck and hands. Raise UnavailableError when mediapipe is not there."""
    from uprightd.pose.skin_outlines import OutlinedSkin

    return OutlinedSkin()


def load_sapiens2_skin(weights: Path, detector: Path | None, options: Sapiens2Options) -> SkinFinder:
    """Given a segmentation checkpoint, perhaps a person detector that counts, and options, load the reference backend.

    Raise UnavailableError when a library, the device or memory is missing, DataError when a checkpoint is not what
    it should be.
    """
    from uprightd.sapiens2.architecture import Task
    from uprightd.sapiens2.checkpoint import read_checkpoint
    from uprightd.sapiens2.device import place, this_machine
    from uprightd.sapiens2.people.detector import load_people

    checkpoint = read_checkpoint(weights, Task.SEG)
    placement = place(this_machine(), options.device, options.dtype)
    from uprightd.sapiens2.network import load
    from uprightd.sapiens2.segmentation import SegmentationHead

    head = SegmentationHead(load(checkpoint, placement, options.rope), options.resolution)
    people = load_people(detector, "cuda" if placement.kind == "cuda" else "cpu") if detector else None
    return SegmentedSkin(head, people, f"sapiens2 {checkpoint.size}", str(placement))


class Segments(Protocol):
    """What gives every pixel its class: `sapiens2.segmentation.SegmentationHead`, or a stand-in for tests."""

    def classes(self, image: np.ndarray) -> np.ndarray: ...

    def close(self) -> None: ...


class Counts(Protocol):
    """What finds the people: `sapiens2.people.detector.People`, or a stand-in for tests."""

    fault: str

    def __call__(self, image: np.ndarray) -> list[Box]: ...

    def close(self) -> None: ...


class SegmentedSkin:
    """Sapiens2's segmentation. It tells bodies from the rest and not one body from another, so people are counted by
    a detector where one is installed."""

    parts: frozenset[str] = frozenset(PARTS)

    def __init__(self, head: Segments, people: Counts | None, name: str, device: str) -> None:
        self.name = name
        self.device = device
        self._head = head
        self._people = people

    def look(self, image: np.ndarray) -> SkinMap:
        """Given a picture, BGR uint8 (H, W, 3), return the class of every pixel and how many people were counted."""
        classes = self._head.classes(image)
        somebody = np.count_nonzero(np.isin(classes, known.PERSON)) >= OF_A_PERSON * classes.size
        if not somebody:
            return SkinMap(classes, 0)
        if self._people is None:
            return SkinMap(classes, 1, ("Nobody counted the people: no person detector is installed.",))
        boxes = self._people(image)
        if self._people.fault:
            return SkinMap(classes, 1, (f"The people were not counted: {self._people.fault}.",))
        return SkinMap(classes, max(1, of_size([box.height for box in boxes])))

    def close(self) -> None:
        self._head.close()
        if self._people is not None:
            self._people.close()


def of_size(heights: list[float]) -> int:
    """Given the heights of people or faces, return how many are not far smaller than the tallest."""
    return sum(height >= OTHER_PERSON * max(heights) for height in heights)
