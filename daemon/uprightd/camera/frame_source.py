"""The seam between the monitor loop and whatever gives it pictures."""

from __future__ import annotations

from typing import Protocol

from uprightd.camera.states import CameraStatus
from uprightd.domain import Frame


class FrameSource(Protocol):
    """Gives the newest picture when asked, and never raises for what a camera does."""

    @property
    def status(self) -> CameraStatus: ...

    @property
    def opening(self) -> bool:
        """Whether a picture is expected any moment: it was opened, or its process died among good pictures and
        is being started again, and neither a picture nor a fault has come yet."""
        ...

    @property
    def finished(self) -> bool:
        """Whether a file has ended, or was given up: no picture will come any more."""
        ...

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the last picture; None before the first."""
        ...

    @property
    def restarts(self) -> int: ...

    @property
    def stalls(self) -> int: ...

    @property
    def child_pid(self) -> int | None: ...

    @property
    def child_cpu_seconds(self) -> float:
        """CPU seconds of the capture process, all of its lives together."""
        ...

    @property
    def child_read_cpu_seconds(self) -> float:
        """The part of them that grabbed and decoded pictures."""
        ...

    @property
    def child_transfer_cpu_seconds(self) -> float:
        """The part that measured and handed them over, and waited; what is left was spent on starting."""
        ...

    def open(self) -> None:
        """Start, or go on after `close`. Returns at once."""
        ...

    def poll(self, timeout: float, not_before: float | None = None) -> Frame | None:
        """Return the newest picture, or None when none came within `timeout` seconds.

        not_before: seconds into a file before which no picture is wanted.
        """
        ...

    def close(self) -> None:
        """Release the device. Safe in every state, and twice."""
        ...

    def take_events(self) -> list[str]:
        """Return what has happened since the last call, one line each, and forget it."""
        ...
