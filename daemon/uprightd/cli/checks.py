"""`uprightd config check` and `uprightd doctor`."""

from __future__ import annotations

import json
import shutil
import textwrap
from dataclasses import asdict
from pathlib import Path

import click

from uprightd.cli.options import FILE, config_option, json_option


@click.group()
def config() -> None:
    """The settings file."""


@config.command()
@click.argument("file", required=False, type=FILE)
@click.option("--config", "config_file", type=FILE, help="Settings file, the same as FILE.")
@json_option
def check(file: Path | None, config_file: Path | None, as_json: bool) -> None:
    """Check a settings FILE and the rules it names.

    Without FILE, the usual one. Says what is wrong, in which line.
    """
    from uprightd.paths import user_paths
    from uprightd.service.settings import Settings

    usual = user_paths().config_file
    named = file or config_file
    settings = Settings(named, usual)
    there = named is not None or usual.exists()
    if as_json:
        click.echo(json.dumps({"ok": True, "file": str(settings.file), "there": there}))
    elif there:
        click.echo(f"{settings.file}: all well, {len(settings.rules)} rules in force")
    else:
        click.echo(f"{usual}: not there, the defaults are in force ({len(settings.rules)} rules)")


@click.command()
@config_option
@json_option
@click.pass_context
def doctor(context: click.Context, config_file: Path | None, as_json: bool) -> None:
    """Look at every part for real.

    Folders, settings, log, camera, pose model and notifications: how each is, and what to do about it.
    """
    from uprightd.errors import UnavailableError
    from uprightd.paths import user_paths
    from uprightd.service.doctor import Check, Finding, examine

    marks = {Finding.OK: "✓", Finding.NOTE: "·", Finding.FAULT: "✗"}
    done: list[Check] = []
    for found in examine(user_paths(), config_file):
        done.append(found)
        if not as_json:
            click.echo(_lines(f"{marks[found.finding]} {found.part:<9} ", found.words))
            if found.hint:
                click.echo(_lines(" " * 12, found.hint))
    if as_json:
        click.echo(json.dumps([asdict(found) for found in done], ensure_ascii=False))
    if any(found.finding is Finding.FAULT for found in done):
        context.exit(UnavailableError.exit_code)


def _lines(start: str, words: str) -> str:
    """Given the start of a line and its words, return it broken at the terminal's width."""
    width = max(50, min(110, shutil.get_terminal_size().columns))
    return textwrap.fill(
        words,
        width,
        initial_indent=start,
        subsequent_indent=" " * 12,
        break_on_hyphens=False,
        break_long_words=False,
    )
