"""A wheel alone, in a bare environment and away from the checkout, finds what ships with it (F38)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.fakes.terminal import Terminal

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout with what the test environment has."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run([*build, str(CHECKOUT)], capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Iterator[tuple[Path, Terminal]]:
    """The folder of a bare environment with the wheel in it, and a terminal that knows no checkout."""
    terminal = Terminal()
    terminal.environment.pop("PYTHONPATH", None)
    folder = terminal.root / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, timeout=120
    )
    # What it depends on comes from the test environment, whose own links to the checkout are not followed.
    paths = {sysconfig.get_paths()[kind] for kind in ("purelib", "platlib")}
    packages = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], text=True
        ).strip()
    )
    (packages / "dependencies.pth").write_text("\n".join(sorted(paths)) + "\n")
    yield folder, terminal
    terminal.close()


def ran(installed: tuple[Path, Terminal], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the environment's own `uprightd` from /."""
    folder, terminal = installed
    return subprocess.run(
        [folder / "bin" / "uprightd", *arguments],
        cwd="/",
        env=terminal.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


def test_the_wheel_holds_rules_templates_example_clip_and_licence(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {
        *(
            f"uprightd/shipped/{path.relative_to(CHECKOUT).as_posix()}"
            for path in (CHECKOUT / "rules").rglob("*.yaml")
        ),
        *(f"uprightd/shipped/launchd/{path.name}" for path in (CHECKOUT / "launchd").iterdir()),
        "uprightd/shipped/config.example.yaml",
        "uprightd/clips/sit_side.mp4",
        "uprightd/clips/README.md",
    }
    assert wanted - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.startswith("uprightd")} == set(), (
        "it would install a foreign name"
    )
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_program_runs_from_the_wheel_and_not_from_the_checkout(
    installed: tuple[Path, Terminal],
) -> None:
    folder, terminal = installed
    source = "import uprightd, uprightd.paths as p; print(uprightd.__file__, p.shipped('launchd'), p.shipped('rules'))"
    done = subprocess.run(
        [folder / "bin" / "python", "-P", "-c", source],
        cwd="/",
        env=terminal.environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    found = [Path(path) for path in done.stdout.split()]
    assert all(folder in path.parents for path in found)
    assert all(path.exists() for path in found)


@pytest.mark.parametrize("command", ["--help", "--version", "config check", "rules check", "service status"])
def test_a_plain_command_of_the_wheel_works_from_anywhere(
    command: str, installed: tuple[Path, Terminal]
) -> None:
    done = ran(installed, *command.split())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_wheel_lists_its_own_rule_packs(installed: tuple[Path, Terminal]) -> None:
    done = ran(installed, "rules", "list", "--json")
    assert done.returncode == 0, done.stderr
    packs = {pack["name"]: Path(pack["path"]) for pack in json.loads(done.stdout)}
    assert {"desk", "demo"} <= set(packs)
    assert all(installed[0] in path.parents for path in packs.values())


def test_the_wheel_s_example_of_the_settings_is_valid(installed: tuple[Path, Terminal]) -> None:
    [example] = installed[0].rglob("shipped/config.example.yaml")
    done = ran(installed, "config", "check", os.fspath(example))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_s_demo_plays_its_own_clip(installed: tuple[Path, Terminal]) -> None:
    done = ran(installed, "demo", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["detected"] > 30
    assert len(facts["alerts"]) >= 1
