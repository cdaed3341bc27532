"""When a capture process is tried again, and how often its trouble is told."""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Callable

HEALTHY_AFTER = 60.0
"""Seconds of pictures after which earlier failures are forgotten."""
CRASH_WINDOW = 60.0
CRASHES = 5
EVERY = 10


class Restarts:
    """Waiting times between attempts: doubling from `first` to `longest` seconds, give or take a quarter."""

    def __init__(self, first: float, longest: float, jitter: Callable[[], float] = random.random) -> None:
        self._first = first
        self._longest = longest
        self._jitter = jitter
        self._failures = 0
        self._crashed_at: deque[float] = deque(maxlen=CRASHES)
        self._good_since: float | None = None

    def failed(self) -> float:
        """Return how many seconds to wait after one more failure."""
        self._good_since = None
        doubled = self._first * 2.0 ** min(self._failures, 20)
        self._failures += 1
        return min(self._longest, doubled * (0.75 + 0.5 * self._jitter()))

    def crashed(self, now: float) -> tuple[float, bool]:
        """Return the seconds to wait after one more death, and whether it was the fifth within a minute."""
        self._crashed_at.append(now)
        if len(self._crashed_at) == CRASHES and now - self._crashed_at[0] <= CRASH_WINDOW:
            self._crashed_at.clear()
            self._good_since = None
            return self._longest, True
        return self.failed(), False

    def good(self, now: float) -> bool:
        """Note that a picture came; return whether that ends a healthy minute, which forgets failures."""
        if self._good_since is None:
            self._good_since = now
        if now - self._good_since < HEALTHY_AFTER:
            return False
        self._failures = 0
        return True


class Notices:
    """One line per event; one that repeats is told the first time and then every tenth, with the count."""

    def __init__(self) -> None:
        self._told: Counter[str] = Counter()
        self._lines: list[str] = []

    def tell(self, key: str, text: str) -> None:
        """Given what kind of event it is and its line, keep the line if it is due."""
        self._told[key] += 1
        times = self._told[key]
        if times == 1:
            self._lines.append(text)
        elif times % EVERY == 0:
            self._lines.append(f"{text} ({times} times so far)")

    def take(self) -> list[str]:
        """Return the lines kept since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def forget(self) -> None:
        """Tell the next event of each kind again: all was well for a while."""
        self._told.clear()
