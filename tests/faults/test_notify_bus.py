"""F25: no D-Bus, no server, a restarted, slow or refusing one, a lost or frozen bus. All real processes."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.private_bus import PrivateBus

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, Outcome
from uprightd.notify.chain import build_notifier
from uprightd.notify.courier import Courier
from uprightd.notify.desktop import DesktopNotifier

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="D-Bus is the Linux desktop's")

NECK = Notification("Neck bent forward 52° for 1 min", "Limit 46°. Sit <back> & up.", Severity.WARN)
DELIVERED = Outcome(Delivery.DELIVERED)
NO_SERVER = Outcome(Delivery.UNAVAILABLE, "no notification server on the D-Bus session")
SHORT = 1.0
"""The deadline where one must pass; a test of seconds would prove no more."""
PATIENCE = 10.0
"""Upper bound for what must not hang; generous, the machine may be busy."""


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
def desktop() -> Iterator[DesktopNotifier]:
    notifier = DesktopNotifier(deadline=SHORT)
    yield notifier
    notifier.close()
    assert "desktop-notifications" not in {thread.name for thread in threading.enumerate()}


def test_a_notification_arrives_with_its_title_body_and_urgency(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    server = bus.server()
    for severity in (Severity.INFO, Severity.WARN, Severity.ALERT):
        assert desktop.send(Notification(NECK.title, NECK.body, severity)) == DELIVERED
    assert [(told["title"], told["body"], told["app"]) for told in server.received] == [
        ("Neck bent forward 52° for 1 min", "Limit 46°. Sit <back> & up.", "uprightd")
    ] * 3
    assert [told["urgency"] for told in server.received] == [0, 1, 2]
    assert desktop.failures == 0


def test_a_server_that_reads_markup_gets_the_body_escaped_and_the_title_as_it_is(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    server = bus.server(markup=True)
    assert desktop.send(Notification("<i>Neck</i> & head", "<b>46</b> & more", Severity.WARN)) == DELIVERED
    assert server.received[0]["title"] == "<i>Neck</i> & head"
    assert server.received[0]["body"] == "&lt;b&gt;46&lt;/b&gt; &amp; more"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "DBUS_SESSION_BUS_ADDRESS not set"),
        ("", "DBUS_SESSION_BUS_ADDRESS not set"),
        ("unix:path=/nonexistent/bus", "No such file or directory"),
        ("nonsense", "address did not contain a transport"),
    ],
)
def test_without_a_bus_it_is_unavailable_with_the_reason(
    address: str | None, reason: str, desktop: DesktopNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    started = time.monotonic()
    assert desktop.send(NECK) == Outcome(Delivery.UNAVAILABLE, f"no D-Bus session: {reason}")
    assert desktop.send(NECK).status is Delivery.UNAVAILABLE
    assert time.monotonic() - started < PATIENCE
    assert desktop.failures == 2


def test_a_missing_desktop_prints_one_marked_line_and_no_traceback() -> None:
    code = (
        "import sys; from uprightd.domain import Severity;"
        "from uprightd.notify.base import Notification; from uprightd.notify.chain import build_notifier;"
        "told = build_notifier(True, sys.stdout, 'linux');"
        "print(told.send(Notification('Neck bent', 'Sit up', Severity.WARN)).detail); told.close()"
    )
    environ = {k: v for k, v in os.environ.items() if k not in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE * 3,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[no desktop notification] ⚠ Neck bent Sit up",
        "desktop: no D-Bus session: DBUS_SESSION_BUS_ADDRESS not set",
    ]


def test_a_bus_without_a_server_is_unavailable_until_one_comes(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    assert desktop.send(NECK) == NO_SERVER
    server = bus.server()
    assert desktop.send(NECK) == DELIVERED
    assert len(server.received) == 1


def test_a_stopped_server_is_noticed_and_its_successor_used(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    first = bus.server()
    assert desktop.send(NECK) == DELIVERED
    first.stop()
    assert desktop.send(NECK) == NO_SERVER
    second = bus.server(markup=True)
    assert desktop.send(NECK) == DELIVERED
    assert [told["body"] for told in second.received] == ["Limit 46°. Sit &lt;back&gt; &amp; up."]


def test_a_server_restarted_between_two_notifications_is_not_noticed(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    first = bus.server()
    assert desktop.send(NECK) == DELIVERED
    first.stop()
    second = bus.server()
    assert desktop.send(NECK) == DELIVERED
    assert len(second.received) == 1


def test_after_a_lost_bus_the_connection_is_made_anew(bus: PrivateBus, desktop: DesktopNotifier) -> None:
    bus.server()
    assert desktop.send(NECK) == DELIVERED
    bus.lose()
    assert desktop.send(NECK).status is Delivery.UNAVAILABLE
    bus.start()
    server = bus.server()
    assert desktop.send(NECK) == DELIVERED
    assert len(server.received) == 1


def test_a_bus_replaced_between_two_notifications_costs_none(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    bus.server()
    assert desktop.send(NECK) == DELIVERED
    bus.lose()
    bus.start()
    server = bus.server()
    assert desktop.send(NECK) == DELIVERED
    assert len(server.received) == 1
    assert desktop.failures == 0


def test_a_server_that_never_answers_costs_the_deadline_and_no_more(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    slow = bus.server(slow=True)
    started = time.monotonic()
    outcome = desktop.send(NECK)
    assert SHORT / 2 < time.monotonic() - started < PATIENCE
    assert outcome.status is Delivery.FAILED
    assert "did not answer within" in outcome.detail
    slow.stop()
    bus.server()
    assert desktop.send(NECK) == DELIVERED


def test_a_server_that_goes_before_it_says_what_it_can_costs_nothing_later(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    first = bus.server()
    first.freeze()
    going = threading.Timer(0.2, first.stop)
    going.start()
    assert desktop.send(NECK).status is Delivery.FAILED
    going.join()
    assert desktop.send(NECK) == NO_SERVER
    second = bus.server()
    assert desktop.send(NECK) == DELIVERED
    assert len(second.received) == 1


def test_what_a_server_did_not_answer_before_it_went_is_told_by_its_successor(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    first = bus.server()
    assert desktop.send(NECK) == DELIVERED
    second = bus.server()  # in line for the name
    first.freeze()
    going = threading.Timer(0.1, first.stop)
    going.start()
    assert desktop.send(NECK) == DELIVERED
    going.join()
    assert (len(first.received), len(second.received)) == (1, 1)


def test_a_frozen_bus_costs_the_deadline_and_works_again_when_it_thaws(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    server = bus.server()
    bus.freeze()
    assert desktop.send(NECK).status is Delivery.FAILED
    bus.thaw()
    assert desktop.send(NECK) == DELIVERED
    assert len(server.received) == 1


def test_a_refusal_carries_the_server_s_own_words_and_logs_no_traceback(
    bus: PrivateBus, desktop: DesktopNotifier
) -> None:
    bus.server(refuse=True)
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)  # as a program's own log would take it
    logging.getLogger().addHandler(handler)
    try:
        assert desktop.send(NECK) == Outcome(Delivery.FAILED, "not so many")
    finally:
        logging.getLogger().removeHandler(handler)
    assert logged.getvalue() == ""


def test_failures_leak_no_file_descriptor_and_no_thread(bus: PrivateBus, desktop: DesktopNotifier) -> None:
    bus.server(refuse=True)
    desktop.send(NECK)
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(20):
        desktop.send(NECK)
    assert len(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() == threads


def test_a_complaint_of_the_library_is_no_delivery_even_when_it_says_dispatched(
    bus: PrivateBus, desktop: DesktopNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_notifier.backends import dbus

    async def complain(*_: object) -> None:  # as the macOS backend reports a refused notification
        logging.getLogger("desktop_notifier.backends.macos").warning("Error when scheduling: code=%s", 1)

    monkeypatch.setattr(dbus.DBusDesktopNotifier, "_send", complain)
    bus.server()
    assert desktop.send(NECK) == Outcome(Delivery.FAILED, "Error when scheduling: code=1")


def test_a_system_that_forbids_notifications_is_unavailable(
    bus: PrivateBus, desktop: DesktopNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_notifier.backends import dbus

    async def forbid(_: object) -> bool:
        return False

    monkeypatch.setattr(dbus.DBusDesktopNotifier, "request_authorisation", forbid)
    bus.server()
    assert desktop.send(NECK) == Outcome(
        Delivery.UNAVAILABLE, "the system does not allow this program to notify"
    )


def test_a_library_that_blocks_its_thread_leaves_one_thread_behind_and_is_used_again_when_it_wakes(
    bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop_notifier.backends import dbus

    wake = threading.Event()
    server = bus.server()

    async def block(_: object) -> bool:
        return wake.wait(PATIENCE)

    desktop = DesktopNotifier(deadline=0.6)
    threads = threading.active_count()
    with monkeypatch.context() as patched:
        patched.setattr(dbus.DBusDesktopNotifier, "request_authorisation", block)
        assert "did not answer" in desktop.send(NECK).detail
        for _ in range(3):
            assert "hangs since an earlier notification" in desktop.send(NECK).detail
        assert threading.active_count() == threads + 1
    wake.set()
    ends = time.monotonic() + PATIENCE
    while threading.active_count() > threads and time.monotonic() < ends:
        time.sleep(0.01)
    assert desktop.send(NECK) == DELIVERED
    assert server.received
    desktop.close()


def test_a_burst_of_a_thousand_never_makes_the_loop_wait(bus: PrivateBus) -> None:
    server = bus.server(slow=True)
    stream = io.StringIO()
    courier = Courier(build_notifier(True, stream, "linux", deadline=SHORT))
    started = time.monotonic()
    for key in range(1000):
        courier.post(key, NECK)
    assert time.monotonic() - started < PATIENCE / 2
    assert len(courier.collect()) >= 900
    server.stop()
    courier.close()
    assert "courier" not in {thread.name for thread in threading.enumerate()}
