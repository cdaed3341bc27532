"""A capture is made whole or not at all, its manifest says what it is, and it can be listed and removed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from uprightd.captures.folder import check_place, new_capture
from uprightd.captures.manifest import Facts, ModelUsed, model_used, read_manifest
from uprightd.captures.shelf import (
    changed,
    find_capture,
    list_captures,
    read_capture,
    remove_capture,
)
from uprightd.errors import CannotCreateError, DataError, TryAgainError, UsageError, WriteError

AT = "2026-11-22T14:30:05+01:00"
FACTS = Facts("desk.jpg", (ModelUsed("mediapipe", "Apache-2.0"),), {"margin": 0.1}, {"regions": 2})


def made(captures: Path, out: Path | None = None, at: str = AT, kind: str = "derm") -> Path:
    """Make a capture of two files, one of them in a folder below; return where it lies."""
    with new_capture(captures, kind, at, out) as capture:
        capture.file("a.txt").write_text("skin")
        capture.file("below").mkdir()
        capture.file("below/b.txt").write_text("mask")
        capture.finish(FACTS)
    return capture.folder


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# ---- whole ---------------------------------------------------------------------------------------------------


def test_a_finished_capture_lies_in_a_private_folder_of_its_own_with_every_file_in_its_manifest(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path / "captures")
    assert folder == tmp_path / "captures" / "2026-11-22T14-30-05-derm"
    assert everything(tmp_path / "captures") == {
        folder.name,
        *(f"{folder.name}/{name}" for name in ("a.txt", "below", "below/b.txt", "manifest.json")),
    }
    manifest = read_manifest(folder)
    assert (manifest.schema, manifest.kind, manifest.at, manifest.source) == (1, "derm", AT, "desk.jpg")
    assert (manifest.models, manifest.settings, manifest.summary) == (
        FACTS.models,
        FACTS.settings,
        FACTS.summary,
    )
    assert [(each.name, each.bytes, each.sha256) for each in manifest.files] == [
        ("a.txt", 4, hashlib.sha256(b"skin").hexdigest()),
        ("below/b.txt", 4, hashlib.sha256(b"mask").hexdigest()),
    ]
    assert stat.S_IMODE((folder / "below/b.txt").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_two_captures_of_the_same_second_have_a_folder_each(tmp_path: Path) -> None:
    with new_capture(tmp_path, "derm", AT) as first:
        second = made(tmp_path)
        first.finish(FACTS)
    assert {first.folder.name, second.name} == {"2026-11-22T14-30-05-derm", "2026-11-22T14-30-05-derm-2"}


def test_the_licence_of_a_model_is_told_by_its_name() -> None:
    assert model_used("sapiens2 0.4b").licence == "Sapiens2 License"
    assert model_used("mediapipe").licence == "Apache-2.0"


# ---- or not at all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [False, True], ids=["among the captures", "where the user said"])
@pytest.mark.parametrize("fault", [RuntimeError("bug"), KeyboardInterrupt(), None], ids=str)
def test_a_capture_that_is_not_finished_leaves_nothing(
    tmp_path: Path, own: bool, fault: BaseException | None
) -> None:
    try:
        with new_capture(tmp_path, "derm", AT, tmp_path / "mine" if own else None) as capture:
            capture.file("a.txt").write_text("skin")
            if fault is not None:
                raise fault
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert everything(tmp_path) == set()


def test_a_full_disk_is_told_with_the_place_the_file_was_meant_for(tmp_path: Path) -> None:
    with pytest.raises(WriteError) as caught, new_capture(tmp_path, "derm", AT) as capture:
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(capture.folder) in caught.value.message
    with pytest.raises(WriteError) as caught, new_capture(tmp_path, "derm", AT) as capture:
        raise WriteError(f"{capture.file('a.png')}: writing failed")
    assert caught.value.message == f"{capture.place('a.png')}: writing failed"
    assert everything(tmp_path) == set()


KILLED = """
import os, signal, sys
from pathlib import Path
from uprightd.captures.folder import new_capture
with new_capture(Path(sys.argv[1]), "derm", sys.argv[2]) as capture:
    capture.file("a.txt").write_text("half")
    print("writing", flush=True)
    os.kill(os.getpid(), signal.SIGKILL) if sys.argv[3] == "die" else sys.stdin.read()
"""


def making(captures: Path, how: str) -> subprocess.Popen[bytes]:
    """Start a process that makes a capture and gets half-way; it dies there, or waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(captures), AT, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    return process


def test_what_a_killed_capture_left_is_never_listed_and_swept_at_the_next_one_but_not_a_live_one_s(
    tmp_path: Path,
) -> None:
    with making(tmp_path, "wait") as alive, making(tmp_path, "die") as dead:
        assert dead.wait(10) == -signal.SIGKILL
        assert len(everything(tmp_path)) == 4, "two folders with a file each"
        assert list_captures(tmp_path) == []
        made(tmp_path)
        left = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
        assert [(path / "a.txt").read_text() for path in left] == ["half"]
        alive.kill()
    made(tmp_path)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert len(list_captures(tmp_path)) == 2


# ---- a folder of the user's own ------------------------------------------------------------------------------


def test_a_folder_of_the_user_s_own_keeps_its_mode_and_what_is_in_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o755)
    (mine / "note.txt").write_text("mine")
    assert made(tmp_path / "captures", mine) == mine
    assert everything(mine) == {"note.txt", "a.txt", "below", "below/b.txt", "manifest.json"}
    assert stat.S_IMODE(mine.stat().st_mode) == 0o755
    assert not (tmp_path / "captures").exists()


def test_a_folder_that_is_not_there_is_made_with_those_above_it(tmp_path: Path) -> None:
    folder = made(tmp_path, tmp_path / "new" / "one")
    assert everything(tmp_path / "new") == {f"one/{name}" for name in ("a.txt", "below", "below/b.txt")} | {
        "one",
        "one/manifest.json",
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_of_the_user_s_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(CannotCreateError, match=r"a\.txt: is there already"):
        made(tmp_path / "captures", tmp_path)
    assert everything(tmp_path) == {"a.txt"}
    assert (tmp_path / "a.txt").read_text() == "mine"
    folder = made(tmp_path, tmp_path / "mine")
    with pytest.raises(CannotCreateError, match="a capture lies here already"):
        made(tmp_path, folder)
    with pytest.raises(CannotCreateError, match="a capture lies here already"):
        check_place(folder)


def test_a_place_where_another_capture_is_being_made_is_busy(tmp_path: Path) -> None:
    with new_capture(tmp_path, "derm", AT, tmp_path / "mine") as first:
        with pytest.raises(TryAgainError, match="another capture is being made here"):
            made(tmp_path, tmp_path / "mine")
        first.finish(FACTS)
    assert read_manifest(tmp_path / "mine").kind == "derm"


def test_a_place_that_is_a_file_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(CannotCreateError, match="no folder can be made of it"):
            made(tmp_path, out)
    assert everything(tmp_path) == {"file"}


# ---- read back -----------------------------------------------------------------------------------------------

BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "newer": (lambda it: it.update(schema=2), "schema 2, this uprightd reads schema 1"),
    "a key is missing": (lambda it: it.pop("source"), "lacks 'source' in the manifest"),
    "a strange key": (lambda it: it.update(colour=1), "has the strange key 'colour' in the manifest"),
    "a wrong kind of value": (lambda it: it.update(settings=[]), "has 'settings' of the wrong kind"),
    "no offset": (lambda it: it.update(at="2026-11-22T14:30:05"), "no moment with an offset"),
    "no moment": (lambda it: it.update(at="noon"), "no moment with an offset"),
    "an odd kind": (lambda it: it.update(kind="../x"), "says it is a '../x'"),
    "a file outside": (lambda it: it["files"][0].update(name="../precious"), "no file with a hash inside"),
    "an absolute file": (lambda it: it["files"][0].update(name="/etc/passwd"), "no file with a hash inside"),
    "no hash": (lambda it: it["files"][0].update(sha256="x"), "no file with a hash inside"),
    "a length below zero": (lambda it: it["files"][0].update(bytes=-1), "no file with a hash inside"),
    "a model without licence": (lambda it: it["models"][0].pop("licence"), "lacks 'licence' in a model"),
    "a file that is a word": (lambda it: it.update(files=["a"]), "a file that is no block of keys"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_manifest_is_read_strictly_and_what_is_wrong_is_named(tmp_path: Path, what: str) -> None:
    change, words = BROKEN[what]
    folder = made(tmp_path)
    content = json.loads((folder / "manifest.json").read_text())
    change(content)
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(DataError) as caught:
        read_manifest(folder)
    assert str(folder / "manifest.json") in caught.value.message
    assert words in caught.value.message
    assert caught.value.hint
    assert read_capture(folder).problem == caught.value.message


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[]", b"[" * 100_000, b" " * (17 << 20)])
def test_a_manifest_that_is_no_json_of_ours_is_a_clear_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(data)
    with pytest.raises(DataError, match=r"manifest\.json: is damaged"):
        read_manifest(tmp_path)


# ---- listed and removed --------------------------------------------------------------------------------------


def test_captures_are_listed_by_time_with_those_elsewhere_and_without_those_gone(tmp_path: Path) -> None:
    captures = tmp_path / "captures"
    late = made(captures, at="2026-11-22T15:00:00+01:00")
    early = made(captures, at="2026-11-22T14:30:00+02:00")
    mine = made(captures, tmp_path / "mine", at="2026-11-22T13:00:00+00:00")
    (captures / "a file").write_text("x")
    (captures / "stray").mkdir()
    listed = list_captures(captures, [mine, mine, tmp_path / "gone", late])
    assert [each.folder for each in listed] == [captures / "stray", early, mine, late]
    assert "no capture: it holds no manifest.json" in listed[0].problem
    assert listed[1].bytes == sum(path.stat().st_size for path in early.rglob("*") if path.is_file())
    assert list_captures(tmp_path / "none") == []


def test_a_capture_is_found_by_last_name_beginning_or_path(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path, at="2026-11-23T10:00:00+01:00")
    listed = list_captures(tmp_path)
    for name, folder in (("last", second), (first.name, first), ("2026-11-23", second), (str(first), first)):
        assert find_capture(listed, name).folder == folder
    with pytest.raises(UsageError, match="no capture of this name"):
        find_capture(listed, "2025")
    with pytest.raises(UsageError, match="2 captures begin like this"):
        find_capture(listed, "2026")
    with pytest.raises(UsageError, match="no capture of this name"):
        find_capture([], "last")


def test_files_that_changed_or_went_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert changed(read_capture(folder)) == ()
    (folder / "a.txt").write_text("skim")
    (folder / "below/b.txt").unlink()
    assert changed(read_capture(folder)) == ("a.txt", "below/b.txt")


def test_a_removed_capture_is_gone_and_elsewhere_only_what_was_its(tmp_path: Path) -> None:
    captures, mine = tmp_path / "captures", tmp_path / "mine"
    (mine / "empty").mkdir(parents=True)
    (mine / "note.txt").write_text("mine")
    for folder in (made(captures), made(captures, mine), made(captures, tmp_path / "new")):
        remove_capture(read_capture(folder), captures)
    assert everything(tmp_path) == {"captures", "mine", "mine/empty", "mine/note.txt"}


def test_leftovers_are_gone_once_the_captures_were_listed(tmp_path: Path) -> None:
    captures = tmp_path / "captures"
    with making(captures, "die"):
        pass
    assert len(everything(captures)) == 2
    assert list_captures(captures) == []
    assert everything(captures) == set()
    assert list_captures(tmp_path / "none") == []


def test_a_link_among_the_captures_is_no_capture(tmp_path: Path) -> None:
    precious = made(tmp_path / "other")
    (tmp_path / "captures").mkdir()
    os.symlink(precious, tmp_path / "captures" / "link")
    assert list_captures(tmp_path / "captures") == []
