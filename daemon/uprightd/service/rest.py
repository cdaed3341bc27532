"""Why nothing is watched: somebody paused it, which outlives a restart, or circumstances say so."""

from __future__ import annotations

import math
from collections.abc import Callable

from uprightd.domain import Instant
from uprightd.service.circumstances import Circumstances
from uprightd.store.log import Log

MEMORY = "pause"

Write = Callable[[Callable[[], object]], object]


class Rest:
    """Knows the pause that was asked for and asks the circumstances. `live`: whether it is kept in the log's memory."""

    def __init__(self, circumstances: Circumstances, log: Log, write: Write, live: bool) -> None:
        self.until: float | None = None
        """Wall time at which the pause ends; None without one, infinity when only `resume` ends it."""
        self._why = ""
        self._circumstances = circumstances
        self._log, self._write, self._live = log, write, live

    def ask(self, until: float, why: str, now: Instant) -> None:
        """Given until when (wall time, infinity: until resumed) and why, pause."""
        self.until, self._why = until, why
        self._remember(now)

    def lift(self, now: Instant) -> None:
        """End the pause."""
        self.until = None
        self._remember(now)

    def reason(self, now: Instant) -> str:
        """Given the moment, return why nothing should be watched; "" for no reason."""
        if self.until is not None and now.wall >= self.until:
            self.lift(now)
        return self._why if self.until is not None else self._circumstances.pause(now.wall)

    def restore(self, now: Instant) -> None:
        """Go on with a pause that an earlier run left in the log."""
        kept = self._log.recall(MEMORY) if self._live else None
        if not isinstance(kept, dict) or not isinstance(kept.get("why"), str):
            return
        ends = math.inf if (until := kept.get("until", "")) is None else until
        if isinstance(ends, int | float) and ends > now.wall:
            self.until, self._why = float(ends), kept["why"]

    def _remember(self, now: Instant) -> None:
        if not self._live:
            return
        until = self.until
        ends = None if until is None or math.isinf(until) else until
        data = None if until is None else {"until": ends, "why": self._why}
        self._write(lambda: self._log.remember(MEMORY, data, now))
