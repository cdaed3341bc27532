"""`uprightd demo`."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Any

import click

from uprightd.cli.options import backend_option

INTRODUCTION = """\
A rendered person sits at a desk for eight seconds. The camera sees them from the side; after a second and a \
half the neck bends. The clip goes through the same loop that watches you: capture process, pose model, rules, \
log, notification. Real rules wait for minutes; the demo's wait for one second, so that you see one speak.
"""


@click.command()
@backend_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary for a program.")
def demo(backend: str | None, as_json: bool) -> None:
    """Play the bundled clip through the real loop.

    Shows a live readout and the alert when it comes; log, report and an annotated picture stay in a folder.
    """
    from uprightd.cli.readout import Journal, Readout
    from uprightd.service.demo import demo_config, demo_folder, run_demo
    from uprightd.service.settings import rules_in_force

    config = demo_config(backend or "auto")
    folder = demo_folder()
    if as_json:
        result = run_demo(config, folder, (), sys.stderr)
        click.echo(json.dumps(result.facts, ensure_ascii=False))
        return
    width = min(100, shutil.get_terminal_size().columns)
    click.echo(click.wrap_text(INTRODUCTION, width) + "\n")
    rules = rules_in_force(config)
    observer: Any
    if sys.stdout.isatty():
        observer = Readout(sys.stdout, rules, colour=True)
    else:
        observer = Journal(sys.stdout, rules, every=1.0)
    result = run_demo(config, folder, (observer,), observer.printed)
    observer.finish()
    click.echo(_farewell(result.text, result.facts))


def _farewell(report: str, facts: dict[str, Any]) -> str:
    return f"""
{report}
samples  {facts["samples"]}, {facts["detected"]} with someone in view, measured by {facts["backend"]}
picture  {facts["picture"]}
report   {facts["report"]}
log      {facts["log"]}

Next: `uprightd doctor` looks at your camera and notifications, `uprightd run` begins to watch."""
