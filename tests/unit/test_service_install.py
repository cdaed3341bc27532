"""The service's files as data, the commands that load them, and what a person is told when that fails."""

from __future__ import annotations

import json
import os
import plistlib
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from uprightd.errors import CannotCreateError, InternalError, UnavailableError, UprightError, UsageError
from uprightd.paths import Paths
from uprightd.service.autostart.host import Completed, Host, ServiceStatus, run_command
from uprightd.service.autostart.install import install, service_environment, status, uninstall

OK = Completed(0, "")
PYTHON = "/opt/my tools/100% $HOME/bin/python"
CONFIG = Path("/home/ann/my posture/50% %h $USER.yaml")


@dataclass
class Recorder:
    """Records commands and answers them by their most specific known beginning; unknown ones succeed."""

    answers: dict[str, Completed] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)

    def __call__(self, command: Sequence[str]) -> Completed:
        line = " ".join(command)
        self.commands.append(line)
        known = [start for start in self.answers if line.startswith(start)]
        return self.answers[max(known, key=len)] if known else OK


@pytest.fixture
def runner() -> Recorder:
    return Recorder()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(*(tmp_path / "user" / name for name in ("config", "data", "cache", "logs", "run")))


@pytest.fixture
def mac(tmp_path: Path, runner: Recorder) -> Host:
    home = tmp_path / "Users" / "ann b"
    return Host("darwin", home, 501, PYTHON, {}, run=runner, pause=lambda _: None)


@pytest.fixture
def linux(tmp_path: Path, runner: Recorder) -> Host:
    return Host("linux", tmp_path / "home" / "ann b", 1000, PYTHON, {}, run=runner, pause=lambda _: None)


def agent_of(host: Host) -> dict[str, object]:
    return plistlib.loads((host.home / "Library/LaunchAgents/org.uprightd.agent.plist").read_bytes())


def unit_file(host: Host) -> Path:
    return host.home / ".config/systemd/user/uprightd.service"


def unit_of(host: Host) -> dict[str, list[str]]:
    """The unit as `Section.Key` with its values in order, read without any of our own code."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit_file(host).read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match.group(1)
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def test_the_agent_has_every_key_it_needs_and_absolute_paths_only(
    mac: Host, paths: Paths, runner: Recorder
) -> None:
    install(paths, mac, CONFIG)
    log = str(paths.logs / "service.log")
    assert agent_of(mac) == {
        "Label": "org.uprightd.agent",
        "ProgramArguments": [PYTHON, "-P", "-m", "uprightd", "run", "--config", str(CONFIG)],
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "LimitLoadToSessionType": "Aqua",
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "Umask": 63,
        "ProcessType": "Standard",
    }
    assert stat.S_IMODE(Path(log).stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.logs.stat().st_mode) == 0o700


def test_the_unit_has_every_key_it_needs_and_its_words_quoted(linux: Host, paths: Paths) -> None:
    install(paths, linux, CONFIG)
    unit = unit_of(linux)
    assert unit["Service.ExecStart"] == [
        ':"/opt/my tools/100%% $HOME/bin/python" "-P" "-m" "uprightd" "run" "--config"'
        ' "/home/ann/my posture/50%% %%h $USER.yaml"'
    ]
    expected = {
        "Service.Type": "exec",
        "Service.Restart": "on-failure",
        "Service.RestartPreventExitStatus": "64 65 77 78",
        "Service.KillMode": "mixed",
        "Service.UMask": "0077",
        "Service.NoNewPrivileges": "yes",
        "Unit.After": "graphical-session.target",
        "Unit.PartOf": "graphical-session.target",
        "Install.WantedBy": "graphical-session.target",
    }
    assert {key: unit[key] for key in expected} == {key: [value] for key, value in expected.items()}
    assert "Service.Environment" not in unit


def test_no_service_file_holds_a_tilde_a_shell_or_a_place_left_open(
    mac: Host, linux: Host, paths: Paths
) -> None:
    for host in (mac, linux):
        install(paths, host, CONFIG)
    agent = json.dumps(agent_of(mac))
    unit = json.dumps(unit_of(linux))
    for text in (agent, unit):
        assert not re.search(r"~|@|/sh\b|bash|\b-c\b|\\u001b", text)


def test_service_files_are_private_and_nothing_unfinished_is_left(
    mac: Host, linux: Host, paths: Paths
) -> None:
    umask = os.umask(0o022)
    try:
        files = [install(paths, host).file for host in (mac, linux)]
    finally:
        os.umask(umask)
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_the_service_uses_the_folders_of_the_command_that_installed_it(
    mac: Host, linux: Host, paths: Paths
) -> None:
    environ = {
        "UPRIGHTD_HOME": "~/posture 100%",
        "XDG_DATA_HOME": "/data/$x",
        "XDG_CACHE_HOME": "relative",
        "XDG_STATE_HOME": " ",
        "PATH": "/bin",
        "SECRET": "x",
    }
    mac, linux = replace(mac, environ=environ), replace(linux, environ=environ)
    install(paths, mac)
    install(paths, linux)
    assert agent_of(mac)["EnvironmentVariables"] == {
        "UPRIGHTD_HOME": f"{mac.home}/posture 100%",
        "XDG_DATA_HOME": "/data/$x",
    }
    assert unit_of(linux)["Service.Environment"] == [
        f'"UPRIGHTD_HOME={linux.home}/posture 100%%"',
        '"XDG_DATA_HOME=/data/$x"',
    ]


def test_a_tilde_inside_a_path_is_no_home_folder(linux: Host) -> None:
    assert service_environment(replace(linux, environ={"UPRIGHTD_HOME": "/a/~/b"})) == {
        "UPRIGHTD_HOME": "/a/~/b"
    }


def test_a_relative_configuration_file_is_made_absolute(
    linux: Host, paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    install(paths, linux, Path("my.yaml"))
    assert unit_of(linux)["Service.ExecStart"][0].endswith(f'"--config" "{tmp_path}/my.yaml"')


def test_the_commands_that_load_and_remove_the_agent(mac: Host, paths: Paths, runner: Recorder) -> None:
    file = f"{mac.home}/Library/LaunchAgents/org.uprightd.agent.plist"
    target = "gui/501/org.uprightd.agent"
    install(paths, mac)
    assert runner.commands == [
        "launchctl print gui/501",
        f"launchctl bootout {target}",
        f"launchctl enable {target}",
        f"launchctl bootstrap gui/501 {file}",
        f"launchctl print {target}",
    ]
    runner.commands.clear()
    runner.answers[f"launchctl print {target}"] = Completed(113, "Could not find service")
    gone = uninstall(paths, mac)
    assert runner.commands[0] == f"launchctl bootout {target}"
    assert (gone.installed, gone.loaded, gone.running) == (False, False, False)
    assert not Path(file).exists()


def test_the_commands_that_load_and_remove_the_unit(linux: Host, paths: Paths, runner: Recorder) -> None:
    install(paths, linux)
    assert runner.commands[1:5] == [
        "systemctl --user daemon-reload",
        "systemctl --user enable uprightd.service",
        "systemctl --user reset-failed uprightd.service",
        "systemctl --user restart uprightd.service",
    ]
    runner.commands.clear()
    wants = unit_file(linux).parent / "graphical-session.target.wants" / "uprightd.service"
    wants.parent.mkdir()
    wants.symlink_to(unit_file(linux))
    gone = uninstall(paths, linux)
    assert runner.commands[:3] == [
        "systemctl --user stop uprightd.service",
        "systemctl --user disable uprightd.service",
        "systemctl --user daemon-reload",
    ]
    assert not gone.installed
    assert not unit_file(linux).exists()
    assert not wants.is_symlink()


def test_installing_again_changes_nothing_but_what_is_new(linux: Host, mac: Host, paths: Paths) -> None:
    for host in (linux, mac):
        file = install(paths, host).file
        first = file.read_bytes()
        install(paths, host)
        assert file.read_bytes() == first
        install(paths, host, CONFIG)
        assert b"50%" in file.read_bytes()


def test_a_bootstrap_that_comes_too_early_is_tried_again(mac: Host, paths: Paths, runner: Recorder) -> None:
    waited: list[float] = []
    answers = iter([Completed(37, "Bootstrap failed: 37: Operation already in progress"), OK])
    inner = runner.__call__

    def run(command: Sequence[str]) -> Completed:
        answer = inner(command)
        return next(answers) if "bootstrap" in command else answer

    install(paths, replace(mac, run=run, pause=waited.append))
    assert waited == [1.0]


def test_what_is_not_there_is_removed_without_complaint(
    linux: Host, mac: Host, paths: Paths, runner: Recorder
) -> None:
    runner.answers["launchctl"] = Completed(3, "No such process")
    runner.answers["systemctl"] = Completed(5, "Unit uprightd.service not loaded.")
    for host in (linux, mac):
        assert uninstall(paths, host).words().startswith("not installed")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize(
    "answer",
    [
        Completed(127, "systemctl is not there"),
        Completed(1, "\nFailed to connect to bus: No medium found\nx"),
    ],
)
def test_without_a_service_manager_nothing_is_written(
    answer: Completed, platform: str, linux: Host, paths: Paths, runner: Recorder
) -> None:
    runner.answers = {"systemctl": answer, "launchctl": answer}
    host = replace(linux, platform=platform)
    with pytest.raises(UnavailableError) as caught:
        install(paths, host)
    assert caught.value.exit_code == 69
    assert answer.reason in caught.value.message
    assert "Nothing was installed" in caught.value.hint
    assert not host.home.exists()


@pytest.mark.parametrize(
    ("platform", "refused"),
    [
        ("linux", "systemctl --user enable"),
        ("linux", "systemctl --user restart"),
        ("darwin", "launchctl bootstrap"),
    ],
)
def test_a_refused_service_stays_written_and_the_message_says_so(
    platform: str, refused: str, linux: Host, paths: Paths, runner: Recorder
) -> None:
    runner.answers[refused] = Completed(1, "Job failed.\nSee the journal.")
    with pytest.raises(UnavailableError, match=r"is written, but .* started: Job failed\.\n") as caught:
        install(paths, replace(linux, platform=platform))
    assert "stays in place" in caught.value.hint
    assert sum(1 for path in linux.home.rglob("*") if path.is_file()) == 1


def test_a_service_that_survives_its_removal_is_an_error(linux: Host, paths: Paths, runner: Recorder) -> None:
    runner.answers["systemctl --user show --property=Load"] = Completed(0, "MainPID=77\nActiveState=active")
    with pytest.raises(UnavailableError, match=r"still runs \(pid 77\)"):
        uninstall(paths, linux)


def test_an_unwritable_folder_is_named(linux: Host, paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "afile").touch()
    with pytest.raises(CannotCreateError, match=r"afile.*uprightd\.service") as caught:
        install(paths, replace(linux, home=tmp_path / "afile"))
    assert caught.value.exit_code == 73


def test_a_planted_symlink_is_replaced_and_its_target_untouched(
    linux: Host, mac: Host, paths: Paths, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    unit_file(linux).parent.mkdir(parents=True)
    unit_file(linux).symlink_to(precious)
    install(paths, linux)
    assert not unit_file(linux).is_symlink()
    paths.logs.mkdir(parents=True, exist_ok=True)
    (paths.logs / "service.log").symlink_to(precious)
    with pytest.raises(CannotCreateError, match=r"service\.log"):
        install(paths, mac)
    assert precious.read_text() == "precious"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"platform": "win32"}, UnavailableError),
        ({"python": "python3"}, InternalError),
        ({"python": ""}, InternalError),
        ({"python": '/opt/a "quoted" folder/python'}, UnavailableError),
        ({"python": "/opt/new\nline/python"}, UnavailableError),
        ({"python": "/opt/\udcff/python"}, UnavailableError),
        ({"uid": 0, "environ": {"SUDO_UID": "501"}}, UsageError),
    ],
)
def test_what_no_service_can_carry_is_refused_before_anything_is_written(
    changes: dict[str, object], error: type[UprightError], linux: Host, paths: Paths, runner: Recorder
) -> None:
    with pytest.raises(error):
        install(paths, replace(linux, **changes))  # type: ignore[arg-type]
    assert runner.commands == []
    assert not linux.home.exists()


RUNNING = """\
gui/501/org.uprightd.agent = {
	active count = 1
	path = /Users/ann/Library/LaunchAgents/org.uprightd.agent.plist
	state = running
	pid = 4321
	last exit code = (never exited)
}
"""
STOPPED = RUNNING.replace("	pid = 4321\n", "").replace("(never exited)", "78: EX_CONFIG")
SHOWN = "LoadState=loaded\nUnitFileState=enabled\nActiveState={}\nMainPID={}\nResult={}\nExecMainStatus={}\n"


@pytest.mark.parametrize(
    ("platform", "answer", "words"),
    [
        ("darwin", Completed(0, RUNNING), "installed, running (pid 4321), starts at login"),
        ("darwin", Completed(0, STOPPED), "installed, not running now, starts at login; last exit code 78"),
        ("darwin", Completed(113, "Could not find"), "installed, not running now, does not start at login"),
        (
            "linux",
            Completed(0, SHOWN.format("active", 4321, "success", 0)),
            "installed, running (pid 4321), starts at login",
        ),
        (
            "linux",
            Completed(0, SHOWN.format("failed", 0, "exit-code", 78)),
            "installed, not running now, starts at login; failed (exit-code, last exit code 78)",
        ),
        (
            "linux",
            Completed(0, SHOWN.format("inactive", 0, "success", 0).replace("enabled", "disabled")),
            "installed, not running now, does not start at login",
        ),
        (
            "linux",
            Completed(127, "systemctl is not there"),
            "installed; systemd cannot be asked: systemctl is not there",
        ),
        ("darwin", Completed(127, "launchctl is not there"), "installed; launchctl is not there"),
    ],
)
def test_the_status_in_words(
    platform: str, answer: Completed, words: str, linux: Host, paths: Paths, runner: Recorder
) -> None:
    host = replace(linux, platform=platform)
    install(paths, host)
    runner.answers = {"launchctl print gui/1000/": answer, "systemctl --user show": answer}
    assert status(paths, host).words() == words


def test_the_status_as_data_is_json(linux: Host, paths: Paths, runner: Recorder) -> None:
    runner.answers["systemctl --user show"] = Completed(0, SHOWN.format("active", 9, "success", 0))
    assert json.loads(json.dumps(status(paths, linux).as_dict())) == {
        "file": str(unit_file(linux)),
        "installed": False,
        "loaded": True,
        "running": True,
        "pid": 9,
        "detail": "",
    }
    assert ServiceStatus(Path("/x"), False, False, True, 9).words() == "not installed, running (pid 9)"


@pytest.mark.parametrize(
    ("command", "code", "output"),
    [
        ([sys.executable, "-c", "import sys; print('out'); sys.exit('err')"], 1, r"out\r?\nerr"),
        (["/nonexistent/systemctl"], 127, r"/nonexistent/systemctl is not there"),
        (["/"], 126, r"/ cannot be started"),
    ],
)
def test_a_command_s_failure_is_an_answer_and_no_exception(
    command: list[str], code: int, output: str
) -> None:
    answer = run_command(command)
    assert answer.code == code
    assert re.search(output, answer.output)


def test_systemd_itself_reads_the_unit_and_finds_the_program_behind_the_quoting(
    linux: Host, paths: Paths, tmp_path: Path
) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    python = tmp_path / "my tools 100% $HOME ü" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    environ = {"UPRIGHTD_HOME": str(tmp_path / "50% $x")}
    install(paths, replace(linux, python=str(python), environ=environ), CONFIG)

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["systemd-analyze", "--user", "verify", str(unit_file(linux))],
            env={**os.environ, "HOME": str(linux.home), "XDG_RUNTIME_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    done = verify()
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    python.unlink()
    assert "is not executable" in verify().stderr, "the program was looked for at its real path"
