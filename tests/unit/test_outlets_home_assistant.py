"""What Home Assistant is told: configurations it takes, states it can hold, and nothing hostile in a topic."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.outlet import ALERT, HOSTILE, alarm, condition

from uprightd.domain import Activity, Posture
from uprightd.outlets.base import Alarm
from uprightd.outlets.home_assistant import SENSORS, Device, identity_of

DESK = Device("desk", "uprightd on desk", "1.2.3")

KNOWN_KEYS = {
    "name", "unique_id", "state_topic", "availability_topic", "qos", "device", "origin", "json_attributes_topic",
    "device_class", "options", "unit_of_measurement", "state_class", "icon",
}  # fmt: skip
"""Of the MQTT sensor's documented settings, those we use; an unknown one makes Home Assistant refuse the sensor."""


def config(key: str) -> dict[str, Any]:
    return json.loads(DESK.discovery()[f"homeassistant/sensor/uprightd_desk/{key}/config"])


def test_every_sensor_has_its_configuration_with_documented_keys() -> None:
    found = DESK.discovery()
    assert len(found) == len(SENSORS) == 6
    for text in found.values():
        assert set(json.loads(text)) <= KNOWN_KEYS
    assert config("posture") == {
        "name": "Posture",
        "unique_id": "uprightd_desk_posture",
        "state_topic": "uprightd/desk/posture",
        "availability_topic": "uprightd/desk/availability",
        "qos": 1,
        "device": {
            "identifiers": ["uprightd_desk"],
            "name": "uprightd on desk",
            "manufacturer": "uprightd",
            "model": "Posture monitor",
            "sw_version": "1.2.3",
        },
        "origin": {"name": "uprightd", "sw_version": "1.2.3"},
        "device_class": "enum",
        "options": ["good", "poor", "unreliable", "away"],
    }


def test_unique_ids_are_unique_and_another_prefix_is_used() -> None:
    ids = [json.loads(text)["unique_id"] for text in DESK.discovery().values()]
    assert len(set(ids)) == len(ids)
    assert all(topic.startswith("ha/sensor/") for topic in DESK.discovery("ha"))


@pytest.mark.parametrize("activity", Activity)
@pytest.mark.parametrize("posture", [None, *Posture])
def test_an_enumeration_s_state_is_one_of_its_options_or_unknown(
    activity: Activity, posture: Posture | None
) -> None:
    told = DESK.condition(condition(activity=activity, posture=posture))
    assert told["uprightd/desk/state"] in config("state")["options"]
    assert told["uprightd/desk/posture"] in [*config("posture")["options"], "None"]


def test_every_state_goes_to_a_topic_that_a_sensor_listens_to() -> None:
    heard = {config(it.key)["state_topic"] for it in SENSORS}
    heard |= {config(it.key)["json_attributes_topic"] for it in SENSORS if it.detailed}
    assert {*DESK.condition(condition()), *DESK.alarm(alarm())} == heard


def test_minutes_of_the_day_are_whole_and_add_up_within_a_day() -> None:
    told = DESK.condition(replace(condition(), good_today=3599.9, poor_today=60.0))
    assert (told["uprightd/desk/good_minutes"], told["uprightd/desk/poor_minutes"]) == ("59", "1")
    for key in ("good_minutes", "poor_minutes"):
        shown = {name: config(key)[name] for name in ("device_class", "unit_of_measurement", "state_class")}
        assert shown == {
            "device_class": "duration",
            "unit_of_measurement": "min",
            "state_class": "total_increasing",
        }


def test_the_broken_rule_and_the_reason_are_told() -> None:
    told = DESK.condition(
        condition(activity=Activity.PAUSED, posture=None, rule="neck-flexion", reason="quiet hours")
    )
    assert told["uprightd/desk/rule"] == "neck-flexion"
    assert json.loads(told["uprightd/desk/state/details"]) == {"reason": "quiet hours"}
    assert DESK.condition(condition())["uprightd/desk/rule"] == "none"


def test_the_last_alert_comes_with_its_values() -> None:
    told = DESK.alarm(alarm())
    assert told["uprightd/desk/last_alert"] == ALERT.message
    assert json.loads(told["uprightd/desk/last_alert/details"]) == {
        "rule": "neck-flexion",
        "severity": "warn",
        "reason": ALERT.reason,
        "metric": "neck_flexion",
        "value": 52.4,
        "error": 3.1,
        "threshold": 50.0,
        "held": 61.0,
        "view": "sagittal-left",
        "at": "2026-09-21T14:14:21.250Z",
    }


def test_a_number_that_is_not_finite_is_null() -> None:
    told = DESK.alarm(Alarm(replace(ALERT, value=float("nan"), threshold=float("-inf"))))
    details = json.loads(told["uprightd/desk/last_alert/details"])
    assert (details["value"], details["threshold"], details["error"]) == (None, None, None)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_fits_a_state_and_can_be_sent(text: str) -> None:
    told = DESK.alarm(alarm(text)) | DESK.condition(condition(rule=text, reason=text))
    for topic, payload in told.items():
        assert payload.encode()
        assert topic.endswith("/details") or 0 < len(payload) <= 255
    for payload in replace(DESK, name=text).discovery().values():
        assert json.loads(payload)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("My-Desk.local", "my_desk_local"),
        ("a/b+c#d e", "a_b_c_d_e"),
        ("日本", "desk"),
        ("", "desk"),
        ("x" * 99, "x" * 40),
    ],
)
def test_an_identity_may_stand_in_a_topic(text: str, identity: str) -> None:
    assert identity_of(text) == identity
    assert re.fullmatch("[a-z0-9_]+", identity)
