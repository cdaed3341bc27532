"""Posture over MQTT, against mosquitto: what a later reader finds, and what becomes of it when the broker fails."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.broker import Listener, Mosquitto, broker_missing
from tests.fakes.outlet import ALERT, HOSTILE, alarm, condition
from tests.fakes.private_bus import DEADLINE, wait_until

from uprightd.domain import Activity, Posture
from uprightd.outlets import mqtt as module
from uprightd.outlets.base import OutletError, one_line
from uprightd.outlets.home_assistant import Device
from uprightd.outlets.mqtt import Broker, Mqtt
from uprightd.outlets.relay import Outlets, Relay

DESK = Device("desk", "uprightd on desk", "1.2.3")
SECRET = "correct horse battery staple"
PATIENCE = 10.0
STATES = {
    "uprightd/desk/posture": "good",
    "uprightd/desk/state": "watching",
    "uprightd/desk/state/details": '{"reason": ""}',
    "uprightd/desk/rule": "none",
    "uprightd/desk/good_minutes": "0",
    "uprightd/desk/poor_minutes": "0",
}


@pytest.fixture(autouse=True)
def required() -> None:
    """Skip where a broker cannot be had, but fail in CI: there the proof must not vanish silently."""
    missing = broker_missing()
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@pytest.fixture
def broker(tmp_path: Path, required: None) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    yield mosquitto
    mosquitto.lose()


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    """Makes listeners, which go at the end."""
    listeners: list[Listener] = []

    def make(port: int, login: tuple[str, str] | None = None) -> Listener:
        listeners.append(Listener(port, login))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


@pytest.fixture
def mqtt(broker: Mosquitto) -> Iterator[Mqtt]:
    outlet = Mqtt(Broker("127.0.0.1", broker.port), DESK)
    yield outlet
    outlet.close()


def finds(listener: Listener, topic: str, payload: str) -> None:
    wait_until(
        lambda: listener.latest.get(topic) == payload, f"{payload} at {topic}, found {listener.latest}"
    )


def test_a_later_reader_finds_sensors_states_and_that_we_are_there(
    mqtt: Mqtt, broker: Mosquitto, listen: Callable[..., Listener]
) -> None:
    assert mqtt.condition(condition())
    assert mqtt.alert(alarm())
    listener = listen(broker.port)
    finds(listener, DESK.availability, "online")
    told = listener.latest
    assert {topic: told[topic] for topic in STATES} == STATES
    assert told["uprightd/desk/last_alert"] == ALERT.message
    assert json.loads(told["uprightd/desk/last_alert/details"])["value"] == 52.4
    assert {topic: told[topic] for topic in DESK.discovery()} == DESK.discovery()
    assert listener.kept == set(told)
    assert listener.quality == {1}


def test_sensors_are_made_known_first_and_presence_last(
    mqtt: Mqtt, broker: Mosquitto, listen: Callable[..., Listener]
) -> None:
    listener = listen(broker.port)
    mqtt.condition(condition())
    finds(listener, DESK.availability, "online")
    topics = [topic for topic, _ in listener.heard]
    assert topics[:6] == list(DESK.discovery())
    assert topics[-1] == DESK.availability


def test_only_what_changed_is_sent(mqtt: Mqtt, broker: Mosquitto, listen: Callable[..., Listener]) -> None:
    mqtt.condition(condition(0))
    listener = listen(broker.port)
    finds(listener, DESK.availability, "online")
    heard = len(listener.heard)
    assert not mqtt.condition(condition(1))
    assert mqtt.condition(condition(2, posture=Posture.POOR, rule="neck-flexion"))
    assert mqtt.condition(condition(3, Activity.PAUSED, None, reason="quiet hours"))
    finds(listener, "uprightd/desk/rule", "none")
    finds(listener, "uprightd/desk/state", "paused")
    assert sorted(listener.heard[heard:]) == sorted(
        [
            ("uprightd/desk/posture", "poor"),
            ("uprightd/desk/rule", "neck-flexion"),
            ("uprightd/desk/posture", "None"),
            ("uprightd/desk/rule", "none"),
            ("uprightd/desk/state", "paused"),
            ("uprightd/desk/state/details", '{"reason": "quiet hours"}'),
        ]
    )


def test_a_clean_end_says_offline_and_leaves_no_thread(
    broker: Mosquitto, listen: Callable[..., Listener]
) -> None:
    before = threading.active_count()
    mqtt = Mqtt(Broker("127.0.0.1", broker.port), DESK)
    mqtt.condition(condition())
    assert threading.active_count() == before + 1
    mqtt.close()
    mqtt.close()
    wait_until(lambda: threading.active_count() == before, "the end of the library's thread")
    listener = listen(broker.port)
    finds(listener, DESK.availability, "offline")


KILLED = """
import sys, time
from tests.fakes.outlet import condition
from uprightd.outlets.home_assistant import Device
from uprightd.outlets.mqtt import Broker, Mqtt
Mqtt(Broker("127.0.0.1", int(sys.argv[1])), Device("desk", "desk", "1")).condition(condition())
print("told", flush=True)
time.sleep(600)
"""


def test_when_we_are_killed_the_broker_says_offline_for_us(
    broker: Mosquitto, listen: Callable[..., Listener]
) -> None:
    checkout = Path(__file__).parents[2]
    path = os.pathsep.join(
        [str(checkout), str(checkout / "daemon"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    command = [sys.executable, "-c", KILLED, str(broker.port)]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"told\n"
        listener = listen(broker.port)
        finds(listener, DESK.availability, "online")
        process.kill()
    finds(listener, DESK.availability, "offline")


def test_a_broker_that_comes_back_empty_is_told_everything_again(
    mqtt: Mqtt, broker: Mosquitto, listen: Callable[..., Listener]
) -> None:
    before = threading.active_count()
    mqtt.condition(condition())
    mqtt.alert(alarm())
    broker.lose()
    wait_until(
        lambda: threading.active_count() == before, "the library's end: it must not reconnect by itself"
    )
    with pytest.raises(OutletError, match=r"closed the connection|no connection to the MQTT broker"):
        mqtt.condition(condition(1, posture=Posture.POOR))
    with pytest.raises(OutletError, match=f"no connection to the MQTT broker 127.0.0.1:{broker.port}"):
        mqtt.alert(alarm("while it was away"))
    broker.start()
    assert mqtt.condition(condition(2, posture=Posture.POOR))
    listener = listen(broker.port)
    finds(listener, DESK.availability, "online")
    assert set(DESK.discovery()) <= set(listener.latest)
    assert listener.latest["uprightd/desk/posture"] == "poor"
    assert listener.latest["uprightd/desk/last_alert"] == "while it was away"


def test_a_frozen_broker_costs_the_patience_and_never_ends_with_the_stale_value(
    mqtt: Mqtt, broker: Mosquitto, listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    monkeypatch.setattr(module, "FAREWELL", 0.2)
    before = threading.active_count()
    mqtt.condition(condition(0))
    broker.freeze()
    started = time.monotonic()
    with pytest.raises(OutletError, match="does not confirm what it is sent"):
        mqtt.condition(condition(1, posture=Posture.UNRELIABLE))
    with pytest.raises(OutletError, match="says nothing"):
        mqtt.condition(condition(2, posture=Posture.AWAY))
    assert time.monotonic() - started < PATIENCE
    wait_until(lambda: threading.active_count() == before, "the end of the library's threads")
    broker.thaw()
    monkeypatch.undo()
    assert mqtt.condition(condition(3, posture=Posture.POOR))
    listener = listen(broker.port)
    finds(listener, DESK.availability, "online")
    assert listener.latest["uprightd/desk/posture"] == "poor"


def test_a_relay_finds_a_broker_that_comes_later(tmp_path: Path, listen: Callable[..., Listener]) -> None:
    broker = Mosquitto(tmp_path)
    relay = Relay(Mqtt(Broker("127.0.0.1", broker.port), DESK), first_pause=0.05)
    relay.alert(alarm())
    wait_until(lambda: relay.standing.failed >= 1, "the first failure")
    assert relay.news().startswith(f"no connection to the MQTT broker 127.0.0.1:{broker.port}: ")
    broker.start()
    try:
        relay.condition(condition())
        wait_until(lambda: relay.standing.trouble == "", "the broker")
        finds(listen(broker.port), "uprightd/desk/last_alert", ALERT.message)
        relay.stop()
        assert relay.join(PATIENCE)
    finally:
        broker.lose()


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_taken(text: str, mqtt: Mqtt, broker: Mosquitto, listen: Callable[..., Listener]) -> None:
    assert mqtt.condition(condition(reason=text, rule=text))
    assert mqtt.alert(alarm(text))
    finds(listen(broker.port), "uprightd/desk/last_alert", one_line(text, 255) or ALERT.rule)


# ---- who we are to it --------------------------------------------------------------------------------------


def test_the_password_opens_the_broker_and_shows_nowhere(
    tmp_path: Path,
    listen: Callable[..., Listener],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(0)
    login = ("uprightd", SECRET)
    broker = Mosquitto(tmp_path, login)
    broker.start()
    try:
        right = Broker("127.0.0.1", broker.port, *login)
        good = Mqtt(right, DESK)
        assert good.condition(condition())
        good.close()
        finds(listen(broker.port, login), "uprightd/desk/posture", "good")
        said = []
        for wrong in (
            Broker("127.0.0.1", broker.port, "uprightd", SECRET[::-1]),
            Broker("127.0.0.1", broker.port),
        ):
            with pytest.raises(OutletError, match="refuses the connection: Not authorized") as error:
                Mqtt(wrong, DESK).condition(condition())
            said.append(str(error.value))
        shown = [*said, repr(right), str(right), repr(good), caplog.text, *capfd.readouterr()]
        assert not any(word in text for text in shown for word in (SECRET, SECRET[::-1]))
    finally:
        broker.lose()


def certificate(folder: Path, name: str) -> Path:
    """Given a folder and a name, make a certificate for 127.0.0.1 that vouches for itself, with its key beside it."""
    file = folder / f"{name}.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE)
    return file


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # the library's, when a handshake fails
@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
def test_over_tls_only_a_broker_with_the_right_certificate_is_told(tmp_path: Path) -> None:
    ours, foreign = certificate(tmp_path, "ours"), certificate(tmp_path, "foreign")
    broker = Mosquitto(tmp_path, certificate=ours)
    broker.start()
    try:
        outlet = Mqtt(Broker("127.0.0.1", broker.port, tls=True, ca_file=ours), DESK)
        assert outlet.condition(condition())
        outlet.close()
        for ca_file in (foreign, None):
            with pytest.raises(OutletError, match="certificate verify failed"):
                Mqtt(Broker("127.0.0.1", broker.port, tls=True, ca_file=ca_file), DESK).condition(condition())
        for broken in (tmp_path / "none.pem", tmp_path / "mosquitto.conf"):
            with pytest.raises(OutletError, match=f"{broken} is no certificate"):
                Mqtt(Broker("127.0.0.1", broker.port, tls=True, ca_file=broken), DESK).condition(condition())
    finally:
        broker.lose()


# ---- no broker at all --------------------------------------------------------------------------------------


def test_something_that_is_no_broker_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.3)
    monkeypatch.setattr(module, "FAREWELL", 0.1)
    before = threading.active_count()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        port = mute.getsockname()[1]
        with pytest.raises(OutletError, match=f"127.0.0.1:{port} took the connection and says nothing"):
            Mqtt(Broker("127.0.0.1", port), DESK).condition(condition())
    wait_until(lambda: threading.active_count() == before, "the end of the library's thread")


@pytest.mark.parametrize("host", ["name.invalid", "", "a b", "\x00"])
def test_a_host_that_is_none_is_said_in_words(host: str) -> None:
    with pytest.raises(OutletError, match="no connection to the MQTT broker"):
        Mqtt(Broker(host), DESK).condition(condition())


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(OutletError, match=r"install it with: pip install 'uprightd\[mqtt\]'"):
        Mqtt(Broker("127.0.0.1"), DESK).condition(condition())


def test_closing_what_never_connected_is_harmless() -> None:
    Mqtt(Broker("127.0.0.1"), DESK).close()
    Outlets([Mqtt(Broker("127.0.0.1"), DESK)]).close(0.0, PATIENCE)
