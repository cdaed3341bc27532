"""`uprightd export`, `backup`, `forget` and `privacy`: the user's data, theirs to take or remove."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import FILE, chosen_period, config_option, json_option, period_options

if TYPE_CHECKING:
    from uprightd.report.periods import Period
    from uprightd.service.forgetting import Plan
    from uprightd.service.privacy import Inventory
    from uprightd.store.reading import LogReader

ALL = "all"
TABLES = (
    *("samples", "intervals", "minutes", "hours", "alerts", "feedback"),
    *("transitions", "runs", "reports", "captures", "calibrations", "contacts"),
)


@click.command()
@click.argument("table", type=click.Choice([*TABLES, ALL]))
@period_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
    help="How it is written; parquet needs the extra of that name.",
)
@click.option(
    "--output", "-o", type=FILE, help="File to write; with `all`, a folder. Without it, standard output."
)
@json_option
def export(
    table: str,
    week: str | None,
    day: str | None,
    since: str | None,
    form: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Take your data elsewhere.

    One table of the log, or all of them, of a period or of all time. Moments are in ISO 8601 by the clock you had then,
    measurements in their units, times in seconds or, where the name says so, milliseconds.
    """
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.store.reading import LogReader

    if output is None and (table == ALL or as_json or form == "parquet"):
        raise UsageError("this needs a place to be written to", "Name it: --output PATH")
    period = chosen_period(week, day, since)
    with LogReader.open(user_paths().database) as reader:
        if output is None:
            _export(reader, table, period, form, sys.stdout.buffer)
            return
        written = (
            _export_all(reader, period, form, output)
            if table == ALL
            else [_export_file(reader, table, period, form, output)]
        )
    if as_json:
        click.echo(json.dumps(written, ensure_ascii=False))
    else:
        for it in written:
            click.echo(f"{it['rows']:>9} rows of {it['table']:<13} {it['file']}")


def _export(reader: LogReader, table: str, period: Period | None, form: str, file: Any) -> int:
    from uprightd.service.exporting import write
    from uprightd.store.tables import ALWAYS, rows_of

    reach = period.reach if period else ALWAYS
    holds = period.holds if period else lambda _at, _offset: True
    with closing(
        rows_of(reader, table, reach, holds)
    ) as rows:  # also when who reads our output has gone away
        return write(rows, form, file)


def _export_file(
    reader: LogReader, table: str, period: Period | None, form: str, path: Path
) -> dict[str, Any]:
    from uprightd.whole_file import whole_file

    with whole_file(path) as file:
        number = _export(reader, table, period, form, file)
    return {"table": table, "rows": number, "file": str(path)}


def _export_all(reader: LogReader, period: Period | None, form: str, folder: Path) -> list[dict[str, Any]]:
    from uprightd.paths import private_dir

    if not folder.is_dir():
        private_dir(folder)
    return [_export_file(reader, table, period, form, folder / f"{table}.{form}") for table in TABLES]


@click.command()
@click.argument("file", type=FILE)
@json_option
def backup(file: Path, as_json: bool) -> None:
    """Copy the log while it is in use.

    The copy is of one moment, whole and checked. To go back to it: stop uprightd, put it in the log's place (`uprightd
    doctor` names it) without the files ending in -wal and -shm, and start again.
    """
    from uprightd.paths import user_paths
    from uprightd.store.backup import back_up

    size = back_up(user_paths().database, file)
    click.echo(
        json.dumps({"file": str(file), "bytes": size}) if as_json else f"{file}: {_amount(size)}, sound"
    )


@click.command()
@period_options
@click.option(
    "--table", "tables", multiple=True, type=click.Choice(TABLES), help="Only this; may be given again."
)
@click.option("--everything", is_flag=True, help="All that is stored, calibrated poses and damaged logs too.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(
    week: str | None,
    day: str | None,
    since: str | None,
    tables: tuple[str, ...],
    everything: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove what was stored, for good.

    A period, a table, both, or everything. Pages and captures of the time go with their rows, and the file of the log
    is written anew without them. Settings and weights stay, and so do copies you made yourself (export, backup).
    """
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.service.forgetting import OWN, carry_out, plan, wish_for

    strangers = [name for name in tables if name not in OWN]
    if strangers:
        raise UsageError(
            f"{strangers[0]} cannot be forgotten by themselves: they go with the last row that belongs to them",
            f"Choose from: {', '.join(OWN)}",
        )
    paths = user_paths()
    it = plan(paths, wish_for(tables, chosen_period(week, day, since), everything))
    if not as_json:
        click.echo(_planned(it), err=not dry_run)
    if dry_run or it.empty:
        click.echo(json.dumps(_plan_facts(it, done=False))) if as_json else None
        return
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to be asked", "Look with --dry-run, then give --yes.")
        click.confirm("Forget this for good?", abort=True, err=True)
    carry_out(paths, it, SystemClock())
    click.echo(json.dumps(_plan_facts(it, done=True)) if as_json else "Forgotten.")


def _planned(it: Plan) -> str:
    if it.empty:
        return "There is nothing of that to forget."
    lines = [f"  {count:>9} {name}" for name, count in it.rows.items() if count]
    lines += [f"  {len(it.captures):>9} captures with their files"] * bool(it.captures)
    lines += [f"  {len(it.files):>9} files: {', '.join(path.name for path in it.files)}"] * bool(it.files)
    when = it.wish.period.title if it.wish.period else "All time"
    return "\n".join([f"{when}:", *lines])


def _plan_facts(it: Plan, *, done: bool) -> dict[str, Any]:
    return {
        "forgotten": done,
        "rows": dict(it.rows),
        "files": [str(path) for path in it.files],
        "captures": [str(capture.folder) for capture in it.captures],
        "bytes_of_files": it.file_bytes,
    }


@click.command()
@config_option
@json_option
def privacy(config_file: Path | None, as_json: bool) -> None:
    """Tell what is stored about you.

    Where it lies, how many bytes it has, and whom on a network uprightd has ever spoken to.
    """
    from uprightd.paths import user_paths
    from uprightd.service.privacy import facts, inventory
    from uprightd.service.settings import read_config

    paths = user_paths()
    it = inventory(paths, read_config(config_file, paths.config_file))
    click.echo(json.dumps(facts(it), ensure_ascii=False) if as_json else _privacy_text(it))


def _privacy_text(it: Inventory) -> str:
    from uprightd.service.privacy import moment

    lines = [f"Stored on this machine, {_amount(it.bytes)} in all, readable by you alone", ""]
    for each in it.kept:
        amount = _amount(each.bytes) if each.files else "nothing"
        count = f" in {each.files} files" if each.files > 1 else ""
        lines += [f"  {amount:>10}  {each.what}{count}", f"{'':14}{each.where}"]
    rows = [f"{count} {name}" for name, count in it.rows.items() if count]
    lines += ["", f"In the log: {', '.join(rows) or 'nothing yet'}.", "", "Spoken to on a network, ever"]
    lines += [
        f"  {each.address}: {each.purpose}, {each.times} times,"
        f" first {moment(each.first_ms)}, last {moment(each.last_ms)}"
        for each in it.contacts
    ] or ["  nobody"]
    lines += ["", "Allowed to by the settings"]
    lines += [f"  {address}: {purpose}" for purpose, address in it.allowed] or ["  nobody"]
    lines += [
        "",
        "Pictures stay in memory unless you make a capture.",
        "Take your data with `uprightd export` or `backup`, remove it with `uprightd forget`.",
    ]
    return "\n".join(lines)


def _amount(size: int) -> str:
    from uprightd.weights.wording import amount

    return amount(size)
