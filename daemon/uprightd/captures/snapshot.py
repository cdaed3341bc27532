"""`uprightd snapshot`: one picture in, an annotated picture and an angles card out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uprightd import stills
from uprightd.captures.card import card, rows, title
from uprightd.captures.drawing import draw_pose
from uprightd.domain import Instant, Pose
from uprightd.errors import DataError
from uprightd.metrics.reading import read_pose
from uprightd.paths import private_dir
from uprightd.whole_file import write_whole

PICTURE = "snapshot.png"
CARD = "snapshot.json"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A measured picture: BGR uint8 (H, W, 3) with the pose drawn on it, and its card."""

    picture: np.ndarray
    card: dict[str, Any]


def measure(image: np.ndarray, pose: Pose | None, source: str, at: str, min_score: float) -> Snapshot:
    """Given a picture BGR uint8 (H, W, 3) and the pose found in it, return the snapshot.

    Raise DataError when nobody is in the picture.
    """
    if pose is None:
        raise DataError(
            f"{source}: nobody was found in this picture",
            "Use a picture that shows one person at least from head to shoulders, well lit.",
        )
    size = (int(image.shape[1]), int(image.shape[0]))
    reading = read_pose(pose, size, Instant(0.0, 0.0), min_score)
    return Snapshot(
        draw_pose(image, pose, reading, rows(reading), title(reading)), card(reading, pose, size, source, at)
    )


def write(snapshot: Snapshot, folder: Path) -> dict[str, Any]:
    """Given a snapshot and a folder, write picture and card there; return the card with both paths.

    Raise CannotCreateError, WriteError or DeniedError naming the path; no half-written file is left.
    """
    if not folder.is_dir():  # a folder of the user's own keeps the mode they gave it
        private_dir(folder)
    stills.write_image(folder / PICTURE, snapshot.picture)
    full = {**snapshot.card, "picture": str(folder / PICTURE), "card": str(folder / CARD)}
    write_whole(folder / CARD, (json.dumps(full, indent=2, ensure_ascii=False) + "\n").encode())
    return full
