"""The sound of an alert: gentle, small, ours, and played by the first program that manages to."""

from __future__ import annotations

import array
import importlib.util
import os
import shutil
import sys
import wave
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from tests.fakes.outlet import alarm, condition

from uprightd.outlets import sound as module
from uprightd.outlets.base import OutletError
from uprightd.outlets.sound import SOUND, Sound

BUILDER = Path(__file__).parents[2] / "docs" / "build_sound.py"


def player(folder: Path, name: str, body: str = "") -> None:
    """Make a stand-in player that notes its name and arguments."""
    file = folder / name
    file.write_text(f'#!/bin/sh\necho "{name} $*" >> "{folder}/played"\n{body}\n')
    file.chmod(0o755)


def played(folder: Path) -> list[str]:
    return (folder / "played").read_text().splitlines()


def environ(folder: Path) -> dict[str, str]:
    for name in ("sleep", "echo"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return {"PATH": str(folder)}


def frames() -> array.array[int]:
    with wave.open(str(SOUND), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)
        return array.array("h", file.readframes(file.getnframes()))


def test_the_shipped_sound_is_short_small_soft_and_does_not_click() -> None:
    levels = frames()
    assert SOUND.stat().st_size < 30_000
    assert len(levels) / 16_000 < 1.0
    assert 0.2 < max(abs(it) for it in levels) / 32767 < 0.4
    assert abs(levels[0]) < 100
    assert abs(levels[-1]) < 100
    assert max(abs(b - a) for a, b in pairwise(levels)) < 0.2 * 32767


def test_the_shipped_sound_is_what_its_builder_writes() -> None:
    spec = importlib.util.spec_from_file_location("build_sound", BUILDER)
    assert spec is not None
    assert spec.loader is not None
    builder: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    made, shipped = builder.samples(), frames()
    assert len(made) == len(shipped)
    assert max(abs(a - b) for a, b in zip(made, shipped, strict=True)) <= 1  # mathematics differs by a bit


@pytest.mark.parametrize(
    ("platform", "there", "expected"),
    [
        ("linux", ["pw-play", "paplay", "aplay"], "pw-play"),
        ("linux", ["paplay", "aplay"], "paplay"),
        ("linux", ["aplay", "afplay"], "aplay --quiet"),
        ("darwin", ["aplay", "afplay"], "afplay"),
    ],
)
def test_the_best_player_there_is_plays_it(
    platform: str, there: list[str], expected: str, tmp_path: Path
) -> None:
    for name in there:
        player(tmp_path, name)
    assert Sound(environ(tmp_path), platform).alert(alarm())
    assert played(tmp_path) == [f"{expected} {SOUND}"]


def test_a_player_that_fails_makes_way_and_the_one_that_works_is_remembered(tmp_path: Path) -> None:
    player(tmp_path, "pw-play", "echo no PipeWire here >&2; exit 1")
    player(tmp_path, "aplay")
    sound = Sound(environ(tmp_path), "linux")
    assert sound.alert(alarm())
    assert sound.alert(alarm())
    assert [line.split()[0] for line in played(tmp_path)] == ["pw-play", "aplay", "aplay"]


def test_when_none_plays_it_all_reasons_are_given(tmp_path: Path) -> None:
    player(tmp_path, "pw-play", "echo no PipeWire here >&2; exit 1")
    player(tmp_path, "aplay", "echo cannot find card 0 >&2; exit 2")
    with pytest.raises(OutletError) as error:
        Sound(environ(tmp_path), "linux").alert(alarm())
    assert (
        str(error.value) == "pw-play: exit code 1: no PipeWire here; aplay: exit code 2: cannot find card 0"
    )


def test_a_player_that_hangs_is_ended_and_the_next_one_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DEADLINE", 0.3)
    player(tmp_path, "pw-play", "exec sleep 600")
    player(tmp_path, "paplay")
    assert Sound(environ(tmp_path), "linux").alert(alarm())
    assert [line.split()[0] for line in played(tmp_path)] == ["pw-play", "paplay"]


@pytest.mark.parametrize(("platform", "names"), [("linux", "pw-play, paplay, aplay"), ("darwin", "afplay")])
def test_without_any_player_it_says_which_to_install(platform: str, names: str, tmp_path: Path) -> None:
    with pytest.raises(OutletError, match=f"no program here plays sounds: install one of {names}"):
        Sound({"PATH": str(tmp_path)}, platform).alert(alarm())


def test_a_state_makes_no_sound(tmp_path: Path) -> None:
    player(tmp_path, "aplay")
    assert not Sound(environ(tmp_path), "linux").condition(condition())
    assert not (tmp_path / "played").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="ALSA is Linux's")
@pytest.mark.skipif(
    shutil.which("aplay") is None, reason="no aplay to test against: apt-get install alsa-utils"
)
def test_a_real_player_plays_every_sample_of_it(tmp_path: Path) -> None:
    """ALSA's file plug-in writes down what would have gone to the loudspeaker."""
    heard = tmp_path / "heard"
    settings = tmp_path / "asound.conf"
    settings.write_text(
        'pcm.!default { type file; slave.pcm { type null }; file "' + str(heard) + '"; format "raw" }\n'
    )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "aplay").symlink_to(str(shutil.which("aplay")))
    alone = {**os.environ, "PATH": str(tmp_path / "bin"), "ALSA_CONFIG_PATH": str(settings)}
    assert Sound(alone, "linux").alert(alarm())
    samples = array.array("h", heard.read_bytes())
    assert samples[: len(frames())] == frames()
