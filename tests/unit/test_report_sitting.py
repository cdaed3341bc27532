"""Sitting stretches and breaks, from intervals written down as seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from uprightd.domain import Posture
from uprightd.intervals import Interval
from uprightd.metrics.definitions import METRICS
from uprightd.report.sitting import ADVISED_S, BREAK_S, SHORTEST_S, sitting_of
from uprightd.rules.loading import load_pack
from uprightd.rules.model import Sitting as SittingTerm

DESK = Path(__file__).parents[2] / "rules" / "desk.yaml"
NOON = 1_795_348_800_000
GOOD, POOR, UNRELIABLE, AWAY = Posture.GOOD, Posture.POOR, Posture.UNRELIABLE, Posture.AWAY
Part = tuple[Posture | None, float]
"""How somebody was for so many seconds; None: nobody watched."""


def intervals(*parts: Part, offset: int = 0) -> list[Interval]:
    at, found = NOON, []
    for posture, seconds in parts:
        end = at + round(seconds * 1000)
        if posture is not None:
            found.append(Interval(at, end, offset, 1, posture, 1))
        at = end
    return found


def lengths(*parts: Part) -> tuple[list[float], list[float]]:
    sitting = sitting_of(intervals(*parts))
    return [each.seconds for each in sitting.stretches], [each.seconds for each in sitting.breaks]


@pytest.mark.parametrize(
    ("parts", "stretches", "breaks"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([(AWAY, 900)], [], [], id="nobody there"),
        pytest.param([(GOOD, 300), (POOR, 60), (UNRELIABLE, 40)], [400], [], id="in whatever posture"),
        pytest.param([(GOOD, 59)], [], [], id="somebody who passes by does not sit"),
        pytest.param([(GOOD, 60)], [60], [], id="a minute is enough"),
        pytest.param(
            [(GOOD, 600), (AWAY, 120), (GOOD, 300)], [600, 300], [120], id="two minutes away is a break"
        ),
        pytest.param(
            [(GOOD, 600), (AWAY, 119), (GOOD, 300)], [900], [], id="less is none, and is not sitting"
        ),
        pytest.param(
            [(GOOD, 600), (AWAY, 60), (AWAY, 70), (GOOD, 300)],
            [600, 300],
            [130],
            id="cut by the end of an hour",
        ),
        pytest.param([(GOOD, 600), (AWAY, 300)], [600], [], id="after the last stretch there is no break"),
        pytest.param([(AWAY, 300), (GOOD, 600)], [600], [], id="nor before the first"),
        pytest.param(
            [(GOOD, 600), (AWAY, 200), (GOOD, 30), (AWAY, 200), (GOOD, 300)],
            [600, 300],
            [200, 200],
            id="a moment between two breaks is no stretch",
        ),
        pytest.param([(GOOD, 600), (None, 119), (GOOD, 300)], [900], [], id="a short gap ends nothing"),
        pytest.param(
            [(GOOD, 600), (None, 120), (GOOD, 300)], [600, 300], [], id="a longer one does, and is no break"
        ),
        pytest.param(
            [(GOOD, 600), (AWAY, 60), (None, 60), (GOOD, 300)], [600, 300], [], id="away and a gap together"
        ),
        pytest.param(
            [(GOOD, 600), (None, 60), (AWAY, 60), (GOOD, 300)], [600, 300], [], id="a gap and away together"
        ),
        pytest.param(
            [(GOOD, 600), (AWAY, 100), (None, 10), (AWAY, 100), (GOOD, 300)],
            [600, 300],
            [200],
            id="a break with a gap in it is a break",
        ),
        pytest.param(
            [(GOOD, 600), (AWAY, 200), (None, 10), (GOOD, 300)],
            [600, 300],
            [200],
            id="and with one at its end",
        ),
        pytest.param(
            [(GOOD, 600), (AWAY, 60), (None, 3600), (AWAY, 70), (GOOD, 300)],
            [600, 300],
            [],
            id="hours that nobody watched make no break of two moments",
        ),
        pytest.param(
            [(GOOD, 600), (None, 60), (GOOD, 10), (None, 60), (GOOD, 300)],
            [910],
            [],
            id="two short gaps apart",
        ),
    ],
)
def test_stretches_and_breaks(parts: list[Part], stretches: list[float], breaks: list[float]) -> None:
    assert lengths(*parts) == (stretches, breaks)


def test_each_has_its_beginning_by_the_clock_of_then() -> None:
    sitting = sitting_of(intervals((AWAY, 60), (GOOD, 600), (AWAY, 200), (POOR, 300), offset=330))
    assert [each.start.isoformat() for each in sitting.stretches] == [
        "2026-11-22T17:31:00+05:30",
        "2026-11-22T17:44:20+05:30",
    ]
    assert [each.start.isoformat() for each in sitting.breaks] == ["2026-11-22T17:41:00+05:30"]


def test_a_night_is_no_break() -> None:
    sitting = sitting_of(intervals((GOOD, 11 * 3600), (AWAY, 7200), (GOOD, 600)))
    assert [each.seconds for each in sitting.stretches] == [39_600, 600]
    assert sitting.breaks == ()


def test_the_figures_of_all_of_them() -> None:
    parts: list[Part] = []
    for seconds in (ADVISED_S, ADVISED_S + 1, 600, 100):
        parts += [(GOOD, seconds), (AWAY, 150 + seconds / 100)]
    sitting = sitting_of(intervals(*parts))
    assert sitting.longest is not None
    assert sitting.longest.seconds == ADVISED_S + 1
    assert sitting.usual == (ADVISED_S + 600) / 2
    assert sitting.usual_break == pytest.approx(180.0)
    assert sitting.too_long == 1
    none = sitting_of([])
    assert (none.longest, none.usual, none.usual_break, none.too_long) == (None, None, None, 0)


def test_the_limits_are_those_of_the_desk_pack() -> None:
    (term,) = [rule.term for rule in load_pack(DESK, METRICS).rules if isinstance(rule.term, SittingTerm)]
    assert (term.limit, term.pause) == (ADVISED_S, BREAK_S)
    assert SHORTEST_S == 60
