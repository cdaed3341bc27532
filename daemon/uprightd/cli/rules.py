"""`uprightd rules list | check`."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import FILE, json_option

if TYPE_CHECKING:
    from uprightd.rules.model import Pack, Rule


@click.group()
def rules() -> None:
    """The rules that decide when to speak."""


@rules.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """Show every pack and what each of its rules needs.

    A star marks the packs in force.
    """
    from uprightd.paths import shipped, user_paths
    from uprightd.rules.loading import load_pack, load_rules, pack_names
    from uprightd.service.settings import METRIC_UNITS, read_config

    config = read_config(None, user_paths().config_file)
    folder = shipped("rules")
    packs = [load_pack(folder / f"{name}.yaml", METRIC_UNITS) for name in pack_names(folder)]
    packs += load_rules((), config.rules.files, folder, METRIC_UNITS)
    in_force = {*config.rules.packs, *(str(path) for path in config.rules.files)}
    if as_json:
        click.echo(
            json.dumps([_pack_fields(pack, _is_in(pack, in_force)) for pack in packs], ensure_ascii=False)
        )
        return
    click.echo("\n\n".join(_pack_text(pack, _is_in(pack, in_force)) for pack in packs))


@rules.command()
@click.argument("files", nargs=-1, type=FILE)
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check rule FILES, or without any those in force.

    Says what is wrong, in which line.
    """
    from uprightd.paths import shipped, user_paths
    from uprightd.rules.loading import load_rules
    from uprightd.service.settings import METRIC_UNITS, read_config, rule_packs

    if files:
        packs = load_rules((), files, shipped("rules"), METRIC_UNITS)
    else:
        packs = rule_packs(read_config(None, user_paths().config_file))
    if as_json:
        click.echo(
            json.dumps(
                {"ok": True, "packs": [_pack_fields(pack, True) for pack in packs]}, ensure_ascii=False
            )
        )
        return
    for pack in packs:
        click.echo(f"{pack.path}: {len(pack.rules)} rule{'' if len(pack.rules) == 1 else 's'}, all well")


def _is_in(pack: Pack, in_force: set[str]) -> bool:
    return pack.name in in_force or pack.path in in_force


def _pack_text(pack: Pack, in_force: bool) -> str:
    lines = [_wrapped(f"{'★' if in_force else ' '} {pack.name}  {pack.description}", 0)]
    for rule in pack.rules:
        lines.append(_wrapped(f"{rule.id}: {_condition(rule)}", 4))
        lines.append(_wrapped(f"needs {', '.join(_needs(rule))}; {_views(rule)}", 8))
        if rule.source:
            lines.append(_wrapped(f"source: {rule.source}", 8))
    return "\n".join(lines)


def _wrapped(text: str, indent: int) -> str:
    width = max(40, min(100, shutil.get_terminal_size().columns))
    return textwrap.fill(
        text, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_on_hyphens=False
    )


def _condition(rule: Rule) -> str:
    from uprightd.durations import duration_text
    from uprightd.metrics.definitions import METRICS
    from uprightd.rules.engine import base_metric

    limit = METRICS[base_metric(rule.metric)].limit_text(rule.threshold)
    return (
        f"{rule.metric} {rule.operator} {limit} for {duration_text(rule.hold)}, "
        f"then silent for {duration_text(rule.cooldown)} ({rule.severity})"
    )


def _needs(rule: Rule) -> list[str]:
    """Return the keypoints in words, left and right of one part together, those of the face as one."""
    from uprightd.domain import FACE
    from uprightd.metrics.definitions import METRICS
    from uprightd.rules.engine import base_metric

    metric = METRICS[base_metric(rule.metric)]
    parts = [
        "face"
        if name in FACE
        else f"{name.split('_', 1)[1]}s"
        if name.startswith(("left_", "right_"))
        else name
        for name in metric.keypoints
    ]
    return [*dict.fromkeys(parts), *(["a calibration"] if metric.relative else [])]


def _views(rule: Rule) -> str:
    from uprightd.domain import View
    from uprightd.metrics.definitions import METRICS
    from uprightd.rules.engine import base_metric

    views = METRICS[base_metric(rule.metric)].views
    views = views & rule.views if rule.views else views
    if len(views) >= len(View) - 1:
        return "any view"
    return "views: " + ", ".join(view.value for view in View if view in views)


def _pack_fields(pack: Pack, in_force: bool) -> dict[str, Any]:
    return {
        "name": pack.name,
        "description": pack.description,
        "path": pack.path,
        "in_force": in_force,
        "rules": [
            {
                "id": rule.id,
                "metric": rule.metric,
                "operator": rule.operator.value,
                "threshold": rule.threshold,
                "for_s": rule.hold,
                "clear": rule.clear,
                "cooldown_s": rule.cooldown,
                "severity": rule.severity.value,
                "message": rule.message,
                "views": sorted(view.value for view in rule.views),
                "source": rule.source,
                "origin": rule.origin,
            }
            for rule in pack.rules
        ],
    }
