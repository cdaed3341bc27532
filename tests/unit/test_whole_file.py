"""A file is written whole or not at all: the old one stays, and nothing half-written is left (F12)."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from uprightd.errors import CannotCreateError, WriteError
from uprightd.whole_file import write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_content_is_there_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    write_whole(tmp_path / "report.txt", "grüße".encode())
    os.umask(before)
    assert (tmp_path / "report.txt").read_text(encoding="utf-8") == "grüße"
    assert stat.S_IMODE((tmp_path / "report.txt").stat().st_mode) == 0o600
    assert names(tmp_path) == ["report.txt"]


def test_an_older_file_is_replaced_whole_whatever_its_length(tmp_path: Path) -> None:
    for content in (b"a long first version", b"short", b""):
        write_whole(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    assert names(tmp_path) == ["file"]


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"old")
    with (tmp_path / "file").open("rb") as reading:
        write_whole(tmp_path / "file", b"new")
        assert reading.read() == b"old"


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("where", ["missing/file", "file/below"], ids=["no such folder", "below a file"])
def test_where_no_file_can_be_made_is_named(where: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(CannotCreateError) as error:
        write_whole(tmp_path / where, b"new")
    assert str(tmp_path / where) in error.value.message
    assert error.value.hint
    assert names(tmp_path) == ["file"]


def test_a_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotCreateError, match="is a folder"):
        write_whole(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]


def test_a_name_that_is_too_long_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises((CannotCreateError, WriteError)):
        write_whole(tmp_path / ("x" * 300), b"new")
    assert names(tmp_path) == []


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """A limit on the size of files refuses the write half-way, as a full disk does."""
    write_whole(tmp_path / "file", b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(WriteError) as error:
            write_whole(tmp_path / "file", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert str(tmp_path / "file") in error.value.message
    assert "untouched" in error.value.message
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_a_disk_that_fails_on_flushing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    write_whole(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(WriteError, match="Input/output error"):
        write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]
