"""`uprightd run` as a real daemon on real video: what it prints is stored, and nothing that dies takes it along."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.terminal import Event, Running, Terminal, alive, gone

from uprightd.metrics.definitions import METRICS
from uprightd.store.schema import PARTS

KILLS = 20
DEMO_RULES = "sampling: {fps: 5}\nrules: {packs: [demo]}\n"
MINE = """name: mine
rules:
  - id: {id}
    metric: neck_flexion
    operator: ">"
    threshold: {threshold}
    for: 1s
    message: "Sit up."
"""


def stored(database: Path, query: str) -> list[dict[str, Any]]:
    """Given a log and a query, return its rows."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


Stage = Callable[[Terminal, Path], Running]


def child_of(terminal: Terminal, running: Running) -> int:
    """Return the process id of the daemon's capture process."""
    return running.until(lambda: terminal.status()["camera"]["pid"])


# ---- what it prints and what it stores ---------------------------------------------------------------------


def test_what_is_printed_is_stored_and_the_same_file_gives_the_same_alerts(
    terminal: Terminal, clip: Path
) -> None:
    config = terminal.write("demo.yaml", DEMO_RULES)
    command = ("run", "--json", "--fast", "--source", clip, "--config", config)
    first, second = (terminal.run(*command) for _ in range(2))
    assert (first.code, second.code) == (0, 0), first.err + second.err

    for run_id, done in enumerate((first, second), 1):
        printed = [event for event in done.events if event["event"] == "sample"]
        rows = stored(terminal.database, f"SELECT * FROM samples WHERE run_id = {run_id} ORDER BY id")
        assert len(printed) == len(rows) == 40
        for sample, row in zip(printed, rows, strict=True):
            assert sample["row"] == row["id"]
            assert sample["at"] == pytest.approx(row["at_ms"] / 1000, abs=0.002)
            for name in ("posture", "view", "position"):
                assert sample[name] == row[name]
            stored_values = {name: row[name] / PARTS for name in METRICS if row[name] is not None}
            assert sample["values"] == stored_values
            assert set(sample["missing"]) == set(METRICS) - set(sample["values"])
        alerts = [event for event in done.events if event["event"] == "alert"]
        rows = stored(terminal.database, f"SELECT * FROM alerts WHERE run_id = {run_id} ORDER BY id")
        assert alerts, "the clip's flexed neck raises one"
        assert [(alert["rule"], alert["reason"], alert["start"]) for alert in alerts] == [
            (row["rule"], row["reason"], row["position"]) for row in rows
        ]
        assert {row["outcome"] for row in rows} == {"console"}, "no desktop here, and said so"
        assert done.err.count("[no desktop notification]") == len(alerts)

    def timeless(events: list[Event]) -> list[Event]:
        # A notification comes back whenever the notifier is done with it.
        seen = [event for event in events if event["event"] in ("sample", "alert", "state")]
        return [{name: value for name, value in event.items() if name not in ("at", "row")} for event in seen]

    assert timeless(first.events) == timeless(second.events)


def test_the_capture_process_killed_is_one_notice_and_the_samples_go_on(
    terminal: Terminal, long_clip: Path
) -> None:
    running = terminal.watch(long_clip, "--fps", "5")
    running.samples(2)
    for count, number in enumerate((signal.SIGKILL, signal.SIGSEGV), 1):
        child = child_of(terminal, running)
        os.kill(child, number)
        seen = len(running.rows)
        running.samples(seen + 3)
        notices = [event["text"] for event in running.of("notice") if number.name in event["text"]]
        assert len(notices) == 1
        assert "camera process died" in notices[0]
        status = terminal.status()
        assert status["camera"]["restarts"] == count
        assert status["camera"]["pid"] not in (None, child)
        assert status["state"] == "watching"
    positions = [sample["position"] for sample in running.of("sample")]
    assert positions == sorted(set(positions)), "the file goes on where it was"
    assert running.ended_by(signal.SIGTERM)[0] == 0
    assert running.err == ""


def killed(terminal: Terminal, source: Path, times: int, seed: int) -> tuple[list[int], int]:
    """Start a daemon and kill it after some samples, again and again; return all rows it acknowledged, and how many
    of its capture processes outlived it by more than two seconds."""
    chance, acknowledged, orphans = random.Random(seed), [], 0
    for _ in range(times):
        running = terminal.watch(source, "--fast", "--fps", "5")
        running.samples(1)
        child = terminal.status()["camera"]["pid"]
        running.samples(chance.randint(2, 40))
        code, _ = running.ended_by(signal.SIGKILL)
        assert code == -signal.SIGKILL
        acknowledged += running.rows
        orphans += not gone(child, within=2.0) if child else 0
    return acknowledged, orphans


def test_twenty_kills_lose_no_acknowledged_row_and_leave_no_orphan(long_clip: Path) -> None:
    terminals = [Terminal(), Terminal()]  # one for each core
    try:
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(
                pool.map(lambda it: killed(it[1], long_clip, KILLS // 2, it[0]), enumerate(terminals))
            )
        for terminal, (acknowledged, orphans) in zip(terminals, outcomes, strict=True):
            assert orphans == 0
            assert len(acknowledged) == len(set(acknowledged)) >= KILLS
            assert stored(terminal.database, "PRAGMA quick_check") == [{"quick_check": "ok"}]
            rows = {row["id"] for row in stored(terminal.database, "SELECT id FROM samples")}
            assert set(acknowledged) <= rows
            assert len(rows) <= len(acknowledged) + KILLS // 2, "at most the row under way at each kill"
            assert list(terminal.database.parent.glob("*.corrupt-*")) == []
            assert terminal.run("report", "--json").code == 0
    finally:
        for terminal in terminals:
            terminal.close()


# ---- pausing, stopping -------------------------------------------------------------------------------------


def test_a_pause_releases_the_camera_and_ends_by_word_or_by_itself(
    terminal: Terminal, long_clip: Path
) -> None:
    running = terminal.watch(long_clip, "--fps", "5")
    running.samples(2)
    child = child_of(terminal, running)

    refused = terminal.run("pause", "soon")
    assert (refused.code, refused.out) == (64, "")
    assert refused.err.startswith("uprightd: 'soon': expected ")
    assert "uprightd pause 30m" in refused.err

    paused = terminal.run("pause", "--json")
    assert (paused.code, paused.json["state"]) == (0, "paused")
    assert gone(child, within=2.0), "the camera's light is still on"
    assert terminal.status()["camera"]["pid"] is None
    assert "playing" not in terminal.run("status").out
    rows = len(running.rows)
    time.sleep(0.6)
    assert len(running.rows) == rows

    assert terminal.run("resume").code == 0
    running.samples(rows + 2)
    assert terminal.status()["state"] == "watching"

    assert terminal.run("pause", "1s").code == 0
    rows = len(running.rows)
    running.samples(rows + 2)
    assert [state["state"] for state in running.of("state")] == [
        *("watching", "paused", "watching", "paused", "watching")
    ]

    began = time.monotonic()
    stopped = terminal.run("stop", "--json")
    assert (stopped.code, stopped.json) == (0, {"stopped": running.pid})
    assert time.monotonic() - began < 5.0
    assert running.ended() == 0
    assert running.err == ""
    [run] = stored(terminal.database, "SELECT * FROM runs")
    assert run["ended_ms"] is not None


def hang(terminal: Terminal, long_clip: Path) -> Running:
    """A source whose opening never returns: nobody writes to this pipe."""
    pipe = terminal.here / "pipe.mp4"
    os.mkfifo(pipe)
    running = terminal.watch(pipe)
    running.until(lambda: running.of("notice"))
    child_of(terminal, running)
    return running


def loading(terminal: Terminal, long_clip: Path) -> Running:
    running = terminal.watch(long_clip)
    running.until(lambda: running.of("notice"))  # which backend: said before the model loads
    return running


def sampling(terminal: Terminal, long_clip: Path) -> Running:
    running = terminal.watch(long_clip, "--fps", "5")
    running.samples(2)
    return running


def paused(terminal: Terminal, long_clip: Path) -> Running:
    running = sampling(terminal, long_clip)
    assert terminal.run("pause").code == 0
    return running


def degraded(terminal: Terminal, long_clip: Path) -> Running:
    running = terminal.watch("9")
    running.until(lambda: running.of("state"))
    return running


def writing(terminal: Terminal, long_clip: Path) -> Running:
    """A write that waits: another program holds the log."""
    running = sampling(terminal, long_clip)
    holder = sqlite3.connect(terminal.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    rows = len(running.rows)
    time.sleep(0.5)
    assert len(running.rows) <= rows + 1
    running.holder = holder  # type: ignore[attr-defined]  # holds on until the test has ended
    return running


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        (loading, signal.SIGTERM),
        (sampling, signal.SIGINT),
        (paused, signal.SIGHUP),
        (degraded, signal.SIGTERM),
        (hang, signal.SIGTERM),
        (writing, signal.SIGTERM),
    ],
)
def test_a_request_to_end_is_met_within_five_seconds_whatever_is_under_way(
    stage: Stage, number: signal.Signals, terminal: Terminal, long_clip: Path
) -> None:
    """SIGTERM comes from the service's manager, SIGINT from ctrl-C, SIGHUP from a terminal that is closed."""
    running = stage(terminal, long_clip)
    child = terminal.status()["camera"]["pid"] if stage is not loading else None
    code, seconds = running.ended_by(number)
    assert code == 0, running.err
    assert seconds < 5.0
    assert child is None or not alive(child)
    assert "Traceback" not in running.err
    assert not (terminal.home / "run" / "control.sock").exists()
    if stage is not writing:
        [run] = stored(terminal.database, "SELECT * FROM runs")
        assert run["ended_ms"] is not None


# ---- one at a time -----------------------------------------------------------------------------------------


def test_a_second_daemon_names_the_first_and_a_killed_one_is_in_nobody_s_way(
    terminal: Terminal, long_clip: Path
) -> None:
    first = terminal.watch(long_clip)
    first.samples(1)
    child = child_of(terminal, first)
    second = terminal.run("run", "--source", long_clip)
    assert (second.code, second.out) == (75, "")
    assert f"uprightd: another uprightd runs (pid {first.pid}, since " in second.err
    assert "uprightd stop" in second.err
    assert terminal.status()["pid"] == first.pid, "the first one goes on"

    first.ended_by(signal.SIGKILL)
    assert gone(child, within=2.0)
    assert terminal.run("status").code == 69

    third = terminal.watch(long_clip)
    third.samples(1)
    assert terminal.status()["pid"] == third.pid
    assert third.ended_by(signal.SIGTERM)[0] == 0


def test_a_home_with_a_long_path_still_has_its_socket(terminal: Terminal, long_clip: Path) -> None:
    environment = {"UPRIGHTD_HOME": str(terminal.root / ("long" * 30))}
    running = terminal.watch(long_clip, environment=environment)
    running.samples(1)
    done = terminal.run("status", "--json", environment=environment)
    assert (done.code, done.json["pid"]) == (0, running.pid)
    assert terminal.run("stop", environment=environment).code == 0
    assert running.ended() == 0


# ---- privacy -----------------------------------------------------------------------------------------------

PICTURES = (
    b"\x89PNG\r\n",
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1",
    b"\xff\xd8\xff\xdb",
    b"GIF8",
    b"WEBPVP8",
    b"II*\x00",
    b"MM\x00*",
    b"ftypisom",
    b"ftypmp4",
    b"AVI LIST",
)
"""How pictures and videos begin. Looked for anywhere in a file, so that none hides in a database."""
FRAME_BYTES = 240 * 426
"""One byte for each pixel of a frame: nothing as large as a raw picture is in a short log."""


def everything_under(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def open_to_others(paths: list[Path]) -> dict[Path, str]:
    """Given files, folders and sockets, return those with a mode other than 0600 and 0700."""
    modes = {it: stat.S_IMODE(it.stat().st_mode) for it in paths}
    return {it: oct(mode) for it, mode in modes.items() if mode != (0o700 if it.is_dir() else 0o600)}


def test_no_picture_is_ever_written_and_everything_that_is_is_private(
    terminal: Terminal, long_clip: Path
) -> None:
    config = terminal.write("demo.yaml", DEMO_RULES)
    running = terminal.watch(long_clip, "--fast", "--config", config, umask=0o022)
    running.samples(60)
    kept = [it for root in (terminal.home, terminal.temporary) for it in everything_under(root)]
    assert {"control.sock", "uprightd.lock", "uprightd.db", "uprightd.db-wal", "uprightd.db-shm"} <= {
        it.name for it in kept
    }
    assert open_to_others(kept) == {}
    assert running.ended_by(signal.SIGTERM)[0] == 0
    assert terminal.run("report").code == 0
    assert terminal.run("pause").code == 69

    assert open_to_others([terminal.home, *everything_under(terminal.home)]) == {}
    kept = [it for it in everything_under(terminal.root) if it.is_file() and it != config]
    assert terminal.database in kept
    for path in kept:
        content = path.read_bytes()
        assert [magic for magic in PICTURES if magic in content] == [], path
        # The database grows with its rows; what mediapipe's libraries keep about the fonts here is theirs.
        assert (
            len(content) < FRAME_BYTES or path == terminal.database or terminal.root / "user" in path.parents
        )
    for table in ("samples", "alerts", "transitions", "runs"):
        for row in stored(terminal.database, f"SELECT * FROM {table}"):
            assert not [name for name, value in row.items() if isinstance(value, bytes)]
    assert {it.name for it in terminal.here.iterdir()} == {config.name}, "nothing is left where one stood"
    assert list(terminal.temporary.iterdir()) == []


WIRE = """
import os, sys

LOCAL = ("connect", "bind", "sendto", "sendmsg")

def watch(event, arguments):
    if not event.startswith("socket.") or event == "socket.__new__":
        return
    if event.split(".")[1] in LOCAL and isinstance(arguments[1], (str, bytes, type(None))):
        return  # a socket of this machine's own file system, or one that has its other end already
    with open(os.environ["WIRE"], "a") as file:
        file.write(f"{event} {arguments[1:]} {sys.argv}\\n")

sys.addaudithook(watch)
"""
"""Put on the path of every Python process as sitecustomize: writes down whoever reaches for the network."""


def no_network() -> list[str]:
    """Return what to run a command under so that it has no network at all, where this user may ask for that."""
    for words in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    return []


def test_it_needs_no_network_and_never_reaches_for_it(terminal: Terminal, clip: Path) -> None:
    wire = terminal.root / "wire"
    (terminal.root / "site").mkdir()
    (terminal.root / "site" / "sitecustomize.py").write_text(WIRE)
    path = os.pathsep.join(
        filter(None, [str(terminal.root / "site"), terminal.environment.get("PYTHONPATH", "")])
    )
    environment = {"PYTHONPATH": path, "WIRE": str(wire)}
    reach = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    subprocess.run([sys.executable, "-c", reach], env={**terminal.environment, **environment}, check=True)
    assert "127.0.0.1" in wire.read_text(), "the wire is not stretched"
    wire.unlink()

    config = terminal.write("demo.yaml", DEMO_RULES)
    command = ("run", "--json", "--fast", "--source", clip, "--config", config)
    running = terminal.start(*command, environment=environment, before=no_network())
    assert running.ended(60) == 0, running.err
    assert len(running.rows) == 40
    assert running.of("alert")
    assert not wire.exists(), wire.read_text()


# ---- edits at run time -------------------------------------------------------------------------------------


def test_a_bad_edit_of_a_rule_file_keeps_the_last_good_rules_and_a_good_one_is_taken(
    terminal: Terminal, long_clip: Path
) -> None:
    rules = terminal.write("mine.yaml", MINE.format(id="first", threshold=80))
    config = terminal.write("c.yaml", "rules:\n  packs: []\n  files: [mine.yaml]\n")
    running = terminal.watch(long_clip, "--config", config)
    running.samples(1)
    assert terminal.status()["rules"] == ["first"]

    terminal.write("mine.yaml", MINE.format(id="second", threshold="high"))
    fault = running.until(lambda: terminal.status()["settings_fault"])
    assert fault.startswith(f"{rules}:6: rules[0].threshold: ")
    assert terminal.status()["rules"] == ["first"]
    assert fault in terminal.run("status").out
    told = [event["text"] for event in running.of("notice") if "threshold" in event["text"]]

    terminal.write("mine.yaml", MINE.format(id="third", threshold=81))
    running.until(lambda: terminal.status()["rules"] == ["third"])
    assert terminal.status()["settings_fault"] == ""
    assert len(told) == 1
    assert running.ended_by(signal.SIGTERM)[0] == 0
    assert "Traceback" not in running.err
