"""Profile files that are damaged, newer, misplaced or unreadable: told in plain words, never touched, never in the way.

Each row of the corpus says what happened to a good file and which words must tell so: a row added is a test added.
"""

from __future__ import annotations

import copy
import errno
import json
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd.calibration.baseline import Baseline
from uprightd.domain import View
from uprightd.errors import DataError, WriteError
from uprightd.metrics.geometry import Point
from uprightd.profiles import shelf
from uprightd.profiles.profile import Profile
from uprightd.profiles.shelf import LARGEST, load, read_all, save

NOON = "2026-11-22T12:00:00Z"
UPRIGHT = Baseline(
    view=View.FRONTAL,
    size=(1280, 720),
    points={"nose": Point(640, 200), "left_shoulder": Point(820, 470), "right_shoulder": Point(460, 472)},
    spread={"nose": 1.5, "left_shoulder": 0.75, "right_shoulder": 0.5},
    world={"nose": (0.01, -0.6, -0.2)},
    backend="mediapipe full",
    samples=50,
    seconds=5.0,
)
LONGEST = 2.0
"""Seconds. A damaged file takes some milliseconds; a busy machine gets more."""


def put(keys: str, value: Any) -> Callable[[Any], Any]:
    """Given a dotted key path and a value, return what puts it there."""

    def change(content: Any) -> Any:
        *way, last = keys.split(".")
        inner = content
        for key in way:
            inner = inner[key]
        inner[last] = value
        return content

    return change


def without(keys: str) -> Callable[[Any], Any]:
    def change(content: Any) -> Any:
        *way, last = keys.split(".")
        inner = content
        for key in way:
            inner = inner[key]
        del inner[last]
        return content

    return change


def swap(old: str, new: str) -> Callable[[Any], bytes]:
    """Given a piece of the file's text and another, return what exchanges them."""

    def change(content: Any) -> bytes:
        text = json.dumps(content)
        assert old in text
        return text.replace(old, new, 1).encode()

    return change


def raw(data: bytes) -> Callable[[Any], bytes]:
    return lambda _content: data


DAMAGED: dict[str, tuple[Callable[[Any], Any], str]] = {
    # no JSON at all
    "empty": (raw(b""), "line 1 is no JSON"),
    "blank": (raw(b" \n\n"), "is no JSON"),
    "cut off": (lambda content: json.dumps(content)[:200].encode(), "is no JSON"),
    "zeros": (raw(bytes(4096)), "is no JSON"),
    "something behind it": (
        lambda content: json.dumps(content).encode() + b"}",
        "line 1 is no JSON (Extra data)",
    ),
    "not UTF-8": (lambda it: json.dumps(it).encode().replace(b"cam", b"c\xffm", 1), "expected text in UTF-8"),
    "UTF-16": (lambda content: json.dumps(content).encode("utf-16"), "expected text in UTF-8"),
    "byte order mark": (lambda content: b"\xef\xbb\xbf" + json.dumps(content).encode(), "is no JSON"),
    "deep lists": (raw(b"[" * 100_000), "too many blocks within blocks"),
    "deep blocks": (raw(b'{"a":' * 40_000), "too many blocks within blocks"),
    "too large": (raw(b" " * (LARGEST + 1)), "more than 256 KiB"),
    "a list": (raw(b"[]"), "expected a block of keys, got a list"),
    "a number": (raw(b"1"), "expected a block of keys, got 1"),
    "nothing": (raw(b"null"), "expected a block of keys, got nothing"),
    "endless digits": (swap("50", "5" * 5000), "too many digits"),
    # numbers that are none
    "NaN": (swap("1.5", "NaN"), "NaN is no number"),
    "Infinity": (swap("1.5", "Infinity"), "Infinity is no number"),
    "-Infinity": (swap("1.5", "-Infinity"), "-Infinity is no number"),
    "overflow": (swap("1.5", "1e999"), "baseline.spread.nose: expected a number from 0 to"),
    "a huge whole number": (swap("1.5", "9" * 4000), "baseline.spread.nose: expected a number from 0 to"),
    # keys
    "a key twice": (swap('"samples"', '"seconds"'), "seconds: this key is there twice"),
    "a point twice": (swap('"left_shoulder"', '"nose"'), "nose: this key is there twice"),
    "an unknown key": (put("colour", 1), "colour: unknown key"),
    "an unknown key inside": (put("baseline.sizes", 1), "baseline.sizes: unknown key; did you mean 'size'?"),
    "a line break in a key": (put("a\nb", 1), "a\N{REPLACEMENT CHARACTER}b: unknown key"),
    "no version": (without("schema"), "schema: expected a whole number from 1"),
    "no name": (without("name"), "name: is missing"),
    "no baseline": (without("baseline"), "baseline: is missing"),
    "no view": (without("baseline.view"), "baseline.view: is missing"),
    # kinds and bounds
    "version 0": (put("schema", 0), "schema: expected a whole number from 1"),
    "version true": (put("schema", True), "schema: expected a whole number from 1"),
    "version as text": (put("schema", "1"), 'schema: expected a whole number from 1 to 1000000, got "1"'),
    "version 1.0": (put("schema", 1.0), "schema: expected a whole number from 1"),
    "name as number": (put("name", 7), "name: expected a name of small letters"),
    "name of a path": (put("name", "../sit"), 'such as sit, stand, laptop or monitor, got "../sit"'),
    "name auto": (put("name", "auto"), "name: expected another name"),
    "blank camera": (put("camera", "  "), "camera: expected text"),
    "camera as list": (put("camera", ["cam"]), "camera: expected text, got a list"),
    "endless camera": (put("camera", "x" * 5000), "camera: expected text, got"),
    "no moment": (put("made_at", "noon"), "made_at: expected a moment in UTC"),
    "local time": (put("made_at", "2026-11-22T12:00:00+01:00"), "made_at: expected a moment in UTC"),
    "no zone": (put("made_at", "2026-11-22T12:00:00"), "made_at: expected a moment in UTC"),
    "moment as number": (put("made_at", 1.8e9), "made_at: expected a moment in UTC"),
    "revision 0": (put("revision", 0), "revision: expected a whole number from 1"),
    "revision 1.5": (put("revision", 1.5), "revision: expected a whole number from 1"),
    "baseline as list": (put("baseline", []), "baseline: expected a block of keys, got a list"),
    "unknown view": (put("baseline.view", "top"), "baseline.view: expected one of frontal, oblique"),
    "view unknown": (put("baseline.view", "unknown"), "baseline.view: expected one of frontal"),
    "view as list": (put("baseline.view", ["frontal"]), "baseline.view: expected one of frontal"),
    "size of three": (put("baseline.size", [1280, 720, 3]), "baseline.size: expected a list of 2 numbers"),
    "size zero": (
        put("baseline.size", [0, 720]),
        "baseline.size: expected a whole number from 1 to 65535, got 0",
    ),
    "negative size": (put("baseline.size", [1280, -720]), "baseline.size: expected a whole number from 1"),
    "size with decimals": (put("baseline.size", [1280.5, 720]), "baseline.size: expected a whole number"),
    "size as text": (put("baseline.size", "1280x720"), "baseline.size: expected a list of 2 numbers"),
    "no points": (put("baseline.points", {}), "expected points, and the spread of each"),
    "points as list": (put("baseline.points", []), "baseline.points: expected a block of points by name"),
    "a point's name": (put("baseline.points.left shoulder", [1, 1]), "expected the name of a point"),
    "one number": (put("baseline.points.nose", [640]), "baseline.points.nose: expected a list of 2 numbers"),
    "a point as text": (put("baseline.points.nose", "640,200"), "expected a list of 2 numbers"),
    "a place as text": (
        put("baseline.points.nose", ["640", 200]),
        "baseline.points.nose: expected a number from",
    ),
    "a place as truth": (
        put("baseline.points.nose", [True, 200]),
        "baseline.points.nose: expected a number from",
    ),
    "far outside": (
        put("baseline.points.nose", [5000, 200]),
        "expected a number from -640 to 1920, got 5000",
    ),
    "far above": (put("baseline.points.nose", [640, -400]), "expected a number from -360 to 1080, got -400"),
    "negative spread": (put("baseline.spread.nose", -1), "baseline.spread.nose: expected a number from 0"),
    "spread missing": (without("baseline.spread.nose"), "expected points, and the spread of each"),
    "spread of another": (put("baseline.spread.chin", 1), "expected points, and the spread of each"),
    "flat world": (put("baseline.world.nose", [0, 0]), "baseline.world.nose: expected a list of 3 numbers"),
    "endless world": (put("baseline.world.nose", [0, 0, 1e6]), "expected a number from -100 to 100"),
    "blank backend": (put("baseline.backend", ""), "baseline.backend: expected text"),
    "no samples": (put("baseline.samples", 0), "baseline.samples: expected a whole number from 1"),
    "negative seconds": (put("baseline.seconds", -1), "baseline.seconds: expected a number from 0"),
    "seconds as text": (put("baseline.seconds", "5 s"), "baseline.seconds: expected a number from 0"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "profiles"


@pytest.fixture
def sit(folder: Path) -> Profile:
    """A good profile, which the test spoils."""
    return save(folder, "sit", "cam", NOON, UPRIGHT)


@pytest.fixture
def stand(folder: Path) -> Profile:
    """A good profile, which must stay in use."""
    return save(folder, "stand", "cam", NOON, UPRIGHT)


def spoil(profile: Profile, change: Callable[[Any], Any]) -> bytes:
    """Given a saved profile and what happens to its content, write its file so; return the bytes."""
    content = change(copy.deepcopy(json.loads(profile.path.read_text())))
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    profile.path.write_bytes(data)
    return data


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def the_fault(folder: Path, stand: Profile) -> str:
    """Return what is said of the one file that is wrong, having checked what holds whatever is wrong."""
    started = time.monotonic()
    profiles, faults = read_all(folder)
    assert time.monotonic() - started < LONGEST
    assert profiles == (stand,), "the others still load"
    (fault,) = faults
    assert fault.isprintable()
    assert len(fault) < 600
    assert fault.startswith(str(folder))
    return fault


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_named_with_what_is_wrong_and_what_to_do_and_left_alone(
    what: str, folder: Path, sit: Profile, stand: Profile
) -> None:
    change, words = DAMAGED[what]
    spoil(sit, change)
    before = everything(folder)
    fault = the_fault(folder, stand)
    assert f"{sit.path}: is damaged: " in fault
    assert words in fault
    assert fault.endswith("make the profile anew with: uprightd calibrate")
    with pytest.raises(DataError) as caught:
        load(sit.path)
    assert f"{caught.value.message}. {caught.value.hint}" == fault
    with pytest.raises(DataError, match="it is not overwritten") as caught:
        save(folder, "sit", "cam", NOON, UPRIGHT)
    assert caught.value.hint
    assert everything(folder) == before, "nothing deleted, nothing overwritten, nothing left behind"


@pytest.mark.parametrize("version", [2, 17])
def test_a_file_of_a_newer_version_is_no_damage_and_stays_for_the_newer_program(
    version: int, folder: Path, sit: Profile, stand: Profile
) -> None:
    data = spoil(sit, lambda _: {"schema": version, "what": "nobody knows yet"})
    fault = the_fault(folder, stand)
    assert f"is of version {version}, this uprightd reads version 1" in fault
    assert "Use the uprightd that wrote it, or a newer one" in fault
    with pytest.raises(DataError, match=f"version {version}.*it is not overwritten"):
        save(folder, "sit", "cam", NOON, UPRIGHT)
    assert sit.path.read_bytes() == data


def test_a_file_that_was_renamed_or_copied_is_not_taken_for_a_second_profile(
    folder: Path, sit: Profile, stand: Profile
) -> None:
    sit.path.rename(folder / "sit copy.json")
    fault = the_fault(folder, stand)
    assert "sit copy.json: holds the profile that belongs into " + sit.path.name in fault
    (folder / "sit copy.json").rename(sit.path)
    assert read_all(folder).faults == ()


def test_another_profile_s_content_under_this_name_is_not_overwritten(
    folder: Path, sit: Profile, stand: Profile
) -> None:
    sit.path.write_bytes(stand.path.read_bytes())
    the_fault(folder, stand)
    with pytest.raises(DataError, match=r"belongs into .*; it is not overwritten"):
        save(folder, "sit", "cam", NOON, UPRIGHT)


def in_its_place(path: Path, what: str) -> None:
    path.unlink()
    match what:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link to itself":
            path.symlink_to(path)
        case "endless device":
            path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("folder", "is no file"),
        ("pipe", "is no file"),
        ("endless device", "is no file"),
        ("link to itself", "cannot be read (Too many levels of symbolic links)"),
    ],
)
def test_what_is_no_file_is_told_and_neither_read_nor_replaced(
    what: str, words: str, folder: Path, sit: Profile, stand: Profile
) -> None:
    in_its_place(sit.path, what)
    assert words in the_fault(folder, stand)
    if what != "link to itself":
        with pytest.raises(DataError, match="it is not overwritten"):
            save(folder, "sit", "cam", NOON, UPRIGHT)
    assert os.path.lexists(sit.path)
    assert not sit.path.is_file()


def test_a_file_that_may_not_be_read_is_told(
    folder: Path, sit: Profile, stand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the refusal is the test's own where it runs as root."""
    sit.path.chmod(0)
    if os.geteuid() == 0:
        opened = Path.open

        def refused(path: Path, *args: Any, **kwargs: Any) -> Any:
            if path == sit.path:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return opened(path, *args, **kwargs)

        monkeypatch.setattr(Path, "open", refused)
    assert "cannot be read (Permission denied)" in the_fault(folder, stand)
    with pytest.raises(DataError, match="it is not overwritten"):
        save(folder, "sit", "cam", NOON, UPRIGHT)


def test_a_disk_that_fails_while_reading_is_told(
    folder: Path, sit: Profile, stand: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def broken(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path == sit.path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", broken)
    assert "cannot be read (Input/output error)" in the_fault(folder, stand)


def test_a_file_in_the_folder_s_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "profiles").write_text("x")
    profiles, faults = read_all(tmp_path / "profiles")
    assert profiles == ()
    assert faults == (
        f"{tmp_path / 'profiles'}: cannot be looked into (Not a directory). Mend its permissions, or move it away.",
    )


def test_a_profile_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\)"):
        load(tmp_path / "sit.json")


def test_a_damaged_former_revision_is_in_nobody_s_way(folder: Path, sit: Profile) -> None:
    save(folder, "sit", "cam", NOON, UPRIGHT)
    former = folder / f"{sit.path.stem}.r1.json"
    former.write_bytes(b"damaged")
    assert read_all(folder).faults == ()
    assert save(folder, "sit", "cam", NOON, UPRIGHT).revision == 3
    assert former.read_bytes() == b"damaged"


def test_a_full_disk_leaves_the_profile_as_it_was(folder: Path, sit: Profile) -> None:
    """A limit on the size of files refuses the write half-way, as a full disk does."""
    before = everything(folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(WriteError):
            save(folder, "sit", "cam", NOON, UPRIGHT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert everything(folder) == before
    assert read_all(folder) == ((sit,), ())


@pytest.mark.parametrize("fails_at", [1, 2])
def test_when_saving_ends_half_way_the_former_profile_is_in_use_or_the_new_one(
    fails_at: int, folder: Path, sit: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = shelf.write_whole
    calls = []

    def killed(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) == fails_at:
            raise KeyboardInterrupt
        written(path, data)

    monkeypatch.setattr(shelf, "write_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        save(folder, "sit", "cam", NOON, UPRIGHT)
    monkeypatch.setattr(shelf, "write_whole", written)
    assert read_all(folder) == ((sit,), ())
    assert save(folder, "sit", "cam", NOON, UPRIGHT).revision == 2


GOOD = json.dumps(
    {
        "schema": 1,
        "name": "sit",
        "camera": "cam",
        "made_at": NOON,
        "revision": 1,
        "baseline": {
            "view": "frontal",
            "size": [1280, 720],
            "points": {"nose": [640, 200]},
            "spread": {"nose": 1.5},
            "world": {},
            "backend": "mediapipe",
            "samples": 50,
            "seconds": 5.0,
        },
    }
).encode()


def test_the_file_that_is_spoiled_below_is_a_good_one(tmp_path: Path) -> None:
    (tmp_path / "sit.json").write_bytes(GOOD)
    assert load(tmp_path / "sit.json").baseline.points == {"nose": Point(640, 200)}


@settings(deadline=None, max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 20), st.binary(max_size=12))
def test_whatever_bytes_are_changed_it_is_a_profile_or_plain_words(at: int, length: int, new: bytes) -> None:
    data = GOOD[:at] + new + GOOD[at + length :]
    try:
        profile = shelf.profile_of(Path("sit.json"), data)
    except DataError as refused:
        words = refused.message + refused.hint
    else:
        words = profile.file_name
        assert shelf.profile_of(profile.path, shelf.text_of(profile)) == profile
    assert words.isprintable()
