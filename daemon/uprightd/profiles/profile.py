"""A calibrated profile: an upright pose with the name it goes by and the camera that saw it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from uprightd.calibration.baseline import Baseline
from uprightd.domain import backend_family


@dataclass(frozen=True, slots=True)
class Profile:
    """An upright pose to count from. made_at: ISO 8601, UTC. revision: 1 for the first of its key.

    Its key is camera, frame size, backend family and name: profiles that differ in any of them lie side by side.
    """

    name: str
    camera: str
    made_at: str
    revision: int
    baseline: Baseline
    path: Path = field(default=Path(), compare=False)

    @property
    def label(self) -> str:
        """Name and revision, as readings name what they count from."""
        return f"{self.name} r{self.revision}"

    @property
    def family(self) -> str:
        """The backend whose points these are, without its size or version."""
        return backend_family(self.baseline.backend)

    @property
    def file_name(self) -> str:
        """What its file is called: readable parts, and a hash of the key, which no two of them share."""
        width, height = self.baseline.size
        key = json.dumps([self.camera, width, height, self.family, self.name])
        digest = hashlib.sha256(key.encode("ascii")).hexdigest()[:10]
        parts = (self.name, _slug(self.camera), f"{width}x{height}", _slug(self.family), digest)
        return "-".join(filter(None, parts)) + ".json"


def _slug(text: str) -> str:
    """Given any text, return at most 24 letters, digits and dashes that remind of it; perhaps none."""
    return re.sub("[^a-z0-9]+", "-", text.lower()[-64:]).strip("-")[:24].strip("-")
