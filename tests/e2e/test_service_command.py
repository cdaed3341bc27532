"""The service's exact command, run as launchd or systemd would: from /, in a bare environment."""

from __future__ import annotations

import os
import plistlib
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from uprightd import opencv
from uprightd.paths import user_paths
from uprightd.service.autostart.host import Completed, Host
from uprightd.service.autostart.install import install


def blank_video(path: Path) -> None:
    """Write one second of a blank picture."""
    cv2 = opencv.load()
    import numpy as np

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 10.0, (320, 240))
    for _ in range(10):
        writer.write(np.full((240, 320, 3), 128, np.uint8))
    writer.release()
    assert path.stat().st_size > 0


def from_agent(file: Path) -> tuple[list[str], dict[str, str]]:
    agent = plistlib.loads(file.read_bytes())
    return agent["ProgramArguments"], agent["EnvironmentVariables"]


def from_unit(file: Path) -> tuple[list[str], dict[str, str]]:
    """Read the unit as systemd does: words in double quotes, % doubled."""
    found: dict[str, list[str]] = {"ExecStart": [], "Environment": []}
    for line in file.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if key in found:
            found[key] += [word.replace("%%", "%") for word in shlex.split(value.removeprefix(":"))]
    return found["ExecStart"], dict(word.split("=", 1) for word in found["Environment"])


@pytest.mark.parametrize(
    ("platform", "read"), [("darwin", from_agent), ("linux", from_unit)], ids=["launchd", "systemd"]
)
def test_the_service_s_exact_command_runs_to_the_end_of_a_file_and_exits_0(
    platform: str, read: Callable[[Path], tuple[list[str], dict[str, str]]], tmp_path: Path
) -> None:
    home = tmp_path / "my home 100%"
    environ = {"UPRIGHTD_HOME": str(home / "uprightd")}
    video, config = tmp_path / "blank clip.mp4", tmp_path / "my config.yaml"
    blank_video(video)
    config.write_text(f'camera:\n  source: "{video}"\n', encoding="utf-8")
    host = Host(platform, home, os.getuid(), sys.executable, environ, run=lambda _: Completed(0, ""))

    command, environment = read(install(user_paths(environ), host, config).file)
    # What an uninstalled checkout needs to be found; an installed uprightd needs nothing.
    folders = [os.path.abspath(it) for it in os.environ.get("PYTHONPATH", "").split(os.pathsep) if it]
    checkout = {"PYTHONPATH": os.pathsep.join(folders)} if folders else {}
    done = subprocess.run(
        command,
        cwd="/",
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", **checkout, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert (home / "uprightd" / "data" / "uprightd.db").stat().st_size > 0
