"""`uprightd captures list | open | remove`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import chosen_period, json_option, period_options

if TYPE_CHECKING:
    from uprightd.captures.shelf import Capture
    from uprightd.report.periods import Period

PAGES = ("sheet.html", "report.html", "index.html")
"""What `open` shows of a capture, rather than its folder, where there is one."""


@click.group()
def captures() -> None:
    """What was captured: list, open, remove.

    Each snapshot, gait or derm capture is a folder with a manifest; files outside it are known from the log.
    """


@captures.command("list")
@click.option("--kind", help="Only of this kind, such as derm.")
@period_options
@click.option("--check", is_flag=True, help="Hold every file against its SHA-256 in the manifest.")
@json_option
def list_captures(
    kind: str | None, week: str | None, day: str | None, since: str | None, check: bool, as_json: bool
) -> None:
    """List the captures, the oldest first."""
    from uprightd.captures.shelf import changed
    from uprightd.paths import user_paths
    from uprightd.service.capturing import known_captures

    period = chosen_period(week, day, since)
    paths = user_paths()
    found = [each for each in known_captures(paths) if _is_wanted(each, kind, period)]
    broken = {each.folder: changed(each) for each in found} if check else {}
    if as_json:
        click.echo(json.dumps([_fields(each, broken.get(each.folder)) for each in found], ensure_ascii=False))
        return
    for each in found:
        click.echo(_line(each, paths.captures))
        if broken.get(each.folder):
            click.echo(f"    changed or gone: {', '.join(broken[each.folder])}")
    total = sum(each.bytes for each in found)
    click.echo(
        f"\n{len(found)} capture{'s' * (len(found) != 1)}, {size_text(total)}" if found else "no captures"
    )


@captures.command("open")
@click.argument("name", default="last")
@json_option
def open_capture(name: str, as_json: bool) -> None:
    """Show a capture with the desktop's own program.

    NAME is its name, the beginning of it, its folder, or last.
    """
    from uprightd.captures.shelf import find_capture
    from uprightd.paths import user_paths
    from uprightd.service.capturing import known_captures
    from uprightd.service.opening import open_file

    capture = find_capture(known_captures(user_paths()), name)
    shown = next(
        (capture.folder / page for page in PAGES if (capture.folder / page).is_file()), capture.folder
    )
    open_file(shown, sys.platform)
    click.echo(json.dumps({"opened": str(shown)}, ensure_ascii=False) if as_json else str(shown))


@captures.command("remove")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--all", "everything", is_flag=True, help="All captures.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove_captures(names: tuple[str, ...], everything: bool, yes: bool, as_json: bool) -> None:
    """Remove captures for good.

    NAME is a name, the beginning of one, a folder, or last. What you put into such a folder elsewhere stays.
    """
    from uprightd.captures.shelf import find_capture
    from uprightd.clock import SystemClock
    from uprightd.errors import UsageError
    from uprightd.paths import user_paths
    from uprightd.service.capturing import known_captures, remove_known

    if bool(names) == everything:
        raise UsageError("remove takes either names or --all", "See: uprightd captures remove --help")
    paths = user_paths()
    known = known_captures(paths)
    chosen = (
        known
        if everything
        else list({it.folder: it for it in (find_capture(known, n) for n in names)}.values())
    )
    if not yes and chosen:
        if as_json or not sys.stdin.isatty():
            raise UsageError("nobody can be asked here", "Add --yes to remove without being asked.")
        for each in chosen:
            click.echo(_line(each, paths.captures))
        click.confirm(
            f"Remove {'this' if len(chosen) == 1 else f'these {len(chosen)}'} for good?", abort=True
        )
    for each in chosen:
        left = remove_known(paths, each, SystemClock())
        if left:
            click.echo(f"uprightd: {left}", err=True)
    if as_json:
        click.echo(json.dumps({"removed": [str(each.folder) for each in chosen]}, ensure_ascii=False))
    else:
        click.echo(f"{len(chosen)} removed" if chosen else "no captures")


def _is_wanted(capture: Capture, kind: str | None, period: Period | None) -> bool:
    """Whether a capture is of the kind and the period asked for; one that cannot be read is in no period."""
    manifest = capture.manifest
    if kind is not None and (manifest is None or manifest.kind != kind):
        return False
    if period is None:
        return True
    if manifest is None:
        return False
    start, end = period.bounds(round((manifest.when.utcoffset() or timedelta()).total_seconds() / 60))
    return start <= manifest.when.timestamp() * 1000 < end


def _line(capture: Capture, captures: Path) -> str:
    """A capture in a line: its name, or where it lies when that is not among the others."""
    manifest, name = (
        capture.manifest,
        capture.name if capture.folder.parent == captures else str(capture.folder),
    )
    if manifest is None:
        return f"{name:<40} {size_text(capture.bytes):>9}  {capture.problem}"
    facts = "; ".join(f"{key} {_plain(value)}" for key, value in manifest.summary.items())
    return f"{name:<40} {size_text(capture.bytes):>9}  {facts}"


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(capture: Capture, broken: Sequence[str] | None) -> dict[str, Any]:
    manifest = capture.manifest
    told: dict[str, Any] = {
        "name": capture.name,
        "folder": str(capture.folder),
        "bytes": capture.bytes,
        "problem": capture.problem,
        "kind": manifest.kind if manifest else None,
        "at": manifest.at if manifest else None,
        "source": manifest.source if manifest else None,
        "files": [each.name for each in manifest.files] if manifest else [],
        "summary": dict(manifest.summary) if manifest else {},
    }
    return told if broken is None else {**told, "changed": list(broken)}


def size_text(count: int) -> str:
    """Given a number of bytes, return it as a person reads it."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
