"""What every notifier promises, the fake included: an outcome for any text, and a harmless close."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.notifier import RecordingNotifier
from tests.fakes.private_bus import PrivateBus

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, Notifier, Outcome
from uprightd.notify.chain import NotifierChain, SilentNotifier, build_notifier
from uprightd.notify.console import ConsoleNotifier
from uprightd.notify.desktop import DesktopNotifier
from uprightd.notify.osascript import OsascriptNotifier

HOSTILE = [
    "",
    "-e",
    "\x00\x01\x1b[2J",
    "\ud800 half a surrogate pair",
    "<b>markup</b> & <img src=x>",
    '" & do shell script "id" & "',
    "$(id) `id` %s %n {0}",
    "long " * 20_000,
    "多 🪑 \u202e turned",
]

needs_dbus = pytest.mark.skipif(sys.platform == "darwin", reason="D-Bus is the Linux desktop's")


def osascript(folder: Path) -> Notifier:
    script = folder / "osascript"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    return OsascriptNotifier()


@pytest.fixture
def desktop_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A private D-Bus session with a server on it, and the stand-in osascript on PATH."""
    bus = PrivateBus(tmp_path)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    try:
        if sys.platform != "darwin":
            bus.start()
            bus.server(markup=True)
        monkeypatch.setenv("PATH", str(tmp_path))
        yield
    finally:
        bus.close()


@pytest.mark.usefixtures("desktop_session")
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(lambda _: RecordingNotifier(), Delivery.DELIVERED, id="fake"),
        pytest.param(lambda _: ConsoleNotifier(io.StringIO()), Delivery.CONSOLE, id="console"),
        pytest.param(osascript, Delivery.DELIVERED, id="osascript"),
        pytest.param(lambda _: SilentNotifier(), Delivery.OFF, id="silent"),
        pytest.param(lambda _: NotifierChain([("a", RecordingNotifier())]), Delivery.DELIVERED, id="chain"),
        pytest.param(lambda _: DesktopNotifier(), Delivery.DELIVERED, id="desktop", marks=needs_dbus),
        pytest.param(
            lambda _: build_notifier(True, io.StringIO(), "linux"),
            Delivery.DELIVERED,
            id="built",
            marks=needs_dbus,
        ),
    ],
)
def test_any_text_gets_the_same_outcome_and_closing_twice_is_harmless(
    make: Callable[[Path], Notifier], expected: Delivery, tmp_path: Path
) -> None:
    notifier = make(tmp_path)
    detail = "notifications are off in the configuration" if expected is Delivery.OFF else ""
    for severity in Severity:
        for text in HOSTILE:
            assert notifier.send(Notification(text, text, severity)) == Outcome(expected, detail)
    notifier.close()
    notifier.close()
