"""One working day at one picture a second, through the real loop: exactly what is said, and what every second was."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import pairwise

import pytest
from tests.fakes.day import Day, Run, Seen, calibrated, script_of

from uprightd.config.schema import Config
from uprightd.domain import Posture, View
from uprightd.durations import duration_text
from uprightd.metrics.definitions import METRICS
from uprightd.paths import shipped
from uprightd.report import periods
from uprightd.report.summary import Summary, summarise
from uprightd.rules.loading import load_pack
from uprightd.service.speech import ACTIONS
from uprightd.store.reading import LogReader

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ALL_TIME = (0, 10**15)
MINUTE, HOUR = 60.0, 3600.0

# Whoever is not said to be otherwise sits upright. Nothing said of a break: nobody sits for 50 minutes without one but
# in the call and before lunch.
SCRIPT = """
    08:00  away for 2 min
    08:15  head down for 20 s
    08:21  head down for 30 s
    08:33  head down for 40 s
    08:40  away for 3 min
    09:10  head down for 3 min
    09:16  head down for 2 min
    09:30  away for 5 min
    09:45  too close for 2 min
    10:02  in a call for 39 min
    10:10  head down for 3 min
    10:28  head down for 90 s
    10:45  away for 4 min
    10:47  seen from the left
    11:45  away for 60 min
    13:10  camera unplugged for 10 min
    13:12  head down for 3 min
    13:30  camera turned aside for 15 min
    13:35  head down for 4 min
    13:50  camera turned aside for 5 min
    14:00  away for 3 min
    14:05  clock an hour fast for 10 min
    14:20  away for 3 min
    14:30  screen locked for 20 min
    14:35  head down for 3 min
    15:20  head down for 3 min
    15:26  away for 3 min
    15:31  head down for 3 min
    15:42  head down for 3 min
    15:53  head down for 3 min
    16:04  head down for 3 min
    16:10  away for 3 min
    16:16  head down for 3 min
    16:24  in a call for 16 min
    16:27  head down for 2 min
    16:30  paused for 40 min
    16:45  uprightd stopped for 5 min
    16:55  head down for 3 min
    17:20  head down for 2 min
    17:30  screen locked for 265 min
    22:10  head down for 3 min
    22:30  laptop asleep for 8 h
    06:32  head down for 2 min
    06:36  uprightd stopped
"""

HEAD_DOWN = "Head down for 1 min. Look up and ease your neck."
PITCH = "Head pitch 32.0°, limit 25°, for 1 min, seen from the front, confidence 0.90"
NECK = "Neck flexion 60.0°, limit 50°, for 1 min, seen from the left, confidence 0.90"
TOLD = f"""
    Mon 09:11:00  {HEAD_DOWN} | {PITCH}
    Mon 09:46:00  Closer to the screen than usual for 1 min. Lean back, or make the text larger. | \
                  Screen distance 0.769, limit 0.8, for 1 min, seen from the front, confidence 0.90
    Mon 10:41:00  3 alerts held back | While you were in a call (10:02–10:41): head down twice, sitting once.
    Mon 11:39:00  At the desk for 50 min without a break. Stand up and walk a few steps. | \
                  Sitting for 50 min, limit 50 min without a break of 2 min, seen from the left, confidence 0.90
    Mon 13:10:30  uprightd cannot watch | camera: camera 0 is not there
    Mon 13:31:30  Has the camera moved? | It does not fit the calibrated pose: you have moved by 1.1 shoulder widths. \
                  No alerts until it does, or until: uprightd calibrate
    Mon 15:21:00  {HEAD_DOWN} | {NECK}
    Mon 15:32:00  {HEAD_DOWN} | {NECK}
    Mon 15:43:00  {HEAD_DOWN} | {NECK}
    Mon 15:54:00  {HEAD_DOWN} | {NECK}
    Mon 16:21:00  2 alerts held back | After 4 notifications within an hour (15:54–16:21): neck flexion twice.
    Mon 17:10:00  1 alert held back | While you were in a call (16:24–16:40): neck flexion once.
    Mon 17:21:00  {HEAD_DOWN} | {NECK}
    Tue 06:30:00  1 alert held back | In quiet hours (22:00–06:30): neck flexion once.
    Tue 06:33:00  {HEAD_DOWN} | {NECK}
"""
"""Every notification: when, its title, its text."""

ALERTS = """
    Mon 09:11:00  head-down held for 1 min: spoken
    Mon 09:46:00  too-close held for 1 min: spoken
    Mon 10:11:00  head-down held for 1 min: held while you were in a call
    Mon 10:25:00  sitting held for 50 min: held while you were in a call
    Mon 10:29:00  head-down held for 1 min: held while you were in a call
    Mon 11:39:00  sitting held for 50 min: spoken
    Mon 15:21:00  neck-flexion held for 1 min: spoken
    Mon 15:32:00  neck-flexion held for 1 min: spoken
    Mon 15:43:00  neck-flexion held for 1 min: spoken
    Mon 15:54:00  neck-flexion held for 1 min: spoken
    Mon 16:05:00  neck-flexion held for 1 min: held after 4 notifications within an hour
    Mon 16:17:00  neck-flexion held for 1 min: held after 4 notifications within an hour
    Mon 16:28:00  neck-flexion held for 1 min: held while you were in a call
    Mon 17:21:00  neck-flexion held for 1 min: spoken
    Mon 22:11:00  neck-flexion held for 1 min: held in quiet hours
    Tue 06:33:00  neck-flexion held for 1 min: spoken
"""
"""The log's alerts, with what was decided about each."""

STATES = """
    Mon 08:00:00  away: nobody in view
    Mon 08:02:00  watching: someone in view
    Mon 08:40:03  away: nobody in view
    Mon 08:43:00  watching: someone in view
    Mon 09:30:03  away: nobody in view
    Mon 09:35:00  watching: someone in view
    Mon 10:45:03  away: nobody in view
    Mon 10:49:00  watching: someone in view
    Mon 11:45:03  away: nobody in view
    Mon 12:45:00  watching: someone in view
    Mon 13:10:00  degraded: camera: camera 0 is not there
    Mon 13:20:00  watching: someone in view
    Mon 13:31:30  uncalibrated: camera moved?
    Mon 13:45:05  watching: someone in view
    Mon 13:51:30  uncalibrated: camera moved?
    Mon 13:55:05  watching: someone in view
    Mon 14:00:03  away: nobody in view
    Mon 14:03:00  watching: someone in view
    Mon 14:20:03  away: nobody in view
    Mon 14:23:00  watching: someone in view
    Mon 14:30:01  paused: the screen is locked
    Mon 14:50:00  watching: someone in view
    Mon 15:26:03  away: nobody in view
    Mon 15:29:00  watching: someone in view
    Mon 16:10:03  away: nobody in view
    Mon 16:13:00  watching: someone in view
    Mon 16:30:01  paused: by you
    Mon 16:50:01  paused: by you
    Mon 17:10:00  watching: someone in view
    Mon 17:30:01  paused: the screen is locked
    Mon 21:55:00  watching: someone in view
"""
"""The log's transitions. Somebody must be gone for 3 s to be away; a pause is written down within a second."""

WATCHED = """
    08:00:00  13:09:59
    13:20:00  14:04:59
    14:15:00  14:30:00
    14:50:00  16:29:59
    17:10:00  17:30:00
    21:55:00  22:29:59
"""
"""Monday from the first to the last sample of each stretch: a second is watched when there is a sample at either end.

The ten minutes in which the clock was an hour fast are in the log as 15:05:00–15:14:59, and so was the same time later
on: it counts once. (Where the clock is set back, time by the clock is there twice, and no clock can tell it apart.)
"""
AWAY = (2 + 3 + 5 + 4 + 60 + 4 * 3) * MINUTE
UNRELIABLE = (15 + 5) * MINUTE - 2 * 90 + 2 * 5
"""A camera counts as moved after 90 s, and as back after 5."""
POOR = 20 + 30 + 40 + (3 + 2 + 2 + 3 + 1.5 + 6 * 3 + 2 + 2 + 3) * MINUTE
"""All that was watched of the heads down and of being too close: not while the camera was unplugged or moved, the
screen locked or the program paused."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The day, lived through once, an hour ahead of UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Vienna")
        time.tzset()
        config = Config.model_validate({"restraint": {"quiet_hours": ["22:00-06:30"]}})
        rules = load_pack(shipped("rules") / "desk.yaml", METRICS).rules
        profiles = [calibrated("front", View.FRONTAL), calibrated("side", View.SAGITTAL_LEFT)]
        script = script_of(SCRIPT, MONDAY.isoformat())
        yield Day(tmp_path_factory.mktemp("day"), script, config, rules, profiles).live()
    time.tzset()


@pytest.fixture
def log(day: Day) -> Iterator[LogReader]:
    with LogReader.open(day.folder / "uprightd.db") as reader:
        yield reader


def lines(text: str) -> list[str]:
    """The lines of a table, single-spaced."""
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def moment(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall).astimezone():%a %H:%M:%S}"


def stretches() -> list[tuple[float, float]]:
    """Monday's watched stretches in seconds since midnight."""
    clocks = [[map(int, clock.split(":")) for clock in line.split()] for line in lines(WATCHED)]
    ends = [[hour * HOUR + minute * MINUTE + second for hour, minute, second in line] for line in clocks]
    return [(start, end) for start, end in ends]


def summary_of(log: LogReader, when: date) -> Summary:
    return summarise(log, periods.day(when))


# ---- what is said ---------------------------------------------------------------------------------------------------


def test_exactly_these_notifications_are_told(day: Day) -> None:
    found = [f"{moment(at)} {told.title} | {told.body}" for at, told in day.told]
    assert found == lines(TOLD)


def test_every_one_arrives_and_alerts_have_their_buttons(day: Day) -> None:
    arrived = [told for run in day.runs for told in run.notifier.sent]
    assert [(told.title, told.body) for told in arrived] == [(told.title, told.body) for _, told in day.told]
    buttons = [told.actions for told in arrived if told.title.startswith("Head down")]
    assert buttons == [ACTIONS] * 7


def test_exactly_these_alerts_are_logged_with_what_was_decided(log: LogReader) -> None:
    rows = log.alerts(*ALL_TIME)
    found = [
        f"{moment(row.at_ms / 1000)} {row.rule} held for {duration_text(row.held_s)}: "
        f"{row.decision} {row.decision_reason}".strip()
        for row in rows
    ]
    assert found == lines(ALERTS)
    assert Counter((row.decision, row.outcome) for row in rows) == {
        ("spoken", "delivered"): 9,
        ("held", "off"): 7,
    }
    assert all(row.at_ms - row.started_ms == row.held_s * 1000 for row in rows), "nothing interrupted these"


def test_exactly_these_states_are_passed_through(log: LogReader) -> None:
    rows = log.transitions(*ALL_TIME)
    assert [f"{moment(row.at_ms / 1000)} {row.activity}: {row.reason}" for row in rows] == lines(STATES)


def test_every_step_of_the_clock_is_noticed_once(day: Day) -> None:
    steps = [text.split("by ")[1].split(" s ")[0] for text in day.diary.notices if "the clock moved" in text]
    assert steps == ["+3600", "-3600", "+28800"]


# ---- when it looks --------------------------------------------------------------------------------------------------


def test_the_camera_is_released_while_nothing_is_watched_and_opened_anew_after_a_step(day: Day) -> None:
    first, second = day.runs
    assert [clock_of(first, at) for at in first.camera.opened] == [
        "08:00:00",
        "14:05:00",
        "14:15:00",
        "14:50:00",
    ]
    assert [clock_of(first, at) for at in first.camera.closed] == [
        "14:05:00",
        "14:15:00",
        "14:30:00",
        "16:30:00",
    ]
    assert [clock_of(second, at) for at in second.camera.opened] == ["17:10:00", "21:55:00", "22:30:00"]
    assert [clock_of(second, at) for at in second.camera.closed] == ["17:30:00", "22:30:00", "22:36:00"]


def clock_of(run: Run, seconds: float) -> str:
    """What a clock without steps and sleep shows when the camera's does."""
    return moment(run.clock.start.wall + seconds).split()[1]


def test_values_count_from_the_pose_calibrated_for_how_the_camera_sees_the_person(day: Day) -> None:
    present = [seen for seen in day.diary.seen if seen.posture is not Posture.AWAY]
    labels = [seen.profile for seen in present]
    changes = [
        moment(present[0].at.wall),
        *(moment(b.at.wall) for a, b in pairwise(present) if a.profile != b.profile),
    ]
    assert [label for label, before in zip(labels, ["?", *labels], strict=False) if label != before] == [
        "front r1",
        "side r1",
        "",
        "side r1",
        "",
        "side r1",
    ]
    assert [change.split()[1] for change in changes] == [
        "08:02:00",
        "10:49:00",
        "13:31:30",
        "13:45:05",
        "13:51:30",
        "13:55:05",
    ]


# ---- how time adds up -----------------------------------------------------------------------------------------------


def test_every_second_of_monday_is_counted_once_as_what_it_was(log: LogReader) -> None:
    summary = summary_of(log, MONDAY)
    watched = sum(end - start for start, end in stretches())
    assert summary.seconds == {
        Posture.GOOD: watched - POOR - UNRELIABLE - AWAY,
        Posture.POOR: POOR,
        Posture.UNRELIABLE: UNRELIABLE,
        Posture.AWAY: AWAY,
    }
    assert summary.watched == watched
    assert summary.judged == watched - UNRELIABLE - AWAY
    assert summary.running == 16 * HOUR - 5 * MINUTE, "from 08:00 to midnight, but for the restart"
    assert summary.runs == 2


def test_a_night_asleep_is_nobodys_time(log: LogReader) -> None:
    summary = summary_of(log, TUESDAY)
    assert (summary.seconds[Posture.GOOD], summary.seconds[Posture.POOR]) == (6 * MINUTE - 1 - 120, 120)
    assert summary.watched == 6 * MINUTE - 1
    assert summary.longest_good is not None
    assert summary.longest_good.start.hour == 6


def test_the_log_agrees_with_the_monotonic_clock(day: Day, log: LogReader) -> None:
    """Time by the clock that nobody sets, added up sample by sample, is what the report adds up from the log."""
    beats = [(a, b.at.mono - a.at.mono) for a, b in pairwise(day.diary.seen) if unbroken(a, b)]
    assert {gap for _, gap in beats} == {1.0}
    lived = Counter(seen.posture for seen, _ in beats)
    twice = 10 * MINUTE - 1
    lived[Posture.GOOD] -= int(twice)
    days = [summary_of(log, when).seconds for when in (MONDAY, TUESDAY)]
    assert {posture: sum(seconds[posture] for seconds in days) for posture in Posture} == lived


def unbroken(before: Seen, after: Seen) -> bool:
    """Whether neither a run, nor a gap, nor a step of the clock lies between two samples."""
    mono, wall = after.at.mono - before.at.mono, after.at.wall - before.at.wall
    return before.run == after.run and 0 < mono <= 5 and abs(wall - mono) < 1


def test_nothing_is_sampled_outside_the_watched_stretches(log: LogReader) -> None:
    midnight = datetime.fromisoformat(f"{MONDAY}T00:00").timestamp()
    spans = [(midnight + start, midnight + end) for start, end in stretches()]
    monday = [row.at_ms / 1000 for row in log.samples(*ALL_TIME) if row.at_ms / 1000 < midnight + 24 * HOUR]
    assert all(any(start <= at <= end for start, end in spans) for at in monday)
    assert len(monday) == sum(int(end - start) + 1 for start, end in spans) + 10 * MINUTE
