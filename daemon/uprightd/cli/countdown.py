"""The seconds before a picture is taken, counted on the terminal."""

from __future__ import annotations

import sys

import click

COUNTDOWN = 3
LONGEST = 60

countdown_option = click.option(
    "--countdown",
    type=click.IntRange(0, LONGEST),
    default=COUNTDOWN,
    show_default=True,
    help="Seconds before a camera takes the picture.",
)


def count(left: int) -> None:
    """Given how many seconds are left, say so on a terminal; 0 is the picture itself."""
    if sys.stderr.isatty():
        click.echo(f"\r{f'picture in {left} s' if left else 'taken':<20}", nl=not left, err=True)
