"""The last resort: a visibly marked line where the program prints."""

from __future__ import annotations

import threading
from typing import TextIO

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, Outcome

MARK = "[no desktop notification]"
SIGNS = {Severity.INFO: "i", Severity.WARN: "⚠", Severity.ALERT: "‼"}


class ConsoleNotifier:
    """Prints notifications to `stream`, marked so that nobody takes them for delivered ones."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, notification: Notification) -> Outcome:
        """Given a notification, print it on one line. Failed when the stream is closed or its reader gone."""
        line = " ".join(
            filter(None, (MARK, SIGNS[notification.severity], notification.title, notification.body))
        )
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        shown = line.encode(encoding, errors="replace").decode(encoding)
        try:
            with self._lock:
                self._stream.write(shown + "\n")
                self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            return Outcome(Delivery.FAILED, f"cannot print: {error}")
        return Outcome(Delivery.CONSOLE)

    def close(self) -> None:
        """Nothing to let go of: the stream belongs to the caller."""
