"""Samples become time, and time intervals: examples in a table, and the promises as properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd.domain import Posture
from uprightd.intervals import (
    HOUR_MS,
    MINUTE_MS,
    Beat,
    Hour,
    Interval,
    Span,
    credit,
    hour_of,
    merge,
    pulse_for,
)

GOOD, POOR, AWAY = Posture.GOOD, Posture.POOR, Posture.AWAY
PULSE = 5_000
AT = 1_795_348_800_000  # 2026-11-22 12:00:00 UTC


def beats(*samples: tuple[float, Posture], run: int = 1, offset: int = 0) -> list[Beat]:
    """Samples at seconds after AT."""
    return [Beat(AT + round(at * 1000), offset, run, posture, PULSE) for at, posture in samples]


def merged(
    samples: list[Beat], breaks: dict[int, list[Span]] | None = None
) -> list[tuple[float, float, str]]:
    in_order = sorted(samples, key=lambda beat: beat.at_ms)
    return [
        ((it.start_ms - AT) / 1000, (it.end_ms - AT) / 1000, it.posture)
        for it in merge(credit(in_order, breaks or {}))
    ]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        pytest.param([], [], id="nothing gives nothing"),
        pytest.param(beats((7, GOOD)), [(7, 7, GOOD)], id="one sample lasts no time"),
        pytest.param(beats((0, GOOD), (1, GOOD), (2, GOOD)), [(0, 2, GOOD)], id="equal states join"),
        pytest.param(
            beats((0, GOOD), (2, POOR), (3, POOR)),
            [(0, 2, GOOD), (2, 3, POOR)],
            id="the time up to a change belongs to the earlier state",
        ),
        pytest.param(beats((0, GOOD), (5, GOOD)), [(0, 5, GOOD)], id="a gap of just the pulse counts"),
        pytest.param(
            beats((0, GOOD), (1, GOOD), (6.001, GOOD), (7, GOOD)),
            [(0, 1, GOOD), (6.001, 7, GOOD)],
            id="a longer gap belongs to nobody",
        ),
        pytest.param(
            beats((0, GOOD), (1, GOOD), (8, POOR), (9, POOR)),
            [(0, 1, GOOD), (8, 9, POOR)],
            id="a longer gap between two states neither",
        ),
        pytest.param(
            [*beats((0, GOOD), (1, GOOD)), *beats((2, GOOD), (3, GOOD), run=2)],
            [(0, 1, GOOD), (2, 3, GOOD)],
            id="between two runs nobody watched",
        ),
        pytest.param(
            beats((0, GOOD), (1, GOOD), (1, POOR), (2, GOOD)),
            [(0, 2, GOOD)],
            id="of two samples of one moment the first counts",
        ),
        pytest.param(
            [*beats((0, GOOD), (2, GOOD), (4, GOOD)), *beats((1, POOR), (3, POOR), (5, POOR), run=2)],
            [(0, 2, GOOD), (2, 3, POOR), (3, 4, GOOD), (4, 5, POOR)],
            id="where two runs claim the same time the first sample has it",
        ),
        pytest.param(
            beats((0, GOOD), (28800, GOOD), (28801, GOOD)),
            [(0, 0, GOOD), (28800, 28801, GOOD)],
            id="eight hours of sleep are nobody's",
        ),
        pytest.param(
            [*beats((3596, GOOD), (3599, GOOD), (3602, GOOD), (3603, GOOD))],
            [(3596, 3600, GOOD), (3600, 3603, GOOD)],
            id="the end of an hour cuts",
        ),
        pytest.param(
            [*beats((0, GOOD), (2, GOOD)), *beats((4, GOOD), (6, GOOD), offset=60)],
            [(0, 4, GOOD), (4, 6, GOOD)],
            id="another clock cuts and loses nothing",
        ),
    ],
)
def test_samples_become_intervals(samples: list[Beat], expected: list[tuple[float, float, str]]) -> None:
    assert merged(samples) == expected


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_of_two_runs_samples_of_the_same_moments_the_earlier_run_s_count(order: tuple[int, int]) -> None:
    """Whichever an hour, or a part of it, is read from first."""
    both = [Beat(AT + second * 1000, 0, run, GOOD, PULSE) for second in (0, 1) for run in order]
    assert [(each.beat.run, each.ms) for each in credit(both) if each.ms] == [(1, 1000)]


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        pytest.param([(-9, -5)], [(0, 5)], id="before"),
        pytest.param([(5, 9)], [(0, 5)], id="after"),
        pytest.param([(-9, 9)], [(0, 0)], id="over all of it"),
        pytest.param([(1, 2)], [(0, 1), (2, 5)], id="within"),
        pytest.param([(0, 2), (4, 5)], [(2, 4)], id="at both ends"),
        pytest.param([(1, 2), (3, 4)], [(0, 1), (2, 3), (4, 5)], id="two of them"),
    ],
)
def test_a_break_of_the_run_belongs_to_nobody(breaks: list[Span], expected: list[Span]) -> None:
    in_ms = {1: [(AT + low * 1000, AT + high * 1000) for low, high in breaks]}
    found = merged(beats((0, GOOD), (5, GOOD)), in_ms)
    assert [(low, high) for low, high, _ in found if low < high or (low, high) in expected] == expected
    assert merged(beats((0, GOOD), (5, GOOD), run=2), in_ms)[0][:2] == (0, 5), "a break of another run"


def test_an_interval_counts_its_samples() -> None:
    assert list(merge(credit(beats((0, GOOD), (1, GOOD), (1, GOOD), (2, POOR))))) == [
        Interval(AT, AT + 2000, 0, 1, GOOD, 2),
        Interval(AT + 2000, AT + 2000, 0, 1, POOR, 1),
    ]


def test_a_sample_is_counted_in_the_hour_it_was_taken_in() -> None:
    assert [it.samples for it in merge(credit(beats((3595, GOOD), (3599, GOOD), (3603, GOOD))))] == [2, 1]


@pytest.mark.parametrize(("period", "pulse"), [(0.2, 5.0), (1.0, 5.0), (2.0, 6.0), (10.0, 30.0)])
def test_the_pulse_forgives_two_missing_samples_and_five_seconds(period: float, pulse: float) -> None:
    assert pulse_for(period) == pulse


@pytest.mark.parametrize(
    ("offset", "begins"),
    [(0, 0), (60, 0), (330, -1_800), (345, -2_700), (630, -1_800), (-210, -1_800), (-720, 0)],
)
def test_an_hour_begins_by_the_person_s_own_clock(offset: int, begins: int) -> None:
    assert hour_of(AT, offset) == Hour(AT + begins * 1000, offset)
    assert hour_of(AT + begins * 1000 - 1, offset) == Hour(AT + begins * 1000 - HOUR_MS, offset)


# With steps back, standstill, sleep; a run goes by its own clock when somebody has flown.
steps = (
    st.integers(-20_000, 20_000) | st.integers(0, 2_000) | st.sampled_from([0, 1_000, 28_800_000, -3_600_000])
)
streams = st.lists(
    st.tuples(steps, st.integers(1, 3), st.sampled_from(list(Posture)), st.sampled_from([0, 60, 330])),
    max_size=60,
)
Stream = list[tuple[int, int, Posture, int]]


def beats_from(stream: Stream) -> list[Beat]:
    """In order of time, as the log gives them; among equals in order of their numbers."""
    at, samples = AT, []
    for step, run, posture, offset in stream:
        at += step
        samples.append(Beat(at, offset, run, posture, PULSE))
    return sorted(samples, key=lambda beat: beat.at_ms)


@settings(deadline=None)
@given(streams)
def test_intervals_are_never_negative_and_never_overlap(stream: Stream) -> None:
    intervals = list(merge(credit(beats_from(stream))))
    assert all(interval.ms >= 0 for interval in intervals)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(intervals))


@settings(deadline=None)
@given(streams)
def test_what_is_credited_lies_within_one_minute_and_adds_up_to_the_intervals(stream: Stream) -> None:
    credits_ = list(credit(beats_from(stream)))
    for each in credits_:
        assert each.start_ms // MINUTE_MS == max(each.start_ms, each.end_ms - 1) // MINUTE_MS
    intervals = list(merge(credits_))
    assert sum(each.ms for each in intervals) == sum(each.ms for each in credits_)
    assert sum(each.samples for each in intervals) == sum(each.first for each in credits_) <= len(stream)


@settings(deadline=None)
@given(streams)
def test_one_run_gets_the_elapsed_time_without_the_gaps(stream: Stream) -> None:
    alone = [beat._replace(run=1) for beat in beats_from(stream)]
    kept: list[Beat] = []
    for beat in alone:
        if not kept or beat.at_ms > kept[-1].at_ms:
            kept.append(beat)
    owed = dict.fromkeys(map(str, Posture), 0)
    for before, after in pairwise(kept):
        if after.at_ms - before.at_ms <= PULSE:
            owed[before.posture] += after.at_ms - before.at_ms
    paid = dict.fromkeys(map(str, Posture), 0)
    for interval in merge(credit(alone)):
        paid[interval.posture] += interval.ms
    assert paid == owed


@settings(deadline=None)
@given(streams)
def test_reading_every_row_twice_changes_nothing(stream: Stream) -> None:
    samples = beats_from(stream)
    twice = [beat for each in samples for beat in (each, each)]
    assert list(merge(credit(twice))) == list(merge(credit(samples)))


@settings(deadline=None)
@given(streams)
def test_neighbours_differ_or_lie_apart(stream: Stream) -> None:
    for before, after in pairwise(merge(credit(beats_from(stream)))):
        joined = before.end_ms == after.start_ms and (before.run, before.offset_min) == (
            after.run,
            after.offset_min,
        )
        same_hour = hour_of(before.start_ms, before.offset_min) == hour_of(after.start_ms, after.offset_min)
        assert not (joined and same_hour) or before.posture != after.posture
