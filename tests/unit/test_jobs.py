"""The periodic jobs on a real log: the summary made once, old samples removed, settings taken, a hang survived."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import time as clocks
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.body import from_the_left, pose
from tests.fakes.camera import wait_for
from tests.fakes.loop import FLEXED, IMAGE, START, Around, JumpingClock, Rig, open_log, rig

import uprightd
from uprightd.calibration.baseline import averaged
from uprightd.camera.source import parse_source
from uprightd.domain import Instant, Posture, View
from uprightd.errors import WriteError
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
    assert summaries(paths) == ["uprightd-2026-W47.txt"]
    path = paths.reports / "uprightd-2026-W47.txt"
    assert path.read_text(encoding="utf-8").startswith("Week 47 of 2026")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert setup.log.last_report(weekly.KIND) == "2026-W47"
    assert ended(setup) == ["Your week of posture"]
    assert str(path) in setup.notifier.sent[0].body


def test_it_is_made_exactly_once_however_often_it_is_looked_for(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - DAY)
    for _ in range(5):
        jobs.weekly_summary()
    (paths.reports / "uprightd-2026-W47.txt").unlink()
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


def test_after_weeks_of_sleep_it_is_made_once_for_the_last_full_week(paths: Paths) -> None:
    setup, jobs = started(paths, at(MONDAY_NINE.wall + 3 * WEEK))
    for week in range(4):
        watched(setup, START.wall - DAY + week * WEEK)
    for _ in range(3):
        jobs.weekly_summary()
    assert ended(setup) == ["Your week of posture"]
    assert summaries(paths) == ["uprightd-2026-W50.txt"]
    assert remembered(paths) == 1


def test_where_nothing_was_watched_there_is_nothing_to_tell(paths: Paths) -> None:
    setup, jobs = started(paths)
    watched(setup, START.wall - 8 * DAY)  # the week before last
    watched(setup, MONDAY_NINE.wall)  # and this one
    jobs.weekly_summary()
    assert ended(setup) == []
    assert (summaries(paths), remembered(paths)) == ([], 0)


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
        wait_for(lambda: setup.log.last_report(weekly.KIND) == "2026-W47", "the summary")
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
    assert summaries(paths) == ["uprightd-2027-W46.txt"]
    assert isinstance(setup.clock, JumpingClock)
    ended(setup)
    open_log(paths.data, setup.clock).close()
