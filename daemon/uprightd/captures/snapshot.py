"""`uprightd snapshot`: one picture in, an annotated picture and an angles card out."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uprightd import stills
from uprightd.captures.card import card, rows
from uprightd.captures.drawing import draw_pose
from uprightd.domain import Instant, Pose
from uprightd.errors import CannotCreateError, DataError, DeniedError
from uprightd.metrics.reading import Terms, read_pose
from uprightd.paths import private_dir
from uprightd.whole_file import write_whole

PICTURE = "snapshot.png"
CARD = "snapshot.json"
ELSEWHERE = "Choose another folder with --out."


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


def check_folder(folder: Path) -> None:
    """Given the folder to write to, raise CannotCreateError or DeniedError when that could not be done.

    Nothing is made: a picture with nobody in it leaves no empty folder behind.
    """
    try:
        there = next(it for it in (folder.absolute(), *folder.absolute().parents) if it.exists())
    except OSError as error:
        raise DeniedError(f"{folder}: cannot be looked at ({error.strerror})", ELSEWHERE) from error
    if not there.is_dir():
        raise CannotCreateError(f"{folder}: {there} is a file, and no folder can be made of it", ELSEWHERE)
    if not os.access(there, os.W_OK | os.X_OK):
        raise DeniedError(f"{folder}: you may not write in {there}", ELSEWHERE)


def new_folder(captures: Path, at: str) -> Path:
    """Given the folder of all captures and the moment (ISO 8601), make a folder there for this one and return it.

    Two snapshots within a second have two folders. Raise DeniedError when it cannot be made.
    """
    private_dir(captures)
    name = f"{at[:19].replace(':', '-')}-snapshot"
    for count in itertools.count(1):
        folder = captures / (name if count == 1 else f"{name}-{count}")
        if not folder.exists():
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
                return folder
    raise AssertionError("numbers do not end")


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
