"""A program: owns names on a D-Bus and answers what a JSON file tells it to, read anew for every call.

The file maps "PATH INTERFACE.MEMBER" to [signature, value]; a property is named like a member. The word "hang" in
an answer's place is never answered, and what is not in the file is refused as an unknown method.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from tests.fakes.private_bus import DEADLINE, wait_until

PROPERTIES = "org.freedesktop.DBus.Properties"


class BusService:
    """The program running on a bus. Say what it answers with `answers`."""

    def __init__(self, address: str, folder: Path, *names: str) -> None:
        self._file = folder / f"{names[0]}.json"
        ready = self._file.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        self.answers({})
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.bus_service", address, str(self._file), str(ready), *names],
            cwd=Path(__file__).parents[2],
        )
        try:
            wait_until(ready.exists, f"{names[0]} on the bus", self._process)
        except AssertionError:
            self.stop()
            raise

    def answers(self, table: dict[str, list[Any] | str]) -> None:
        """Given the answers from now on, say them."""
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(table))
        part.replace(self._file)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(DEADLINE)


def answer(message: Message, file: Path) -> Message | bool | None:
    """Given a call and the file of answers, return the reply, True to stay silent, None for no call of ours."""
    if message.message_type is not MessageType.METHOD_CALL or not message.interface:
        return None
    if message.interface.startswith("org.freedesktop.DBus") and message.interface != PROPERTIES:
        return None
    key, wraps = f"{message.path} {message.interface}.{message.member}", False
    if message.interface == PROPERTIES:
        interface, name = message.body
        key, wraps = f"{message.path} {interface}.{name}", True
    told = json.loads(file.read_text()).get(key)
    if told == "hang":
        return True
    if told is None:
        return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", f"no {key}")
    signature, value = told
    return (
        Message.new_method_return(message, "v", [Variant(signature, value)])
        if wraps
        else (Message.new_method_return(message, signature, [value]))
    )


async def serve(address: str, file: Path, ready: Path, names: list[str]) -> None:
    bus = await MessageBus(bus_address=address).connect()
    bus.add_message_handler(lambda message: answer(message, file))
    for name in names:
        await bus.request_name(name)
    ready.touch()
    with contextlib.suppress(EOFError, OSError):
        await bus.wait_for_disconnect()


if __name__ == "__main__":
    address, file, ready, *names = sys.argv[1:]
    asyncio.run(serve(address, Path(file), Path(ready), names))
