"""The set of probes: what each failure costs, what is told of it, and that nobody ever waits for a probe."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.private_bus import wait_until

from uprightd.clock import SystemClock
from uprightd.domain import Instant
from uprightd.surroundings import mac
from uprightd.surroundings.choice import probes_for
from uprightd.surroundings.findings import Findings, Topic
from uprightd.surroundings.probe import AbsentError, Found, Probe, UnansweredError
from uprightd.surroundings.watch import Surroundings, surroundings_for

LOCKED: Found = {Topic.LOCK: "the screen is locked"}
PATIENCE = 10.0
"""Upper bound for what must not hang; generous, the machine may be busy."""


class SteppedClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.mono = 1000.0

    def now(self) -> Instant:
        return Instant(1e9 + self.mono, self.mono)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        return wake.wait(0)


class Asked:
    """A probe that answers, or fails, as it is told, and counts."""

    def __init__(self, answer: Found | Exception) -> None:
        self.answer = answer
        self.times = 0

    def __call__(self) -> Found:
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def polled(
    surroundings: Surroundings, clock: SteppedClock, seconds: float, step: float = 3.0
) -> list[Findings]:
    """Given how long, poll every few seconds and return each poll's findings."""
    seen = []
    ends = clock.mono + seconds
    while clock.mono < ends:
        seen.append(surroundings.poll())
        clock.mono += step
    return seen


def test_what_a_probe_finds_counts_after_it_held_and_look_says_the_same() -> None:
    clock, probe = SteppedClock(), Asked(LOCKED)
    surroundings = Surroundings([Probe("lock", probe)], clock)
    assert surroundings.look() == Findings()
    seen = [found.lock for found in polled(surroundings, clock, 9.0)]
    assert seen == [None, None, "the screen is locked"]
    assert surroundings.look() == Findings(lock="the screen is locked")
    probe.answer = {}
    seen = [found.lock for found in polled(surroundings, clock, 15.0)]
    assert seen == ["the screen is locked"] * 4 + [None]


def test_of_two_probes_with_the_same_topic_the_first_one_s_words_are_said() -> None:
    clock = SteppedClock()
    first, second = Asked({Topic.CALL: "the microphone"}), Asked({Topic.CALL: "the camera"})
    surroundings = Surroundings([Probe("microphone", first), Probe("camera", second)], clock)
    assert polled(surroundings, clock, 9.0)[-1].call == "the microphone"
    first.answer = {}
    assert polled(surroundings, clock, 15.0)[-1].call == "the camera"


def test_a_probe_may_find_several_topics_at_once() -> None:
    clock = SteppedClock()
    both: Found = {Topic.CALL: "a call", Topic.SHARING: "a share"}
    surroundings = Surroundings([Probe("video", Asked(both))], clock)
    assert polled(surroundings, clock, 9.0)[-1] == Findings(call="a call", sharing="a share")


def test_a_slow_probe_is_asked_less_often_and_one_look_alone_never_counts() -> None:
    clock, slow = SteppedClock(), Asked(LOCKED)
    surroundings = Surroundings([Probe("slow", slow, every=9.0)], clock)
    assert [found.lock for found in polled(surroundings, clock, 9.0)] == [None] * 3
    assert slow.times == 1
    slow.answer = {}
    assert polled(surroundings, clock, 9.0)[-1].lock is None
    slow.answer = LOCKED
    assert polled(surroundings, clock, 18.0)[-1].lock == "the screen is locked"
    assert slow.times == 4


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnansweredError("pactl hangs"), "microphone: pactl hangs"),
        (ZeroDivisionError("a bug"), "microphone: it broke: ZeroDivisionError('a bug')"),
    ],
)
def test_a_failing_probe_is_silent_told_once_and_stops_no_other(error: Exception, told: str) -> None:
    clock, failing = SteppedClock(), Asked(error)
    surroundings = Surroundings([Probe("microphone", failing), Probe("lock", Asked(LOCKED))], clock)
    assert polled(surroundings, clock, 9.0)[-1] == Findings(lock="the screen is locked")
    assert surroundings.faults() == [told]
    polled(surroundings, clock, 9.0)
    failing.answer = {}
    polled(surroundings, clock, 9.0)
    failing.answer = error
    polled(surroundings, clock, 9.0)
    assert surroundings.faults() == []
    failing.answer = UnansweredError("something new")
    polled(surroundings, clock, 9.0)
    assert surroundings.faults() == ["microphone: something new"]
    assert surroundings.absent() == {}


def test_a_probe_that_begins_to_fail_lets_its_finding_end() -> None:
    clock, probe = SteppedClock(), Asked(LOCKED)
    surroundings = Surroundings([Probe("lock", probe)], clock)
    assert polled(surroundings, clock, 9.0)[-1].lock
    probe.answer = UnansweredError("no answer any more")
    assert polled(surroundings, clock, 15.0)[-1].lock is None


def test_what_is_not_on_this_machine_is_absent_until_it_comes_and_no_fault() -> None:
    clock, probe = SteppedClock(), Asked(AbsentError("pactl is not installed"))
    surroundings = Surroundings([Probe("microphone", probe)], clock)
    assert surroundings.absent() == {}
    polled(surroundings, clock, 6.0)
    assert surroundings.absent() == {"microphone": "pactl is not installed"}
    assert surroundings.faults() == []
    probe.answer = {}
    polled(surroundings, clock, 3.0)
    assert surroundings.absent() == {}


# ---- probes that hang ---------------------------------------------------------------------------------------


def threads_of(name: str) -> int:
    return sum(thread.name == f"surroundings: {name}" for thread in threading.enumerate())


def test_a_hanging_probe_costs_one_time_out_once_one_thread_and_no_other_probe() -> None:
    wake, asked = threading.Event(), []

    def hang() -> Found:
        asked.append(1)
        wake.wait(PATIENCE * 3)
        return LOCKED

    clock = SteppedClock()
    surroundings = Surroundings(
        [Probe("hangs", hang), Probe("battery", Asked({Topic.BATTERY: "on battery, 18 %"}))],
        clock,
        timeout=0.3,
    )
    began = time.monotonic()
    assert surroundings.poll() == Findings()
    first = time.monotonic() - began
    assert 0.25 < first < PATIENCE
    clock.mono += 3.0
    began = time.monotonic()
    for _ in range(20):
        surroundings.poll()
        clock.mono += 3.0
    assert time.monotonic() - began < 20 * 0.3, "every round waited for it again"
    assert surroundings.look() == Findings(battery="on battery, 18 %")
    assert surroundings.faults() == ["hangs: it did not answer within 0.3 s"]
    assert (len(asked), threads_of("hangs")) == (1, 1)
    wake.set()
    wait_until(lambda: threads_of("hangs") == 0, "the hanging probe to end")
    # What it says so late is of the past; from now on it is asked again.
    assert surroundings.poll().lock is None
    clock.mono += 5.0
    assert surroundings.poll().lock == "the screen is locked"
    assert surroundings.faults() == []


def test_look_and_faults_never_wait_for_a_round_under_way() -> None:
    wake, inside = threading.Event(), threading.Event()

    def hang() -> Found:
        inside.set()
        wake.wait(PATIENCE * 3)
        return {}

    surroundings = Surroundings([Probe("hangs", hang)], SystemClock(), timeout=PATIENCE * 2)
    surroundings.start()
    assert inside.wait(PATIENCE)
    began = time.monotonic()
    for _ in range(1000):
        surroundings.look()
        surroundings.faults()
        surroundings.absent()
    assert time.monotonic() - began < PATIENCE / 2
    surroundings.close()
    assert time.monotonic() - began < PATIENCE
    wake.set()


def test_a_machine_that_gives_no_more_threads_is_a_fault_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, probe = SteppedClock(), Asked(LOCKED)
    surroundings = Surroundings([Probe("lock", probe)], clock)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        surroundings.poll()
    assert surroundings.faults() == ["lock: can't start new thread"]
    assert polled(surroundings, clock, 9.0)[-1].lock == "the screen is locked"


# ---- the thread ---------------------------------------------------------------------------------------------


def running() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("surroundings")}


def test_started_it_looks_by_itself_again_and_again_until_closed() -> None:
    probe = Asked({})
    surroundings = Surroundings([Probe("lock", probe)], SystemClock(), every=0.01)
    surroundings.start()
    wait_until(lambda: probe.times >= 3, "three looks")
    surroundings.close()
    assert running() == set()
    stopped_at = probe.times
    surroundings.close()
    assert probe.times == stopped_at


def test_closed_before_it_was_started_it_has_nothing_to_do() -> None:
    Surroundings([], SystemClock()).close()


def test_a_long_wait_between_two_rounds_does_not_delay_closing() -> None:
    probe = Asked({})
    surroundings = Surroundings([Probe("lock", probe)], SystemClock(), every=3600.0)
    surroundings.start()
    wait_until(lambda: probe.times == 1, "the first look")
    began = time.monotonic()
    surroundings.close()
    assert time.monotonic() - began < PATIENCE
    assert running() == set()


# ---- which probes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "names"),
    [
        (
            "linux",
            "lock, microphone, camera, shared screen, kept awake, full screen, do not disturb, battery",
        ),
        ("darwin", "lock, kept awake, do not disturb, microphone, battery"),
        ("win32", "battery"),
    ],
)
def test_every_system_has_its_probes(platform: str, names: str) -> None:
    assert ", ".join(probe.name for probe in probes_for(platform, {})) == names


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_on_a_machine_with_none_of_it_everything_is_absent_and_nothing_a_fault(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tool in ("IOREG", "PMSET"):
        monkeypatch.setattr(mac, tool, f"{tmp_path}/none")
    bare = {"PATH": str(tmp_path), "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={tmp_path}/none"}
    surroundings = surroundings_for(platform, bare, SystemClock())
    surroundings.poll()
    assert surroundings.faults() == []
    absent = surroundings.absent()
    assert {"lock", "kept awake", "do not disturb"} <= absent.keys()
    if platform == "darwin":
        assert "permission" in absent["do not disturb"]
        assert "no documented way" in absent["microphone"]


def test_a_poll_returns_what_look_returns_next() -> None:
    clock = SteppedClock()
    surroundings = Surroundings([Probe("lock", Asked(LOCKED))], clock)
    each: list[Callable[[], Findings]] = [surroundings.poll, surroundings.look]
    for _ in range(4):
        polled_now, looked = (ask() for ask in each)
        assert polled_now is looked
        clock.mono += 3.0
