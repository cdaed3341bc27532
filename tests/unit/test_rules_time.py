"""Rules on time itself: sitting without a break, and holding still."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.fakes.rules import (
    BAD,
    GOOD,
    LIMIT,
    NONE,
    SITTING,
    STATIC,
    WALL,
    alerts,
    nobody,
    of,
    reading,
    steady,
    told,
)

from uprightd.domain import Instant, Posture, Reading, View

# Ten minutes of sitting, a break is two minutes, the pulse three seconds.
CALM = replace(SITTING, cooldown=0.0)


def seated(start: float, end: float, **changes: object) -> list[Reading]:
    return [reading(at, GOOD, **changes) for at, _ in steady(GOOD, start, end)]


def away(start: float, end: float) -> list[Reading]:
    return [nobody(at) for at, _ in steady(None, start, end)]


def unsure(start: float, end: float) -> list[Reading]:
    return [reading(at, None) for at, _ in steady(None, start, end)]


def spoken(rule: object, *parts: Iterable[Reading]) -> list[float]:
    return [alert.at.mono for alert in alerts(of(rule), (each for part in parts for each in part))]  # type: ignore[arg-type]


# ---- sitting ------------------------------------------------------------------------------------------------


def test_sitting_is_due_after_its_time_and_once() -> None:
    assert spoken(CALM, seated(0, 3600)) == [600.0]


def test_posture_has_nothing_to_do_with_sitting() -> None:
    assert spoken(CALM, (reading(at, value) for at, value in steady(BAD, 0, 700))) == [600.0]


def test_a_break_ends_it() -> None:
    assert spoken(CALM, seated(0, 590), away(591, 711), seated(712, 1400)) == [1312.0]


def test_a_break_that_is_too_short_only_does_not_count() -> None:
    assert spoken(CALM, seated(0, 590), away(591, 710), seated(711, 1400)) == [721.0]


def test_two_absences_with_somebody_in_between_are_two() -> None:
    assert spoken(
        CALM, seated(0, 500), away(501, 600), seated(601, 602), away(603, 700), seated(701, 1000)
    ) == [pytest.approx(800.0, abs=2)]


def test_an_episode_that_was_spoken_of_begins_anew_after_a_break() -> None:
    assert spoken(CALM, seated(0, 700), away(701, 900), seated(901, 1600)) == [600.0, 1501.0]
    assert spoken(CALM, seated(0, 700), away(701, 800), seated(801, 2600)) == [600.0]


def test_somebody_of_whom_nothing_is_known_neither_sits_nor_takes_a_break() -> None:
    assert spoken(CALM, seated(0, 300), unsure(301, 900), seated(901, 1500)) == [1201.0]


def test_an_absence_goes_on_through_what_is_not_known() -> None:
    assert spoken(
        CALM, seated(0, 500), away(501, 565), unsure(566, 570), away(571, 640), seated(641, 1300)
    ) == [1241.0]


def test_a_short_gap_does_not_count() -> None:
    assert spoken(CALM, seated(0, 300), seated(400, 1000)) == [700.0]


def test_a_gap_as_long_as_a_break_may_have_been_one() -> None:
    assert spoken(CALM, seated(0, 300), seated(420, 1100)) == [1020.0]
    assert spoken(CALM, seated(0, 300), seated(419, 1100)) == [719.0]


def test_the_machine_s_sleep_is_a_gap_though_the_monotonic_clock_stood_still() -> None:
    before = seated(0, 500)
    after = [replace(each, at=Instant(each.at.wall + 8 * 3600, each.at.mono)) for each in seated(501, 1300)]
    assert spoken(CALM, before, after) == [1101.0]


def test_an_interruption_ends_a_sitting_only_if_it_is_as_long_as_a_break() -> None:
    for pause, due in ((60.0, 660.0), (120.0, 1220.0)):
        engine = of(CALM)
        assert alerts(engine, seated(0, 500)) == []
        engine.interrupt()
        assert [each.at.mono for each in alerts(engine, seated(500 + pause, 1300))] == [due]


def test_a_clock_that_was_set_back_is_no_break() -> None:
    engine = of(CALM)
    assert alerts(engine, seated(0, 500)) == []
    engine.interrupt()
    after = [replace(each, at=Instant(each.at.wall - 7200, each.at.mono)) for each in seated(501, 700)]
    assert [each.at.mono for each in alerts(engine, after)] == [601.0]


def test_late_readings_are_no_time() -> None:
    jumbled = [reading(at + off, GOOD) for at in range(500) for off in (0.0, -0.7, -0.3)]
    assert spoken(CALM, jumbled) == []


def test_who_counts_from_another_profile_does_not_sit() -> None:
    rule = replace(CALM, profile="sit")
    sat, stood = seated(0, 500, profile="sit r3"), seated(501, 630, profile="stand r1")
    assert spoken(rule, sat, stood, seated(631, 1300, profile="sit r3")) == [1231.0]
    assert spoken(rule, sat, seated(501, 560, profile="stand r1"), seated(561, 700, profile="sit r3")) == [
        661.0
    ]
    assert spoken(rule, seated(0, 2000)) == [], "no profile is in force: nobody knows"
    assert spoken(rule, sat, seated(501, 900), seated(901, 1100, profile="sit r3")) == [1001.0]


def test_a_sitting_outside_the_conditions_neither_counts_nor_ends() -> None:
    rule = replace(CALM, min_confidence=0.5)
    assert spoken(rule, seated(0, 300), seated(301, 900, confidence=0.3), seated(901, 1500)) == [1201.0]
    only_left = replace(CALM, views=frozenset({View.SAGITTAL_LEFT}))
    assert spoken(only_left, seated(0, 300), seated(301, 900, view=View.REAR), seated(901, 1500)) == [1201.0]


def test_time_alone_is_no_bad_posture() -> None:
    engine = of([LIMIT, CALM])
    verdicts = [engine.judge(each) for each in seated(0, 700)]
    assert verdicts[-1].posture is Posture.GOOD
    assert verdicts[599].violated == ()
    assert verdicts[600].violated == verdicts[-1].violated == ("sitting",)


def test_sitting_says_nothing_about_a_posture_that_no_limit_can_tell() -> None:
    other = replace(LIMIT, metric="trunk_lean")
    assert of([other, CALM]).judge(reading(0, GOOD)).posture is Posture.UNRELIABLE
    assert of(CALM).judge(reading(0, GOOD)).posture is Posture.GOOD, "unless there is no other rule"
    assert of(CALM).judge(reading(0, None)).posture is Posture.UNRELIABLE
    assert of(CALM).judge(nobody(0)).posture is Posture.AWAY


def test_an_alert_about_sitting_tells_its_time() -> None:
    (alert,) = alerts(of(CALM), seated(0, 700))
    assert (alert.metric, alert.value, alert.threshold, alert.held) == ("sitting", 600.0, 600.0, 600.0)
    assert alert.started == Instant(WALL, 0.0)
    assert alert.message == "sitting 10 min past 10 min for 10 min"
    assert alert.reason.startswith(
        "sitting for 10 min, limit 10 min without a break of 2 min, seen from the left"
    )
    assert alert.explanation["values"] == {}
    assert alert.explanation["break_s"] == 120.0


# ---- holding still ------------------------------------------------------------------------------------------

STILL = replace(STATIC, cooldown=0.0)


@pytest.mark.parametrize("wave", [[40.0], [40.0, 45.0, 35.0], [40.0, 44.9, 40.0, 35.1]])
def test_who_stays_within_the_band_holds_still(wave: list[float]) -> None:
    timeline = [(float(at), wave[at % len(wave)]) for at in range(200)]
    assert told(of(STILL), timeline) == [60.0]


def test_who_leaves_the_band_has_moved() -> None:
    moving = [*steady(40.0, 0, 59), *steady(45.01, 60, 119), *steady(40.0, 120, 179)]
    assert told(of(STILL), moving) == []


def test_the_band_lies_about_where_it_began_not_where_it_last_was() -> None:
    creeping = [(float(at), 40.0 + at / 10) for at in range(300)]
    assert told(of(STILL), creeping) == [], "5.1 degrees every 51 seconds"
    slower = [(float(at), 40.0 + at / 12.5) for at in range(63)]
    assert told(of(STILL), slower) == [60.0]


def test_after_a_movement_it_takes_its_full_time_again() -> None:
    assert told(of(STILL), [*steady(40.0, 0, 100), *steady(60.0, 101, 200)]) == [60.0, 161.0]


def test_holding_still_is_spoken_of_once() -> None:
    assert told(of(STILL), steady(40.0, 0, 3600)) == [60.0]


def test_what_is_unknown_for_a_short_while_costs_its_time() -> None:
    assert told(of(STILL), [*steady(40.0, 0, 30), *steady(NONE, 31, 49), *steady(40.0, 50, 100)]) == [80.0]
    assert told(of(STILL), [*steady(40.0, 0, 30), *steady(40.0, 50, 100)]) == [80.0]


def test_what_is_not_seen_for_a_minute_begins_anew() -> None:
    assert told(of(STILL), [*steady(40.0, 0, 30), *steady(NONE, 31, 89), *steady(40.0, 90, 119)]) == []
    kept = [*steady(40.0, 0, 30), *steady(NONE, 31, 89), *steady(40.0, 90, 125)]
    assert told(of(STILL), kept) == [120.0], "sixty seconds are bridged"
    anew = [*steady(40.0, 0, 30), *steady(NONE, 31, 90), *steady(40.0, 91, 160)]
    assert told(of(STILL), anew) == [151.0]


def test_an_interruption_begins_anew() -> None:
    engine = of(STILL)
    assert told(engine, steady(40.0, 0, 50)) == []
    engine.interrupt()
    assert told(engine, steady(40.0, 51, 150)) == [111.0]


def test_an_alert_about_holding_still_tells_where() -> None:
    (alert,) = alerts(of(STILL), (reading(at, 38.0 + at / 30) for at in range(100)))
    assert (alert.value, alert.threshold, alert.held) == (40.0, 5.0, 60.0)
    assert "neck flexion 40.0°, within ±5° of 38.0° for 1 min" in alert.reason
    assert alert.explanation["anchor"] == 38.0
    assert of(STILL).judge(reading(0, 99.0)).posture is Posture.GOOD
