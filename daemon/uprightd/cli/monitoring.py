"""`run` and the commands that talk to it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from uprightd.cli.options import Rate, backend_option, config_option, json_option

if TYPE_CHECKING:
    from uprightd.config.schema import Config


@click.command()
@click.option("--source", help="Camera index or name, video file, image folder or rtsp/http URL.")
@backend_option
@config_option
@click.option("--fps", type=Rate(), help="Samples per second.")
@click.option("--profile", help="Calibrated profile that values count from; else the one that fits.")
@click.option("--fast", is_flag=True, help="Play a file as fast as it can be read; the clock follows it.")
@click.option("--json", "as_json", is_flag=True, help="Print every event as one JSON line.")
def run(
    source: str | None,
    backend: str | None,
    config_file: Path | None,
    fps: float | None,
    profile: str | None,
    fast: bool,
    as_json: bool,
) -> None:
    """Watch until stopped: the daemon in the foreground.

    What is given here goes before what the settings file says.
    """
    from uprightd.cli.readout import Journal, Readout
    from uprightd.cli.stream import JsonLines
    from uprightd.paths import user_paths
    from uprightd.service.composition import assemble
    from uprightd.service.daemon import Daemon
    from uprightd.service.instance import InstanceLock
    from uprightd.service.settings import Settings

    paths = user_paths()
    changes = {
        "camera.source": source,
        "pose.backend": backend,
        "sampling.fps": fps,
        "calibration.profile": profile,
        "camera.pace": "fast" if fast else None,
    }
    settings = Settings(config_file, paths.config_file, lambda config: overridden(config, changes))
    lock = InstanceLock(paths.lock)
    lock.acquire()
    terminal = sys.stdout.isatty()
    if as_json:
        observer: Any = JsonLines(sys.stdout)
    elif terminal:
        observer = Readout(sys.stdout, settings.rules, colour=True)
    else:
        observer = Journal(sys.stdout, settings.rules)
    assembly = assemble(settings.config, settings.rules, paths, (observer,), observer.printed)
    Daemon(assembly, settings, paths).run()
    observer.finish()
    if not as_json:
        click.echo(_farewell(assembly.monitor.counts, paths.database))
    lock.release()


def overridden(config: Config, changes: dict[str, Any]) -> Config:
    """Given settings and {"block.key": value or None}, return the settings with the values that are given."""
    for name, value in changes.items():
        if value is not None:
            block, key = name.split(".")
            part = getattr(config, block).model_copy(update={key: value})
            config = config.model_copy(update={block: part})
    return config


def _farewell(counts: Any, log: Path) -> str:
    seen = f"{counts.detected} with someone in view" if counts.samples else "nobody was looked at"
    lost = f", {counts.lost_rows} could not be written" if counts.lost_rows else ""
    alerts = f"{counts.alerts} alert{'' if counts.alerts == 1 else 's'}"
    return f"{counts.samples} samples ({seen}{lost}), {alerts}. The log is {log}; see `uprightd report`."


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Tell what the running daemon does, and why."""
    _show(_ask("status"), as_json)


@click.command()
@click.argument("until", required=False)
@json_option
def pause(until: str | None, as_json: bool) -> None:
    """Rest and release the camera.

    UNTIL is a length of time such as 30m or 1h, or tomorrow; without it the pause lasts until `uprightd resume`.
    """
    _show(_ask("pause", until=until), as_json)


@click.command()
@json_option
def resume(as_json: bool) -> None:
    """End a pause."""
    _show(_ask("resume"), as_json)


@click.command()
@json_option
def stop(as_json: bool) -> None:
    """End the running daemon."""
    answer = _ask("stop")
    _wait_for_end(answer["pid"])
    click.echo(
        json.dumps({"stopped": answer["pid"]}) if as_json else f"uprightd (pid {answer['pid']}) has ended."
    )


def _ask(command: str, **arguments: Any) -> dict[str, Any]:
    from uprightd.paths import user_paths
    from uprightd.service.control import ask

    return ask(user_paths().socket, command, **arguments)


def _wait_for_end(pid: int) -> None:
    import psutil

    from uprightd.errors import TryAgainError

    deadline = time.monotonic() + 15.0
    try:
        process = psutil.Process(pid)
        # One that has ended and only waits for its parent to notice has ended.
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                raise TryAgainError(f"uprightd (pid {pid}) is still ending", f"If it stays: kill {pid}")
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    from uprightd.cli.status import status_text

    click.echo(status_text(answer))
