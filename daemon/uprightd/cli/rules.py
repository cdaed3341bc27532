"""`uprightd rules list | check`."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import FILE, json_option

if TYPE_CHECKING:
    from uprightd.rules.model import Pack, Rule
    from uprightd.service.readiness import Needs, Present

MARKS = {"yes": "✓", "no": "✗", "depends": "·"}
LEGEND = "★ in force   ✓ can speak   · depends on what your camera sees   ✗ cannot yet"


@click.group()
def rules() -> None:
    """The rules that decide when to speak."""


@rules.command("list")
@click.argument("names", nargs=-1, metavar="[PACKS]...")
@json_option
def list_rules(names: tuple[str, ...], as_json: bool) -> None:
    """Show the packs, what each rule needs and if it can speak.

    With the present camera and calibration: the running daemon is asked, else the calibrated poses tell. Of the PACKS
    you name, or of your own files, everything is told; of all, without any, the main things.
    """
    from uprightd.metrics.definitions import METRICS
    from uprightd.paths import shipped, user_paths
    from uprightd.rules.loading import load_pack, load_rules, pack_names
    from uprightd.service.readiness import present
    from uprightd.service.settings import read_config

    paths = user_paths()
    config = read_config(None, paths.config_file)
    folder = shipped("rules")
    packs = [load_pack(folder / f"{name}.yaml", METRICS) for name in pack_names(folder)]
    packs += load_rules((), config.rules.files, folder, METRICS)
    in_force = {*config.rules.packs, *(str(path) for path in config.rules.files)}
    packs = _named(names, sorted(packs, key=lambda pack: not _is_in(pack, in_force)))
    now = present(config, paths)
    if as_json:
        listed = [_pack_fields(pack, _is_in(pack, in_force), now) for pack in packs]
        click.echo(json.dumps(listed, ensure_ascii=False))
        return
    for fault in now.faults:
        click.echo(_wrapped(fault, 0))
    texts = [_pack_text(pack, _is_in(pack, in_force), now, whole=bool(names)) for pack in packs]
    click.echo("\n\n".join([LEGEND, *texts]))


@rules.command()
@click.argument("files", nargs=-1, type=FILE)
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check rule FILES, or without any those in force.

    Says what is wrong, in which line.
    """
    from uprightd.metrics.definitions import METRICS
    from uprightd.paths import shipped, user_paths
    from uprightd.rules.loading import load_rules
    from uprightd.service.settings import read_config, rule_packs

    if files:
        packs = load_rules((), files, shipped("rules"), METRICS)
    else:
        packs = rule_packs(read_config(None, user_paths().config_file))
    if as_json:
        checked = {"ok": True, "packs": [_pack_fields(pack, True) for pack in packs]}
        click.echo(json.dumps(checked, ensure_ascii=False))
        return
    for pack in packs:
        click.echo(f"{pack.path}: {len(pack.rules)} rule{'' if len(pack.rules) == 1 else 's'}, all well")


def _named(names: Sequence[str], packs: list[Pack]) -> list[Pack]:
    """Given names, return the packs that have them, all without any. Raise UsageError for a name that none has."""
    from uprightd.errors import UsageError
    from uprightd.problems import nearest

    there = [pack.name for pack in packs]
    for name in names:
        if name not in there:
            words = f"there is no pack {name!r} (there: {', '.join(there)}){nearest(name, there)}"
            raise UsageError(
                words, "A file of your own is listed under the name in it, once the settings name it."
            )
    return [pack for pack in packs if not names or pack.name in names]


def _is_in(pack: Pack, in_force: set[str]) -> bool:
    return pack.name in in_force or pack.path in in_force


# ---- for a person ------------------------------------------------------------------------------------------


def _pack_text(pack: Pack, in_force: bool, now: Present, whole: bool) -> str:
    head = _wrapped(f"{'★' if in_force else ' '} {pack.name}  {pack.description}", 0)
    apart = "\n\n" if whole else "\n"
    return apart.join(
        [f"{head}\n" if not whole else head, *(_rule_text(rule, now, whole) for rule in pack.rules)]
    )


def _rule_text(rule: Rule, now: Present, whole: bool) -> str:
    """What it watches, what it needs, whether it can speak; of a whole rule how, and where it comes from."""
    from uprightd.rules.account import condition_text
    from uprightd.service.readiness import needs_of, readiness

    ready = readiness(rule, now)
    lines = [
        _wrapped(f"{MARKS[ready.can]} {rule.id}: {condition_text(rule)}", 2),
        _wrapped(f"needs: {_needs_text(needs_of(rule))}", 6),
    ]
    if ready.can != "depends":  # what that depends on is said above
        lines.append(_wrapped(f"{'now' if ready.can == 'yes' else 'waits'}: {ready.why}", 6))
    if whole:
        lines += [
            _wrapped(f"speaks: {_speech(rule)}", 6),
            _wrapped(f"says: {rule.message}", 6),
            _wrapped(f"source: {rule.source or 'none given'}", 6),
        ]
    return "\n".join(lines)


def _needs_text(needs: Needs) -> str:
    from uprightd.service.readiness import point_words, view_words

    parts = [f"seen {view_words(needs.views)}"]
    facing, aside = point_words(needs.facing), point_words(needs.aside)
    if facing and aside and facing != aside:
        parts.append(f"{facing} (from the side: {aside})")
    elif facing or aside:
        parts.append(facing or aside)
    if needs.calibration:
        parts.append(f"the profile {needs.profile}" if needs.profile else "a calibration")
    if needs.pupil_distance:
        parts.append("your pupil distance")
    return "; ".join(parts)


def _speech(rule: Rule) -> str:
    """How loud, when, and how often."""
    from uprightd.durations import duration_text
    from uprightd.rules.model import DAYS

    parts = [rule.severity.value]
    if rule.hours:
        parts.append(f"only {' and '.join(map(str, rule.hours))}")
    if rule.days:
        parts.append(f"on {' '.join(DAYS[day] for day in sorted(rule.days))}")
    if rule.min_confidence:
        parts.append(f"from confidence {rule.min_confidence:g}")
    return ", ".join([*parts, f"then silent for {duration_text(rule.cooldown)}"])


def _wrapped(text: str, indent: int) -> str:
    width = max(40, min(100, shutil.get_terminal_size().columns))
    return textwrap.fill(
        text, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_on_hyphens=False
    )


# ---- for a program -----------------------------------------------------------------------------------------


def _pack_fields(pack: Pack, in_force: bool, now: Present | None = None) -> dict[str, Any]:
    return {
        "name": pack.name,
        "description": pack.description,
        "path": pack.path,
        "in_force": in_force,
        "rules": [_rule_fields(rule, now) for rule in pack.rules],
    }


def _rule_fields(rule: Rule, now: Present | None) -> dict[str, Any]:
    from uprightd.rules.model import DAYS, Budget, Sitting, Static
    from uprightd.service.readiness import needs_of, readiness

    needs, term = needs_of(rule), rule.term
    fields: dict[str, Any] = {
        "id": rule.id,
        "kind": rule.kind.value,
        "metric": rule.metric,
        "operator": rule.operator.value,
        "threshold": rule.threshold,
        "relative_to": rule.relative_to,
        "for_s": rule.hold,
        "within_s": rule.within,
        "clear": rule.clear,
        "clear_for_s": rule.clear_for,
        "cooldown_s": rule.cooldown,
        "severity": rule.severity.value,
        "message": rule.message,
        "views": sorted(view.value for view in rule.views),
        "hours": [str(hours) for hours in rule.hours],
        "days": [DAYS[day] for day in sorted(rule.days)],
        "min_confidence": rule.min_confidence,
        "profile": rule.profile,
        "source": rule.source,
        "origin": rule.origin,
        "needs": {
            "points": {"facing": list(needs.facing), "from_the_side": list(needs.aside)},
            "views": sorted(view.value for view in needs.views),
            "calibration": needs.calibration,
            "pupil_distance": needs.pupil_distance,
            "profile": needs.profile,
        },
    }
    match term:
        case Budget():
            fields |= {"budget": [list(point) for point in term.curve], "recover": term.recover}
        case Sitting():
            fields |= {"sitting_s": term.limit, "break_s": term.pause}
        case Static():
            fields |= {"static_s": term.limit, "band": term.band}
        case None:
            pass
    if now is not None:
        ready = readiness(rule, now)
        fields["ready"] = {"can": ready.can.value, "why": ready.why}
    return fields
