"""Carries notifications off the sampling loop: a worker sends them, the loop collects what became of them."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from dataclasses import replace

from uprightd.notify.base import SEND_DEADLINE, Delivery, Notification, Notifier, Outcome

WAITING_LIMIT = 32
"""Notifications that may wait. A person could not read more, and nothing good produces more."""

REFUSED = Outcome(Delivery.FAILED, "too many notifications waiting")
UNSENT = Outcome(Delivery.FAILED, "the program stopped before it was sent")


class Courier:
    """Sends notifications on a thread of its own, in order. `post` and `collect` never wait.

    Every posted key comes back from `collect` exactly once, at the latest after the notifier's deadline. The
    keys are the caller's (the alert's row in the log).
    """

    def __init__(self, notifier: Notifier, waiting_limit: int = WAITING_LIMIT) -> None:
        self._notifier = notifier
        self._waiting: queue.Queue[tuple[int, Notification] | None] = queue.Queue(waiting_limit)
        self._state = threading.Condition()
        self._pending = 0
        self._finished: list[tuple[int, Outcome]] = []
        self._tally: Counter[Delivery] = Counter()
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="courier", daemon=True)
        self._worker.start()

    def post(self, key: int, notification: Notification) -> None:
        """Given a key of the caller's and a notification, send it soon. A flood is refused, never queued.

        The notification carries the key from here on, so that a pressed button names it.
        """
        with self._state:
            self._pending += 1
            if self._closed:
                self._finish(key, UNSENT)
                return
            try:
                self._waiting.put_nowait((key, replace(notification, key=key)))
            except queue.Full:
                self._finish(key, REFUSED)

    def collect(self) -> list[tuple[int, Outcome]]:
        """Return the keys and outcomes of all that finished since the last call."""
        with self._state:
            finished, self._finished = self._finished, []
        return finished

    @property
    def tally(self) -> dict[Delivery, int]:
        """How many notifications had each outcome since the start."""
        with self._state:
            return dict(self._tally)

    def flush(self, timeout: float) -> bool:
        """Given seconds to wait at most, return whether everything posted so far has an outcome."""
        with self._state:
            return self._state.wait_for(lambda: self._pending == 0, timeout)

    def close(self, timeout: float = SEND_DEADLINE) -> None:
        """Stop: what waits is not sent, what is being sent gets `timeout` seconds; close the notifier."""
        with self._state:
            self._closed = True
            self._discard()
            self._waiting.put_nowait(None)
        self._worker.join(timeout)

    def _discard(self) -> None:
        while True:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                self._finish(item[0], UNSENT)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            key, notification = item
            try:
                outcome = self._notifier.send(notification)
            except Exception as error:  # noqa: BLE001 - a fault in one notifier must not silence all later ones
                outcome = Outcome(Delivery.FAILED, f"the notifier broke: {error!r}")
            with self._state:
                self._finish(key, outcome)
        self._notifier.close()

    def _finish(self, key: int, outcome: Outcome) -> None:
        """Given a key and its outcome, record it. The caller holds the state's lock."""
        self._pending -= 1
        self._finished.append((key, outcome))
        self._tally[outcome.status] += 1
        self._state.notify_all()
