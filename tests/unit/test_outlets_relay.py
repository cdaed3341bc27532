"""A relay keeps an outlet out of the loop's way, says once what is wrong, and leaves a failing one alone a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
from tests.fakes.outlet import RecordingOutlet, alarm, condition
from tests.fakes.private_bus import wait_until

from uprightd.outlets import relay as module
from uprightd.outlets.base import OutletError
from uprightd.outlets.relay import WAITING_LIMIT, Outlets, Relay, Standing

LONG = 10.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Held shut, an outlet that hangs; opened at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def refuse() -> None:
    raise OutletError("the server says no")


def end(relay: Relay) -> None:
    relay.stop()
    assert relay.join(LONG)


def test_alerts_are_told_in_order_on_another_thread() -> None:
    outlet = RecordingOutlet()
    relay = Relay(outlet)
    alarms = [alarm(f"alert {n}") for n in range(5)]
    for it in alarms:
        relay.alert(it)
    assert relay.flush(LONG)
    assert outlet.alarms == alarms
    assert threading.get_ident() not in outlet.threads
    assert relay.standing == Standing(told=5)
    assert relay.news() == ""
    end(relay)
    assert outlet.closed == 1


def test_a_hanging_outlet_never_makes_the_loop_wait_and_the_latest_of_all_survive(
    gate: threading.Event,
) -> None:
    outlet = RecordingOutlet(before=gate.wait)
    relay = Relay(outlet)
    started = time.monotonic()
    for n in range(1000):
        relay.alert(alarm(f"alert {n}"))
        relay.condition(condition(n))
    assert time.monotonic() - started < LONG / 2
    assert 1000 - WAITING_LIMIT - 1 <= relay.standing.dropped <= 1000 - WAITING_LIMIT
    gate.set()
    wait_until(lambda: bool(outlet.conditions), "the state of things")
    assert [it.alert.message for it in outlet.alarms][-WAITING_LIMIT:] == [
        f"alert {n}" for n in range(968, 1000)
    ]
    assert outlet.conditions == [condition(999)]
    end(relay)


def test_a_broken_outlet_does_not_silence_the_next_alert() -> None:
    def break_down() -> None:
        raise RuntimeError("a fault of ours")

    outlet = RecordingOutlet(before=break_down)
    relay = Relay(outlet)
    relay.alert(alarm())
    assert relay.flush(LONG)
    assert relay.news() == "the outlet broke: RuntimeError('a fault of ours')"
    outlet.before = None
    relay.alert(alarm())
    assert relay.flush(LONG)
    assert relay.standing == Standing(told=1, failed=1)
    end(relay)


def test_a_fault_makes_news_once_and_is_counted_every_time() -> None:
    relay = Relay(RecordingOutlet(before=refuse))
    for _ in range(3):
        relay.alert(alarm())
    assert relay.flush(LONG)
    assert relay.news() == "the server says no"
    relay.alert(alarm())
    assert relay.flush(LONG)
    assert relay.news() == ""
    assert relay.standing == Standing(failed=4, trouble="the server says no")
    end(relay)


def test_an_outlet_that_works_and_fails_in_turns_makes_news_once_in_a_long_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outlet = RecordingOutlet()
    relay = Relay(outlet)

    def fail_after_working() -> str:
        outlet.before = None
        relay.alert(alarm())
        assert relay.flush(LONG)
        assert relay.standing.trouble == ""
        outlet.before = refuse
        relay.alert(alarm())
        assert relay.flush(LONG)
        return relay.news()

    assert [fail_after_working(), fail_after_working()] == ["the server says no", ""]
    monkeypatch.setattr(module, "NEWS_SILENCE", 0.0)
    assert fail_after_working() == "the server says no"
    end(relay)


def test_after_a_failure_conditions_wait_longer_each_time_and_only_the_latest_is_told() -> None:
    outlet = RecordingOutlet(before=refuse)
    relay = Relay(outlet, first_pause=0.05)
    tries = []
    outlet.before = lambda: (tries.append(time.monotonic()), refuse())
    for n in range(4):
        relay.condition(condition(n))
        wait_until(lambda n=n: relay.standing.failed == n + 1, "a failure")
    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert [wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2), strict=True)] == [True] * 3
    outlet.before = None
    relay.condition(condition(5))
    relay.condition(condition(6))
    assert outlet.conditions == []
    wait_until(lambda: bool(outlet.conditions), "the next try")
    assert outlet.conditions == [condition(6)]
    end(relay)


def test_an_alert_is_tried_at_once_and_its_success_ends_the_wait() -> None:
    outlet = RecordingOutlet(before=refuse)
    relay = Relay(outlet, first_pause=3600.0)
    relay.condition(condition(0))
    wait_until(lambda: relay.standing.failed == 1, "a failure")
    relay.condition(condition(1))
    outlet.before = None
    relay.alert(alarm())
    wait_until(lambda: outlet.conditions == [condition(1)], "the state of things")
    assert outlet.alarms == [alarm()]
    end(relay)


def test_nothing_to_tell_is_no_sign_that_it_works_again() -> None:
    outlet = RecordingOutlet(before=refuse)
    relay = Relay(outlet, first_pause=0.0)
    relay.alert(alarm())
    assert relay.flush(LONG)
    looked = threading.Event()
    outlet.before = None
    outlet.condition = lambda condition: looked.set() or False  # type: ignore[method-assign]
    relay.condition(condition())
    assert looked.wait(LONG)
    assert relay.flush(LONG)
    assert relay.standing.trouble == "the server says no"
    end(relay)


def test_stopping_interrupts_drops_what_waits_and_closes_on_the_worker(gate: threading.Event) -> None:
    outlet = RecordingOutlet(before=gate.wait)
    relay = Relay(outlet)
    for _ in range(3):
        relay.alert(alarm())
    wait_until(lambda: bool(outlet.threads), "the first on its way")
    relay.stop()
    assert outlet.interrupted.is_set()
    assert not relay.join(0.05)
    assert outlet.closed == 0, "an outlet is not closed while it tells"
    relay.alert(alarm())
    relay.condition(condition())
    gate.set()
    assert relay.join(LONG)
    assert (len(outlet.alarms), outlet.conditions, outlet.closed) == (1, [], 1)
    assert relay.standing == Standing(told=1, dropped=3)
    end(relay)


def test_a_fault_at_the_end_is_counted_and_harms_nobody() -> None:
    outlet = RecordingOutlet()
    outlet.close = refuse  # type: ignore[method-assign]
    relay = Relay(outlet)
    end(relay)
    assert relay.standing.failed == 1


def test_one_hanging_outlet_keeps_nothing_from_the_others(gate: threading.Event) -> None:
    stuck, well = RecordingOutlet("stuck", before=gate.wait), RecordingOutlet("well")
    outlets = Outlets([stuck, well])
    outlets.alert(alarm())
    outlets.condition(condition())
    wait_until(lambda: bool(well.alarms and well.conditions), "the other outlet")
    assert stuck.alarms == []
    started = time.monotonic()
    outlets.close(last_words=0.05, timeout=0.05)
    assert time.monotonic() - started < LONG / 2
    assert well.closed == 1
    assert outlets.standings["well"] == Standing(told=1)


def test_all_news_come_with_the_outlet_s_name() -> None:
    outlets = Outlets(
        [RecordingOutlet("a", before=refuse), RecordingOutlet("b"), RecordingOutlet("c", before=refuse)]
    )
    outlets.alert(alarm())
    outlets.close(last_words=LONG, timeout=LONG)
    assert outlets.news() == ["a: the server says no", "c: the server says no"]
    assert outlets.news() == []


def test_no_outlets_are_no_trouble() -> None:
    outlets = Outlets()
    outlets.alert(alarm())
    outlets.condition(replace(condition(), rule="neck-flexion"))
    assert (outlets.news(), outlets.standings) == ([], {})
    outlets.close(1.0, 1.0)
