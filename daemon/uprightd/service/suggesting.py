"""A threshold proposed from what the person said of alerts: the smallest change that would have spared them the wrong
ones and kept the right ones.

Every judged alert is played again from the log, under the rule as it is and under rules that are a little more lenient.
The threshold moves in steps of the metric's measured error, since no smaller difference is real; the holding time by
halves of itself. A person who mends their posture after a right alert ends the violation earlier than they might have,
so a longer holding time is taken to lose it: that errs on the side of speaking.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Literal, NamedTuple

from uprightd.domain import Reading, View
from uprightd.metrics.evidence import evidence
from uprightd.rules.account import subject_of
from uprightd.rules.engine import RuleEngine, value_of
from uprightd.rules.model import Budget, Rule, Sitting, Static
from uprightd.service.explaining import LATEST_MS
from uprightd.service.replaying import NO_BASELINES, Baselines, Beat, recorded

if TYPE_CHECKING:
    from uprightd.records import AlertRow, RunRow
    from uprightd.store.reading import LogReader

FEWEST = 3
"""Judged alerts under which a proposal would be a guess."""
MOST_STEPS = 8
MOST_STRETCHES = 4
"""How far a threshold and a holding time are moved at most: beyond, it would be another rule."""
STRETCH = 0.5
"""By which share of itself a holding time grows with each step."""
USUAL_STEP = 5.0
"""Degrees, where nobody has measured the error: by about that much two measurements of one angle differ."""
USUAL_SHARE = 0.1
"""Of the threshold, the step of other units then."""

Played = Literal["fires", "silent", "lost"]
"""What the rule as it is does in a judged alert's stretch of the log: lost, when the log no longer has it."""


class Change(NamedTuple):
    """How far a rule is moved: `steps` of its threshold, `stretches` of its holding time."""

    steps: int
    stretches: int


UNCHANGED = Change(0, 0)


@dataclass(frozen=True, slots=True)
class Judged:
    """An alert and what the person thinks of it. usual: the middle value from its first reading to the alert. lasted:
    seconds until the value was back at the rule's `clear`. None for what the log no longer tells."""

    alert: AlertRow
    verdict: str
    note: str
    usual: float | None = None
    lasted: float | None = None
    played: Played = "lost"
    fires_under: frozenset[Change] = frozenset()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is proposed for one rule. proposed: None when nothing is, and then `why_not` says why.

    step: by how much the threshold moves at a time, in the metric's unit; measured: whether that is its error.
    """

    rule: Rule
    judged: tuple[Judged, ...]
    step: float
    measured: bool
    proposed: Rule | None = None
    change: Change = UNCHANGED
    why_not: str = ""


def judged_alerts(reader: LogReader) -> dict[str, list[Judged]]:
    """Given a log, return what the person thinks of its alerts, by rule and in order of time."""
    found: dict[str, list[Judged]] = {}
    for row in reader.feedback(0, LATEST_MS):
        alert = reader.alert(row.alert_id)
        if alert is not None:
            found.setdefault(alert.rule, []).append(Judged(alert, row.verdict, row.note))
    return {rule: sorted(those, key=lambda it: it.alert.at_ms) for rule, those in found.items()}


def suggest(
    rule: Rule,
    judged: Sequence[Judged],
    reader: LogReader,
    baselines: Baselines = NO_BASELINES,
) -> Suggestion:
    """Given a rule as it is now, the judged alerts of it and the log, return what to change, or why nothing."""
    step, measured = step_of(rule, [it.alert for it in judged], reader)
    variants = {change: moved(rule, change, step) for change in changes(rule)}
    played = tuple(_play(it, rule, variants, reader, baselines) for it in judged)
    nothing = Suggestion(rule, played, step, measured)
    wrong = [it for it in played if it.verdict == "wrong" and it.played == "fires"]
    right = [it for it in played if it.verdict == "right" and it.played == "fires"]
    if why_not := _too_little(played, wrong, right):
        return replace(nothing, why_not=why_not)
    for change, variant in variants.items():
        silent = not any(change in it.fires_under for it in wrong)
        if change != UNCHANGED and silent and all(change in it.fires_under for it in right):
            return replace(nothing, proposed=variant, change=change)
    return replace(nothing, why_not=_inseparable(rule, step, wrong, right))


def changes(rule: Rule) -> Iterator[Change]:
    """Given a rule, yield how far it may be moved, the smallest first; the threshold before the holding time."""
    most = 0 if isinstance(rule.term, Sitting | Static) else MOST_STEPS
    both = [Change(steps, times) for steps in range(most + 1) for times in range(MOST_STRETCHES + 1)]
    yield from sorted(both, key=lambda change: (sum(change), change.stretches))


def moved(rule: Rule, change: Change, step: float) -> Rule:
    """Given a rule, how far and by how much at a time, return it more lenient; its `clear` stays as far away."""
    further = change.steps * step * (1 if rule.operator.upward else -1)

    def longer(seconds: float) -> float:
        return _in_fives(seconds * (1 + STRETCH * change.stretches)) if change.stretches else seconds

    term = rule.term
    if isinstance(term, Sitting):
        limit = longer(term.limit)
        return replace(rule, term=replace(term, limit=limit), hold=limit, threshold=limit, clear=limit)
    if isinstance(term, Static):
        return replace(rule, term=replace(term, limit=longer(term.limit)), hold=longer(rule.hold))
    if isinstance(term, Budget):
        curve = tuple((_rounded(angle + further), longer(time)) for angle, time in term.curve)
        term = replace(term, curve=curve)
    return replace(
        rule,
        term=term,
        threshold=_rounded(rule.threshold + further),
        clear=_rounded(rule.clear + further),
        hold=longer(rule.hold),
        within=longer(rule.within),
    )


def step_of(rule: Rule, alerts: Iterable[AlertRow], reader: LogReader) -> tuple[float, bool]:
    """Given a rule, its alerts and the log, return the step of its threshold and whether it is the measured error:
    the largest that any of the alerts had, rounded up."""
    runs = {run.id: run for run in reader.runs(0, LATEST_MS)}
    errors = [error for alert in alerts if (error := _error(rule, alert, runs)) is not None and error > 0]
    if errors:
        return _rounded_up(max(errors)), True
    degrees = subject_of(rule).unit == "°"
    return (USUAL_STEP if degrees else _rounded_up(abs(rule.threshold) * USUAL_SHARE or USUAL_SHARE)), False


def _error(rule: Rule, alert: AlertRow, runs: Mapping[int, RunRow]) -> float | None:
    """How far an alert's value is off as a rule: as it was stored with it, or as the metric's is known to be."""
    stored = alert.explanation.get("error")
    if isinstance(stored, int | float) and not isinstance(stored, bool) and math.isfinite(stored):
        return float(stored)
    run = runs.get(alert.run_id)
    if run is None or len(rule.metrics) != 1:
        return None
    known = evidence(run.backend, View(alert.view), rule.metrics[0])
    return known.rms if known else None


def _play(
    it: Judged,
    rule: Rule,
    variants: Mapping[Change, Rule],
    reader: LogReader,
    baselines: Baselines,
) -> Judged:
    """Play a judged alert's stretch of the log under every variant of its rule."""
    begins, alerted = it.alert.started_ms, it.alert.at_ms
    longest = max(max(variant.hold, variant.within) for variant in variants.values())
    ends = alerted + round(longest * 1000)
    beats = list(recorded(reader, begins, ends + 1, baselines))
    if not any(beat.reading.at.wall * 1000 <= alerted for beat in beats):
        return it
    named = {str(number): change for number, change in enumerate(variants)}
    rules = [replace(variants[change], id=name) for name, change in named.items()]
    fires_under = frozenset(named[name] for name in _speaking(rules, beats, alerted))
    usual, lasted = _course(rule, [beat.reading for beat in beats], alerted)
    played: Played = "fires" if UNCHANGED in fires_under else "silent"
    return replace(it, usual=usual, lasted=lasted, played=played, fires_under=fires_under)


def _speaking(rules: Sequence[Rule], beats: Sequence[Beat], alerted_ms: int) -> Iterator[str]:
    """Yield the ids of the rules that speak of what was going on then; what begins later is another matter."""
    engine = RuleEngine(rules, max((beat.pulse for beat in beats), default=0.0))
    for beat in beats:
        if beat.broken_off:
            engine.interrupt()
        if not beat.set_aside:
            for alert in engine.judge(beat.reading).alerts:
                if alert.started.wall * 1000 <= alerted_ms + 1:
                    yield alert.rule


def _course(rule: Rule, readings: Sequence[Reading], alerted_ms: int) -> tuple[float | None, float | None]:
    """Return the middle value up to the alert, and the seconds until the value was back at the rule's `clear`."""
    if not rule.metric:
        return None, None
    known = [
        (reading.at.wall, value.number)
        for reading in readings
        if (value := value_of(rule, reading)) and value.known
    ]
    before = [number for at, number in known if at * 1000 <= alerted_ms + 1]
    if not before:
        return None, None
    lasted = known[-1][0] - known[0][0]
    for at, number in known:
        if number <= rule.clear if rule.operator.upward else number >= rule.clear:
            lasted = at - known[0][0]
            break
    return median(before), lasted


def _too_little(judged: Sequence[Judged], wrong: Sequence[Judged], right: Sequence[Judged]) -> str:
    """Return why nothing can be proposed from so little, "" when there is enough."""
    if len(judged) < FEWEST:
        count = f"only {len(judged)}" if judged else "none"
        return (
            f"{count} of its alerts {'are' if len(judged) > 1 else 'is'} judged, {FEWEST} are needed; "
            "judge more with `uprightd explain ID --wrong` or `--right`"
        )
    if all(it.verdict == "right" for it in judged):
        return "none of its alerts is judged wrong: there is nothing to mend"
    if len(wrong) + len(right) < FEWEST or not wrong:
        lost = sum(it.played == "lost" for it in judged)
        silent = sum(it.played == "silent" for it in judged)
        return (
            f"of its {len(judged)} judged alerts the log no longer holds {lost}, and for {silent} the rule as it is "
            f"now would not speak; {len(wrong)} wrong and {len(right)} right ones are left to learn from"
        )
    return ""


def _inseparable(rule: Rule, step: float, wrong: Sequence[Judged], right: Sequence[Judged]) -> str:
    if not right:
        return (
            "even the most lenient change that was tried would not have silenced the wrong alerts; "
            "if the rule is of no use to you, take it out"
        )
    subject = subject_of(rule)
    step_text = f"steps of {subject.limit_text(step)} of the threshold or of " if rule.metric else ""
    return (
        f"the {len(wrong)} wrong and the {len(right)} right alerts cannot be told apart by {step_text}"
        "half of the holding time: what silences the wrong ones silences a right one too"
    )


def _rounded(number: float) -> float:
    return round(number, 6)


def _rounded_up(number: float) -> float:
    """Given a positive number, return it with two digits, rounded up: never less than it was."""
    scale = 10.0 ** (1 - math.floor(math.log10(number)))
    return _rounded(math.ceil(number * scale - 1e-9) / scale)


def _in_fives(seconds: float) -> float:
    """Given a length of time, return it as a person would write it: in fives from half a minute on, never less."""
    whole = 5.0 if seconds >= 30 else 0.5
    return math.ceil(seconds / whole - 1e-9) * whole
