"""What is said now, later or never: the hour's budget, holds, quiet hours, snoozes, clock steps, restarts."""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from uprightd.domain import Alert, Instant, Severity, View
from uprightd.rules.held import Summary
from uprightd.rules.quiet import QuietHours
from uprightd.rules.restraint import Decision, Kind, Limits, Restraint

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 11, 23, 9, 0, tzinfo=BERLIN)  # a Monday
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
NIGHT = QuietHours(time(22), time(7))
CALL = "in a call"

unhurried = settings(deadline=None, max_examples=150)


def alert(rule: str = "head-down", severity: Severity = Severity.WARN) -> Alert:
    at = Instant(NINE.timestamp(), 0.0)
    return Alert(rule, severity, "Sit up.", "head_pitch", 30.0, 20.0, 60.0, at, at, "why", View.FRONTAL, 0.9)


class Desk:
    """A person's day: both clocks, the zone they live in, what they are in the middle of."""

    def __init__(self, limits: Limits | None = None, start: datetime = NINE) -> None:
        self.restraint = Restraint(limits or Limits())
        self.wall, self.mono = start.timestamp(), 500.0
        self.zone: tzinfo | None = start.tzinfo
        self.hold = ""
        self.told: list[Summary] = []

    @property
    def now(self) -> Instant:
        return Instant(self.wall, self.mono)

    @property
    def local(self) -> datetime:
        return datetime.fromtimestamp(self.wall, self.zone)

    def beat(self) -> None:
        summary = self.restraint.due_summary(self.now, self.local, self.hold)
        if summary is not None:
            self.told.append(summary)

    def go_to(self, clock: str) -> None:
        """Given a time of day, live until it shows next, with a beat every minute and one then."""
        hour, minute = map(int, clock.split(":"))
        self.beat()
        while (self.local.hour, self.local.minute) != (hour, minute):
            self.wait(MINUTE)

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds
        self.beat()

    def step(self, seconds: float) -> None:
        """The wall clock alone moves: it is set, or (forwards) the machine sleeps."""
        self.wall += seconds
        self.beat()

    def decide(self, rule: str = "head-down", severity: Severity = Severity.WARN) -> Decision:
        self.beat()
        return self.restraint.decide(alert(rule, severity), self.now, self.local, self.hold)

    def kind(self, rule: str = "head-down") -> Kind:
        return self.decide(rule).kind

    def snooze(self, seconds: float | None, rule: str | None = None, reason: str = "") -> None:
        self.restraint.snooze(self.now, None if seconds is None else self.wall + seconds, rule, reason)

    def restart(self, after: float = 1.0) -> bool:
        """The program ends and starts again, with another origin of the monotonic clock; what it kept went to disk."""
        kept = json.loads(json.dumps(self.restraint.state(), allow_nan=False))
        self.wall += after
        self.mono = 3.0
        self.restraint = Restraint(self.restraint.limits)
        return self.restraint.restore(kept, self.now)


# ---- the budget of an hour ---------------------------------------------------------------------------------


def test_four_alerts_an_hour_are_said_and_the_next_is_held() -> None:
    desk = Desk()
    for _ in range(4):
        assert desk.decide() == Decision(Kind.SPEAK, "", Severity.WARN)
        desk.wait(MINUTE)
    assert desk.decide() == Decision(Kind.HOLD, "after 4 notifications within an hour", Severity.WARN)


def test_a_place_is_free_again_exactly_an_hour_after_it_was_taken() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    assert desk.kind() is Kind.SPEAK
    desk.wait(HOUR - 1)
    assert desk.kind("too-close") is Kind.HOLD
    desk.restraint.snooze(desk.now, desk.wall, "too-close")  # forgets it: no summary takes the place
    desk.wait(1)
    assert desk.decide().kind is Kind.SPEAK


def test_the_surplus_of_an_hour_is_told_when_there_is_room_again() -> None:
    desk = Desk(Limits(alerts_per_hour=2))
    for clock, rule in (("09:05", "head-down"), ("09:20", "too-close")):
        desk.go_to(clock)
        assert desk.kind(rule) is Kind.SPEAK
    for clock in ("09:30", "09:50"):
        desk.go_to(clock)
        assert desk.kind("too-close") is Kind.HOLD
    desk.go_to("11:00")
    assert [summary.text for summary in desk.told] == [
        "After 2 notifications within an hour (09:20–10:05): too close twice."
    ]


def test_a_summary_takes_its_place_in_the_hour() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    desk.hold = CALL
    assert desk.kind() is Kind.HOLD
    desk.go_to("09:10")
    desk.hold = ""
    desk.beat()
    assert len(desk.told) == 1
    assert desk.kind() is Kind.HOLD
    desk.go_to("10:09")
    assert len(desk.told) == 1
    desk.go_to("10:10")
    assert len(desk.told) == 2
    assert desk.told[1].text == "After 1 notification within an hour (09:10–10:10): head down once."


def test_without_room_in_the_hour_the_summary_of_a_call_waits() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    assert desk.kind() is Kind.SPEAK
    desk.go_to("09:30")
    desk.hold = CALL
    desk.go_to("09:35")
    assert desk.kind("too-close") is Kind.HOLD
    desk.go_to("09:45")
    desk.hold = ""
    desk.go_to("09:59")
    assert desk.told == []
    desk.go_to("10:00")
    assert [summary.text for summary in desk.told] == [
        "While you were in a call (09:30–09:45): too close once."
    ]


# ---- in the middle of something ----------------------------------------------------------------------------


def test_what_a_call_held_is_told_once_after_it() -> None:
    desk = Desk()
    desk.go_to("10:02")
    desk.hold = CALL
    for clock, rule in (("10:05", "too-close"), ("10:10", "head-down"), ("10:20", "head-down")):
        desk.go_to(clock)
        assert desk.decide(rule) == Decision(Kind.HOLD, "while you were in a call", Severity.WARN)
    desk.go_to("10:40")
    assert desk.kind() is Kind.HOLD
    desk.wait(MINUTE - 1)
    assert desk.told == []
    desk.hold = ""
    desk.wait(1)
    desk.go_to("12:00")
    assert len(desk.told) == 1
    summary = desk.told[0]
    assert summary.text == "While you were in a call (10:02–10:41): head down 3 times, too close once."
    assert summary.title == "4 alerts held back"
    assert summary.counts == {"head-down": 3, "too-close": 1}


def test_a_hold_that_held_nothing_back_is_not_mentioned() -> None:
    desk = Desk()
    desk.hold = CALL
    desk.go_to("09:30")
    desk.hold = ""
    desk.go_to("10:30")
    assert desk.told == []
    assert desk.kind() is Kind.SPEAK


def test_one_hold_after_another_is_told_together() -> None:
    desk = Desk(Limits(quiet=(QuietHours(time(12), time(13)),)))
    desk.go_to("11:30")
    desk.hold = CALL
    desk.go_to("11:40")
    desk.decide()
    desk.go_to("12:10")
    desk.hold = ""
    desk.beat()
    assert desk.decide() == Decision(Kind.HOLD, "in quiet hours", Severity.WARN)
    desk.go_to("14:00")
    assert [summary.text for summary in desk.told] == [
        "While you were in a call and in quiet hours (11:30–13:00): head down twice."
    ]


def test_the_hold_begins_where_the_one_before_it_held_nothing() -> None:
    desk = Desk()
    desk.hold = "sharing the screen"
    desk.go_to("09:20")
    desk.hold = CALL
    desk.go_to("09:25")
    desk.decide()
    desk.hold = ""
    desk.beat()
    assert [summary.text for summary in desk.told] == [
        "While you were in a call (09:20–09:25): head down once."
    ]


def test_a_summary_of_many_rules_stays_short() -> None:
    desk = Desk()
    desk.hold = CALL
    for number in range(8):
        for _ in range(8 - number):
            desk.decide(f"rule-{number}")
    desk.hold = ""
    desk.beat()
    assert desk.told[0].text == (
        "While you were in a call (09:00): "
        "rule 0 8 times, rule 1 7 times, rule 2 6 times, rule 3 5 times, rule 4 4 times, and 6 more."
    )
    assert desk.told[0].title == "36 alerts held back"


def test_what_was_held_more_than_a_day_ago_is_not_told_any_more() -> None:
    for asleep, told in ((DAY - MINUTE, 1), (DAY + MINUTE, 0)):
        desk = Desk()
        desk.hold = CALL
        desk.decide()
        desk.hold = ""
        desk.step(asleep)
        assert len(desk.told) == told


def test_what_was_held_at_the_end_of_a_long_hold_is_told() -> None:
    desk = Desk()
    desk.hold = "presenting"
    desk.beat()
    desk.step(30 * HOUR)
    desk.decide()
    desk.hold = ""
    desk.wait(MINUTE)
    assert [summary.counts for summary in desk.told] == [{"head-down": 1}]


# ---- quiet hours -------------------------------------------------------------------------------------------

WEEKEND = QuietHours(time(22), time(7), frozenset({4, 5}))


@pytest.mark.parametrize(
    ("hours", "moment", "quiet"),
    [
        (NIGHT, "2026-11-23 21:59:59", False),
        (NIGHT, "2026-11-23 22:00:00", True),
        (NIGHT, "2026-11-24 00:00:00", True),
        (NIGHT, "2026-11-24 06:59:59", True),
        (NIGHT, "2026-11-24 07:00:00", False),
        (QuietHours(time(12), time(13)), "2026-11-24 12:30:00", True),
        (QuietHours(time(12), time(13)), "2026-11-24 00:30:00", False),
        (WEEKEND, "2026-11-27 23:00:00", True),  # the night that begins on Friday
        (WEEKEND, "2026-11-29 06:00:00", True),  # and Saturday's reaches into Sunday
        (WEEKEND, "2026-11-29 23:00:00", False),
        (WEEKEND, "2026-11-27 06:00:00", False),
        (QuietHours(time(0), time(0), frozenset({6})), "2026-11-29 15:00:00", True),  # all of Sunday
        (QuietHours(time(0), time(0), frozenset({6})), "2026-11-30 00:00:00", False),
    ],
)
@pytest.mark.parametrize("zone", [BERLIN, None], ids=str)
def test_quiet_hours_pass_midnight_and_belong_to_the_day_they_begin_on(
    hours: QuietHours, moment: str, quiet: bool, zone: tzinfo | None
) -> None:
    assert hours.holds(datetime.fromisoformat(moment).replace(tzinfo=zone)) is quiet


@pytest.mark.parametrize(
    ("start", "end", "day", "begins", "ends"),
    [
        # Berlin's clocks leap from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC
        ("22:00", "02:30", "2026-03-28", "2026-03-28T21:00", "2026-03-29T01:00"),
        ("02:30", "06:00", "2026-03-29", "2026-03-29T01:00", "2026-03-29T04:00"),
        ("22:00", "07:00", "2026-03-28", "2026-03-28T21:00", "2026-03-29T05:00"),
        # and show 02:00 to 03:00 twice on 25 October 2026, from 00:00 and from 01:00 UTC
        ("22:00", "02:30", "2026-10-24", "2026-10-24T20:00", "2026-10-25T00:30"),
        ("02:30", "06:00", "2026-10-25", "2026-10-25T00:30", "2026-10-25T05:00"),
        ("22:00", "07:00", "2026-10-24", "2026-10-24T20:00", "2026-10-25T06:00"),
    ],
)
def test_where_the_clocks_change_it_becomes_quiet_once_and_loud_once(
    start: str, end: str, day: str, begins: str, ends: str
) -> None:
    weekday = datetime.fromisoformat(day).weekday()
    hours = QuietHours(time.fromisoformat(start), time.fromisoformat(end), frozenset({weekday}))
    first = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=12)
    quiet = [
        moment
        for moment in (first + timedelta(minutes=minute) for minute in range(3 * 24 * 60))
        if hours.holds(moment.astimezone(BERLIN))
    ]
    span = datetime.fromisoformat(ends) - datetime.fromisoformat(begins)
    assert quiet[0].isoformat(timespec="minutes") == f"{begins}+00:00"
    assert (quiet[-1] - quiet[0], len(quiet)) == (span - timedelta(minutes=1), span.total_seconds() / 60)


CHANGES = [date(2026, month, day) for month, day in ((3, 28), (10, 24), (4, 4), (10, 3), (3, 7))]
"""On the next day, or late on this one, clocks change somewhere."""


@settings(deadline=None, max_examples=60)
@given(
    st.times().map(lambda it: it.replace(second=0, microsecond=0)),
    st.times().map(lambda it: it.replace(second=0, microsecond=0)),
    st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]),
    st.dates(date(2026, 1, 2), date(2026, 12, 30)) | st.sampled_from(CHANGES),
)
@example(time(2, 1), time(2, 1, fold=1), "Europe/Berlin", date(2026, 10, 24))
def test_quiet_hours_of_one_day_are_one_stretch_in_every_zone(
    start: time, end: time, zone: str, day: date
) -> None:
    hours = QuietHours(start, end, frozenset({day.weekday()}))
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=14)
    quiet = [
        minute
        for minute in range(0, 76 * 60, 5)
        if hours.holds((first + timedelta(minutes=minute)).astimezone(ZoneInfo(zone)))
    ]
    assert quiet == list(range(quiet[0], quiet[-1] + 5, 5)) if quiet else True
    assert len(quiet) * 5 <= 25 * 60 + 5


def test_the_night_is_told_in_the_morning() -> None:
    desk = Desk(Limits(quiet=(NIGHT,)), NINE.replace(hour=21))
    desk.go_to("23:10")
    assert desk.decide() == Decision(Kind.HOLD, "in quiet hours", Severity.WARN)
    desk.go_to("06:59")
    assert desk.told == []
    desk.go_to("07:00")
    assert [summary.text for summary in desk.told] == ["In quiet hours (22:00–07:00): head down once."]


# ---- snoozes -----------------------------------------------------------------------------------------------


def test_a_snoozed_rule_is_silent_for_that_time_and_the_others_are_not() -> None:
    desk = Desk()
    desk.snooze(15 * MINUTE, "head-down", "from the notification")
    assert desk.decide() == Decision(
        Kind.DROP, "while this rule was snoozed until 09:15 (from the notification)", Severity.WARN
    )
    assert desk.kind("too-close") is Kind.SPEAK
    desk.wait(15 * MINUTE - 1)
    assert desk.kind() is Kind.DROP
    desk.wait(1)
    assert desk.kind() is Kind.SPEAK
    assert desk.told == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (HOUR, "until 10:00"),
        (22 * HOUR, "until Tuesday 07:00"),
        (None, "until you lift it"),
        (math.inf, "until you lift it"),
        (9e10, "until you lift it"),
    ],
)
def test_a_snooze_of_all_says_until_when(seconds: float | None, words: str) -> None:
    desk = Desk()
    desk.snooze(seconds)
    assert desk.decide().reason == f"while alerts were snoozed {words}"
    assert desk.kind("too-close") is Kind.DROP
    assert desk.restart()
    assert desk.kind() is Kind.DROP


def test_a_snooze_across_the_change_of_the_clocks_says_what_they_will_show() -> None:
    desk = Desk(start=datetime(2026, 3, 28, 22, 0, tzinfo=BERLIN))
    desk.snooze(8 * HOUR)
    assert desk.decide().reason == "while alerts were snoozed until Sunday 07:00"


def test_what_is_snoozed_is_not_told_after_a_call_either() -> None:
    desk = Desk()
    desk.hold = CALL
    desk.decide("head-down")
    desk.decide("too-close")
    desk.snooze(15 * MINUTE, "head-down")
    assert desk.kind("head-down") is Kind.DROP
    desk.hold = ""
    desk.wait(MINUTE)
    assert [summary.counts for summary in desk.told] == [{"too-close": 1}]


def test_a_hold_whose_alerts_were_all_forgotten_is_not_mentioned() -> None:
    desk = Desk(Limits(quiet=(QuietHours(time(9, 30), time(10)),)))
    desk.hold = CALL
    desk.decide("head-down")
    desk.go_to("09:40")
    desk.hold = ""
    desk.decide("head-down")
    desk.snooze(MINUTE, "head-down")
    desk.decide("too-close")
    desk.go_to("10:00")
    assert [summary.causes for summary in desk.told] == [("in quiet hours",)]


def test_a_snooze_of_all_forgets_all_that_was_held() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    desk.hold = CALL
    desk.decide("head-down")
    desk.snooze(MINUTE)
    desk.wait(2 * MINUTE)
    desk.hold = "sharing the screen"
    desk.decide("too-close")
    desk.hold = ""
    desk.wait(HOUR)
    assert [summary.text for summary in desk.told] == [
        "While you were sharing the screen (09:02–10:02): too close once."
    ]


def test_snoozes_in_force_are_told_and_can_be_lifted_one_by_one() -> None:
    desk = Desk()
    desk.snooze(HOUR, "too-close", "1 h")
    desk.snooze(None, None, "all")
    desk.snooze(MINUTE, "head-down")
    told = [(it.rule, it.until, it.reason) for it in desk.restraint.snoozed(desk.now)]
    start = NINE.timestamp()
    assert told == [
        (None, None, "all"),
        ("head-down", start + MINUTE, ""),
        ("too-close", start + HOUR, "1 h"),
    ]
    desk.wall, desk.mono = desk.wall + MINUTE, desk.mono + MINUTE
    assert [it.rule for it in desk.restraint.snoozed(desk.now)] == [None, "too-close"]
    desk.restraint.unsnooze("too-close")
    assert [it.rule for it in desk.restraint.snoozed(desk.now)] == [None]
    desk.snooze(HOUR, "head-down")
    desk.restraint.unsnooze()
    assert desk.restraint.snoozed(desk.now) == ()
    assert desk.kind() is Kind.SPEAK


def test_a_second_snooze_takes_the_place_of_the_first() -> None:
    desk = Desk()
    desk.snooze(None, "head-down")
    desk.snooze(MINUTE, "head-down")
    desk.wait(MINUTE)
    assert desk.kind() is Kind.SPEAK


# ---- escalation --------------------------------------------------------------------------------------------


def test_nothing_escalates_unless_asked_for() -> None:
    desk = Desk(Limits(alerts_per_hour=50))
    assert {desk.decide().severity for _ in range(50)} == {Severity.WARN}


def test_a_rule_that_spoke_often_in_an_hour_speaks_one_step_more_severely() -> None:
    desk = Desk(Limits(alerts_per_hour=50, escalate_after=2))
    said = [desk.decide("head-down", Severity.INFO).severity for _ in range(5)]
    assert said == [Severity.INFO, Severity.INFO, Severity.WARN, Severity.WARN, Severity.WARN]
    assert desk.decide("too-close", Severity.ALERT).severity is Severity.ALERT
    desk.wait(HOUR)
    assert desk.decide("head-down", Severity.INFO).severity is Severity.INFO
    most = Desk(Limits(alerts_per_hour=50, escalate_after=1))
    assert [most.decide("x", Severity.ALERT).severity for _ in range(3)] == [Severity.ALERT] * 3


@pytest.mark.parametrize("wrong", [{"alerts_per_hour": 0}, {"escalate_after": -1}])
def test_limits_that_would_silence_for_ever_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least one alert"):
        Limits(**wrong)


# ---- clock steps and sleep ---------------------------------------------------------------------------------


@pytest.mark.parametrize("back", [-5 * HOUR, -400 * DAY])
def test_a_clock_set_back_makes_nothing_last_longer(back: float) -> None:
    desk = Desk(Limits(alerts_per_hour=2))
    desk.snooze(15 * MINUTE, "head-down")
    assert [desk.kind("too-close"), desk.kind("too-close"), desk.kind("too-close")] == [
        Kind.SPEAK,
        Kind.SPEAK,
        Kind.HOLD,
    ]
    desk.step(back)
    desk.wait(15 * MINUTE - 1)
    assert desk.kind("head-down") is Kind.DROP
    desk.wait(1)
    assert desk.kind("head-down") is Kind.HOLD
    desk.wait(45 * MINUTE)
    assert len(desk.told) == 1
    assert desk.told[0].counts == {"too-close": 1, "head-down": 1}
    assert desk.kind("head-down") is Kind.SPEAK


def test_a_clock_set_forward_ends_spans_early_once_and_does_not_flood() -> None:
    desk = Desk(Limits(alerts_per_hour=2))
    desk.snooze(HOUR, "head-down")
    for _ in range(9):
        desk.decide("too-close")
    desk.step(5 * HOUR)
    assert [summary.counts for summary in desk.told] == [{"too-close": 7}]
    assert [desk.kind("head-down") for _ in range(9)] == [Kind.SPEAK] + [Kind.HOLD] * 8
    desk.wait(HOUR - 1)
    assert len(desk.told) == 1


def test_sleep_counts_for_snoozes_and_for_the_hour() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    desk.decide()
    desk.snooze(8 * HOUR, "head-down", "until tomorrow")
    desk.step(8 * HOUR)
    assert desk.kind() is Kind.SPEAK


# ---- restarts ----------------------------------------------------------------------------------------------


def test_a_restart_keeps_the_hour_the_snoozes_and_what_is_held() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    desk.decide("too-close")
    desk.snooze(30 * MINUTE, "head-down", "a while")
    desk.go_to("09:10")
    desk.hold = CALL
    desk.beat()
    desk.decide("too-close")
    assert desk.restart(after=9 * MINUTE)
    assert desk.kind("head-down") is Kind.DROP
    desk.go_to("09:29")
    assert desk.kind("head-down") is Kind.DROP
    desk.go_to("09:30")
    assert desk.kind("head-down") is Kind.HOLD
    desk.hold = ""
    desk.go_to("09:59")
    assert desk.told == []
    desk.go_to("10:00")
    assert [summary.text for summary in desk.told] == [
        "While you were in a call (09:10–09:30): too close once, head down once."
    ]


def test_a_summary_is_told_once_even_if_the_program_ends_right_after_it() -> None:
    desk = Desk()
    desk.hold = CALL
    desk.decide()
    desk.hold = ""
    desk.beat()
    assert desk.restart()
    desk.wait(2 * HOUR)
    assert len(desk.told) == 1


def test_a_clock_set_back_between_two_runs_makes_nothing_last_longer() -> None:
    desk = Desk(Limits(alerts_per_hour=1))
    desk.decide("too-close")
    desk.snooze(15 * MINUTE, "head-down")
    assert desk.restart(after=-9 * HOUR)
    desk.wait(15 * MINUTE - 1)
    assert desk.kind("head-down") is Kind.DROP
    desk.wait(1)
    assert desk.kind("head-down") is Kind.HOLD
    desk.restraint.snooze(desk.now, desk.wall)  # forgets it
    desk.wait(45 * MINUTE)
    assert desk.kind() is Kind.SPEAK


def full_state() -> dict[str, Any]:
    desk = Desk()
    desk.decide()
    desk.snooze(HOUR, "too-close", "x")
    desk.snooze(None)
    desk.restraint.unsnooze("too-close")
    desk.snooze(HOUR, "too-close")
    desk.hold = CALL
    desk.restraint._snoozes.pop(None)
    desk.decide("head-down")
    desk.snooze(None, "never")
    return json.loads(json.dumps(desk.restraint.state()))


def test_what_is_whole_is_taken() -> None:
    desk = Desk()
    assert desk.restraint.restore(full_state(), desk.now)
    assert desk.restraint.state() == full_state()
    assert len(full_state()["snoozes"]) == 2
    assert full_state()["spell"]["counts"] == {"head-down": 1}


def places(data: Any, path: tuple = ()) -> list[tuple]:
    """Every place inside some JSON data."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [place for key, each in inside for place in [(*path, key), *places(each, (*path, key))]]


def changed(data: Any, place: tuple, value: Any) -> Any:
    target = data
    for key in place[:-1]:
        target = target[key]
    if value is ...:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return data


def harmless(place: tuple, value: Any) -> bool:
    """Whether data with this value in that place is whole still: of the same kind, or an entry fewer."""
    before: Any = full_state()
    for key in place:
        before = before[key]
    if value is ...:
        return place in [("spoken", 0), ("snoozes", 0), ("snoozes", 1), ("spell", "counts", "head-down")]
    if place[-1] in ("rule", "until") and place[0] == "snoozes":
        return isinstance(value, float if place[-1] == "until" else str)
    return isinstance(before, type(value)) and not isinstance(value, list | dict) and place != ("format",)


@pytest.mark.parametrize("place", places(full_state()), ids=str)
@pytest.mark.parametrize("value", [[7], "nonsense", -1.5, {"a": []}, True, 10**400, ...], ids=repr)
def test_damage_in_any_place_means_to_begin_afresh(place: tuple, value: Any) -> None:
    desk = Desk()
    desk.decide()
    desk.snooze(None)
    taken = desk.restraint.restore(changed(full_state(), place, value), desk.now)
    assert taken == harmless(place, value)
    if not taken:
        assert desk.restraint.state() == Restraint(Limits()).state()
        assert desk.kind() is Kind.SPEAK


@pytest.mark.parametrize("number", [0, -1, 1.0])
def test_a_count_that_cannot_be_is_damage(number: float) -> None:
    place = ("spell", "counts", "head-down")
    assert not Restraint(Limits()).restore(changed(full_state(), place, number), Desk().now)


@pytest.mark.parametrize("number", [math.nan, math.inf, 1e12])
@pytest.mark.parametrize("place", [("spoken", 0, 1), ("snoozes", 0, "until"), ("spell", "last")], ids=str)
def test_a_moment_that_cannot_be_is_damage(place: tuple, number: float) -> None:
    assert not Restraint(Limits()).restore(changed(full_state(), place, number), Desk().now)


@pytest.mark.parametrize(
    "data",
    [None, [], {}, "", 3, {"format": 2, "spoken": [], "snoozes": [], "spell": None}, {"format": 1}],
    ids=repr,
)
def test_what_is_no_state_at_all_is_refused(data: object) -> None:
    desk = Desk()
    assert not desk.restraint.restore(data, desk.now)
    assert desk.kind() is Kind.SPEAK


json_data = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@unhurried
@given(json_data, st.sampled_from(["format", "spoken", "snoozes", "spell"]))
def test_no_data_whatever_raises_or_silences_for_ever(junk: Any, key: str) -> None:
    for data in (junk, full_state() | {key: junk}):
        desk = Desk()
        if not desk.restraint.restore(data, desk.now):
            assert desk.kind() is Kind.SPEAK
        json.dumps(desk.restraint.state(), allow_nan=False)
        desk.restraint.unsnooze()
        desk.wait(2 * HOUR)
        assert desk.kind() is Kind.SPEAK


# ---- what holds for every day ------------------------------------------------------------------------------

RULES = st.sampled_from(["head-down", "too-close", "sitting"])
ALERTS = st.tuples(st.just("alert"), RULES)
WAITS = st.tuples(st.just("wait"), st.sampled_from([1.0, 30.0, 10 * MINUTE, 40 * MINUTE, 2 * HOUR]))
HOLDS = st.tuples(st.just("hold"), st.sampled_from(["", CALL, "sharing the screen"]))
SNOOZES = st.tuples(st.just("snooze"), st.tuples(st.sampled_from([15 * MINUTE, HOUR]), st.none() | RULES))
STEPS = st.tuples(st.just("step"), st.sampled_from([-9 * HOUR, -40.0, 40.0, 3 * HOUR, 40 * DAY]))
LIMITS = st.builds(Limits, st.integers(1, 3), st.sampled_from([(), (NIGHT,)]))
CALM = st.lists(st.one_of(ALERTS, ALERTS, WAITS, HOLDS), max_size=60)
ANY = st.lists(st.one_of(ALERTS, ALERTS, WAITS, HOLDS, SNOOZES, STEPS), max_size=60)


def live(desk: Desk, what: str, detail: Any) -> Decision | None:
    """Given one event of a day, live through it; return the decision if there was one."""
    match what:
        case "alert":
            return desk.decide(detail)
        case "wait":
            desk.wait(detail)
        case "hold":
            desk.hold = detail
            desk.beat()
        case "snooze":
            desk.snooze(*detail)
        case "step":
            desk.step(detail)
    return None


@unhurried
@given(CALM, LIMITS)
def test_no_hour_has_more_notifications_than_allowed_and_every_alert_is_accounted_for(
    day: list[tuple[str, Any]], limits: Limits
) -> None:
    desk, at, held = Desk(limits), [], Counter()
    for event in day:
        before = len(desk.told)
        decision = live(desk, *event)
        at += [desk.mono] * (len(desk.told) - before)
        if decision is None:
            continue
        if decision.kind is Kind.SPEAK:
            at.append(desk.mono)
            assert not desk.hold
        else:
            assert decision.kind is Kind.HOLD
            held[event[1]] += 1
    for moment in at:
        assert sum(moment <= other < moment + HOUR for other in at) <= limits.alerts_per_hour
    desk.hold = ""
    for _ in range(12):
        desk.wait(HOUR)
    told = sum((Counter(summary.counts) for summary in desk.told), Counter())
    assert told == held
    assert all(summary.counts and summary.causes for summary in desk.told)


@unhurried
@given(ANY, LIMITS)
def test_whatever_the_clocks_did_it_neither_floods_nor_is_silent_for_ever(
    day: list[tuple[str, Any]], limits: Limits
) -> None:
    desk, spoken, forward = Desk(limits), 0, 0
    start = desk.mono
    for event in day:
        forward += event[0] == "step" and event[1] > 0
        decision = live(desk, *event)
        spoken += decision is not None and decision.kind is Kind.SPEAK
    hours = (desk.mono - start) // HOUR + 1
    assert spoken + len(desk.told) <= limits.alerts_per_hour * (hours + forward)
    desk.hold = ""
    while desk.local.hour != 12:
        desk.wait(HOUR)
    desk.wait(HOUR)
    desk.wait(HOUR)
    assert desk.kind() is Kind.SPEAK


@unhurried
@given(ANY, ANY, LIMITS)
def test_after_a_restart_it_goes_on_as_if_there_had_been_none(
    before: list[tuple[str, Any]], after: list[tuple[str, Any]], limits: Limits
) -> None:
    """But for the clock having been set before it: then what was in the future counts as just now."""
    before = [event for event in before if event[0] != "step"]
    steady, restarted = Desk(limits), Desk(limits)
    for event in before:
        assert live(steady, *event) == live(restarted, *event)
    assert restarted.restart(after=0.0)
    for event in after:
        assert live(steady, *event) == live(restarted, *event)
    assert steady.told == restarted.told
