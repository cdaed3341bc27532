"""`uprightd export`, `backup`, `forget` and `privacy` at a terminal: the user's data, theirs to take or remove."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.story import START, Story
from tests.fakes.terminal import NO_ROOM, Terminal

from uprightd.captures.folder import new_capture
from uprightd.captures.manifest import Facts, ModelUsed
from uprightd.clock import FollowingClock
from uprightd.domain import Activity, Instant
from uprightd.records import Capture
from uprightd.service.upkeep import roll_up
from uprightd.store.log import Log

FIRST, SECOND = "2026-11-20", "2026-11-22"
SECRET = "neck-of-somebody"


def told(path: Path, *, rolled: bool = True) -> None:
    """Two days with a quarter of an hour each, two days apart: an alert each, the first of them called wrong."""
    with Story(path, start=Instant(START.wall - 2 * 86_400, START.mono)) as story:
        for day in range(2):
            story.say(Activity.WATCHING)
            story.sit(600)
            story.sit(60, 55.0)
            story.sit(120)
            story.away(120)
            if not day:
                story.judge("wrong", SECRET)
                story.log.end_run(story.now)
                story.pass_by(2 * 86_400 - 900)
                story.begin()
        story.log.add_contact("weights of a pose model", "https://hub.example", story.now)
        if rolled:
            roll_up(story.log)


@pytest.fixture(scope="module")
def read_only() -> Iterator[Terminal]:
    """A home whose log no test changes."""
    terminal = Terminal()
    told(terminal.database, rolled=False)
    yield terminal
    terminal.close()


@pytest.fixture
def home(terminal: Terminal) -> Terminal:
    told(terminal.database)
    return terminal


def captured(folders: Path, day: str) -> Path:
    with new_capture(folders, "snapshot", f"{day}T12:00:00+00:00") as capture:
        capture.file("a.txt").write_text("a picture")
        capture.finish(Facts("desk.jpg", (ModelUsed("mediapipe", "Apache-2.0"),), {}, {}))
    return capture.folder


def counted(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


# ---- export ---------------------------------------------------------------------------------------------------


def test_a_day_of_samples_goes_to_standard_output_as_csv_in_units(read_only: Terminal) -> None:
    done = read_only.run("export", "samples", "--day", SECOND)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert (done.code, done.err, len(rows)) == (0, "", 900)
    assert rows[0]["at"].startswith("2026-11-22T12:00:00")
    assert (rows[0]["neck_flexion"], rows[0]["confidence"], rows[0]["posture"]) == ("38.0", "0.93", "good")
    assert rows[0]["trunk_lean"] == ""


def test_intervals_are_told_before_anything_is_rolled_up(read_only: Terminal) -> None:
    done = read_only.run("export", "intervals", "--format", "jsonl", "--day", FIRST)
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["posture"], row["seconds"]) for row in rows] == [
        ("good", 600.0),
        ("poor", 60.0),
        ("good", 120.0),
        ("away", 119.0),
    ]


def test_json_lines_nest_what_is_json(read_only: Terminal) -> None:
    done = read_only.run("export", "alerts", "--format", "jsonl")
    alerts = [json.loads(line) for line in done.out.splitlines()]
    assert [alert["rule"] for alert in alerts] == ["neck", "neck"]
    assert isinstance(alerts[0]["explanation"], dict)
    assert alerts[0]["confidence"] == 0.93


def test_all_tables_go_to_a_folder_in_every_format(read_only: Terminal, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow.parquet")
    for form in ("csv", "jsonl", "parquet"):
        done = read_only.run("export", "all", "--format", form, "--output", str(tmp_path / form), "--json")
        assert done.code == 0, done.err
        rows = {it["table"]: it["rows"] for it in done.json}
        assert (rows["samples"], rows["alerts"], rows["feedback"], rows["runs"]) == (1800, 2, 1, 2)
        assert {path.name for path in (tmp_path / form).iterdir()} == {f"{name}.{form}" for name in rows}
    samples = pyarrow.read_table(tmp_path / "parquet" / "samples.parquet")
    assert samples.num_rows == 1800
    assert samples.column("neck_flexion")[0].as_py() == 38.0
    assert stat.S_IMODE((tmp_path / "csv" / "samples.csv").stat().st_mode) == 0o600


def test_a_text_that_a_spreadsheet_would_carry_out_is_disarmed(terminal: Terminal) -> None:
    with Story(terminal.database) as story:
        story.log.add_contact("=cmd|' /C calc'!A0", "hub", story.now)
    rows = list(csv.DictReader(io.StringIO(terminal.run("export", "contacts").out)))
    assert rows[0]["purpose"] == "'=cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["all"], 64, "--output"),
        (["samples", "--format", "parquet"], 64, "--output"),
        (["gaze"], 64, "gaze"),
        (["samples", "--day", "yesterday"], 64, "yesterday"),
        (["samples", "--day", FIRST, "--since", "7d"], 64, "Give one of them"),
        (["samples", "--output", "/nowhere/at/all.csv"], 73, "/nowhere/at/all.csv"),
    ],
)
def test_what_cannot_be_exported_is_said(
    read_only: Terminal, arguments: list[str], code: int, words: str
) -> None:
    done = read_only.run("export", *arguments)
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err


def test_an_export_that_breaks_off_leaves_the_old_file(read_only: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "samples.csv"
    target.write_text("old")
    done = read_only.run("export", "samples", "--output", str(target), before=NO_ROOM)
    assert done.code == 74, done.err
    assert "untouched" in done.err
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


# ---- backup ---------------------------------------------------------------------------------------------------


def test_a_backup_is_a_log_of_its_own(read_only: Terminal, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    done = read_only.run("backup", str(copy), "--json")
    assert (done.code, done.json) == (0, {"file": str(copy), "bytes": copy.stat().st_size})
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert counted(copy, "samples") == 1800
    assert list(tmp_path.iterdir()) == [copy]
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_backup_takes_the_place_of_nothing(read_only: Terminal, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    done = read_only.run("backup", str(copy))
    assert (done.code, copy.read_text()) == (73, "mine")
    assert "is there already" in done.err


def test_a_backup_without_room_leaves_nothing(read_only: Terminal, tmp_path: Path) -> None:
    done = read_only.run("backup", str(tmp_path / "copy.db"), before=NO_ROOM)
    assert done.code == 74, done.err
    assert list(tmp_path.iterdir()) == []


def test_a_backup_without_a_log_or_a_folder_says_so(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.run("backup", str(tmp_path / "copy.db")).code == 69
    told(terminal.database)
    done = terminal.run("backup", str(tmp_path / "no" / "copy.db"))
    assert done.code == 73
    assert str(tmp_path / "no") in done.err


# ---- forget ---------------------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_removes_nothing(home: Terminal) -> None:
    done = home.run("forget", "--day", FIRST, "--dry-run", "--json")
    assert done.code == 0
    assert done.json["forgotten"] is False
    assert (done.json["rows"]["samples"], done.json["rows"]["alerts"]) == (900, 1)
    assert counted(home.database, "samples") == 1800


def test_a_day_is_forgotten_with_all_that_was_made_of_it(home: Terminal) -> None:
    reports = home.home / "data" / "reports"
    reports.mkdir(mode=0o700)
    for name in ("2026-W46", "2026-W47", FIRST, SECOND, "7d"):
        (reports / f"uprightd-{name}.html").write_text("a page")
    before = home.database.stat().st_size
    done = home.run("forget", "--day", FIRST, "--yes")
    assert (done.code, done.out) == (0, "Forgotten.\n")
    for table, left in (("samples", 900), ("alerts", 1), ("feedback", 0), ("runs", 1), ("transitions", 1)):
        assert counted(home.database, table) == left, table
    report = home.run("report", "--day", FIRST, "--json").json
    assert report["watched"] == 0
    assert home.run("report", "--day", SECOND, "--json").json["watched"] == 899
    # The week's page and one whose days nobody knows tell of that day, the others do not.
    assert {path.name for path in reports.iterdir()} == {
        "uprightd-2026-W46.html",
        f"uprightd-{SECOND}.html",
    }
    data = b"".join(path.read_bytes() for path in home.database.parent.glob("uprightd.db*"))
    assert SECRET.encode() not in data
    assert home.database.stat().st_size < before


def test_a_table_is_forgotten_alone(home: Terminal) -> None:
    done = home.run("forget", "--table", "samples", "--yes", "--json")
    assert (done.json["forgotten"], done.json["rows"]) == (True, {"samples": 1800})
    assert counted(home.database, "samples") == 0
    assert home.run("report", "--day", SECOND, "--json").json["watched"] == 899


def test_samples_that_come_after_everything_was_forgotten_count(home: Terminal) -> None:
    assert home.run("forget", "--everything", "--yes").code == 0
    for table in ("samples", "intervals", "hours", "alerts", "runs", "contacts", "memory"):
        assert counted(home.database, table) == 0, table
    with Story(home.database) as story:
        story.sit(100)
        roll_up(story.log)
    assert home.run("report", "--day", SECOND, "--json").json["watched"] == 99


def test_everything_takes_damaged_logs_and_calibrated_poses_along(home: Terminal) -> None:
    profiles = home.home / "data" / "profiles"
    profiles.mkdir(mode=0o700)
    (profiles / "sit.json").write_text("{}")
    (home.database.parent / "uprightd.db.corrupt-20261120T120000Z").write_bytes(b"old rows")
    assert home.run("forget", "--everything", "--yes").code == 0
    assert list(profiles.iterdir()) == []
    assert list(home.database.parent.glob("*.corrupt-*")) == []


def test_captures_go_with_their_time_and_their_files(home: Terminal) -> None:
    folders = home.home / "data" / "captures"
    kept, gone = (captured(folders, day) for day in (SECOND, FIRST))
    with Log.open(home.database, metrics=(), clock=FollowingClock(START)) as log:
        for folder, wall in ((kept, START.wall), (gone, START.wall - 2 * 86_400)):
            log.add_capture(Capture("snapshot", str(folder), 1, 1, {}), Instant(wall, 0.0))
    assert home.run("forget", "--day", FIRST, "--yes").code == 0
    assert (kept.exists(), gone.exists()) == (True, False)
    assert counted(home.database, "captures") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 64, "--everything"),
        (["--everything", "--table", "alerts"], 64, "--everything"),
        (["--table", "runs"], 64, "runs"),
        (["--day", FIRST], 64, "--yes"),
        (["--table", "contacts", "--day", FIRST], 64, "contacts"),
    ],
)
def test_what_cannot_be_forgotten_is_said(
    read_only: Terminal, arguments: list[str], code: int, words: str
) -> None:
    done = read_only.run("forget", *arguments)
    assert done.code == code
    assert words in done.err


def test_nothing_is_asked_where_there_is_nothing(terminal: Terminal) -> None:
    done = terminal.run("forget", "--everything")
    assert done.code == 0
    assert "nothing of that to forget" in done.err


# ---- privacy --------------------------------------------------------------------------------------------------


def test_privacy_tells_what_lies_where_and_who_was_spoken_to(read_only: Terminal) -> None:
    facts = read_only.run("privacy", "--json").json
    log = next(each for each in facts["kept"] if each["where"] == str(read_only.database))
    files = list(read_only.database.parent.glob("uprightd.db*"))
    assert log["bytes"] == sum(path.stat().st_size for path in files if path.suffix != ".lock")
    assert facts["rows"]["samples"] == 1800
    (contact,) = facts["network"]
    assert (contact["address"], contact["times"]) == ("https://hub.example", 1)
    text = read_only.run("privacy").out
    assert "https://hub.example: weights of a pose model, 1 times" in text
    assert "Allowed to by the settings\n  nobody" in text


def test_privacy_of_a_new_home_is_empty_and_names_what_the_settings_allow(terminal: Terminal) -> None:
    config = terminal.home / "config" / "config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(
        "camera:\n  source: rtsp://me:secret@camera.example/1\noutlets:\n  mqtt_host: broker.example\n"
    )
    facts = terminal.run("privacy", "--json").json
    assert (facts["network"], facts["rows"]) == ([], {})
    assert [each["address"] for each in facts["network_allowed_by_settings"]] == [
        "rtsp://camera.example/1",
        "broker.example:1883",
    ]
