"""Looks at the surroundings every few seconds, on threads of its own, and says what holds."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait

from uprightd.clock import Clock
from uprightd.surroundings.choice import probes_for
from uprightd.surroundings.findings import Findings, Steadiness, Topic
from uprightd.surroundings.probe import AbsentError, Found, Probe, UnansweredError

EVERY = 3.0
"""Seconds between two rounds."""
TIMEOUT = 8.0
"""Seconds a probe may take. Each has shorter limits of its own; this is for what they do not cover."""
GRACE = 1.0


class Standing:
    """A probe and what it said last. Used by one thread at a time; the probe itself runs on another."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.absent = ""
        self.fault = ""
        self.findings: dict[Topic, str | None] = {}
        self._steady = {topic: Steadiness() for topic in Topic}
        self._asked: float | None = None
        self._answer: Future[Found] | None = None

    def due(self, mono: float) -> bool:
        """Given the monotonic time, return whether the probe is to look again."""
        return self._asked is None or mono - self._asked >= self.probe.every

    def begin(self, mono: float) -> Future[Found] | None:
        """Start a look on a thread of its own and return its answer to come; None where an earlier look hangs."""
        self._asked = mono
        if self._answer is not None and not self._answer.done():
            return None
        self._answer = answer = Future()
        try:
            threading.Thread(
                target=_look, args=(self.probe, answer), name=f"surroundings: {self.probe.name}", daemon=True
            ).start()
        except RuntimeError as error:  # the system gives no more threads
            answer.set_exception(UnansweredError(str(error)))
        return answer

    def settle(self, mono: float, timeout: float) -> None:
        """Given the time and how long was waited, take what the look said; a failed one found nothing."""
        self.absent = self.fault = ""
        found: Found = {}
        try:
            assert self._answer is not None
            found = self._answer.result(0)
        except TimeoutError:
            self.fault = f"it did not answer within {timeout:g} s"
        except AbsentError as error:
            self.absent = str(error)
        except UnansweredError as error:
            self.fault = str(error)
        except Exception as error:  # noqa: BLE001 - a fault in one probe must not silence the others
            self.fault = f"it broke: {error!r}"
        self.findings = {topic: steady.see(found.get(topic), mono) for topic, steady in self._steady.items()}


def _look(probe: Probe, answer: Future[Found]) -> None:
    try:
        answer.set_result(probe.ask())
    except Exception as error:  # noqa: BLE001 - told by `settle`
        answer.set_exception(error)


class Surroundings:
    """What goes on around the person. `look` never waits; a thread asks the probes once `start` was called.

    The clock must be a live one: one that follows a file would never wait between two rounds.
    """

    def __init__(
        self, probes: Sequence[Probe], clock: Clock, every: float = EVERY, timeout: float = TIMEOUT
    ) -> None:
        self._standings = tuple(Standing(probe) for probe in probes)
        self._clock = clock
        self._every = every
        self._timeout = timeout
        self._findings = Findings()
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._untold: list[str] = []
        self._absent: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="surroundings", daemon=True)

    def start(self) -> None:
        """Begin to look, at once and then every few seconds."""
        self._thread.start()

    def look(self) -> Findings:
        """Return what holds now, as of the last round; nothing before the first."""
        return self._findings

    def faults(self) -> list[str]:
        """Return what failed since the last call, as in "lock: ..."; the same is told once and never again."""
        with self._lock:
            untold, self._untold = self._untold, []
        return untold

    def absent(self) -> dict[str, str]:
        """Return, as of the last round, the probes that cannot work here, each with what is missing."""
        with self._lock:
            return dict(self._absent)

    def close(self) -> None:
        """Stop looking. A look under way gets a second to end; one that hangs is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(GRACE)

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.poll()
            self._clock.wait(self._stop, self._every)

    def poll(self) -> Findings:
        """Ask every probe that is due, all at the same time, and return what holds. Takes at most the time-out."""
        began = self._clock.now().mono
        asked = [standing for standing in self._standings if standing.due(began)]
        answers = [answer for standing in asked if (answer := standing.begin(began)) is not None]
        wait(answers, self._timeout)
        mono = self._clock.now().mono
        for standing in asked:
            standing.settle(mono, self._timeout)
        with self._lock:
            for standing in asked:
                self._note(standing)
        self._findings = self._together()
        return self._findings

    def _note(self, standing: Standing) -> None:
        """Given a probe that was asked, keep what there is to tell of it. The caller holds the lock."""
        name = standing.probe.name
        self._absent.pop(name, None)
        if standing.absent:
            self._absent[name] = standing.absent
        fault = f"{name}: {standing.fault}"
        if standing.fault and fault not in self._told:
            self._told.add(fault)
            self._untold.append(fault)

    def _together(self) -> Findings:
        """Return what all probes found; of several with the same topic the first one's words."""
        held: dict[str, str] = {}
        for standing in self._standings:
            for topic, words in standing.findings.items():
                if words is not None:
                    held.setdefault(topic.value, words)
        return Findings(**held)


def surroundings_for(platform: str, environ: Mapping[str, str], clock: Clock) -> Surroundings:
    """Given `sys.platform`, the environment and a live clock, return this machine's surroundings, not started."""
    return Surroundings(probes_for(platform, environ), clock)
