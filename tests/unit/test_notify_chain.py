"""The chain ends with the notifier that told the person and says why the earlier ones did not."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.fakes.notifier import RecordingNotifier

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, Outcome
from uprightd.notify.chain import NotifierChain, build_notifier

NECK = Notification("Neck bent forward 52°", "Limit 46°.", Severity.WARN)


def test_the_first_that_tells_is_the_only_one_that_tells() -> None:
    first, second = RecordingNotifier(), RecordingNotifier()
    assert NotifierChain([("desktop", first), ("console", second)]).send(NECK) == Outcome(Delivery.DELIVERED)
    assert (first.sent, second.sent) == ([NECK], [])


def test_a_fallback_says_why_the_earlier_ones_did_not_tell() -> None:
    desktop = RecordingNotifier(Outcome(Delivery.UNAVAILABLE, "no D-Bus session"))
    script = RecordingNotifier(Outcome(Delivery.FAILED))
    chain = NotifierChain(
        [
            ("desktop", desktop),
            ("osascript", script),
            ("console", RecordingNotifier(Outcome(Delivery.CONSOLE))),
        ]
    )
    assert chain.send(NECK) == Outcome(Delivery.CONSOLE, "desktop: no D-Bus session; osascript: failed")


def test_when_nobody_told_it_the_status_is_the_last_one_s_with_all_reasons() -> None:
    chain = NotifierChain(
        [
            ("desktop", RecordingNotifier(Outcome(Delivery.UNAVAILABLE, "no server"))),
            ("console", RecordingNotifier(Outcome(Delivery.FAILED, "cannot print"))),
        ]
    )
    assert chain.send(NECK) == Outcome(Delivery.FAILED, "desktop: no server; console: cannot print")


def test_closing_closes_every_link() -> None:
    links = [RecordingNotifier(), RecordingNotifier()]
    NotifierChain([("a", links[0]), ("b", links[1])]).close()
    assert [link.closed for link in links] == [1, 1]


def test_notifications_that_are_off_tell_nothing_and_print_nothing() -> None:
    stream = io.StringIO()
    outcome = build_notifier(False, stream, "linux").send(NECK)
    assert (outcome.status, stream.getvalue()) == (Delivery.OFF, "")
    assert not outcome.told


def test_on_a_mac_osascript_stands_between_desktop_and_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("platform.system", lambda: "a system without a notification centre")
    stream = io.StringIO()
    notifier = build_notifier(True, stream, "darwin")
    outcome = notifier.send(NECK)
    notifier.close()
    assert outcome.status is Delivery.CONSOLE
    assert outcome.detail == (
        "desktop: the system offers no notification centre to this Python; osascript: osascript is not there"
    )
    assert stream.getvalue().startswith("[no desktop notification] ")


def test_building_a_notifier_starts_no_thread_and_loads_no_library() -> None:
    before = threading.active_count()
    build_notifier(True, io.StringIO(), sys.platform).close()
    assert threading.active_count() == before
    code = (
        "import io, sys; from uprightd.notify.chain import build_notifier;"
        "build_notifier(True, io.StringIO(), sys.platform);"
        "print([name for name in ('desktop_notifier', 'dbus_fast') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
