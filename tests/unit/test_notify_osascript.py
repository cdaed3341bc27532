"""The macOS fallback, run against a stand-in `osascript` on PATH."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification
from uprightd.notify.osascript import OsascriptNotifier

NECK = Notification("Neck bent forward 52°", "Limit 46°.", Severity.WARN)


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, for an `osascript` of the test's own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put(folder: Path, body: str) -> None:
    script = folder / "osascript"
    script.write_text(f"#!{sys.executable}\nimport json, sys, time\n{body}\n")
    script.chmod(0o755)


def test_the_text_travels_as_arguments_and_never_inside_the_script(stand_in: Path) -> None:
    put(stand_in, f"open({str(stand_in / 'argv')!r}, 'w').write(json.dumps(sys.argv[1:]))")
    hostile = Notification('" & do shell script "id" & "', "-e quit\\", Severity.WARN)
    assert OsascriptNotifier().send(hostile).status is Delivery.DELIVERED
    argv = json.loads((stand_in / "argv").read_text())
    script = [line for option, line in zip(argv[:-3:2], argv[1:-3:2], strict=True) if option == "-e"]
    assert script[0] == "on run argv"
    assert not any("shell" in line or "quit" in line for line in script)
    assert argv[-3:] == ["uprightd", hostile.title, hostile.body]


def test_option_parsing_ends_before_a_title_that_looks_like_an_option(stand_in: Path) -> None:
    put(
        stand_in,
        "import getopt\n"
        f"open({str(stand_in / 'argv')!r}, 'w').write(json.dumps(getopt.getopt(sys.argv[1:], 'e:il:s:')[1]))",
    )
    OsascriptNotifier().send(Notification("-i", "-l JavaScript", Severity.WARN))
    assert json.loads((stand_in / "argv").read_text()) == ["uprightd", "-i", "-l JavaScript"]


def test_without_osascript_it_is_unavailable(stand_in: Path) -> None:
    outcome = OsascriptNotifier().send(NECK)
    assert (outcome.status, outcome.detail) == (Delivery.UNAVAILABLE, "osascript is not there")


def test_its_error_becomes_the_reason(stand_in: Path) -> None:
    put(stand_in, "sys.stderr.write('0:5: syntax error (-2741)\\nmore\\n'); sys.exit(1)")
    outcome = OsascriptNotifier().send(NECK)
    assert (outcome.status, outcome.detail) == (Delivery.FAILED, "osascript: 0:5: syntax error (-2741)")


def test_a_silent_failure_names_the_exit_code(stand_in: Path) -> None:
    put(stand_in, "sys.exit(3)")
    assert OsascriptNotifier().send(NECK).detail == "osascript: exit code 3"


def test_a_hanging_osascript_is_ended_at_the_deadline(stand_in: Path) -> None:
    put(stand_in, "time.sleep(60)")
    started = time.monotonic()
    outcome = OsascriptNotifier(deadline=0.3).send(NECK)
    assert time.monotonic() - started < 10
    assert (outcome.status, outcome.detail) == (Delivery.FAILED, "osascript did not answer within 0.3 s")


def test_a_file_that_is_no_program_is_a_failed_outcome(stand_in: Path) -> None:
    (stand_in / "osascript").write_text("#!/nonexistent/interpreter\n")
    (stand_in / "osascript").chmod(0o755)
    assert OsascriptNotifier().send(NECK).status in (Delivery.FAILED, Delivery.UNAVAILABLE)
