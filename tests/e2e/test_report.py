"""`uprightd report` as it is called: where each format goes, and what cannot be asked for."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
import termios
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from tests.fakes.terminal import COMMAND
from tests.fakes.weeks import write_weeks


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    write_weeks(home / "data" / "uprightd.db", date(2026, 11, 16), 1, periods=(60.0, 60.0))
    return home


def report(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "UPRIGHTD_HOME": str(home), **variables}
    return subprocess.run(
        [*COMMAND, "report", *arguments], env=environment, capture_output=True, encoding="utf-8", timeout=60
    )


WEEK = ("--week", "2026-W47")


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("text", "Week 47 of 2026"),
        ("html", "<!doctype html>"),
        ("md", "# Week 47 of 2026"),
        ("json", '{"schema": 1'),
    ],
)
def test_each_format_goes_where_it_is_sent(home: Path, tmp_path: Path, form: str, begins: str) -> None:
    piped = report(home, *WEEK, "--format", form)
    assert (piped.returncode, piped.stderr) == (0, "")
    assert piped.stdout.startswith(begins)
    assert piped.stdout.endswith("\n")
    assert not piped.stdout.endswith("\n\n")
    target = tmp_path / f"week.{form}"
    written = report(home, *WEEK, "--format", form, "--output", str(target))
    assert written.stdout == f"The summary is in {target}\n"
    assert target.read_text(encoding="utf-8") == piped.stdout
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_page_is_written_into_the_reports_folder_and_shown(home: Path, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    for name in ("xdg-open", "open"):
        opener = tmp_path / name
        opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {shown}.part && mv {shown}.part {shown}\n')
        opener.chmod(0o755)
    page = home / "data" / "reports" / "uprightd-2026-W47.html"
    done = report(home, *WEEK, "--open", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout) == (0, f"The summary is in {page}\n")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    for _ in range(200):
        if shown.exists():
            break
        subprocess.run(["sleep", "0.05"])
    assert shown.read_text() == str(page)


def on_a_terminal(home: Path, *arguments: str, **variables: str) -> str:
    """Given arguments, return what the command shows on a terminal of 80 cells."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    environment = {**os.environ, "UPRIGHTD_HOME": str(home), **variables}
    command = subprocess.Popen(
        [*COMMAND, "report", *WEEK, *arguments], env=environment, stdin=theirs, stdout=theirs
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # Linux answers so once the other end is closed
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert command.wait(60) == 0
    return shown.decode()


def test_on_a_terminal_the_page_goes_into_the_reports_folder(home: Path) -> None:
    page = home / "data" / "reports" / "uprightd-2026-W47.html"
    page.unlink(missing_ok=True)
    assert on_a_terminal(home, "--format", "html").strip() == f"The summary is in {page}"
    assert page.exists()


def test_colours_are_for_terminals_and_for_those_who_want_them(home: Path) -> None:
    assert "\x1b[32m" in on_a_terminal(home, NO_COLOR="")
    assert "\x1b" not in on_a_terminal(home, NO_COLOR="1")
    assert "\x1b" not in report(home, *WEEK).stdout


def test_where_nothing_can_show_it_the_page_is_there_all_the_same(home: Path, tmp_path: Path) -> None:
    done = report(home, *WEEK, "--open", "--output", str(tmp_path / "p.html"), PATH=str(tmp_path))
    assert done.returncode == 69
    assert "cannot be opened" in done.stderr
    assert (tmp_path / "p.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--json --format html", "ask for different formats"),
        ("--open --format md", "ask for different formats"),
        ("--format pdf", "'pdf' is not one of"),
        ("--output", "requires an argument"),
    ],
)
def test_what_cannot_be_asked_for_is_named(home: Path, arguments: str, words: str) -> None:
    done = report(home, *WEEK, *arguments.split())
    assert done.returncode == 64
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_written_is_named(home: Path, tmp_path: Path) -> None:
    done = report(home, *WEEK, "--output", str(tmp_path / "nowhere" / "x.html"))
    assert done.returncode == 73
    assert str(tmp_path / "nowhere" / "x.html") in done.stderr


def test_a_week_of_which_nothing_is_known_reads_well_in_every_format(home: Path) -> None:
    for form in ("text", "html", "md"):
        assert (
            "Nothing was watched in this week." in report(home, "--week", "2020-W01", "--format", form).stdout
        )
    assert json.loads(report(home, "--week", "2020-W01", "--json").stdout)["watched"] == 0
