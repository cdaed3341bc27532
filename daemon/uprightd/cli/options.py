"""Options and arguments that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

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
