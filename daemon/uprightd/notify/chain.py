"""Which notifier tells the person: the desktop, else macOS's script runner, at last the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from uprightd.notify.base import SEND_DEADLINE, Delivery, Notification, Notifier, OnAction, Outcome
from uprightd.notify.console import ConsoleNotifier
from uprightd.notify.desktop import DesktopNotifier
from uprightd.notify.osascript import OsascriptNotifier


class SilentNotifier:
    """Tells nothing: the person switched notifications off."""

    def send(self, notification: Notification) -> Outcome:  # noqa: ARG002 - the seam's signature
        """Return that notifications are off."""
        return Outcome(Delivery.OFF, "notifications are off in the configuration")

    def close(self) -> None:
        """Nothing to let go of."""


class NotifierChain:
    """Tries named notifiers in order until one has told the person."""

    def __init__(self, links: Sequence[tuple[str, Notifier]]) -> None:
        self._links = tuple(links)

    def send(self, notification: Notification) -> Outcome:
        """Given a notification, return the outcome of the first notifier that told it.

        The detail says why the earlier ones did not, as in "desktop: no D-Bus session". When nobody told it,
        the status is the last one's.
        """
        reasons: list[str] = []
        status = Delivery.UNAVAILABLE
        for name, notifier in self._links:
            outcome = notifier.send(notification)
            status = outcome.status
            if outcome.told:
                break
            reasons.append(f"{name}: {outcome.detail or outcome.status}")
        return Outcome(status, "; ".join(reasons))

    def close(self) -> None:
        """Close every notifier of the chain."""
        for _, notifier in self._links:
            notifier.close()


def build_notifier(
    enabled: bool,
    stream: TextIO,
    platform: str,
    deadline: float = SEND_DEADLINE,
    on_action: OnAction | None = None,
) -> Notifier:
    """Given whether notifications are wanted, a stream to fall back to and `sys.platform`, return a notifier.

    `deadline` in seconds covers the whole chain. on_action: who is told of a pressed button; only the desktop's own
    server shows buttons, the fall-backs leave them out. Nothing is connected before the first notification.
    """
    if not enabled:
        return SilentNotifier()
    console = ("console", ConsoleNotifier(stream))
    if platform == "darwin":
        share = deadline / 2
        return NotifierChain(
            [("desktop", DesktopNotifier(share, on_action)), ("osascript", OsascriptNotifier(share)), console]
        )
    return NotifierChain([("desktop", DesktopNotifier(deadline, on_action)), console])
