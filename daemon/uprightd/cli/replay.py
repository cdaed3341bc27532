"""`uprightd rules test`: rules held against what was logged."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import json_option

if TYPE_CHECKING:
    from uprightd.domain import Alert
    from uprightd.report.periods import Period
    from uprightd.rules.model import Pack, Rule
    from uprightd.service.replaying import Baselines, Comparison, Replay
    from uprightd.store.reading import LogReader

LISTED = 40
"""Alerts shown one by one; a program gets all."""

since_option = click.option(
    "--since", default="7d", show_default=True, help="Over what: days such as 7d, a day or an ISO week."
)


@click.command("test")
@click.argument("file")
@click.argument("second", required=False, metavar="[FILE2]")
@since_option
@json_option
def test(file: str, second: str | None, since: str, as_json: bool) -> None:
    """Replay rules over the log: which alerts would have fired.

    FILE is a rule file or the name of a pack. With FILE2, both are shown side by side.
    """
    from uprightd.paths import user_paths
    from uprightd.report.periods import parse
    from uprightd.service.replaying import compare, recorded, replay
    from uprightd.store.reading import LogReader

    packs = [_pack(name) for name in (file, second) if name is not None]
    period, paths = parse(since, time.time()), user_paths()
    with LogReader.open(paths.database) as reader:
        missing = _check_log(reader, period, packs)
        beats = recorded(reader, *period.in_zone(), stored_baselines())
        replays = replay([pack.rules for pack in packs], beats)
    compared = compare(replays[0].alerts, replays[1].alerts) if len(replays) == 2 else None
    if as_json:
        told: dict[str, Any] = {
            "period": period.name,
            "since": period.first.isoformat(),
            "until": period.last.isoformat(),
        }
        told["replays"] = [_fields(pack, it, missing) for pack, it in zip(packs, replays, strict=True)]
        if compared is not None:
            told["compared"] = _compared_fields(compared)
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{period.title}: {_covered(replays[0])}")
    if compared is None:
        click.echo(_text(packs[0], replays[0], missing))
    else:
        click.echo(_both_text(packs, replays, compared, missing))


# ---- what is read ------------------------------------------------------------------------------------------


def _pack(name: str) -> Pack:
    """Given a file, or the name of a shipped pack where there is no such file, return its rules. Raise ConfigError."""
    from uprightd.metrics.definitions import METRICS
    from uprightd.paths import shipped
    from uprightd.rules.loading import load_pack, pack_names

    folder = shipped("rules")
    path = Path(name)
    if not path.exists() and name in pack_names(folder):
        path = folder / f"{name}.yaml"
    return load_pack(path, METRICS)


def stored_baselines() -> Baselines:
    """What rules on the baseline count from, as far as the profiles of now tell."""
    from uprightd.paths import user_paths
    from uprightd.profiles.shelf import read_all
    from uprightd.service.calibrated import terms_of
    from uprightd.service.replaying import baselines_of
    from uprightd.service.settings import read_config

    paths = user_paths()
    optics = terms_of(read_config(None, paths.config_file)).optics
    return baselines_of(read_all(paths.profiles).profiles, optics)


def _check_log(reader: LogReader, period: Period, packs: Iterable[Pack]) -> dict[str, str]:
    """Return why rules cannot be judged by this log, by id. Raise DataError when nothing can be."""
    from uprightd.errors import DataError
    from uprightd.service.replaying import unmeasured

    if next(iter(reader.samples(*period.in_zone())), None) is None:
        raise DataError(
            f"{reader.path}: nothing was logged {period.around} ({period.title})",
            "Choose another time with --since, such as --since 30d; see: uprightd report",
        )
    rules = [rule for pack in packs for rule in pack.rules]
    missing = unmeasured(rules, reader.metrics)
    if rules and len(missing) == len({rule.id for rule in rules}):
        told = "; ".join(f"{rule}: {why}" for rule, why in missing.items())
        raise DataError(
            f"{reader.path}: none of these rules can be judged by what was logged ({told})",
            "What this uprightd measures is logged from the next `uprightd run` on.",
        )
    return missing


# ---- for a person ------------------------------------------------------------------------------------------


def _covered(replay: Replay) -> str:
    from uprightd.report.words import count, duration

    return f"{duration(replay.watched)} watched in {count(replay.runs, 'run')} ({count(replay.readings, 'sample')})"


def _text(pack: Pack, replay: Replay, missing: dict[str, str]) -> str:
    widest = max((len(rule.id) for rule in replay.rules), default=4)
    lines = [pack.path, f"  {'rule':<{widest}}  alerts  per hour  could speak"]
    for rule in replay.rules:
        alerts = len(replay.of(rule.id))
        lines.append(
            f"  {rule.id:<{widest}}  {alerts:>6}  {rate(replay, alerts):>8}  {_awake(rule, replay, missing)}"
        )
    lines.append(f"  {'all':<{widest}}  {len(replay.alerts):>6}  {rate(replay, len(replay.alerts)):>8}")
    return "\n".join([*lines, *_listed("Would have fired", replay.alerts)])


def _both_text(
    packs: Sequence[Pack], replays: Sequence[Replay], compared: Comparison, missing: dict[str, str]
) -> str:
    first, second = replays
    ids = list(dict.fromkeys(rule.id for replay in replays for rule in replay.rules))
    widest = max((len(name) for name in ids), default=4)
    lines = [f"A {packs[0].path}", f"B {packs[1].path}"]
    lines.append(f"  {'rule':<{widest}}  A alerts  per hour  B alerts  per hour  in both  only A  only B")
    for name in [*ids, ""]:
        a, b = (replay.of(name) if name else replay.alerts for replay in replays)
        shared = sum(not name or pair[0].rule == name for pair in compared.both)
        lines.append(
            f"  {name or 'all':<{widest}}  {len(a):>8}  {rate(first, len(a)):>8}  {len(b):>8}"
            f"  {rate(second, len(b)):>8}  {shared:>7}  {len(a) - shared:>6}  {len(b) - shared:>6}"
        )
    for letter, replay in zip("AB", replays, strict=True):
        silent = [(rule, _awake(rule, replay, missing)) for rule in replay.rules]
        lines += [f"  {letter} {rule.id}: {words}" for rule, words in silent if words.startswith("never")]
    lines += _listed("Only A would have fired", compared.only_first)
    lines += _listed("Only B would have fired", compared.only_second)
    return "\n".join(lines)


def rate(replay: Replay, alerts: int) -> str:
    """Given a replay and a number of its alerts, return how many that is per watched hour, "-" after too little."""
    rate = replay.per_hour(alerts)
    return "-" if rate is None else f"{rate:.2f}"


def _awake(rule: Rule, replay: Replay, missing: dict[str, str]) -> str:
    from uprightd.report.words import percent

    if rule.id in missing:
        return f"never: {missing[rule.id]}"
    awake, why = replay.awake.get(rule.id, 0), replay.asleep.get(rule.id)
    if not awake:
        return f"never: {why or 'nobody was there'}"
    return f"{percent(awake / replay.looks)} of the time you were there" + (f", else {why}" if why else "")


def _listed(title: str, alerts: Sequence[Alert]) -> list[str]:
    from datetime import datetime

    if not alerts:
        return ["", f"{title}: nothing."]
    widest = max(len(alert.rule) for alert in alerts)
    lines = ["", f"{title}:"]
    for alert in alerts[:LISTED]:
        at = datetime.fromtimestamp(alert.at.wall).astimezone()
        lines.append(f"  {at:%a %d %b %H:%M:%S}  {alert.rule:<{widest}}  {alert.reason}")
    if len(alerts) > LISTED:
        lines.append(f"  and {len(alerts) - LISTED} more; --json has all")
    return lines


# ---- for a program -----------------------------------------------------------------------------------------


def _fields(pack: Pack, replay: Replay, missing: dict[str, str]) -> dict[str, Any]:
    return {
        "path": pack.path,
        "name": pack.name,
        "readings": replay.readings,
        "runs": replay.runs,
        "watched_s": round(replay.watched, 3),
        "per_hour": replay.per_hour(len(replay.alerts)),
        "rules": [
            {
                "id": rule.id,
                "alerts": len(replay.of(rule.id)),
                "per_hour": replay.per_hour(len(replay.of(rule.id))),
                "awake": round(replay.awake.get(rule.id, 0) / replay.looks, 4) if replay.looks else None,
                "asleep": replay.asleep.get(rule.id),
                "unmeasured": missing.get(rule.id),
            }
            for rule in replay.rules
        ],
        "alerts": [_alert_fields(alert) for alert in replay.alerts],
    }


def _compared_fields(compared: Comparison) -> dict[str, Any]:
    return {
        "both": [[_alert_fields(alert) for alert in pair] for pair in compared.both],
        "only_first": [_alert_fields(alert) for alert in compared.only_first],
        "only_second": [_alert_fields(alert) for alert in compared.only_second],
    }


def _alert_fields(alert: Alert) -> dict[str, Any]:
    from uprightd.cli.stream import alert_fields

    return alert_fields(alert)
