"""The user's command: what it is told, how it is kept in bounds, and which files are not run. Real processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from tests.fakes.outlet import ALERT, HOSTILE, alarm, condition
from tests.fakes.private_bus import wait_until

from uprightd.domain import Activity, Posture
from uprightd.outlets.base import Alarm, OutletError, one_line
from uprightd.outlets.hook import VALUES, Hook, vetted
from uprightd.outlets.relay import Outlets

LONG = 10.0
ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/home/somebody",
    "SSH_AUTH_SOCK": "/secret",
    "API_TOKEN": "secret",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


def script(folder: Path, body: str, name: str = "hook") -> Path:
    """Given the lines of a shell script, return its executable file."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    return file


def recorder(folder: Path) -> Path:
    """A command that writes its environment, working folder and standing to files in `folder`, name by name."""
    return script(
        folder,
        f'env -0 > "{folder}/env.part"; pwd > "{folder}/pwd"; cat > "{folder}/stdin"\n'
        f'printf "%s\\n" "$@" > "{folder}/arguments"; mv "{folder}/env.part" "{folder}/env"',
    )


def environment(folder: Path) -> dict[str, str]:
    pairs = (folder / "env").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def alive(pid: int) -> bool:
    """Given a process id, return whether it runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        return sys.platform != "linux" or ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def pid_in(file: Path) -> int:
    wait_until(lambda: file.exists() and file.read_text().endswith("\n"), f"a process id in {file.name}")
    return int(file.read_text())


def test_an_alert_s_values_come_as_variables(folder: Path) -> None:
    assert Hook([str(recorder(folder)), "first argument", "$HOME"], ENVIRON).alert(alarm())
    told = {name: value for name, value in environment(folder).items() if name.startswith("UPRIGHTD_")}
    assert told == {
        "UPRIGHTD_EVENT": "alert",
        "UPRIGHTD_AT": "2026-09-21T14:14:21.250Z",
        "UPRIGHTD_RULE": "neck-flexion",
        "UPRIGHTD_SEVERITY": "warn",
        "UPRIGHTD_MESSAGE": "Head down for 1 min. Look up and ease your neck.",
        "UPRIGHTD_REASON": "neck flexion 52.4° past 50° for 61 s, seen from the left",
        "UPRIGHTD_METRIC": "neck_flexion",
        "UPRIGHTD_VALUE": "52.4",
        "UPRIGHTD_ERROR": "3.1",
        "UPRIGHTD_THRESHOLD": "50",
        "UPRIGHTD_HELD": "61",
        "UPRIGHTD_STARTED": "2026-09-21T14:13:20.250Z",
        "UPRIGHTD_VIEW": "sagittal-left",
        "UPRIGHTD_CONFIDENCE": "0.91",
        "UPRIGHTD_STATE": "",
        "UPRIGHTD_POSTURE": "",
        "UPRIGHTD_PROFILE": "",
    }
    assert set(told) == {f"UPRIGHTD_{name}" for name in VALUES}
    assert (folder / "arguments").read_text() == "first argument\n$HOME\n", "no shell reads the arguments"


def test_it_gets_little_of_our_environment_no_input_and_stands_in_the_root_folder(folder: Path) -> None:
    ours = os.dup(0)
    try:
        with (folder / "typed").open("w+") as typed:  # as if somebody typed into our terminal
            typed.write("yes, delete it all\n")
            typed.seek(0)
            os.dup2(typed.fileno(), 0)
            Hook([str(recorder(folder))], ENVIRON).alert(alarm())
    finally:
        os.dup2(ours, 0)
        os.close(ours)
    inherited = {name for name in environment(folder) if not name.startswith("UPRIGHTD_")}
    assert inherited - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "HOME"}  # the four are the shell's own
    assert (folder / "pwd").read_text() == "/\n"
    assert (folder / "stdin").read_text() == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_a_message_arrives_as_it_is_and_nothing_in_it_runs(text: str, folder: Path) -> None:
    assert Hook([str(recorder(folder))], ENVIRON).alert(alarm(text))
    assert environment(folder)["UPRIGHTD_MESSAGE"] == one_line(text)
    assert not any(Path(place, "owned").exists() for place in ("/", folder, "."))


def test_quotes_dollars_and_backslashes_of_a_message_survive(folder: Path) -> None:
    Hook([str(recorder(folder))], ENVIRON).alert(alarm("say \"$(id)\" 'now' \\n `id` \x00 two\nlines"))
    assert environment(folder)["UPRIGHTD_MESSAGE"] == "say \"$(id)\" 'now' \\n `id` two lines"


def test_what_is_not_known_is_set_and_empty(folder: Path) -> None:
    Hook([str(recorder(folder))], ENVIRON).alert(Alarm(replace(ALERT, value=float("nan")), error=None))
    told = environment(folder)
    assert (told["UPRIGHTD_VALUE"], told["UPRIGHTD_ERROR"]) == ("", "")


def test_a_change_of_state_is_told_once(folder: Path) -> None:
    hook = Hook([str(recorder(folder))], ENVIRON)
    assert hook.condition(condition(0, profile="sit"))
    assert environment(folder)["UPRIGHTD_STATE"] == "watching"
    assert environment(folder)["UPRIGHTD_PROFILE"] == "sit"
    assert not hook.condition(condition(1, posture=Posture.POOR, rule="neck-flexion"))
    assert hook.condition(condition(2, Activity.PAUSED, None, reason="quiet hours"))
    told = environment(folder)
    assert [told[f"UPRIGHTD_{name}"] for name in ("EVENT", "STATE", "REASON", "POSTURE", "AT")] == [
        "state",
        "paused",
        "quiet hours",
        "",
        "2026-09-21T14:13:22.250Z",
    ]


def test_a_state_whose_command_failed_is_not_told_again_and_again(folder: Path) -> None:
    hook = Hook([str(script(folder, f'echo x >> "{folder}/runs"; exit 3'))], ENVIRON)
    with pytest.raises(OutletError, match="exit code 3"):
        hook.condition(condition(0))
    assert not hook.condition(condition(1))
    assert (folder / "runs").read_text() == "x\n"


def test_output_stays_out_of_ours_and_the_last_line_says_why_it_failed(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = script(folder, "echo one; echo two >&2; printf 'the \\033[1mreason\\n\\n'; exit 7")
    with pytest.raises(OutletError) as error:
        Hook([str(command)], ENVIRON).alert(alarm())
    assert str(error.value) == f"{command}: exit code 7: the [1mreason"
    assert capfd.readouterr() == ("", "")


def test_a_command_ended_by_a_signal_says_which(folder: Path) -> None:
    with pytest.raises(OutletError, match="ended by SIGTERM: going"):
        Hook([str(script(folder, "echo going; kill -TERM $$"))], ENVIRON).alert(alarm())


def test_a_hanging_command_is_killed_at_the_deadline_with_all_it_started(folder: Path) -> None:
    body = (
        f'trap "" TERM; sleep 600 & echo $! > "{folder}/child"; echo $$ > "{folder}/self"; echo waiting; wait'
    )
    with pytest.raises(OutletError, match=r"did not end within 0\.5 s; it last said: waiting"):
        Hook([str(script(folder, body))], ENVIRON, deadline=0.5).alert(alarm())
    for name in ("child", "self"):
        wait_until(lambda name=name: not alive(pid_in(folder / name)), f"the end of {name}")


def test_a_command_that_forks_and_goes_leaves_nothing_behind_and_costs_no_time(folder: Path) -> None:
    body = f'(sleep 600; echo late) & echo $! > "{folder}/child"; echo done; exit 4'  # the child holds the output open
    started = time.monotonic()
    with pytest.raises(OutletError, match="exit code 4: done"):
        Hook([str(script(folder, body))], ENVIRON).alert(alarm())
    assert time.monotonic() - started < LONG / 2
    wait_until(lambda: not alive(pid_in(folder / "child")), "the end of the child")


def test_a_process_that_left_the_group_is_not_waited_for(folder: Path) -> None:
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        f"    os.setsid(); print(os.getpid(), file=open({str(folder / 'escaped')!r}, 'w')); time.sleep(600)\n"
        f"while not os.path.exists({str(folder / 'escaped')!r}): time.sleep(0.01)\n"
    )
    started = time.monotonic()
    assert Hook([sys.executable, "-c", code], ENVIRON).alert(alarm())
    assert time.monotonic() - started < LONG / 2
    os.kill(pid_in(folder / "escaped"), signal.SIGKILL)


def test_endless_output_is_neither_stored_nor_waited_for(folder: Path) -> None:
    hook = Hook([str(script(folder, "exec yes"))], ENVIRON, deadline=0.5)
    tracemalloc.start()
    try:
        with pytest.raises(OutletError, match=r"did not end within 0\.5 s; it last said: y"):
            hook.alert(alarm())
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_command_that_closes_its_output_is_waited_for_all_the_same(folder: Path) -> None:
    assert Hook([str(script(folder, f'exec >&- 2>&-; sleep 0.2; : > "{folder}/done"'))], ENVIRON).alert(
        alarm()
    )
    assert (folder / "done").exists()


def test_when_the_program_stops_a_running_command_is_ended_at_once(folder: Path) -> None:
    outlets = Outlets([Hook([str(script(folder, f'echo $$ > "{folder}/self"; sleep 600'))], ENVIRON)])
    outlets.alert(alarm())
    pid = pid_in(folder / "self")
    started = time.monotonic()
    outlets.close(last_words=0.0, timeout=LONG)
    assert time.monotonic() - started < LONG / 2
    wait_until(lambda: not alive(pid), "the end of the command")
    assert "outlet-hook" not in {thread.name for thread in threading.enumerate()}
    assert "was ended because uprightd stops" in outlets.standings["hook"].trouble


def test_many_runs_leak_neither_descriptors_nor_zombies(folder: Path) -> None:
    hook = Hook([str(script(folder, "exit 0"))], ENVIRON)
    hook.alert(alarm())
    before, others = len(os.listdir("/dev/fd")), {child.pid for child in psutil.Process().children()}
    for _ in range(5):
        hook.alert(alarm())
    assert len(os.listdir("/dev/fd")) == before
    assert {child.pid for child in psutil.Process().children()} <= others, "one that ended is waited for"


# ---- which files are run -----------------------------------------------------------------------------------


def test_a_name_is_found_on_path_and_a_full_path_is_taken_as_it_is(folder: Path) -> None:
    file = script(folder, "exit 0")
    assert vetted("hook", str(folder)) == str(file)
    assert vetted(str(file), "") == str(file)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("no-such-program", "no program no-such-program on PATH"),
        ("./hook", "relative path"),
        ("/nonexistent/hook", "cannot be read: No such file"),
        ("/", "is not a file"),
        ("/dev/null", "is not a file"),
        ("/a\0b", "cannot be read"),
    ],
)
def test_what_is_no_program_is_refused_in_words(program: str, words: str) -> None:
    with pytest.raises(OutletError, match=words):
        Hook([program], ENVIRON).alert(alarm())


def test_a_file_that_is_not_executable_is_refused(folder: Path) -> None:
    file = script(folder, "exit 0")
    file.chmod(0o644)
    with pytest.raises(OutletError, match=f"not executable: run chmod u\\+x {file}"):
        Hook([str(file)], ENVIRON).alert(alarm())


@pytest.mark.parametrize("mode", [0o757, 0o775])
def test_a_file_that_others_may_change_is_refused_even_behind_a_link(mode: int, folder: Path) -> None:
    file = script(folder, f': > "{folder}/ran"')
    file.chmod(mode)
    link = folder / "link"
    link.symlink_to(file)
    for program in (file, link):
        with pytest.raises(OutletError, match="may be changed by others"):
            Hook([str(program)], ENVIRON).alert(alarm())
    assert not (folder / "ran").exists()


def test_a_file_in_a_folder_open_to_all_is_refused(folder: Path) -> None:
    inner = folder / "open" / "inner"
    inner.mkdir(parents=True)
    file = script(inner, "exit 0")
    (folder / "open").chmod(0o777)
    with pytest.raises(OutletError, match=f"lies in {folder}/open, where anybody"):
        Hook([str(file)], ENVIRON).alert(alarm())
    link = folder / "open" / "link"
    link.symlink_to(script(folder, "exit 0"))
    with pytest.raises(OutletError, match="where anybody"):
        Hook([str(link)], ENVIRON).alert(alarm())
    (folder / "open").chmod(0o1777)
    assert Hook([str(file)], ENVIRON).alert(alarm()), "a sticky folder keeps others' hands off"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_another_user_is_refused(folder: Path) -> None:
    file = script(folder, "exit 0")
    os.chown(file, 12345, -1)
    with pytest.raises(OutletError, match="another user"):
        Hook([str(file)], ENVIRON).alert(alarm())


def test_links_in_a_circle_are_refused(folder: Path) -> None:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    with pytest.raises(OutletError, match="cannot be read"):
        Hook([str(folder / "a")], ENVIRON).alert(alarm())


def test_a_file_that_is_no_program_says_so(folder: Path) -> None:
    file = folder / "hook"
    file.write_bytes(b"\x00\x01\x02")
    file.chmod(0o755)
    with pytest.raises(OutletError, match="cannot be started: Exec format error"):
        Hook([str(file)], ENVIRON).alert(alarm())


def test_a_nul_among_the_arguments_is_an_error_in_words(folder: Path) -> None:
    environ: Mapping[str, str] = ENVIRON
    with pytest.raises(OutletError, match="cannot be started: embedded null byte"):
        Hook([str(script(folder, "exit 0")), "a\0b"], environ).alert(alarm())
