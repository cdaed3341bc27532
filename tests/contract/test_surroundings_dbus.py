"""What a Linux desktop says of itself, asked over real private D-Buses of a service that answers as it is told."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.bus_service import BusService
from tests.fakes.private_bus import DEADLINE, PrivateBus

from uprightd.domain import Instant
from uprightd.surroundings.bus import Bus, Service, session_bus, system_bus
from uprightd.surroundings.choice import probes_for
from uprightd.surroundings.command import Commands
from uprightd.surroundings.desktop import do_not_disturb, kept_awake, lock
from uprightd.surroundings.findings import Findings, Topic
from uprightd.surroundings.probe import AbsentError, UnansweredError
from uprightd.surroundings.watch import Surroundings

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="D-Bus is the Linux desktop's")

NO_BUS = Bus("session bus", None)
NO_TOOLS = Commands({"PATH": ""})
PATIENCE = 10.0
"""Upper bound for what must not hang; generous, the machine may be busy."""

LOGIND = "org.freedesktop.login1"
LOCKED_HINT = "/org/freedesktop/login1/session/auto org.freedesktop.login1.Session.LockedHint"
SAVERS = {
    "org.freedesktop.ScreenSaver": "/org/freedesktop/ScreenSaver org.freedesktop.ScreenSaver.GetActive",
    "org.gnome.ScreenSaver": "/org/gnome/ScreenSaver org.gnome.ScreenSaver.GetActive",
}
NOTIFICATIONS = "org.freedesktop.Notifications"
INHIBITED = "/org/freedesktop/Notifications org.freedesktop.Notifications.Inhibited"
GNOME = "org.gnome.SessionManager"
IS_INHIBITED = "/org/gnome/SessionManager org.gnome.SessionManager.IsInhibited"
GET_INHIBITORS = "/org/gnome/SessionManager org.gnome.SessionManager.GetInhibitors"
KDE = "org.kde.Solid.PowerManagement.PolicyAgent"
LIST_INHIBITIONS = (
    "/org/kde/Solid/PowerManagement/PolicyAgent org.kde.Solid.PowerManagement.PolicyAgent.ListInhibitions"
)


class Machine:
    """A session bus and a system bus, both private, and the services on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.buses: dict[str, PrivateBus] = {}
        self._services: list[BusService] = []
        for name in ("session", "system"):
            (folder / name).mkdir()
            self.buses[name] = PrivateBus(folder / name)

    @property
    def session(self) -> Bus:
        return Bus("session bus", self.buses["session"].address)

    @property
    def system(self) -> Bus:
        return Bus("system bus", self.buses["system"].address)

    def serve(self, bus: str, *names: str) -> BusService:
        service = BusService(self.buses[bus].address, self.folder, *names)
        self._services.append(service)
        return service

    def close(self) -> None:
        for service in self._services:
            service.stop()
        for bus in self.buses.values():
            bus.close()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    try:
        for bus in made.buses.values():
            bus.start()
        yield made
    finally:
        made.close()


# ---- the lock ----------------------------------------------------------------------------------------------


def test_logind_on_the_system_bus_says_whether_the_screen_is_locked(machine: Machine) -> None:
    logind = machine.serve("system", LOGIND)
    logind.answers({LOCKED_HINT: ["b", True]})
    assert lock(machine.system, machine.session) == {Topic.LOCK: "the screen is locked"}
    logind.answers({LOCKED_HINT: ["b", False]})
    assert lock(machine.system, machine.session) == {}


@pytest.mark.parametrize("saver", SAVERS)
def test_either_screen_saver_on_the_session_bus_says_that_it_is_on(machine: Machine, saver: str) -> None:
    service = machine.serve("session", saver)
    service.answers({SAVERS[saver]: ["b", True]})
    assert lock(machine.system, machine.session) == {Topic.LOCK: "the screen saver is on"}
    service.answers({SAVERS[saver]: ["b", False]})
    assert lock(machine.system, machine.session) == {}


def test_a_lock_that_only_one_of_several_knows_of_is_found(machine: Machine) -> None:
    machine.serve("system", LOGIND).answers({LOCKED_HINT: ["b", False]})
    machine.serve("session", "org.gnome.ScreenSaver").answers({SAVERS["org.gnome.ScreenSaver"]: ["b", True]})
    assert lock(machine.system, machine.session) == {Topic.LOCK: "the screen saver is on"}


def test_where_nobody_can_tell_the_lock_everybody_who_was_asked_is_named(machine: Machine) -> None:
    machine.serve("system", LOGIND)  # there, and knows no session of ours
    with pytest.raises(AbsentError) as absent:
        lock(machine.system, machine.session)
    assert str(absent.value) == (
        f"org.freedesktop.login1 does not say: no {LOCKED_HINT}; "
        "nobody is org.freedesktop.ScreenSaver on the session bus; "
        "nobody is org.gnome.ScreenSaver on the session bus"
    )


# ---- do not disturb ----------------------------------------------------------------------------------------


def test_kde_says_that_notifications_are_inhibited(machine: Machine) -> None:
    plasma = machine.serve("session", NOTIFICATIONS)
    plasma.answers({INHIBITED: ["b", True]})
    off = {Topic.DO_NOT_DISTURB: "notifications are off (do not disturb)"}
    assert do_not_disturb(machine.session, NO_TOOLS) == off
    plasma.answers({INHIBITED: ["b", False]})
    assert do_not_disturb(machine.session, NO_TOOLS) == {}


def test_a_notification_server_without_such_a_switch_is_absent_and_not_off(machine: Machine) -> None:
    machine.serve("session", NOTIFICATIONS)
    with pytest.raises(AbsentError, match=r"does not say.*gsettings is not installed"):
        do_not_disturb(machine.session, NO_TOOLS)


# ---- who keeps the screen awake ----------------------------------------------------------------------------


def gnome_inhibitors(*holders: tuple[str, str]) -> dict[str, list[object] | str]:
    paths = [f"/org/gnome/SessionManager/Inhibitor{number}" for number in range(len(holders))]
    told: dict[str, list[object] | str] = {
        IS_INHIBITED: ["b", bool(holders)],
        GET_INHIBITORS: ["ao", paths],
    }
    for path, (program, reason) in zip(paths, holders, strict=True):
        told[f"{path} org.gnome.SessionManager.Inhibitor.GetAppId"] = ["s", program]
        told[f"{path} org.gnome.SessionManager.Inhibitor.GetReason"] = ["s", reason]
    return told


def test_gnome_names_the_call_and_the_presentation_and_a_film_is_neither(machine: Machine) -> None:
    gnome = machine.serve("session", GNOME)
    gnome.answers(gnome_inhibitors(("totem", "Playing a film")))
    assert kept_awake(machine.session) == {}
    gnome.answers(
        gnome_inhibitors(
            ("totem", "Playing a film"),
            ("google-chrome", "WebRTC has active PeerConnections"),
            ("org.gnome.Evince", "Running in presentation mode"),
        )
    )
    assert kept_awake(machine.session) == {
        Topic.CALL: "a call is on in google-chrome",
        Topic.PRESENTATION: "org.gnome.Evince shows a presentation",
    }
    gnome.answers(gnome_inhibitors())
    assert kept_awake(machine.session) == {}


def test_an_inhibitor_that_ends_while_gnome_is_asked_hides_no_other(machine: Machine) -> None:
    gnome = machine.serve("session", GNOME)
    table = gnome_inhibitors(("gone", "gone"), ("chromium", "WebRTC has active PeerConnections"))
    table.pop("/org/gnome/SessionManager/Inhibitor0 org.gnome.SessionManager.Inhibitor.GetReason")
    gnome.answers(table)
    assert kept_awake(machine.session) == {Topic.CALL: "a call is on in chromium"}


def test_kde_names_the_presentation_among_its_inhibitions(machine: Machine) -> None:
    kde = machine.serve("session", KDE)
    kde.answers(
        {LIST_INHIBITIONS: ["a(ss)", [["mpv", "Playing video"], ["Okular", "Giving a presentation"]]]}
    )
    assert kept_awake(machine.session) == {Topic.PRESENTATION: "Okular shows a presentation"}
    kde.answers({LIST_INHIBITIONS: ["a(ss)", []]})
    assert kept_awake(machine.session) == {}


# ---- buses and services that are not there, hang, or come back ---------------------------------------------

SCREEN_SAVER = Service("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver")
ACTIVE = SAVERS["org.gnome.ScreenSaver"]


def test_a_question_starts_no_service_that_is_not_running(tmp_path: Path) -> None:
    started = tmp_path / "started"
    services = tmp_path / "services"
    services.mkdir()
    (services / "saver.service").write_text(
        f"[D-BUS Service]\nName=org.gnome.ScreenSaver\nExec={shutil.which('sh')} -c 'touch {started}; exit 1'\n"
    )
    private = PrivateBus(tmp_path)
    config = tmp_path / "bus.conf"
    config.write_text(config.read_text().replace("<policy", f"<servicedir>{services}</servicedir><policy"))
    private.start()
    try:
        with pytest.raises(AbsentError, match="nobody is"):
            Bus("session bus", private.address).call(SCREEN_SAVER, "GetActive")
        assert not started.exists()
        asyncio.run(call_plainly(private.address))
        assert started.exists(), "the bus would not have started it anyway"
    finally:
        private.close()


async def call_plainly(address: str) -> None:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

    bus = await MessageBus(bus_address=address).connect()
    message = Message(destination=SCREEN_SAVER.name, path=SCREEN_SAVER.path, member="GetActive")
    await bus.call(message)
    bus.disconnect()
    await bus.wait_for_disconnect()


def short(bus: Bus) -> Bus:
    return replace(bus, timeout=0.5)


def test_a_service_that_hangs_costs_its_time_out_and_says_so(machine: Machine) -> None:
    machine.serve("session", "org.gnome.ScreenSaver").answers({ACTIVE: "hang"})
    began = time.monotonic()
    with pytest.raises(UnansweredError, match=r"org\.gnome\.ScreenSaver on the session bus did not answer"):
        short(machine.session).call(SCREEN_SAVER, "GetActive")
    assert time.monotonic() - began < PATIENCE


def test_a_frozen_bus_costs_its_time_out_and_answers_when_it_thaws(machine: Machine) -> None:
    machine.serve("session", "org.gnome.ScreenSaver").answers({ACTIVE: ["b", True]})
    machine.buses["session"].freeze()
    with pytest.raises(UnansweredError, match="did not answer within"):
        short(machine.session).call(SCREEN_SAVER, "GetActive")
    machine.buses["session"].thaw()
    assert machine.session.call(SCREEN_SAVER, "GetActive") is True


def test_a_lost_bus_is_absent_and_a_new_one_at_its_address_is_asked(machine: Machine) -> None:
    machine.serve("session", "org.gnome.ScreenSaver").answers({ACTIVE: ["b", True]})
    assert machine.session.call(SCREEN_SAVER, "GetActive") is True
    machine.buses["session"].lose()
    with pytest.raises(AbsentError, match="there is no D-Bus session bus: No such file"):
        machine.session.call(SCREEN_SAVER, "GetActive")
    machine.buses["session"].start()
    machine.serve("session", "org.gnome.ScreenSaver").answers({ACTIVE: ["b", False]})
    assert machine.session.call(SCREEN_SAVER, "GetActive") is False


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "there is no D-Bus session bus"),
        ("unix:path=/nonexistent/bus", "there is no D-Bus session bus: No such file or directory"),
        ("nonsense", "there is no D-Bus session bus: "),
        ("autolaunch:", "there is no D-Bus session bus: "),
    ],
)
def test_without_a_bus_the_reason_is_told(address: str | None, reason: str) -> None:
    with pytest.raises(AbsentError) as absent:
        Bus("session bus", address).call(SCREEN_SAVER, "GetActive")
    assert str(absent.value).startswith(reason)


def test_failures_leak_nothing_and_log_nothing(machine: Machine) -> None:
    machine.serve("session", "org.gnome.ScreenSaver").answers({ACTIVE: "hang"})
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    ask_for_nothing(machine)
    gc.collect()
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    try:
        for _ in range(10):
            ask_for_nothing(machine)
        machine.buses["session"].freeze()
        ask_for_nothing(machine)
        machine.buses["session"].thaw()
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == files
        assert threading.active_count() == threads
    finally:
        logging.getLogger().removeHandler(handler)
    assert logged.getvalue() == ""


def ask_for_nothing(machine: Machine) -> None:
    bus = replace(machine.session, timeout=0.05)
    with pytest.raises(UnansweredError):
        bus.call(SCREEN_SAVER, "GetActive")
    with pytest.raises((AbsentError, UnansweredError)):
        bus.call(Service("org.nobody.Here", "/"), "GetActive")


def test_a_bus_lost_while_it_is_asked_is_absent_and_logs_nothing(machine: Machine) -> None:
    machine.serve("session", "org.gnome.ScreenSaver").answers({ACTIVE: "hang"})
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    losing = threading.Timer(0.2, machine.buses["session"].lose)
    losing.start()
    try:
        with pytest.raises(AbsentError, match="there is no D-Bus session bus"):
            replace(machine.session, timeout=PATIENCE).call(SCREEN_SAVER, "GetActive")
    finally:
        losing.join()
        logging.getLogger().removeHandler(handler)
    assert logged.getvalue() == ""


# ---- which buses ---------------------------------------------------------------------------------------------


def test_the_session_bus_is_the_environment_s_else_the_user_s_own_else_none(machine: Machine) -> None:
    folder = machine.folder / "session"  # its socket is called "bus", as in a user's runtime folder
    assert session_bus(
        {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/a", "XDG_RUNTIME_DIR": str(folder)}
    ).address == ("unix:path=/a")
    assert session_bus({"XDG_RUNTIME_DIR": str(folder)}).address == f"unix:path={folder}/bus"
    assert session_bus({"XDG_RUNTIME_DIR": str(machine.folder)}).address is None
    assert session_bus({}).address is None
    assert system_bus({}).address == "unix:path=/var/run/dbus/system_bus_socket"
    assert system_bus({"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/b"}).address == "unix:path=/b"


# ---- all of it together -------------------------------------------------------------------------------------


class SteppedClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.mono = 0.0

    def now(self) -> Instant:
        return Instant(1e9 + self.mono, self.mono)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        return wake.wait(0)


def watched(
    surroundings: Surroundings, clock: SteppedClock, until: float, field: Callable[[Findings], object]
) -> list[object]:
    """Given a moment, poll every 3 s up to it and return what the field was at each poll."""
    seen = []
    while clock.mono < until:
        seen.append(field(surroundings.poll()))
        clock.mono += 3.0
    return seen


def test_a_locked_screen_is_found_by_the_linux_probes_after_it_held(machine: Machine) -> None:
    logind = machine.serve("system", LOGIND)
    logind.answers({LOCKED_HINT: ["b", True]})
    environ = {
        "PATH": "",
        "DBUS_SESSION_BUS_ADDRESS": machine.buses["session"].address,
        "DBUS_SYSTEM_BUS_ADDRESS": machine.buses["system"].address,
    }
    clock = SteppedClock()
    surroundings = Surroundings(probes_for("linux", environ), clock)
    locked = "the screen is locked"
    assert watched(surroundings, clock, 9.0, lambda found: found.lock) == [None, None, locked]
    logind.answers({LOCKED_HINT: ["b", False]})
    assert watched(surroundings, clock, 24.0, lambda found: found.lock) == [locked] * 4 + [None]
    assert surroundings.faults() == []
    absent = surroundings.absent()
    assert "lock" not in absent
    assert absent["full screen"] == "there is no X display"
    assert absent["shared screen"] == "pw-dump is not installed"
    assert "org.gnome.SessionManager" in absent["kept awake"]
    assert "org.kde.Solid.PowerManagement" in absent["kept awake"]


def test_a_hanging_service_is_told_once_and_the_other_probes_still_speak(machine: Machine) -> None:
    machine.serve("session", GNOME).answers({IS_INHIBITED: "hang"})
    machine.serve("session", NOTIFICATIONS).answers({INHIBITED: ["b", True]})
    environ = {
        "PATH": "",
        "DBUS_SESSION_BUS_ADDRESS": machine.buses["session"].address,
        "DBUS_SYSTEM_BUS_ADDRESS": machine.buses["system"].address,
    }
    clock = SteppedClock()
    surroundings = Surroundings(probes_for("linux", environ), clock)
    began = time.monotonic()
    seen = watched(surroundings, clock, 9.0, lambda found: found.do_not_disturb)
    assert seen[-1] == "notifications are off (do not disturb)"
    assert surroundings.faults() == [
        "kept awake: org.gnome.SessionManager on the session bus did not answer within 1.5 s"
    ]
    assert surroundings.faults() == []
    assert time.monotonic() - began < DEADLINE
