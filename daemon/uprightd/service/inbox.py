"""Requests from other threads, carried out by the loop's own thread between two samples."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from uprightd.errors import TryAgainError

ANSWER_WITHIN = 8.0


class Inbox:
    """A queue of actions. `wake` is set while something waits, so that the loop need not poll."""

    def __init__(self) -> None:
        self.wake = threading.Event()
        self._actions: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()

    def post(self, action: Callable[[], Any]) -> Future[Any]:
        """Given an action, leave it for the loop and return at once with its future result."""
        future: Future[Any] = Future()
        self._actions.put((action, future))
        self.wake.set()
        return future

    def ask(self, action: Callable[[], Any]) -> Any:
        """Given an action, return its result. Raise what it raises, or TryAgainError when the loop is busy."""
        try:
            return self.post(action).result(ANSWER_WITHIN)
        except TimeoutError as error:
            raise TryAgainError(
                f"the daemon was busy for more than {ANSWER_WITHIN:.0f} s",
                "It carries the request out as soon as it can; ask for its status in a moment.",
            ) from error

    def handle(self) -> None:
        """Carry out all that waits. Only the loop calls this."""
        self.wake.clear()
        while not self._actions.empty():
            action, future = self._actions.get()
            try:
                future.set_result(action())
            except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
                future.set_exception(error)
