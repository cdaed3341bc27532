"""A weekly summary is told of once, with a button that shows it in whatever the desktop opens pages with."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.fakes.story import START, Story

from uprightd.errors import UnavailableError
from uprightd.report.periods import week
from uprightd.report.summary import Summary, summarise
from uprightd.service.composition import _Buttons
from uprightd.service.opening import OPEN, open_file, open_summary, told_of
from uprightd.store.reading import LogReader

WEEK = "2026-W47"
assert START.wall == 1_795_348_800.0, "a Sunday of that week"


@pytest.fixture
def summary(tmp_path: Path) -> Summary:
    with Story(tmp_path / "log.db") as story:
        story.sit(600)
    with LogReader.open(tmp_path / "log.db") as reader:
        return summarise(reader, week(WEEK))


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop whose opener notes what it is asked to open, in the file returned."""
    opener, note = tmp_path / "bin" / "xdg-open", tmp_path / "shown"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{note}.part"; mv "{note}.part" "{note}"\n')
    opener.chmod(0o700)
    monkeypatch.setenv("PATH", f"{opener.parent}:/usr/bin:/bin")
    return note


def said(note: Path) -> str:
    deadline = time.monotonic() + 10
    while not note.exists():
        assert time.monotonic() < deadline, "nothing was opened"
        time.sleep(0.01)
    return note.read_text()


def test_the_notification_says_what_matters_and_where_the_page_is(summary: Summary) -> None:
    told = told_of(Path("/reports/uprightd-2026-W47.html"), summary, 0)
    assert told.title == "Your week of posture"
    assert "/reports/uprightd-2026-W47.html" in told.body
    assert "within your limits" in told.body
    assert "earlier" not in told.body
    assert [(action.key, action.title) for action in told.actions] == [(f"{OPEN}2026-w47", "Open")]


@pytest.mark.parametrize(
    ("others", "words"), [(1, "1 earlier week has theirs"), (3, "3 earlier weeks have theirs")]
)
def test_older_weeks_are_told_of_with_the_last_one(summary: Summary, others: int, words: str) -> None:
    assert words in told_of(Path("/r/w.html"), summary, others).body


def test_the_button_shows_the_page_of_its_week(tmp_path: Path, shown: Path) -> None:
    page = tmp_path / f"uprightd-{WEEK}.html"
    page.write_text("a page")
    _Buttons(tmp_path).pressed(0, f"{OPEN}2026-w47")
    assert said(shown) == str(page)


def test_a_page_that_is_gone_is_not_opened(tmp_path: Path, shown: Path) -> None:
    open_summary(f"{OPEN}2026-w46", tmp_path, "linux")
    time.sleep(0.1)
    assert not shown.exists()


def test_a_machine_that_opens_nothing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="xdg-open"):
        open_file(tmp_path / "page.html", "linux")
    with pytest.raises(UnavailableError, match=r"\(open: "):
        open_file(tmp_path / "page.html", "darwin")
