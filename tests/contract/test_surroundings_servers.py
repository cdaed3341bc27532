"""The probes against what people really run: dunst, GNOME's settings, an X server, PulseAudio. All in private.

Not here, and not run anywhere by us: KDE's and GNOME's own desktops, logind, PipeWire with a portal, a real camera.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.private_bus import DEADLINE, PrivateBus, wait_until
from tests.fakes.x_desktop import XDesktop

from uprightd.surroundings.bus import Bus
from uprightd.surroundings.command import Commands
from uprightd.surroundings.desktop import do_not_disturb
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.fullscreen import full_screen
from uprightd.surroundings.microphone import microphone
from uprightd.surroundings.probe import AbsentError

pytestmark = pytest.mark.real_server

OFF = {Topic.DO_NOT_DISTURB: "notifications are off (do not disturb)"}
NO_BUS = Bus("session bus", None)
NO_TOOLS = Commands({"PATH": ""})

PACKAGES = {
    "dbus-daemon": "dbus",
    "dunst": "dunst",
    "dunstctl": "dunst",
    "dbus-send": "dbus-bin",
    "Xvfb": "xvfb",
    "xprop": "x11-utils",
    "gsettings": "libglib2.0-bin",
    "pulseaudio": "pulseaudio",
    "pactl": "pulseaudio-utils",
    "parec": "pulseaudio-utils",
}
"""Programs these tests need and the Debian packages that have them."""


def require(*programs: str) -> None:
    """Skip where a program is missing, but fail in CI: there the proof must not vanish silently."""
    if sys.platform == "darwin":
        pytest.skip("the Linux desktop's")
    missing = sorted({PACKAGES[program] for program in programs if shutil.which(program) is None})
    if missing:
        stop(f"nothing real to test against: apt-get install {' '.join(missing)}")


def stop(message: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    """A virtual screen; the environment of programs on it."""
    require("Xvfb", "xprop")
    read, write = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as answer:
            yield {**os.environ, "DISPLAY": f":{answer.readline().strip()}"}
    finally:
        process.kill()
        process.wait(DEADLINE)


# ---- do not disturb --------------------------------------------------------------------------------------------


def test_dunst_paused_by_its_own_tool_is_do_not_disturb_and_resumed_it_is_not(
    screen: dict[str, str], tmp_path: Path
) -> None:
    require("dbus-daemon", "dunst", "dunstctl", "dbus-send")
    private = PrivateBus(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(private.close)
        private.start()
        environ = {**screen, "DBUS_SESSION_BUS_ADDRESS": private.address}
        (tmp_path / "dunstrc").write_text("[global]\nfollow = none\n")
        log = stack.enter_context((tmp_path / "dunst.log").open("wb"))
        dunst = subprocess.Popen(["dunst", "-conf", str(tmp_path / "dunstrc")], env=environ, stderr=log)
        stack.callback(dunst.wait, DEADLINE)
        stack.callback(dunst.kill)

        def ctl(*arguments: str) -> str:
            asked = subprocess.run(["dunstctl", *arguments], env=environ, capture_output=True, text=True)
            return asked.stdout.strip()

        wait_until(lambda: ctl("is-paused") == "false", "dunst on the bus", dunst)
        session = Bus("session bus", private.address)
        assert do_not_disturb(session, NO_TOOLS) == {}
        ctl("set-paused", "true")
        wait_until(lambda: ctl("is-paused") == "true", "dunst to pause", dunst)
        assert do_not_disturb(session, NO_TOOLS) == OFF
        ctl("set-paused", "false")
        wait_until(lambda: ctl("is-paused") == "false", "dunst to resume", dunst)
        assert do_not_disturb(session, NO_TOOLS) == {}


def test_gnome_s_switch_in_its_real_settings_is_do_not_disturb(tmp_path: Path) -> None:
    require("gsettings")
    environ = {**os.environ, "GSETTINGS_BACKEND": "keyfile", "XDG_CONFIG_HOME": str(tmp_path)}
    schema = ["gsettings", "list-keys", "org.gnome.desktop.notifications"]
    if subprocess.run(schema, env=environ, capture_output=True).returncode != 0:
        stop("nothing real to test against: apt-get install gsettings-desktop-schemas")
    commands = Commands(environ)
    assert do_not_disturb(NO_BUS, commands) == {}
    for banners, found in (("false", OFF), ("true", {})):
        switch = ["gsettings", "set", "org.gnome.desktop.notifications", "show-banners", banners]
        subprocess.run(switch, env=environ, check=True)
        assert do_not_disturb(NO_BUS, commands) == found


def test_gnome_s_settings_without_the_switch_are_absent(tmp_path: Path) -> None:
    require("gsettings")
    environ = {"PATH": os.environ["PATH"], "XDG_DATA_DIRS": str(tmp_path), "GSETTINGS_BACKEND": "memory"}
    with pytest.raises(AbsentError, match=r"there is no D-Bus session bus; gsettings: No "):
        do_not_disturb(NO_BUS, Commands(environ))


# ---- the full-screen window --------------------------------------------------------------------------------------


def test_a_full_screen_window_in_front_is_a_presentation(screen: dict[str, str]) -> None:
    commands = Commands(screen)
    shown = {Topic.PRESENTATION: "a full-screen window is shown"}
    assert full_screen(commands, screen) == {}
    with contextlib.closing(XDesktop(screen["DISPLAY"])) as desktop:
        desktop.show()
        assert full_screen(commands, screen) == {}
        desktop.show("ABOVE", "FULLSCREEN", "FOCUSED")
        assert full_screen(commands, screen) == shown
        desktop.show("MAXIMIZED_VERT", "MAXIMIZED_HORZ")
        assert full_screen(commands, screen) == {}
        desktop.show("FULLSCREEN", active=False)
        assert full_screen(commands, screen) == {}
        desktop.show("FULLSCREEN")
        assert full_screen(commands, screen) == shown
    # Nobody has yet said that another window is the active one.
    wait_until(lambda: full_screen(commands, screen) == {}, "the window to be gone")


def test_a_display_that_does_not_answer_is_absent(screen: dict[str, str]) -> None:
    environ = {**screen, "DISPLAY": ":987654"}
    with pytest.raises(AbsentError, match=r"^xprop: .*unable to open display"):
        full_screen(Commands(environ), environ)


# ---- the microphone ------------------------------------------------------------------------------------------------


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A PulseAudio of its own with a microphone and speakers that lead nowhere; the environment of its clients."""
    require("pulseaudio", "pactl", "parec")
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime)}
    for inherited in ("PULSE_SERVER", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        environ.pop(inherited, None)
    modules = (
        "module-native-protocol-unix",
        "module-null-source source_name=mic",
        "module-null-sink sink_name=speakers",
    )
    command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
    with (tmp_path / "pulseaudio.log").open("wb") as log:
        server = subprocess.Popen([*command, *(f"--load={it}" for it in modules)], env=environ, stderr=log)
    try:
        ask = ["pactl", "list", "short", "sinks"]
        wait_until(
            lambda: b"speakers" in subprocess.run(ask, env=environ, capture_output=True).stdout,
            "PulseAudio",
            server,
        )
        yield environ
    finally:
        server.kill()
        server.wait(DEADLINE)


@contextlib.contextmanager
def recording(environ: dict[str, str], device: str) -> Iterator[None]:
    """Record from a device of the sound server meanwhile."""
    command = ["parec", f"--device={device}"]
    recorder = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    count = ["pactl", "list", "short", "source-outputs"]
    try:
        wait_until(
            lambda: bool(subprocess.run(count, env=environ, capture_output=True).stdout),
            "the recording",
            recorder,
        )
        yield
    finally:
        recorder.kill()
        recorder.wait(DEADLINE)


def test_who_records_the_microphone_is_told_by_a_real_pulseaudio(
    sound: dict[str, str], tmp_path: Path
) -> None:
    def look() -> dict[Topic, str]:
        return dict(microphone(Commands(sound), sound, tmp_path / "no asound", tmp_path / "no proc"))

    assert look() == {}
    with recording(sound, "speakers.monitor"):
        assert look() == {}
        with recording(sound, "mic"):
            wait_until(lambda: look() != {}, "the microphone to be in use")
            assert look() == {Topic.CALL: "the microphone is in use by pacat"}  # parec is a link to it
    wait_until(lambda: look() == {}, "the microphone to be free")
    subprocess.run(
        ["pactl", "load-module", "module-loopback", "source=mic", "sink=speakers"],
        env=sound,
        check=True,
        capture_output=True,
    )
    assert look() == {}
