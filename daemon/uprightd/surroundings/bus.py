"""Questions over D-Bus. The only importer of `dbus_fast` here.

Every question has a connection of its own (0.4 ms CPU): nothing is kept that a restarted bus could break. No
question starts a service that is not running.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uprightd.surroundings.probe import AbsentError, UnansweredError

BUS_TIMEOUT = 1.5
GRACE = 0.2
"""Seconds an ending connection gets to close its socket."""

SYSTEM_BUS = "unix:path=/var/run/dbus/system_bus_socket"
"""Where the D-Bus specification puts it."""

NO_ANSWER = {
    "org.freedesktop.DBus.Error.NoReply",
    "org.freedesktop.DBus.Error.Timeout",
    "org.freedesktop.DBus.Error.TimedOut",
}
NOBODY = {
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
}
SAID_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Service:
    """Who answers: a name on the bus, an object's path and the interface (the name's own unless told)."""

    name: str
    path: str
    interface: str = ""


@dataclass(frozen=True, slots=True)
class Bus:
    """One of the two buses: its name in words, its address (None: there is none)."""

    name: str
    address: str | None
    timeout: float = BUS_TIMEOUT

    def call(self, service: Service, member: str, signature: str = "", *body: Any) -> Any:
        """Given a service, a method and its arguments, return the first value of the reply, None without one.

        Raise AbsentError when there is no bus, nobody has that name, or the answer is an error; UnansweredError
        when no answer comes in time.
        """
        if self.address is None:
            raise AbsentError(f"there is no D-Bus {self.name}")
        try:
            return asyncio.run(asyncio.wait_for(self._call(service, member, signature, body), self.timeout))
        except TimeoutError:
            raise UnansweredError(
                f"{service.name} on the {self.name} did not answer within {self.timeout:g} s"
            ) from None
        except (OSError, EOFError, ValueError) as error:  # ValueError: the address, or the authentication
            why = getattr(error, "strerror", None) or str(error) or "the connection was lost"
            raise AbsentError(f"there is no D-Bus {self.name}: {why[:SAID_LIMIT]}") from error

    def read(self, service: Service, name: str) -> Any:
        """Given a service and a property of its interface, return the value. Raise as `call` does."""
        properties = Service(service.name, service.path, "org.freedesktop.DBus.Properties")
        value = self.call(properties, "Get", "ss", service.interface or service.name, name)
        return getattr(value, "value", value)

    async def _call(self, service: Service, member: str, signature: str, body: tuple[Any, ...]) -> Any:
        from dbus_fast import Message, MessageFlag, MessageType
        from dbus_fast.aio import MessageBus

        message = Message(
            destination=service.name,
            path=service.path,
            interface=service.interface or service.name,
            member=member,
            signature=signature,
            body=list(body),
            flags=MessageFlag.NO_AUTOSTART,
        )
        bus = MessageBus(bus_address=self.address)
        try:
            await bus.connect()
            reply = await bus.call(message)
        finally:
            if bus.connected:
                bus.disconnect()
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(bus.wait_for_disconnect(), GRACE)
        if reply is None:
            raise EOFError
        if reply.message_type is MessageType.ERROR:
            raise self._refusal(service, reply.error_name, reply.body)
        return reply.body[0] if reply.body else None

    def _refusal(self, service: Service, error: str | None, body: list[Any]) -> Exception:
        if error in NO_ANSWER:
            return UnansweredError(f"{service.name} on the {self.name} ended without an answer")
        if error in NOBODY:
            return AbsentError(f"nobody is {service.name} on the {self.name}")
        said = str(body[0]) if body else str(error)
        return AbsentError(f"{service.name} does not say: {said[:SAID_LIMIT]}")


def session_bus(environ: Mapping[str, str]) -> Bus:
    """Given the environment, return the session bus: DBUS_SESSION_BUS_ADDRESS, else the user's own, else none."""
    address = environ.get("DBUS_SESSION_BUS_ADDRESS") or None
    runtime = environ.get("XDG_RUNTIME_DIR")
    if address is None and runtime and (Path(runtime) / "bus").is_socket():
        address = f"unix:path={runtime}/bus"
    return Bus("session bus", address)


def system_bus(environ: Mapping[str, str]) -> Bus:
    """Given the environment, return the system bus."""
    return Bus("system bus", environ.get("DBUS_SYSTEM_BUS_ADDRESS") or SYSTEM_BUS)
