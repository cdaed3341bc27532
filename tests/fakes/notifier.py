"""A notifier for tests: records what it is told and answers as scripted."""

from __future__ import annotations

import threading
from collections.abc import Callable

from uprightd.notify.base import Delivery, Notification, Outcome

DELIVERED = Outcome(Delivery.DELIVERED)


class RecordingNotifier:
    """Keeps every notification in `sent` and answers with `outcome`.

    `before` runs on the sending thread first: let it block or raise to play a server that hangs or a fault.
    """

    def __init__(self, outcome: Outcome = DELIVERED, before: Callable[[], object] | None = None) -> None:
        self.outcome = outcome
        self.sent: list[Notification] = []
        self.closed = 0
        self.threads: set[int] = set()
        self._before = before

    def send(self, notification: Notification) -> Outcome:
        self.threads.add(threading.get_ident())
        if self._before is not None:
            self._before()
        self.sent.append(notification)
        return self.outcome

    def close(self) -> None:
        self.closed += 1
