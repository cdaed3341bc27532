"""The Linux probes on made-up /proc trees, on stand-in tools and on what real ones print."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from uprightd.surroundings.cameras import held_camera
from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.fullscreen import full_screen
from uprightd.surroundings.microphone import microphone
from uprightd.surroundings.pipewire import pipewire_video, streams
from uprightd.surroundings.power import battery
from uprightd.surroundings.probe import AbsentError, UnansweredError
from uprightd.surroundings.processes import PROC, descends, owner_name

OWN = 4000
"""Our own process in the made-up trees."""


class Tree:
    """A made-up /proc, /dev and /proc/asound."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.devices, self.asound = folder / "proc", folder / "dev", folder / "proc" / "asound"
        for made in (self.proc, self.devices):
            made.mkdir()
        (self.proc / "cpuinfo").write_text("no process\n")
        self.process(1, "systemd", parent=0)
        self.process(OWN, "uprightd")

    def process(self, pid: int, name: str, *files: str, parent: int = 1, of: int = 0) -> None:
        """Add a process, or a thread of the process `of`, with its open files."""
        home = self.proc / str(pid)
        (home / "fd").mkdir(parents=True)
        status = {
            "Name": name,
            "Umask": "0022",
            "Tgid": of or pid,
            "Pid": pid,
            "PPid": parent,
            "Uid": "1000\t1000",
        }
        (home / "status").write_text("".join(f"{key}:\t{value}\n" for key, value in status.items()))
        for number, file in enumerate(("/dev/null", *files)):
            (home / "fd" / str(number)).symlink_to(file)

    def camera(self, *nodes: str) -> None:
        for node in nodes:
            (self.devices / node).touch()

    def capture(self, text: str, place: str = "card0/pcm0c/sub0") -> None:
        """Say what the state of a sound card's capture stream is."""
        folder = self.asound / place
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "status").write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


# ---- the camera ----------------------------------------------------------------------------------------------


def camera_of(tree: Tree) -> dict[Topic, str]:
    return dict(held_camera(OWN, tree.proc, tree.devices))


def test_a_camera_that_another_program_has_open_is_in_use_by_it(tree: Tree) -> None:
    tree.camera("video0", "video1")
    tree.process(50, "bash", "/dev/pts/0", "/dev/video", "/srv/dev/video0", "/dev/video0.txt")
    assert camera_of(tree) == {}
    tree.process(51, "zoom", "/home/user/video0", "/dev/video0")
    assert camera_of(tree) == {Topic.CALL: "the camera is in use by zoom"}


def test_our_own_camera_process_and_all_under_it_are_not_others(tree: Tree) -> None:
    tree.camera("video0")
    tree.process(OWN + 1, "uprightd-camera", "/dev/video0", parent=OWN)
    tree.process(OWN + 2, "grandchild", "/dev/video0", parent=OWN + 1)
    assert camera_of(tree) == {}
    tree.process(OWN + 3, "sibling", "/dev/video0", parent=1)
    assert camera_of(tree) == {Topic.CALL: "the camera is in use by sibling"}


def test_a_media_server_that_keeps_the_camera_open_is_nobody_s_call(tree: Tree) -> None:
    tree.camera("video0")
    tree.process(60, "wireplumber", "/dev/video0")
    tree.process(61, "pipewire", "/dev/video0")
    assert camera_of(tree) == {}


def test_a_camera_pulled_out_while_in_use_counts_while_another_is_there(tree: Tree) -> None:
    tree.camera("video2")
    tree.process(70, "cheese", "/dev/video0 (deleted)")
    assert camera_of(tree) == {Topic.CALL: "the camera is in use by cheese"}


def test_without_a_camera_the_probe_is_absent_and_looks_at_no_process(tree: Tree) -> None:
    tree.process(51, "zoom", "/dev/video0")
    (tree.devices / "vga_arbiter").touch()
    with pytest.raises(AbsentError, match="no camera is plugged in"):
        camera_of(tree)


def test_processes_one_may_not_look_at_or_that_end_are_passed_over(tree: Tree) -> None:
    tree.camera("video0")
    (tree.proc / "80").mkdir()  # its files are gone, or another user's
    (tree.proc / "81").symlink_to("/nonexistent")
    assert camera_of(tree) == {}


@pytest.mark.skipif(not PROC.is_dir(), reason="only Linux has a /proc")
def test_who_descends_from_whom_is_right_for_real_processes() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert descends(PROC, child.pid, os.getpid())
        assert descends(PROC, child.pid, child.pid)
        assert not descends(PROC, os.getpid(), child.pid)
        assert not descends(PROC, 1, os.getpid())
        assert not descends(PROC, 2**22 + 1, os.getpid())
        assert owner_name(PROC, child.pid) == psutil.Process(child.pid).name()
    finally:
        child.communicate(b"\n")


# ---- the microphone: ALSA ------------------------------------------------------------------------------------

RUNNING = """\
state: RUNNING
owner_pid   : {owner}
trigger_time: 8125.374619362
tstamp      : 8190.139502771
delay       : 96
avail       : 96
avail_max   : 576
-----
hw_ptr      : 3108864
appl_ptr    : 3108768
"""

NO_PACTL = Commands({"PATH": ""})


def alsa(tree: Tree) -> dict[Topic, str]:
    return dict(microphone(NO_PACTL, {}, tree.asound, tree.proc))


def test_alsa_names_the_program_of_the_thread_that_records(tree: Tree) -> None:
    tree.process(900, "arecord")
    tree.process(901, "worker-thread", of=900)
    tree.capture("closed\n", "card0/pcm0c/sub0")
    tree.capture("closed\n", "card0/pcm0p/sub0")
    assert alsa(tree) == {}
    tree.capture(RUNNING.format(owner=901), "card1/pcm2c/sub0")
    assert alsa(tree) == {Topic.CALL: "the microphone is in use by arecord"}


@pytest.mark.parametrize("state", ["PREPARED", "XRUN", "SETUP", "SUSPENDED"])
def test_a_microphone_that_is_open_and_does_not_run_is_not_in_use(tree: Tree, state: str) -> None:
    tree.process(900, "arecord")
    tree.capture(RUNNING.format(owner=900).replace("RUNNING", state))
    assert alsa(tree) == {}


def test_a_card_that_plays_is_no_microphone(tree: Tree) -> None:
    tree.process(900, "aplay")
    tree.capture(RUNNING.format(owner=900), "card0/pcm0p/sub0")
    assert alsa(tree) == {}


def test_a_recording_sound_server_that_cannot_be_asked_records_for_somebody(tree: Tree) -> None:
    tree.process(900, "pipewire")
    tree.process(901, "data-loop.0", of=900)
    tree.capture(RUNNING.format(owner=901))
    assert alsa(tree) == {Topic.CALL: "the microphone is in use by another program"}


@pytest.mark.parametrize("owner", ["123456", "", "nobody"])
def test_an_owner_that_is_gone_or_unreadable_is_another_program(tree: Tree, owner: str) -> None:
    tree.capture(RUNNING.format(owner=owner))
    assert alsa(tree) == {Topic.CALL: "the microphone is in use by another program"}


def test_without_a_sound_server_and_without_alsa_the_probe_is_absent(tree: Tree) -> None:
    with pytest.raises(
        AbsentError, match=r"^there is no PulseAudio or PipeWire server; there is no .*asound$"
    ):
        alsa(tree)


# ---- the microphone: PulseAudio and PipeWire -------------------------------------------------------------------

# Printed by pactl 16.1 of a real PulseAudio with a null source, a null sink and two times parec, shortened.
SOURCES = (
    '[{"index":0,"state":"RUNNING","name":"mic","description":"Null Input","driver":"module-null-source.c",'
    '"monitor_source":"","properties":{"device.description":"Null Input","device.class":"abstract"},"ports":[]},'
    '{"index":1,"state":"RUNNING","name":"speakers.monitor","description":"Monitor of Null Output",'
    '"driver":"module-null-sink.c","monitor_source":"speakers","properties":{"device.class":"monitor"},"ports":[]}]'
)
OUTPUT: dict[str, Any] = json.loads(
    '{"index":0,"driver":"protocol-native.c","owner_module":"0","client":"2","source":0,'
    '"sample_specification":"s16le 2ch 44100Hz","corked":false,"mute":false,"balance":0.00,'
    '"buffer_latency_usec":371156.00,"source_latency_usec":1975929.00,"resample_method":"",'
    '"properties":{"application.name":"parec","media.name":"parec","application.process.id":"8168",'
    '"application.process.binary":"pacat","application.language":"C.UTF-8"}}'
)
LOOPBACK: dict[str, Any] = json.loads(
    '{"index":0,"driver":"module-loopback.c","owner_module":"3","client":null,"source":0,"corked":false,'
    '"resample_method":"","properties":{"media.role":"abstract","media.name":"Loopback to Null Output"}}'
)


class Pulse:
    """A stand-in pactl that prints what it is told, and the socket of a sound server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "pulse").mkdir()
        self._socket = socket.socket(socket.AF_UNIX)
        with contextlib.chdir(folder / "pulse"):  # a full path may be too long for a socket
            self._socket.bind("native")
        program = folder / "pactl"
        program.write_text(
            f'#!/bin/sh\necho "$PULSE_SERVER $@" >>{folder}/asked\nfor last; do :; done; cat {folder}/$last\n'
        )
        program.chmod(0o755)
        self.environ = {"PATH": f"{folder}:/usr/bin:/bin", "XDG_RUNTIME_DIR": str(folder)}
        self.say(SOURCES, "sources")

    def say(self, printed: object, what: str = "source-outputs") -> None:
        (self._folder / what).write_text(printed if isinstance(printed, str) else json.dumps(printed))

    @property
    def asked(self) -> list[str]:
        return (self._folder / "asked").read_text().splitlines()

    def microphone(self, tree: Tree) -> dict[Topic, str]:
        return dict(microphone(Commands(self.environ), self.environ, tree.asound, tree.proc))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    (tmp_path / "pulse-tools").mkdir()
    made = Pulse(tmp_path / "pulse-tools")
    yield made
    made.close()


def test_a_program_that_records_the_microphone_is_named(pulse: Pulse, tree: Tree) -> None:
    pulse.say([])
    assert pulse.microphone(tree) == {}
    pulse.say([OUTPUT])
    assert pulse.microphone(tree) == {Topic.CALL: "the microphone is in use by pacat"}
    assert pulse.asked[-1] == f"unix:{pulse.environ['XDG_RUNTIME_DIR']}/pulse/native -f json list sources"


@pytest.mark.parametrize(
    ("change", "properties"),
    [
        ({"corked": True}, {}),
        ({"source": 1}, {}),
        ({"source": 4294967295}, {}),
        ({"resample_method": "peaks"}, {}),
        ({"resample_method": "PipeWire"}, {"stream.monitor": "true"}),
        ({"client": "n/a"}, {}),
        (LOOPBACK, {}),
        ({}, {"application.process.binary": "easyeffects"}),
    ],
    ids=[
        "paused",
        "records what is played",
        "not connected",
        "level meter",
        "PipeWire's level meter",
        "the server's own",
        "module-loopback",
        "passes it on",
    ],
)
def test_what_listens_to_nobody_is_not_counted(
    pulse: Pulse, tree: Tree, change: dict[str, Any], properties: dict[str, str]
) -> None:
    pulse.say([{**OUTPUT, **change, "properties": {**OUTPUT["properties"], **properties}}])
    assert pulse.microphone(tree) == {}
    pulse.say([{**OUTPUT, **change, "properties": {**OUTPUT["properties"], **properties}}, OUTPUT])
    assert pulse.microphone(tree) == {Topic.CALL: "the microphone is in use by pacat"}


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"application.name": "WEBRTC VoiceEngine", "application.process.binary": "Discord"}, "Discord"),
        ({"application.name": "pw-record"}, "pw-record"),
        ({}, "another program"),
        (None, "another program"),
    ],
)
def test_a_program_is_named_by_its_binary_else_by_what_it_calls_itself(
    pulse: Pulse, tree: Tree, properties: dict[str, str] | None, name: str
) -> None:
    pulse.say([{**OUTPUT, "properties": properties}])
    assert pulse.microphone(tree) == {Topic.CALL: f"the microphone is in use by {name}"}


def test_a_sound_server_that_was_asked_is_not_counted_itself_but_a_program_beside_it_is(
    pulse: Pulse, tree: Tree
) -> None:
    pulse.say([])
    tree.process(900, "pulseaudio")
    tree.process(901, "alsa-source-ALC", of=900)
    tree.capture(RUNNING.format(owner=901))
    assert pulse.microphone(tree) == {}
    tree.process(950, "arecord")
    tree.capture(RUNNING.format(owner=950), "card1/pcm0c/sub0")
    assert pulse.microphone(tree) == {Topic.CALL: "the microphone is in use by arecord"}


def test_pactl_is_never_run_where_no_server_listens_for_it_would_start_one(tree: Tree, pulse: Pulse) -> None:
    pulse.say([OUTPUT])
    tree.asound.mkdir()
    environ = {**pulse.environ, "XDG_RUNTIME_DIR": str(tree.proc)}
    assert microphone(Commands(environ), environ, tree.asound, tree.proc) == {}
    with pytest.raises(FileNotFoundError):
        _ = pulse.asked


def test_a_server_named_in_the_environment_is_the_one_asked(tree: Tree, pulse: Pulse) -> None:
    pulse.say([])
    environ = {**pulse.environ, "PULSE_SERVER": "tcp:elsewhere", "XDG_RUNTIME_DIR": "/nonexistent"}
    microphone(Commands(environ), environ, tree.asound, tree.proc)
    assert pulse.asked == ["tcp:elsewhere -f json list source-outputs"]


@pytest.mark.parametrize("printed", ["", "null", "{}", "[1]", "Source Output #0", '[{"balance": 0,50}]'])
def test_an_answer_of_pactl_that_makes_no_sense_is_a_fault(pulse: Pulse, tree: Tree, printed: str) -> None:
    pulse.say(printed)
    with pytest.raises(UnansweredError, match="pactl's answer is no list of JSON objects"):
        pulse.microphone(tree)


# ---- PipeWire's video ------------------------------------------------------------------------------------------

# The form of pw-dump 0.3.65, taken from a real graph; the names and classes as mutter, KWin and wlroots' portal
# give them in their sources.
SCREEN_OF_GNOME = {
    "media.class": "Stream/Output/Video",
    "media.name": "meta-screen-cast-src",
    "node.name": "gnome-shell",
}
SCREEN_OF_KDE = {
    "media.class": "Stream/Output/Video",
    "media.name": "kwin-screencast-DP-1",
    "node.name": "kwin_wayland",
}
SCREEN_OF_WLROOTS = {"media.class": "Video/Source", "node.name": "xdpw-stream-a1b2c3"}
CAMERA = {"media.class": "Video/Source", "device.api": "v4l2", "node.name": "v4l2_input.pci-0000_00_14.0-usb"}
SPEAKERS = {"media.class": "Audio/Sink", "node.name": "speakers"}


def graph(producer: dict[str, Any], program: str, state: str = "active") -> str:
    """Given a producer's properties and a reading program, return the dump of a graph with a link between them."""
    reader = {"media.class": "Stream/Input/Video", "node.name": "webrtc-consume-stream", "client.id": 40}
    client = {"application.process.binary": program, "application.name": "Chromium input"}
    return json.dumps(
        [
            {"id": 0, "type": "PipeWire:Interface:Core", "info": {"name": "pipewire-0", "props": {}}},
            {"id": 31, "type": "PipeWire:Interface:Node", "info": {"state": "running", "props": producer}},
            {"id": 33, "type": "PipeWire:Interface:Node", "info": {"state": "running", "props": reader}},
            {"id": 40, "type": "PipeWire:Interface:Client", "info": {"props": client}},
            {
                "id": 35,
                "type": "PipeWire:Interface:Link",
                "info": {
                    "output-node-id": 31,
                    "output-port-id": 32,
                    "input-node-id": 33,
                    "input-port-id": 34,
                    "state": state,
                    "error": None,
                    "props": {"link.output.node": 31, "link.input.node": 33},
                },
            },
            {"id": 90, "type": "PipeWire:Interface:Metadata", "metadata": []},
            {"id": 91, "type": "PipeWire:Interface:Node", "info": None},
        ]
    )


@pytest.mark.parametrize("screen", [SCREEN_OF_GNOME, SCREEN_OF_KDE, SCREEN_OF_WLROOTS])
def test_a_screen_that_flows_to_a_program_is_shared_with_it(screen: dict[str, Any]) -> None:
    assert streams(graph(screen, "zoom")) == {Topic.SHARING: "the screen is shared with zoom"}


def test_a_camera_that_flows_to_a_program_is_a_call_and_no_sharing() -> None:
    assert streams(graph(CAMERA, "firefox")) == {Topic.CALL: "the camera is in use by firefox"}


@pytest.mark.parametrize(
    "dump",
    [
        "[]",
        graph(SCREEN_OF_GNOME, "zoom", "paused"),
        graph(SCREEN_OF_GNOME, "zoom", "error"),
        graph(SCREEN_OF_KDE, "plasmashell"),
        graph(SPEAKERS, "spotify"),
    ],
    ids=["empty", "paused", "error", "the task bar's preview", "sound"],
)
def test_what_shows_the_screen_to_nobody_is_no_sharing(dump: str) -> None:
    assert streams(dump) == {}


@pytest.mark.parametrize("dump", ["", "null", "{}", "can't connect"])
def test_an_answer_of_pw_dump_that_makes_no_sense_is_a_fault(dump: str) -> None:
    with pytest.raises(UnansweredError, match="pw-dump's answer"):
        streams(dump)


def test_pw_dump_itself_is_asked_and_a_machine_without_pipewire_is_absent(tmp_path: Path) -> None:
    commands = Commands({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    program = tmp_path / "pw-dump"
    program.write_text('#!/bin/sh\necho "can\'t connect: Host is down" >&2; exit 255\n')  # as 0.3.65 does
    program.chmod(0o755)
    with pytest.raises(AbsentError, match=r"^pw-dump: can't connect: Host is down$"):
        pipewire_video(commands)
    (tmp_path / "graph").write_text(graph(SCREEN_OF_GNOME, "obs"))
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/graph\n")
    assert pipewire_video(commands) == {Topic.SHARING: "the screen is shared with obs"}


# ---- full screen: what a real X server's windows say is in the contract tests --------------------------------------


def test_without_a_display_there_are_no_windows_to_ask_of() -> None:
    for environ in ({}, {"DISPLAY": ""}):
        with pytest.raises(AbsentError, match="there is no X display"):
            full_screen(NO_PACTL, environ)


# ---- the battery --------------------------------------------------------------------------------------------------


def power_supply(folder: Path, status: str, online: int, charge: int = 18) -> Path:
    """Given a folder, make a laptop's /sys/class/power_supply of it."""
    files = {
        "BAT0/status": status,
        "BAT0/capacity": charge,
        "BAT0/energy_now": charge * 1000,
        "BAT0/energy_full": 100_000,
        "BAT0/power_now": 9000,
        "BAT0/type": "Battery",
        "AC0/online": online,
        "AC0/type": "Mains",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{content}\n")
    return folder


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a made-up /sys is read on Linux")
@pytest.mark.parametrize(
    ("status", "online", "found"),
    [
        ("Discharging", 0, {Topic.BATTERY: "on battery, 18 %"}),
        ("Charging", 1, {}),
        ("Full", 1, {}),
        ("Not charging", 1, {}),
    ],
)
def test_a_laptop_is_on_battery_while_it_is_not_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str, online: int, found: dict[Topic, str]
) -> None:
    monkeypatch.setattr(psutil._pslinux, "POWER_SUPPLY_PATH", str(power_supply(tmp_path, status, online)))
    assert battery() == found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a made-up /sys is read on Linux")
def test_a_machine_without_a_battery_is_no_laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil._pslinux, "POWER_SUPPLY_PATH", str(tmp_path))
    with pytest.raises(AbsentError, match="there is no battery"):
        battery()
    monkeypatch.delattr(psutil, "sensors_battery")
    with pytest.raises(AbsentError, match="there is no battery"):
        battery()
