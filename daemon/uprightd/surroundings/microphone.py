"""Is the microphone in use by another program? Asked of the sound server, and of ALSA under it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import AbsentError, Found, UnansweredError, listed, spoken
from uprightd.surroundings.processes import PROC, owner_name

ASOUND = Path("/proc/asound")
SOUND_SERVERS = {"pipewire", "pipewire-pulse", "wireplumber", "pulseaudio", "jackd", "jackdbus"}
"""Programs that hold a microphone for others; who records through them is the server's to say."""

PASSED_ON = {"easyeffects"}
"""Programs that only pass a microphone on, and hold it while nobody listens to them."""


def microphone(
    commands: Commands, environ: Mapping[str, str], asound: Path = ASOUND, proc: Path = PROC
) -> Found:
    """Return by whom the microphone is in use.

    Raise AbsentError where there is neither a sound server that can be asked nor ALSA.
    """
    try:
        names, why = _asked_of_the_server(commands, environ), ""
    except AbsentError as error:
        names, why = [], str(error)
    if why and not asound.is_dir():
        raise AbsentError(f"{why}; there is no {asound}")
    names += alsa_recorders(asound, proc, through_servers=bool(why))
    return {Topic.CALL: f"the microphone is in use by {listed(names)}"} if names else {}


def _asked_of_the_server(commands: Commands, environ: Mapping[str, str]) -> list[str]:
    server = environ.get("PULSE_SERVER")
    if not server:
        # Told no server, libpulse would start one that is not running.
        socket = Path(environ.get("XDG_RUNTIME_DIR") or "/nonexistent") / "pulse" / "native"
        if not socket.is_socket():
            raise AbsentError("there is no PulseAudio or PipeWire server")
        server = f"unix:{socket}"
    outputs = commands.run("pactl", "-f", "json", "list", "source-outputs", PULSE_SERVER=server)
    if not parsed(outputs):
        return []
    sources = commands.run("pactl", "-f", "json", "list", "sources", PULSE_SERVER=server)
    return recorders(parsed(outputs), parsed(sources))


def parsed(printed: str) -> list[dict[str, Any]]:
    """Given what pactl printed as JSON, return its list of objects. Raise UnansweredError when it is none."""
    try:
        rows = json.loads(printed)
    except ValueError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UnansweredError("pactl's answer is no list of JSON objects")
    return rows


def recorders(outputs: list[dict[str, Any]], sources: list[dict[str, Any]]) -> list[str]:
    """Given pactl's source outputs and sources, return the names of the programs that listen to a microphone.

    Not counted: paused streams, the sound server's own, level meters, and those that record what is played.
    """
    microphones = {source.get("index") for source in sources if not source.get("monitor_source")}
    names = []
    for output in outputs:
        properties = output.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        name = properties.get("application.process.binary") or properties.get("application.name")
        meter = output.get("resample_method") == "peaks" or properties.get("stream.monitor") == "true"
        own = output.get("client") in (None, "n/a")
        if output.get("corked") or meter or own or name in PASSED_ON:
            continue
        if output.get("source") in microphones:
            names.append(spoken(str(name or "")))
    return names


def alsa_recorders(asound: Path, proc: Path, through_servers: bool) -> list[str]:
    """Given ALSA's folder in /proc, return the names of the programs that record from a sound card directly.

    through_servers: count a sound server too, as somebody it records for, where the server cannot be asked.
    """
    names = []
    for status in sorted(asound.glob("card*/pcm*c/sub*/status")):
        try:
            text = status.read_text(encoding="utf-8", errors="replace")
        except OSError:  # the card was pulled out
            continue
        values = {
            key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.split("\n"))
        }
        owner = values.get("owner_pid", "")
        if values.get("state") != "RUNNING":
            continue
        name = owner_name(proc, int(owner)) if owner.isdecimal() else ""
        if name not in SOUND_SERVERS:
            names.append(spoken(name))
        elif through_servers:
            names.append("another program")
    return names
