"""`uprightd models list | fetch | verify | add`."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import FILE, json_option
from uprightd.weights.catalogue import SIZES, TASKS

if TYPE_CHECKING:
    from uprightd.weights.catalogue import Entry
    from uprightd.weights.licence import Licence
    from uprightd.weights.manifest import InstalledModel

REDRAWN = 0.2
"""Seconds between two states of the progress line."""

accept_option = click.option(
    "--accept-license",
    "accepts",
    is_flag=True,
    help="Accept the licence of the weights, without being asked.",
)


@click.group()
def models() -> None:
    """The weights of Sapiens2: fetch and check them.

    They are Meta's, under a licence of their own, and never part of uprightd. After a fetch, nothing here
    touches the network again.
    """


@models.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """Show what can be fetched and what is here.

    For each model its size, whether it is installed, and when its bytes were last found right.
    """
    from uprightd.paths import user_paths
    from uprightd.weights.catalogue import CATALOGUE
    from uprightd.weights.licence import accepted
    from uprightd.weights.manifest import read_manifest

    folder = user_paths().models
    here = {model.name: model for model in read_manifest(folder)}
    licences = {entry.licence.name: entry.licence for entry in CATALOGUE}
    records = {name: accepted(folder, licence) for name, licence in licences.items()}
    accepted_at = {name: record.accepted_at if record else None for name, record in records.items()}
    if as_json:
        fields = {
            "folder": str(folder),
            "licences": [
                {"name": it.name, "version": it.version, "link": it.link, "accepted_at": accepted_at[it.name]}
                for it in licences.values()
            ],
            "models": [_fields(entry, here.get(entry.name), folder) for entry in CATALOGUE],
        }
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    click.echo(f"Weights in {folder}\n")
    for entry in CATALOGUE:
        click.echo(_row(entry, here.get(entry.name), folder))
    click.echo()
    for name, licence in licences.items():
        date = accepted_at[name]
        click.echo(f"{name}: {f'accepted on {date[:10]}' if date else 'not accepted yet'}  {licence.link}")
    click.echo("Fetch one: uprightd models fetch --size 0.4b --task pose")


@models.command()
@click.option(
    "--size", type=click.Choice(SIZES), help="Size of the model; else the smallest, 0.4b or for detect nano."
)
@click.option(
    "--task",
    "tasks",
    type=click.Choice(TASKS),
    multiple=True,
    default=("pose",),
    show_default=True,
    help="What it is for; may be given several times.",
)
@accept_option
@json_option
def fetch(size: str | None, tasks: tuple[str, ...], accepts: bool, as_json: bool) -> None:
    """Download weights and check them.

    Shows the licence first, which has to be accepted once. Goes on with a download that was interrupted, and
    compares size and SHA-256 with what the hub says before a file gets its name.
    """
    from uprightd.clock import SystemClock
    from uprightd.paths import user_paths
    from uprightd.weights.catalogue import entry, smallest
    from uprightd.weights.fetching import fetch as fetch_model
    from uprightd.weights.hub import hub_from
    from uprightd.weights.wording import amount

    folder = user_paths().models
    wanted = [entry(task, size or smallest(task)) for task in dict.fromkeys(tasks)]
    for each in wanted:
        _gate(each.licence, folder, accepts)
    hub, meter, done = hub_from(), Meter(), []
    _note_contact(hub.endpoint)
    for each in wanted:
        meter.say(f"{each.name}: {each.repository}, about {amount(each.about_bytes)}")
        with meter:
            done.append(fetch_model(each, folder, hub, SystemClock(), meter))
        if not as_json:
            click.echo(
                f"{done[-1].path}: {'fetched and intact' if done[-1].came else 'already here and intact'}"
            )
    if as_json:
        click.echo(
            json.dumps([{**asdict(it.model), "came_bytes": it.came} for it in done], ensure_ascii=False)
        )


def _note_contact(address: str) -> None:
    """For `uprightd privacy`; that it cannot be noted is said and keeps nobody from fetching."""
    from uprightd.clock import SystemClock
    from uprightd.errors import UprightError
    from uprightd.paths import user_paths
    from uprightd.service.recording import record_contact

    try:
        record_contact(user_paths(), "weights of a pose model", address, SystemClock())
    except UprightError as error:
        click.echo(f"not noted for `uprightd privacy`: {error.message}", err=True)


@models.command()
@json_option
@click.pass_context
def verify(context: click.Context, as_json: bool) -> None:
    """Hash every file again.

    Says of each whether it is as the manifest has it, and which command mends it.
    """
    from uprightd.clock import SystemClock
    from uprightd.errors import DataError
    from uprightd.paths import user_paths
    from uprightd.weights.checking import verify as verify_models

    folder = user_paths().models
    meter = Meter()
    with meter:
        findings = verify_models(folder, SystemClock(), meter)
    if as_json:
        click.echo(
            json.dumps([{**asdict(it), "ok": not it.state.wrong} for it in findings], ensure_ascii=False)
        )
    elif not findings:
        click.echo(f"{folder}: no weights are here; fetch some with: uprightd models fetch")
    for it in () if as_json else findings:
        click.echo(f"{'✗' if it.state.wrong else '✓' if not it.mend else '·'} {it.file}: {it.state}")
        if it.mend:
            click.echo(f"    {it.mend}")
    if any(it.state.wrong for it in findings):
        context.exit(DataError.exit_code)


@models.command()
@click.argument("path", type=FILE)
@click.option("--size", type=click.Choice(SIZES), help="Size of the model, where its name does not tell.")
@click.option("--task", type=click.Choice(TASKS), help="What it is for, where its name does not tell.")
@click.option("--link", is_flag=True, help="Link to the file instead of copying it (same disk only).")
@accept_option
@json_option
def add(path: Path, size: str | None, task: str | None, link: bool, accepts: bool, as_json: bool) -> None:
    """Take in weights placed by hand.

    PATH is a .safetensors file, or a folder with such files. The same licence applies. Their hash is kept, so
    that `uprightd models verify` finds out when they change.
    """
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.weights.adding import add as add_model
    from uprightd.weights.adding import weights_in

    folder = user_paths().models
    found = [(file, _entry_of(file, size, task)) for file in weights_in(path)]
    if len({entry.name for _, entry in found}) < len(found):
        names = ", ".join(file.name for file, _ in found)
        raise UsageError(
            f"{path}: several files are the same model ({names})", "Name the one file that counts."
        )
    for licence in {entry.licence.name: entry.licence for _, entry in found}.values():
        _gate(licence, folder, accepts)
    meter, done = Meter(), []
    for file, entry in found:
        with meter:
            done.append(add_model(file, entry, folder, link, SystemClock(), meter))
        if not as_json:
            click.echo(f"{done[-1].path(folder)}: added, {entry.task} of size {entry.size}")
    if as_json:
        click.echo(json.dumps([asdict(it) for it in done], ensure_ascii=False))


class Meter:
    """Says on stderr what happens: notes as lines; on a terminal also progress, one line drawn over and over."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._drawn = -REDRAWN
        self._what, self._began, self._first = "", 0.0, 0

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()

    def say(self, words: str) -> None:
        self._clear()
        click.echo(words, err=True)

    def progress(self, what: str, done: int, total: int) -> None:
        from uprightd.durations import duration_text
        from uprightd.weights.wording import amount

        now = time.monotonic()
        if what != self._what or done < self._first:
            self._what, self._began, self._first = what, now, done
        if not self._terminal or (now - self._drawn < REDRAWN and done < total):
            return
        self._drawn = now
        line = f"  {what}  {done / max(1, total):4.0%}  {amount(done)} of {amount(total)}"
        rate = (done - self._first) / max(1e-3, now - self._began)
        if now - self._began > 2.0 and rate:
            line += f"  {amount(round(rate))}/s  {duration_text((total - done) / rate)} left"
        click.echo(f"\r{line}\033[K", nl=False, err=True)

    def _clear(self) -> None:
        if self._terminal:
            click.echo("\r\033[K", nl=False, err=True)


def _entry_of(file: Path, size: str | None, task: str | None) -> Entry:
    """Given a weights file, return which model it is: as the user or its name says, else as its tensors tell."""
    from uprightd.errors import UsageError
    from uprightd.weights.adding import identified

    try:
        return identified(file, size, task)
    except UsageError:
        if file.suffix != ".safetensors":
            raise
        return identified(file, size, task, _recognise)


def _recognise(file: Path) -> tuple[str, str]:
    """Given a checkpoint, return the (size, task) that its tensors tell."""
    from uprightd.sapiens2.checkpoint import read_checkpoint

    checkpoint = read_checkpoint(file)
    return checkpoint.size, checkpoint.task.value


def _gate(licence: Licence, folder: Path, accepts: bool) -> None:
    """Given a licence, go on when it is or now becomes accepted. Raise UsageError when it does not."""
    from uprightd import __version__
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.weights.licence import accept, accepted, require_acceptance

    if not licence.words or accepted(folder, licence):
        return
    click.echo(f"{licence.words}  {licence.link}\n", err=True)
    if not accepts:
        if not sys.stdin.isatty():
            require_acceptance(folder, licence)
        if (
            click.prompt("Type yes to accept it", default="", show_default=False, err=True).strip().lower()
            != "yes"
        ):
            raise UsageError(
                f"the {licence.name} was not accepted, so nothing was done",
                "Without these weights uprightd measures with mediapipe: --backend mediapipe.",
            )
    accept(folder, licence, SystemClock(), __version__)
    click.echo(f"The {licence.name} is accepted; {folder / 'licence.json'} keeps the date.", err=True)


def _fields(entry: Entry, model: InstalledModel | None, folder: Path) -> dict[str, Any]:
    return {
        "name": entry.name,
        "task": entry.task,
        "size": entry.size,
        "repository": entry.repository,
        "file": entry.file,
        "about_bytes": entry.about_bytes,
        "pinned_revision": entry.revision or None,
        "licence": entry.licence.name,
        "state": _state(model, folder),
        "installed": asdict(model) if model else None,
    }


def _state(model: InstalledModel | None, folder: Path) -> str:
    if model is None:
        return "not here"
    if not model.path(folder).is_file():
        return "missing"
    return "installed" if model.verified_at else "changed"


def _row(entry: Entry, model: InstalledModel | None, folder: Path) -> str:
    from uprightd.weights.wording import amount

    state = _state(model, folder)
    words = state
    if model and state == "installed":
        origin = f"{model.source} {model.revision[:7]}".strip()
        words = f"installed ({origin}), found intact on {model.verified_at[:10]}"
    elif state != "not here":
        words = f"{state}: run uprightd models verify"
    size = amount(model.bytes if model else entry.about_bytes)
    return f"  {entry.task:<9} {entry.size:<5} {size:>8}  {words}"
