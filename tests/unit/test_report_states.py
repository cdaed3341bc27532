"""Time in the states of the monitor, whatever the log holds: it adds up, and a pause is nobody's posture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from uprightd.domain import Activity, Posture
from uprightd.intervals import Interval, Sample, merge
from uprightd.records import RunRow, TransitionRow
from uprightd.report.states import Span, joined, outside, spells, time_in_states, without_end

PULSE = 5.0
MOMENT = some.integers(1, 400)
Log = tuple[list[RunRow], list[TransitionRow], list[Interval]]


@some.composite
def logs(draw: some.DrawFn) -> Log:
    """Two runs, ended or killed, one after the other or overlapping, with changes of state in any order."""
    runs, changes, intervals = [], [], []
    for run in (1, 2):
        start, beats = draw(MOMENT), draw(some.lists(MOMENT, max_size=60, unique=True))
        end = draw(some.none() | some.integers(start, 500))
        runs.append(RunRow(run, start * 1000, 0, "", "", "", None if end is None else end * 1000, 1.0))
        for at in draw(some.lists(MOMENT, max_size=12)):
            activity = draw(some.sampled_from(list(Activity)))
            changes.append(TransitionRow(len(changes), at * 1000, 0, run, activity, draw(some.text("ab"))))
        intervals += merge([Sample(float(at), run, Posture.GOOD) for at in sorted(beats)], PULSE)
    return runs, changes, sorted(intervals, key=lambda interval: interval.start)


@given(logs(), MOMENT)
def test_no_time_counts_twice_or_without_grounds(log: Log, middle: int) -> None:
    runs, changes, intervals = log
    states = spells(changes, runs)
    watched: dict[int, list[Span]] = {}
    kept = list(joined(outside(intervals, states), watched))

    def total(since: float, until: float) -> dict[Activity, float]:
        found = time_in_states(states, watched, since, until)
        return {activity: sum(reasons.values()) for activity, reasons in found.items()}

    whole, early, late = total(0, 1_000), total(0, middle), total(middle, 1_000)
    assert {it: round(early[it] + late[it], 3) for it in Activity} == {
        it: round(whole[it], 3) for it in Activity
    }
    assert sum(whole.values()) <= 500
    sampled = sum(whole[it] for it in Activity if it not in (Activity.PAUSED, Activity.DEGRADED))
    assert sampled <= sum(each.seconds for each in kept) <= sum(each.seconds for each in intervals)
    for state in (each for each in states if not each.sampled):
        assert all(
            each.end <= state.start or each.start >= state.end for each in kept if each.run == state.run
        )


def test_nothing_is_cut_from_posture_but_pauses_and_faults_of_its_own_run() -> None:
    beat = Interval(0.0, 100.0, 1, Posture.GOOD, 100)
    runs = [
        RunRow(1, 0, 0, "", "", "", 100_000, 1.0),
        RunRow(2, 0, 0, "", "", "", 100_000, 1.0),
    ]
    changes = [
        TransitionRow(1, 1_000, 0, 1, "away", ""),
        TransitionRow(2, 20_000, 0, 1, "paused", ""),
        TransitionRow(3, 30_000, 0, 1, "degraded", ""),
        TransitionRow(4, 35_000, 0, 1, "uncalibrated", ""),
        TransitionRow(5, 50_000, 0, 2, "paused", ""),
    ]
    left = [(each.start, each.end) for each in outside([beat], spells(changes, runs))]
    assert left == [(0.0, 20.0), (35.0, 100.0)]


def test_reasons_that_differ_in_their_end_alone_are_the_same() -> None:
    assert without_end("by you, until `uprightd resume`") == "by you"
    assert without_end("while alerts were snoozed until Monday 06:00 (by you)") == "while alerts were snoozed"
    assert without_end("the screen is locked") == "the screen is locked"
