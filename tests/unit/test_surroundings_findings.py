"""When something seen begins to count, and when it stops; and how reasons are put into words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from uprightd.surroundings.findings import BEGIN, END, Findings, Steadiness, Topic
from uprightd.surroundings.probe import AbsentError, Found, UnansweredError, any_of, listed, spoken
from uprightd.surroundings.wakefulness import classify

MIC = "the microphone is in use by zoom"


def counted(*looks: tuple[float, str | None]) -> list[str | None]:
    """Given looks as (time, what was seen), return what counts after each."""
    steady = Steadiness()
    return [steady.see(words, mono) for mono, words in looks]


def test_something_counts_once_it_held_for_exactly_five_seconds() -> None:
    assert (BEGIN, END) == (5.0, 10.0)
    assert counted((100.0, MIC), (104.999, MIC), (105.0, MIC)) == [None, None, MIC]


def test_something_stops_to_count_once_it_was_gone_for_exactly_ten_seconds() -> None:
    seen = counted((0.0, MIC), (5.0, MIC), (8.0, None), (17.999, None), (18.0, None), (19.0, None))
    assert seen == [None, MIC, MIC, MIC, None, None]


def test_a_microphone_that_blinks_never_begins_to_count() -> None:
    blinks = [(3.0 * number, MIC if number % 2 == 0 else None) for number in range(40)]
    assert set(counted(*blinks)) == {None}


def test_one_look_without_it_starts_the_wait_anew() -> None:
    assert counted((0.0, MIC), (3.0, None), (4.0, MIC), (8.0, MIC), (9.0, MIC)) == [
        None,
        None,
        None,
        None,
        MIC,
    ]


def test_a_call_that_reconnects_within_ten_seconds_stays_the_same_call() -> None:
    looks = [(0.0, MIC), (5.0, MIC), (6.0, None), (15.9, None), (15.95, MIC), (16.0, None), (25.9, None)]
    assert counted(*looks)[1:] == [MIC] * 6
    assert counted(*looks, (26.0, None))[-1] is None


def test_while_it_counts_the_newest_words_are_said_and_when_it_is_gone_the_last_ones() -> None:
    looks = [(0.0, "on battery, 19 %"), (6.0, "on battery, 18 %"), (9.0, "on battery, 17 %"), (12.0, None)]
    assert counted(*looks) == [None, "on battery, 18 %", "on battery, 17 %", "on battery, 17 %"]


def test_after_it_ended_it_must_hold_again_to_begin() -> None:
    looks = [(0.0, MIC), (5.0, MIC), (6.0, None), (16.0, None), (17.0, MIC), (21.9, MIC), (22.0, MIC)]
    assert counted(*looks) == [None, MIC, MIC, None, None, None, MIC]


def test_the_topics_are_the_fields_of_the_findings() -> None:
    assert [topic.value for topic in Topic] == [field.name for field in fields(Findings)]


# ---- several ways to ask the same ---------------------------------------------------------------------------


def missing(what: str) -> Found:
    raise AbsentError(f"no {what}")


def failing(what: str) -> Found:
    raise UnansweredError(f"{what} hangs")


def test_what_any_way_found_is_found_and_the_first_way_s_words_win() -> None:
    found = any_of(
        lambda: missing("a"),
        lambda: {Topic.LOCK: "first"},
        lambda: failing("b"),
        lambda: {Topic.LOCK: "second", Topic.CALL: "c"},
    )
    assert found == {Topic.LOCK: "first", Topic.CALL: "c"}


def test_one_way_that_works_is_enough_and_a_failure_shows_only_where_nothing_was_found() -> None:
    assert any_of(lambda: missing("a"), dict) == {}
    with pytest.raises(UnansweredError, match=r"^b hangs$"):
        any_of(dict, lambda: failing("b"), lambda: missing("a"))
    with pytest.raises(AbsentError, match=r"^no a; no b$"):
        any_of(lambda: missing("a"), lambda: missing("b"), lambda: missing("a"))


# ---- words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("zoom", "zoom"),
        ("  Google \t Chrome\n", "Google Chrome"),
        ("", "another program"),
        (" \x00 ", "another program"),
        ("\u202eevil\x1b[31m\ud800", "evil [31m"),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_program_s_own_name_is_one_short_printable_line(name: str, said: str) -> None:
    assert spoken(name) == said


def test_at_most_two_different_programs_are_named() -> None:
    assert listed(["zoom", "zoom", "firefox", "obs"]) == "zoom and firefox"


@pytest.mark.parametrize(
    ("program", "reason", "found"),
    [
        ("google-chrome", "WebRTC has active PeerConnections", {Topic.CALL: "a call is on in google-chrome"}),
        ("zoom.us", "Zoom Video Communications", {Topic.CALL: "a call is on in zoom.us"}),
        ("MSTeams", "Microsoft Teams Call in progress", {Topic.CALL: "a call is on in MSTeams"}),
        ("Keynote", "Display needs to be on", {Topic.PRESENTATION: "Keynote shows a presentation"}),
        ("LibreOffice", "presentation", {Topic.PRESENTATION: "LibreOffice shows a presentation"}),
        ("Google Chrome", "Video Wake Lock", {}),
        ("caffeinate", "caffeinate command-line tool", {}),
        ("QuickTime Player", "com.apple.QuickTimePlayerX playback", {}),
        ("Steam", "Playing", {}),
        ("backup", "zooming representation", {}),
    ],
)
def test_calls_and_presentations_are_told_from_all_else_that_keeps_the_screen_awake(
    program: str, reason: str, found: Found
) -> None:
    assert classify([(program, reason)]) == found
