"""`uprightd demo` as its three audiences see it: a program, a pipe, a person at a terminal."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image
from tests.fakes.terminal import COMMAND, Running, Terminal

FLEXION = (1.2, 3.6)
"""Seconds of the clip within which the first alert has to begin: the neck bends at about 1.5 s."""


class Shows(NamedTuple):
    """What the demo answered to a program, to a pipe, and on a terminal; the first two with their exit codes."""

    facts: dict[str, Any]
    complaints: str
    text: str
    text_complaints: str
    screen: str
    codes: tuple[int, int, int]
    seconds: float


@pytest.fixture(scope="module")
def shows() -> Iterator[Shows]:
    """The three of them at once: each plays eight seconds in real time."""
    terminal = Terminal()
    try:
        began = time.monotonic()
        program, pipe = terminal.start("demo", "--json"), terminal.start("demo")
        screen, code = on_a_terminal(terminal)
        codes = (program.ended(60), pipe.ended(60), code)
        seconds = time.monotonic() - began
        yield Shows(
            json.loads(text_of(program)), program.err, text_of(pipe), pipe.err, screen, codes, seconds
        )
    finally:
        terminal.close()


def text_of(running: Running) -> str:
    return "".join(running.lines)


def on_a_terminal(terminal: Terminal) -> tuple[str, int]:
    """Run the demo on a terminal of 100 columns; return everything it drew there, and its exit code."""
    import fcntl
    import struct
    import subprocess
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, "demo"],
        env={**terminal.environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    drawn: list[bytes] = []

    def read() -> None:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end has closed
                return
            if not data:
                return
            drawn.append(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        code = process.wait(60)
    finally:
        process.kill()
        reader.join(10)
        os.close(ours)
    return b"".join(drawn).decode(), code


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def test_it_ends_well_and_soon_and_without_stray_words(shows: Shows) -> None:
    assert shows.codes == (0, 0, 0)
    assert shows.seconds < 60
    assert shows.text_complaints == ""
    # Without a desktop an alert is said where it can be; for a program that is not among its data.
    assert all(line.startswith("[no desktop notification]") for line in shows.complaints.splitlines())
    for said in (shows.text, shows.screen):
        assert "Traceback" not in said
        assert "WARNING" not in said


def test_the_flexed_neck_raises_an_alert_and_the_upright_part_none(shows: Shows) -> None:
    starts = [alert["start"] for alert in shows.facts["alerts"]]
    assert any(FLEXION[0] <= start <= FLEXION[1] for start in starts)
    assert min(starts) >= FLEXION[0]
    for alert in shows.facts["alerts"]:
        assert alert["rule"] == "demo-neck-flexion"
        assert alert["reason"]
        assert alert["held"] >= 1.0


def test_its_figures_are_those_of_its_log(shows: Shows) -> None:
    log = shows.facts["log"]
    samples = rows(log, "SELECT posture, position FROM samples ORDER BY id")
    assert shows.facts["samples"] == len(samples) > 30
    assert shows.facts["detected"] == sum(posture not in ("away",) for posture, _ in samples)
    assert shows.facts["detected"] >= 0.9 * shows.facts["samples"]
    assert [(alert["rule"], alert["start"], alert["reason"]) for alert in shows.facts["alerts"]] == [
        (rule, round(position, 3), reason)
        for rule, position, reason in rows(log, "SELECT rule, position, reason FROM alerts ORDER BY id")
    ]
    upright = [posture for posture, position in samples if position < FLEXION[0]]
    assert set(upright) == {"good"}
    assert shows.facts["seconds"]["good"] > 1
    assert shows.facts["seconds"]["poor"] > 1


def test_log_report_and_picture_lie_in_a_private_folder(shows: Shows) -> None:
    folder = Path(shows.facts["log"]).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("log", "report", "picture"):
        path = Path(shows.facts[name])
        assert path.parent == folder
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "demo-neck-flexion" in Path(shows.facts["report"]).read_text(encoding="utf-8")
    with Image.open(shows.facts["picture"]) as picture:
        assert (picture.format, picture.size) == ("PNG", (854, 480))
        picture.load()


def test_into_a_pipe_it_writes_lines_with_measures_alert_and_summary(shows: Shows) -> None:
    assert "\x1b" not in shows.text
    assert "\r" not in shows.text
    for words in ("▕", "neck flexion", "▲ poor", "● good", "⚠", "Look up", "samples", "picture", "log"):
        assert words in shows.text
    assert "Real rules wait for minutes" in shows.text, "the short holding times are told"


def test_on_a_terminal_one_line_lives_and_never_wraps(shows: Shows) -> None:
    drawn = [line.rsplit("\r", 1)[-1] for line in shows.screen.replace("\r\n", "\n").split("\n")]
    updates = shows.screen.count("\r\x1b[K")
    assert updates > 30, "a line for each sample"
    assert "⚠" in shows.screen
    for piece in shows.screen.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        assert len(visible(piece)) <= 100 or "\x1b[K" not in piece
    assert "picture  " in "\n".join(drawn)


def visible(text: str) -> str:
    """Given what was drawn, return it without colours and other orders to the terminal."""
    import re

    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
