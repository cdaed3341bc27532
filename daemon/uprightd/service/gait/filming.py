"""From a video file to a walker's track; an interrupted run goes on where it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from uprightd.gait.model import Track
from uprightd.service.gait.album import Album
from uprightd.service.gait.footage import Footage, Shot
from uprightd.service.gait.kept import Kept
from uprightd.service.gait.request import Tell
from uprightd.service.gait.tracking import Tracking


@dataclass(frozen=True, slots=True)
class Filmed:
    """A track and how it came about; cut_off, duration and resumed_at in seconds, resumed_at None for a fresh run."""

    track: Track
    frames: int
    duration: float
    cut_off: float
    broken: int
    people: int
    resumed_at: float | None = None


def film(
    path: Path, tracking: Tracking, every: float, kept: Kept | None, tell: Tell, album: Album | None = None
) -> Filmed:
    """Given a video, a fresh tracking, the seconds between two frames (0: all), where to keep what is interrupted, whom
    to tell how far it is and what keeps frames for later, return the track. Raise DataError when it is no video."""
    after = kept.resume(tracking) if kept else None
    beside = album.add if album is not None and after is None else None
    with Footage(path, every, after, beside) as footage:
        batch: list[Shot] = []
        try:
            for shot in footage:
                batch.append(shot)
                if len(batch) >= tracking.batch:
                    tracking.see(batch)
                    batch.clear()
                    tell("watching", shot.t, footage.promised)
                    if kept and kept.due():
                        kept.save(tracking)
            if batch:
                tracking.see(batch)
        except BaseException:
            if kept:
                kept.save(tracking)
            raise
        if footage.cut_off:
            assert footage.promised is not None
            missing = footage.promised - footage.reached - 1 / footage.fps
        else:
            missing = 0.0
        return Filmed(
            tracking.track(), footage.frames, footage.reached, missing, footage.broken, tracking.people, after
        )
