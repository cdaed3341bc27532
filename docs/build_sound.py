"""The sound of an alert, made from nothing but sines, so that it is ours to give away (CC0).

Run it to write the file anew: python docs/build_sound.py daemon/uprightd/outlets/gentle.wav
"""

from __future__ import annotations

import array
import math
import sys
import wave
from pathlib import Path

RATE = 16_000
"""Samples per second: plenty for tones below 2 kHz."""
SECONDS = 0.85
TONES = ((0.0, 523.25), (0.16, 659.26))
"""Start in seconds and pitch in hertz: C5, then E5, a rising third."""
PARTIALS = ((1.0, 1.0, 0.22), (2.0, 0.22, 0.12), (3.0, 0.06, 0.07))
"""Multiple of the pitch, share of the loudness, seconds to fall to a third: a soft bell."""
ATTACK = 0.012
"""Seconds to rise, so that it does not click."""
FADE = 0.08
LOUDNESS = 0.28
"""Of full scale, at the loudest moment."""


def level(moment: float) -> float:
    """Given seconds from the start, return the sound's deflection, not yet scaled."""
    total = 0.0
    for start, pitch in TONES:
        age = moment - start
        if age >= 0:
            rise = min(1.0, age / ATTACK)
            for multiple, share, decay in PARTIALS:
                total += (
                    rise * share * math.exp(-age / decay) * math.sin(2 * math.pi * pitch * multiple * age)
                )
    return total * min(1.0, (SECONDS - moment) / FADE)


def samples() -> array.array[int]:
    """Return the sound as 16-bit samples."""
    levels = [level(number / RATE) for number in range(round(RATE * SECONDS))]
    scale = LOUDNESS * 32767 / max(abs(it) for it in levels)
    return array.array("h", (round(it * scale) for it in levels))


def write(path: Path) -> None:
    """Given a path, write the sound there as a mono WAV file."""
    data = samples()
    if sys.byteorder == "big":
        data.byteswap()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data.tobytes())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
