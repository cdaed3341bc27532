"""The periodic jobs on a real log: the summary made once, old samples removed, settings taken, a hang survived."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from datetime import time as clocks
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.fakes.body import from_the_left, pose
from tests.fakes.camera import wait_for
from tests.fakes.loop import FLEXED, IMAGE, START, Around, JumpingClock, Rig, open_log, rig
from tests.fakes.recorder import TABLES, tables

import uprightd
from uprightd.calibration.baseline import averaged
from uprightd.camera.source import parse_source
from uprightd.domain import Instant, Posture, View
from uprightd.errors import TryAgainError, WriteError
from uprightd.metrics.reading import read_pose, sight_of
from uprightd.paths import Paths
from uprightd.profiles.shelf import save
from uprightd.report import weekly
from uprightd.rules.quiet import QuietHours
from uprightd.rules.restraint import Limits
from uprightd.service.jobs import Jobs
from uprightd.service.settings import Settings
from uprightd.store.reading import LogReader
from uprightd.surroundings.findings import Findings

HOUR, DAY = 3600.0, 86_400.0
WEEK = 7 * DAY
MONDAY_NINE = Instant(START.wall + 21 * HOUR, 5_000.0)
"""Monday 2026-11-23 09:00 UTC: the summary of week 47 has been due for an hour."""
SIZE = (IMAGE.shape[1], IMAGE.shape[0])


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Weeks are local: here they are UTC's."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(
        tmp_path / "config", tmp_path / "data", tmp_path / "cache", tmp_path / "logs", tmp_path / "run"
    )


def at(wall: float) -> Instant:
    return Instant(wall, 5_000.0)


def watched(setup: Rig, wall: float, samples: int = 10) -> None:
    """Let the log hold some samples from that moment on."""
    for number in range(samples):
        reading = read_pose(pose(from_the_left()), SIZE, at(wall + number))
        setup.log.add_sample(reading, Posture.GOOD)


def started(paths: Paths, now: Instant = MONDAY_NINE, **more: Any) -> tuple[Rig, Jobs]:
    """A daemon's monitor and jobs at some moment, on the log that is there."""
    setup = rig(paths.data, start=now, **more)
    return setup, Jobs(setup.monitor, parse_source(0), Settings(None, paths.config_file), paths)


def ended(setup: Rig) -> list[str]:
    """End the daemon; return the titles of what it told the person."""
    setup.monitor.parts.courier.flush(10)
    setup.monitor.parts.courier.close()
    setup.log.close()
    return [told.title for told in setup.notifier.sent]


def summaries(paths: Paths) -> list[str]:
    return sorted(path.name for path in paths.reports.glob("*")) if paths.reports.exists() else []


def remembered(paths: Paths) -> int:
    with LogReader.open(paths.database) as reader:
        return reader.counts()["reports"]


# ---- the weekly summary (F24) -------------------------------------------------------------------------------


def test_last_weeks_summary_is_written_and_told(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2026-W47.html"]
    path = paths.reports / "uprightd-2026-W47.html"
    assert "Week 47 of 2026" in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = setup.log.made_reports(weekly.KIND)
    assert {period: at.isoformat() for period, at in made.items()} == {
        "2026-W47": "2026-11-23T09:00:00+00:00"
    }
    assert ended(setup) == ["Your week of posture"]
    told = setup.notifier.sent[0]
    assert str(path) in told.body
    assert "earlier" not in told.body
    assert [action.title for action in told.actions] == ["Open"]


def test_it_is_made_exactly_once_however_often_it_is_looked_for(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    for _ in range(5):
        jobs.weekly_summary()
    (paths.reports / "uprightd-2026-W47.html").unlink()
    jobs.weekly_summary()
    assert summaries(paths) == [], "whoever removed it does not want it back"
    assert ended(setup) == ["Your week of posture"]


def test_a_second_start_does_not_make_it_again(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    jobs.weekly_summary()
    assert ended(setup) == ["Your week of posture"]
    for later in (HOUR, 2 * DAY, 6 * DAY):
        again, jobs = started(paths, at(MONDAY_NINE.wall + later))
        jobs.weekly_summary()
        assert ended(again) == []
    assert remembered(paths) == 1


def test_before_its_hour_the_week_before_is_the_last_one(paths: Paths) -> None:
    setup, jobs = started(paths, at(MONDAY_NINE.wall - 2 * HOUR))
    watched(setup, START.wall - DAY)
    jobs.weekly_summary()
    assert ended(setup) == []
    assert summaries(paths) == []


def test_after_weeks_asleep_the_last_week_that_was_watched_is_made_once(paths: Paths) -> None:
    """It was watched in part: on Sunday evening the machine was closed for three weeks."""
    setup, jobs = started(paths, at(START.wall))
    watched(setup, START.wall)
    jobs.weekly_summary()
    setup.clock.step(3 * WEEK)
    for _ in range(3):
        jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2026-W47.html"]
    assert ended(setup) == ["Your week of posture"]
    assert "earlier" not in setup.notifier.sent[0].body
    assert remembered(paths) == 1


def test_each_past_week_that_has_none_gets_its_own_and_all_are_told_of_once(paths: Paths) -> None:
    setup, jobs = started(paths, at(MONDAY_NINE.wall + 3 * WEEK))
    for week in (0, 1, 3):
        watched(setup, START.wall - DAY + week * WEEK)
    for _ in range(3):
        jobs.weekly_summary()
    assert ended(setup) == ["Your week of posture"]
    assert summaries(paths) == [f"uprightd-2026-W{number}.html" for number in (47, 48, 50)]
    assert "uprightd-2026-W50.html" in setup.notifier.sent[0].body
    assert "2 earlier weeks have theirs" in setup.notifier.sent[0].body
    assert remembered(paths) == 3


def test_a_week_of_which_the_samples_are_gone_still_gets_its_summary(paths: Paths) -> None:
    """Half a year in which no summary could be written."""
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    paths.reports.write_text("a file where the folder should be")
    jobs.roll_up()
    setup.clock.step(26 * WEEK)
    watched(setup, MONDAY_NINE.wall + 26 * WEEK)
    jobs.retention()
    paths.reports.unlink()
    jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2026-W47.html"]
    assert ended(setup) == ["Your week of posture"]


def test_while_only_this_week_was_watched_there_is_nothing_to_tell(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, MONDAY_NINE.wall)
    jobs.weekly_summary()
    assert ended(setup) == []
    assert (summaries(paths), remembered(paths)) == ([], 0)


def moment(text: str, zone: str) -> float:
    """Given what the clock on the wall shows there, return the seconds since the epoch."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def arrive(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()


def test_made_on_monday_in_tokyo_it_is_not_made_again_on_monday_in_new_york(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive("Asia/Tokyo", monkeypatch)
    made = moment("2026-11-23T08:00", "Asia/Tokyo")
    setup, jobs = started(paths, at(made - 60))
    watched(setup, made - 12 * HOUR)
    jobs.weekly_summary()
    assert summaries(paths) == [], "a minute to eight"
    setup.clock.step(60)
    jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2026-W47.html"]
    landed = made + 14 * HOUR
    arrive("America/New_York", monkeypatch)
    watched(setup, landed)  # Monday 08:00 in New York
    watched(setup, made + 2 * HOUR)  # Sunday 20:00 there: the end of the same week once more
    for hours in range(10, 7 * 24 + 10, 6):
        setup.clock.step(made + hours * HOUR - setup.clock.now().wall)
        jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2026-W47.html"]
    setup.clock.step(moment("2026-11-30T08:00", "America/New_York") - setup.clock.now().wall)
    jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2026-W47.html", "uprightd-2026-W48.html"]
    assert ended(setup) == ["Your week of posture"] * 2


def test_whoever_landed_since_the_start_is_asked_by_the_clock_there(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five past eight on Monday in Tokyo, where the process was started, is a Sunday in New York."""
    arrive("Asia/Tokyo", monkeypatch)
    eight = moment("2026-11-23T08:00", "Asia/Tokyo")
    setup, jobs = started(paths, at(eight + 300))
    watched(setup, eight - 12 * HOUR)
    monkeypatch.setenv("TZ", "America/New_York")
    jobs.weekly_summary()
    assert summaries(paths) == []
    assert ended(setup) == []


@pytest.mark.parametrize(
    ("zone", "monday", "week"),
    [
        ("Europe/Berlin", "2026-03-30T08:00", "2026-W13"),  # the clocks went forward the day before
        ("Europe/Berlin", "2026-10-26T08:00", "2026-W43"),
        ("America/New_York", "2026-11-02T08:00", "2026-W44"),
        ("Australia/Lord_Howe", "2026-04-06T08:00", "2026-W14"),
        ("Asia/Kolkata", "2026-11-23T08:00", "2026-W47"),
    ],
)
def test_on_the_monday_after_the_clocks_changed_it_comes_at_eight(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, zone: str, monday: str, week: str
) -> None:
    arrive(zone, monkeypatch)
    eight = moment(monday, zone)
    setup, jobs = started(paths, at(eight - 1))
    watched(setup, eight - 20 * HOUR)
    jobs.weekly_summary()
    assert summaries(paths) == []
    setup.clock.step(1)
    jobs.weekly_summary()
    assert summaries(paths) == [f"uprightd-{week}.html"]
    assert ended(setup) == ["Your week of posture"]


def test_one_made_by_a_clock_a_month_fast_is_made_once_more_when_the_week_is_over(paths: Paths) -> None:
    """On Wednesday the clock was a month fast for an hour; the week went on."""
    wednesday = START.wall - 4 * DAY
    setup, jobs = started(paths, at(wednesday))
    watched(setup, wednesday)
    setup.clock.step(30 * DAY)
    jobs.weekly_summary()
    setup.clock.step(-30 * DAY)
    watched(setup, START.wall, samples=20)
    jobs.weekly_summary()
    setup.clock.step(MONDAY_NINE.wall - wednesday)
    for _ in range(3):
        jobs.weekly_summary()
    assert setup.log.made_reports(weekly.KIND)["2026-W47"].isoformat() == "2026-11-23T09:00:00+00:00"
    assert ended(setup) == ["Your week of posture"] * 2
    assert remembered(paths) == 1


def test_of_two_that_start_only_one_has_the_log_and_makes_it(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    with pytest.raises(TryAgainError):
        started(paths)
    jobs.weekly_summary()
    assert ended(setup) == ["Your week of posture"]
    assert remembered(paths) == 1


def test_an_empty_log_has_no_summary(paths: Paths) -> None:
    setup, jobs = started(paths)
    jobs.weekly_summary()
    assert ended(setup) == []
    assert summaries(paths) == []


def test_a_wrong_clock_makes_no_flood_of_summaries(paths: Paths) -> None:
    """F20: forward by thirty days and back again."""
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    jobs.weekly_summary()
    for step in (30 * DAY, -30 * DAY, -HOUR, HOUR):
        setup.clock.step(step)
        jobs.weekly_summary()
    assert ended(setup) == ["Your week of posture"]
    assert remembered(paths) == 1


def test_a_summary_that_cannot_be_written_is_tried_again(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    paths.reports.write_text("a file where the folder should be")
    with pytest.raises(Exception, match=r"reports"):
        jobs.weekly_summary()
    assert remembered(paths) == 0
    paths.reports.unlink()
    jobs.weekly_summary()
    assert ended(setup) == ["Your week of posture"]
    assert remembered(paths) == 1


# ---- retention ----------------------------------------------------------------------------------------------


def test_samples_older_than_the_settings_say_are_removed(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, MONDAY_NINE.wall - 14 * DAY - 60, samples=3)
    watched(setup, MONDAY_NINE.wall - 14 * DAY + 60, samples=4)
    jobs.retention()
    jobs.retention()
    ended(setup)
    with LogReader.open(paths.database) as reader:
        assert reader.counts()["samples"] == 4
        assert sum(each.samples for each in reader.intervals(0, 10**15)) == 7


def test_minutes_are_kept_for_as_long_as_the_settings_say(paths: Paths) -> None:
    setup, jobs = started(paths)
    edit(paths, "log: {minutes_days: 30}")
    jobs.reload()
    for days in (31, 29):
        watched(setup, MONDAY_NINE.wall - days * DAY)
    jobs.retention()
    ended(setup)
    with LogReader.open(paths.database) as reader:
        starts = {row.start_ms for row in reader.minutes(0, 10**15)}
        assert starts == {(MONDAY_NINE.wall - 29 * DAY) * 1000}
        assert len({row.start_ms for row in reader.hours(0, 10**15)}) == 2


# ---- the roll-up --------------------------------------------------------------------------------------------


def test_the_roll_up_takes_in_what_is_new_and_is_done_when_nothing_is(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall)
    jobs.roll_up()
    once = tables(setup.log)
    with LogReader.open(paths.database) as reader:
        assert reader.fresh().hours == ()
    jobs.roll_up()
    assert tables(setup.log) == once
    watched(setup, START.wall + 10)
    jobs.roll_up()
    assert setup.log.database.execute("SELECT sum(samples) FROM intervals").fetchone() == (20,)
    ended(setup)


def test_a_kill_before_it_is_remembered_how_far_it_came_changes_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, jobs = started(paths)
    for hours in range(4):
        watched(setup, START.wall - 5 + hours * HOUR)

    def kill(_sample_id: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup.log, "rolled_up_to", kill)
    with pytest.raises(KeyboardInterrupt):
        jobs.roll_up()
    died = tables(setup.log)
    assert len(died["intervals"]) == 8
    ended(setup)
    again, jobs = started(paths)
    jobs.retention()
    assert tables(again.log) == died
    watched(again, START.wall + 5)
    jobs.roll_up()
    assert again.log.database.execute("SELECT sum(samples) FROM intervals").fetchone() == (50,)
    ended(again)


def test_a_full_disk_costs_the_roll_up_nothing_but_time(paths: Paths) -> None:
    """F11: hours are stored whole or not at all, and no sample goes that is in none."""
    setup, jobs = started(paths)
    for hours in range(40):
        watched(setup, MONDAY_NINE.wall - 20 * DAY + hours * HOUR, samples=6)
    pages = setup.log.database.execute("PRAGMA page_count").fetchone()[0]
    setup.log.database.execute(f"PRAGMA max_page_count = {pages + 1}")
    for job in (jobs.roll_up, jobs.retention, jobs.roll_up):
        with pytest.raises(WriteError, match="full") as caught:
            job()
        assert str(paths.database) in caught.value.message
    stored = setup.log.database.execute("SELECT count(*) FROM samples").fetchone()
    begun = {
        table: setup.log.database.execute(f"SELECT start_ms FROM {table}").fetchall() for table in TABLES
    }
    hours = {start for (start,) in begun["hours"]}
    assert stored == (240,)
    assert 0 < len(hours) < 40
    assert hours == {start // 3_600_000 * 3_600_000 for (start,) in begun["intervals"]}
    setup.log.database.execute("PRAGMA max_page_count = 100000")
    jobs.retention()
    assert setup.log.database.execute("SELECT sum(samples) FROM intervals").fetchone() == (240,)
    assert setup.log.database.execute("SELECT count(*) FROM samples").fetchone() == (0,)
    ended(setup)


# ---- settings taken while running (F28) ---------------------------------------------------------------------


def edit(paths: Paths, text: str) -> None:
    paths.config.mkdir(exist_ok=True)
    beside = paths.config / "new"
    beside.write_text(text)
    os.replace(beside, paths.config_file)


def test_changed_settings_are_left_in_the_inbox_and_taken_by_the_loop(paths: Paths) -> None:
    setup, jobs = started(paths)
    edit(paths, "sampling: {fps: 2.0}\npose: {min_score: 0.8}\nrules: {packs: [demo]}")
    jobs.reload()
    assert [rule.id for rule in setup.monitor.parts.engine.rules] == ["neck"], (
        "the loop's own thread takes them"
    )
    assert setup.monitor.inbox.wake.is_set()
    setup.monitor.inbox.handle()
    assert setup.monitor.pace.period == 0.5
    assert setup.monitor.parts.measuring.terms.min_score == 0.8
    taken = [rule.id for rule in setup.monitor.parts.engine.rules]
    assert taken
    assert all(name.startswith("demo-") for name in taken)
    assert setup.witness.notices == [f"settings read again, {len(taken)} rules in force"]
    assert ended(setup) == []


def test_how_much_may_be_said_is_taken_by_the_loop(paths: Paths) -> None:
    around = Around()
    around.findings = Findings(call="it", lock="it")
    setup, jobs = started(paths, around=around)
    parts = setup.monitor.parts
    edit(
        paths,
        "restraint: {alerts_per_hour: 2, quiet_hours: [22:00-07:00], hold_during: [sharing], pause_during: [],"
        " escalate_after: 5}",
    )
    jobs.reload()
    assert parts.circumstances.hold() == "in a call", "the loop's own thread takes them"
    setup.monitor.inbox.handle()
    assert (parts.circumstances.hold(), parts.circumstances.pause(MONDAY_NINE.wall)) == ("", "")
    assert parts.restraint.limits == Limits(2, (QuietHours(clocks(22), clocks(7)),), 5)
    edit(paths, "restraint: {hold_during: [cal]}")
    jobs.reload()
    setup.monitor.inbox.handle()
    assert parts.restraint.limits.alerts_per_hour == 2, "the last good ones stay"
    assert any("hold_during[0]" in notice for notice in setup.witness.notices)
    edit(paths, "restraint: {}")
    jobs.reload()
    setup.monitor.inbox.handle()
    assert (parts.circumstances.hold(), parts.restraint.limits) == ("in a call", Limits())
    ended(setup)


def test_a_file_goes_on_unrestrained_when_the_settings_change(paths: Paths) -> None:
    setup, jobs = started(paths)
    setup.monitor.parts.live = False
    edit(paths, "restraint: {alerts_per_hour: 2, pause_during: [quiet_hours], quiet_hours: [00:00-23:59]}")
    jobs.reload()
    setup.monitor.inbox.handle()
    assert setup.monitor.parts.restraint.limits.alerts_per_hour == 1000
    assert setup.monitor.parts.circumstances.pause(MONDAY_NINE.wall) == ""
    ended(setup)


def test_a_changed_hold_counts_for_the_very_next_alert(paths: Paths) -> None:
    """A call goes on all the time; in the middle of the run the settings say that calls do not matter."""
    around = Around()
    around.findings = Findings(call="it")
    setup, jobs = started(paths, around=around, lasts=700.0, neck=FLEXED)
    edit(paths, "restraint: {hold_during: []}")
    setup.clock.at(300.0, jobs.reload)
    setup.monitor.run()
    with LogReader.open(paths.database) as reader:
        rows = [(row.decision, row.decision_reason) for row in reader.alerts(0, 10**15)]
    assert rows[0] == ("held", "while you were in a call")
    assert "1 alert held back" in [told.title for told in setup.notifier.sent]


def test_a_calibration_made_meanwhile_is_taken_by_the_loop(paths: Paths) -> None:
    setup, jobs = started(paths)
    side = averaged([sight_of(pose(from_the_left()), SIZE, 0.5)] * 5, View.SAGITTAL_LEFT, SIZE, "drawn", 5.0)
    save(paths.profiles, "sit", "camera 0", "2026-11-22T12:00:00Z", side)
    jobs.reload()
    assert setup.monitor.parts.measuring.profiles == (), "the loop's own thread takes it"
    setup.monitor.inbox.handle()
    assert [profile.label for profile in setup.monitor.parts.measuring.profiles] == ["sit r1"]
    assert "calibrated: sit r1" in setup.witness.notices
    jobs.reload()
    assert not setup.monitor.inbox.wake.is_set(), "what is in force is not taken again"
    edit(paths, "calibration: {profile: stand}")
    jobs.reload()
    setup.monitor.inbox.handle()
    assert any("no calibrated profile 'stand' (there: sit)" in words for words in setup.witness.notices)
    assert [profile.label for profile in setup.monitor.parts.measuring.profiles] == ["sit r1"]
    ended(setup)


def test_nothing_changed_is_nothing_done(paths: Paths) -> None:
    setup, jobs = started(paths)
    jobs.reload()
    setup.monitor.inbox.handle()
    assert setup.witness.notices == []
    ended(setup)


def test_a_bad_edit_is_told_once_and_the_last_good_settings_stay(paths: Paths) -> None:
    setup, jobs = started(paths)
    edit(paths, "sampling: {fps: fast}")
    for _ in range(4):
        jobs.reload()
        setup.monitor.inbox.handle()
    (notice,) = setup.witness.notices
    assert "config.yaml:1: sampling.fps" in notice
    assert "last good settings stay" in notice
    assert setup.monitor.pace.period == 1.0
    assert ended(setup) == ["A settings file of uprightd is wrong"]
    assert "config.yaml:1" in setup.notifier.sent[0].body


# ---- the scheduler ------------------------------------------------------------------------------------------


def test_what_was_missed_is_made_up_for_at_the_start(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    watched(setup, MONDAY_NINE.wall - 20 * DAY, samples=3)
    jobs.start()
    try:
        wait_for(lambda: "2026-W47" in setup.log.made_reports(weekly.KIND), "the summary")
        wait_for(
            lambda: [told.title for told in setup.notifier.sent] == ["Your week of posture"],
            "the notification",
        )

        def retained() -> bool:
            with LogReader.open(paths.database) as reader:
                return reader.counts()["samples"] == 10

        wait_for(retained, "retention")
    finally:
        jobs.stop()
    assert ended(setup) == ["Your week of posture"]


def test_a_job_that_fails_is_said_in_words(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    setup, jobs = started(paths)

    def refuse(*_: object) -> None:
        raise WriteError("uprightd.db: cannot remove old samples (disk full)", "Free some space.")

    monkeypatch.setattr(setup.log, "retain", refuse)
    jobs.start()
    try:
        wait_for(lambda: bool(setup.witness.notices), "a notice")
    finally:
        jobs.stop()
    (notice,) = setup.witness.notices
    assert "'retention'" in notice
    assert "disk full" in notice
    assert "Free some space." in notice
    ended(setup)


def test_stopping_without_having_started_is_harmless(paths: Paths) -> None:
    setup, jobs = started(paths)
    jobs.stop()
    ended(setup)


HANG = """
import sys, threading
from pathlib import Path
from tests.fakes.camera import wait_for
from tests.unit.test_jobs import Paths, started

root = Path(sys.argv[1])
paths = Paths(root / "config", root / "data", root / "cache", root / "logs", root / "run")
setup, jobs = started(paths)
entered = threading.Event()

def hang():
    entered.set()
    threading.Event().wait()

jobs.weekly_summary = hang
jobs.start()
assert entered.wait(20)
jobs.stop()
print("stopped")
"""


def test_a_job_that_hangs_keeps_neither_stop_nor_the_end_of_the_process(tmp_path: Path) -> None:
    """F23. The standard library would wait for a pool's thread at the end of the process, for ever."""
    checkout = Path(__file__).parents[2]
    search = [str(Path(uprightd.__file__).parents[1]), str(checkout)]
    done = subprocess.run(
        [sys.executable, "-c", HANG, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr


def test_the_clock_of_the_jobs_is_the_monitors(paths: Paths) -> None:
    """A year on: nothing asks the real clock whether a summary is due."""
    setup, jobs = started(paths, at(MONDAY_NINE.wall + 52 * WEEK))
    watched(setup, START.wall - DAY + 52 * WEEK)
    jobs.weekly_summary()
    assert summaries(paths) == ["uprightd-2027-W46.html"]
    assert isinstance(setup.clock, JumpingClock)
    ended(setup)
    open_log(paths.data, setup.clock).close()
