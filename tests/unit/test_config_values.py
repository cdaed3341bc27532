"""Lengths of time as people write and read them, spans of the day, and names of calibrated profiles."""

from __future__ import annotations

import math
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uprightd.config.schema import Restraint
from uprightd.config.values import profile_name
from uprightd.durations import LONGEST, duration_text, parse_duration
from uprightd.rules.quiet import QuietHours


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (0, 0.0),
        (90, 90.0),
        (0.5, 0.5),
        ("90", 90.0),
        ("90s", 90.0),
        ("90 s", 90.0),
        (" 90 Seconds ", 90.0),
        ("1.5 sec", 1.5),
        ("10m", 600.0),
        ("10 min", 600.0),
        ("1 minute", 60.0),
        ("1h", 3600.0),
        ("2 hours", 7200.0),
        ("168h", LONGEST),
    ],
)
def test_a_length_of_time_is_read(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        *(
            "",
            "soon",
            "s",
            "-1",
            "-1s",
            "1 fortnight",
            "10 x",
            "1h 30m",
            "1,5 s",
            "1e3",
            "0x10",
            "٣s",
            "9" * 400,
        ),
        None,
        True,
        [],
        {},
        -1,
        -0.5,
        math.nan,
        math.inf,
        1e300,
        LONGEST + 1,
        "169h",
    ],
)
def test_anything_else_is_no_length_of_time(written: object) -> None:
    with pytest.raises(ValueError, match=r"^a length of time such as 90s, 10 min or 1h"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1.24, "1.2 s"),
        (2.0, "2 s"),
        (9.96, "10 s"),
        (45.4, "45 s"),
        (59.6, "1 min"),
        (90, "1 min 30 s"),
        (600, "10 min"),
        (3599.7, "1 h"),
        (8100, "2 h 15 min"),
        (8130, "2 h 15 min"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(min_value=0, max_value=LONGEST))
def test_every_length_of_time_has_words(seconds: float) -> None:
    assert duration_text(seconds).endswith((" s", " min", " h"))


@pytest.mark.parametrize("name", ["sit", "stand-2", "0", "a" * 32, "auto", "x-"])
def test_a_profile_has_a_plain_name(name: str) -> None:
    assert profile_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Sit",
        "sit down",
        "-sit",
        "sit\n",
        "../sit",
        "a/b",
        "a.b",
        "sit_2",
        "ä",
        "١",
        "a" * 33,
        7,
        None,
        True,
        ["sit"],
    ],
    ids=repr,
)
def test_what_could_be_a_path_or_a_puzzle_is_no_profiles_name(name: object) -> None:
    with pytest.raises(ValueError, match=r"^a name of small letters, digits and - such as"):
        profile_name(name)


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("22:00-07:00", time(22), time(7)),
        ("22:00–7:00", time(22), time(7)),
        (" 12:00 - 12:30 ", time(12), time(12, 30)),
        ("00:00-23:59", time(0), time(23, 59)),
        ("23:59-00:00", time(23, 59), time(0)),
    ],
)
def test_a_span_of_the_day_is_read(written: str, start: time, end: time) -> None:
    assert Restraint(quiet_hours=[written]).quiet_hours == (QuietHours(start, end),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "22:00",
        "22:00-",
        "-07:00",
        "22-7",
        "22:00-07:00-08:00",
        "22:00-22:00",
        "24:00-07:00",
        "22:60-07:00",
        "22:00 to 07:00",
        "22:00−07:00",
        "٢٢:00-07:00",
        1320,
        None,
        True,
        22.5,
        ["22:00", "07:00"],
        {"start": "22:00"},
    ],
    ids=repr,
)
def test_anything_else_is_no_span_of_the_day(written: object) -> None:
    with pytest.raises(ValueError, match=r"(two (different )?times|a time) of day"):
        Restraint(quiet_hours=[written])  # type: ignore[arg-type]
