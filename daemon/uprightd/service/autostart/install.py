"""Starting uprightd at login: a launchd agent on macOS, a systemd user unit on Linux.

Both come from the templates in `launchd/`, with absolute paths and without a shell. Nobody has run the macOS
side on a Mac yet.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from uprightd.errors import CannotCreateError, InternalError, UnavailableError, UsageError
from uprightd.paths import Paths, private_dir
from uprightd.service.autostart.host import Host, Service, ServiceStatus
from uprightd.service.autostart.launchd import LaunchdAgent
from uprightd.service.autostart.systemd import SystemdUnit
from uprightd.whole_file import write_whole

FOLDER_VARIABLES = ("UPRIGHTD_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")
"""What decides where the folders lie: the service must find the ones the command line uses."""


def install(paths: Paths, host: Host, config: Path | None = None) -> ServiceStatus:
    """Given the user's folders, the machine and a configuration file, start uprightd now and at every login.

    Installing again replaces the service and starts it anew. Raise UnavailableError when the service manager
    cannot be reached (nothing is written then) or refuses (the file stays, and the message says so).
    """
    if host.uid == 0 and host.environ.get("SUDO_UID"):
        raise UsageError(
            "the service belongs to a person, not to root", "Run the command again without sudo."
        )
    service = service_for(paths, host)
    contents = service.render(service_command(host, config), service_environment(host))
    answer = service.probe()
    if answer.code != 0:
        raise UnavailableError(
            f"the service manager cannot be reached: {answer.reason}",
            "Nothing was installed. Run this in your desktop session, or start `uprightd run` by hand.",
        )
    private_dir(paths.logs)
    _write(service.file, contents)
    answer = service.load()
    if answer.code != 0:
        raise UnavailableError(
            f"{service.file} is written, but the service could not be started: {answer.reason}",
            "The file stays in place. Run `uprightd service install` again, or `uprightd service uninstall`.",
        )
    return service.status()


def uninstall(paths: Paths, host: Host) -> ServiceStatus:
    """Given the user's folders and the machine, stop the service and remove it; harmless when there is none.

    The log, the configuration and all data stay. Raise UnavailableError when it still runs afterwards,
    CannotCreateError when its file cannot be removed.
    """
    service = service_for(paths, host)
    try:
        service.unload()
    except OSError as error:
        raise CannotCreateError(
            f"{service.file}: cannot be removed ({error.strerror})", "Remove it by hand."
        ) from error
    after = service.status()
    if after.running:
        raise UnavailableError(
            f"{service.file} is removed, but the service still runs (pid {after.pid})",
            "Run `uprightd stop`, then `uprightd service uninstall` again.",
        )
    return after


def status(paths: Paths, host: Host) -> ServiceStatus:
    """Given the user's folders and the machine, return how the service stands."""
    return service_for(paths, host).status()


def service_for(paths: Paths, host: Host) -> Service:
    """Given folders and machine, return its kind of service. Raise UnavailableError on other systems."""
    if host.platform == "darwin":
        return LaunchdAgent(host, paths.logs / "service.log")
    if host.platform.startswith("linux"):
        return SystemdUnit(host)
    raise UnavailableError(
        f"no service for this system ({host.platform}): expected macOS or Linux",
        "Start `uprightd run` by the means of your system.",
    )


def service_command(host: Host, config: Path | None = None) -> list[str]:
    """Given the machine and a configuration file, return the service's exact arguments, all paths absolute.

    `-P` keeps the working folder out of the import path: a folder named uprightd there must not be run.
    """
    if not os.path.isabs(host.python):
        raise InternalError(f"the path of the Python interpreter is not absolute: {host.python!r}")
    command = [host.python, "-P", "-m", "uprightd", "run"]
    return command if config is None else [*command, "--config", str(config.absolute())]


def service_environment(host: Host) -> dict[str, str]:
    """Given the machine, return the variables that make the service use the same folders as this command."""
    set_here = {name: host.environ.get(name, "").strip() for name in FOLDER_VARIABLES}
    whole = {name: re.sub(r"^~(?=/|$)", lambda _: str(host.home), value) for name, value in set_here.items()}
    return {name: value for name, value in whole.items() if os.path.isabs(value)}


def _write(path: Path, contents: bytes) -> None:
    """Given a path and its contents, write it whole or not at all, mode 0600, its folder made if need be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotCreateError(
            f"{path}: its folder cannot be made ({error.strerror or error})",
            "Mend its permissions, then run `uprightd service install` again.",
        ) from error
    write_whole(path, contents)
