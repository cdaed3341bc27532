"""Buttons over D-Bus: offered only where a press can be told, and told once, with the notification's own key."""

from __future__ import annotations

import io
import logging
import queue
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.private_bus import PrivateBus

from uprightd.domain import Severity
from uprightd.notify.base import Action, Delivery, Notification, Outcome
from uprightd.notify.chain import build_notifier
from uprightd.notify.courier import Courier
from uprightd.notify.desktop import DesktopNotifier

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="D-Bus is the Linux desktop's")

SNOOZE, WRONG = Action("snooze-15", "15 min"), Action("wrong", "That was wrong")
NECK = Notification("Neck bent forward", "Limit 46°.", Severity.WARN, (SNOOZE, WRONG), key=7)
DELIVERED = Outcome(Delivery.DELIVERED)
BUTTONS = ["snooze-15", "15 min", "wrong", "That was wrong"]
SOON = 10.0


class Presses:
    """What was pressed, in order, and on which threads."""

    def __init__(self) -> None:
        self._told: queue.Queue[tuple[int, str]] = queue.Queue()
        self.threads: set[str] = set()

    def __call__(self, notification: int, action: str) -> None:
        self.threads.add(threading.current_thread().name)
        self._told.put((notification, action))
        if action == "wrong":
            raise RuntimeError("a fault of whoever listens")

    def next(self) -> tuple[int, str]:
        return self._told.get(timeout=SOON)

    @property
    def none(self) -> bool:
        return self._told.empty()


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A running private bus that is the session of this process; no server on it yet."""
    private = PrivateBus(tmp_path)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", private.address)
    try:
        private.start()
        yield private
    finally:
        private.close()


@pytest.fixture
def presses() -> Presses:
    return Presses()


@pytest.fixture
def desktop(presses: Presses) -> Iterator[DesktopNotifier]:
    notifier = DesktopNotifier(deadline=2.0, on_action=presses)
    yield notifier
    notifier.close()


def test_a_press_is_told_with_both_keys_on_the_notifier_s_own_thread(
    bus: PrivateBus, desktop: DesktopNotifier, presses: Presses
) -> None:
    server = bus.server()
    assert desktop.send(NECK) == DELIVERED
    assert server.received[0]["actions"] == ["default", "", *BUTTONS]
    server.press(1, "snooze-15")
    assert presses.next() == (7, "snooze-15")
    assert presses.threads == {"desktop-notifications"}


def test_a_server_that_shows_no_actions_is_given_none(bus: PrivateBus, desktop: DesktopNotifier) -> None:
    server = bus.server(buttonless=True)
    assert desktop.send(NECK) == DELIVERED
    assert server.received[0]["actions"] == ["default", ""]


def test_the_server_is_asked_anew_when_another_took_its_place(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    first = bus.server()
    assert desktop.send(NECK) == DELIVERED
    first.stop()
    second = bus.server(buttonless=True)
    assert desktop.send(NECK) == DELIVERED
    assert second.received[0]["actions"] == ["default", ""]


def test_without_anybody_to_tell_there_are_no_buttons(bus: PrivateBus) -> None:
    server = bus.server()
    desktop = DesktopNotifier()
    assert desktop.send(NECK) == DELIVERED
    assert server.received[0]["actions"] == ["default", ""]
    desktop.close()


def test_presses_on_other_programs_notifications_and_on_closed_ones_are_not_ours(
    bus: PrivateBus, desktop: DesktopNotifier, presses: Presses
) -> None:
    server = bus.server()
    for key in (7, 8, 9):
        assert desktop.send(Notification("Neck", "", Severity.WARN, (SNOOZE,), key=key)) == DELIVERED
    server.press(4, "snooze-15")  # a notification of another program
    server.press(1, "default")  # a click on the notification itself
    server.dismiss(2)
    server.press(2, "snooze-15")  # already closed
    server.press(3, "another-key")
    assert desktop.send(Notification("Neck", "", Severity.WARN, (SNOOZE,), key=10)) == DELIVERED
    server.press(4, "snooze-15")
    assert presses.next() == (10, "snooze-15")
    assert presses.none


def test_a_fault_of_who_listens_does_not_cost_the_next_press(
    bus: PrivateBus, desktop: DesktopNotifier, presses: Presses
) -> None:
    server = bus.server()
    assert desktop.send(NECK) == desktop.send(NECK) == DELIVERED
    complaints: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = complaints.append  # type: ignore[method-assign]
    logging.getLogger("dbus_fast").addHandler(handler)
    try:
        server.press(1, "wrong")
        server.press(2, "snooze-15")
        assert [presses.next(), presses.next()] == [(7, "wrong"), (7, "snooze-15")]
    finally:
        logging.getLogger("dbus_fast").removeHandler(handler)
    assert complaints == [], "a complaint would be taken for one about the notification under way"
    assert desktop.send(NECK) == DELIVERED


def test_a_later_refusal_leaves_the_buttons_of_earlier_notifications_alive(
    bus: PrivateBus, desktop: DesktopNotifier, presses: Presses
) -> None:
    server = bus.server(accept=1)
    assert desktop.send(NECK) == DELIVERED
    assert desktop.send(NECK) == Outcome(Delivery.FAILED, "not so many")
    assert server.refused == ["Neck bent forward"], "a refusal is an answer: nothing is sent twice"
    server.press(1, "snooze-15")
    assert presses.next() == (7, "snooze-15")


def test_buttons_work_on_a_server_and_on_a_bus_that_came_later(
    bus: PrivateBus, desktop: DesktopNotifier, presses: Presses
) -> None:
    first = bus.server()
    assert desktop.send(NECK) == DELIVERED
    first.stop()
    second = bus.server()
    assert desktop.send(Notification("Neck", "", Severity.WARN, (SNOOZE,), key=8)) == DELIVERED
    second.press(1, "snooze-15")
    assert presses.next() == (8, "snooze-15")
    bus.lose()
    bus.start()
    third = bus.server()
    assert desktop.send(Notification("Neck", "", Severity.WARN, (SNOOZE,), key=9)) == DELIVERED
    third.press(1, "snooze-15")
    assert presses.next() == (9, "snooze-15")


def test_after_closing_a_press_is_told_to_nobody(bus: PrivateBus, presses: Presses) -> None:
    server = bus.server()
    desktop = DesktopNotifier(on_action=presses)
    assert desktop.send(NECK) == DELIVERED
    desktop.close()
    server.press(1, "snooze-15")
    assert presses.none


def test_built_and_carried_as_the_daemon_does_it_a_press_names_the_courier_s_key(
    bus: PrivateBus, presses: Presses
) -> None:
    server = bus.server()
    courier = Courier(build_notifier(True, io.StringIO(), "linux", on_action=presses))
    courier.post(41, NECK)
    assert courier.flush(SOON)
    server.press(1, "snooze-15")
    assert presses.next() == (41, "snooze-15")
    courier.close()
