"""Whatever is wrong: one message that names it, a next step, the right exit code, nothing lost, and soon."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from tests.fakes.terminal import POWERLESS, Finished, Terminal

from uprightd.clock import SystemClock
from uprightd.paths import shipped_clip
from uprightd.store.log import Log

SOON = 3.0
"""Seconds any refusal may take, whatever else the machine does; on an idle one they take about a third of one."""
WITH_A_MODEL = 15.0
"""The same for a refusal that only the pose model can give."""

Make = Callable[[Terminal], None]


@dataclasses.dataclass(frozen=True)
class Case:
    """A mistake: what is there, the command, the exit code, what the message must contain, and the next step."""

    name: str
    command: str
    code: int
    says: tuple[str, ...]
    hint: str
    make: Make = lambda terminal: None
    powerless: bool = False
    within: float = SOON

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def file(name: str, content: str | bytes, mode: int = 0o600) -> Make:
    """Return the maker of a file of the user's."""

    def make(terminal: Terminal) -> None:
        path = terminal.here / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)

    return make


def folder(name: str, mode: int = 0o700) -> Make:
    return lambda terminal: (terminal.here / name).mkdir(mode=mode)


def picture(name: str, size: tuple[int, int] = (640, 480), grain: int = 0) -> Make:
    """Return the maker of a picture with nobody in it: even grey, or with `grain`, noise under a bright sky."""

    def make(terminal: Terminal) -> None:
        image = (
            Image.effect_noise(size, grain).convert("RGB") if grain else Image.new("RGB", size, (120,) * 3)
        )
        if grain:
            image.paste((150, 180, 220), (0, 0, size[0], size[1] // 2))
        image.save(terminal.here / name)

    return make


def person(name: str) -> Make:
    """Return the maker of a picture that shows somebody: a frame of the clip."""

    def make(terminal: Terminal) -> None:
        from uprightd import opencv

        reader = opencv.load().VideoCapture(str(shipped_clip()))
        _, image = reader.read()
        reader.release()
        Image.fromarray(image[..., ::-1]).save(terminal.here / name)

    return make


def first_bytes_of_the_clip(terminal: Terminal) -> None:
    (terminal.here / "cut.mp4").write_bytes(shipped_clip().read_bytes()[:20_000])


def wrong_usual_settings(terminal: Terminal) -> None:
    (terminal.home / "config").mkdir(parents=True)
    (terminal.home / "config" / "config.yaml").write_text("fps: 1\n")


def home_is_a_file(terminal: Terminal) -> None:
    terminal.home.write_text("precious")


def unreadable_folder(terminal: Terminal) -> None:
    picture("1.png")(terminal)
    (terminal.here / "closed").mkdir()
    (terminal.here / "1.png").rename(terminal.here / "closed" / "1.png")
    (terminal.here / "closed").chmod(0)


def unwritable_data(terminal: Terminal) -> None:
    terminal.database.parent.mkdir(parents=True)
    terminal.database.parent.chmod(0o500)


def garbage_log(terminal: Terminal) -> None:
    terminal.database.parent.mkdir(parents=True)
    terminal.database.write_bytes(os.urandom(20_000))


def newer_log(terminal: Terminal) -> None:
    good_log(terminal)
    with closing(sqlite3.connect(terminal.database)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA user_version = 999")


def foreign_log(terminal: Terminal) -> None:
    terminal.database.parent.mkdir(parents=True)
    with closing(sqlite3.connect(terminal.database)) as database:
        database.execute("CREATE TABLE somebody_elses (row)")


def good_log(terminal: Terminal) -> None:
    clock = SystemClock()
    with Log.open(terminal.database, metrics=("neck_flexion",), clock=clock) as log:
        log.begin_run("test", "none", clock.now(), 1.0)


def unwritable_log(terminal: Terminal) -> None:
    good_log(terminal)
    terminal.database.chmod(0o400)


def unreadable_log(terminal: Terminal) -> None:
    good_log(terminal)
    terminal.database.chmod(0)


def both(*makers: Make) -> Make:
    def make(terminal: Terminal) -> None:
        for each in makers:
            each(terminal)

    return make


EMPTY_VIDEO = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08moov"
BIG = "log:\n" + "".join(f"  key_{number}: {number}\n" for number in range(120_000))
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nrules:\n  packs: *b\n"
RULE = """name: mine
rules:
  - id: one
    metric: {metric}
    operator: ">"
    threshold: {threshold}
    for: 1s
    message: "Sit up."
"""


def settings(name: str, text: str | bytes, says: str, hint: str = "uprightd config check") -> Case:
    """A mistake in the settings file, said with its line."""
    return Case(
        f"settings {name}",
        "config check {here}/c.yaml",
        78,
        (f"{{here}}/c.yaml{says}",),
        hint,
        file("c.yaml", text),
    )


CASES = [
    # ---- sources
    Case("video not there", "run --source {here}/a.mp4", 65, ("{here}/a.mp4",), "Expected"),
    Case(
        "text as video",
        "run --source {here}/a.mp4",
        65,
        ("{here}/a.mp4",),
        "mp4, mov",
        file("a.mp4", "hello\n"),
    ),
    Case(
        "empty file as video",
        "run --source {here}/a.mp4",
        65,
        ("{here}/a.mp4", "empty"),
        "mp4, mov",
        file("a.mp4", ""),
    ),
    Case(
        "video without a frame",
        "run --source {here}/a.mp4",
        65,
        ("{here}/a.mp4",),
        "mp4, mov",
        file("a.mp4", EMPTY_VIDEO),
    ),
    Case(
        "video cut off",
        "run --source {here}/cut.mp4",
        65,
        ("{here}/cut.mp4",),
        "mp4, mov",
        first_bytes_of_the_clip,
    ),
    Case(
        "video that may not be read",
        "run --source {here}/a.mp4",
        77,
        ("{here}/a.mp4",),
        "chmod u+r",
        file("a.mp4", "x", 0),
        True,
    ),
    Case(
        "folder without pictures",
        "run --source {here}/none",
        65,
        ("{here}/none", "no pictures"),
        "jpg",
        folder("none"),
    ),
    Case(
        "folder of texts",
        "run --source {here}/none",
        65,
        ("{here}/none", "no pictures"),
        "jpg",
        file("none/a.txt", "x"),
    ),
    Case(
        "folder that may not be read",
        "run --source {here}/closed",
        77,
        ("{here}/closed",),
        "chmod",
        unreadable_folder,
        True,
    ),
    Case("source of nothing", "run --source=", 64, ("''",), "camera index"),
    Case("camera index too high", "run --source 4711", 64, ("4711", "0 to 99"), "camera index"),
    Case("address of no kind", "run --source gopher://x/y", 64, ("gopher://x/y",), "rtsp://"),
    Case(
        "no such camera for snapshot",
        "snapshot --camera --source 9",
        69,
        ("camera 9 is not there",),
        "uprightd doctor",
    ),
    Case(
        "no camera of that name",
        "snapshot --camera --source NoSuchCamera",
        69,
        ("NoSuchCamera",),
        "uprightd doctor",
    ),
    Case(
        "address without a listener",
        "snapshot --camera --source http://127.0.0.1:9/",
        69,
        ("http://127.0.0.1:9/", "refused"),
        "Check",
    ),
    Case(
        "stream without a listener",
        "snapshot --camera --source rtsp://u:pw@127.0.0.1:9/",
        69,
        ("rtsp://127.0.0.1:9/",),
        "Check",
    ),
    Case(
        "backend without weights", "demo --json --backend sapiens2", 69, ("no Sapiens2 weights",), "mediapipe"
    ),
    # ---- pictures
    Case("picture not there", "snapshot {here}/a.png", 65, ("{here}/a.png",), "Expected a picture"),
    Case(
        "text as picture",
        "snapshot {here}/a.png",
        65,
        ("{here}/a.png",),
        "Expected a picture",
        file("a.png", "hello"),
    ),
    Case(
        "empty picture",
        "snapshot {here}/a.png",
        65,
        ("{here}/a.png", "empty"),
        "Expected a picture",
        file("a.png", ""),
    ),
    Case("folder as picture", "snapshot {here}/f", 65, ("{here}/f",), "Expected a picture", folder("f")),
    Case(
        "picture that may not be read",
        "snapshot {here}/a.png",
        77,
        ("{here}/a.png",),
        "chmod u+r",
        file("a.png", "x", 0),
        True,
    ),
    Case(
        "tiny picture",
        "snapshot {here}/a.png",
        65,
        ("{here}/a.png", "8x8"),
        "32 pixels",
        picture("a.png", (8, 8)),
    ),
    Case(
        "blank picture",
        "snapshot {here}/a.png",
        65,
        ("{here}/a.png", "nobody"),
        "one person",
        picture("a.png"),
        within=WITH_A_MODEL,
    ),
    Case(
        "landscape",
        "snapshot {here}/a.png",
        65,
        ("{here}/a.png", "nobody"),
        "one person",
        picture("a.png", grain=60),
        within=WITH_A_MODEL,
    ),
    Case(
        "file as folder to write to",
        "snapshot {here}/p.png --out {here}/f",
        73,
        ("{here}/f",),
        "--out",
        both(person("p.png"), file("f", "x")),
    ),
    Case(
        "folder under a file",
        "snapshot {here}/p.png --out {here}/f/g",
        73,
        ("{here}/f/g",),
        "--out",
        both(person("p.png"), file("f", "x")),
    ),
    Case(
        "folder that may not be written",
        "snapshot {here}/p.png --out {here}/f",
        77,
        ("{here}/f", "write"),
        "--out",
        both(person("p.png"), folder("f", 0o500)),
        True,
    ),
    Case(
        "picture and camera at once", "snapshot a.png --camera", 64, ("IMAGE or --camera",), "snapshot --help"
    ),
    Case("neither picture nor camera", "snapshot", 64, ("IMAGE or --camera",), "snapshot --help"),
    # ---- settings and rules
    Case("settings not there", "config check {here}/c.yaml", 78, ("{here}/c.yaml",), "config check"),
    Case("settings not there for run", "run --config {here}/c.yaml", 78, ("{here}/c.yaml",), "config check"),
    Case(
        "settings that may not be read",
        "config check {here}/c.yaml",
        78,
        ("{here}/c.yaml",),
        "config check",
        file("c.yaml", "", 0),
        True,
    ),
    Case(
        "settings are a folder",
        "config check {here}/c",
        78,
        ("{here}/c: ", "folder"),
        "config check",
        folder("c"),
    ),
    settings("with an unknown key", "sampling:\n  fps: 1\n  fsp: 2\n", ":3: sampling.fsp: "),
    settings("with an unknown block", "\ncamra:\n  source: 0\n", ":2: camra: "),
    settings("with a text for a number", "sampling:\n  fps: often\n", ":2: sampling.fps: expected"),
    settings("with a number for a block", "camera: 0\n", ":1: camera: expected"),
    settings("with 1320 for a time", "report:\n  at: 1320\n", ":2: report.at: expected"),
    settings("with a rate out of range", "sampling: {fps: 50}\n", ":1: sampling.fps: expected"),
    settings("with NaN", "sampling:\n  fps: .nan\n", ":2: sampling.fps: "),
    settings("with a key twice", "sampling:\n  fps: 1\n  fps: 2\n", ":3: sampling.fps: "),
    settings("with an alias", BOMB, ":1: "),
    settings("of 2 MB", BIG, ": "),
    settings("in latin-1", "# gr\xfc\xdfe\n".encode("latin-1"), ""),
    settings("that are a list", "- camera\n", ":1: "),
    settings("with a pack that is not there", "rules:\n  packs: [dsek]\n", ":2: rules.packs"),
    settings("with a rule file that is not there", "rules:\n  files: [gone.yaml]\n", "", "config check"),
    Case(
        "the usual settings are wrong for run",
        "run --source {clip}",
        78,
        ("{home}/config/config.yaml:1: ",),
        "config check",
        wrong_usual_settings,
    ),
    Case(
        "rule on an unknown metric",
        "rules check {here}/r.yaml",
        78,
        ("{here}/r.yaml:4: rules[0].metric: ", "neck_flexion"),
        "rules check",
        file("r.yaml", RULE.format(metric="neck_flexon", threshold=50)),
    ),
    Case(
        "rule with NaN",
        "rules check {here}/r.yaml",
        78,
        ("{here}/r.yaml:6: rules[0].threshold: ",),
        "rules check",
        file("r.yaml", RULE.format(metric="neck_flexion", threshold=".nan")),
    ),
    Case(
        "wrong rule for run",
        "run --source {clip} --config {here}/c.yaml",
        78,
        ("{here}/r.yaml:4: ",),
        "check",
        both(
            file("r.yaml", RULE.format(metric="x", threshold=1)),
            file("c.yaml", "rules:\n  files: [r.yaml]\n"),
        ),
    ),
    # ---- folders and the log
    Case("home under a file", "run --source {clip}", 77, ("{home}/run",), "UPRIGHTD_HOME", home_is_a_file),
    Case(
        "snapshot into a home under a file",
        "snapshot {here}/p.png",
        73,
        ("{home}",),
        "--out",
        both(home_is_a_file, person("p.png")),
    ),
    Case(
        "data folder that may not be written",
        "run --source {clip}",
        77,
        ("{home}/data",),
        "chmod",
        unwritable_data,
        True,
    ),
    Case("report without a log", "report", 69, ("{home}/data/uprightd.db",), "uprightd run"),
    Case("report on no database", "report", 65, ("{home}/data/uprightd.db",), "uprightd run", garbage_log),
    Case("report on a newer log", "report", 65, ("{home}/data/uprightd.db", "999"), "Update", newer_log),
    Case(
        "run on a newer log",
        "run --source {clip}",
        65,
        ("{home}/data/uprightd.db", "999"),
        "Update",
        newer_log,
    ),
    Case(
        "run on another program's database",
        "run --source {clip}",
        65,
        ("{home}/data/uprightd.db", "not touched"),
        "move",
        foreign_log,
    ),
    Case(
        "run on a log that may not be read",
        "run --source {clip}",
        77,
        ("{home}/data/uprightd.db",),
        "permissions",
        unreadable_log,
        True,
    ),
    Case(
        "run on a log that may not be written",
        "run --source {clip}",
        77,
        ("{home}/data/uprightd.db",),
        "permissions",
        unwritable_log,
        True,
    ),
    Case(
        "report on a log that may not be read",
        "report",
        77,
        ("{home}/data/uprightd.db",),
        "permissions",
        unreadable_log,
        True,
    ),
    # ---- the command line and the daemon
    Case("unknown command", "runn", 64, ("runn", "run"), "uprightd --help"),
    Case("unknown subcommand", "rules chekc", 64, ("chekc",), "uprightd rules --help"),
    Case("unknown option", "run --sorce 0", 64, ("--sorce", "--source"), "uprightd run --help"),
    Case("rate out of range", "run --fps 50", 64, ("--fps", "50"), "uprightd run --help"),
    Case("rate of NaN", "run --fps nan", 64, ("--fps", "nan"), "uprightd run --help"),
    Case("one argument too many", "status now", 64, ("now",), "uprightd status --help"),
    Case("period of no kind", "report --week 2026-99", 64, ("2026-99",), "2026-W47"),
    Case("two periods", "report --day 2026-11-22 --since 7d", 64, ("--since",), "one"),
    Case("status without a daemon", "status", 69, ("no uprightd daemon is running",), "uprightd run"),
    Case("pause without a daemon", "pause 1h", 69, ("no uprightd daemon is running",), "uprightd run"),
    Case("stop without a daemon", "stop", 69, ("no uprightd daemon is running",), "uprightd run"),
]


def one_message(done: Finished, code: int, says: tuple[str, ...], hint: str) -> None:
    """Assert that a command was refused as every command is: one message, then the next step."""
    assert done.code == code, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert [line for line in done.err.splitlines() if line.startswith("uprightd: ")] == done.err.splitlines()[
        :1
    ]
    *message, step = done.err.splitlines()
    for words in says:
        assert words in "\n".join(message)
    assert step.startswith("  ")
    assert hint in step


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_mistake_is_answered_by_one_message_and_a_next_step(case: Case, terminal: Terminal) -> None:
    case.make(terminal)
    places = {"here": terminal.here, "home": terminal.home, "clip": shipped_clip()}
    before = contents(terminal.root)

    done = terminal.run(*case.command.format(**places).split(), before=POWERLESS if case.powerless else ())

    one_message(done, case.code, tuple(words.format(**places) for words in case.says), case.hint)
    after = contents(terminal.root)
    assert {path: after.get(path) for path in before} == before, "what was there before is not there any more"
    assert done.seconds < case.within


def contents(root: Path) -> dict[Path, bytes]:
    """Given a folder, return every file under it with its bytes, but for locks, which are about the present."""
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_a_name_that_would_confuse_the_terminal_is_printed_harmlessly(terminal: Terminal) -> None:
    done = terminal.run("snapshot", "\x1b[2Jgone\x07.png")
    one_message(done, 65, ("[2Jgone",), "Expected a picture")
    assert not {char for char in done.err if not char.isprintable()} - {"\n"}


@pytest.mark.parametrize("group", ["", "rules", "config", "service", "bench"])
def test_a_command_that_needs_another_shows_which_there_are(group: str, terminal: Terminal) -> None:
    done = terminal.run(*group.split())
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith(f"Usage: uprightd {group}".rstrip())
    assert "Commands:" in done.err


@pytest.mark.parametrize("command", ["demo --json", "run --json --source {clip}", "snapshot {here}/p.png"])
def test_without_its_pose_library_a_command_says_how_to_install_it(command: str, terminal: Terminal) -> None:
    person("p.png")(terminal)
    (terminal.root / "site").mkdir()
    (terminal.root / "site" / "mediapipe.py").write_text("raise ImportError('not installed')\n")
    path = os.pathsep.join(
        filter(None, [str(terminal.root / "site"), terminal.environment.get("PYTHONPATH", "")])
    )
    words = command.format(clip=shipped_clip(), here=terminal.here).split()
    done = terminal.run(*words, environment={"PYTHONPATH": path})
    assert (done.code, done.err.count("uprightd: ")) == (69, 1)
    assert 'pip install "uprightd[light]"' in done.err
    assert "Traceback" not in done.err


def test_a_log_that_is_no_database_is_moved_aside_and_the_run_goes_on(terminal: Terminal) -> None:
    garbage_log(terminal)
    garbage = terminal.database.read_bytes()
    done = terminal.run("run", "--json", "--fast", "--source", shipped_clip())
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    notice = next(event["text"] for event in done.events if event["event"] == "notice")
    [aside] = terminal.database.parent.glob("uprightd.db.corrupt-*")
    assert aside.read_bytes() == garbage
    assert str(aside) in notice
    assert "damaged" in notice
    assert ".recover" in notice
    assert terminal.run("report", "--json").code == 0


def test_a_stream_without_a_listener_keeps_the_daemon_up_and_degraded_and_it_says_so(
    terminal: Terminal,
) -> None:
    running = terminal.watch("http://127.0.0.1:9/video")
    [state] = running.until(lambda: running.of("state"))
    assert state["state"] == "degraded"
    assert "http://127.0.0.1:9/video does not answer" in state["reason"]
    status = terminal.status()
    assert (status["state"], status["camera"]["state"]) == ("degraded", "absent")
    assert status["camera"]["hint"]
    assert terminal.run("stop").code == 0
    assert running.ended() == 0
    assert running.err == ""


def test_a_camera_that_is_not_there_keeps_the_daemon_up_and_degraded(terminal: Terminal) -> None:
    running = terminal.watch("9")
    [state] = running.until(lambda: running.of("state"))
    assert (state["state"], state["reason"].count("camera 9 is not there")) == ("degraded", 1)
    assert running.ended_by(signal.SIGTERM)[0] == 0


def test_a_home_that_is_no_full_path_is_refused(terminal: Terminal) -> None:
    done = terminal.run("config", "check", environment={"UPRIGHTD_HOME": "somewhere"})
    one_message(done, 78, ("UPRIGHTD_HOME", "somewhere"), "full path")


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no XDG folders")
@pytest.mark.parametrize("value", ["", "  ", "relative/folder", "./here"])
def test_an_xdg_folder_that_is_blank_or_relative_is_ignored(value: str, terminal: Terminal) -> None:
    environment = {"UPRIGHTD_HOME": "", "XDG_CONFIG_HOME": value, "XDG_DATA_HOME": value}
    done = terminal.run("config", "check", "--json", environment=environment)
    assert done.code == 0, done.err
    assert done.json["file"] == f"{terminal.environment['HOME']}/.config/uprightd/config.yaml"
