"""The state of things over MQTT, with Home Assistant's discovery. The only importer of `paho`.

A connection that failed is thrown away and made anew. The library would reconnect by itself, and then send what was
under way again after what is newer: the broker would keep the stale value for every later reader. All topics are
retained, so on a new connection everything is told once more, and nothing is queued in between.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uprightd.outlets.base import Alarm, Condition, OutletError, one_line
from uprightd.outlets.home_assistant import OFFLINE, ONLINE, PREFIX, Device

PATIENCE = 5.0
"""Seconds for the broker to take a connection, and to confirm what it was sent."""
FAREWELL = 1.0
KEEP_ALIVE = 30
"""Seconds. A broker that hears nothing for half as long again says that we are offline."""
AT_LEAST_ONCE = 1
LOOK_EVERY = 0.005


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are to it. ca_file: who signed its certificate, where the system does not know."""

    host: str
    port: int = 1883
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Mqtt:
    """Keeps the topics of `device` up to date on a broker. prefix: where Home Assistant looks for devices."""

    name = "mqtt"

    def __init__(self, broker: Broker, device: Device, prefix: str = PREFIX) -> None:
        self._broker = broker
        self._device = device
        self._discovery = device.discovery(prefix)
        self._wanted: dict[str, str] = {}
        self._confirmed: dict[str, str] = {}
        self._session: Session | None = None

    def alert(self, alarm: Alarm) -> bool:
        """Make an alert the last one."""
        self._wanted |= self._device.alarm(alarm)
        return self._tell()

    def condition(self, condition: Condition) -> bool:
        """Tell what has changed; on a new connection, everything."""
        self._wanted |= self._device.condition(condition)
        return self._tell()

    def interrupt(self) -> None:
        """Nothing waits longer than PATIENCE."""

    def close(self) -> None:
        """Say that we are offline and disconnect."""
        session, self._session = self._session, None
        if session is not None and not session.lost.is_set():
            try:
                session.publish({self._device.availability: OFFLINE}, FAREWELL)
            finally:
                session.end()

    def _tell(self) -> bool:
        if self._session is not None and self._session.lost.is_set():
            self._drop()
        try:
            if self._session is None:
                self._confirmed = {}
                self._session = Session(self._broker, self._device)
                self._session.publish(self._discovery, PATIENCE)
            new = {topic: it for topic, it in self._wanted.items() if self._confirmed.get(topic) != it}
            if not self._confirmed:  # last, so that no old value is taken for a present one
                new[self._device.availability] = ONLINE
            if new:
                self._session.publish(new, PATIENCE)
                self._confirmed |= new
        except OutletError:
            self._drop()
            raise
        return bool(new)

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.end()


class Session:
    """One connection to a broker, from the first packet to the last. Raise OutletError when there is none.

    lost: set once it is gone. The broker then says for us that we are offline.
    """

    def __init__(self, broker: Broker, device: Device) -> None:
        self._broker = broker
        self.lost = threading.Event()
        self._answered = threading.Event()
        self._refusal = ""
        self._client = self._make(broker, device)
        try:
            self._client.connect(broker.host, broker.port, KEEP_ALIVE)
        except (OSError, ValueError) as error:  # TLS's errors are OSErrors; ValueError: no such host or port
            raise OutletError(f"no connection to the MQTT broker {broker}: {_reason(error)}") from error
        self._client.loop_start()
        if not self._answered.wait(PATIENCE):
            self.end()
            raise OutletError(f"the MQTT broker {broker} took the connection and says nothing")
        if self._refusal:
            self.end()
            raise OutletError(f"the MQTT broker {broker} refuses the connection: {self._refusal}")

    def publish(self, payloads: Mapping[str, str], patience: float) -> None:
        """Given topics and payloads, publish them in order, retained. Raise OutletError unless all are confirmed
        within `patience` seconds."""
        ends = time.monotonic() + patience
        under_way = [
            self._client.publish(topic, payload.encode(), AT_LEAST_ONCE, retain=True)
            for topic, payload in payloads.items()
        ]
        for message in under_way:
            while not self._arrived(message):
                if self.lost.is_set() or time.monotonic() > ends:
                    raise OutletError(f"the MQTT broker {self._broker} {self._silence}")
                self.lost.wait(LOOK_EVERY)

    def end(self) -> None:
        """Disconnect. The library hangs up as soon as it has said so, whether the broker listens or not."""
        self._client.disconnect()
        self.lost.wait(FAREWELL)

    @property
    def _silence(self) -> str:
        return "closed the connection" if self.lost.is_set() else "does not confirm what it is sent"

    def _arrived(self, message: Any) -> bool:
        try:
            return message.is_published()
        except (RuntimeError, ValueError) as error:  # it never went out
            raise OutletError(f"the MQTT broker {self._broker}: {error}") from error

    def _make(self, broker: Broker, device: Device) -> Any:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            why = f"paho-mqtt cannot be loaded ({error}); install it with: pip install 'uprightd[mqtt]'"
            raise OutletError(why) from error
        client = Client(CallbackAPIVersion.VERSION2, client_id=device.node, reconnect_on_failure=False)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.connect_timeout = PATIENCE
        client.will_set(device.availability, OFFLINE, AT_LEAST_ONCE, retain=True)
        if broker.username:
            client.username_pw_set(broker.username, broker.password or None)
        if broker.tls:
            try:
                client.tls_set_context(ssl.create_default_context(cafile=broker.ca_file))
            except OSError as error:
                raise OutletError(f"{broker.ca_file} is no certificate: {_reason(error)}") from error
        return client

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._refusal = one_line(str(reason), 100) if reason.is_failure else ""
        self._answered.set()

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self._answered.is_set():
            self._refusal = one_line(str(reason), 100) or "it closed the connection"
            self._answered.set()
        self.lost.set()


def _reason(error: Exception) -> str:
    return one_line(getattr(error, "strerror", None) or str(error), 200) or type(error).__name__
