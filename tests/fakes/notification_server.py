"""A program: the smallest notification server, which writes what it is told to a JSON-lines file.

It owns org.freedesktop.Notifications on the session in DBUS_SESSION_BUS_ADDRESS and ends with the bus. A test
plays the person through the interface org.uprightd.Person.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from pathlib import Path
from typing import Annotated

from dbus_fast import DBusError
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

NAME = "org.freedesktop.Notifications"
PERSON = "org.uprightd.Person"
ALL = -1

Words = Annotated[list[str], DBusSignature("as")]
Information = Annotated[tuple[str, str, str, str], DBusSignature("ssss")]
Nothing = Annotated[None, DBusSignature("")]
Closing = Annotated[tuple[int, int], DBusSignature("uu")]
Action = Annotated[tuple[int, str], DBusSignature("us")]


class Notifications(ServiceInterface):
    """The interface of the desktop notification specification, version 1.2."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__(NAME)
        self._record = options.record
        self._slow = options.slow
        self._accepts = options.accept
        self._capabilities = ["body"]
        self._capabilities += ["body-markup"] if options.markup else []
        self._capabilities += ["actions"] if not options.buttonless else []
        self._count = 0

    @dbus_method()
    async def Notify(  # noqa: N802 - the specification's name
        self,
        app_name: DBusStr,
        replaces_id: DBusUInt32,
        app_icon: DBusStr,
        summary: DBusStr,
        body: DBusStr,
        actions: Words,
        hints: DBusDict,
        expire_timeout: DBusInt32,
    ) -> DBusUInt32:
        if self._count == self._accepts:
            self._write({"refused": summary})
            raise DBusError("org.freedesktop.Notifications.Error.ExcessNotificationGeneration", "not so many")
        if self._slow:
            await asyncio.Event().wait()
        self._write(
            {
                "app": app_name,
                "icon": app_icon,
                "title": summary,
                "body": body,
                "actions": actions,
                "urgency": hints["urgency"].value,
            }
        )
        self._count += 1
        return self._count

    @dbus_method()
    def GetCapabilities(self) -> Words:  # noqa: N802
        return self._capabilities

    @dbus_method()
    def GetServerInformation(self) -> Information:  # noqa: N802
        return ("fake", "uprightd tests", "1", "1.2")

    @dbus_method()
    def CloseNotification(self, notification: DBusUInt32) -> Nothing:  # noqa: N802
        pass

    @dbus_signal()
    def NotificationClosed(self, notification: DBusUInt32, reason: DBusUInt32) -> Closing:  # noqa: N802
        return (notification, reason)

    @dbus_signal()
    def ActionInvoked(self, notification: DBusUInt32, key: DBusStr) -> Action:  # noqa: N802
        return (notification, key)

    def _write(self, what: dict[str, object]) -> None:
        with self._record.open("a") as file:
            file.write(json.dumps(what) + "\n")


class Person(ServiceInterface):
    """What a person does to the notifications on the screen, which are numbered from 1."""

    def __init__(self, notifications: Notifications) -> None:
        super().__init__(PERSON)
        self._notifications = notifications

    @dbus_method()
    def Press(self, notification: DBusUInt32, key: DBusStr) -> Nothing:  # noqa: N802
        self._notifications.ActionInvoked(notification, key)

    @dbus_method()
    def Dismiss(self, notification: DBusUInt32) -> Nothing:  # noqa: N802
        self._notifications.NotificationClosed(notification, 2)


async def serve(options: argparse.Namespace) -> None:
    """Given the program's options, answer until the bus goes away."""
    bus = await MessageBus().connect()
    notifications = Notifications(options)
    bus.export("/org/freedesktop/Notifications", notifications)
    bus.export("/org/freedesktop/Notifications", Person(notifications))
    await bus.request_name(NAME)
    options.ready.touch()
    with contextlib.suppress(EOFError, OSError):
        await bus.wait_for_disconnect()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="the JSON-lines file to append to")
    parser.add_argument("ready", type=Path, help="the file to make once the name is owned")
    parser.add_argument("--slow", action="store_true", help="never answer a notification")
    parser.add_argument("--accept", type=int, default=ALL, help="answer all after so many with an error")
    parser.add_argument("--markup", action="store_true", help="say that markup in the body is read")
    parser.add_argument("--buttonless", action="store_true", help="do not say that actions are shown")
    asyncio.run(serve(parser.parse_args()))
