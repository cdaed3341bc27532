"""The monitor's state: faults outrank what is seen, going away takes a moment, coming back none."""

from __future__ import annotations

import pytest

from uprightd.domain import Activity, MonitorState, Posture
from uprightd.service.activity import SETTLE, ActivityTracker

GOOD, POOR, AWAY, UNRELIABLE = Posture.GOOD, Posture.POOR, Posture.AWAY, Posture.UNRELIABLE


def seen(
    tracker: ActivityTracker, *postures: Posture, start: float = 0.0, every: float = 1.0
) -> list[Activity | None]:
    """Given postures seen one after the other, return the activity after each."""
    activities = []
    for number, posture in enumerate(postures):
        tracker.see(posture, start + number * every)
        activities.append(tracker.state.activity if tracker.state else None)
    return activities


def test_there_is_no_state_before_anything_was_seen() -> None:
    assert ActivityTracker().state is None


@pytest.mark.parametrize(
    ("posture", "activity"),
    [
        (GOOD, Activity.WATCHING),
        (POOR, Activity.WATCHING),
        (AWAY, Activity.AWAY),
        (UNRELIABLE, Activity.UNRELIABLE),
    ],
)
def test_the_first_sample_decides_at_once_and_says_why(posture: Posture, activity: Activity) -> None:
    tracker = ActivityTracker()
    tracker.see(posture, 0.0)
    assert tracker.state is not None
    assert tracker.state.activity is activity
    assert tracker.state.reason


def test_somebody_is_away_only_after_a_moment() -> None:
    assert SETTLE == 3.0
    found = seen(ActivityTracker(), GOOD, AWAY, AWAY, AWAY, AWAY)
    assert found == [Activity.WATCHING] * 4 + [Activity.AWAY]


def test_a_sample_missed_now_and_then_is_no_absence() -> None:
    found = seen(ActivityTracker(), *[GOOD, AWAY, AWAY, POOR, UNRELIABLE, UNRELIABLE] * 5)
    assert set(found) == {Activity.WATCHING}


def test_coming_back_is_noticed_at_once() -> None:
    assert seen(ActivityTracker(), AWAY, AWAY, POOR)[-1] is Activity.WATCHING


def test_away_and_unreliable_by_turns_is_not_being_watched() -> None:
    found = seen(ActivityTracker(), GOOD, *[AWAY, UNRELIABLE] * 10)
    assert found[:4] == [Activity.WATCHING] * 4
    assert Activity.WATCHING not in found[4:]


def test_away_turns_into_unreliable_only_when_it_lasts() -> None:
    tracker = ActivityTracker()
    assert seen(tracker, AWAY, AWAY, UNRELIABLE, AWAY, UNRELIABLE, AWAY) == [Activity.AWAY] * 6
    assert seen(tracker, *[UNRELIABLE] * 4, start=6.0) == [Activity.AWAY] * 3 + [Activity.UNRELIABLE]


def test_faults_outrank_what_is_seen_and_pausing_outranks_faults() -> None:
    tracker = ActivityTracker()
    tracker.see(GOOD, 0.0)
    tracker.store = "the disk is full"
    assert tracker.state == MonitorState(Activity.DEGRADED, "log: the disk is full")
    tracker.model = "it is not installed"
    assert tracker.state == MonitorState(Activity.DEGRADED, "model: it is not installed")
    tracker.camera = "it is busy"
    assert tracker.state == MonitorState(Activity.DEGRADED, "camera: it is busy")
    tracker.paused = "by you"
    assert tracker.state == MonitorState(Activity.PAUSED, "by you")
    tracker.paused = tracker.camera = tracker.model = tracker.store = ""
    assert tracker.state == MonitorState(Activity.WATCHING, "someone in view")


def test_a_fault_is_a_state_before_anything_was_seen() -> None:
    tracker = ActivityTracker(camera="it is not there")
    assert tracker.state == MonitorState(Activity.DEGRADED, "camera: it is not there")


def test_what_was_seen_before_a_pause_says_nothing_about_now() -> None:
    tracker = ActivityTracker()
    tracker.see(GOOD, 0.0)
    tracker.forget_seen()
    assert tracker.state is None
    tracker.see(AWAY, 1.0)
    assert tracker.state == MonitorState(Activity.AWAY, "nobody in view")
