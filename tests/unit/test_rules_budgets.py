"""Holding-time budgets on exact timelines: used up faster at worse angles, refilled in good posture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.rules import BUDGET, ISO, NONE, alerts, nobody, of, reading, steady, told

from uprightd.domain import Instant, Posture
from uprightd.rules.budgets import Holding
from uprightd.rules.model import Budget

QUIET = replace(BUDGET, cooldown=0.0)


@pytest.mark.parametrize(
    ("angle", "seconds"),
    [(25.0, 480.0), (40.0, 375.0), (55.0, 270.0), (70.0, 165.0), (85.0, 60.0), (86.0, 60.0), (170.0, 60.0)],
)
def test_an_angle_is_permitted_for_as_long_as_the_curve_says(angle: float, seconds: float) -> None:
    assert ISO.permitted(angle) == pytest.approx(seconds)
    assert told(of(QUIET), steady(angle, 0, 1000, 2.5)) == [pytest.approx(seconds, abs=2.5)]


def test_a_budget_is_used_up_to_the_second() -> None:
    assert told(of(QUIET), steady(25.0, 0, 600)) == [480.0]
    assert told(of(QUIET), steady(85.0, 0, 600)) == [60.0]
    assert told(of(QUIET), steady(24.999, 0, 3600)) == []


def test_a_curve_of_several_points_is_bent() -> None:
    bent = Budget(((10.0, 100.0), (20.0, 50.0), (40.0, 10.0)))
    assert [bent.permitted(angle) for angle in (0, 10, 15, 20, 30, 40, 90)] == [100, 100, 75, 50, 30, 10, 10]
    flat = Budget(((25.0, 60.0),))
    assert [flat.permitted(angle) for angle in (25, 90)] == [60, 60]


def test_shares_of_different_angles_add_up() -> None:
    """Half the budget at 25° (240 s of 480), the other half at 85° (30 s of 60)."""
    timeline = [*steady(25.0, 0, 240), *steady(85.0, 241, 300)]
    # The second from 240 to 241 counts by its milder end.
    assert told(of(QUIET), timeline) == [pytest.approx(241 + 30 - 60 / 480, abs=1)]


def test_the_milder_of_two_neighbouring_readings_counts() -> None:
    leaping = [(float(at), 85.0 if at % 2 else 25.0) for at in range(600)]
    assert told(of(QUIET), leaping) == [480.0], "as at 25°"
    to_and_fro = [(float(at), 85.0 if at % 2 else 20.0) for at in range(3600)]
    assert told(of(QUIET), to_and_fro) == []


def test_good_posture_refills_it_at_its_own_rate() -> None:
    used = [*steady(25.0, 0, 240), *steady(10.0, 241, 360)]  # a half used, a quarter refilled
    assert told(of(QUIET), [*used, *steady(25.0, 361, 900)]) == [pytest.approx(361 + 360, abs=2)]
    fast = replace(QUIET, term=Budget(ISO.curve, recover=2.0))
    assert told(of(fast), [*used, *steady(25.0, 361, 1000)]) == [pytest.approx(361 + 480, abs=2)]


def test_a_full_budget_holds_no_more_than_itself() -> None:
    assert told(of(QUIET), [*steady(10.0, 0, 3600), *steady(25.0, 3601, 4200)]) == [3601.0 + 480.0]


def test_it_is_spoken_of_once_until_it_is_half_refilled() -> None:
    first = steady(85.0, 0, 600)
    little = [*first, *steady(10.0, 601, 700), *steady(85.0, 701, 1000)]
    assert told(of(QUIET), little) == [60.0]
    enough = [*first, *steady(10.0, 601, 850), *steady(85.0, 851, 1000)]
    assert told(of(QUIET), enough) == [60.0, pytest.approx(851 + 30, abs=2)]


def test_more_than_all_cannot_be_used() -> None:
    """Else an hour in bad posture would have to be made good by an hour and more."""
    long = [*steady(85.0, 0, 3600), *steady(10.0, 3601, 3850), *steady(85.0, 3851, 4000)]
    assert told(of(QUIET), long) == [60.0, pytest.approx(3851 + 30, abs=2)]


def test_the_cooldown_silences_it_and_no_alert_is_given_in_good_posture() -> None:
    engine = of(replace(BUDGET, cooldown=1000.0))
    engine.remember_alert("budget", 0.0, Instant(0.0, 0.0))
    assert told(engine, [*steady(85.0, 0, 999), *steady(10.0, 1000, 1001)]) == []
    assert told(engine, steady(85.0, 1002, 1010)) == [1003.0], "what those seconds refilled is used up first"


@pytest.mark.parametrize("unseen", [NONE, "nobody", "gap"])
def test_what_was_not_seen_for_a_minute_changes_nothing(unseen: object) -> None:
    engine = of(QUIET)
    assert told(engine, steady(25.0, 0, 400)) == []
    for at in range(401, 460) if unseen != "gap" else ():
        assert engine.judge(nobody(at) if unseen == "nobody" else reading(at, None)).alerts == ()
    assert told(engine, steady(25.0, 460, 700)) == [540.0]


@pytest.mark.parametrize("unseen", [NONE, "nobody", "gap"])
def test_what_was_not_seen_for_longer_counts_as_rest(unseen: object) -> None:
    """100 seconds not seen: 380 used, so another 180 instead of 80."""
    engine = of(QUIET)
    assert told(engine, steady(25.0, 0, 400)) == []
    for at in range(401, 500) if unseen != "gap" else ():
        assert engine.judge(nobody(at) if unseen == "nobody" else reading(at, None)).alerts == ()
    assert told(engine, steady(25.0, 500, 800)) == [680.0]


def test_a_gap_uses_nothing() -> None:
    assert told(of(QUIET), [(at * 3.5, 85.0) for at in range(1000)]) == [], "the pulse is 3 seconds"


def test_a_late_reading_uses_nothing() -> None:
    late = [(at + wobble, 85.0) for at in range(50) for wobble in (0.0, -0.5, -0.9)]
    assert told(of(QUIET), late) == []


def test_an_interruption_begins_a_new_budget() -> None:
    engine = of(QUIET)
    assert told(engine, steady(85.0, 0, 50)) == []
    engine.interrupt()
    assert told(engine, steady(85.0, 51, 150)) == [111.0]


def test_a_reading_at_the_first_angle_is_poor_posture_and_below_it_good() -> None:
    judge = of(QUIET).judge
    assert [judge(reading(at, angle)).posture for at, angle in enumerate([24.9, 25.0, 60.0])] == [
        Posture.GOOD,
        Posture.POOR,
        Posture.POOR,
    ]
    assert judge(reading(9, 60.0)).violated == ("budget",)


def test_an_alert_tells_what_is_used_and_for_how_long() -> None:
    (alert,) = alerts(of(QUIET), (reading(at, value) for at, value in steady(85.0, 0, 100)))
    assert (alert.held, alert.started.mono, alert.value, alert.threshold) == (60.0, 0.0, 85.0, 25.0)
    assert alert.message == "neck flexion 85.0° past 25° for 1 min"
    assert "neck flexion 85.0°, past 25° for 1 min, which uses up the 8 min permitted there" in alert.reason
    assert alert.explanation["permitted_s"] == 60.0
    assert alert.explanation["rule"]["budget"] == {"25": "8 min", "85": "1 min"}


def test_what_was_used_before_a_rest_is_in_its_time() -> None:
    """A short look up does not make it a new beginning."""
    timeline = [*steady(85.0, 0, 40), *steady(10.0, 41, 50), *steady(85.0, 51, 100)]
    (alert,) = alerts(of(QUIET), (reading(at, value) for at, value in timeline))
    assert alert.started.mono == 0.0
    assert alert.held == pytest.approx(40 + (alert.at.mono - 51))


def test_the_used_share_is_never_more_than_all_nor_less_than_none() -> None:
    holding = Holding(QUIET, 3.0)
    for at, value in [*steady(10.0, 0, 100), *steady(85.0, 101, 400), *steady(10.0, 401, 2000)]:
        holding.see(10.0 if value is None else value, reading(at, value))
        assert 0.0 <= holding.used <= 1.0
    assert holding.used == 0.0
    assert holding.started is None


def test_a_used_up_budget_is_due_in_bad_posture_only() -> None:
    """Two readings of one moment: no time passes in which it could be refilled."""
    holding = Holding(QUIET, 3.0)
    due = [holding.see(85.0, reading(at, 85.0)) for at in range(61)]
    assert due == [*[False] * 60, True]
    assert not holding.see(10.0, reading(60.0, 10.0))
