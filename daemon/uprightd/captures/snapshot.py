"""`uprightd snapshot`: one picture in, an annotated picture and an angles card out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from uprightd import stills
from uprightd.captures.card import card, rows
from uprightd.captures.drawing import draw_pose
from uprightd.captures.folder import NewCapture
from uprightd.captures.manifest import Facts, model_used
from uprightd.domain import Instant, Pose
from uprightd.errors import DataError
from uprightd.metrics.reading import Terms, read_pose
from uprightd.whole_file import write_whole

PICTURE = "snapshot.png"
CARD = "snapshot.json"
KIND = "snapshot"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A measured picture: BGR uint8 (H, W, 3) with the pose drawn on it, and its card."""

    picture: np.ndarray
    card: dict[str, Any]


def measure(image: np.ndarray, pose: Pose | None, source: str, at: str, terms: Terms) -> Snapshot:
    """Given a picture BGR uint8 (H, W, 3) and the pose found in it, return the snapshot.

    Raise DataError when nobody is in the picture.
    """
    if pose is None:
        raise DataError(
            f"{source}: nobody was found in this picture",
            "Use a picture that shows one person at least from head to shoulders, well lit.",
        )
    size = (int(image.shape[1]), int(image.shape[0]))
    reading = read_pose(pose, size, Instant(0.0, 0.0), terms)
    return Snapshot(
        draw_pose(image, pose, reading, rows(reading), f"{reading.view.words}, {pose.backend}"),
        card(reading, pose, size, source, at),
    )


def write(snapshot: Snapshot, capture: NewCapture, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Given a snapshot, a capture in the making and the settings that decided it, write picture and card and finish
    the capture; return the card with the paths of both.

    Raise CannotCreateError, WriteError or DeniedError naming the path.
    """
    stills.write_image(capture.file(PICTURE), snapshot.picture)
    full = {
        **snapshot.card,
        "picture": str(capture.place(PICTURE)),
        "card": str(capture.place(CARD)),
    }
    write_whole(capture.file(CARD), (json.dumps(full, indent=2, ensure_ascii=False) + "\n").encode())
    card = snapshot.card
    summary = {key: card[key] for key in ("view", "confidence", "score", "size")}
    capture.finish(Facts(card["source"], (model_used(card["backend"]),), settings, summary))
    return full
