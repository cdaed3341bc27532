"""`uprightd explain`: why an alert came, and what the person thinks of it."""

from __future__ import annotations

import json
import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from uprightd.cli.options import json_option

if TYPE_CHECKING:
    from uprightd.records import AlertRow, FeedbackRow

LISTED = 10
UNGIVEN = "\0"
"""Stands for an option that was not given: a note may be empty."""


@click.command()
@click.argument("which", default="last", metavar="[last|ID]")
@click.option("--list", "listing", is_flag=True, help="The last ten alerts, with their IDs.")
@click.option(
    "--wrong",
    is_flag=False,
    flag_value="",
    default=UNGIVEN,
    metavar="[NOTE]",
    help="It was wrong; why, if you like.",
)
@click.option("--right", is_flag=True, help="It was right.")
@json_option
def explain(which: str, listing: bool, wrong: str, right: bool, as_json: bool) -> None:
    """Explain an alert in words.

    What was seen and how surely, which rule spoke, what became of it. Put the ID before a NOTE.
    """
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.service.explaining import feedback_on, find, last_alerts
    from uprightd.service.judging import give_feedback
    from uprightd.store.reading import LogReader

    judged = wrong != UNGIVEN
    if judged and right:
        raise UsageError("an alert is wrong or right, not both", "Give one of --wrong and --right.")
    if judged and (wrong == "last" or wrong.isdigit()):
        raise UsageError(
            f"--wrong {wrong}: this would be its note", f"Write: uprightd explain {wrong} --wrong"
        )
    paths, clock = user_paths(), SystemClock()
    with LogReader.open(paths.database) as reader:
        if listing:
            alerts = last_alerts(reader, LISTED, round(clock.now().wall * 1000))
            _show_list(alerts, feedback_on(reader), as_json)
            return
        alert = find(reader, which)
        feedback = feedback_on(reader).get(alert.id)
    if not (judged or right):
        _show(alert, feedback, as_json)
        return
    verdict = "right" if right else "wrong"
    give_feedback(paths, alert.id, verdict, wrong if judged else "", clock)
    if as_json:
        click.echo(
            json.dumps(
                {"alert": alert.id, "rule": alert.rule, "verdict": verdict, "note": wrong if judged else ""}
            )
        )
        return
    click.echo(
        f"Noted: alert {alert.id} ({alert.rule}) was {verdict}. See: uprightd rules suggest {alert.rule}"
    )


def _show(alert: AlertRow, feedback: FeedbackRow | None, as_json: bool) -> None:
    from uprightd.problems import printable
    from uprightd.service.explaining import explain as explained
    from uprightd.service.explaining import fields, when

    if as_json:
        click.echo(json.dumps(fields(alert, feedback), ensure_ascii=False))
        return
    lines = [f"Alert {alert.id}, {when(alert)}", f"  {alert.message}"]
    for part in explained(alert, feedback):
        lines += ["", part.heading, *(_wrapped(printable(sentence)) for sentence in part.sentences)]
    click.echo("\n".join(lines))


def _show_list(alerts: list[AlertRow], feedback: dict[int, FeedbackRow], as_json: bool) -> None:
    from uprightd.service.explaining import fields, when

    if as_json:
        found = [fields(alert, feedback.get(alert.id)) for alert in alerts]
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if not alerts:
        click.echo("There has been no alert yet.")
        return
    widest = max(len(alert.rule) for alert in alerts)
    for alert in alerts:
        judged = feedback.get(alert.id)
        said = f"  {judged.verdict}" if judged else ""
        click.echo(
            f"{alert.id:>6}  {when(alert)}  {alert.rule:<{widest}}  {alert.decision:<7}{said}".rstrip()
        )


def _wrapped(text: str) -> str:
    width = max(40, min(100, shutil.get_terminal_size().columns))
    return textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
