"""What a capture process is asked to do, in one piece: the first thing the daemon tells it.

It goes over the socket and not on the command line, where any user of the machine could read a password in
a stream's address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

Pace = Literal["realtime", "fast"]


class SourceKind(StrEnum):
    INDEX = "index"
    NAME = "name"
    VIDEO = "video"
    FOLDER = "folder"
    URL = "url"
    STREAM = "stream"
    """A FIFO or a character device: bytes that come as they come."""

    @property
    def live(self) -> bool:
        """Whether pictures come when they come, instead of lying in a file."""
        return self not in (SourceKind.VIDEO, SourceKind.FOLDER)


@dataclass(frozen=True, slots=True)
class Order:
    """Source and manner of a capture.

    start_at: seconds into a file after which to go on; None plays it from the start.
    probe: open, read one picture, say whether that worked, and end.
    """

    kind: SourceKind
    target: str | int
    width: int = 1280
    height: int = 720
    pace: Pace = "realtime"
    folder_fps: float = 1.0
    open_timeout: float = 15.0
    read_timeout: float = 10.0
    start_at: float | None = None
    probe: bool = False

    def fields(self) -> dict[str, Any]:
        """Return the order as plain fields for a message."""
        return asdict(self)

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Order:
        """Given the fields of a message, return the order."""
        return cls(**{**fields, "kind": SourceKind(fields["kind"])})
