"""The last resort against a hang in a library: when the loop stops moving, say where and end the process.

launchd has no watchdog of its own, so the process watches itself; the service manager starts it anew.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time

EXIT_HUNG = 70


class Watchdog:
    """A thread that ends the process with exit code 70 when no `stamp` came in time."""

    def __init__(self) -> None:
        self._deadline = float("inf")
        self._stage = "starting"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stamp(self, stage: str, allow: float) -> None:
        """Given what comes next and the seconds it may take at most, push the deadline on."""
        self._stage, self._deadline = stage, time.monotonic() + allow

    def stop(self) -> None:
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(1.0):
            if time.monotonic() > self._deadline:
                print(f"uprightd: hung while {self._stage}; stacks follow, exit {EXIT_HUNG}", file=sys.stderr)  # noqa: T201
                faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
                sys.stderr.flush()
                os._exit(EXIT_HUNG)
