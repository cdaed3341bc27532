"""The sentences on top of a summary: plain words, right for empty weeks too, and no change called one that is noise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.summaries import ALERT, EMPTY, TUESDAY, WEEK, WEEK_47, WHEN, past, times

from uprightd.domain import Activity
from uprightd.report.alerts import After
from uprightd.report.periods import day, last_days
from uprightd.report.sentences import headline, sentences
from uprightd.report.sitting import Stretch
from uprightd.report.summary import Summary
from uprightd.report.trend import ALERTS, WITHIN

STEADY = [0.78, 0.8, 0.79, 0.81, 0.8]


def said(summary: Summary) -> str:
    return " ".join(sentences(summary))


def test_an_ordinary_week_in_three_sentences() -> None:
    assert list(sentences(WEEK)) == [
        "Posture was within your limits for 4 h of the 5 h that could be judged (80 %), "
        "and 90 % of the time the monitor ran was watched.",
        "2 alerts; after each that was followed up, posture was back within your limits, usually in 31 s.",
        "Against the 4 weeks before (80 % on average) nothing has changed: such weeks differ by up to 6 points "
        "by themselves, and less than that is noise.",
    ]
    assert headline(WEEK) == next(sentences(WEEK))


# ---- weeks with little or nothing in them -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        pytest.param(
            EMPTY,
            "Nothing was watched in this week. A summary needs the monitor to run: uprightd run.",
            id="nothing",
        ),
        pytest.param(
            replace(EMPTY, ran={TUESDAY: 900.0}, runs=1),
            "Nothing was watched in this week. The monitor ran, but the log holds no samples: none were taken, "
            "or they are no longer kept.",
            id="ran without samples",
        ),
        pytest.param(
            replace(
                EMPTY,
                ran={TUESDAY: 7_200.0},
                runs=1,
                states={**EMPTY.states, Activity.PAUSED: {"by you": 7_150.0, "on battery": 50.0}},
            ),
            "Nothing was watched in this week. The monitor ran for 2 h, but was paused: by you.",
            id="only a pause",
        ),
        pytest.param(
            replace(
                EMPTY,
                ran={TUESDAY: 7_200.0},
                runs=1,
                states={**EMPTY.states, Activity.DEGRADED: {"camera: no camera 0": 7_200.0}},
            ),
            "Nothing was watched in this week. The monitor ran for 2 h, but could not measure: "
            "camera: no camera 0.",
            id="only a fault",
        ),
        pytest.param(
            replace(EMPTY, samples=1, present=1),
            "Nothing was watched in this week. The log holds 1 sample, too few or too far apart to make up a time.",
            id="one sample",
        ),
        pytest.param(
            replace(EMPTY, samples=60, times=times({9: (0, 0, 0, 59.0)}), ran={TUESDAY: 59.0}, runs=1),
            "59 s were watched, and nobody was in view.",
            id="nobody there",
        ),
        pytest.param(
            replace(
                EMPTY,
                samples=60,
                times=times({9: (0, 0, 3_000.0, 59.0)}),
                ran={TUESDAY: 3_059.0},
                runs=1,
                states={
                    **EMPTY.states,
                    Activity.UNRELIABLE: {"no rule's measure can be read in this view": 3_000.0},
                },
            ),
            "51 min were watched, but posture could not be judged in any of it: no rule's measure can be read "
            "in this view.",
            id="seen in no view that counts",
        ),
        pytest.param(
            replace(
                EMPTY,
                samples=60,
                times=times({9: (0, 0, 3_000.0, 0)}),
                ran={TUESDAY: 3_000.0},
                states={**EMPTY.states, Activity.UNCALIBRATED: {"camera moved?": 3_000.0}},
                alerts=(replace(ALERT, decision="held", after=None, took=None),),
            ),
            "50 min were watched, but posture could not be judged in any of it: camera moved. To have it judged, "
            "sit upright and run: uprightd calibrate. No alert, 1 held back.",
            id="not calibrated",
        ),
        pytest.param(
            replace(
                EMPTY,
                samples=60,
                times=times({9: (59.0, 0, 0, 0)}),
                ran={TUESDAY: 59.0},
                runs=1,
                longest_good=Stretch(WHEN, 59.0),
            ),
            "Posture was within your limits for 59 s of the 59 s that could be judged (100 %), and 100 % of the "
            "time the monitor ran was watched. No alert; the longest time within them was 59 s, from Tue 14:03. "
            "That is little to go by: shares of less than an hour say hardly anything.",
            id="a minute, all good",
        ),
    ],
)
def test_empty_and_sparse_weeks_read_well(summary: Summary, words: str) -> None:
    assert said(summary) == words


# ---- alerts -------------------------------------------------------------------------------------------------

SPOKEN = replace(ALERT, after=After.STAYED, took=None)
HELD, DROPPED = (replace(ALERT, decision=it, after=None, took=None) for it in ("held", "dropped"))


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        pytest.param((), "No alert; the longest time outside them was 12 min, from Tue 14:03.", id="none"),
        pytest.param((SPOKEN,), "1 alert; the longest", id="one that changed nothing"),
        pytest.param((HELD,), "No alert, 1 held back; the longest", id="held is not spoken"),
        pytest.param((HELD, HELD, DROPPED), "No alert, 2 held back and 1 dropped; the", id="nor is dropped"),
        pytest.param((ALERT, SPOKEN, DROPPED), "2 alerts, 1 dropped; after 1 of the 2 that", id="one of two"),
        pytest.param(
            (ALERT,), "1 alert; after it, posture was back within your limits, in 41 s.", id="at once"
        ),
        pytest.param(
            (ALERT, replace(SPOKEN, after=After.UNSEEN)), "2 alerts; after it, posture", id="one was not seen"
        ),
    ],
)
def test_alerts_and_what_followed(alerts: tuple, words: str) -> None:
    assert words in said(replace(WEEK, alerts=alerts))


# ---- what changed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        pytest.param(STEADY, 0.82, "nothing has changed: such weeks differ by up to 3 points", id="noise"),
        pytest.param(
            STEADY,
            0.9,
            "That is more than in the 5 weeks before (80 % on average), and by more than",
            id="up",
        ),
        pytest.param(STEADY, 0.5, "That is less than in the 5 weeks before", id="down"),
        pytest.param([0.1, 0.9, 0.2, 0.8], 0.5, "they differ too much among themselves", id="no saying"),
        pytest.param(
            [0.8, None, 0.8], 0.5, "Too few weeks before were watched to tell a change from noise;", id="two"
        ),
    ],
)
def test_noise_is_called_noise(before: list[float | None], now: float, words: str) -> None:
    assert words in said(replace(WEEK, trend=(past(WEEK_47, WITHIN, before, now),)))


def test_fewer_alerts_are_told_with_the_time_within_the_limits() -> None:
    trend = (past(WEEK_47, WITHIN, STEADY, 0.9), past(WEEK_47, ALERTS, [2.0, 2.1, 1.9, 2.0], 0.4))
    assert said(replace(WEEK, trend=trend)).endswith("; alerts were fewer, 0.4 an hour instead of 2.0.")


def test_without_weeks_before_the_best_and_the_hardest_hour_are_told() -> None:
    best = "best hour was Tue 09–10 (97 % of 1 h), the hardest Tue 14–15 (44 % of 57 min)."
    assert said(replace(WEEK, trend=())).endswith(f"The {best}")
    few = past(WEEK_47, WITHIN, [0.8], 0.8)
    assert said(replace(WEEK, trend=(few,))).endswith(f"tell a change from noise; the {best}")


def test_a_day_names_no_day_and_a_month_names_the_date() -> None:
    one_day = replace(WEEK, period=day(TUESDAY), trend=())
    assert "The best hour was 09–10 (" in said(one_day)
    assert "from 14:03." in said(replace(one_day, alerts=()))
    month = replace(WEEK, period=last_days(30, WHEN.timestamp()), trend=())
    assert "The best hour was Tue 17 Nov 09–10 (" in said(month)
    assert "from Tue 17 Nov 14:03." in said(replace(month, alerts=()))


def test_days_are_held_against_days() -> None:
    trend = (past(day(TUESDAY), WITHIN, STEADY, 0.8),)
    assert "Against the 5 days before" in said(replace(WEEK, period=day(TUESDAY), trend=trend))
