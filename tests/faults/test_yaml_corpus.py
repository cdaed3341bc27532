"""F27: no file, however broken, hangs the program, shows a traceback or is taken for settings or rules.

Each file of the corpus says in its first line which reader must refuse it (config, rules, both), on which
line, and how the message goes on: adding a file there adds a test.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd import strict_yaml
from uprightd.config.load import load_config
from uprightd.errors import ConfigError
from uprightd.metrics.definitions import METRICS
from uprightd.problems import printable
from uprightd.rules.loading import load_pack

CORPUS = Path(__file__).parent / "yaml"
READERS = {"config": load_config, "rules": lambda path: load_pack(path, METRICS)}
LONGEST = 0.5
"""Seconds. The aim is 0.2; a busy machine gets some more."""

HEADER = re.compile(rb"# (config|rules|both) ([0-9]+): (.+)\n")


def _expectations() -> list[tuple[str, str, int, str]]:
    rows = []
    for path in sorted(CORPUS.glob("*.yaml")):
        match = HEADER.match(path.read_bytes())
        if match is None:
            assert path.name == "empty.yaml", f"{path} does not say what is expected of it"
            continue
        reader, line, words = (part.decode() for part in match.groups())
        readers = READERS if reader == "both" else (reader,)
        rows.extend((path.name, each, int(line), words) for each in readers)
    return rows


def _refusal(reader: str, path: Path) -> ConfigError:
    """Return the error a reader raises for a file, having checked what holds for every one."""
    started = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        READERS[reader](path)
    assert time.monotonic() - started < LONGEST
    assert caught.value.exit_code == 78
    for line in caught.value.message.split("\n"):
        assert line.isprintable()
        assert line.startswith((printable(str(path)), "… and "))
    assert caught.value.hint.startswith("Put this right, then run: uprightd ")
    return caught.value


@pytest.mark.parametrize(("name", "reader", "line", "words"), _expectations())
def test_every_file_of_the_corpus_is_refused_on_its_line(
    name: str, reader: str, line: int, words: str
) -> None:
    path = CORPUS / name
    assert f"{path}:{line}: {words}" in _refusal(reader, path).message


@pytest.mark.parametrize(("name", "reader", "line", "words"), _expectations())
def test_a_pyyaml_without_libyaml_refuses_the_same(
    name: str, reader: str, line: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_yaml, "_PARSER", yaml.SafeLoader)
    path = CORPUS / name
    assert f"{path}:{line}: {words}" in _refusal(reader, path).message


def test_an_empty_file_means_the_defaults_for_settings() -> None:
    assert load_config(CORPUS / "empty.yaml") == load_config()


def test_an_empty_file_is_no_rule_pack() -> None:
    path = CORPUS / "empty.yaml"
    message = _refusal("rules", path).message
    assert f"{path}:1: name: expected " in message
    assert f"{path}:1: rules: expected a list of at least one rule, got nothing" in message


@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_two_megabytes_is_refused_unread(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("sampling: {fps: 1}\n" * 110_000)
    assert f"{path}: larger than 64 KiB" in _refusal(reader, path).message


@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_the_largest_size_is_still_quick(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "full.yaml"
    path.write_text(
        "".join(f"key{number}: value\n" for number in range(3900)).ljust(strict_yaml.SIZE_LIMIT, "#")
    )
    assert f"{path}:1: key0: unknown key" in _refusal(reader, path).message


@pytest.mark.timeout(10)
@pytest.mark.parametrize("reader", READERS)
def test_a_named_pipe_is_refused_without_waiting_for_a_writer(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    assert f"{path}: expected a file, found a named pipe (FIFO)" in _refusal(reader, path).message


@pytest.mark.parametrize("reader", READERS)
def test_a_folder_is_refused(reader: str, tmp_path: Path) -> None:
    assert f"{tmp_path}: expected a file, found a folder" in _refusal(reader, tmp_path).message


@pytest.mark.parametrize("reader", READERS)
def test_a_device_is_refused(reader: str) -> None:
    assert "/dev/zero: expected a file, found a device" in _refusal(reader, Path("/dev/zero")).message


@pytest.mark.parametrize("reader", READERS)
def test_a_socket_is_refused(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.yaml")
        assert "s.yaml: cannot be read (" in _refusal(reader, Path("s.yaml")).message


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_named(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert _refusal(reader, path).message == f"{path}: no such file; check the path"


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["afile/x.yaml", "loop.yaml", "n" * 300, "a\0b"])
def test_a_path_that_cannot_be_opened_is_named(reader: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "afile").touch()
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    assert f"{printable(str(tmp_path / name))}: cannot be read (" in _refusal(reader, tmp_path / name).message


@pytest.mark.parametrize("reader", READERS)
def test_a_file_one_may_not_read_is_named(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "closed.yaml"
    path.touch(mode=0o200)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    assert f"{path}: cannot be read (Permission denied)" in _refusal(reader, path).message


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=150, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet="ab:-[]{}\"'#&*!|>%@?,\n\t .0123456789e", max_size=120).map(str.encode),
    )
)
def test_any_bytes_are_read_or_refused_in_words(
    reader: str, data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    with contextlib.suppress(ConfigError):
        READERS[reader](path)
