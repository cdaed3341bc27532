"""Time in the states of the monitor, whatever the log holds: it adds up, and a pause is nobody's posture."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from uprightd.domain import Activity, Posture
from uprightd.intervals import Beat, Interval, Span, credit, merge
from uprightd.records import RunRow, TransitionRow
from uprightd.report.states import time_in_states
from uprightd.spells import ENDLESS, Spell, breaks_of, spells, without_end

PULSE_MS = 5_000
MOMENT = some.integers(1, 400)
Log = tuple[list[RunRow], list[TransitionRow], list[Beat]]


def within(low_ms: int, high_ms: int) -> Span | None:
    return (low_ms, high_ms) if low_ms < high_ms else None


def run_row(run: int, start: int, end: int | None) -> RunRow:
    return RunRow(run, start * 1000, 0, "", "", "", None if end is None else end * 1000, 1.0)


def changed(number: int, second: int, activity: str, run: int = 1, reason: str = "") -> TransitionRow:
    return TransitionRow(number, second * 1000, 0, run, activity, reason)


@some.composite
def logs(draw: some.DrawFn) -> Log:
    """Two runs, ended or killed, one after the other or overlapping, with changes of state in any order."""
    runs, changes, beats = [], [], []
    for run in (1, 2):
        start, moments = draw(MOMENT), draw(some.lists(MOMENT, max_size=60, unique=True))
        runs.append(run_row(run, start, draw(some.none() | some.integers(start, 500))))
        for at in draw(some.lists(MOMENT, max_size=12)):
            activity = draw(some.sampled_from(list(Activity)))
            changes.append(changed(len(changes), at, activity, run, draw(some.text("ab"))))
        beats += [Beat(at * 1000, 0, run, Posture.GOOD, PULSE_MS) for at in moments]
    return runs, changes, sorted(beats)


@given(logs(), MOMENT)
def test_no_time_counts_twice_or_without_grounds(log: Log, middle: int) -> None:
    runs, changes, beats = log
    states = spells(changes, runs)
    breaks = breaks_of(states)
    all_of_it = list(merge(credit(beats)))
    kept = list(merge(credit(beats, breaks)))

    def total(since: int, until: int) -> dict[Activity, int]:
        found = time_in_states(
            states, kept, lambda low, high, _: within(max(low, since * 1000), min(high, until * 1000))
        )
        return {activity: sum(reasons.values()) for activity, reasons in found.items()}

    whole, early, late = total(0, 1_000), total(0, middle), total(middle, 1_000)
    assert {it: early[it] + late[it] for it in Activity} == whole
    assert sum(whole.values()) <= 500_000
    sampled = sum(whole[it] for it in Activity if it not in (Activity.PAUSED, Activity.DEGRADED))
    assert sampled <= sum(each.ms for each in kept) <= sum(each.ms for each in all_of_it)
    for state in (each for each in states if not each.sampled):
        assert all(
            each.end_ms <= state.start_ms or each.start_ms >= state.end_ms or not each.ms
            for each in kept
            if each.run == state.run
        )


def test_pauses_and_faults_are_breaks_of_their_own_run_and_one_where_they_meet() -> None:
    runs = [run_row(1, 0, 100), run_row(2, 0, 100)]
    changes = [
        changed(1, 1, "away"),
        changed(2, 20, "paused"),
        changed(3, 30, "degraded"),
        changed(4, 35, "uncalibrated"),
        changed(5, 40, "paused"),
        changed(6, 45, "watching"),
        changed(7, 50, "paused", run=2),
    ]
    breaks = breaks_of(spells(changes, runs))
    assert breaks == {1: [(20_000, 35_000), (40_000, 45_000)], 2: [(50_000, 100_000)]}


def test_a_break_within_another_of_its_run_adds_nothing() -> None:
    states = [
        Spell(low * 1000, high * 1000, 0, 1, Activity.PAUSED, "") for low, high in ((5, 9), (0, 20), (20, 21))
    ]
    assert breaks_of(states) == {1: [(0, 21_000)]}


def test_a_state_lasts_to_the_next_of_its_run_or_to_the_run_s_end() -> None:
    runs = [run_row(1, 0, 100), run_row(2, 0, None)]
    changes = [
        changed(1, 10, "watching", reason="someone in view"),
        changed(2, 10, "away", run=2),
        changed(3, 30, "paused", reason="by you, until Sun 12:05"),
        changed(4, 60, "degraded", run=2),
        changed(5, 120, "watching"),  # the clock was set back before the run ended
    ]
    found = [
        (it.run, it.activity, it.start_ms // 1000, it.end_ms // 1000, it.reason)
        for it in spells(changes, runs)
    ]
    assert found == [
        (1, "watching", 10, 30, "someone in view"),
        (1, "paused", 30, 120, "by you"),
        (2, "away", 10, 60, ""),
    ]


def test_a_state_that_watches_has_no_end_in_a_run_without_one() -> None:
    (spell,) = spells([changed(1, 10, "watching")], [run_row(1, 0, None)])
    assert spell.end_ms == ENDLESS


def test_changes_are_taken_as_they_came_though_the_clock_was_set_back() -> None:
    changes = [
        changed(1, 50, "watching"),
        changed(2, 10, "paused"),
        changed(3, 30, "watching"),
        changed(4, 20, "away"),
    ]
    found = [
        (it.activity, it.start_ms // 1000, it.end_ms // 1000) for it in spells(changes, [run_row(1, 0, 60)])
    ]
    assert found == [("paused", 10, 30), ("away", 20, 60)]


def test_time_is_told_by_state_and_reason_the_longest_first_and_each_moment_once() -> None:
    states = [
        Spell(0, 40_000, 0, 1, Activity.WATCHING, "someone in view"),
        Spell(40_000, 50_000, 0, 1, Activity.PAUSED, "the screen is locked"),
        Spell(45_000, 70_000, 0, 2, Activity.PAUSED, "by you"),
        Spell(70_000, ENDLESS, 0, 2, Activity.AWAY, "nobody in view"),
    ]
    watched = [
        Interval(5_000, 15_000, 0, 1, "good", 10),
        Interval(20_000, 45_000, 0, 1, "poor", 10),
        Interval(75_000, 75_000, 0, 2, "away", 1),
        Interval(80_000, 99_000, 0, 2, "away", 19),
    ]
    found = time_in_states(states, watched, lambda low, high, _: within(low, min(high, 90_000)))
    assert {it: reasons for it, reasons in found.items() if reasons} == {
        Activity.WATCHING: {"someone in view": 30_000},
        Activity.PAUSED: {"by you": 20_000, "the screen is locked": 10_000},
        Activity.AWAY: {"nobody in view": 10_000},
    }
    assert list(found[Activity.PAUSED]) == ["by you", "the screen is locked"]
    assert list(found) == list(Activity)


def test_a_state_that_begins_amid_what_is_watched_has_its_part_of_it() -> None:
    states = [
        Spell(0, 30_000, 0, 1, Activity.WATCHING, ""),
        Spell(30_000, 40_000, 0, 1, Activity.UNRELIABLE, ""),
        Spell(40_000, ENDLESS, 0, 1, Activity.WATCHING, ""),
    ]
    watched = [Interval(5_000, 60_000, 0, 1, "unreliable", 55)]
    found = time_in_states(states, watched, lambda low, high, _: within(low, high))
    assert (found[Activity.WATCHING], found[Activity.UNRELIABLE]) == ({"": 45_000}, {"": 10_000})


def test_reasons_that_differ_in_their_end_alone_are_the_same() -> None:
    assert without_end("by you, until `uprightd resume`") == "by you"
    assert without_end("while alerts were snoozed until Monday 06:00 (by you)") == "while alerts were snoozed"
    assert without_end("the screen is locked") == "the screen is locked"
