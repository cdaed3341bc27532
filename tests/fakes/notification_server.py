"""A program: the smallest notification server, which writes what it is told to a JSON-lines file.

It owns org.freedesktop.Notifications on the session in DBUS_SESSION_BUS_ADDRESS and ends with the bus.
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

Words = Annotated[list[str], DBusSignature("as")]
Information = Annotated[tuple[str, str, str, str], DBusSignature("ssss")]
Nothing = Annotated[None, DBusSignature("")]
Closing = Annotated[tuple[int, int], DBusSignature("uu")]
Action = Annotated[tuple[int, str], DBusSignature("us")]


class Notifications(ServiceInterface):
    """The interface of the desktop notification specification, version 1.2."""

    def __init__(self, record: Path, slow: bool, refuse: bool, markup: bool) -> None:
        super().__init__(NAME)
        self._record = record
        self._slow = slow
        self._refuse = refuse
        self._capabilities = ["actions", "body", *(["body-markup"] if markup else [])]
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
        if self._refuse:
            raise DBusError("org.freedesktop.Notifications.Error.ExcessNotificationGeneration", "not so many")
        if self._slow:
            await asyncio.Event().wait()
        told = {
            "app": app_name,
            "icon": app_icon,
            "title": summary,
            "body": body,
            "actions": actions,
            "urgency": hints["urgency"].value,
        }
        with self._record.open("a") as file:
            file.write(json.dumps(told) + "\n")
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


async def serve(options: argparse.Namespace) -> None:
    """Given the program's options, answer until the bus goes away."""
    bus = await MessageBus().connect()
    bus.export(
        "/org/freedesktop/Notifications",
        Notifications(options.record, options.slow, options.refuse, options.markup),
    )
    await bus.request_name(NAME)
    options.ready.touch()
    with contextlib.suppress(EOFError, OSError):
        await bus.wait_for_disconnect()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, help="the JSON-lines file to append to")
    parser.add_argument("ready", type=Path, help="the file to make once the name is owned")
    parser.add_argument("--slow", action="store_true", help="never answer a notification")
    parser.add_argument("--refuse", action="store_true", help="answer every notification with an error")
    parser.add_argument("--markup", action="store_true", help="say that markup in the body is read")
    asyncio.run(serve(parser.parse_args()))
