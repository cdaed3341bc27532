"""`uprightd report`."""

from __future__ import annotations

import json
import shutil
import sys
import time

import click


@click.command()
@click.option("--week", help="An ISO week such as 2026-W47.")
@click.option("--day", help="A day such as 2026-11-22.")
@click.option("--since", help="The last days, such as 7d (the default).")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How it is written."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def report(week: str | None, day: str | None, since: str | None, form: str, as_json: bool) -> None:
    """Summarise what was logged.

    Time per posture state, alerts, measures, and how much of the time was covered.
    """
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.report.data import to_json
    from uprightd.report.periods import parse
    from uprightd.report.summary import summarise
    from uprightd.report.text import render
    from uprightd.store.reading import LogReader

    given = [text for text in (week, day, since) if text is not None]
    if len(given) > 1:
        raise UsageError("--week, --day and --since name one period each", "Give one of them.")
    period = parse(given[0] if given else "7d", time.time())
    with LogReader.open(user_paths().database) as reader:
        summary = summarise(reader, period)
    if as_json or form == "json":
        click.echo(json.dumps(to_json(summary), ensure_ascii=False))
    else:
        width = shutil.get_terminal_size().columns
        click.echo(render(summary, width, colour=sys.stdout.isatty()), nl=False)
