"""Merging samples into intervals: examples in a table, and the promises as properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uprightd.domain import Posture
from uprightd.intervals import Interval, Sample, merge, pulse_for

GOOD, POOR, AWAY = Posture.GOOD, Posture.POOR, Posture.AWAY
PULSE = 5.0


def beats(*samples: tuple[float, Posture], run: int = 1) -> list[Sample]:
    return [Sample(at, run, posture) for at, posture in samples]


def merged(samples: list[Sample]) -> list[tuple[float, float, Posture]]:
    return [(i.start, i.end, i.posture) for i in merge(samples, PULSE)]


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
            beats((0, GOOD), (1, GOOD), (6.5, GOOD), (7, GOOD)),
            [(0, 1, GOOD), (6.5, 7, GOOD)],
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
            beats((10, GOOD), (11, GOOD), (8, POOR), (9, POOR), (11, POOR), (12, GOOD)),
            [(10, 12, GOOD)],
            id="after a clock set back, time that was counted is not counted again",
        ),
        pytest.param(
            beats((0, GOOD), (28800, GOOD), (28801, GOOD)),
            [(0, 0, GOOD), (28800, 28801, GOOD)],
            id="eight hours of sleep are nobody's",
        ),
    ],
)
def test_samples_become_intervals(
    samples: list[Sample], expected: list[tuple[float, float, Posture]]
) -> None:
    assert merged(samples) == expected


def test_an_interval_counts_its_samples() -> None:
    assert list(merge(beats((0, GOOD), (1, GOOD), (1, GOOD), (2, POOR)), PULSE)) == [
        Interval(0, 2, 1, GOOD, 2),
        Interval(2, 2, 1, POOR, 1),
    ]


@pytest.mark.parametrize(("period", "pulse"), [(0.2, 5.0), (1.0, 5.0), (2.0, 6.0), (10.0, 30.0)])
def test_the_pulse_forgives_two_missing_samples_and_five_seconds(period: float, pulse: float) -> None:
    assert pulse_for(period) == pulse


# Milliseconds, as the log stores them: whole numbers make sums exact. With steps back, standstill, sleep.
steps = (
    st.integers(-20_000, 20_000) | st.integers(0, 2_000) | st.sampled_from([0, 1_000, 28_800_000, -3_600_000])
)
streams = st.lists(st.tuples(steps, st.integers(1, 3), st.sampled_from(list(Posture))), max_size=60)


def samples_from(stream: list[tuple[int, int, Posture]]) -> list[Sample]:
    at, samples = 1_000_000_000, []
    for step, run, posture in stream:
        at += step
        samples.append(Sample(at, run, posture))
    return samples


@settings(deadline=None)
@given(streams)
def test_intervals_are_never_negative_and_never_overlap(stream: list[tuple[int, int, Posture]]) -> None:
    intervals = list(merge(samples_from(stream), 5_000))
    assert all(interval.seconds >= 0 for interval in intervals)
    assert all(before.end <= after.start for before, after in pairwise(intervals))


@settings(deadline=None)
@given(streams)
def test_totals_add_up_to_the_elapsed_time_without_the_gaps(stream: list[tuple[int, int, Posture]]) -> None:
    kept: list[Sample] = []
    for sample in samples_from(stream):
        if not kept or sample.at > kept[-1].at:
            kept.append(sample)
    owed = dict.fromkeys(Posture, 0.0)
    for before, after in pairwise(kept):
        if before.run == after.run and after.at - before.at <= 5_000:
            owed[before.posture] += after.at - before.at
    paid = dict.fromkeys(Posture, 0.0)
    for interval in merge(kept, 5_000):
        paid[interval.posture] += interval.seconds
    assert paid == owed
    assert list(merge(samples_from(stream), 5_000)) == list(merge(kept, 5_000))


@settings(deadline=None)
@given(streams)
def test_merging_what_was_merged_before_changes_nothing(stream: list[tuple[int, int, Posture]]) -> None:
    samples = samples_from(stream)
    assert list(merge(samples + samples, 5_000)) == list(merge(samples, 5_000))


@settings(deadline=None)
@given(streams)
def test_neighbours_differ_or_lie_apart(stream: list[tuple[int, int, Posture]]) -> None:
    for before, after in pairwise(merge(samples_from(stream), 5_000)):
        joined = before.end == after.start and before.run == after.run
        assert not joined or before.posture != after.posture
