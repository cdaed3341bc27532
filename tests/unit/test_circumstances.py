"""What goes on around the person decides as the settings say, and what cannot be looked at is said once."""

from __future__ import annotations

import time as clocks
from collections.abc import Iterator
from dataclasses import fields
from datetime import time
from pathlib import Path

import pytest
from tests.fakes.loop import START, Around, rig

from uprightd.clock import SystemClock
from uprightd.config.schema import Config
from uprightd.config.schema import Restraint as Settings
from uprightd.rules.quiet import QuietHours
from uprightd.rules.restraint import Limits
from uprightd.service.circumstances import HELD_BY, PAUSED_BY, QUIET_HOURS, Circumstances, limits_of
from uprightd.surroundings.findings import Findings, Topic
from uprightd.surroundings.probe import Found, Probe, UnansweredError
from uprightd.surroundings.watch import Surroundings

EVERYTHING = Findings(**{topic.value: "it" for topic in Topic})
NOON = START.wall


class Deaf(Around):
    """Looks around and cannot see: what `untold` holds comes back once, as from the real one."""

    def __init__(self) -> None:
        super().__init__()
        self.untold: list[str] = []

    def faults(self) -> list[str]:
        untold, self.untold = self.untold, []
        return untold


def unanswered() -> Found:
    raise UnansweredError("the session manager is gone")


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    clocks.tzset()
    yield
    monkeypatch.undo()
    clocks.tzset()


def around(found: Findings, **settings: object) -> Circumstances:
    looking = Around()
    looking.findings = found
    circumstances = Circumstances(looking)
    circumstances.take(Settings(**settings))  # type: ignore[arg-type]
    return circumstances


def test_with_nothing_that_looks_around_nothing_keeps_it_from_anything() -> None:
    circumstances = Circumstances()
    circumstances.start()
    assert (circumstances.pause(NOON), circumstances.hold(), circumstances.faults()) == ("", "", [])
    circumstances.close()


def test_everything_the_settings_may_name_is_something_that_can_be_found() -> None:
    found = {field.name for field in fields(Findings)}
    holds = Settings.model_fields["hold_during"].default
    assert set(holds) == set(HELD_BY) <= found
    assert set(PAUSED_BY) <= found
    every = Settings(pause_during=("lock", "call", "battery", "quiet_hours"))
    assert set(every.pause_during) == {*PAUSED_BY, QUIET_HOURS}


def test_by_default_only_a_locked_screen_pauses() -> None:
    assert around(EVERYTHING).pause(NOON) == "the screen is locked"
    assert around(Findings(call="it", battery="it", sharing="it")).pause(NOON) == ""


@pytest.mark.parametrize("topic", HELD_BY)
def test_a_finding_holds_if_and_only_if_it_is_named(topic: str) -> None:
    found = Findings(**{topic: "it"})
    others = tuple(name for name in HELD_BY if name != topic)
    assert around(found, hold_during=(topic,)).hold() == HELD_BY[topic]
    assert around(found, hold_during=others).hold() == ""


@pytest.mark.parametrize("topic", PAUSED_BY)
def test_a_finding_pauses_if_and_only_if_it_is_named(topic: str) -> None:
    found = Findings(**{topic: "it"})
    others = tuple(name for name in (*PAUSED_BY, QUIET_HOURS) if name != topic)
    assert around(found, pause_during=(topic,)).pause(NOON) == PAUSED_BY[topic]
    assert around(found, pause_during=others).pause(NOON) == ""


def test_an_empty_finding_is_a_finding() -> None:
    """None means nothing was found; words may be missing."""
    assert around(Findings(call="")).hold() == "in a call"


def test_quiet_hours_pause_only_where_named() -> None:
    span = (QuietHours(time(11), time(13)),)
    assert around(Findings(), quiet_hours=span).pause(NOON) == ""
    named = around(Findings(), quiet_hours=span, pause_during=(QUIET_HOURS,))
    assert (named.pause(NOON), named.pause(NOON + 3600)) == ("quiet hours", "")


def test_the_limits_are_those_of_the_settings() -> None:
    span = QuietHours(time(22), time(7))
    restraint = Settings(alerts_per_hour=7, quiet_hours=(span,), escalate_after=2)
    assert limits_of(Config(restraint=restraint)) == Limits(7, (span,), 2)
    assert limits_of(Config()) == Limits()


def test_the_loop_starts_and_ends_looking_around(tmp_path: Path) -> None:
    looking = Around()
    rig(tmp_path, 5.0, around=looking).monitor.run()
    assert (looking.started, looking.closed) == (1, 1)


@pytest.mark.parametrize("paused", [False, True])
def test_what_cannot_be_looked_at_is_said_once(paused: bool, tmp_path: Path) -> None:
    looking = Deaf()
    setup = rig(tmp_path, 30.0, around=looking)
    if paused:
        setup.monitor.pause(float("inf"), "by you")
    setup.clock.at(10.5, lambda: looking.untold.append("lock: it did not answer within 8 s"))
    setup.monitor.run()
    assert setup.witness.notices == [
        "cannot tell what goes on around you (lock: it did not answer within 8 s)"
    ]
    assert setup.notifier.sent == []


def test_a_fault_of_the_real_one_reaches_the_person_at_the_terminal(tmp_path: Path) -> None:
    surroundings = Surroundings([Probe("lock", unanswered)], SystemClock())
    setup = rig(tmp_path, 10.0)
    setup.monitor.parts.circumstances._looking = surroundings
    surroundings.start = lambda: None  # type: ignore[method-assign] - asked by hand
    for moment in (2.5, 4.5, 6.5):
        setup.clock.at(moment, surroundings.poll)
    setup.monitor.run()
    assert setup.witness.notices == [
        "cannot tell what goes on around you (lock: the session manager is gone)"
    ]
