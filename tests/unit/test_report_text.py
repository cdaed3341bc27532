"""The report as text: reads well, fits the terminal, and cannot upset it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.fakes.summaries import ALERT, EMPTY, TUESDAY, WEEK, WHEN, times
from tests.unit.conftest import Shown

from uprightd.domain import Activity
from uprightd.report.measures import Measure
from uprightd.report.sitting import Stretch
from uprightd.report.table import without
from uprightd.report.tables import tables_of
from uprightd.report.text import render
from uprightd.report.words import apportioned, bar, clock, count, duration, percent, plain, points, spark

WIDTHS = (1, 44, 50, 63, 80, 100, 200)
ESCAPES = re.compile(r"\x1b\[\d*m")


def block(text: str, title: str) -> str:
    """Given a report and the beginning of a block of it, return that block."""
    return next(it for it in text.split("\n\n") if it.startswith(title))


def test_a_week_begins_like_this() -> None:
    assert render(WEEK, 80).startswith(
        "Week 47 of 2026, Mon 16 Nov to Sun 22 Nov\n"
        "\n"
        "Posture was within your limits for 4 h of the 5 h that could be judged (80 %),\n"
        "and 90 % of the time the monitor ran was watched. 2 alerts; after each that was\n"
        "followed up, posture was back within your limits, usually in 31 s. Against the 4\n"
        "weeks before (80 % on average) nothing has changed: such weeks differ by up to 6\n"
        "points by themselves, and less than that is noise.\n"
        "\n"
        "  good        █████████████████████████████▍                 67 %  4:00:00\n"
        "  poor        ███████▍                                       17 %  1:00:00\n"
        "  unreliable  ▏                                              <1 %  0:01:00\n"
        "  away        ███████▎                                       16 %  0:59:00\n"
        "\n"
        "Days                                                             within   judged\n"
        "  Tue 17 Nov  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░████████········    80 %  5:00:00\n"
        "  ░ within your limits  █ outside  · not judged\n"
    )


def test_the_heat_map_shows_each_hour_and_what_it_rests_on() -> None:
    assert block(render(WEEK, 80), "Hours of the week") == (
        "Hours of the week, time outside your limits\n"
        "       09  10  11  12  13  14  15  16     judged\n"
        "  Tue  ░░░░▒▒▒▒            ████░░░░▓▓▓▓  5:00:00\n"
        "  ░ to 10 %  ▒ to 20 %  ▓ to 35 %  █ more  · under 5 min judged"
    )


def test_an_hour_of_which_little_was_judged_has_no_shade() -> None:
    little = replace(
        WEEK, times=times({9: (3_500.0, 100.0, 0, 0), 10: (0.0, 200.0, 0, 0), 11: (0, 0, 0, 900.0)})
    )
    assert "  Tue  ░░░░········" in render(little, 80)


def test_the_states_tell_why_and_add_up() -> None:
    assert block(render(WEEK, 80), "What the monitor did") == (
        "What the monitor did\n"
        "  State          time  of ran  why\n"
        "  watching    5:00:00    75 %  someone in view\n"
        "  away        0:59:00    15 %  nobody in view\n"
        "  unreliable  0:01:00    <1 %  the neck cannot be seen\n"
        "  paused      0:30:00     8 %  the screen is locked\n"
        "              0:07:15     2 %  by you\n"
        "  none        0:02:45    <1 %  starting, asleep, or samples no longer kept\n"
        "  ran         6:40:00   100 %"
    )


def test_where_there_is_little_room_a_row_takes_two_lines() -> None:
    assert block(render(WEEK, 44), "Measures, time") == (
        "Measures, time in each band\n"
        "  Measure                         of watched\n"
        "       good  borderline     poor    known\n"
        "  neck flexion                          83 %\n"
        "    3:53:20     0:50:00  0:16:40  5:00:00\n"
        "  Known: in view and sure enough to be\n"
        "  measured. The limits are yardsticks, no\n"
        "  statement about health."
    )


def test_a_measure_without_bands_is_in_the_values_only() -> None:
    text = render(WEEK, 80)
    assert "head offset    0.000  -0.100  0.041  0:00:09" in block(text, "Measures, values")
    assert "head offset" not in block(text, "Measures, time")
    assert "head offset" not in block(text, "Measures in their bands")


def test_the_trend_has_its_noise_and_its_course() -> None:
    assert block(render(WEEK, 80), "Against the weeks").splitlines()[:4] == [
        "Against the weeks before",
        "  Quantity                now  before         ±  change  weeks  course",
        "  within your limits     80 %    80 %  6 points   noise      4  ▁█·▅▃▅",
        "  alerts an hour judged   0.4     0.4       0.3   noise      4  █▁·▅▆▅",
    ]


def test_a_day_is_drawn_minute_by_minute(shown: Shown) -> None:
    summary, course = shown("2026-11-18")
    assert course is not None
    for width, cells, title in (
        (80, 60, "a minute a cell"),
        (63, 30, "2 minutes a cell"),
        (44, 20, "3 minutes a cell"),
    ):
        drawn = block(render(summary, width, course=course), "The day").splitlines()
        assert title in drawn[0]
        assert [line[:4] for line in drawn[1:-2]] == [f"  {hour:02d}" for hour in course.hours]
        assert all(set(line[6 : 6 + cells]) <= set("░█?· ") for line in drawn[1:-2])
    assert "The day" not in render(summary, 80)
    assert "Hours of the week" not in render(summary, 80, course=course)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["2026-W47", "2026-11-18", "200d"])
def test_no_line_is_wider_than_the_terminal(shown: Shown, name: str, width: int) -> None:
    summary, course = shown(name)
    text = render(summary, width, course=course)
    assert max(len(line) for line in text.splitlines()) <= max(44, min(width, 100))
    assert not any(line != line.rstrip() for line in text.splitlines())
    coloured = render(summary, width, colour=True, course=course)
    assert [line.rstrip() for line in ESCAPES.sub("", coloured).splitlines()] == text.splitlines()


@pytest.mark.parametrize("width", WIDTHS)
def test_nor_with_names_and_figures_without_end(width: int) -> None:
    long = replace(ALERT, rule="a-rule-with-a-very-long-name-indeed" * 3, message="word" * 60, position=3.2)
    name = "a_metric_with_a_name_that_has_no_end_to_it_at_all"
    big = 3_600_000.0
    summary = replace(
        WEEK,
        times=times({9: (big, big, big, big)}),
        ran={TUESDAY: 9 * big},
        states={**WEEK.states, Activity.DEGRADED: {"word" * 60: big}},
        alerts=(long,) * 30,
        metrics={name: Measure(name, 1_000_000, -999.9, -999.9, 999.9, 3 * big, (big, big, big))},
        sitting=replace(WEEK.sitting, stretches=(Stretch(WHEN, big),) * 1000),
    )
    text = render(summary, width)
    assert max(len(line) for line in text.splitlines()) <= max(44, min(width, 100))


def test_an_empty_week_is_two_sentences_and_nothing_else() -> None:
    assert render(EMPTY).count("\n\n") == 1


def test_where_nothing_could_be_judged_no_chart_pretends_to_show_it() -> None:
    away = replace(EMPTY, samples=60, times=times({9: (0, 0, 0, 3_600.0)}), ran={TUESDAY: 3_600.0}, runs=1)
    text = render(away)
    assert "  away        ████" in text
    assert "Days" not in text
    assert "Hours of the week" not in text


def test_a_week_of_nothing_but_pauses_has_its_states() -> None:
    paused = replace(
        EMPTY, states={**EMPTY.states, Activity.PAUSED: {"by you": 7_200.0}}, ran={TUESDAY: 7_200.0}
    )
    assert render(paused).count("\n\n") == 2
    assert "  paused  2:00:00   100 %  by you\n" in render(paused)


def test_colours_only_on_request() -> None:
    assert "\x1b" not in render(WEEK)
    assert "\x1b[31m" in render(WEEK, colour=True)


def test_control_characters_in_a_rule_never_reach_the_terminal() -> None:
    nasty = replace(
        ALERT, rule="\x1b]0;title\x07evil", message="\x1b[2J\u202egnp\nline two\t✓", reason="\x9b31m"
    )
    nasty = replace(nasty, decision="held", cause="in \x1b[31m quiet", outcome="\x1b[1m")
    states = {**EMPTY.states, Activity.DEGRADED: {"camera: \x1b]0;title\x07": 9.0}}
    metrics = {"\x1b[31mx": Measure("\x1b[31mx", 1, 0.0, 0.0, 0.0, 9.0, (9.0, 0.0, 0.0))}
    text = render(replace(WEEK, alerts=(nasty,), states=states, metrics=metrics))
    assert all(c.isprintable() or c in "\n\u202f" for c in text)
    assert "gnp line two ✓" in text


def test_many_alerts_are_cut_to_the_last_ten_and_the_rest_is_counted() -> None:
    alerts = tuple(replace(ALERT, at=WHEN + timedelta(minutes=n)) for n in range(25))
    listed = block(render(replace(WEEK, alerts=alerts)), "The last")
    assert listed.startswith("The last 10 of 25 alerts\n  Tue 17 Nov 14:18:10  neck-flexed  back in 41 s\n")
    assert listed.count("neck-flexed") == 10
    assert listed.count("Your head") == 1


def test_of_each_alert_is_told_what_became_of_it() -> None:
    alerts = (
        replace(ALERT, verdict="wrong"),
        replace(ALERT, decision="held", cause="in quiet hours", outcome="off", after=None),
        replace(ALERT, outcome="failed", after="stayed", took=None, position=3.21),
    )
    lines = [line.strip() for line in render(replace(WEEK, alerts=alerts), 100).splitlines()]
    assert "Tue 17 Nov 14:03:10  neck-flexed  back in 41 s  wrong, you said" in lines
    assert "Tue 17 Nov 14:03:10  neck-flexed  held in quiet hours" in lines
    assert any("neck-flexed  from 3.2 s in the file  notification failed" in line for line in lines)


def test_a_table_can_go_without_what_it_cannot_draw() -> None:
    (trend,) = [table for table in tables_of(WEEK) if table.key == "trend"]
    bare = without(trend, trend.columns[-1].kind)
    assert [len(cells) for cells in (bare.columns, *bare.rows)] == [6, 6, 6]


# ---- words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (7.0, "7 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (599.4, "9 min 59 s"),
        (629, "10 min"),
        (3599.6, "1 h"),
        (15_000, "4 h 10 min"),
        (360_000, "100 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "-"),
        (0.0, "0:00:00"),
        (15_012.0, "4:10:12"),
        (4.25, "0:00:04.25"),
        (3_599.9996, "1:00:00"),
        (4e6, "1111:06:40"),
    ],
)
def test_durations_in_tables_keep_every_second(seconds: float | None, words: str) -> None:
    assert clock(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "-"), (0, "0 %"), (0.0001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1, "100 %")],
)
def test_shares_in_words(share: float | None, words: str) -> None:
    assert percent(share) == words


def test_differences_in_points() -> None:
    assert [points(it) for it in (0.01, -0.01, 0.015, 0.043, 0.0)] == [
        "1 point",
        "1 point",
        "1.5 points",
        "4 points",
        "0 points",
    ]


def test_bars_have_eighths_and_show_the_least_share() -> None:
    assert bar(0, 10) == ""
    assert bar(0.0001, 10) == "▏"
    assert bar(0.55, 10) == "█████▌"
    assert bar(1, 10) == "█" * 10


def test_sparks_have_a_dot_where_nothing_is_known() -> None:
    assert spark([0.0, None, 1.0, 0.5]) == "▁·█▅"
    assert spark([2.0, 2.0]) == "▄▄"
    assert spark([None]) == "·"


@pytest.mark.parametrize(
    ("parts", "cells", "given"),
    [
        ((1.0, 1.0, 1.0), 10, [4, 3, 3]),
        ((1000.0, 1.0, 0.0), 10, [9, 1, 0]),
        ((0.0, 0.0), 10, [0, 0]),
        ((5.0, 5.0, 5.0), 2, [1, 1, 0]),
    ],
)
def test_cells_are_shared_out_and_none_is_lost(
    parts: tuple[float, ...], cells: int, given: list[int]
) -> None:
    assert apportioned(parts, cells) == given


def test_counts_and_names() -> None:
    assert [count(n, "alert") for n in (0, 1, 2)] == ["0 alerts", "1 alert", "2 alerts"]
    assert plain("  a \n\t b\x00c ") == "a b c"
