"""When a rule counts at all: hours, days, views, confidence, profile; and from what it counts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from tests.fakes.rules import BAD, BUDGET, GOOD, LIMIT, PULSE, alerts, nobody, of, reading

from uprightd.domain import Instant, Posture, Reading, Reason, Value, View, unknown
from uprightd.rules.conditions import minute_of_week, of_profile, schedule, value_of, why_asleep
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Hours, Rule

MON, TUE, WED, FRI, SAT, SUN = 0, 1, 2, 4, 5, 6
BERLIN = timezone(timedelta(hours=1))
OFFICE = replace(LIMIT, hours=(Hours(9 * 60, 18 * 60),))
NIGHT = replace(LIMIT, hours=(Hours(22 * 60, 6 * 60),))


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is an hour ahead of UTC in winter."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def wall(day: int, clock: str) -> float:
    """The wall time of a local moment of the week that begins on Monday 2026-11-23."""
    hours, minutes = map(int, clock.split(":"))
    return (
        datetime(2026, 11, 23, tzinfo=BERLIN) + timedelta(days=day, hours=hours, minutes=minutes)
    ).timestamp()


def speaks(rule: Rule, day: int, clock: str) -> bool:
    """Whether ten seconds past the limit from a local moment on bring an alert."""
    start = wall(day, clock)
    readings = [reading(at, BAD, at=Instant(start + at, at)) for at in range(10)]
    return bool(alerts(of(rule), readings))


# ---- hours and days -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "day", "clock", "expected"),
    [
        (OFFICE, MON, "08:59", False),
        (OFFICE, MON, "09:00", True),
        (OFFICE, SUN, "17:59", True),
        (OFFICE, MON, "18:00", False),
        (NIGHT, MON, "21:59", False),
        (NIGHT, MON, "22:00", True),
        (NIGHT, MON, "00:00", True),
        (NIGHT, SUN, "05:59", True),
        (NIGHT, MON, "06:00", False),
        (replace(LIMIT, hours=(Hours(540, 720), Hours(780, 1020))), MON, "12:30", False),
        (replace(LIMIT, hours=(Hours(540, 720), Hours(780, 1020))), MON, "13:00", True),
        (replace(LIMIT, hours=(Hours(1080, 1440),)), MON, "23:59", True),
        (replace(LIMIT, days=frozenset({MON, TUE})), TUE, "23:59", True),
        (replace(LIMIT, days=frozenset({MON, TUE})), WED, "00:00", False),
        (replace(OFFICE, days=frozenset({MON})), MON, "10:00", True),
        (replace(OFFICE, days=frozenset({MON})), TUE, "10:00", False),
        (replace(NIGHT, days=frozenset({FRI})), FRI, "23:00", True),
        (replace(NIGHT, days=frozenset({FRI})), SAT, "05:00", True),
        (replace(NIGHT, days=frozenset({FRI})), FRI, "05:00", False),
        (replace(NIGHT, days=frozenset({SUN})), MON, "05:00", True),
    ],
)
def test_a_rule_counts_within_its_hours_and_days_of_local_time(
    rule: Rule, day: int, clock: str, expected: bool
) -> None:
    assert speaks(rule, day, clock) is expected


def test_the_minute_of_the_week_is_local() -> None:
    assert [
        minute_of_week(wall(day, clock)) for day, clock in [(MON, "00:00"), (TUE, "00:01"), (SUN, "23:59")]
    ] == [
        0,
        24 * 60 + 1,
        7 * 24 * 60 - 1,
    ]


def test_a_schedule_of_all_is_the_whole_week() -> None:
    assert sum(schedule((), frozenset())) == 7 * 24 * 60
    assert sum(schedule((Hours(0, 60),), frozenset({MON, SUN}))) == 120


def test_outside_its_hours_a_rule_neither_counts_nor_ends_its_episode() -> None:
    """Bad from two seconds before noon on; the lunch break of the rule lasts five seconds."""
    noon = wall(MON, "12:00")
    lunch = replace(LIMIT, hours=(Hours(0, 720), Hours(721, 1440)), hold=6.0, cooldown=0.0)
    before = [reading(at, BAD, at=Instant(noon - 3 + at, at)) for at in range(3)]
    within = [
        reading(at, value, at=Instant(noon + at, at)) for at, value in [(3.0, BAD), (4.0, GOOD), (5.0, BAD)]
    ]
    after = [reading(at, BAD, at=Instant(noon + 60 + at, at)) for at in range(6, 20)]
    spoken = alerts(of(lunch), [*before, *within, *after])
    assert [alert.at.mono for alert in spoken] == [10.0], "two seconds before, none within, four after"


def test_posture_outside_the_hours_is_still_posture() -> None:
    late = Instant(wall(MON, "20:00"), 0.0)
    verdict = of(OFFICE).judge(reading(0, BAD, at=late))
    assert (verdict.posture, verdict.violated) == (Posture.POOR, ())
    assert of(OFFICE).judge(reading(0, GOOD, at=late)).posture is Posture.GOOD


def test_a_rule_outside_its_hours_says_so() -> None:
    assert why_asleep(OFFICE, reading(0, BAD, at=Instant(wall(MON, "20:00"), 0))) == "outside its hours"
    assert why_asleep(OFFICE, reading(0, BAD, at=Instant(wall(MON, "10:00"), 0))) is None
    assert why_asleep(LIMIT, reading(0, None)) == "out of sight"


# ---- confidence, views, profile -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (replace(LIMIT, min_confidence=0.6), {"confidence": 0.6}, {"confidence": 0.599}),
        (replace(LIMIT, views=frozenset({View.FRONTAL})), {"view": View.FRONTAL}, {"view": View.REAR}),
        (replace(LIMIT, profile="sit"), {"profile": "sit r2"}, {"profile": "stand r1"}),
        (replace(LIMIT, profile="sit"), {"profile": "sit"}, {"profile": ""}),
        (replace(LIMIT, profile="sit"), {"profile": "sit r12"}, {"profile": "sit-low r1"}),
    ],
    ids=["confidence", "view", "profile", "no profile", "another of that beginning"],
)
def test_while_a_condition_does_not_hold_a_rule_neither_counts_nor_clears(
    rule: Rule, good: dict[str, object], bad: dict[str, object]
) -> None:
    holds = [reading(at, BAD, **good) for at in range(3)]
    broken = [reading(at, value, **bad) for at, value in [(3, BAD), (4, GOOD), (5, BAD), (6, BAD)]]
    again = [reading(at, BAD, **good) for at in range(7, 20)]
    assert [alert.at.mono for alert in alerts(of(rule), [*holds, *broken, *again])] == [8.0]
    assert alerts(of(rule), [reading(at, BAD, **bad) for at in range(60)]) == []
    assert of(rule).judge(reading(0, BAD, **bad)).posture is Posture.UNRELIABLE


def test_a_budget_has_the_same_conditions() -> None:
    rule = replace(BUDGET, min_confidence=0.6)
    assert alerts(of(rule), [reading(at, 85.0, confidence=0.5) for at in range(200)]) == []
    assert len(alerts(of(rule), [reading(at, 85.0, confidence=0.7) for at in range(200)])) == 1


def test_a_rule_that_sleeps_says_which_condition_is_missing() -> None:
    assert why_asleep(replace(LIMIT, min_confidence=0.95), reading(0, BAD)) == "unsure"
    assert why_asleep(replace(LIMIT, views=frozenset({View.REAR})), reading(0, BAD)) == "not in this view"
    sit = replace(LIMIT, profile="sit")
    assert why_asleep(sit, reading(0, BAD, profile="stand r1")) == "counts with the profile sit only"
    assert why_asleep(sit, reading(0, BAD, profile="sit r1")) is None
    assert why_asleep(sit, nobody(0)) == "nobody"


def test_a_profile_is_known_by_its_name_whatever_its_revision() -> None:
    sit = replace(LIMIT, profile="sit")
    assert [
        of_profile(sit, label) for label in ("sit r1", "sit r99", "sit", "sit-stand r1", "stand r1", "")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert of_profile(LIMIT, "anything")


# ---- relative to the baseline -------------------------------------------------------------------------------

UPRIGHT = {"neck_flexion": 38.0}
TEN_PAST = replace(LIMIT, threshold=10.0, clear=5.0, relative_to="baseline")


def test_a_threshold_counts_from_the_upright_pose() -> None:
    engine = of(TEN_PAST)
    spoken = alerts(engine, (reading(at, 48.5, baseline=UPRIGHT) for at in range(10)))
    assert [(alert.at.mono, alert.value, alert.threshold) for alert in spoken] == [(3.0, 10.5, 10.0)]
    assert alerts(of(TEN_PAST), (reading(at, 47.5, baseline=UPRIGHT) for at in range(60))) == []


def test_without_a_baseline_it_sleeps_for_want_of_a_calibration() -> None:
    seen = reading(0, BAD)
    assert of(TEN_PAST).judge(seen).posture is Posture.UNRELIABLE
    assert why_asleep(TEN_PAST, seen) == "uncalibrated"
    assert why_asleep(TEN_PAST, reading(0, BAD, baseline=UPRIGHT)) is None


def test_an_absolute_value_counts_to_both_sides_of_the_upright_pose() -> None:
    """A camera that is not level makes everybody's shoulders tilt by 6 degrees; -6 is 12 off that."""
    rule = replace(LIMIT, metric="abs(shoulder_tilt)", threshold=10.0, clear=5.0, relative_to="baseline")
    for tilt, past in ((-6.0, True), (17.0, True), (6.0, False), (-2.0, False)):
        seen = reading(
            0, values={"shoulder_tilt": Value(tilt)}, baseline={"shoulder_tilt": 6.0}, view=View.FRONTAL
        )
        assert (of(rule).judge(seen).violated == ("neck",)) is past
        value = value_of(rule, seen)
        assert value is not None
        assert value.number == abs(tilt - 6.0)


def test_a_metric_that_is_relative_anyway_counts_from_nothing_else() -> None:
    rule = replace(LIMIT, metric="max(neck_flexion, head_pitch)", threshold=10.0, relative_to="baseline")
    seen = reading(0, values={"neck_flexion": Value(40.0), "head_pitch": Value(30.0)}, baseline=UPRIGHT)
    assert value_of(rule, seen) == Value(30.0)
    assert of(rule).judge(seen).violated == ("neck",)


def test_a_budget_may_count_from_the_upright_pose() -> None:
    rule = replace(BUDGET, relative_to="baseline")
    spoken = alerts(of(rule), (reading(at, 38.0 + 25.0, baseline=UPRIGHT) for at in range(600)))
    assert [alert.at.mono for alert in spoken] == [480.0]


def test_an_alert_counted_from_upright_tells_both() -> None:
    (alert,) = alerts(of(TEN_PAST), (reading(at, 50.0, baseline=UPRIGHT) for at in range(5)))
    assert "neck flexion 12.0° past upright, limit 10°" in alert.reason
    assert alert.explanation["baseline"] == UPRIGHT
    assert alert.explanation["values"]["neck_flexion"]["value"] == 50.0


# ---- expressions --------------------------------------------------------------------------------------------


def test_a_rule_may_be_on_an_expression() -> None:
    worst = replace(LIMIT, metric="max(neck_flexion, trunk_lean) - 5")
    seen = [
        reading(at, values={"neck_flexion": Value(20.0), "trunk_lean": Value(60.0, error=2.0)})
        for at in range(5)
    ]
    (alert,) = alerts(of(worst), seen)
    assert (alert.value, alert.metric) == (55.0, "max(neck_flexion, trunk_lean) - 5")
    assert "max(neck_flexion, trunk_lean) - 5 55.0° ± 2.0°, limit 50°" in alert.reason
    assert set(alert.explanation["values"]) == {"neck_flexion", "trunk_lean"}
    hidden = [replace(each, values={**each.values, "neck_flexion": unknown(Reason.VIEW)}) for each in seen]
    assert alerts(of(worst), hidden) == []
    assert why_asleep(worst, hidden[0]) == "not in this view"


def test_what_a_gauge_reads_is_what_the_value_says() -> None:
    """The engine's short cut and `value_of` are two ways to one number."""
    values = {"neck_flexion": Value(-12.0), "trunk_lean": Value(4.0), "head_pitch": Value(-3.0)}
    seen: Reading = reading(0, values=values, baseline={"neck_flexion": 2.0, "trunk_lean": 1.0})
    for metric in (
        "neck_flexion",
        "abs(neck_flexion)",
        "-neck_flexion",
        "abs(neck_flexion - head_pitch)",
        "trunk_lean",
    ):
        for start in ("", "baseline"):
            rule = replace(LIMIT, metric=metric, relative_to=start, threshold=-1e6, clear=-1e6, hold=0.0)
            (alert,) = RuleEngine([rule], PULSE).judge(seen).alerts
            value = value_of(rule, seen)
            assert value is not None
            assert alert.value == value.number
