"""What the README and the messages promise is what the program has: commands, options, settings, files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import uprightd
from uprightd.cli.main import uprightd as command_line
from uprightd.service.settings import Settings

PACKAGE = Path(uprightd.__file__).parent
CHECKOUT = Path(__file__).parents[2]

CALLED = re.compile(r"(?:`|: |/|\$ )(uprightd(?: [a-z]+)+)")
"""A command as a text calls it: in backquotes, after a colon, a prompt or the folder it lies in."""


def commands(
    group: click.Group, path: tuple[str, ...] = ("uprightd",)
) -> Iterator[tuple[str, click.Command]]:
    """Given the command line, yield each command's words and itself, groups before what they hold."""
    for name, command in group.commands.items():
        words = (*path, name)
        yield " ".join(words), command
        if isinstance(command, click.Group):
            yield from commands(command, words)


COMMANDS = dict(commands(command_line))
PLAIN = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]


@pytest.fixture(scope="module")
def readme() -> str:
    return (CHECKOUT / "README.md").read_text(encoding="utf-8")


def begun(words: str) -> str:
    """Given words such as "uprightd pause tomorrow", return the longest command they begin with, or ""."""
    return max((path for path in COMMANDS if f"{words} ".startswith(f"{path} ")), key=len, default="")


def strange(text: str) -> list[str]:
    """Given a text, return the calls in it of commands that do not exist."""
    calls = sorted({found.group(1) for found in CALLED.finditer(text)})
    return [words for words in calls if not (at := begun(words)) or (at not in PLAIN and at != words)]


def rows(readme: str) -> Iterator[tuple[list[str], list[str]]]:
    """Given the README, yield for each row of its table the commands and the options named in it.

    After `uprightd service install`, both `uninstall` and `rules check` name a command.
    """
    for line in readme.splitlines():
        first, *spans = re.findall(r"`([^`]+)`", line) if line.startswith("| `uprightd ") else [""]
        if not first:
            continue
        group = begun(first).rpartition(" ")[0]
        named = [begun(first)]
        for span in spans:
            named += [
                path for path in (begun(f"{group} {span}"), begun(f"uprightd {span}")) if path in PLAIN
            ][:1]
        yield named, [span.split()[0] for span in spans if span.startswith("--")]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_every_option_of_it_says_what_it_is_for(path: str) -> None:
    command = COMMANDS[path]
    assert command.help, f"{path} has no help text"
    assert not command.get_short_help_str(limit=60).endswith("..."), (
        f"{path} is cut off in the list of commands"
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{path} {parameter.opts[0]} has no help text"


@pytest.mark.parametrize("path", PLAIN)
def test_every_command_answers_a_program_too(path: str) -> None:
    assert any("--json" in parameter.opts for parameter in COMMANDS[path].params)


@pytest.mark.parametrize("path", PLAIN)
def test_every_command_has_its_place_in_the_readme_s_table(path: str, readme: str) -> None:
    assert path in {command for named, _ in rows(readme) for command in named}


def test_every_option_in_the_readme_s_table_belongs_to_a_command_of_its_row(readme: str) -> None:
    for named, options in rows(readme):
        known = {name for path in named for parameter in COMMANDS[path].params for name in parameter.opts}
        assert set(options) <= known, f"{named[0]} knows no {set(options) - known}"


def test_every_command_the_readme_calls_exists(readme: str) -> None:
    assert CALLED.search(readme)
    assert strange(readme) == []


def test_every_command_a_message_of_ours_calls_exists() -> None:
    files = [*(CHECKOUT / "rules").glob("*.yaml"), CHECKOUT / "config.example.yaml", CHECKOUT / "Makefile"]
    texts = [path.read_text(encoding="utf-8") for path in files]
    for module in PACKAGE.rglob("*.py"):
        nodes = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        constants = [node.value for node in nodes if isinstance(node, ast.Constant)]
        texts += [value for value in constants if isinstance(value, str)]
    assert sum(bool(CALLED.search(text)) for text in texts) > 10
    assert [words for text in texts for words in strange(text)] == []


def test_a_call_of_a_command_that_is_not_there_would_be_seen() -> None:
    assert strange(
        "see `uprightd captures mend` and `uprightd rules mend`; not `uprightd pause tomorrow`"
    ) == [
        "uprightd captures mend",
        "uprightd rules mend",
    ]


def test_the_readme_s_settings_and_rules_are_valid_as_they_stand(readme: str, tmp_path: Path) -> None:
    settings, rules = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "config.yaml").write_text(settings, encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(rules, encoding="utf-8")
    taken = Settings(tmp_path / "config.yaml", tmp_path / "none")
    assert "head-down" in [rule.id for rule in taken.rules]


def test_every_file_the_readme_links_to_is_there(readme: str) -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", readme) if "://" not in link]
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
