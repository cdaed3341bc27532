"""Desktop notifications: one connection at a time, thrown away and made anew when it failed.

Nothing is imported or connected before the first notification, so a machine without a desktop pays nothing.
"""

from __future__ import annotations

import threading
import time

from uprightd.notify.base import SEND_DEADLINE, Delivery, Notification, OnAction, Outcome
from uprightd.notify.connection import GRACE, Connection


class DesktopNotifier:
    """Shows notifications through the desktop's own server.

    A connection that worked before and now fails is replaced, and the same notification goes out on the new
    one: a restarted D-Bus session costs nothing. `deadline` in seconds covers both attempts.

    on_action: who is told of a pressed button, on this notifier's own thread and until it is closed. Without one,
    and where the server cannot tell what was pressed, notifications go out without their buttons.
    """

    def __init__(self, deadline: float = SEND_DEADLINE, on_action: OnAction | None = None) -> None:
        self._on_action = on_action
        self._wait = deadline - GRACE  # what a connection that hangs then takes to be let go of
        self._silence = f"the notification server did not answer within {self._wait:g} s"
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._stuck: Connection | None = None
        self.failures = 0
        """Notifications that were not delivered since the start."""

    def send(self, notification: Notification) -> Outcome:
        """Given a notification, return delivered, failed or unavailable within the deadline."""
        with self._lock:
            ends = time.monotonic() + self._wait
            used_before = self._connection is not None
            outcome = self._attempt(notification, ends)
            if used_before and self._connection is None and time.monotonic() < ends:
                outcome = self._attempt(notification, ends)
            if outcome.status is not Delivery.DELIVERED:
                self.failures += 1
            return outcome

    def close(self) -> None:
        """Disconnect and end the loop thread."""
        with self._lock:
            self._drop()

    def _attempt(self, notification: Notification, ends: float) -> Outcome:
        if self._stuck is not None and self._stuck.alive:
            return Outcome(Delivery.FAILED, "the notification library hangs since an earlier notification")
        if self._connection is None:
            self._connection = Connection(self._on_action)
        future = self._connection.show(notification)
        try:
            outcome = future.result(max(0.0, ends - time.monotonic()))
            sound = self._connection.refused  # the buttons of earlier notifications hang on it
        except TimeoutError:
            future.cancel()
            outcome, sound = Outcome(Delivery.FAILED, self._silence), False
        if outcome.status is not Delivery.DELIVERED and not sound:
            self._drop()
        return outcome

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.close():
            self._stuck = connection  # at most one thread is ever left behind
