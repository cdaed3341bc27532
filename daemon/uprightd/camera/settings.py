"""How the camera is captured and how patient the daemon is with it."""

from __future__ import annotations

from dataclasses import dataclass

from uprightd.camera.order import Order, Pace
from uprightd.camera.source import Source


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Size to ask a device for, pace of files, and the supervision's limits; all times in seconds.

    stall_after: without a sign of life or, on a live source, a picture for so long, the process is replaced.
    dark_after: dark pictures in a row after which the state is dark.
    """

    width: int = 1280
    height: int = 720
    pace: Pace = "realtime"
    folder_fps: float = 1.0
    stall_after: float = 10.0
    open_timeout: float = 15.0
    dark_after: int = 3
    backoff_first: float = 1.0
    backoff_max: float = 60.0

    def order(self, source: Source, start_at: float | None) -> Order:
        """Given the source and how far a file has been seen, return what the capture process is to do."""
        return Order(
            source.kind,
            source.target,
            width=self.width,
            height=self.height,
            pace=self.pace,
            folder_fps=self.folder_fps,
            open_timeout=self.open_timeout,
            read_timeout=self.stall_after,
            start_at=start_at,
        )
