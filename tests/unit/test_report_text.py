"""The report as text: reads well, fits the terminal, and cannot upset it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from uprightd.domain import Activity, Posture
from uprightd.report.periods import week
from uprightd.report.summary import Stretch, Summary, SummaryAlert
from uprightd.report.text import headline, render
from uprightd.report.words import bar, count, duration, percent, plain
from uprightd.store.reading import Spread

WHEN = datetime(2026, 11, 17, 14, 3, 10, tzinfo=UTC)
ALERT = SummaryAlert(
    id=7,
    at=WHEN,
    rule="neck-flexed",
    severity="warn",
    message="Your head has been far forward for a minute: sit back and look into the distance.",
    metric="neck_flexion",
    value=52.3,
    threshold=45.0,
    held=60.0,
    view="oblique",
    reason="neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)",
    position=None,
    outcome="delivered",
)
WEEK = Summary(
    period=week("2026-W47", ZoneInfo("UTC")),
    samples=21_600,
    present=19_440,
    seconds={Posture.GOOD: 14_400.0, Posture.POOR: 3_600.0, Posture.UNRELIABLE: 60.0, Posture.AWAY: 3_540.0},
    states={},
    running=24_000.0,
    runs=3,
    longest_poor=Stretch(WHEN, 725.0),
    longest_good=Stretch(WHEN, 1800.0),
    alerts=(ALERT, replace(ALERT, at=WHEN + timedelta(hours=2), outcome="failed")),
    metrics={"neck_flexion": Spread(18_000, 31.04, 38.2, 55.0), "head_x": Spread(9, -0.1, 0.0, 0.041)},
)
EMPTY = replace(
    WEEK,
    samples=0,
    present=0,
    seconds=dict.fromkeys(Posture, 0.0),
    running=0.0,
    runs=0,
    longest_poor=None,
    longest_good=None,
    alerts=(),
    metrics={},
)


def test_a_week_reads_like_this() -> None:
    assert render(WEEK, 80) == (
        "Week 47 of 2026, Mon 16 Nov to Sun 22 Nov\n"
        "\n"
        "Posture was within your limits for 4 h 0 min of the 5 h 0 min that could be\n"
        "judged (80 %). 2 alerts; the longest time outside them was 12 min 5 s, from Tue\n"
        "14:03.\n"
        "\n"
        "  good        ██████████████████████████▋                 67 %    4 h 0 min\n"
        "  poor        ██████▋                                     17 %    1 h 0 min\n"
        "  unreliable  ▏                                           <1 %    1 min 0 s\n"
        "  away        ██████▌                                     16 %   59 min 0 s\n"
        "\n"
        "Watched for 6 h 0 min in 3 runs, 90 % of the 6 h 40 min the monitor ran. 21\u202f600\n"
        "samples, a person in 90 % of them.\n"
        "\n"
        "Alerts\n"
        "  Tue 17 Nov 14:03:10  neck-flexed\n"
        "      Your head has been far forward for a minute: sit back and look into the\n"
        "      distance.\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n"
        "  Tue 17 Nov 16:03:10  neck-flexed  notification failed\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n"
        "\n"
        "Measures        median    least     most samples\n"
        "  neck_flexion   38.2°    31.0°    55.0°   18000\n"
        "  head_x         0.000   -0.100    0.041       9\n"
    )


BUSY_WEEK = replace(
    WEEK,
    states={
        Activity.WATCHING: {"someone in view": 17_000.0},
        Activity.AWAY: {"nobody in view": 3_540.0},
        Activity.UNRELIABLE: {},
        Activity.UNCALIBRATED: {"camera moved?": 90.0},
        Activity.PAUSED: {"the screen is locked": 1_800.0, "by you": 900.0, "you are in a call": 65.0},
        Activity.DEGRADED: {"camera: camera 0 is used by another program (Device or resource busy)": 200.0},
    },
    alerts=(
        replace(ALERT, verdict="wrong"),
        replace(ALERT, decision="held", cause="while you were in a call", outcome="off"),
        replace(ALERT, decision="held", cause="while you were in a call", outcome="off", verdict="wrong"),
        replace(ALERT, decision="held", cause="in quiet hours", outcome="off"),
        replace(ALERT, decision="dropped", cause="while this rule was snoozed until 14:30", outcome="off"),
    ),
    metrics={},
)
"""One with everything in it."""


def test_a_week_with_pauses_faults_and_alerts_kept_back_reads_like_this() -> None:
    paragraphs = render(BUSY_WEEK, 80).split("\n\n")
    assert paragraphs[1] == (
        "Posture was within your limits for 4 h 0 min of the 5 h 0 min that could be\n"
        "judged (80 %). 1 alert, 3 held back and 1 dropped; the longest time outside them\n"
        "was 12 min 5 s, from Tue 14:03."
    )
    assert paragraphs[4:] == [
        "States of the monitor\n"
        "  watching       4 h 43 min  someone in view\n"
        "  away           59 min 0 s  nobody in view\n"
        "  uncalibrated   1 min 30 s  camera moved?\n"
        "  paused         30 min 0 s  the screen is locked\n"
        "                 15 min 0 s  by you\n"
        "                  1 min 5 s  you are in a call\n"
        "  degraded       3 min 20 s  camera: camera 0 is used by another program (Device\n"
        "                             or resource busy)\n"
        "  none           6 min 45 s  starting, asleep, or samples no longer kept",
        "Alerts\n"
        "  spoken       1\n"
        "  held         2  while you were in a call\n"
        "               1  in quiet hours\n"
        "  dropped      1  while this rule was snoozed\n"
        "  wrong        2  in your judgement",
        "  Tue 17 Nov 14:03:10  neck-flexed  wrong, you said\n"
        "      Your head has been far forward for a minute: sit back and look into the\n"
        "      distance.\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n"
        "  Tue 17 Nov 14:03:10  neck-flexed  held\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n"
        "  Tue 17 Nov 14:03:10  neck-flexed  held  wrong, you said\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n"
        "  Tue 17 Nov 14:03:10  neck-flexed  held\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n"
        "  Tue 17 Nov 14:03:10  neck-flexed  dropped\n"
        "      neck flexion 52.3° > 45.0° for 60 s (oblique view, confidence 0.91)\n",
    ]


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        pytest.param("", "No alert;", id="none"),
        pytest.param("s", "1 alert;", id="one"),
        pytest.param("h", "No alert, 1 held back;", id="held is not spoken"),
        pytest.param("hhd", "No alert, 2 held back and 1 dropped;", id="nor is dropped"),
        pytest.param("ssd", "2 alerts, 1 dropped;", id="some of two kinds"),
    ],
)
def test_alerts_that_were_not_spoken_are_not_counted_as_such(decisions: str, words: str) -> None:
    full = {"s": "spoken", "h": "held", "d": "dropped"}
    alerts = tuple(replace(ALERT, decision=full[each]) for each in decisions)
    assert f"(80 %). {words} the longest" in " ".join(render(replace(WEEK, alerts=alerts)).split())


def test_many_reasons_of_one_state_are_cut_and_the_rest_is_summed_up() -> None:
    reasons = {f"camera: fault {n}": 600.0 - n for n in range(6)}
    text = render(replace(WEEK, states={Activity.DEGRADED: reasons}))
    assert "camera: fault 2" in text
    assert "camera: fault 3" not in text
    assert "                29 min 48 s  other reasons" in text


def test_a_week_of_nothing_but_pauses_says_so() -> None:
    paused = replace(EMPTY, states={Activity.PAUSED: {"by you": 7_200.0}}, running=7_200.0, runs=1)
    assert render(paused) == (
        "Week 47 of 2026, Mon 16 Nov to Sun 22 Nov\n"
        "\n"
        "Nothing was watched in this week. The monitor ran, but the log holds no samples:\n"
        "none were taken, or they are no longer kept.\n"
        "\n"
        "States of the monitor\n"
        "  paused          2 h 0 min  by you\n"
    )


@pytest.mark.parametrize("width", [1, 44, 50, 72, 80, 200])
def test_no_line_of_a_busy_week_is_wider_than_the_terminal(width: int) -> None:
    text = render(BUSY_WEEK, width)
    assert max(len(line) for line in text.splitlines()) <= max(44, min(width, 100))
    assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("width", [1, 44, 50, 72, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = replace(ALERT, rule="a-rule-with-a-very-long-name-indeed" * 3, message="word" * 60, position=3.2)
    metrics = {"a_metric_with_a_name_that_has_no_end_to_it_at_all": Spread(1_000_000, -999.9, -999.9, 999.9)}
    text = render(replace(WEEK, alerts=(long,) * 30, metrics=metrics), width)
    assert max(len(line) for line in text.splitlines()) <= max(44, min(width, 100))
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_many_alerts_are_cut_to_the_last_ten_and_the_rest_is_counted() -> None:
    alerts = tuple(replace(ALERT, at=WHEN + timedelta(minutes=n)) for n in range(25))
    text = render(replace(WEEK, alerts=alerts))
    assert "25 alerts;" in text
    assert "Alerts, the last 10 of 25\n  Tue 17 Nov 14:18:10" in text
    assert text.count("neck-flexed") == 10


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        pytest.param(
            EMPTY,
            "Nothing was watched in this week. A summary needs the monitor to run: uprightd run.",
            id="nothing",
        ),
        pytest.param(
            replace(EMPTY, running=900.0, runs=1),
            "Nothing was watched in this week. The monitor ran, but the log holds no samples: none were "
            "taken, or they are no longer kept.",
            id="ran without samples",
        ),
        pytest.param(
            replace(EMPTY, samples=1, present=1),
            "Nothing was watched in this week. The log holds 1 sample, too few or too far apart to make up "
            "a time.",
            id="one sample",
        ),
        pytest.param(
            replace(EMPTY, samples=60, seconds={**EMPTY.seconds, Posture.AWAY: 59.0}, running=59.0, runs=1),
            "59 s were watched, but posture could not be judged in any of it. No alert.",
            id="nobody there",
        ),
        pytest.param(
            replace(
                EMPTY,
                samples=60,
                present=60,
                seconds={**EMPTY.seconds, Posture.GOOD: 59.0},
                running=59.0,
                runs=1,
                longest_good=Stretch(WHEN, 59.0),
            ),
            "Posture was within your limits for 59 s of the 59 s that could be judged (100 %). No alert; the "
            "longest time within them was 59 s, from Tue 14:03.",
            id="only good",
        ),
    ],
)
def test_empty_and_sparse_weeks_read_well(summary: Summary, words: str) -> None:
    sentences = render(summary).split("\n\n")[1]
    assert " ".join(sentences.split()) == words


def test_an_empty_week_is_two_sentences_and_no_tables() -> None:
    assert render(EMPTY).count("\n\n") == 1


def test_colours_only_on_request() -> None:
    assert "\x1b" not in render(WEEK)
    assert render(WEEK, colour=True).count("\x1b[0m") == 4


def test_control_characters_in_a_rule_never_reach_the_terminal() -> None:
    nasty = replace(
        ALERT, rule="\x1b]0;title\x07evil", message="\x1b[2J\u202egnp\nline two\t✓", reason="\x9b31m"
    )
    nasty = replace(nasty, decision="held", cause="in \x1b[31m quiet")
    states = {Activity.DEGRADED: {"camera: \x1b]0;title\x07": 9.0}}
    text = render(replace(WEEK, alerts=(nasty,), states=states))
    assert all(c.isprintable() or c in "\n\u202f" for c in text)
    assert "gnp line two ✓" in text


def test_an_alert_in_a_file_says_where_in_the_file() -> None:
    assert "neck-flexed  from 3.2 s in the file" in render(
        replace(WEEK, alerts=(replace(ALERT, position=3.21),))
    )


def test_the_headline_is_the_first_sentence() -> None:
    assert headline(WEEK) == (
        "Posture was within your limits for 4 h 0 min of the 5 h 0 min that could be judged (80 %)."
    )
    assert headline(EMPTY) == "Nothing was watched in this week."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (15_000, "4 h 10 min"),
        (360_000, "100 h 0 min"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "-"), (0, "0 %"), (0.0001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1, "100 %")],
)
def test_shares_in_words(share: float | None, words: str) -> None:
    assert percent(share) == words


def test_bars_have_eighths_and_show_the_least_share() -> None:
    assert bar(0, 10) == ""
    assert bar(0.0001, 10) == "▏"
    assert bar(0.55, 10) == "█████▌"
    assert bar(1, 10) == "█" * 10


def test_counts_and_names() -> None:
    assert [count(n, "alert") for n in (0, 1, 2)] == ["0 alerts", "1 alert", "2 alerts"]
    assert plain("  a \n\t b\x00c ") == "a b c"
