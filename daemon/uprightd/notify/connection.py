"""One life of the `desktop-notifier` object: its own thread and event loop, and its complaints.

The only importer of `desktop_notifier`. Measured with 6.2 on Linux: `send` swallows every error, returns an
identifier all the same and logs 16 to 20 lines; once its bus connection is lost, every later send fails with
EBADF. So a delivery is believed when the library calls `on_dispatched` and has not complained; complaints are
kept instead of printed; and a connection that failed is thrown away with everything that hangs on it.

Buttons work as long as the connection lives that showed them: the library listens for ActionInvoked and forgets a
notification at NotificationClosed. GNOME even takes a sender's notifications back when its connection ends. So a
connection over which the server answered, if only to refuse, is kept.

On macOS the library picks a dummy backend where Python has no app bundle, and reports a refused notification
only by a logged warning. Both are read from its source and were not run on a Mac. A press would reach Python only
through a run loop in the main thread, which the daemon has not, so no buttons are offered there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from concurrent.futures import Future
from functools import partial
from types import ModuleType
from typing import Any

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification, OnAction, Outcome
from uprightd.notify.text import escape_markup, plain

APP_NAME = "uprightd"
LIBRARY_LOGGERS = ("desktop_notifier", "dbus_fast")
DETAIL_LIMIT = 200
GRACE = 0.3
"""Seconds an ending connection gets to close its socket and end its thread."""

LOOKS = {
    Severity.INFO: ("Low", "dialog-information"),
    Severity.WARN: ("Normal", "dialog-warning"),
    Severity.ALERT: ("Critical", "dialog-warning"),
}
"""Urgency (the library's name) and icon (freedesktop's icon naming specification) of each severity."""

NOBODY_THERE = frozenset(
    {
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
    }
)
GONE = NOBODY_THERE | {"org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Disconnected"}
"""What the bus itself answers for a server that is not there, or went before it answered."""


class Complaints(logging.Handler):
    """Keeps what the library logs on one thread: it becomes a reason and not a traceback on a terminal."""

    def __init__(self, thread: threading.Thread) -> None:
        super().__init__(logging.WARNING)
        self._thread = thread
        self._records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread.ident:
            self._records = [*self._records[-9:], record]

    def take(self) -> list[logging.LogRecord]:
        """Return the complaints since the last call."""
        taken, self._records = self._records, []
        return taken


class Connection:
    """A `DesktopNotifier` of the library on a loop thread of its own. Made and used from any one thread.

    on_action: who is told of a pressed button, on the loop thread; None for notifications without buttons.
    """

    def __init__(self, on_action: OnAction | None = None) -> None:
        self.refused = False
        """Whether the server itself answered the last notification with an error: the connection is then sound."""
        self._on_action = on_action
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, _context: None)  # the outcome carries the reason
        self._thread = threading.Thread(target=self._run, name="desktop-notifications", daemon=True)
        self._complaints = Complaints(self._thread)
        for name in LIBRARY_LOGGERS:
            logging.getLogger(name).addHandler(self._complaints)
            logging.getLogger(name).propagate = False
        self._notifier: Any = None
        self._thread.start()

    def show(self, notification: Notification) -> Future[Outcome]:
        """Given a notification, start showing it. The future's outcome never is an exception."""
        return asyncio.run_coroutine_threadsafe(self._show(notification), self._loop)

    def close(self) -> bool:
        """Disconnect and end the thread; return whether it ended within the grace time."""
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GRACE)
        for name in LIBRARY_LOGGERS:
            logging.getLogger(name).removeHandler(self._complaints)
        return not self.alive

    @property
    def alive(self) -> bool:
        """Whether the loop thread runs; after `close` it then hangs in the library."""
        return self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.get_loop().run_forever()
            runner.run(self._disconnect())

    async def _disconnect(self) -> None:
        bus = getattr(getattr(self._notifier, "_backend", None), "bus", None)
        if bus is not None:
            bus.disconnect()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(bus.wait_for_disconnect(), GRACE / 2)

    async def _show(self, notification: Notification) -> Outcome:
        self._complaints.take()
        self.refused = False
        try:
            return await self._send(notification)
        except Exception as error:  # noqa: BLE001 - the library raises what its bus and system raise
            return self._judge(error)

    async def _send(self, notification: Notification) -> Outcome:
        import desktop_notifier as library

        if self._notifier is None:
            self._notifier = library.DesktopNotifier(app_name=APP_NAME, app_icon=None)
        if type(self._notifier._backend).__name__ == "DummyNotificationCenter":
            said = self._complaints.take()
            why = said[0].getMessage() if said else "the system offers no notification centre to this Python"
            return Outcome(Delivery.UNAVAILABLE, plain(why, DETAIL_LIMIT))
        if not await self._notifier.request_authorisation():
            return Outcome(Delivery.UNAVAILABLE, "the system does not allow this program to notify")
        offered = await self._offered()
        dispatched = threading.Event()
        await self._notifier.send_notification(self._build(library, notification, offered, dispatched))
        said = self._complaints.take()
        if dispatched.is_set() and not said:
            return Outcome(Delivery.DELIVERED)
        return self._blame(said[-1]) if said else Outcome(Delivery.FAILED, "the library did not send it")

    def _blame(self, record: logging.LogRecord) -> Outcome:
        """Given what the library logged about a send, return the outcome it means."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            return self._judge(error)
        return Outcome(Delivery.FAILED, plain(record.getMessage(), DETAIL_LIMIT))

    def _judge(self, error: Exception) -> Outcome:
        """Given what stopped a notification, return the outcome it means, and note whether it was the server's answer.

        Before there is an interface nothing is: the library would make a second bus connection and lose the first.
        """
        answered = getattr(error, "type", None)  # only D-Bus errors have one
        self.refused = answered is not None and answered not in GONE and self._interface is not None
        return explain(error)

    @property
    def _interface(self) -> Any:
        """The library's proxy of the server; None off D-Bus and before there is one."""
        return getattr(getattr(self._notifier, "_backend", None), "interface", None)

    async def _offered(self) -> frozenset[str]:
        """Return the server's capabilities by the specification's names, none off D-Bus.

        They are asked for each time, a server may have made way for another. Raise what a send would have swallowed.
        """
        await self._notifier.get_capabilities()
        interface = self._interface
        return frozenset() if interface is None else frozenset(await interface.call_get_capabilities())

    def _build(
        self,
        library: ModuleType,
        notification: Notification,
        offered: frozenset[str],
        dispatched: threading.Event,
    ) -> Any:
        """Given our notification, what the server can do and the event to set, return the library's."""
        urgency, icon = LOOKS[notification.severity]
        pressable = self._on_action is not None and "actions" in offered
        return library.Notification(
            title=notification.title,
            message=escape_markup(notification.body) if "body-markup" in offered else notification.body,
            urgency=library.Urgency[urgency],
            icon=library.Icon(name=icon),
            buttons=tuple(
                library.Button(
                    title=action.title,
                    identifier=action.key,
                    on_pressed=partial(self._press, notification.key, action.key),
                )
                for action in (notification.actions if pressable else ())
            ),
            on_dispatched=dispatched.set,
        )

    def _press(self, notification: int, action: str) -> None:
        if self._on_action is not None:
            with contextlib.suppress(Exception):  # the library's complaint would count as one about a send
                self._on_action(notification, action)


def explain(error: Exception) -> Outcome:
    """Given what stopped a notification, return the outcome: none are shown here, or this one was not."""
    if getattr(error, "type", None) in NOBODY_THERE:
        return Outcome(Delivery.UNAVAILABLE, "no notification server on the D-Bus session")
    text = plain(getattr(error, "strerror", None) or str(error), DETAIL_LIMIT) or type(error).__name__
    if isinstance(error, ImportError):
        return Outcome(Delivery.UNAVAILABLE, f"desktop-notifier cannot be loaded: {text}")
    if type(error).__name__ == "InvalidAddressError":
        return Outcome(Delivery.UNAVAILABLE, f"no D-Bus session: {text.split(' and could not')[0]}")
    if isinstance(error, (OSError, EOFError)):
        return Outcome(Delivery.UNAVAILABLE, f"no D-Bus session: {text}")
    return Outcome(Delivery.FAILED, text)
