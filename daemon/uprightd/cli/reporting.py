"""`uprightd report`."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uprightd.cli.options import FILE, chosen_period, period_options

if TYPE_CHECKING:
    from uprightd.report.course import Course
    from uprightd.report.summary import Summary

FORMS = ("text", "html", "md", "json")
FILE_WIDTH = 80
USUAL_DAYS = 7
"""What is summarised when no period is named."""


@click.command()
@period_options
@click.option(
    "--format", "form", type=click.Choice(FORMS), help="How it is written: text, if nothing is said."
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=FILE, help="Write it into this file.")
@click.option("--open", "show", is_flag=True, help="Write the page into the reports folder and show it.")
def report(
    week: str | None,
    day: str | None,
    since: str | None,
    form: str | None,
    as_json: bool,
    output: Path | None,
    show: bool,
) -> None:
    """Summarise a week, a day or the last days (7 unless told).

    Time within and outside your limits, alerts and what followed, measures, sitting, what changed, and on how much
    time each figure rests. A page (html) goes into the reports folder unless --output or a pipe takes it.
    """
    from uprightd.paths import private_dir, user_paths
    from uprightd.report.course import course_of
    from uprightd.report.periods import last_days
    from uprightd.report.summary import summarise
    from uprightd.report.weekly import page_path
    from uprightd.store.reading import LogReader
    from uprightd.whole_file import write_whole

    form = _form(form, as_json=as_json, show=show)
    period = chosen_period(week, day, since) or last_days(USUAL_DAYS, time.time())
    paths = user_paths()
    with LogReader.open(paths.database) as reader:
        summary = summarise(reader, period)
        course = course_of(reader, period) if form in ("text", "html") else None
    if output is None and (show or (form == "html" and sys.stdout.isatty())):
        output = page_path(private_dir(paths.reports), period.name)
    if output is None:
        click.echo(_written(form, summary, course, to_terminal=True), nl=False)
        return
    write_whole(output, _written(form, summary, course, to_terminal=False).encode())
    click.echo(f"The summary is in {output}")
    if show:
        from uprightd.service.opening import open_file

        open_file(output, sys.platform)


def _form(form: str | None, *, as_json: bool, show: bool) -> str:
    """Given what was asked for, return the one format that it comes to."""
    from uprightd.errors import UsageError

    asked = {form} if form else set()
    asked |= {"json"} if as_json else set()
    asked |= {"html"} if show else set()
    if len(asked) > 1:
        raise UsageError(
            "--format, --json and --open ask for different formats",
            "Give one of them; --open shows the page (html).",
        )
    return asked.pop() if asked else "text"


def _written(form: str, summary: Summary, course: Course | None, *, to_terminal: bool) -> str:
    """Given a format, a summary and perhaps the course of its day, return it as that; import no more than it needs."""
    if form == "json":
        from uprightd.report.data import to_json

        return json.dumps(to_json(summary), ensure_ascii=False) + "\n"
    if form == "html":
        from uprightd.report.page import page

        return page(summary, course)
    if form == "md":
        from uprightd.report.markdown import to_markdown

        return to_markdown(summary)
    from uprightd.report.text import render

    if not to_terminal:
        return render(summary, FILE_WIDTH, course=course)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return render(summary, shutil.get_terminal_size().columns, colour=colour, course=course)
