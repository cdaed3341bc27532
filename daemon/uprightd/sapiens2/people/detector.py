"""From a picture to the boxes of all people in it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from uprightd.domain import Box
from uprightd.sapiens2.device import require_libraries
from uprightd.sapiens2.people.checkpoint import read_detector

SURE = 0.5
"""Score above which a person counts as seen."""
SMALLEST = 1.0
"""Pixels, under which what is left of a box inside the picture is no person."""


class Found(NamedTuple):
    """What the network says of Q places: class logits (Q, C), and boxes (Q, 4) as the centre's x and y, width and
    height in shares of the picture. Float arrays."""

    logits: np.ndarray
    boxes: np.ndarray

    @property
    def sound(self) -> bool:
        """Whether all numbers are finite."""
        return bool(np.isfinite(self.logits).all() and np.isfinite(self.boxes).all())


class Network(Protocol):
    """What looks at pictures: `network.DFine`, or a stand-in for tests."""

    def __call__(self, image: np.ndarray) -> Found: ...

    def close(self) -> None: ...


class People:
    """Finds all people in a picture. One call looks at one picture; nothing is remembered between them."""

    def __init__(self, network: Network, person: int) -> None:
        """`person` is the number of the class that counts; all others are ignored."""
        self.fault = ""
        """Why the last answer says nothing; empty when it was sound."""
        self._network = network
        self._person = person

    def __call__(self, image: np.ndarray) -> list[Box]:
        """Given a picture, BGR uint8 (H, W, 3), return the boxes of all people, the surest first.

        None are returned, and `fault` says why, when the network gives numbers that are not finite.
        """
        found = self._network(image)
        self.fault = "" if found.sound else "the person detector gave numbers that are not finite"
        height, width = image.shape[:2]
        return boxes_of(found, self._person, width, height) if found.sound else []

    def close(self) -> None:
        """Give the network's memory back."""
        self._network.close()


def boxes_of(found: Found, person: int, width: int, height: int) -> list[Box]:
    """Given the network's finite answer, the class that counts and a picture's size, return its boxes in pixels.

    Sigmoid, threshold and scale as transformers' own post-processing; D-FINE answers once per object, so nothing is
    suppressed. Boxes end at the last row and column, as `subject.whole_frame` does. The surest comes first.
    """
    logits = found.logits[:, person].astype(np.float64)
    scores = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    order = np.argsort(-scores, kind="stable")
    boxes = []
    for index in order[scores[order] > SURE]:
        x, y, wide, high = (float(number) for number in found.boxes[index])
        left, right = ((x + side * wide / 2) * width for side in (-1, 1))
        top, bottom = ((y + side * high / 2) * height for side in (-1, 1))
        left, right = max(left, 0.0), min(right, width - 1.0)
        top, bottom = max(top, 0.0), min(bottom, height - 1.0)
        if min(right - left, bottom - top) >= SMALLEST:
            boxes.append(Box(left, top, right - left, bottom - top))
    return boxes


def load_people(path: Path, device: str = "cpu") -> People:
    """Given a detector's weights file or its folder, and a device as torch names it, load it.

    It runs in float32 everywhere: it is small, and D-FINE is known to overflow float16. Raise UnavailableError when
    there is no detector, no torch or no memory, DataError when it is not what it should be.
    """
    detector = read_detector(path)
    require_libraries()
    from uprightd.sapiens2.people.network import load

    return People(load(detector, device), detector.person)
