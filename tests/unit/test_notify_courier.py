"""The courier keeps the sampling loop from waiting, and gives every key back once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from tests.fakes.notifier import RecordingNotifier

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, Outcome
from uprightd.notify.courier import REFUSED, UNSENT, WAITING_LIMIT, Courier

NECK = Notification("Neck bent forward 52°", "Limit 46°.", Severity.WARN)
LONG = 10.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Held shut, a server that hangs; opened at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


def test_what_is_posted_is_sent_in_order_on_another_thread_and_collected_once() -> None:
    notifier = RecordingNotifier()
    courier = Courier(notifier)
    told = [Notification(f"title {n}", "", Severity.INFO) for n in range(5)]
    for key, notification in enumerate(told):
        courier.post(key, notification)
    assert courier.flush(LONG)
    assert notifier.sent == told
    assert threading.get_ident() not in notifier.threads
    assert courier.collect() == [(key, Outcome(Delivery.DELIVERED)) for key in range(5)]
    assert courier.collect() == []
    assert courier.tally == {Delivery.DELIVERED: 5}
    courier.close()


def test_a_thousand_posts_against_a_hanging_server_do_not_wait(gate: threading.Event) -> None:
    courier = Courier(RecordingNotifier(before=gate.wait))
    started = time.monotonic()
    for key in range(1000):
        courier.post(key, NECK)
    assert time.monotonic() - started < LONG / 2
    refused = courier.collect()
    assert 1000 - WAITING_LIMIT - 1 <= len(refused) <= 1000 - WAITING_LIMIT
    assert {outcome for _, outcome in refused} == {REFUSED}
    gate.set()
    assert courier.flush(LONG)
    keys = [key for key, _ in refused] + [key for key, _ in courier.collect()]
    assert sorted(keys) == list(range(1000))
    courier.close()


def test_flush_gives_up_at_its_timeout(gate: threading.Event) -> None:
    courier = Courier(RecordingNotifier(before=gate.wait))
    courier.post(1, NECK)
    assert not courier.flush(0.05)
    gate.set()
    assert courier.flush(LONG)
    courier.close()


def test_closing_sends_nothing_more_and_reports_what_waited(gate: threading.Event) -> None:
    notifier = RecordingNotifier(before=gate.wait)
    courier = Courier(notifier)
    for key in range(3):
        courier.post(key, NECK)
    while not notifier.threads:  # the first is on its way
        time.sleep(0.001)
    courier.close(timeout=0.05)
    courier.post(3, NECK)
    assert courier.collect() == [(1, UNSENT), (2, UNSENT), (3, UNSENT)]
    assert notifier.closed == 0, "a notifier is not closed under a running send"
    gate.set()
    courier.close()
    assert courier.collect() == [(0, Outcome(Delivery.DELIVERED))]
    assert (len(notifier.sent), notifier.closed) == (1, 1)


def test_closing_twice_is_harmless() -> None:
    notifier = RecordingNotifier()
    courier = Courier(notifier)
    courier.close()
    courier.close()
    assert notifier.closed == 1


def test_a_broken_notifier_does_not_silence_the_next_notification() -> None:
    def break_down() -> None:
        raise RuntimeError("a fault of ours")

    courier = Courier(RecordingNotifier(before=break_down))
    courier.post(1, NECK)
    courier.post(2, NECK)
    assert courier.flush(LONG)
    outcomes = courier.collect()
    assert [key for key, _ in outcomes] == [1, 2]
    assert all(
        outcome.status is Delivery.FAILED and "a fault of ours" in outcome.detail for _, outcome in outcomes
    )
    courier.close()
