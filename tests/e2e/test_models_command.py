"""`uprightd models` as a person uses it, against a hub on this machine."""

from __future__ import annotations

import json
import os
import pty
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.hub import FakeHub, weights
from tests.fakes.terminal import COMMAND, Finished, Terminal

from uprightd.weights.catalogue import entry
from uprightd.weights.licence import SAPIENS2_LICENCE

POSE = entry("pose", "0.4b")
LINK = SAPIENS2_LICENCE.link


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(commit=POSE.revision).running() as hub:
        yield hub


@pytest.fixture
def terminal(terminal: Terminal, hub: FakeHub) -> Terminal:
    terminal.environment["HF_ENDPOINT"] = hub.endpoint
    return terminal


def models(terminal: Terminal) -> Path:
    return terminal.home / "data" / "models"


def file(terminal: Terminal) -> Path:
    return models(terminal) / POSE.name / POSE.file


def fetch(terminal: Terminal, *options: str) -> Finished:
    return terminal.run("models", "fetch", "--accept-license", *options)


def typed(terminal: Terminal, answer: str, *arguments: str) -> tuple[int, str]:
    """Run a command at a terminal, type the answer to its question; return its exit code and all it showed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=terminal.here,
        env=terminal.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = bytearray()
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # Linux says the other side is gone, macOS sends an end
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(30), shown.decode().replace("\r\n", "\n")


def test_on_a_fresh_machine_the_list_says_what_there_is_and_under_which_licence(terminal: Terminal) -> None:
    shown = terminal.run("models", "list")
    assert shown.code == 0, shown.err
    assert shown.out.count("not here") == 18
    assert "1.70 GB" in shown.out
    assert f"Sapiens2 License: not accepted yet  {LINK}" in shown.out
    told = terminal.run("models", "list", "--json").json
    assert told["licences"][0]["accepted_at"] is None
    assert [it["state"] for it in told["models"]] == ["not here"] * 18
    assert told["models"][0]["pinned_revision"] == POSE.revision
    assert not models(terminal).exists(), "looking makes nothing"


def test_without_a_terminal_the_licence_is_never_assumed(terminal: Terminal, hub: FakeHub) -> None:
    done = terminal.run("models", "fetch")
    assert done.code == 64
    assert "--accept-license" in done.err
    assert "surveillance" in done.err
    assert LINK in done.err
    assert hub.requests == []
    assert not models(terminal).exists()


def test_fetch_shows_the_licence_once_and_brings_a_checked_file(terminal: Terminal, hub: FakeHub) -> None:
    done = fetch(terminal)
    assert done.code == 0, done.err
    assert done.out == f"{file(terminal)}: fetched and intact\n"
    assert "biometric processing" in done.err
    assert "\r" not in done.err, "no progress bar without a terminal"
    assert file(terminal).read_bytes() == hub.content
    accepted = json.loads((models(terminal) / "licence.json").read_text())["accepted"][0]
    assert accepted["licence"] == "Sapiens2 License"
    for path in (models(terminal), *models(terminal).rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    again = terminal.run("models", "fetch", "--json")
    assert again.code == 0, again.err
    assert "biometric" not in again.err
    assert (again.json[0]["came_bytes"], again.json[0]["revision"]) == (0, POSE.revision)

    shown = terminal.run("models", "list")
    assert f"installed (hub {POSE.revision[:7]}), found intact on 20" in shown.out
    assert f"accepted on {accepted['accepted_at'][:10]}" in shown.out
    assert terminal.run("models", "verify").out == f"✓ {POSE.name}/{POSE.file}: ok\n"


def test_at_a_terminal_yes_has_to_be_typed(terminal: Terminal, hub: FakeHub) -> None:
    for answer in ("no\n", "y\n", "\n"):
        code, shown = typed(terminal, answer, "models", "fetch")
        assert code == 64
        assert "was not accepted, so nothing was done" in shown
        assert LINK in shown
    assert hub.requests == []
    assert not models(terminal).exists()
    code, shown = typed(terminal, "Yes\n", "models", "fetch")
    assert code == 0, shown
    assert "100%" in shown, "progress is drawn at a terminal"
    assert file(terminal).read_bytes() == hub.content


def test_several_tasks_come_in_one_command(terminal: Terminal, hub: FakeHub) -> None:
    hub.faithless = True  # whatever commit is asked for
    done = fetch(terminal, "--task", "pointmap", "--task", "pointmap", "--size", "1b", "--json")
    assert done.code == 0, done.err
    assert [it["name"] for it in done.json] == ["sapiens2-1b-pointmap"]
    assert "pinned" in done.err


def test_a_fetch_that_is_killed_goes_on_where_it_stopped(terminal: Terminal, hub: FakeHub) -> None:
    hub.content, hub.delay = weights(65536), 0.02
    running = terminal.start("models", "fetch", "--accept-license")
    folder = file(terminal).parent
    begun = running.until(lambda: [it for it in folder.glob("*.part") if it.stat().st_size > 20_000])
    running.ended_by(signal.SIGKILL)
    have = begun[0].stat().st_size
    assert 20_000 < have < len(hub.content)
    assert terminal.run("models", "list", "--json").json["models"][0]["state"] == "not here"
    verified = terminal.run("models", "verify")
    assert verified.code == 0
    assert "unfinished\n    uprightd models fetch --size 0.4b --task pose" in verified.out
    hub.delay = 0.0
    done = terminal.run("models", "fetch")
    assert done.code == 0, done.err
    assert "going on at" in done.err
    assert hub.requests[-1].range == f"bytes={have}-"
    assert hub.requests[-1].bytes == len(hub.content) - have
    assert file(terminal).read_bytes() == hub.content


def test_two_commands_do_not_fetch_the_same_model(terminal: Terminal, hub: FakeHub) -> None:
    hub.delay = 0.4
    first = terminal.start("models", "fetch", "--accept-license")
    assert hub.file_began.wait(20)
    second = terminal.run("models", "fetch")
    assert second.code == 75
    assert "is being fetched" in second.err
    assert first.ended() == 0
    assert hub.file_bytes == len(hub.content)


def test_a_flipped_bit_is_found_and_mended_by_the_command_that_is_named(terminal: Terminal) -> None:
    assert fetch(terminal).code == 0
    content = bytearray(file(terminal).read_bytes())
    content[-1] ^= 1
    file(terminal).write_bytes(content)
    found = terminal.run("models", "verify")
    assert found.code == 65
    assert (
        f"✗ {POSE.name}/{POSE.file}: changed\n    uprightd models fetch --size 0.4b --task pose" in found.out
    )
    told = terminal.run("models", "verify", "--json")
    assert told.code == 65
    assert [(it["state"], it["ok"]) for it in told.json] == [("changed", False)]
    assert "changed: run uprightd models verify" in terminal.run("models", "list").out
    assert terminal.run("models", "fetch", "--size", "0.4b", "--task", "pose").code == 0
    assert terminal.run("models", "verify").code == 0


def test_weights_placed_by_hand_need_the_same_licence(terminal: Terminal, hub: FakeHub) -> None:
    own = terminal.here / "sapiens2_0.4b_pose.safetensors"
    own.write_bytes(weights())
    refused = terminal.run("models", "add", own)
    assert refused.code == 64
    assert "--accept-license" in refused.err
    done = terminal.run("models", "add", own, "--accept-license", "--json")
    assert done.code == 0, done.err
    assert done.json[0]["source"] == "by hand"
    assert file(terminal).read_bytes() == weights()
    assert "installed (by hand)" in terminal.run("models", "list").out
    assert hub.requests == []


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("add {here}/none", 65, "is not there"),
        ("add {here}/notes.txt --size 0.4b --task pose", 65, "not a safetensors file"),
        ("add {here}/notes.txt", 64, "--task"),
        ("add {here}", 65, "holds no .safetensors file"),
        ("fetch --size 2b", 64, "2b"),
        ("fetch --task hands", 64, "hands"),
    ],
)
def test_a_mistake_is_said_in_one_message(terminal: Terminal, arguments: str, code: int, says: str) -> None:
    (terminal.here / "notes.txt").write_text("no weights, but enough text to be a header\n" * 20)
    words = [word.format(here=terminal.here) for word in arguments.split()]
    done = terminal.run("models", words[0], "--accept-license", *words[1:])
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ({"served": b"<!doctype html><html>Log in"}, 65, "a web page"),
        ({"statuses": [(403, "GatedRepo")]}, 69, "HF_TOKEN"),
        ({"announced": 10**15}, 74, "free on this disk"),
    ],
    ids=["page", "gated", "no room"],
)
def test_a_failed_fetch_is_one_message_with_its_code(
    terminal: Terminal, hub: FakeHub, wrong: dict[str, object], code: int, says: str
) -> None:
    for name, value in wrong.items():
        setattr(hub, name, value)
    done = fetch(terminal)
    assert done.code == code
    assert says in done.err
    assert "Traceback" not in done.err
    assert not file(terminal).exists()


def test_without_a_network_the_error_names_the_hub_and_the_way_around_it(terminal: Terminal) -> None:
    done = terminal.run(
        "models", "fetch", "--accept-license", environment={"HF_ENDPOINT": "http://127.0.0.1:9"}
    )
    assert done.code == 69
    assert "http://127.0.0.1:9: no connection" in done.err
    assert "uprightd models add PATH" in done.err
