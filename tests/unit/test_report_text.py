"""The report as text: reads well, fits the terminal, and cannot upset it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from uprightd.domain import Posture
from uprightd.report.periods import week
from uprightd.report.summary import Stretch, Summary, SummaryAlert
from uprightd.report.text import headline, render
from uprightd.report.words import bar, count, duration, percent, plain
from uprightd.store.reading import Spread

WHEN = datetime(2026, 11, 17, 14, 3, 10, tzinfo=UTC)
ALERT = SummaryAlert(
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
    text = render(replace(WEEK, alerts=(nasty,)))
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
