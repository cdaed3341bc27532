"""Which probes there are on this system."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping

from uprightd.surroundings import mac
from uprightd.surroundings.bus import session_bus, system_bus
from uprightd.surroundings.cameras import held_camera
from uprightd.surroundings.command import Commands
from uprightd.surroundings.desktop import do_not_disturb, kept_awake, lock
from uprightd.surroundings.fullscreen import full_screen
from uprightd.surroundings.microphone import microphone
from uprightd.surroundings.pipewire import pipewire_video
from uprightd.surroundings.power import battery
from uprightd.surroundings.probe import SLOW, AbsentError, Found, Probe


def probes_for(platform: str, environ: Mapping[str, str]) -> tuple[Probe, ...]:
    """Given `sys.platform` and the environment, return the probes. Nothing is asked yet."""
    power = Probe("battery", battery, every=SLOW)
    if platform == "darwin":
        return (*_mac_probes(environ), power)
    if platform.startswith("linux"):
        return (*_linux_probes(environ), power)
    return (power,)


def _linux_probes(environ: Mapping[str, str]) -> tuple[Probe, ...]:
    commands = Commands(environ)
    session, system = session_bus(environ), system_bus(environ)
    return (
        Probe("lock", functools.partial(lock, system, session)),
        Probe("microphone", functools.partial(microphone, commands, environ)),
        Probe("camera", functools.partial(held_camera, os.getpid()), every=SLOW),
        Probe("shared screen", functools.partial(pipewire_video, commands), every=SLOW),
        Probe("kept awake", functools.partial(kept_awake, session)),
        Probe("full screen", functools.partial(full_screen, commands, environ)),
        Probe("do not disturb", functools.partial(do_not_disturb, session, commands)),
    )


def _mac_probes(environ: Mapping[str, str]) -> tuple[Probe, ...]:
    commands = Commands(environ)
    return (
        Probe("lock", functools.partial(mac.lock, commands)),
        Probe("kept awake", functools.partial(mac.kept_awake, commands)),
        Probe("do not disturb", _never("macOS tells the Focus state only to programs it gave a permission")),
        Probe(
            "microphone", _never("macOS has no documented way to ask who uses the microphone or the camera")
        ),
    )


def _never(why: str) -> Callable[[], Found]:
    def ask() -> Found:
        raise AbsentError(why)

    return ask
