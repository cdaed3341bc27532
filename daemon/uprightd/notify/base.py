"""The seam of all notifiers: what is to be told, and whether the person was told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from uprightd.domain import Severity
from uprightd.notify.text import plain

SEND_DEADLINE = 5.0
"""Seconds after which `send` gives up, whatever hangs below it."""

TITLE_LIMIT = 120
BODY_LIMIT = 400
ACTION_LIMIT = 40

ACTION_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
RESERVED_KEYS = frozenset({"default", "inline-reply"})
"""Keys with a meaning of their own: a click on the notification itself, and KDE's field for an answer."""

OnAction = Callable[[int, str], object]
"""Told which notification (the key its sender gave it) and which action was chosen. Called on the notifier's own
thread: it returns soon and keeps its faults to itself."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button on a notification: the key it is known by, such as snooze-15, and the title the person reads.

    Raise ValueError for a key that is none or has a meaning of its own, and for a title with nothing to read.
    """

    key: str
    title: str

    def __post_init__(self) -> None:
        if not ACTION_KEY.fullmatch(self.key) or self.key in RESERVED_KEYS:
            raise ValueError(f"an action's key is lower-case words joined by hyphens, got {self.key!r}")
        object.__setattr__(self, "title", plain(self.title, ACTION_LIMIT))
        if not self.title:
            raise ValueError(f"the action {self.key} has no title to read")


@dataclass(frozen=True, slots=True)
class Notification:
    """What is to be told. Title and body are plain, printable and short, whatever they were made from.

    actions: buttons, shown where the notifier can tell which was pressed. key: the sender's name for it (the
    courier fills it in); it says nothing about what is told, so two that differ in it alone are equal.
    """

    title: str
    body: str
    severity: Severity
    actions: tuple[Action, ...] = ()
    key: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain(self.title, TITLE_LIMIT))
        object.__setattr__(self, "body", plain(self.body, BODY_LIMIT))
        if len({action.key for action in self.actions}) < len(self.actions):
            raise ValueError(f"two actions of one notification have the same key: {self.actions}")


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
