"""What a person sees while the monitor runs: one living line on a terminal, a journal elsewhere."""

from __future__ import annotations

import io
import math
import shutil
import textwrap
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from uprightd.domain import ABSENT, Alert, Instant, MonitorState, Posture, Reading
from uprightd.notify.base import Delivery, Outcome
from uprightd.rules.account import subject_of
from uprightd.rules.engine import value_of
from uprightd.rules.model import Kind, Rule
from uprightd.service.observing import Sample

GAUGE = 18
"""Cells of the gauge."""
GAUGE_REACH = 1.5
"""Value at the gauge's right end, in thresholds."""
MARKS = {
    Posture.GOOD: "● good",
    Posture.POOR: "▲ poor",
    Posture.UNRELIABLE: "· unsure",
    Posture.AWAY: "○ away",
}
_COLOURS = {Posture.GOOD: "32", Posture.POOR: "33", Posture.UNRELIABLE: "2", Posture.AWAY: "2"}


class Readout:
    """A line on a terminal that is drawn anew with each sample; alerts and states stand above it."""

    def __init__(self, stream: TextIO, rules: Sequence[Rule], colour: bool) -> None:
        self._stream = stream
        self._rules = rules
        self._colour = colour
        self._turn = threading.Lock()
        self._line = ""
        self.printed = AboveLine(self)
        """Where others may print while the line lives."""

    def on_sample(self, sample: Sample) -> None:
        width = shutil.get_terminal_size().columns - 1
        parts = [_moment(sample.reading), *gauges(sample.reading, self._rules)]
        mark = MARKS[sample.posture]
        text = "  ".join(parts)[: max(0, width - len(mark) - 2)]
        with self._turn:
            self._line = f"{text}  {self._paint(mark, _COLOURS[sample.posture])}"
            self._stream.write(f"\r\x1b[K{self._line}")
            self._stream.flush()

    def on_alert(self, alert: Alert) -> None:
        self.above(f"⚠ {_when(alert)}  {alert.rule}", "1;33")

    def on_outcome(self, alert: Alert, outcome: Outcome) -> None:
        self.above(f"  {outcome_words(alert, outcome)}", "2")

    def on_state(self, state: MonitorState, at: Instant) -> None:  # noqa: ARG002 - the observer's signature
        self.above(f"  {state_words(state)}", "2")

    def on_notice(self, text: str) -> None:
        self.above(f"  {text}", "2")

    def finish(self) -> None:
        """Leave the terminal on a fresh line."""
        with self._turn:
            if self._line:
                self._stream.write("\r\x1b[K")
                self._stream.flush()
            self._line = ""

    def above(self, text: str, code: str = "") -> None:
        """Given text and the code of its colour, print it above the line, broken at the terminal's width."""
        width = max(20, shutil.get_terminal_size().columns - 1)
        lines = [
            piece
            for line in text.splitlines()
            for piece in textwrap.wrap(line, width, subsequent_indent="    ")
        ]
        shown = "".join(f"{self._paint(line, code)}\n" for line in lines)
        with self._turn:
            self._stream.write(f"\r\x1b[K{shown}{self._line}")
            self._stream.flush()

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code else text


class AboveLine(io.TextIOBase):
    """A stream whose lines appear above a readout, so that what others print does not run into it."""

    encoding = "utf-8"

    def __init__(self, readout: Readout) -> None:
        self._readout = readout

    def write(self, text: str) -> int:
        self._readout.above(text)
        return len(text)


class Journal:
    """Lines for a log file or a pipe: states, alerts, notices; a sample line every `every` seconds, if at all."""

    def __init__(self, stream: TextIO, rules: Sequence[Rule], every: float = math.inf) -> None:
        self._stream = stream
        self._rules = rules
        self._every = every
        self._next = -math.inf
        self.printed = stream

    def on_sample(self, sample: Sample) -> None:
        if math.isinf(self._every) or sample.reading.at.mono < self._next:
            return
        self._next = sample.reading.at.mono + self._every
        measures = gauges(sample.reading, self._rules)
        self._write("  ".join([_moment(sample.reading), *measures, MARKS[sample.posture]]))

    def on_alert(self, alert: Alert) -> None:
        self._write(f"⚠ {_when(alert)}  {alert.rule}")

    def on_outcome(self, alert: Alert, outcome: Outcome) -> None:
        self._write(f"  {outcome_words(alert, outcome)}")

    def on_state(self, state: MonitorState, at: Instant) -> None:
        self._write(f"{_clock(at.wall)}  {state_words(state)}")

    def on_notice(self, text: str) -> None:
        self._write(text)

    def finish(self) -> None:
        """Nothing is kept back."""

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def gauges(reading: Reading, rules: Sequence[Rule]) -> list[str]:
    """Given a reading and the rules in force, return a gauge for the first metric that has a value and figures for the
    others; where none has one, why. A gauge needs a limit to stand against: rules on time alone show none."""
    known: list[str] = []
    absent: list[str] = []
    shown: set[str] = set()
    for rule in rules:
        subject, value = subject_of(rule), value_of(rule, reading)
        if subject.title in shown or value is None:
            continue
        shown.add(subject.title)
        name = subject.title.split(",")[0]
        if value.reason is not None:
            absent.append(f"{name} {ABSENT[value.reason]}")
        elif not known and rule.kind in (Kind.LIMIT, Kind.BUDGET):
            # The bar is calm, the figure is the raw one that is judged and logged.
            calm = "" if rule.relative_to else rule.single
            bar = gauge(reading.smoothed.get(calm, value.number), rule.threshold)
            known.append(f"{name} {bar} {subject.text(value.number, value.error):>6}")
        else:
            known.append(f"{name} {subject.text(value.number)}")
    return known or absent


def gauge(value: float, threshold: float) -> str:
    """Given a value and its limit, return a bar of GAUGE cells; ┊ marks the limit."""
    reach = abs(threshold) * GAUGE_REACH or 1.0
    filled = round(GAUGE * min(1.0, max(0.0, abs(value) / reach)))
    mark = round(GAUGE * abs(threshold) / reach)
    cells = ["█" if cell < filled else "░" for cell in range(GAUGE)]
    if threshold:
        cells[min(mark, GAUGE - 1)] = "┊"
    return "▕" + "".join(cells) + "▏"


def state_words(state: MonitorState) -> str:
    """Given a state, return it as a person says it."""
    return f"{state.activity.value}: {state.reason}" if state.reason else state.activity.value


def outcome_words(alert: Alert, outcome: Outcome) -> str:
    """Given an alert and what became of its notification, return both in one line.

    The console prints the words itself, so they are repeated here only where they went elsewhere.
    """
    if outcome.status is Delivery.CONSOLE:
        return f"shown here instead of on the desktop ({outcome.detail})"
    detail = f" ({outcome.detail})" if outcome.detail else ""
    return f"notification {outcome.status.value}{detail}: {alert.message} ({alert.reason})"


def _moment(reading: Reading) -> str:
    """The place in a file, or the time of day."""
    return f"{reading.position:5.1f} s" if reading.position is not None else _clock(reading.at.wall)


def _when(alert: Alert) -> str:
    return f"{alert.position:.1f} s" if alert.position is not None else _clock(alert.at.wall)


def _clock(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall).astimezone():%H:%M:%S}"
