"""The seam between a crop and whatever the user lets look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

THEIRS = "the user's own"
"""The licence of a model or program that the user brings."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a classifier answered, word for word; `fault` says in words why there is no answer, or not all of it."""

    output: str
    fault: str = ""


class Classifier(Protocol):
    """A model or a program of the user's own, ready to look at crops."""

    name: str

    def look(self, crop: Path, facts: Mapping[str, str]) -> Said:
        """Given a crop's file and facts about it (region, side, mm per pixel), return the answer."""
        ...
