"""Why nothing is watched: the screen is locked, somebody paused it, or both; and what of that a restart keeps."""

from __future__ import annotations

import math
import time as clocks
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.loop import FLEXED, START, Around, Rig, rig

from uprightd.config.schema import Restraint as Settings
from uprightd.domain import Activity, Instant, MonitorState
from uprightd.errors import WriteError
from uprightd.rules.quiet import QuietHours
from uprightd.service.monitor import Monitor
from uprightd.service.rest import MEMORY
from uprightd.store.reading import LogReader
from uprightd.surroundings.findings import Findings

FOR_EVER = math.inf
LOCKED = MonitorState(Activity.PAUSED, "the screen is locked")
BY_YOU = MonitorState(Activity.PAUSED, "by you")


def looked(folder: Path, seconds: float = 60.0, **more: Any) -> tuple[Rig, Around]:
    around = Around()
    return rig(folder, seconds, around=around, **more), around


def finding(setup: Rig, around: Around, moment: float, **found: str) -> None:
    setup.clock.at(moment, lambda: setattr(around, "findings", Findings(**found)))


def asking(setup: Rig, moment: float, action: Callable[[Monitor], object]) -> None:
    setup.clock.at(moment, lambda: setup.monitor.inbox.post(lambda: action(setup.monitor)))


def pausing(setup: Rig, moment: float, until: float = FOR_EVER) -> None:
    asking(setup, moment, lambda monitor: monitor.pause(until, "by you"))


def rested(setup: Rig) -> list[MonitorState]:
    return [state for state in setup.witness.states if state.activity is Activity.PAUSED]


def later(seconds: float) -> Instant:
    return Instant(START.wall + seconds, 7.0)


def between(setup: Rig, begins: float, ends: float) -> list[float]:
    """The pictures taken in that time."""
    return [at for at in setup.camera.taken if begins < at < ends]


# ---- circumstances -----------------------------------------------------------------------------------------


def test_a_locked_screen_releases_the_camera_until_it_is_unlocked(tmp_path: Path) -> None:
    setup, around = looked(tmp_path)
    finding(setup, around, 10.5, lock="the screen is locked")
    finding(setup, around, 30.5)
    setup.clock.at(20.0, lambda: setup.camera.is_open and pytest.fail("the camera is on while it is locked"))
    setup.monitor.run()
    first, second = setup.camera.opened
    assert (first, setup.camera.closed[0]) == (0.0, pytest.approx(11.0, abs=1.0))
    assert second == pytest.approx(31.0, abs=1.0)
    assert between(setup, 12.0, 30.5) == []
    assert setup.camera.taken[-1] >= 59.0
    assert rested(setup) == [LOCKED]
    with LogReader.open(tmp_path / "uprightd.db") as reader:
        told = [(row.activity, row.reason) for row in reader.transitions(0, 10**15)]
        rows = [row.at_ms / 1000 - START.wall for row in reader.samples(0, 10**15)]
    assert ("paused", "the screen is locked") in told
    assert [at for at in rows if 12.0 < at < 30.5] == []


def test_a_violation_does_not_go_on_behind_a_locked_screen(tmp_path: Path) -> None:
    setup, around = looked(tmp_path, neck=FLEXED)
    finding(setup, around, 3.1, lock="it")
    finding(setup, around, 5.1)
    setup.monitor.run()
    (alert,) = setup.witness.alerts
    assert alert.at.mono - START.mono >= 10.0


@pytest.mark.parametrize(
    ("topic", "words"), [("lock", LOCKED.reason), ("call", "you are in a call"), ("battery", "on battery")]
)
def test_what_pauses_is_what_the_settings_name(topic: str, words: str, tmp_path: Path) -> None:
    for names, states in (((topic,), [MonitorState(Activity.PAUSED, words)]), ((), [])):
        setup, around = looked(tmp_path / (topic + str(len(names))), 40.0)
        setup.monitor.parts.circumstances.take(Settings.model_validate({"pause_during": names}))
        finding(setup, around, 10.5, **{topic: "it"})
        finding(setup, around, 20.5)
        setup.monitor.run()
        assert rested(setup) == states


def test_quiet_hours_pause_where_the_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    clocks.tzset()
    span = (QuietHours(time(12, 1), time(12, 2)),)
    for names, states in ((("quiet_hours",), 1), (("lock",), 0)):
        setup, _ = looked(tmp_path / names[0], 200.0)
        setup.monitor.parts.circumstances.take(
            Settings.model_validate({"quiet_hours": span, "pause_during": names})
        )
        setup.monitor.run()
        assert len(rested(setup)) == states
        assert bool(between(setup, 62.0, 119.0)) is not bool(states)
        assert setup.camera.taken[-1] >= 199.0
    monkeypatch.undo()
    clocks.tzset()


# ---- a pause on top of them --------------------------------------------------------------------------------


def test_to_resume_behind_a_locked_screen_leaves_it_locked(tmp_path: Path) -> None:
    setup, around = looked(tmp_path)
    finding(setup, around, 10.5, lock="it")
    pausing(setup, 20.5)
    asking(setup, 30.5, lambda monitor: monitor.resume())
    finding(setup, around, 40.5)
    setup.monitor.run()
    assert rested(setup) == [LOCKED, BY_YOU, LOCKED]
    assert len(setup.camera.opened) == 2
    assert setup.camera.opened[1] == pytest.approx(41.0, abs=1.0)
    assert between(setup, 12.0, 40.5) == []


def test_an_unlocked_screen_does_not_end_the_pause_that_was_asked_for(tmp_path: Path) -> None:
    setup, around = looked(tmp_path)
    pausing(setup, 10.5)
    finding(setup, around, 20.5, lock="it")
    finding(setup, around, 30.5)
    asking(setup, 40.5, lambda monitor: monitor.resume())
    setup.monitor.run()
    assert rested(setup) == [BY_YOU]
    assert setup.camera.opened == [0.0, 40.5]


def test_a_pause_that_ends_behind_a_locked_screen_leaves_it_locked(tmp_path: Path) -> None:
    setup, around = looked(tmp_path)
    pausing(setup, 10.5, START.wall + 30.0)
    finding(setup, around, 20.5, lock="it")
    setup.monitor.run()
    assert rested(setup) == [BY_YOU, LOCKED]
    assert setup.camera.opened == [0.0]
    assert setup.monitor.paused_until is None


def test_resume_alone_does_not_unlock(tmp_path: Path) -> None:
    setup, around = looked(tmp_path)
    finding(setup, around, 10.5, lock="it")
    asking(setup, 30.5, lambda monitor: monitor.resume())
    setup.monitor.run()
    assert setup.camera.opened == [0.0]


# ---- across a restart --------------------------------------------------------------------------------------


def paused_before(folder: Path, until: float) -> None:
    setup, _ = looked(folder, 20.0)
    pausing(setup, 10.5, until)
    setup.monitor.run()


def test_a_pause_with_an_end_outlives_a_restart_and_ends_in_time(tmp_path: Path) -> None:
    paused_before(tmp_path, START.wall + 100.0)
    setup, _ = looked(tmp_path, 80.0, start=later(60.0))
    setup.monitor.run()
    assert rested(setup) == [BY_YOU]
    assert setup.camera.opened == [40.0]
    assert between(setup, -1.0, 40.0) == []
    again, _ = looked(tmp_path, 10.0, start=later(150.0))
    again.monitor.run()
    assert rested(again) == [], "it is over, and forgotten"


def test_an_endless_pause_outlives_restarts_until_it_is_lifted(tmp_path: Path) -> None:
    paused_before(tmp_path, FOR_EVER)
    for start in (60.0, 1e6):
        setup, _ = looked(tmp_path, 20.0, start=later(start))
        setup.monitor.run()
        assert (rested(setup), setup.camera.opened, setup.monitor.paused_until) == ([BY_YOU], [], FOR_EVER)
    setup, _ = looked(tmp_path, 20.0, start=later(2e6))
    asking(setup, 5.5, lambda monitor: monitor.resume())
    setup.monitor.run()
    assert setup.camera.opened == [5.5]
    again, _ = looked(tmp_path, 20.0, start=later(3e6))
    again.monitor.run()
    assert (rested(again), again.camera.opened) == ([], [0.0])


def test_a_pause_that_ended_while_nothing_ran_is_over(tmp_path: Path) -> None:
    paused_before(tmp_path, START.wall + 30.0)
    setup, _ = looked(tmp_path, 10.0, start=later(31.0))
    setup.monitor.run()
    assert (rested(setup), setup.camera.opened) == ([], [0.0])


def test_a_locked_screen_is_not_remembered(tmp_path: Path) -> None:
    setup, around = looked(tmp_path, 20.0)
    finding(setup, around, 5.5, lock="it")
    setup.monitor.run()
    again, _ = looked(tmp_path, 10.0, start=later(30.0))
    again.monitor.run()
    assert (rested(again), again.camera.opened) == ([], [0.0])


@pytest.mark.parametrize(
    "kept",
    [
        7,
        [],
        {},
        {"until": None},
        {"until": None, "why": 3},
        {"why": "by you"},
        {"until": "for ever", "why": "by you"},
        {"until": [], "why": "by you"},
        {"until": True, "why": "by you"},
    ],
    ids=repr,
)
def test_a_damaged_memory_of_a_pause_pauses_nothing(kept: object, tmp_path: Path) -> None:
    setup, _ = looked(tmp_path, 10.0)
    setup.log.remember(MEMORY, kept, START)
    setup.monitor.run()
    assert (rested(setup), setup.camera.opened) == ([], [0.0])


def test_a_pause_that_cannot_be_remembered_is_a_pause_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, _ = looked(tmp_path, 40.0)

    def refuse(*_: object) -> None:
        raise WriteError("uprightd.db: cannot store what outlives a restart (full)", "Free some space.")

    monkeypatch.setattr(setup.log, "remember", refuse)
    pausing(setup, 10.5)
    asking(setup, 20.5, lambda monitor: monitor.resume())
    setup.monitor.run()
    assert rested(setup) == [BY_YOU]
    assert setup.camera.opened == [0.0, 20.5]
    assert setup.monitor.counts.lost_rows == 0


def test_a_file_neither_keeps_a_pause_nor_takes_one_over(tmp_path: Path) -> None:
    paused_before(tmp_path, FOR_EVER)
    file, _ = looked(tmp_path, 20.0, start=later(60.0))
    file.monitor.parts.live = False
    file.monitor = Monitor(file.monitor.parts, 1.0, (file.witness,))
    asking(file, 5.5, lambda monitor: monitor.pause(START.wall + 70.0, "by you"))
    file.monitor.run()
    assert file.camera.opened == [0.0, 10.0]
    setup, _ = looked(tmp_path, 10.0, start=later(100.0))
    setup.monitor.run()
    assert setup.camera.opened == [], "the camera's own pause is as it was"
