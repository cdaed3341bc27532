"""Options and arguments that several commands share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from uprightd.report.periods import Period

# readable=False: whoever reads the file says what is wrong with it, with the right exit code.
FILE = click.Path(path_type=Path, readable=False)
"""A file or folder as the user names it; it need not be there."""


class Rate(click.FloatRange):
    """Samples per second, from 0.1 to 5. NaN is in no range, but a plain range lets it pass."""

    def __init__(self) -> None:
        super().__init__(0.1, 5.0)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        rate = super().convert(value, param, ctx)
        if math.isnan(rate):
            self.fail(f"{value} is not in the range 0.1<=x<=5.0.", param, ctx)
        return rate


backend_option = click.option(
    "--backend", type=click.Choice(["auto", "mediapipe", "sapiens2"]), help="Pose model."
)
config_option = click.option("--config", "config_file", type=FILE, help="Settings file.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print for a program.")


def period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --week, --day and --since; `chosen_period` makes a period of them."""
    for option in (
        click.option("--since", help="The last days, such as 7d."),
        click.option("--day", help="A day such as 2026-11-22."),
        click.option("--week", help="An ISO week such as 2026-W47."),
    ):
        command = option(command)
    return command


def chosen_period(week: str | None, day: str | None, since: str | None) -> Period | None:
    """Given what the user wrote of each, return the period, None without any. Raise UsageError for two or a bad one."""
    from uprightd.errors import UsageError
    from uprightd.report.periods import parse

    given = [text for text in (week, day, since) if text is not None]
    if len(given) > 1:
        raise UsageError("--week, --day and --since name one period each", "Give one of them.")
    return parse(given[0], time.time()) if given else None
