"""A short, gentle sound at each alert, played by whatever program the system has for it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from uprightd.outlets.base import Alarm, Condition, OutletError
from uprightd.outlets.command import run

SOUND = Path(__file__).with_name("gentle.wav")
"""Written by docs/build_sound.py."""
DEADLINE = 5.0
"""Seconds a player may take. It plays for less than one; a sound server that hangs is not waited for."""

PLAYERS = (("pw-play",), ("paplay",), ("aplay", "--quiet"))
"""Programs that play a WAV file, best first: PipeWire's, PulseAudio's, ALSA's."""
MAC_PLAYERS = (("afplay",),)


class Sound:
    """Plays `file` for alerts. environ: ours, where the players find their sound server. platform: `sys.platform`."""

    name = "sound"

    def __init__(self, environ: Mapping[str, str], platform: str, file: Path = SOUND) -> None:
        self._environ = environ
        self._players = MAC_PLAYERS if platform == "darwin" else PLAYERS
        self._file = file
        self._stop = threading.Event()

    def alert(self, alarm: Alarm) -> bool:  # noqa: ARG002 - one sound for all
        """Play the sound with the first player that manages to, and with that one first from then on."""
        failures = []
        for player in self._players:
            program = shutil.which(player[0], path=self._environ.get("PATH", os.defpath))
            if program is None:
                continue
            try:
                ended = run([program, *player[1:], str(self._file)], self._environ, DEADLINE, self._stop)
            except OutletError as error:
                failures.append(str(error))
                continue
            if ended.code == 0:
                self._players = (player, *(other for other in self._players if other is not player))
                return True
            failures.append(f"{player[0]}: {ended.words}")
        if failures:
            raise OutletError("; ".join(failures))
        names = ", ".join(player[0] for player in self._players)
        raise OutletError(f"no program here plays sounds: install one of {names}")

    def condition(self, condition: Condition) -> bool:  # noqa: ARG002 - the seam's signature
        """Nothing: only alerts sound."""
        return False

    def interrupt(self) -> None:
        self._stop.set()

    def close(self) -> None:
        """Nothing to let go of."""
