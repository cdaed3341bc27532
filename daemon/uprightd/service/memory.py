"""A ceiling on the growth of memory. A model that leaks on a GPU (pytorch #132596) is not mended by emptying caches:
the process ends cleanly with exit code 75, and the service manager starts a new one."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from uprightd.errors import TryAgainError

SETTLED_AFTER = 60
"""Samples after which the memory in use counts as normal: caches and the model's buffers have been made."""
EVERY = 30
MOST_GROWTH = 1_500_000_000
"""Bytes above normal."""
MEGABYTE = 1e6


def resident() -> int:
    """Return the bytes of memory this process holds."""
    return psutil.Process().memory_info().rss


class MemoryCeiling:
    """Looks every EVERY samples. `growth` in bytes."""

    def __init__(self, growth: int = MOST_GROWTH, measure: Callable[[], int] = resident) -> None:
        self._growth = growth
        self._measure = measure
        self._samples = 0
        self._normal = 0

    def check(self) -> None:
        """Count one sample. Raise TryAgainError when the process has grown past the ceiling."""
        self._samples += 1
        if self._samples < SETTLED_AFTER or self._samples % EVERY:
            return
        now = self._measure()
        self._normal = self._normal or now
        if now - self._normal > self._growth:
            raise TryAgainError(
                f"memory grew from {self._normal / MEGABYTE:.0f} to {now / MEGABYTE:.0f} MB: the daemon ends, to be "
                "started anew",
                "The service does so by itself. If it happens often, set pose.device: cpu and report it.",
            )
