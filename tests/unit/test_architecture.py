"""The shape of the program, read from its source: who imports whom, what loads when."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import uprightd
from uprightd.clock import SystemClock
from uprightd.domain import Posture, Reading, Value, View
from uprightd.metrics.definitions import METRICS
from uprightd.paths import user_paths
from uprightd.store.log import Log

PACKAGE = Path(uprightd.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

LAYERS = (
    {
        "domain",
        "errors",
        "opencv",
        "problems",
        "strict_yaml",
        "durations",
        "records",
        "whole_file",
        "stills",
        "quiet",
    },
    {"metrics", "calibration", "rules", "intervals", "spells", "rollup", "sapiens2", "derm", "gait"},
    {"config", "paths", "clock", "weights", "profiles"},
    {"camera", "pose", "store", "notify", "captures", "report", "outlets", "surroundings", "classify"},
    {"service"},
    {"cli"},
    {"__main__"},
)
"""From the ground up. A part may import what lies under it, and its own modules."""
ADAPTERS = LAYERS[3]
ALONE = {
    "cv2": {"opencv"},
    "mediapipe": {"pose.mediapipe"},
    "torch": {"sapiens2", "classify.checkpoint"},
    "transformers": {"sapiens2", "classify.checkpoint"},
    "desktop_notifier": {"notify"},
    "paho": {"outlets.mqtt"},
    "pyarrow": {"service.exporting"},
    "dbus_fast": {"surroundings"},
    "apscheduler": {"service.jobs"},
    "sqlite_utils": {"store"},
    "sqlite3": {"store", "service.doctor"},
    "pydantic": {"config"},
    "yaml": {"strict_yaml"},
    "click": {"cli"},
    "platformdirs": {"paths"},
    "numpy": {
        "camera",
        "pose",
        "sapiens2",
        "metrics.head_pose",
        "derm",
        "gait",
        "captures",
        "stills",
        "service.still",
        "service.bench",
        "service.accuracy",
        "service.gait",
        "service.doctor",
    },
    "PIL": {"captures", "stills"},
    "matplotlib": {"captures.gait.plots"},
    "distributed": {"service.gait.cluster"},
}
"""Which part may import a library. numpy ends at the pose's boundary: store, rules and reports see floats."""
CLOCKS = {
    "time.time",
    "time.monotonic",
    "time.perf_counter",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "date.today",
    "os.environ",
    "os.getenv",
}
TIMELESS = LAYERS[1] | {"config", "report", "store"} | (LAYERS[0] - {"stills"})
"""Parts that are told the time and the environment, and never look."""
LONGEST = 330
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "lib", "tools"}

LAZY = (
    "pyarrow",
    "paho",
    "torch",
    "transformers",
    "cv2",
    "mediapipe",
    "desktop_notifier",
    "apscheduler",
    "sqlite_utils",
    "PIL",
    "matplotlib",
    "scipy",
    "distributed",
)


def name_of(module: Path) -> str:
    """Given a module's file, return its name inside the package: "camera.source", "" for the package itself."""
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(module): module for module in MODULES}


def part_of(name: str) -> str:
    return name.split(".")[0]


def imports_of(source: str) -> Iterator[str]:
    """Given a module's source, yield what it imports when it runs, anywhere in it; those for types are left out."""
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            pending += node.orelse
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(imported: str) -> str | None:
    """Given an imported name, return the module of ours it comes from, None for a library's."""
    if imported.split(".")[0] != "uprightd":
        return None
    name = imported.removeprefix("uprightd").removeprefix(".")
    while name not in NAMES:
        name = name.rpartition(".")[0]
    return name


def level(part: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if part in layer)


def misdirected(name: str, source: str) -> list[str]:
    """Given a module's name and source, return its imports of ours that go up or from adapter to adapter."""
    part, wrong = part_of(name), []
    for imported in imports_of(source):
        target = inside(imported)
        if not target:  # a library's, or the version from the package itself
            continue
        other = part_of(target)
        if other == part:
            continue
        if level(other) > level(part) or {other, part} <= ADAPTERS:
            wrong.append(f"{name} imports {imported}")
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_only_what_lies_under_it(name: str) -> None:
    assert misdirected(name, NAMES[name].read_text(encoding="utf-8")) == []


def test_every_part_of_the_program_has_its_layer() -> None:
    assert {part_of(name) for name in NAMES} - {""} <= set().union(*LAYERS)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("rules.engine", "from uprightd.service.monitor import Monitor"),
        ("camera.source", "from uprightd.store.log import Log"),
        ("captures.card", "def f():\n    from uprightd.camera import stills"),
        ("domain", "from uprightd import paths"),
        ("metrics.views", "import uprightd.cli.main"),
        ("errors", "if TYPE_CHECKING:\n    pass\nelse:\n    from uprightd.rules.model import Rule"),
    ],
)
def test_a_wrong_import_would_be_seen(name: str, source: str) -> None:
    assert len(misdirected(name, source)) == 1


def test_an_import_for_types_alone_is_no_import() -> None:
    source = "if TYPE_CHECKING:\n    from uprightd.store.log import Log\nfrom uprightd import __version__"
    assert misdirected("camera.source", source) == []


@pytest.mark.parametrize("library", ALONE)
def test_a_library_is_imported_in_one_place_only(library: str) -> None:
    users = {
        name
        for name, module in NAMES.items()
        for imported in imports_of(module.read_text(encoding="utf-8"))
        if imported.split(".")[0] == library
    }
    homes = ALONE[library]
    assert {user for user in users if not any(f"{user}.".startswith(f"{home}.") for home in homes)} == set()
    if homes & NAMES.keys():
        assert users, f"nobody uses {library}: this test, or the dependency, is out of date"


STOPWATCHES = {"sapiens2.reference"}
"""Modules whose very work is to measure time."""


@pytest.mark.parametrize(
    "name", [name for name in NAMES if part_of(name) in TIMELESS and name not in STOPWATCHES]
)
def test_time_and_environment_are_given_and_never_looked_up(name: str) -> None:
    tree = ast.parse(NAMES[name].read_text(encoding="utf-8"))
    looked_up = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & CLOCKS
    assert looked_up == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_short_and_named_after_a_thing(name: str) -> None:
    lines = NAMES[name].read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST, f"{lines} lines: more than one reason to exist?"
    assert not VAGUE & set(re.split(r"[._]", name))


# ---- what loads when ---------------------------------------------------------------------------------------

LOADED = """
import json, sys
from uprightd.cli.main import main
try:
    main()
except SystemExit as ended:
    code = ended.code
print(json.dumps({"code": code, "modules": sorted({name.split(".")[0] for name in sys.modules})}), file=sys.stderr)
"""


def loaded_by(arguments: list[str], home: Path) -> tuple[int, set[str]]:
    """Given a command's arguments, run it in a fresh process; return its exit code and the libraries it loaded."""
    folders = [os.path.abspath(it) for it in os.environ.get("PYTHONPATH", "").split(os.pathsep) if it]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "UPRIGHTD_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    told = json.loads(done.stderr.splitlines()[-1])
    return told["code"], set(told["modules"])


def logged(home: Path) -> None:
    """Write a log of one sample."""
    clock = SystemClock()
    paths = user_paths({"UPRIGHTD_HOME": str(home)})
    with Log.open(paths.database, metrics=METRICS, clock=clock) as log:
        log.begin_run("test", "none", clock.now(), 1.0)
        reading = Reading(clock.now(), True, View.FRONTAL, {"shoulder_tilt": Value(2.0)}, 0.9)
        log.add_sample(reading, Posture.GOOD)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("--version", 0),
        ("rules check", 0),
        ("calibrate --help", 0),
        ("rules list", 0),
        ("config check", 0),
        ("report", 0),
        ("report --json", 0),
        ("status", 69),
        ("service --help", 0),
        ("snapshot --help", 0),
        ("gait --help", 0),
        ("gait measure --help", 0),
        ("gait batch --help", 0),
        ("run --help", 0),
    ],
)
def test_a_command_without_pictures_loads_nothing_heavy(arguments: str, code: int, tmp_path: Path) -> None:
    logged(tmp_path)
    ended, modules = loaded_by(arguments.split(), tmp_path)
    assert ended == code
    assert modules & {*LAZY, "numpy"} == set()
    if "--help" in arguments:
        assert modules & {"pydantic", "yaml", "sqlite3"} == set()
