"""Where things live: the user's folders, and what ships with the program.

`UPRIGHTD_HOME` puts all of the user's folders under one directory (tests, demos, a second instance).
Otherwise platformdirs decides. An XDG variable that is blank or relative is ignored, as the XDG
specification asks.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from uprightd.errors import ConfigError, DeniedError

SOCKET_PATH_LIMIT = 100
"""Longest path of a Unix socket that every system takes (104 bytes on macOS, 108 on Linux)."""


@dataclass(frozen=True, slots=True)
class Paths:
    """The user's folders. Nothing is made before `private_dir` is asked to."""

    config: Path
    data: Path
    cache: Path
    logs: Path
    runtime: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.yaml"

    @property
    def database(self) -> Path:
        return self.data / "uprightd.db"

    @property
    def reports(self) -> Path:
        return self.data / "reports"

    @property
    def captures(self) -> Path:
        return self.data / "captures"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def profiles(self) -> Path:
        return self.data / "profiles"

    @property
    def lock(self) -> Path:
        return self.runtime / "uprightd.lock"

    @property
    def socket(self) -> Path:
        """The control socket: in the runtime folder, or where the path would be too long, in a short private one."""
        path = self.runtime / "control.sock"
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        digest = hashlib.sha256(os.fsencode(self.runtime)).hexdigest()[:16]
        # Not TMPDIR, which may differ between the service and a shell, and may itself be long.
        return Path("/tmp") / f"uprightd-{os.getuid()}-{digest}" / "control.sock"  # noqa: S108 - a private folder


def user_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """Given the environment, return the user's folders. Raise ConfigError where none can be found."""
    home = environ.get("UPRIGHTD_HOME", "").strip()
    if home:
        root = Path(os.path.expanduser(home))  # Path.expanduser raises on an unknown user
        if not root.is_absolute():
            raise ConfigError(
                f"UPRIGHTD_HOME is {home!r}: expected an absolute path",
                "Set it to a full path, or unset it to use the usual folders.",
            )
        return Paths(root / "config", root / "data", root / "cache", root / "logs", root / "run")
    folders = platformdirs.PlatformDirs("uprightd", appauthor=False)
    try:
        data = Path(folders.user_data_dir)
        paths = Paths(
            Path(folders.user_config_dir),
            data,
            Path(folders.user_cache_dir),
            Path(folders.user_log_dir),
            Path(folders.user_runtime_dir) if sys.platform == "darwin" else _session_dir(environ, data),
        )
    except RuntimeError as error:  # platformdirs from 4.12 on; older ones return a path that begins with ~
        raise _no_home(str(error)) from error
    if not data.is_absolute():
        raise _no_home(f"the data folder would be {data}")
    return paths


def _no_home(detail: str) -> ConfigError:
    return ConfigError(
        f"no home folder is known: {detail}", "Set HOME, or UPRIGHTD_HOME to an absolute path."
    )


def _session_dir(environ: Mapping[str, str], data: Path) -> Path:
    """Given the environment and the data folder, return the folder for socket and lock: the session's own, or one
    beside the data. A login without a session has none, and platformdirs would fall back to a shared /tmp."""
    session = environ.get("XDG_RUNTIME_DIR", "")
    try:
        ours = os.path.isabs(session) and os.stat(session).st_uid == os.getuid()
    except OSError:
        ours = False
    return Path(session) / "uprightd" if ours else data / "run"


def private_dir(path: Path) -> Path:
    """Given a folder, make it with mode 0700 (parents included) and return it.

    Raise DeniedError when it cannot be made, is not a folder, or belongs to somebody else.
    """
    try:
        for parent in reversed(path.parents):  # mkdir(parents=True) would make them open to everybody
            if not parent.exists():
                parent.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        info = path.stat()
    except OSError as error:
        raise DeniedError(
            f"{path}: cannot make this folder ({error.strerror or error})",
            "Choose a folder you may write to with UPRIGHTD_HOME, or mend its permissions.",
        ) from error
    if info.st_uid != os.getuid():
        raise DeniedError(
            f"{path}: belongs to another user (uid {info.st_uid})",
            "Choose a folder of your own with UPRIGHTD_HOME.",
        )
    if not os.access(path, os.W_OK | os.X_OK):
        raise DeniedError(
            f"{path}: you may not write here",
            f"Run: chmod u+rwx {path}",
        )
    if stat.S_IMODE(info.st_mode) & 0o077 and not info.st_mode & stat.S_ISVTX:  # never close a shared /tmp
        path.chmod(0o700)
    return path


def shipped(name: str) -> Path:
    """Given the name of something that ships with the program, return its path.

    In a wheel it lies under `uprightd/shipped`, in a checkout at the top.
    """
    package = Path(__file__).resolve().parent
    inside = package / "shipped" / name
    return inside if inside.exists() else package.parents[1] / name


def shipped_clip() -> Path:
    """Return the path of the demo's clip."""
    return Path(__file__).resolve().parent / "clips" / "sit_side.mp4"
