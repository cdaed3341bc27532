"""What the loop's events become for the outlets, and which outlets the settings ask for."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.fakes.loop import FLEXED, NECK, START, UPRIGHT, rig, sitting

from uprightd.config.schema import Outlets
from uprightd.domain import Activity, Posture
from uprightd.errors import ConfigError
from uprightd.outlets.base import Alarm, Condition
from uprightd.service.telling import Telling, outlets_of


class Listener:
    """An outlet that keeps what it is told."""

    name = "listener"

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self.conditions: list[Condition] = []
        self.closed = threading.Event()

    def alert(self, alarm: Alarm) -> bool:
        self.alarms.append(alarm)
        return True

    def condition(self, condition: Condition) -> bool:
        self.conditions.append(condition)
        return True

    def interrupt(self) -> None: ...

    def close(self) -> None:
        self.closed.set()


def test_an_alert_and_how_things_stand_reach_the_outlet(tmp_path: Path) -> None:
    listener, notices = Listener(), []
    telling = Telling([listener], 5.0, notices.append)
    setup = rig(tmp_path, 60.0, neck=UPRIGHT)
    setup.monitor._observers = (*setup.monitor._observers, telling)
    setup.clock.at(20.0, lambda: setattr(setup.model, "pose", sitting(FLEXED)))
    setup.monitor.run()
    telling.close()
    (alarm,) = listener.alarms
    assert alarm.alert.rule == NECK.id
    last = listener.conditions[-1]
    assert (last.activity, last.posture, last.rule) == (Activity.WATCHING, Posture.POOR, "neck")
    assert last.good_today + last.poor_today == pytest.approx(58, abs=2)
    assert last.good_today == pytest.approx(20, abs=2)
    assert listener.closed.wait(5)
    assert notices == []


def test_nothing_is_posture_while_the_person_is_away(tmp_path: Path) -> None:
    listener = Listener()
    telling = Telling([listener], 5.0, lambda text: None)
    setup = rig(tmp_path, 60.0)
    setup.monitor._observers = (*setup.monitor._observers, telling)
    setup.clock.at(20.0, lambda: setattr(setup.model, "pose", None))
    setup.monitor.run()
    telling.close()
    last = listener.conditions[-1]
    assert (last.activity, last.posture) == (Activity.AWAY, None)
    assert last.good_today == pytest.approx(20, abs=2)


def test_the_settings_say_which_outlets_there_are(tmp_path: Path) -> None:
    assert outlets_of(Outlets(), {}, "linux") == []
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    wanted = Outlets(
        sound=True,
        command=("/bin/true", "alert"),
        activitywatch=True,
        mqtt_host="broker.local",
        mqtt_user="me",
        mqtt_password_file=str(secret),
    )
    outlets = outlets_of(wanted, {}, "linux")
    assert [outlet.name for outlet in outlets] == ["sound", "hook", "activitywatch", "mqtt"]
    assert "hush" not in repr(vars(outlets[-1]))


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    wanted = Outlets(mqtt_host="broker", mqtt_password_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"mqtt_password_file.*none"):
        outlets_of(wanted, {}, "linux")


def test_another_machines_activitywatch_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"another machine"):
        outlets_of(Outlets(activitywatch=True, activitywatch_url="http://192.0.2.1:5600"), {}, "linux")


def test_the_day_begins_anew_at_midnight(tmp_path: Path) -> None:
    listener = Listener()
    telling = Telling([listener], 5.0, lambda text: None)
    setup = rig(tmp_path, 30.0, start=START._replace(wall=START.wall))
    setup.monitor._observers = (*setup.monitor._observers, telling)
    setup.clock.at(15.0, lambda: setup.clock.step(86_400.0))
    setup.monitor.run()
    telling.close()
    assert listener.conditions[-1].good_today <= 16
