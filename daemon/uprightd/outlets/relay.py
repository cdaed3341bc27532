"""Carries alerts and the state of things to the outlets, off the sampling loop: one worker for each outlet.

An outlet that hangs or fails is in nobody's way: neither the loop's nor another outlet's.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from uprightd.outlets.base import Alarm, Condition, Outlet, OutletError

WAITING_LIMIT = 32
"""Alerts that may wait; of more, the oldest go. Nothing good produces so many."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
"""Seconds that the state of things waits after a failure, doubling from the first to the longest."""
NEWS_SILENCE = 3600.0
"""Seconds before an outlet that works and fails in turns makes news again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an outlet does.

    told: alerts that were. failed: tries that were not. dropped: alerts never tried. trouble: what is wrong, "" for
    nothing.
    """

    told: int = 0
    failed: int = 0
    dropped: int = 0
    trouble: str = ""


class Relay:
    """Tells one outlet on a thread of its own. `alert` and `condition` never wait and never raise.

    Alerts go out in order and before anything else. Of conditions only the latest matters: one that waits is replaced.
    After a failure the next condition waits, longer each time; an alert is tried at once.
    """

    def __init__(self, outlet: Outlet, first_pause: float = FIRST_PAUSE) -> None:
        self._outlet = outlet
        self._first_pause = first_pause
        self._pause = first_pause
        self._resume = -math.inf
        self._state = threading.Condition()
        self._alarms: deque[Alarm] = deque()
        self._condition: Condition | None = None
        self._busy = False
        self._closed = False
        self._told = self._failed = self._dropped = 0
        self._trouble = self._news = ""
        self._made_news = -math.inf
        self._worker = threading.Thread(target=self._work, name=f"outlet-{outlet.name}", daemon=True)
        self._worker.start()

    @property
    def name(self) -> str:
        return self._outlet.name

    def alert(self, alarm: Alarm) -> None:
        """Given an alert, tell it soon."""
        with self._state:
            self._alarms.append(alarm)
            if self._closed or len(self._alarms) > WAITING_LIMIT:
                self._alarms.popleft()
                self._dropped += 1
            self._state.notify_all()

    def condition(self, condition: Condition) -> None:
        """Given how things stand now, tell it soon, unless something newer comes first."""
        with self._state:
            if not self._closed:
                self._condition = condition
                self._state.notify_all()

    @property
    def standing(self) -> Standing:
        with self._state:
            return Standing(self._told, self._failed, self._dropped, self._trouble)

    def news(self) -> str:
        """Return what is wrong if nobody was told yet, else "". Told once, until it has worked in between."""
        with self._state:
            news, self._news = self._news, ""
        return news

    def flush(self, timeout: float) -> bool:
        """Given seconds to wait at most, return whether all alerts so far have been tried."""
        with self._state:
            return self._state.wait_for(lambda: not self._alarms and not self._busy, timeout)

    def stop(self) -> None:
        """Tell nothing more; what is under way ends soon. Does not wait."""
        with self._state:
            self._closed = True
            self._dropped += len(self._alarms)
            self._alarms.clear()
            self._condition = None
            self._state.notify_all()
        self._outlet.interrupt()

    def join(self, timeout: float) -> bool:
        """Given seconds to wait at most, return whether a stopped relay has ended and let go of its outlet."""
        self._worker.join(timeout)
        return not self._worker.is_alive()

    def _work(self) -> None:
        while (item := self._next()) is not None:
            try:
                if isinstance(item, Alarm):
                    told = self._outlet.alert(item)
                else:
                    told = self._outlet.condition(item)
            except Exception as error:  # noqa: BLE001 - a fault in one outlet must not silence it for good
                self._fail(str(error) if isinstance(error, OutletError) else f"the outlet broke: {error!r}")
            else:
                if told:
                    self._succeed(isinstance(item, Alarm))
            self._rest()
        try:
            self._outlet.close()
        except Exception as error:  # noqa: BLE001 - the program is ending
            self._fail(str(error))

    def _next(self) -> Alarm | Condition | None:
        """Return what is to be told next, None at the end. Waits for it."""
        with self._state:
            while not self._closed:
                if self._alarms:
                    self._busy = True
                    return self._alarms.popleft()
                due = self._resume - time.monotonic()
                if self._condition is not None and due <= 0:
                    self._busy = True
                    condition, self._condition = self._condition, None
                    return condition
                self._state.wait(due if self._condition is not None else None)
        return None

    def _rest(self) -> None:
        with self._state:
            self._busy = False
            self._state.notify_all()

    def _succeed(self, alarm: bool) -> None:
        with self._state:
            self._told += alarm
            self._trouble, self._pause, self._resume = "", self._first_pause, -math.inf

    def _fail(self, why: str) -> None:
        now = time.monotonic()
        with self._state:
            self._failed += 1
            self._resume = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            if not self._trouble and now - self._made_news >= NEWS_SILENCE:
                self._news, self._made_news = why, now
            self._trouble = why


class Outlets:
    """All outlets there are, told alike."""

    def __init__(self, outlets: Sequence[Outlet] = ()) -> None:
        self._relays = tuple(Relay(outlet) for outlet in outlets)

    def alert(self, alarm: Alarm) -> None:
        """Given an alert, have every outlet told."""
        for relay in self._relays:
            relay.alert(alarm)

    def condition(self, condition: Condition) -> None:
        """Given how things stand, have every outlet told what is new in it. Meant to be called at every sample."""
        for relay in self._relays:
            relay.condition(condition)

    def news(self) -> list[str]:
        """Return what went wrong and was not returned yet, each with its outlet's name."""
        return [f"{relay.name}: {news}" for relay in self._relays if (news := relay.news())]

    @property
    def standings(self) -> dict[str, Standing]:
        """How each outlet does, by name."""
        return {relay.name: relay.standing for relay in self._relays}

    def close(self, last_words: float, timeout: float) -> None:
        """Give the alerts under way their last seconds, then stop; wait `timeout` seconds at most for all to end."""
        ends = time.monotonic() + last_words
        for relay in self._relays:
            relay.flush(max(0.0, ends - time.monotonic()))
        for relay in self._relays:
            relay.stop()
        ends = time.monotonic() + timeout
        for relay in self._relays:
            relay.join(max(0.0, ends - time.monotonic()))
