"""F28: a changed file is noticed, and a bad edit leaves the caller with what it had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from uprightd.config.load import load_config
from uprightd.config.reload import Watched
from uprightd.errors import ConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("sampling: {fps: 2}\n")
    return path


def test_nothing_is_told_while_nothing_changes(path: Path) -> None:
    watched = Watched([path])
    assert watched.changed() == ()
    path.read_text()
    assert watched.changed() == ()


def test_a_write_is_told_once(path: Path) -> None:
    watched = Watched([path])
    path.write_text("sampling: {fps: 2.5}\n")
    assert watched.changed() == (path,)
    assert watched.changed() == ()


def test_only_the_files_that_changed_are_told(path: Path, tmp_path: Path) -> None:
    others = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for other in others:
        other.touch()
    watched = Watched([path, *others])
    others[1].write_text("x: 1\n")
    assert watched.changed() == (others[1],)


def test_a_file_that_goes_or_comes_is_told(path: Path) -> None:
    watched = Watched([path])
    path.unlink()
    assert watched.changed() == (path,)
    assert watched.changed() == ()
    path.write_text("")
    assert watched.changed() == (path,)


def test_another_file_put_in_its_place_with_the_same_time_and_size_is_told(
    path: Path, tmp_path: Path
) -> None:
    watched, info = Watched([path]), path.stat()
    other = tmp_path / "other.yaml"
    other.write_text("sampling: {fps: 3}\n")
    os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
    other.replace(path)
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (info.st_mtime_ns, info.st_size)
    assert watched.changed() == (path,)


def test_an_edit_in_place_that_keeps_the_time_is_told_by_its_size(path: Path) -> None:
    watched, info = Watched([path]), path.stat()
    path.write_text("sampling: {fps: 2.25}\n")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert watched.changed() == (path,)


def test_an_edit_of_the_same_size_is_told_by_its_time(path: Path) -> None:
    watched, info = Watched([path]), path.stat()
    path.write_text("sampling: {fps: 4}\n")
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns + 1))
    assert watched.changed() == (path,)


def test_a_path_that_cannot_be_looked_at_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "afile").touch()
    assert Watched([tmp_path / "afile" / "x.yaml"]).changed() == ()


def test_a_bad_edit_keeps_the_last_good_settings_and_a_mended_one_is_taken(path: Path) -> None:
    watched, config = Watched([path]), load_config(path)

    path.write_text("sampling: {fps: quick}\n")
    assert watched.changed() == (path,)
    with pytest.raises(ConfigError, match=r'sampling\.fps: expected a number from 0\.1 to 5, got "quick"'):
        load_config(path)
    assert config.sampling.fps == 2.0

    path.write_text("sampling: {fps: 3}\n")
    assert watched.changed() == (path,)
    assert load_config(path).sampling.fps == 3.0
