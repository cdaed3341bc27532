"""What Home Assistant reads over MQTT: the topics, the sensors it is to discover, and their values.

Formats: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and .../integrations/sensor.mqtt/.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from uprightd.domain import Activity, Posture
from uprightd.outlets.base import Alarm, Condition, one_line, utc

PREFIX = "homeassistant"
"""Where Home Assistant looks for devices unless told otherwise."""
ONLINE, OFFLINE = "online", "offline"
UNKNOWN = "None"
"""The payload that Home Assistant shows as unknown."""
STATE_LIMIT = 255
"""Characters; Home Assistant refuses longer states."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One value: its name in topics, its name for people, whether details travel with it, and how it is shown."""

    key: str
    name: str
    detailed: bool = False
    shown: Mapping[str, Any] = field(default_factory=dict)


_MINUTES = {"device_class": "duration", "unit_of_measurement": "min", "state_class": "total_increasing"}

SENSORS = (
    Sensor("posture", "Posture", shown={"device_class": "enum", "options": [it.value for it in Posture]}),
    Sensor("state", "State", True, {"device_class": "enum", "options": [it.value for it in Activity]}),
    Sensor("rule", "Active rule", shown={"icon": "mdi:ruler"}),
    Sensor("last_alert", "Last alert", True, {"icon": "mdi:bell-outline"}),
    Sensor("good_minutes", "Good posture today", shown={**_MINUTES, "icon": "mdi:human-handsup"}),
    Sensor("poor_minutes", "Poor posture today", shown={**_MINUTES, "icon": "mdi:human-handsdown"}),
)


@dataclass(frozen=True, slots=True)
class Device:
    """This instance of the program as Home Assistant sees it.

    identity: unique in the house and part of every topic, made of a-z, 0-9 and _. name: for people.
    """

    identity: str
    name: str
    version: str

    @property
    def node(self) -> str:
        return f"uprightd_{self.identity}"

    @property
    def availability(self) -> str:
        return self.topic("availability")

    def topic(self, key: str) -> str:
        return f"uprightd/{self.identity}/{key}"

    def discovery(self, prefix: str = PREFIX) -> dict[str, str]:
        """Given Home Assistant's prefix, return what makes it know the sensors: a JSON text for each topic."""
        return {f"{prefix}/sensor/{self.node}/{it.key}/config": _json(self._sensor(it)) for it in SENSORS}

    def _sensor(self, sensor: Sensor) -> dict[str, Any]:
        details = {"json_attributes_topic": self.topic(f"{sensor.key}/details")} if sensor.detailed else {}
        return {
            "name": sensor.name,
            "unique_id": f"{self.node}_{sensor.key}",
            "state_topic": self.topic(sensor.key),
            "availability_topic": self.availability,
            "qos": 1,
            "device": {
                "identifiers": [self.node],
                "name": one_line(self.name, 100),
                "manufacturer": "uprightd",
                "model": "Posture monitor",
                "sw_version": self.version,
            },
            "origin": {"name": "uprightd", "sw_version": self.version},
            **details,
            **sensor.shown,
        }

    def condition(self, condition: Condition) -> dict[str, str]:
        """Given how things stand, return the payload of each topic."""
        return {
            self.topic("posture"): condition.posture.value if condition.posture else UNKNOWN,
            self.topic("state"): condition.activity.value,
            self.topic("state/details"): _json({"reason": one_line(condition.reason)}),
            self.topic("rule"): one_line(condition.rule, STATE_LIMIT) or "none",
            self.topic("good_minutes"): str(int(condition.good_today // 60)),
            self.topic("poor_minutes"): str(int(condition.poor_today // 60)),
        }

    def alarm(self, alarm: Alarm) -> dict[str, str]:
        """Given an alert, return the payload of each topic."""
        alert = alarm.alert
        details = {
            "rule": one_line(alert.rule),
            "severity": alert.severity.value,
            "reason": one_line(alert.reason),
            "metric": one_line(alert.metric),
            "value": alert.value,
            "error": alarm.error,
            "threshold": alert.threshold,
            "held": alert.held,
            "view": alert.view.value,
            "at": utc(alert.at),
        }
        return {
            self.topic("last_alert/details"): _json(details),
            self.topic("last_alert"): one_line(alert.message, STATE_LIMIT)
            or one_line(alert.rule, STATE_LIMIT),
        }


def identity_of(text: str) -> str:
    """Given a machine's name or what the person chose, return it as it may stand in a topic and an entity's name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "desk"


def _json(value: Mapping[str, Any]) -> str:
    """Given values, return them as JSON; a number that is not finite becomes null, which JSON has no word for."""
    clean = {
        key: None if isinstance(it, float) and not math.isfinite(it) else it for key, it in value.items()
    }
    return json.dumps(clean, ensure_ascii=False, sort_keys=True, allow_nan=False)
