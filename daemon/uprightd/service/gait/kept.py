"""What an interrupted run has seen, so that the next one goes on behind it instead of beginning anew.

It lies in the cache folder as numbers (no picture), keyed by the video and by everything that decides what is seen in
it; a finished run removes it, and what nobody came back for is removed after a week.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from uprightd import __version__
from uprightd.domain import Box
from uprightd.errors import UprightError
from uprightd.gait.model import Track
from uprightd.paths import private_dir
from uprightd.service.gait.tracking import Tracking
from uprightd.whole_file import write_whole

EVERY = 15.0
"""Seconds of work after which it is written anew."""
KEPT_FOR = 7 * 86400.0
HASHED = 1 << 16
"""Bytes of the video's beginning that tell it from another of the same size and time."""


def key_of(video: Path, settings: dict[str, str | float | bool | None]) -> str:
    """Given a video and what decides how it is looked at, return what tells this run from any other."""
    info = video.stat()
    with video.open("rb") as file:
        begin = hashlib.sha256(file.read(HASHED)).hexdigest()
    told = [__version__, str(video.resolve()), info.st_size, info.st_mtime_ns, begin, settings]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


class Kept:
    """The file of one interrupted run in the folder of all of them."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder
        self._path = folder / f"{key}.npz"
        self._written_at = time.monotonic()

    def resume(self, tracking: Tracking) -> float | None:
        """Given a fresh tracking, fill it with what was kept; return the time of its last frame, None without any.

        A file that cannot be read counts as none.
        """
        try:
            with np.load(io.BytesIO(self._path.read_bytes()), allow_pickle=False) as data:
                about = json.loads(str(data["about"]))
                table, times = data["table"].astype(float), data["times"]
        except (OSError, ValueError, KeyError, EOFError, pickle.UnpicklingError, zipfile.BadZipFile):
            return None
        names = about["names"]
        points = {name: table[:, i, :3] for i, name in enumerate(names)}
        world = {name: table[:, i, 3:] for i, name in enumerate(names)}
        track = Track(times, points, tuple(about["size"]), about["backend"], world)
        tracking.resume(track, Box(*about["box"]) if about["box"] else None)
        return float(times[-1]) if len(times) else None

    def due(self) -> bool:
        return time.monotonic() - self._written_at > EVERY

    def save(self, tracking: Tracking) -> None:
        """Given the tracking so far, keep it; a folder that cannot be written to only costs the kept work."""
        self._written_at = time.monotonic()
        track = tracking.track()
        if not track.points:
            return
        nowhere = np.full((track.count, 3), np.nan)
        table = [np.hstack([track.points[name], track.world.get(name, nowhere)]) for name in track.points]
        about = {
            "names": list(track.points),
            "size": track.size,
            "backend": track.backend,
            "box": tracking.box and list(tracking.box),
        }
        data = io.BytesIO()
        np.savez(
            data, about=json.dumps(about), times=track.times, table=np.stack(table, 1).astype(np.float32)
        )
        with suppress(UprightError):
            private_dir(self._folder)
            write_whole(self._path, data.getvalue())

    def forget(self) -> None:
        """Remove it: the run is finished. What others left long ago goes with it."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            for path in self._folder.glob("*.npz"):
                if time.time() - path.stat().st_mtime > KEPT_FOR:
                    path.unlink(missing_ok=True)
