"""The seam of all notifiers: what is to be told, and whether the person was told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from uprightd.domain import Severity
from uprightd.notify.text import plain

SEND_DEADLINE = 5.0
"""Seconds after which `send` gives up, whatever hangs below it."""

TITLE_LIMIT = 120
BODY_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told. Title and body are plain, printable and short, whatever they were made from."""

    title: str
    body: str
    severity: Severity

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain(self.title, TITLE_LIMIT))
        object.__setattr__(self, "body", plain(self.body, BODY_LIMIT))


class Delivery(StrEnum):
    """What became of a notification."""

    DELIVERED = "delivered"
    """A notification server or the system took it."""
    FAILED = "failed"
    """There is a server, and it did not take it."""
    UNAVAILABLE = "unavailable"
    """There is nothing here that shows notifications."""
    CONSOLE = "console"
    """It was printed instead."""
    OFF = "off"
    """The person does not want any."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one notification; `detail` says why in words, empty where nothing needs saying."""

    status: Delivery
    detail: str = ""

    @property
    def told(self) -> bool:
        """Whether the words reached a place where the person can read them."""
        return self.status in (Delivery.DELIVERED, Delivery.CONSOLE)


class Notifier(Protocol):
    """Something that tells the person."""

    def send(self, notification: Notification) -> Outcome:
        """Tell it and return what became of it. Blocks for at most the deadline (5 s) and never raises."""
        ...

    def close(self) -> None:
        """Let go of connections and threads; may be called twice. `send` is not called afterwards."""
        ...
