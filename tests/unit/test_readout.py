"""What a person sees: the gauge, the one line that fits its terminal, what stands above it, and the journal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise

import pytest
from tests.fakes.body import FRONT, from_the_left, read
from tests.fakes.loop import IMAGE, NECK, START

from uprightd.cli.readout import GAUGE, MARKS, Journal, Readout, gauge, gauges, outcome_words, state_words
from uprightd.domain import (
    Activity,
    Alert,
    Frame,
    Instant,
    MonitorState,
    Posture,
    Reading,
    Reason,
    Severity,
    Value,
    View,
    unknown,
)
from uprightd.metrics.definitions import METRICS
from uprightd.notify.base import Delivery, Outcome
from uprightd.rules.model import Rule
from uprightd.service.observing import Sample

LEAN = replace(NECK, id="lean", metric="trunk_lean", threshold=20.0, clear=15.0)
SHOULDER = replace(NECK, id="shoulder", metric="abs(shoulder_tilt)", threshold=10.0, clear=5.0)
RULES = (NECK, LEAN, SHOULDER)
ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

ALERT = Alert(
    rule="neck",
    severity=Severity.WARN,
    message="Look up.",
    metric="neck_flexion",
    value=55.0,
    threshold=50.0,
    held=5.0,
    started=START,
    at=Instant(START.wall + 5, START.mono + 5),
    reason="neck flexion 55.0°, limit 50°",
    view=View.SAGITTAL_LEFT,
    confidence=0.9,
    position=12.34,
)


def sample(
    reading: Reading | None = None,
    posture: Posture = Posture.GOOD,
    seconds: float = 0.0,
    position: float | None = 1.5,
) -> Sample:
    at = Instant(START.wall + seconds, START.mono + seconds)
    shown = replace(reading or read(from_the_left(38.0)), at=at, position=position)
    return Sample(Frame(IMAGE, at, "camera 0"), None, shown, posture, (), 1)


@pytest.fixture(params=[20, 30, 40, 60, 80, 120, 300])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The width of the terminal."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def on_screen(output: str) -> list[str]:
    """What stands on the terminal's lines after all that was written: `\\r` and "erase" begin a line anew."""
    lines = [""]
    for piece in re.split(r"(\r\x1b\[K|\n)", output):
        if piece == "\n":
            lines.append("")
        elif piece == "\r\x1b[K":
            lines[-1] = ""
        else:
            lines[-1] += ESCAPES.sub("", piece)
    return lines


# ---- the gauge ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "threshold", "expected"),
    [
        (0.0, 50.0, "▕░░░░░░░░░░░░┊░░░░░▏"),
        (25.0, 50.0, "▕██████░░░░░░┊░░░░░▏"),
        (50.0, 50.0, "▕████████████┊░░░░░▏"),
        (60.0, 50.0, "▕████████████┊█░░░░▏"),
        (75.0, 50.0, "▕████████████┊█████▏"),
        (1e9, 50.0, "▕████████████┊█████▏"),
        (-25.0, 50.0, "▕██████░░░░░░┊░░░░░▏"),
        (25.0, -50.0, "▕██████░░░░░░┊░░░░░▏"),
        (0.02, 0.04, "▕██████░░░░░░┊░░░░░▏"),
        (0.0, 0.0, "▕░░░░░░░░░░░░░░░░░░▏"),
        (0.5, 0.0, "▕█████████░░░░░░░░░▏"),
    ],
)
def test_the_gauge_shows_the_value_against_its_limit(value: float, threshold: float, expected: str) -> None:
    assert gauge(value, threshold) == expected


def test_the_gauge_never_changes_its_width_and_only_grows() -> None:
    bars = [gauge(value / 4, 50.0) for value in range(400)]
    assert {len(bar) for bar in bars} == {GAUGE + 2}
    assert all(before.count("█") <= after.count("█") for before, after in pairwise(bars))
    assert {bar.index("┊") for bar in bars} == {13}, "the limit stays where it is"


# ---- figures ------------------------------------------------------------------------------------------------


def test_the_first_metric_has_a_gauge_and_the_others_a_figure_and_what_is_unknown_is_left_out() -> None:
    parts = gauges(read(from_the_left(38.0, 7.0)), RULES)
    assert parts == [f"neck flexion {gauge(38.0, 50.0)}  38.0°", "trunk lean 7.0°"]
    assert gauges(read(from_the_left(38.0, 7.0)), RULES[::-1])[0] == f"trunk lean {gauge(7.0, 20.0)}   7.0°"


def test_the_bar_shows_the_smoothed_value_and_the_figure_the_raw_one_with_its_error() -> None:
    reading = replace(
        read(from_the_left(38.0)),
        values={"neck_flexion": Value(38.0, error=2.04)},
        smoothed={"neck_flexion": 20.0},
    )
    assert gauges(reading, (NECK,)) == [f"neck flexion {gauge(20.0, 50.0)} 38.0° ± 2.0°"]


def test_two_rules_on_one_metric_show_it_once() -> None:
    assert len(gauges(read(from_the_left()), (NECK, replace(NECK, id="again", threshold=70.0)))) == 1


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.VIEW, "not in this view"),
        (Reason.NO_PERSON, "nobody"),
        (Reason.OCCLUDED, "out of sight"),
        (Reason.LOW_CONFIDENCE, "unsure"),
        (Reason.UNCALIBRATED, "uncalibrated"),
    ],
)
def test_what_has_no_value_has_a_reason(reason: Reason, words: str) -> None:
    reading = Reading(START, True, View.FRONTAL, dict.fromkeys(METRICS, unknown(reason)))
    assert gauges(reading, (NECK,)) == [f"neck flexion {words}"]


def test_a_metric_nobody_measures_is_left_out() -> None:
    assert gauges(Reading(START, True, View.FRONTAL, {}), RULES) == []
    assert gauges(read(FRONT), ()) == []


# ---- the living line ----------------------------------------------------------------------------------------


def test_the_line_fits_its_terminal_and_ends_in_the_posture(columns: int) -> None:
    for posture in Posture:
        stream = io.StringIO()
        readout = Readout(stream, RULES, colour=True)
        readout.on_sample(sample(posture=posture))
        (line,) = on_screen(stream.getvalue())
        assert len(line) < columns, "one cell short of the edge, where terminals wrap"
        assert line.endswith(MARKS[posture])


def test_each_sample_takes_the_line_of_the_one_before(wide: None) -> None:
    stream = io.StringIO()
    readout = Readout(stream, RULES, colour=True)
    readout.on_sample(sample())
    readout.on_sample(sample(posture=Posture.POOR, position=2.5))
    (line,) = on_screen(stream.getvalue())
    assert line.startswith("  2.5 s  neck flexion ▕")
    assert line.endswith("▲ poor")
    assert "\n" not in stream.getvalue()


def test_a_live_camera_shows_the_time_of_day(wide: None) -> None:
    stream = io.StringIO()
    Readout(stream, RULES, colour=False).on_sample(sample(position=None))
    assert re.match(r"\d\d:\d\d:\d\d  neck flexion", on_screen(stream.getvalue())[-1])


def test_events_stand_above_the_line_and_the_line_stays(wide: None) -> None:
    stream = io.StringIO()
    readout = Readout(stream, RULES, colour=True)
    readout.on_sample(sample())
    readout.on_alert(ALERT)
    readout.on_outcome(ALERT, Outcome(Delivery.DELIVERED))
    readout.on_state(MonitorState(Activity.AWAY, "nobody in view"), START)
    readout.on_notice("camera process died (SIGKILL)")
    print("printed by somebody else", file=readout.printed)
    *above, line = on_screen(stream.getvalue())
    assert line.endswith("● good")
    assert above[0] == "⚠ 12.3 s  neck"
    assert " ".join(above[1].split()) == "notification delivered: Look up. (neck flexion 55.0°, limit 50°)"
    assert [text.strip() for text in above[2:]] == [
        "away: nobody in view",
        "camera process died (SIGKILL)",
        "printed by somebody else",
    ]


def test_long_words_above_the_line_are_broken_at_the_terminals_width(columns: int) -> None:
    stream = io.StringIO()
    readout = Readout(stream, RULES, colour=True)
    readout.on_sample(sample())
    readout.on_notice("a line of many words " * 12 + "\nand a second line " + "x" * 90)
    assert all(len(line) <= max(20, columns - 1) for line in on_screen(stream.getvalue()))


def test_without_colour_there_is_none(wide: None) -> None:
    for colour, expected in ((True, True), (False, False)):
        stream = io.StringIO()
        readout = Readout(stream, RULES, colour=colour)
        readout.on_sample(sample())
        readout.on_alert(ALERT)
        assert bool(re.search(r"\x1b\[[0-9;]+m", stream.getvalue())) is expected


def test_at_the_end_the_line_is_gone_and_what_stood_above_it_stays(wide: None) -> None:
    stream = io.StringIO()
    readout = Readout(stream, RULES, colour=True)
    readout.on_alert(ALERT)
    readout.on_sample(sample())
    readout.finish()
    readout.finish()
    assert on_screen(stream.getvalue()) == ["⚠ 12.3 s  neck", ""]


# ---- the journal --------------------------------------------------------------------------------------------


def test_a_journal_has_no_line_for_a_sample_unless_asked() -> None:
    stream = io.StringIO()
    journal = Journal(stream, RULES)
    for seconds in range(100):
        journal.on_sample(sample(seconds=seconds))
    assert stream.getvalue() == ""


def test_a_journal_writes_a_sample_now_and_then() -> None:
    stream = io.StringIO()
    journal = Journal(stream, RULES, every=5.0)
    for seconds in range(11):
        journal.on_sample(sample(seconds=seconds, position=float(seconds)))
    lines = stream.getvalue().splitlines()
    assert [line[:7] for line in lines] == ["  0.0 s", "  5.0 s", " 10.0 s"]
    assert all(line.endswith("● good") for line in lines)


def test_a_journal_has_one_plain_line_per_event() -> None:
    stream = io.StringIO()
    journal = Journal(stream, RULES)
    journal.on_state(MonitorState(Activity.WATCHING, "someone in view"), START)
    journal.on_alert(replace(ALERT, position=None))
    journal.on_outcome(ALERT, Outcome(Delivery.FAILED, "the server went away"))
    journal.on_notice("settings read again, 3 rules in force")
    journal.finish()
    state, alert, outcome, notice = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d  watching: someone in view", state)
    assert re.fullmatch(r"⚠ \d\d:\d\d:\d\d  neck", alert)
    assert outcome.strip().startswith("notification failed (the server went away): Look up.")
    assert notice == "settings read again, 3 rules in force"
    assert "\x1b" not in stream.getvalue()


def test_what_became_of_a_notification_is_said_in_one_line() -> None:
    for status in Delivery:
        words = outcome_words(ALERT, Outcome(status, "why"))
        assert "why" in words
        assert "\n" not in words
        assert ("Look up." in words) is (status is not Delivery.CONSOLE), "the console has printed the words"


def test_a_state_is_said_with_its_reason_if_it_has_one() -> None:
    assert state_words(MonitorState(Activity.PAUSED, "by you")) == "paused: by you"
    assert state_words(MonitorState(Activity.WATCHING)) == "watching"


def test_the_rules_own_the_order() -> None:
    reversed_rules: tuple[Rule, ...] = (LEAN, NECK)
    first, second = gauges(read(from_the_left(38.0, 7.0)), reversed_rules)
    assert first == f"trunk lean {gauge(7.0, 20.0)}   7.0°"
    assert second == "neck flexion 38.0°"
