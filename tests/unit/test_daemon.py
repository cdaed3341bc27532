"""The daemon as one: its answers while the loop runs, its signals, and what it leaves behind when it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.loop import Around, Rig, open_log, rig

import uprightd
from uprightd.camera.source import parse_source
from uprightd.cli.status import status_text
from uprightd.domain import CameraState, Instant
from uprightd.errors import UsageError
from uprightd.paths import Paths
from uprightd.rules.snooze import Snooze
from uprightd.service.calibrated import Calibrated
from uprightd.service.composition import Assembly
from uprightd.service.control import ask
from uprightd.service.daemon import Daemon
from uprightd.service.settings import Settings
from uprightd.store.reading import LogReader
from uprightd.surroundings.findings import Findings

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(
        tmp_path / "config", tmp_path / "data", tmp_path / "cache", tmp_path / "logs", tmp_path / "run"
    )


def made(paths: Paths, lasts: float = 60.0, around: Around | None = None) -> tuple[Rig, Daemon]:
    setup = rig(paths.data, lasts=lasts, around=around)
    assembly = Assembly(setup.monitor, parse_source(0), "scripted", "a test", Calibrated((), ()))
    return setup, Daemon(assembly, Settings(None, paths.config_file), paths)


def answered(daemon: Daemon, command: str, **arguments: Any) -> dict[str, Any]:
    """Ask from another thread while the loop's own handles its inbox."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(daemon.answer, command, arguments)
        while not answer.done():
            daemon.monitor.inbox.wake.wait(0.01)
            daemon.monitor.inbox.handle()
        return answer.result()


def test_the_status_tells_everything_in_plain_data(paths: Paths) -> None:
    setup, daemon = made(paths)
    status = daemon.answer("status", {})
    assert json.loads(json.dumps(status, allow_nan=False)) == status
    assert (status["pid"], status["backend"], status["fps"]) == (os.getpid(), "scripted", 1.0)
    assert (status["rules"], status["settings_fault"]) == (["neck"], "")
    assert (status["state"], status["reason"], status["paused_until"]) == ("watching", "starting", None)
    assert Path(status["log"]) == paths.database
    setup.monitor._release()


def test_the_last_sample_is_part_of_the_status(paths: Paths) -> None:
    setup, daemon = made(paths, lasts=4.5)
    assert daemon.answer("status", {})["last"] is None
    daemon.monitor.run()
    status = daemon.answer("status", {})
    assert status["samples"] == status["detected"] == 5
    assert (status["last"]["posture"], status["last"]["view"]) == ("good", "sagittal-left")
    assert status["last"]["values"]["neck_flexion"] == 38.0
    assert status["running_s"] == setup.clock.elapsed
    assert (status["state"], status["reason"]) == ("watching", "someone in view")


@pytest.mark.parametrize("until", [None, "30m", "tomorrow"])
def test_a_pause_is_answered_with_the_state_after_it(until: str | None, paths: Paths) -> None:
    setup, daemon = made(paths)
    setup.camera.open()
    paused = answered(daemon, "pause", until=until)
    assert paused["state"] == "paused"
    assert not setup.camera.is_open
    assert (paused["paused_until"] is None) == (until is None)
    assert "uprightd resume" in paused["reason"] if until is None else "until" in paused["reason"]
    assert json.dumps(paused, allow_nan=False)
    resumed = answered(daemon, "resume")
    assert resumed["state"] == "watching"
    assert resumed["paused_until"] is None
    assert setup.camera.is_open
    setup.monitor._release()


@pytest.mark.parametrize("command", ["", "dance", "status ", "__init__", "Status"])
def test_an_unknown_command_is_refused_with_the_known_ones(command: str, paths: Paths) -> None:
    setup, daemon = made(paths)
    with pytest.raises(UsageError) as error:
        daemon.answer(command, {})
    for known in ("status", "pause", "resume", "stop"):
        assert known in error.value.hint
    setup.monitor._release()


@pytest.mark.parametrize("until", ["soon", "-1m", 17.5e9, [], True, {"a": 1}])
def test_a_pause_until_nonsense_is_refused_and_nothing_is_paused(until: object, paths: Paths) -> None:
    setup, daemon = made(paths)
    with pytest.raises(UsageError):
        answered(daemon, "pause", until=until)
    assert daemon.monitor.paused_until is None
    setup.monitor._release()


def test_the_camera_of_the_status_has_its_message_and_hint(paths: Paths) -> None:
    setup, daemon = made(paths, lasts=20.0)
    setup.clock.at(3.5, lambda: setattr(setup.camera, "state", CameraState.BUSY))
    daemon.monitor.run()
    camera = daemon.answer("status", {})["camera"]
    assert camera["state"] == "busy"
    assert camera["message"]
    assert camera["hint"]


def test_what_keeps_alerts_back_shows_in_the_status(paths: Paths) -> None:
    around = Around()
    setup, daemon = made(paths, around=around)
    status = daemon.answer("status", {})
    assert (status["hold"], status["snoozed"]) == ("", [])
    assert "silence" not in status_text(status)
    around.findings = Findings(call="a call")
    now = setup.clock.now()
    daemon.monitor.speech.snooze(now.wall + 900.0, "neck")
    status = daemon.answer("status", {})
    assert status["hold"] == "in a call"
    (snoozed,) = status["snoozed"]
    assert snoozed["rule"] == "neck"
    assert datetime.fromisoformat(snoozed["until"]).timestamp() == now.wall + 900.0
    assert json.loads(json.dumps(status, allow_nan=False)) == status
    shown = f"alerts are held while you are in a call; neck snoozed until {snoozed['until'][11:16]}"
    assert shown in status_text(status)
    daemon.monitor.speech.restraint.snooze(now, None)
    around.findings = Findings()
    status = daemon.answer("status", {})
    assert status["snoozed"][0] == {"rule": None, "until": None}
    assert "all rules snoozed until you lift it; neck snoozed until" in status_text(status)
    setup.clock.wait(threading.Event(), 901.0)
    assert [each["rule"] for each in daemon.answer("status", {})["snoozed"]] == [None], "what is over is gone"
    setup.monitor._release()


def test_a_locked_screen_shows_in_the_status_with_the_camera_released(paths: Paths) -> None:
    around = Around()
    setup, daemon = made(paths, lasts=20.0, around=around)
    setup.clock.at(5.5, lambda: setattr(around, "findings", Findings(lock="it")))
    daemon.monitor.run()
    status = daemon.answer("status", {})
    assert (status["state"], status["reason"]) == ("paused", "the screen is locked")
    assert status["paused_until"] is None
    assert status["camera"]["message"].endswith("is released")
    assert "paused: the screen is locked" in status_text(status)


def test_to_resume_behind_a_locked_screen_is_answered_with_what_still_pauses(paths: Paths) -> None:
    around = Around()
    setup, daemon = made(paths, around=around)
    around.findings = Findings(lock="it")
    assert answered(daemon, "pause", until="30m")["reason"].startswith("by you, until")
    resumed = answered(daemon, "resume")
    assert (resumed["state"], resumed["reason"]) == ("paused", "the screen is locked")
    assert not setup.camera.is_open
    setup.monitor._release()


def test_the_status_may_be_asked_while_the_loop_snoozes(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control socket's thread asks, and the loop's own gets its turn in the middle of the answer."""
    setup, daemon = made(paths)
    restraint, now = setup.monitor.speech.restraint, setup.clock.now()
    restraint.snooze(now, None, "neck")
    left = Snooze.left

    def interrupted(snooze: Snooze, at: Instant) -> float:
        restraint.snooze(now, None, "other")
        return left(snooze, at)

    monkeypatch.setattr(Snooze, "left", interrupted)
    assert [each["rule"] for each in daemon.answer("status", {})["snoozed"]] == ["neck"]
    setup.monitor._release()


def test_a_bad_settings_file_shows_in_the_status(paths: Paths) -> None:
    setup, daemon = made(paths)
    paths.config.mkdir()
    paths.config_file.write_text("sampling: {fps: fast}")
    daemon._jobs.reload()
    assert "config.yaml:1" in daemon.answer("status", {})["settings_fault"]
    setup.monitor._release()


# ---- run: socket, jobs and signals together -----------------------------------------------------------------


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_daemon_and_everything_is_released(number: signal.Signals, paths: Paths) -> None:
    setup, daemon = made(paths, lasts=600.0)
    before = handlers()
    setup.clock.at(5.5, lambda: os.kill(os.getpid(), number))
    daemon.run()
    assert setup.clock.elapsed < 600, "it did not run to its end"
    assert handlers() == before, "the signals are given back"
    assert not setup.camera.is_open
    assert setup.model.closed == 1
    assert not paths.socket.exists()
    open_log(paths.data, setup.clock).close()


INTERRUPTED = """
import os, signal, sys
from pathlib import Path
from tests.unit.test_daemon import Paths, made

root = Path(sys.argv[1])
setup, daemon = made(Paths(root, root / "data", root, root, root / "run"), lasts=1e9)

def in_the_middle_of_waiting():
    with setup.monitor.inbox.wake._cond:
        os.kill(os.getpid(), signal.SIGTERM)

setup.clock.at(5.5, in_the_middle_of_waiting)
daemon.run()
print("ended")
"""


def test_a_signal_that_interrupts_the_loop_in_the_middle_of_anything_ends_it(tmp_path: Path) -> None:
    """F34. A handler that takes a lock the interrupted code holds would wait for ever."""
    checkout = Path(__file__).parents[2]
    search = [str(Path(uprightd.__file__).parents[1]), str(checkout)]
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search)},
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


def test_it_answers_on_its_socket_while_the_loop_runs_and_stops_when_told(paths: Paths) -> None:
    setup, daemon = made(paths, lasts=600.0)
    heard: dict[str, dict[str, Any]] = {}

    def visit() -> None:
        for command in ("status", "pause", "resume", "stop"):
            heard[command] = ask(paths.socket, command)

    visitor = threading.Thread(target=visit)
    real_wait: Callable[..., bool] = setup.clock.wait

    def wait(wake: threading.Event, seconds: float) -> bool:
        """Time stands still until the visitor has said something new, or has gone."""
        if setup.clock.elapsed == 3.0 and not visitor.ident:
            visitor.start()
        return wake.wait(0.01) if visitor.is_alive() else real_wait(wake, seconds)

    setup.clock.wait = wait  # type: ignore[method-assign]
    daemon.run()
    visitor.join(10)
    assert [heard[command]["state"] for command in ("status", "pause", "resume")] == [
        "watching",
        "paused",
        "watching",
    ]
    assert heard["stop"]["pid"] == os.getpid()
    assert setup.clock.elapsed < 10


def test_what_the_log_has_to_say_about_its_opening_is_told(paths: Paths) -> None:
    """F14: a damaged log that was moved aside must not be found out by chance."""
    paths.data.mkdir(parents=True)
    paths.database.write_bytes(os.urandom(20_000))
    setup, daemon = made(paths, lasts=3.5)
    assert setup.log.notices
    daemon.run()
    assert any("corrupt" in notice for notice in setup.witness.notices)
    assert any("corrupt" in told.body for told in setup.notifier.sent)


def test_what_another_command_did_is_logged_by_the_daemon(paths: Paths) -> None:
    setup, daemon = made(paths)
    facts = {"purpose": "weights", "address": "https://hub.example"}
    assert answered(daemon, "record", what="contact", facts=facts) == {"what": "contact"}
    with LogReader.open(paths.database) as reader:
        assert [each.address for each in reader.contacts()] == ["https://hub.example"]
    setup.monitor._release()


def test_the_daemon_forgets_and_goes_on_with_its_run(paths: Paths) -> None:
    setup, daemon = made(paths)
    setup.log.add_contact("weights", "https://hub.example", setup.clock.now())
    gone = answered(daemon, "forget", tables=["contacts", "samples"], days=None)
    assert (gone["contacts"], gone["samples"], gone["runs"]) == (1, 0, 0)
    setup.monitor.run()
    assert setup.monitor.counts.samples > 0
    with LogReader.open(paths.database) as reader:
        assert reader.counts()["samples"] == setup.monitor.counts.samples


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"tables": ["runs"], "days": None},
        {"tables": ["samples; DROP TABLE runs"], "days": None},
        {"tables": [], "days": None},
        {"tables": ["samples"], "days": [1]},
        {"tables": ["samples"], "days": [1, "2"]},
        {"tables": [["samples"]], "days": None},
    ],
)
def test_nothing_else_can_be_forgotten_through_the_socket(paths: Paths, arguments: dict[str, Any]) -> None:
    setup, daemon = made(paths)
    with pytest.raises(UsageError):
        answered(daemon, "forget", **arguments)
    setup.monitor._release()


def test_whom_the_settings_let_it_speak_to_is_noted_when_the_daemon_starts(paths: Paths) -> None:
    paths.config.mkdir(parents=True)
    paths.config_file.write_text("outlets:\n  mqtt_host: broker.example\n", encoding="utf-8")
    _, daemon = made(paths, lasts=2.0)
    daemon.run()
    with LogReader.open(paths.database) as reader:
        assert [each.address for each in reader.contacts()] == ["broker.example:1883"]
