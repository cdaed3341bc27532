"""`uprightd rules suggest`: what the person's judgements of alerts say about a rule's limit."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from uprightd.cli.options import json_option
from uprightd.cli.replay import rate, since_option, stored_baselines

if TYPE_CHECKING:
    from uprightd.report.periods import Period
    from uprightd.rules.model import Pack, Rule
    from uprightd.service.editing import Edit
    from uprightd.service.replaying import Replay
    from uprightd.service.suggesting import Judged, Suggestion
    from uprightd.store.reading import LogReader


class _Advice(NamedTuple):
    """A suggestion with the file of its rule, the lines to change there, and the log replayed before and after."""

    suggestion: Suggestion
    path: Path
    edits: tuple[Edit, ...]
    before: Replay | None
    after: Replay | None


@click.command()
@click.argument("rule", required=False)
@since_option
@json_option
def suggest(rule: str | None, since: str, as_json: bool) -> None:
    """Propose a limit from alerts you called wrong or right.

    With the evidence, and what it would have changed --since then. No file is edited.
    """
    from uprightd.paths import user_paths
    from uprightd.report.periods import parse
    from uprightd.service.suggesting import judged_alerts
    from uprightd.store.reading import LogReader

    period, paths = parse(since, time.time()), user_paths()
    in_force = _rules_in_force()
    with LogReader.open(paths.database) as reader:
        judged = judged_alerts(reader)
        names = (
            [_known(rule, in_force)] if rule is not None else [name for name in in_force if name in judged]
        )
        advice = _advised([(*in_force[name], judged.get(name, [])) for name in names], reader, period)
    gone = sorted(judged.keys() - in_force.keys()) if rule is None else []
    if as_json:
        click.echo(json.dumps({"suggestions": [_fields(it) for it in advice], "not_in_force": gone}))
        return
    parts = [_text(it, period) for it in advice]
    parts += [f"{name}: judged, but no longer in force." for name in gone]
    nothing = "No alert has been judged yet. Say what you think of one: `uprightd explain last --wrong` or `--right`."
    click.echo("\n\n".join(parts) or nothing)


def _rules_in_force() -> dict[str, tuple[Pack, Rule]]:
    from uprightd.paths import user_paths
    from uprightd.service.settings import read_config, rule_packs

    packs = rule_packs(read_config(None, user_paths().config_file))
    return {rule.id: (pack, rule) for pack in packs for rule in pack.rules}


def _known(name: str, in_force: dict[str, tuple[Pack, Rule]]) -> str:
    from uprightd.errors import UsageError
    from uprightd.problems import nearest

    if name not in in_force:
        raise UsageError(
            f"no rule in force is called {name!r}{nearest(name, in_force)}", "See: uprightd rules list"
        )
    return name


def _advised(
    cases: list[tuple[Pack, Rule, list[Judged]]], reader: LogReader, period: Period
) -> list[_Advice]:
    """Return the advice on each rule; the log is replayed once for all that is proposed."""
    from uprightd.service.editing import edits
    from uprightd.service.replaying import recorded, replay
    from uprightd.service.suggesting import suggest

    baselines = stored_baselines()
    found = [(Path(pack.path), suggest(rule, judged, reader, baselines)) for pack, rule, judged in cases]
    pairs = [(it.rule, it.proposed) for _, it in found if it.proposed is not None]
    sets = [(rule,) for pair in pairs for rule in pair]
    beats = recorded(reader, *period.in_zone(), baselines) if sets else ()
    replays = iter(replay(sets, beats))
    advice = []
    for path, it in found:
        if it.proposed is None:
            advice.append(_Advice(it, path, (), None, None))
        else:
            lines = edits(path, it.rule, it.proposed)
            advice.append(_Advice(it, path, lines, next(replays), next(replays)))
    return advice


# ---- for a person ------------------------------------------------------------------------------------------


def _text(advice: _Advice, period: Period) -> str:
    from uprightd.rules.account import condition_text

    it = advice.suggestion
    lines = [f"{it.rule.id} in {it.rule.origin}: {condition_text(it.rule)}"]
    lines += [f"  {_judged_text(judged, it.rule)}" for judged in it.judged]
    if it.proposed is None or advice.before is None or advice.after is None:
        return "\n".join([*lines, f"  No suggestion: {it.why_not}."])
    lines += [f"  Proposed: {condition_text(it.proposed)}", f"  {_effect(it)}", f"  {_steps(it)}"]
    lines.append(f"  {period.title}: {_amount(advice.before)} as it is, {_amount(advice.after)} then.")
    lines.append(f"  In {advice.path} write:")
    lines += [f"    line {edit.line}:  {edit.key}: {edit.new}  (now {edit.old})" for edit in advice.edits]
    if _ships(advice.path):
        lines.append(
            "  That file ships with uprightd and is replaced with it: copy it, and name the copy in rules.files."
        )
    return "\n".join(lines)


def _judged_text(judged: Judged, rule: Rule) -> str:
    from uprightd.durations import duration_text
    from uprightd.problems import printable
    from uprightd.rules.account import subject_of
    from uprightd.service.explaining import when

    subject, alert = subject_of(rule), judged.alert
    facts = []
    if rule.metric:
        facts.append(subject.text(alert.value))
        if judged.usual is not None:
            facts.append(f"usually {subject.text(judged.usual)}")
        if judged.lasted is not None:
            facts.append(f"lasted {duration_text(judged.lasted)}")
    facts += {"lost": ["no longer in the log"], "silent": ["would not fire now"]}.get(judged.played, [])
    note = f": {printable(judged.note)}" if judged.note else ""
    told = ", ".join(facts) or duration_text(alert.held_s)
    return f"{judged.verdict:<5}  alert {alert.id}, {when(alert)}: {told}{note}"


def _effect(it: Suggestion) -> str:
    from uprightd.report.words import count

    wrong = sum(judged.verdict == "wrong" and judged.played == "fires" for judged in it.judged)
    right = sum(judged.verdict == "right" and judged.played == "fires" for judged in it.judged)
    kept = f" and keeps {count(right, 'right one')}" if right else ""
    return f"It is the smallest change that silences {count(wrong, 'wrong alert')}{kept}."


def _steps(it: Suggestion) -> str:
    from uprightd.rules.account import subject_of

    if not it.rule.metric or not it.change.steps:
        return "Tried in steps of half the holding time."
    subject = subject_of(it.rule)
    why = "the measured error" if it.measured else "the usual error, since nobody has measured that"
    return f"Tried in steps of {subject.limit_text(it.step)}, {why} of {subject.title}: less is no real difference."


def _amount(replay: Replay) -> str:
    from uprightd.report.words import count

    return f"{count(len(replay.alerts), 'alert')} ({rate(replay, len(replay.alerts))} per watched hour)"


def _ships(path: Path) -> bool:
    from uprightd.paths import shipped

    return path.resolve().is_relative_to(shipped("rules").resolve())


# ---- for a program -----------------------------------------------------------------------------------------


def _fields(advice: _Advice) -> dict[str, Any]:
    from uprightd.rules.account import written

    it = advice.suggestion
    return {
        "rule": it.rule.id,
        "origin": it.rule.origin,
        "now": written(it.rule),
        "judged": [
            {
                "alert": judged.alert.id,
                "verdict": judged.verdict,
                "note": judged.note,
                "value": judged.alert.value,
                "usual": judged.usual,
                "lasted_s": judged.lasted,
                "played": judged.played,
            }
            for judged in it.judged
        ],
        "step": it.step,
        "step_is_measured": it.measured,
        "proposed": None if it.proposed is None else written(it.proposed),
        "why_not": it.why_not,
        "edits": [{**edit._asdict(), "path": str(edit.path)} for edit in advice.edits],
        "before": _replay_fields(advice.before),
        "after": _replay_fields(advice.after),
    }


def _replay_fields(replay: Replay | None) -> dict[str, Any] | None:
    if replay is None:
        return None
    alerts = len(replay.alerts)
    return {"alerts": alerts, "per_hour": replay.per_hour(alerts), "watched_s": round(replay.watched, 3)}
