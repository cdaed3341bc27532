"""The loop, on a clock that jumps: paced, patient with what fails, quick to end, and never a flood of alerts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from tests.fakes.body import FRONT, SIZE, from_the_left, moved, pose
from tests.fakes.camera import ScriptedCamera, frame
from tests.fakes.loop import (
    FLEXED,
    NECK,
    START,
    UPRIGHT,
    JumpingClock,
    Rig,
    ScriptedModel,
    Witness,
    open_log,
    rig,
    sitting,
)
from tests.fakes.notifier import RecordingNotifier

import uprightd
from uprightd.calibration.baseline import averaged
from uprightd.clock import FollowingClock
from uprightd.config.schema import Config
from uprightd.domain import Activity, CameraState, Instant, MonitorState, Posture, Reading, Value, View
from uprightd.errors import UnavailableError, WriteError
from uprightd.metrics.reading import Terms, sight_of
from uprightd.notify.base import Delivery, Outcome
from uprightd.notify.courier import Courier
from uprightd.paths import Paths
from uprightd.profiles.profile import Profile
from uprightd.rules.engine import RuleEngine
from uprightd.rules.restraint import Limits, Restraint
from uprightd.service import delivery
from uprightd.service.circumstances import Circumstances
from uprightd.service.composition import assemble
from uprightd.service.delivery import TROUBLE_AFTER, TROUBLE_SILENCE
from uprightd.service.measuring import Measuring
from uprightd.service.monitor import MODEL_RETRY, Monitor, Parts
from uprightd.service.watchdog import EXIT_HUNG, Watchdog
from uprightd.store.reading import LogReader

HOUR, DAY = 3600.0, 86_400.0
FOR_EVER = float("inf")
ALL_TIME = (0, 10**15)


SIDE = Profile(
    "side",
    "camera 0",
    "2026-11-22T12:00:00Z",
    1,
    averaged([sight_of(sitting(UPRIGHT), SIZE, 0.5)] * 5, View.SAGITTAL_LEFT, SIZE, "drawn", 5.0),
)
"""Calibrated sitting upright, seen from the left."""
ASIDE = pose(moved(from_the_left(FLEXED), lambda x, y: (x + 130, y)))
"""Somebody whose head is down, seen by a camera that has been turned."""


def logged(folder: Path, table: str) -> list:
    """Given the folder of a log, return the rows of its samples, alerts or transitions."""
    with LogReader.open(folder / "uprightd.db") as reader:
        return list(getattr(reader, table)(*ALL_TIME))


def activities(setup: Rig) -> list[Activity]:
    return [state.activity for state in setup.witness.states]


def spoken(setup: Rig) -> list[float]:
    """Seconds after the start at which alerts were raised."""
    return [alert.at.mono - START.mono for alert in setup.witness.alerts]


def troubles(setup: Rig) -> list[str]:
    return [told.body for told in setup.notifier.sent if told.title == "uprightd cannot watch"]


def post(setup: Rig, action: Callable[[Monitor], object]) -> Callable[[], object]:
    """An action for the clock: leave a request in the monitor's inbox, as another thread would."""
    return lambda: setup.monitor.inbox.post(lambda: action(setup.monitor))


# ---- a sample per period ------------------------------------------------------------------------------------


def test_a_sample_per_second_lands_in_the_log(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=9.5)
    setup.monitor.run()
    assert setup.camera.taken == [float(second) for second in range(10)]
    rows = logged(tmp_path, "samples")
    assert [row.at_ms for row in rows] == [round((START.wall + second) * 1000) for second in range(10)]
    assert {row.posture for row in rows} == {"good"}
    with LogReader.open(tmp_path / "uprightd.db") as reader:
        assert [round(value, 1) for _, value in reader.metric_rows(*ALL_TIME, "neck_flexion")] == [38.0] * 10
    assert setup.monitor.counts.samples == setup.monitor.counts.detected == 10
    assert [sample.row for sample in setup.witness.samples] == list(range(1, 11))


@pytest.mark.parametrize(("fps", "count"), [(0.1, 2), (0.5, 10), (5.0, 100)])
def test_the_rate_is_the_one_asked_for(fps: float, count: int, tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=19.9, fps=fps)
    setup.monitor.run()
    assert len(setup.camera.taken) == count
    assert all(after - before == pytest.approx(1 / fps) for before, after in pairwise(setup.camera.taken))


def test_a_picture_that_takes_its_time_does_not_slow_the_beat(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=9.9)
    setup.camera.slow = 0.3
    setup.monitor.run()
    assert setup.camera.taken[1:] == pytest.approx([second + 0.6 for second in range(1, 10)])


def test_after_a_long_delay_nothing_is_caught_up(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=20.0)
    setup.clock.at(4.5, lambda: setattr(setup.camera, "slow", 5.0))
    setup.clock.at(7.0, lambda: setattr(setup.camera, "slow", 0.0))
    setup.monitor.run()
    gaps = [after - before for before, after in pairwise(setup.camera.taken)]
    assert max(gaps) >= 5.0
    assert min(gaps) >= 1.0


def test_an_alert_is_raised_logged_and_told_once(tmp_path: Path) -> None:
    setup = rig(tmp_path, neck=FLEXED)
    setup.monitor.run()
    assert spoken(setup) == [5.0]
    (row,) = logged(tmp_path, "alerts")
    assert (row.rule, row.held_s, row.outcome) == ("neck", 5.0, "delivered")
    assert row.value == pytest.approx(FLEXED)
    (told,) = setup.notifier.sent
    assert told.title == "Look up: 55.0° for 5 s."
    assert "55.0°" in told.body
    assert setup.monitor.counts.alerts == 1
    assert setup.witness.outcomes == [Outcome(Delivery.DELIVERED)]


def test_a_notification_that_failed_is_written_down_with_its_reason(tmp_path: Path) -> None:
    failing = RecordingNotifier(Outcome(Delivery.FAILED, "the server went away"))
    setup = rig(tmp_path, neck=FLEXED, notifier=failing)
    setup.monitor.run()
    (row,) = logged(tmp_path, "alerts")
    assert (row.outcome, row.outcome_detail) == ("failed", "the server went away")
    assert [outcome.told for outcome in setup.witness.outcomes] == [False]


def test_a_thousand_bad_samples_are_one_alert(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=999.5, neck=FLEXED)
    setup.monitor.run()
    assert setup.monitor.counts.samples == 1000
    assert len(setup.witness.alerts) == len(setup.notifier.sent) == len(logged(tmp_path, "alerts")) == 1


def test_nobody_in_view_is_away_and_never_an_alert(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=19.5)
    setup.model.pose = None
    setup.monitor.run()
    assert {row.posture for row in logged(tmp_path, "samples")} == {"away"}
    assert activities(setup) == [Activity.AWAY]
    assert (setup.monitor.counts.samples, setup.monitor.counts.detected) == (20, 0)


def test_a_view_no_rule_can_judge_is_unreliable(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=20.0)
    setup.model.pose = pose(FRONT)
    setup.monitor.run()
    assert {row.posture for row in logged(tmp_path, "samples")} == {"unreliable"}
    assert activities(setup) == [Activity.UNRELIABLE]


def test_transitions_are_logged_with_their_reason(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(9.5, lambda: setattr(setup.model, "pose", None))
    setup.clock.at(29.5, lambda: setattr(setup.model, "pose", sitting(40)))
    setup.monitor.run()
    assert [(row.activity, row.reason) for row in logged(tmp_path, "transitions")] == [
        ("watching", "someone in view"),
        ("away", "nobody in view"),
        ("watching", "someone in view"),
    ]


# ---- steps of the clock and sleep (F20, F21) ----------------------------------------------------------------


@pytest.mark.parametrize(
    "step", [-HOUR, 30 * DAY, -30 * DAY, 8 * HOUR], ids=["back 1 h", "on 30 d", "back 30 d", "sleep"]
)
@pytest.mark.parametrize("moment", [20.0, 20.5], ids=["at a sample", "between two"])
def test_the_rate_stays_when_the_wall_clock_steps(step: float, moment: float, tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=60.0)
    setup.clock.at(moment, lambda: setup.clock.step(step))
    setup.monitor.run()
    assert 59 <= len(setup.camera.taken) <= 62
    assert max(after - before for before, after in pairwise(setup.camera.taken)) <= 2.0
    assert len([text for text in setup.witness.notices if "clock moved" in text]) == 1
    assert len(setup.camera.opened) == 2, "opened anew, once"


@pytest.mark.parametrize("step", [-HOUR, 30 * DAY], ids=["back 1 h", "forward 30 d"])
def test_a_step_of_the_clock_neither_shortens_nor_lengthens_a_cooldown(step: float, tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=700.0, neck=FLEXED)
    setup.clock.at(100.5, lambda: setup.clock.step(step))
    setup.monitor.run()
    assert spoken(setup) == [5.0, 605.0], "the episode after the step is told when the cooldown is over"
    assert all(row.held_s >= 0 for row in logged(tmp_path, "alerts"))


@pytest.mark.parametrize("moment", [3.0, 3.5, 3.999])
def test_sleep_interrupts_a_violation_and_opens_the_camera_anew(moment: float, tmp_path: Path) -> None:
    """Four seconds before the sleep and one sample after it are not five seconds of anything."""
    setup = rig(tmp_path, lasts=60.0, neck=FLEXED, rules=(replace(NECK, hold=4.0),))
    setup.clock.at(moment, lambda: setup.clock.step(8 * HOUR))
    setup.monitor.run()
    (alert,) = setup.witness.alerts
    assert alert.started.wall >= START.wall + 8 * HOUR, "nothing from before the sleep"
    assert spoken(setup)[0] >= moment + 4.0
    assert len(setup.camera.opened) == 2
    assert activities(setup) == [Activity.WATCHING]


def test_ten_naps_in_a_row_are_no_flood(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=300.0, neck=FLEXED, rules=(replace(NECK, cooldown=60.0),))
    for nap in range(10):
        setup.clock.at(20.0 * nap + 13.5, lambda: setup.clock.step(HOUR))
    setup.monitor.run()
    assert all(after - before >= 60.0 for before, after in pairwise(spoken(setup)))
    assert 2 <= len(spoken(setup)) <= 5


def test_a_sleep_during_a_pause_leaves_the_camera_closed(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(FOR_EVER, "by you")))
    setup.clock.at(20.2, lambda: setup.clock.step(8 * HOUR))
    setup.monitor.run()
    assert setup.camera.opened == [0.0]
    assert activities(setup)[-1] is Activity.PAUSED


# ---- pausing ------------------------------------------------------------------------------------------------


def test_a_pause_releases_the_camera_and_resume_opens_it_again(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(FOR_EVER, "by you")))
    setup.clock.at(20.5, post(setup, lambda monitor: monitor.resume()))
    setup.monitor.run()
    assert setup.camera.closed[0] == 10.5
    assert setup.camera.opened == [0.0, 20.5]
    assert not [at for at in setup.camera.taken if 10.5 < at < 20.5]
    assert setup.camera.taken[-1] >= 39.0
    states = [state for state in setup.witness.states if state.activity is not Activity.WATCHING]
    assert states == [MonitorState(Activity.PAUSED, "by you")]


def test_a_pause_with_an_end_ends_by_itself(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(
        10.5, post(setup, lambda monitor: monitor.pause(START.wall + 25.25, "by you, until later"))
    )
    setup.monitor.run()
    assert setup.camera.opened == [0.0, 25.25]
    assert setup.monitor.paused_until is None
    assert activities(setup) == [Activity.WATCHING, Activity.PAUSED, Activity.WATCHING]


def test_a_pause_that_ended_during_a_sleep_is_over(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(START.wall + HOUR, "by you")))
    setup.clock.at(20.5, lambda: setup.clock.step(8 * HOUR))
    setup.monitor.run()
    assert len(setup.camera.opened) == 2
    assert setup.camera.taken[-1] >= 39.0


def test_a_second_pause_replaces_the_first(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(START.wall + 15, "short")))
    setup.clock.at(12.5, post(setup, lambda monitor: monitor.pause(START.wall + 30, "long")))
    setup.monitor.run()
    assert setup.camera.opened == [0.0, 30.0]
    assert [state.reason for state in setup.witness.states if state.activity is Activity.PAUSED] == [
        "short",
        "long",
    ]


def test_a_pause_interrupts_a_violation(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0, neck=FLEXED)
    setup.clock.at(4.5, post(setup, lambda monitor: monitor.pause(FOR_EVER, "by you")))
    setup.clock.at(6.5, post(setup, lambda monitor: monitor.resume()))
    setup.monitor.run()
    assert spoken(setup)[0] >= 11.5


def test_to_resume_without_a_pause_does_nothing(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=19.5)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.resume()))
    setup.monitor.run()
    assert setup.camera.opened == [0.0]
    assert setup.camera.taken == [float(second) for second in range(20)]


def test_after_a_pause_nobody_is_said_to_be_in_view_before_they_were_seen(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=40.0)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(FOR_EVER, "by you")))
    setup.clock.at(15.5, lambda: setattr(setup.model, "pose", None))
    setup.clock.at(20.5, post(setup, lambda monitor: monitor.resume()))
    setup.monitor.run()
    assert activities(setup) == [Activity.WATCHING, Activity.PAUSED, Activity.AWAY]


# ---- the device is released in every state that does not sample ---------------------------------------------


def failing_at_first(times: int, model: ScriptedModel) -> Callable[[], ScriptedModel]:
    """A loader that cannot load the model for a number of times."""
    left = iter(range(times))

    def load() -> ScriptedModel:
        if next(left, None) is not None:
            raise UnavailableError("the backend is not installed", "Install it.")
        return model

    return load


def without_model(tmp_path: Path, times: int = 1, lasts: float = 400.0) -> Rig:
    model = ScriptedModel(sitting(40))
    return rig(tmp_path, lasts=lasts, load=failing_at_first(times, model))


def test_without_a_model_the_camera_is_released_and_loading_tried_again(tmp_path: Path) -> None:
    setup = without_model(tmp_path, times=2, lasts=3 * MODEL_RETRY)
    setup.monitor.run()
    assert setup.camera.opened == [0.0, 2 * MODEL_RETRY]
    assert setup.camera.closed[0] == 0.0
    assert setup.camera.taken[0] == 2 * MODEL_RETRY
    assert setup.witness.states == [
        MonitorState(Activity.DEGRADED, "model: the backend is not installed"),
        MonitorState(Activity.WATCHING, "someone in view"),
    ]
    told = [text for text in setup.witness.notices if "not installed" in text]
    assert len(told) == 2, "one line per attempt"
    assert "Install it." in told[0]


def test_to_resume_without_a_model_leaves_the_camera_closed(tmp_path: Path) -> None:
    setup = without_model(tmp_path)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(FOR_EVER, "by you")))
    setup.clock.at(20.5, post(setup, lambda monitor: monitor.resume()))
    setup.monitor.run()
    assert setup.camera.opened == [0.0, pytest.approx(MODEL_RETRY, abs=1.0)]


def test_a_sleep_without_a_model_leaves_the_camera_closed(tmp_path: Path) -> None:
    setup = without_model(tmp_path)
    setup.clock.at(10.5, lambda: setup.clock.step(8 * HOUR))
    setup.monitor.run()
    assert setup.camera.opened == [0.0, pytest.approx(MODEL_RETRY, abs=1.0)]


def test_a_model_that_comes_during_a_pause_waits_for_its_end(tmp_path: Path) -> None:
    setup = without_model(tmp_path)
    setup.clock.at(10.5, post(setup, lambda monitor: monitor.pause(START.wall + 350, "by you")))
    setup.monitor.run()
    assert setup.camera.opened[1:] == [350.0]


def test_a_file_is_not_kept_waiting_for_a_model(tmp_path: Path) -> None:
    setup = without_model(tmp_path)
    setup.monitor.parts.live = False
    with pytest.raises(UnavailableError, match="not installed"):
        setup.monitor.run()
    assert not setup.camera.is_open
    open_log(tmp_path, setup.clock).close()


# ---- trouble ------------------------------------------------------------------------------------------------


def with_camera(setup: Rig, state: CameraState, start: float, end: float) -> Rig:
    setup.clock.at(start, lambda: setattr(setup.camera, "state", state))
    setup.clock.at(end, lambda: setattr(setup.camera, "state", CameraState.OK))
    return setup


@pytest.mark.parametrize("state", [state for state in CameraState if state is not CameraState.OK])
def test_a_camera_that_gives_nothing_is_degraded_with_its_message_and_mends(
    state: CameraState, tmp_path: Path
) -> None:
    setup = with_camera(rig(tmp_path, lasts=40.0), state, 5.5, 20.0)
    setup.monitor.run()
    assert activities(setup) == [Activity.WATCHING, Activity.DEGRADED, Activity.WATCHING]
    reason = setup.witness.states[1].reason
    assert reason.startswith("camera: ")
    assert len(reason) > len("camera: ") + 10
    assert setup.camera.taken[-1] >= 39.0
    assert troubles(setup) == [], "less than half a minute is not worth a word"


def test_trouble_that_lasts_is_told_exactly_once(tmp_path: Path) -> None:
    setup = with_camera(rig(tmp_path, lasts=600.0), CameraState.BUSY, 5.5, 500.0)
    setup.monitor.run()
    assert len(troubles(setup)) == 1
    assert troubles(setup)[0].startswith("camera: ")


def test_trouble_is_told_after_half_a_minute_not_before(tmp_path: Path) -> None:
    for lasts, told in ((TROUBLE_AFTER - 1, 0), (TROUBLE_AFTER + 2, 1)):
        folder = tmp_path / str(lasts)
        setup = with_camera(rig(folder, lasts=200.0), CameraState.ABSENT, 5.0, 5.0 + lasts)
        setup.monitor.run()
        assert len(troubles(setup)) == told


def test_the_same_trouble_is_told_again_only_after_an_hour(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=2 * TROUBLE_SILENCE)
    for start in range(100, 7000, 500):
        with_camera(setup, CameraState.BUSY, start, start + 60)
    setup.monitor.run()
    assert len(troubles(setup)) == 2


def test_what_the_camera_has_to_say_is_passed_on(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=5.0)
    setup.clock.at(2.5, lambda: setup.camera.events.append("camera process died (SIGKILL)"))
    setup.monitor.run()
    assert setup.witness.notices == ["camera process died (SIGKILL)"]


def full(setup: Rig, start: float, end: float) -> Rig:
    """Let the log's disk be full for a while: a real SQLite file that may not grow."""

    def allow(pages: int) -> None:
        setup.log.database.execute(f"PRAGMA max_page_count = {pages}")

    setup.clock.at(start, lambda: allow(1))  # SQLite takes the present size
    setup.clock.at(end, lambda: allow(1_000_000))
    return setup


@pytest.mark.parametrize("fps", [1.0, 0.4])
def test_a_full_disk_costs_rows_is_counted_told_once_and_mends_by_itself(fps: float, tmp_path: Path) -> None:
    """The smaller tables still have room on their pages: what they take does not mean that the log is whole."""
    setup = full(rig(tmp_path, lasts=299.5, fps=fps), 20.5, 200.5)
    setup.monitor.run()
    lost = setup.monitor.counts.lost_rows
    assert 100 < lost / fps <= 180
    assert activities(setup) == [Activity.WATCHING, Activity.DEGRADED, Activity.WATCHING]
    assert setup.witness.states[1].reason.startswith(
        f"log: {tmp_path / 'uprightd.db'}: cannot store a sample"
    )
    assert len(troubles(setup)) == 1
    rows = logged(tmp_path, "samples")
    assert len(rows) == setup.monitor.counts.samples - lost == len(setup.camera.taken) - lost
    assert [sample.row is None for sample in setup.witness.samples].count(True) == lost
    assert rows[-1].at_ms >= (START.wall + 299 - 1 / fps) * 1000


def test_a_log_that_refuses_everything_is_one_state_and_one_notification(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = rig(tmp_path, lasts=300.0, neck=FLEXED)
    broken = False

    def failing(name: str) -> None:
        works = getattr(setup.log, name)

        def write(*arguments: object) -> object:
            if broken:
                raise WriteError(f"uprightd.db: cannot do {name} (disk I/O error)", "Look at the disk.")
            return works(*arguments)

        monkeypatch.setattr(setup.log, name, write)

    def turn(off: bool) -> None:
        nonlocal broken
        broken = off

    for name in ("add_sample", "add_alert", "add_transition", "set_outcome"):
        failing(name)
    setup.clock.at(2.5, lambda: turn(True))
    setup.clock.at(200.5, lambda: turn(False))
    setup.monitor.run()
    assert setup.witness.states == [
        MonitorState(Activity.WATCHING, "someone in view"),
        MonitorState(Activity.DEGRADED, "log: uprightd.db: cannot do add_sample (disk I/O error)"),
        MonitorState(Activity.WATCHING, "someone in view"),
    ]
    assert len(troubles(setup)) == 1
    assert len(setup.witness.alerts) == 1, "an alert that cannot be logged is still raised"
    assert [told.title for told in setup.notifier.sent].count("Look up: 55.0° for 5 s.") == 1
    assert len(setup.witness.outcomes) == 1
    assert setup.monitor.counts.lost_rows == 198


# ---- the notifier never holds the loop up -------------------------------------------------------------------


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Held shut, a notification server that hangs. The loop's end does not wait long for it."""
    monkeypatch.setattr(delivery, "LAST_WORDS", 0.05)
    event = threading.Event()
    yield event
    event.set()


def test_a_notifier_that_hangs_never_delays_the_loop(gate: threading.Event, tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=999.5, neck=FLEXED, notifier=RecordingNotifier(before=gate.wait))
    began = time.monotonic()
    setup.monitor.run()
    assert time.monotonic() - began < 20
    assert setup.camera.taken == [float(second) for second in range(1000)]
    assert len(setup.witness.alerts) == 1
    (row,) = logged(tmp_path, "alerts")
    assert row.outcome == "pending"


def test_a_flood_from_many_rules_is_bounded(gate: threading.Event, tmp_path: Path) -> None:
    many = tuple(replace(NECK, id=f"rule-{number}") for number in range(100))
    setup = rig(tmp_path, neck=FLEXED, rules=many, notifier=RecordingNotifier(before=gate.wait))
    setup.monitor.run()
    assert len(setup.witness.alerts) == 100
    rows = logged(tmp_path, "alerts")
    assert [row.outcome for row in rows].count("failed") >= 60


def test_any_thread_may_tell_the_person_something(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=5.0)
    setup.clock.at(2.5, lambda: setup.monitor.notice("a line"))
    setup.monitor.run()
    assert setup.witness.notices == ["a line"]


# ---- ending -------------------------------------------------------------------------------------------------


def released(setup: Rig, folder: Path) -> None:
    assert not setup.camera.is_open
    assert setup.model.closed == 1
    assert setup.notifier.closed == 1
    open_log(folder, setup.clock).close()  # the writer's lock is free


def test_the_end_of_the_source_ends_the_loop_and_releases_everything(tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=5.0)
    setup.monitor.run()
    released(setup, tmp_path)
    with LogReader.open(tmp_path / "uprightd.db") as reader:
        (first, _) = reader.runs(*ALL_TIME)
    assert first.ended_ms == round((START.wall + 5) * 1000)


@pytest.mark.parametrize("moment", [10.0, 10.5], ids=["at a sample", "between two"])
def test_a_stop_ends_the_loop_within_the_turn(moment: float, tmp_path: Path) -> None:
    setup = rig(tmp_path, lasts=60.0)
    setup.clock.at(moment, setup.monitor.stop)
    setup.monitor.run()
    assert setup.clock.elapsed == moment
    assert len(setup.camera.taken) <= 11
    released(setup, tmp_path)


def test_a_stop_from_an_observer_ends_the_loop_after_its_sample(tmp_path: Path) -> None:
    setup = rig(tmp_path)

    class Stopper(Witness):
        def on_sample(self, sample) -> None:
            super().on_sample(sample)
            if len(self.samples) == 3:
                setup.monitor.stop()

    setup.monitor._observers = (Stopper(),)
    setup.monitor.run()
    assert len(setup.camera.taken) == 3


@pytest.mark.parametrize("state", ["paused", "without a model", "without pictures"])
def test_a_stop_is_heard_in_every_state(state: str, tmp_path: Path) -> None:
    setup = without_model(tmp_path) if state == "without a model" else rig(tmp_path, lasts=400.0)
    if state == "paused":
        setup.clock.at(3.5, post(setup, lambda monitor: monitor.pause(FOR_EVER, "by you")))
    elif state == "without pictures":
        with_camera(setup, CameraState.ABSENT, 3.5, 400.0)
    setup.clock.at(20.1, setup.monitor.stop)
    setup.monitor.run()
    assert setup.clock.elapsed <= 20.5


def test_a_model_that_breaks_ends_the_loop_and_releases_everything(tmp_path: Path) -> None:
    setup = rig(tmp_path)

    def break_down() -> None:
        setup.model.estimate = None  # type: ignore[assignment, method-assign]

    setup.clock.at(5.5, break_down)
    with pytest.raises(TypeError):
        setup.monitor.run()
    assert len(logged(tmp_path, "samples")) == 6
    released(setup, tmp_path)


# ---- files as fast as they can be read ----------------------------------------------------------------------


def test_a_fast_file_is_judged_by_its_own_time(tmp_path: Path) -> None:
    """Twelve pictures half a second apart: the clock follows them, and five seconds are five seconds."""
    begun = Instant(START.wall, START.mono)
    steps = [
        replace(
            frame(number),
            at=Instant(begun.wall + number / 2, begun.mono + number / 2),
            position=number / 2,
        )
        for number in range(12)
    ]
    camera, witness, model = ScriptedCamera(steps), Witness(), ScriptedModel(None)
    clock = FollowingClock(begun)
    model.pose = sitting(FLEXED)
    log = open_log(tmp_path, clock)
    parts = Parts(
        camera=camera,
        load_estimator=lambda: model,
        measuring=Measuring(Terms()),
        circumstances=Circumstances(),
        restraint=Restraint(Limits()),
        engine=RuleEngine([NECK], pulse=5.0),
        log=log,
        courier=Courier(RecordingNotifier()),
        clock=clock,
        watchdog=Watchdog(),
        live=False,
    )
    model.estimate = lambda images: [_scaled(image.shape) for image in images]  # type: ignore[method-assign]
    Monitor(parts, 0.5, (witness,)).run()
    assert [sample.reading.position for sample in witness.samples] == [number / 2 for number in range(12)]
    assert camera.asked == [number / 2 for number in range(12)], "asks for the first picture one period on"
    assert [(alert.position, alert.held) for alert in witness.alerts] == [(0.0, 5.0)]
    assert camera.closes == 1
    assert clock.now() == steps[-1].at


def _scaled(shape: tuple[int, ...]):
    """The drawn body, made to fit a small picture."""
    whole = sitting(FLEXED)
    points = {
        name: p._replace(x=p.x * shape[0] / 960, y=p.y * shape[0] / 960)
        for name, p in whole.keypoints.items()
    }
    return replace(whole, keypoints=points)


# ---- cooldowns outlive a restart (F26) ----------------------------------------------------------------------


@pytest.mark.parametrize(("ago", "silent"), [(60.0, True), (601.0, False)])
def test_a_restart_in_the_middle_does_not_repeat_an_alert(ago: float, silent: bool, tmp_path: Path) -> None:
    """The real composition: what the log says was told lately is not told again."""
    folders = Paths(*[tmp_path / name for name in ("config", "data", "cache", "logs", "run")])
    first = assemble(Config(), (NECK,), folders)
    now = first.monitor.parts.clock.now()
    for number in range(6):
        at = Instant(now.wall - ago - 5 + number, now.mono - ago - 5 + number)
        for alert in first.monitor.parts.engine.judge(flexed(at)).alerts:
            first.monitor.parts.log.add_alert(alert)
    first.monitor.parts.courier.close()
    first.monitor.parts.log.close()
    second = assemble(Config(), (NECK,), folders)
    later = second.monitor.parts.clock.now()
    judged = [
        second.monitor.parts.engine.judge(flexed(Instant(later.wall + number, later.mono + number)))
        for number in range(20)
    ]
    second.monitor.parts.courier.close()
    second.monitor.parts.log.close()
    assert any(verdict.alerts for verdict in judged) is not silent
    assert {verdict.posture for verdict in judged} == {Posture.POOR}


def flexed(at: Instant) -> Reading:
    return Reading(at, True, View.SAGITTAL_LEFT, {"neck_flexion": Value(FLEXED)}, 0.9)


# ---- the watchdog (F8) --------------------------------------------------------------------------------------

HANG = """
import threading, sys
from pathlib import Path
from tests.fakes.loop import rig
from uprightd.service import monitor, watchdog

monitor.HUNG_AFTER = monitor.LOADING_MAY_TAKE = 0.2
setup = rig(Path(sys.argv[1]))

def a_call_that_never_returns(*_):
    threading.Event().wait()

if sys.argv[2] == "estimate":
    setup.model.estimate = a_call_that_never_returns
else:
    setup.monitor.parts.load_estimator = a_call_that_never_returns
setup.monitor.run()
"""


@pytest.mark.parametrize(
    ("where", "stage"), [("estimate", "estimating the pose"), ("load", "loading the pose model")]
)
def test_a_model_that_hangs_ends_the_process_and_says_where(where: str, stage: str, tmp_path: Path) -> None:
    checkout = Path(__file__).parents[2]
    search = [str(Path(uprightd.__file__).parents[1]), str(checkout)]
    done = subprocess.run(
        [sys.executable, "-c", HANG, str(tmp_path), where],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == EXIT_HUNG == 70
    assert f"hung while {stage}" in done.stderr
    assert "a_call_that_never_returns" in done.stderr, "the stack shows the call"
    assert "watchdog" in done.stderr, "of every thread"


def test_a_loop_that_moves_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stage of every turn pushes the deadline on; the last stamp is the end's."""
    stamps: list[tuple[str, float]] = []
    setup = rig(tmp_path, lasts=2.5)
    monkeypatch.setattr(
        setup.monitor.parts.watchdog, "stamp", lambda stage, allow: stamps.append((stage, allow))
    )
    setup.monitor.run()
    stages = [stage for stage, _ in stamps]
    assert stages.count("estimating the pose") == stages.count("judging and writing") == 3
    assert stages[-1] == "ending"
    assert all(0 < allow <= 300 for _, allow in stamps)
    assert isinstance(setup.clock, JumpingClock)


# ---- a camera that has moved ----------------------------------------------------------------------------


def test_a_moved_camera_is_said_once_and_nothing_is_alerted(tmp_path: Path) -> None:
    setup = rig(tmp_path, 200.0, neck=FLEXED, profiles=[SIDE])
    setup.model.pose = ASIDE
    setup.monitor.run()
    assert MonitorState(Activity.UNCALIBRATED, "camera moved?") in setup.witness.states
    after = [alert for alert in setup.witness.alerts if alert.at.mono - START.mono > 61]
    assert not after
    suggestions = [told for told in setup.notifier.sent if "camera moved" in told.title]
    assert len(suggestions) == 1
    assert "uprightd calibrate" in suggestions[0].body
    assert {sample.posture for sample in setup.witness.samples[-100:]} == {Posture.UNRELIABLE}


def test_once_the_camera_is_back_it_is_watched_again(tmp_path: Path) -> None:
    setup = rig(tmp_path, 200.0, profiles=[SIDE])
    setup.model.pose = ASIDE
    setup.clock.at(100.0, lambda: setattr(setup.model, "pose", sitting(UPRIGHT)))
    setup.monitor.run()
    assert setup.witness.states[-1].activity is Activity.WATCHING
    assert setup.witness.samples[-1].reading.profile == "side r1"


def test_an_empty_chair_before_a_moved_camera_is_away(tmp_path: Path) -> None:
    setup = rig(tmp_path, 200.0, profiles=[SIDE])
    setup.model.pose = ASIDE
    setup.clock.at(100.0, lambda: setattr(setup.model, "pose", None))
    setup.monitor.run()
    assert setup.witness.states[-1].activity is Activity.AWAY


def test_a_changed_rate_is_counted_by_from_then_on(tmp_path: Path) -> None:
    """At one look in ten seconds nothing would count as watched by the pulse of one a second."""
    setup = rig(tmp_path, lasts=300.0)
    setup.clock.at(100.0, lambda: setup.monitor.inbox.post(lambda: setup.monitor.take_period(10.0)))
    setup.monitor.run()
    with LogReader.open(setup.log.path) as reader:
        first, second = reader.runs(0, 2**62)
        watched = sum(each.ms for each in reader.intervals(0, 2**62))
        states = [(row.run_id, row.activity) for row in reader.transitions(0, 2**62)]
    assert (first.seconds_per_sample, second.seconds_per_sample) == (1.0, 10.0)
    assert (first.source, first.backend) == (second.source, second.backend)
    assert first.ended_ms == second.started_ms
    assert watched > 270_000
    assert states == [(first.id, "watching"), (second.id, "watching")]
