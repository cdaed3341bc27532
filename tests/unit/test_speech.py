"""What the monitor says, holds and keeps to itself, in the loop: calls, the hour's share, snoozes, restarts."""

from __future__ import annotations

import sqlite3
import time as clocks
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.fakes.camera import wait_for
from tests.fakes.loop import FLEXED, NECK, START, UPRIGHT, Around, Rig, rig, sitting

from uprightd.config.schema import Restraint as Settings
from uprightd.domain import Instant
from uprightd.errors import WriteError
from uprightd.records import AlertRow
from uprightd.rules.model import Rule
from uprightd.rules.quiet import QuietHours
from uprightd.rules.restraint import Limits
from uprightd.service.delivery import REMEMBERED
from uprightd.service.monitor import Monitor
from uprightd.service.speech import ACTIONS, COUNTED, KEPT_EVERY, MEMORY, tomorrow
from uprightd.store.reading import LogReader
from uprightd.surroundings.findings import Findings

BRISK = replace(NECK, hold=2.0, cooldown=0.0)
"""Speaks at every nod."""
OTHER = replace(BRISK, id="other")
NOD = 6.0
BERLIN = "Europe/Berlin"
FOR_EVER = float("inf")


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """The person lives where the clocks change."""
    monkeypatch.setenv("TZ", BERLIN)
    clocks.tzset()
    yield ZoneInfo(BERLIN)
    monkeypatch.undo()
    clocks.tzset()


def nodding(setup: Rig, *moments: float) -> Rig:
    """Let the head go down for some seconds at each of these; a brisk rule has spoken three seconds later."""
    for moment in moments:
        setup.clock.at(moment, lambda: setattr(setup.model, "pose", sitting(FLEXED)))
        setup.clock.at(moment + NOD, lambda: setattr(setup.model, "pose", sitting(UPRIGHT)))
    return setup


def calling(setup: Rig, around: Around, begins: float, ends: float, **found: str) -> Rig:
    setup.clock.at(begins, lambda: setattr(around, "findings", Findings(**(found or {"call": "a call"}))))
    setup.clock.at(ends, lambda: setattr(around, "findings", Findings()))
    return setup


def pressing(setup: Rig, moment: float, action: str, key: Callable[[], int] | int | None = None) -> None:
    """Let the button be pressed on the newest notification of an alert, or on the one with the key."""

    def press() -> None:
        assert setup.monitor.parts.courier.flush(10)
        which = key() if callable(key) else key
        number = (
            next(told.key for told in reversed(setup.notifier.sent) if told.actions)
            if which is None
            else which
        )
        setup.monitor.inbox.post(lambda: setup.monitor.speech.pressed(number, action))

    setup.clock.at(moment, press)


def later(seconds: float) -> Instant:
    """A start of the next run, so long after the first one's start, with another origin of the monotonic clock."""
    return Instant(START.wall + seconds, 7.0)


def alerts(folder: Path) -> list[AlertRow]:
    with LogReader.open(folder / "uprightd.db") as reader:
        return reader.alerts(0, 10**15)


def decided(folder: Path) -> list[tuple[str, str, str]]:
    return [(row.rule, row.decision, row.decision_reason) for row in alerts(folder)]


def spoken(setup: Rig) -> list[float]:
    """Seconds after the start at which an alert was told."""
    return [round(alert.at.mono - setup.clock.start.mono) for alert in setup.witness.alerts]


def titles(setup: Rig) -> list[str]:
    return [told.title for told in setup.notifier.sent]


def looked(folder: Path, seconds: float, rules: tuple[Rule, ...] = (BRISK,), **more) -> tuple[Rig, Around]:
    around = Around()
    return rig(folder, seconds, rules=rules, around=around, **more), around


# ---- held -------------------------------------------------------------------------------------------------


def test_an_alert_in_a_call_is_held_with_its_reason_and_told_once_after_it(tmp_path: Path) -> None:
    setup, around = looked(tmp_path, 300.0)
    calling(nodding(setup, 40, 80), around, 30.0, 120.0)
    setup.clock.at(110.0, lambda: titles(setup) == [] or pytest.fail("told in the middle of the call"))
    setup.monitor.run()
    assert decided(tmp_path) == [("neck", "held", "while you were in a call")] * 2
    assert {row.outcome for row in alerts(tmp_path)} == {"off"}
    (told,) = setup.notifier.sent
    assert (told.title, told.actions) == ("2 alerts held back", ())
    assert told.body.startswith("While you were in a call (")
    assert told.body.endswith("): neck twice.")
    assert setup.witness.alerts == []
    assert setup.monitor.counts.alerts == 0
    assert setup.witness.notices == ["neck: held while you were in a call"] * 2


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("call", "in a call"),
        ("sharing", "sharing the screen"),
        ("presentation", "showing something on the whole screen"),
        ("do_not_disturb", "not to be disturbed"),
    ],
)
def test_whatever_holds_names_itself(topic: str, words: str, tmp_path: Path) -> None:
    setup, around = looked(tmp_path, 80.0)
    calling(nodding(setup, 40), around, 30.0, 70.0, **{topic: "it"})
    setup.monitor.run()
    assert decided(tmp_path) == [("neck", "held", f"while you were {words}")]
    assert titles(setup) == ["1 alert held back"]


def test_what_the_settings_do_not_name_holds_nothing(tmp_path: Path) -> None:
    setup, around = looked(tmp_path, 80.0)
    setup.monitor.parts.circumstances.take(Settings(hold_during=("sharing",)))
    calling(nodding(setup, 40), around, 30.0, 70.0)
    setup.monitor.run()
    assert decided(tmp_path) == [("neck", "spoken", "")]


def test_a_call_without_alerts_is_not_mentioned(tmp_path: Path) -> None:
    setup, around = looked(tmp_path, 80.0)
    calling(setup, around, 30.0, 70.0)
    setup.monitor.run()
    assert (setup.notifier.sent, setup.witness.notices) == ([], [])


def test_the_surplus_of_an_hour_is_told_in_one_summary_once_there_is_room(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 3700.0, alerts_per_hour=2)
    nodding(setup, *range(40, 280, 40)).monitor.run()
    reason = "after 2 notifications within an hour"
    assert decided(tmp_path) == [("neck", "spoken", "")] * 2 + [("neck", "held", reason)] * 4
    assert titles(setup) == ["Look up: 55.0° for 2 s."] * 2 + ["4 alerts held back"]
    assert setup.notifier.sent[-1].body.startswith("After 2 notifications within an hour (")


def test_in_quiet_hours_nothing_is_said_and_the_morning_hears_of_it(
    in_berlin: ZoneInfo, tmp_path: Path
) -> None:
    """12:00 UTC is 13:00 in Berlin: the person's own clock decides."""
    setup, _ = looked(tmp_path, 240.0)
    setup.monitor.parts.restraint.limits = Limits(1000, (QuietHours(time(13, 1), time(13, 3)),))
    nodding(setup, 20, 80, 120, 200).monitor.run()
    assert [decision for _, decision, _ in decided(tmp_path)] == ["spoken", "held", "held", "spoken"]
    assert {why for _, _, why in decided(tmp_path)} == {"", "in quiet hours"}
    assert [told.body for told in setup.notifier.sent if "held back" in told.title] == [
        "In quiet hours (13:01–13:03): neck twice."
    ]


def test_every_alert_has_one_decision_and_only_the_spoken_ones_are_told(tmp_path: Path) -> None:
    """A call, the hour's share, a snooze: each of many alerts is logged once, as what it became."""
    setup, around = looked(tmp_path, 900.0, rules=(BRISK, OTHER), alerts_per_hour=5)
    calling(nodding(setup, *range(40, 800, 40)), around, 100.0, 200.0)
    setup.clock.at(600, lambda: setup.monitor.inbox.post(lambda: setup.monitor.speech.snooze(1e10, "other")))
    setup.monitor.run()
    rows = alerts(tmp_path)
    assert len(rows) == 2 * 19
    kinds = [row.decision for row in rows]
    assert {*kinds} == {"spoken", "held", "dropped"}
    told = [sent for sent in setup.notifier.sent if sent.actions]
    spoken_rows = [row.id for row in rows if row.decision == "spoken"]
    assert [sent.key for sent in told] == spoken_rows
    assert len(setup.witness.alerts) == setup.monitor.counts.alerts == len(spoken_rows)
    assert all((row.decision_reason == "") is (row.decision == "spoken") for row in rows)


def test_a_summary_waits_for_the_end_of_a_pause(tmp_path: Path) -> None:
    """Whoever has locked the screen, or asked for a pause, is not spoken to."""
    setup, around = looked(tmp_path, 300.0)
    calling(nodding(setup, 40), around, 30.0, 100.0)
    setup.clock.at(60.5, lambda: setup.monitor.inbox.post(lambda: setup.monitor.pause(FOR_EVER, "by you")))
    setup.clock.at(200.5, lambda: titles(setup) == [] or pytest.fail("told while nothing was to be said"))
    setup.clock.at(200.6, lambda: setup.monitor.inbox.post(setup.monitor.resume))
    setup.monitor.run()
    assert titles(setup) == ["1 alert held back"]


# ---- buttons ----------------------------------------------------------------------------------------------


def test_an_alert_offers_its_buttons(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 60.0)
    nodding(setup, 20).monitor.run()
    (told,) = setup.notifier.sent
    assert told.actions == ACTIONS
    assert [action.key for action in ACTIONS] == ["snooze-15", "snooze-60", "snooze-tomorrow", "wrong"]


@pytest.mark.parametrize(("action", "minutes"), [("snooze-15", 15), ("snooze-60", 60)])
def test_a_snooze_silences_that_rule_for_that_time_and_no_other(
    action: str, minutes: int, tmp_path: Path
) -> None:
    end = 30.0 + 60 * minutes
    setup, _ = looked(tmp_path, end + 60, rules=(BRISK, replace(OTHER, cooldown=1e5)))
    pressing(nodding(setup, 20, 60, end - 20, end + 20), 30.0, action, lambda: alerts(tmp_path)[0].id)
    setup.monitor.run()
    neck = [(kind, why) for rule, kind, why in decided(tmp_path) if rule == "neck"]
    assert [kind for kind, _ in neck] == ["spoken", "dropped", "dropped", "spoken"]
    assert all("this rule was snoozed until" in why and "(by you)" in why for _, why in neck[1:3])
    assert titles(setup) == ["Look up: 55.0° for 2 s."] * 3, "what is dropped is in no summary"
    said = next(notice for notice in setup.witness.notices if "snoozed until" in notice)
    assert said.startswith("neck: snoozed until ")


def test_while_one_rule_is_snoozed_another_speaks(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 120.0, rules=(BRISK, OTHER))
    pressing(nodding(setup, 20, 60), 30.0, "snooze-15", lambda: alerts(tmp_path)[0].id)
    setup.monitor.run()
    assert [(rule, kind) for rule, kind, _ in decided(tmp_path)] == [
        ("neck", "spoken"),
        ("other", "spoken"),
        ("neck", "dropped"),
        ("other", "spoken"),
    ]


@pytest.mark.parametrize(
    ("pressed", "morning"),
    [
        ((2026, 11, 22, 13, 0), (2026, 11, 23, 6, 0)),
        ((2026, 10, 24, 20, 0), (2026, 10, 25, 6, 0)),
        ((2027, 3, 27, 20, 0), (2027, 3, 28, 6, 0)),
        ((2026, 12, 31, 23, 59), (2027, 1, 1, 6, 0)),
        ((2026, 11, 22, 0, 30), (2026, 11, 23, 6, 0)),
    ],
    ids=["a usual day", "the clocks go back", "the clocks go forward", "new year", "after midnight"],
)
def test_tomorrow_is_the_next_days_morning_whatever_the_clocks_do(
    pressed: tuple[int, ...], morning: tuple[int, ...], in_berlin: ZoneInfo
) -> None:
    begun = datetime(*pressed, tzinfo=in_berlin)  # type: ignore[misc] - year to minute
    assert tomorrow(begun.timestamp()) == datetime(*morning, tzinfo=in_berlin).timestamp()  # type: ignore[misc]


def test_until_tomorrow_lasts_over_the_change_of_the_clocks(in_berlin: ZoneInfo, tmp_path: Path) -> None:
    """From eight in the evening to six are eleven hours in the night in which the clocks go back."""
    evening = datetime(2026, 10, 24, 20, 0, tzinfo=in_berlin).timestamp()
    setup, _ = looked(tmp_path, 120.0, start=Instant(evening, 1000.0))
    pressing(nodding(setup, 20, 60), 30.0, "snooze-tomorrow")
    setup.monitor.run()
    assert [snooze.rule for snooze in setup.monitor.speech.restraint.snoozed(setup.clock.now())] == ["neck"]
    for hours, kind in ((10.5, "dropped"), (11.01, "spoken")):
        again, _ = looked(tmp_path, 60.0, start=Instant(evening + hours * 3600, 5.0))
        nodding(again, 20).monitor.run()
        assert decided(tmp_path)[-1][1] == kind
    assert "until Sunday 06:00" in decided(tmp_path)[1][2]


def test_that_was_wrong_is_stored_with_its_alert_and_silences_nothing(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 120.0)
    nodding(setup, 20, 60)
    pressing(setup, 30.0, "wrong")
    pressing(setup, 31.0, "wrong")
    setup.monitor.run()
    with LogReader.open(tmp_path / "uprightd.db") as reader:
        (row,) = reader.feedback(0, 10**15)
    assert (row.alert_id, row.verdict) == (alerts(tmp_path)[0].id, "wrong")
    assert [kind for _, kind, _ in decided(tmp_path)] == ["spoken", "spoken"]
    assert "noted as wrong" in setup.witness.notices[0]


def test_feedback_on_a_full_disk_is_said_not_to_be_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, _ = looked(tmp_path, 60.0)

    def refuse(*_: object) -> None:
        raise WriteError("uprightd.db: cannot store what you think of an alert (full)", "Free some space.")

    monkeypatch.setattr(setup.log, "add_feedback", refuse)
    pressing(nodding(setup, 20), 30.0, "wrong")
    setup.monitor.run()
    assert [notice for notice in setup.witness.notices if "full" in notice]
    assert not [notice for notice in setup.witness.notices if "noted as wrong" in notice]
    assert setup.monitor.counts.samples == 60


@pytest.mark.parametrize(
    ("key", "action"),
    [
        (0, "snooze-15"),
        (-1, "wrong"),
        (99, "wrong"),
        (10**30, "snooze-60"),
        (1, "dance"),
        (1, ""),
        (1, "default"),
    ],
)
def test_a_button_nobody_has_is_harmless(key: int, action: str, tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 120.0)
    pressing(nodding(setup, 20, 60), 30.0, action, key)
    setup.monitor.run()
    assert [kind for _, kind, _ in decided(tmp_path)] == ["spoken", "spoken"]
    assert setup.witness.notices == []
    assert setup.monitor.speech.restraint.snoozed(setup.clock.now()) == ()
    with LogReader.open(tmp_path / "uprightd.db") as reader:
        assert reader.counts()["feedback"] == 0


def test_after_a_hundred_alerts_the_oldest_button_is_dead_and_the_newest_works(tmp_path: Path) -> None:
    number = REMEMBERED + 1
    setup, _ = looked(tmp_path, 40.0 + 10 * number)
    nodding(setup, *[20.0 + 10 * each for each in range(number)])
    setup.clock.at(30.0 + 10 * number, lambda: setup.monitor.speech.pressed(1, "snooze-15"))
    setup.clock.at(
        30.1 + 10 * number,
        lambda: setup.monitor.speech.restraint.snoozed(setup.clock.now()) == () or pytest.fail("snoozed"),
    )
    setup.clock.at(31.0 + 10 * number, lambda: setup.monitor.speech.pressed(2, "snooze-15"))
    setup.monitor.run()
    assert len(alerts(tmp_path)) == number
    assert len(setup.monitor.speech.restraint.snoozed(setup.clock.now())) == 1


def test_the_button_of_an_alert_that_could_not_be_logged_snoozes_and_cannot_be_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, _ = looked(tmp_path, 60.0)

    def refuse(*_: object) -> None:
        raise WriteError("uprightd.db: cannot store an alert (full)", "Free some space.")

    monkeypatch.setattr(setup.log, "add_alert", refuse)
    nodding(setup, 20)
    pressing(setup, 30.0, "wrong")
    pressing(setup, 31.0, "snooze-15")
    setup.monitor.run()
    assert [snooze.rule for snooze in setup.monitor.speech.restraint.snoozed(setup.clock.now())] == ["neck"]
    assert not [notice for notice in setup.witness.notices if "noted as wrong" in notice]


# ---- across a restart -------------------------------------------------------------------------------------


def test_a_snooze_outlives_a_restart(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 60.0)
    pressing(nodding(setup, 20), 30.0, "snooze-15")
    setup.monitor.run()
    for start, kind in ((300.0, "dropped"), (880.0, "dropped"), (940.0, "spoken")):
        again, _ = looked(tmp_path, 40.0, start=later(start))
        nodding(again, 10).monitor.run()
        assert decided(tmp_path)[-1][1] == kind, start


def test_what_was_held_before_a_restart_is_told_after_the_call(tmp_path: Path) -> None:
    setup, around = looked(tmp_path, 60.0)
    calling(nodding(setup, 40), around, 30.0, 1e9).monitor.run()
    assert setup.notifier.sent == []
    again, around = looked(tmp_path, 200.0, start=later(100.0))
    calling(again, around, 7.0, 100.0)  # what goes on around is not known at once
    again.clock.at(99.0, lambda: titles(again) == [] or pytest.fail("told in the middle of the call"))
    again.monitor.run()
    assert titles(again) == ["1 alert held back"]


def test_a_restart_makes_no_room_in_the_hour(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 60.0, alerts_per_hour=1)
    nodding(setup, 20).monitor.run()
    again, _ = looked(tmp_path, 60.0, alerts_per_hour=1, start=later(100.0))
    nodding(again, 20).monitor.run()
    assert [kind for _, kind, _ in decided(tmp_path)] == ["spoken", "held"]


@pytest.mark.parametrize(("away", "held_on"), [(20.0, True), (90.0, False)])
def test_what_the_rules_have_counted_outlives_a_short_restart(
    away: float, held_on: bool, tmp_path: Path
) -> None:
    """Thirty seconds bad before it and thirty after it are a minute, unless too long went by in between."""
    slow = replace(NECK, hold=60.0)
    setup, _ = looked(tmp_path, 40.5, rules=(slow,), neck=FLEXED)
    setup.monitor.run()
    again, _ = looked(tmp_path, 50.0, rules=(slow,), neck=FLEXED, start=later(40.5 + away))
    again.monitor.run()
    assert bool(spoken(again)) is held_on


def test_a_run_that_saw_nothing_loses_nothing_of_what_was_counted(tmp_path: Path) -> None:
    """Started and ended before its first picture: what the run before it had counted is still there."""
    slow = replace(NECK, hold=60.0)
    setup, _ = looked(tmp_path, 40.5, rules=(slow,), neck=FLEXED)
    setup.monitor.run()
    between, _ = looked(tmp_path, 0.0, rules=(slow,), neck=FLEXED, start=later(45.0))
    between.monitor.run()
    assert between.monitor.counts.samples == 0
    again, _ = looked(tmp_path, 50.0, rules=(slow,), neck=FLEXED, start=later(55.0))
    again.monitor.run()
    assert spoken(again)


def test_what_was_counted_is_kept_now_and_then_against_a_sudden_end(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 3 * KEPT_EVERY, neck=FLEXED)
    kept: list[float] = []
    works = setup.log.remember

    def remember(name: str, data: object, at: Instant) -> None:
        if name == COUNTED:
            kept.append(at.mono - START.mono)
        works(name, data, at)

    setup.log.remember = remember  # type: ignore[method-assign]
    setup.monitor.run()
    assert 3 <= len(kept) <= 5
    assert kept[-2] <= 3 * KEPT_EVERY <= kept[-1]


@pytest.mark.parametrize("data", [{"format": 9}, [], "x", 7, {"format": 1, "spoken": [[1, 2]]}])
def test_a_memory_that_cannot_be_read_is_said_and_forgotten(data: object, tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 60.0)
    setup.log.remember(MEMORY, data, START)
    setup.log.remember(COUNTED, data, START)
    nodding(setup, 20).monitor.run()
    assert [notice for notice in setup.witness.notices if "forgotten" in notice]
    assert [kind for _, kind, _ in decided(tmp_path)] == ["spoken"]


def test_a_disk_that_is_full_costs_the_memory_and_nothing_else(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 120.0)
    works, broken = setup.log.remember, True

    def remember(name: str, data: object, at: Instant) -> None:
        if broken:
            raise WriteError("uprightd.db: cannot store what outlives a restart (full)", "Free some space.")
        works(name, data, at)

    setup.log.remember = remember  # type: ignore[method-assign]
    pressing(nodding(setup, 20, 60), 30.0, "snooze-15")
    setup.monitor.run()
    assert [kind for _, kind, _ in decided(tmp_path)] == ["spoken", "dropped"], "in this run it is snoozed"
    assert (setup.monitor.counts.samples, setup.monitor.counts.lost_rows) == (120, 0)
    again, _ = looked(tmp_path, 60.0, start=later(200.0))
    nodding(again, 20).monitor.run()
    assert decided(tmp_path)[-1][1] == "spoken", "it could not be remembered"


# ---- a file -----------------------------------------------------------------------------------------------


def test_a_file_remembers_nothing_and_nothing_is_remembered_for_it(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 60.0)
    pressing(nodding(setup, 20), 30.0, "snooze-15")
    setup.monitor.run()
    before = remembered(tmp_path)
    file, _ = looked(tmp_path, 100.0, start=later(100.0))
    file.monitor.parts.live = False
    file.monitor = Monitor(file.monitor.parts, 1.0, (file.witness,))
    pressing(nodding(file, 20, 70), 30.0, "snooze-60")
    file.monitor.run()
    assert [kind for _, kind, _ in decided(tmp_path)[1:]] == ["spoken", "dropped"]
    assert remembered(tmp_path) == before


def remembered(folder: Path) -> list[tuple]:
    with sqlite3.connect(folder / "uprightd.db") as database:
        return database.execute("SELECT * FROM memory ORDER BY name").fetchall()


def test_no_notification_is_lost_while_the_loop_ends(tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 23.0)
    nodding(setup, 20).monitor.run()
    wait_for(lambda: len(setup.notifier.sent) == 1, "the last notification")
    assert [row.outcome for row in alerts(tmp_path)] == ["delivered"]
