"""`uprightd service install | uninstall | status`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from uprightd.cli.options import FILE, json_option

if TYPE_CHECKING:
    from uprightd.service.autostart.host import Host, ServiceStatus


@click.group()
def service() -> None:
    """Start uprightd by itself at login.

    A launchd agent on macOS, a systemd user unit on Linux.
    """


@service.command()
@click.option("--config", "config_file", type=FILE, help="Settings file for the service.")
@json_option
def install(config_file: Path | None, as_json: bool) -> None:
    """Start it now and at every login. Settings and rules are checked first."""
    from uprightd.paths import user_paths
    from uprightd.service.autostart import install as installation
    from uprightd.service.settings import Settings

    paths = user_paths()
    Settings(config_file, paths.config_file)  # a service that cannot start would be tried again for ever
    _show(installation.install(paths, _host(), config_file), as_json)


@service.command()
@json_option
def uninstall(as_json: bool) -> None:
    """Stop the service and remove it. Log, settings and rules stay."""
    from uprightd.paths import user_paths
    from uprightd.service.autostart import install as installation

    _show(installation.uninstall(user_paths(), _host()), as_json)


@service.command()
@json_option
def status(as_json: bool) -> None:
    """Tell whether the service is installed, loaded and running."""
    from uprightd.paths import user_paths
    from uprightd.service.autostart import install as installation

    _show(installation.status(user_paths(), _host()), as_json)


def _host() -> Host:
    from uprightd.service.autostart.host import Host

    return Host(sys.platform, Path.home(), os.getuid(), sys.executable, os.environ)


def _show(state: ServiceStatus, as_json: bool) -> None:
    click.echo(json.dumps(state.as_dict()) if as_json else f"{state.words()}\n{state.file}")
