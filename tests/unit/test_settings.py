"""Settings and rules in force, with real files: a good edit is taken, a bad one told once, and mended (F28)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from uprightd.config.schema import Config
from uprightd.errors import ConfigError
from uprightd.service.settings import Settings, read_config

RULES = """\
name: mine
description: My own.
rules:
  - id: {id}
    metric: neck_flexion
    operator: ">"
    threshold: {threshold}
    for: 5s
    message: Look up.
"""


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    return tmp_path / "config" / "config.yaml"


def write(path: Path, text: str) -> Path:
    """Put other content in a file's place, as an editor does."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)
    return path


def rules(**changes: object) -> str:
    return RULES.format(**{"id": "neck", "threshold": 50, **changes})


def refused(settings: Settings) -> str:
    """The fault that the next reading raises."""
    with pytest.raises(ConfigError) as error:
        settings.reread()
    return error.value.message


def test_without_a_file_the_defaults_are_in_force(usual: Path) -> None:
    settings = Settings(None, usual)
    assert settings.config == Config()
    assert [pack.name for pack in settings.packs] == ["desk"]
    assert {rule.id for rule in settings.rules} == {
        "head-down",
        "neck-flexion",
        "head-tilt",
        "trunk-lean",
        "too-close",
        "shoulder-tilt",
        "head-up",
        "sitting",
    }
    assert (settings.file, settings.fault) == (usual, "")


def test_a_named_file_goes_before_the_usual_one(usual: Path, tmp_path: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    named = write(tmp_path / "named.yaml", "sampling: {fps: 0.5}")
    assert Settings(named, usual).config.sampling.fps == 0.5
    assert Settings(named, usual).file == named
    assert Settings(None, usual).config.sampling.fps == 2.0


def test_a_named_file_must_be_there(usual: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml"):
        Settings(tmp_path / "gone.yaml", usual)


def test_a_bad_file_at_the_start_is_refused(usual: Path) -> None:
    write(usual, "sampling: {fps: fast}")
    with pytest.raises(ConfigError, match=r"config\.yaml:1: sampling\.fps"):
        Settings(None, usual)


def test_what_the_command_line_says_goes_before_the_file_now_and_later(usual: Path) -> None:
    def five(config: Config) -> Config:
        return config.model_copy(update={"sampling": config.sampling.model_copy(update={"fps": 5.0})})

    write(usual, "sampling: {fps: 2.0}")
    settings = Settings(None, usual, five)
    assert settings.config.sampling.fps == 5.0
    write(usual, "sampling: {fps: 1.5}\npose: {min_score: 0.7}")
    assert settings.reread()
    assert (settings.config.sampling.fps, settings.config.pose.min_score) == (5.0, 0.7)


def test_nothing_is_read_again_while_nothing_changes(usual: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    settings = Settings(None, usual)
    assert [settings.reread() for _ in range(3)] == [False] * 3


def test_a_good_edit_is_taken_once(usual: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    settings = Settings(None, usual)
    write(usual, "sampling: {fps: 3.0}")
    assert [settings.reread() for _ in range(3)] == [True, False, False]
    assert settings.config.sampling.fps == 3.0


def test_a_file_that_appears_is_taken_and_one_that_goes_leaves_the_defaults(usual: Path) -> None:
    settings = Settings(None, usual)
    write(usual, "sampling: {fps: 3.0}")
    assert settings.reread()
    assert settings.config.sampling.fps == 3.0
    usual.unlink()
    assert settings.reread()
    assert settings.config == Config()


def test_a_bad_edit_keeps_the_last_good_settings_and_is_told_once(usual: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    settings = Settings(None, usual)
    write(usual, "sampling: {fps: fast}")
    fault = refused(settings)
    assert "config.yaml:1: sampling.fps" in fault
    assert settings.fault == fault, "status can show it"
    assert [settings.reread() for _ in range(3)] == [False] * 3
    assert settings.config.sampling.fps == 2.0


def test_a_bad_edit_saved_again_is_not_told_again_but_another_fault_is(usual: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    settings = Settings(None, usual)
    write(usual, "sampling: {fps: fast}")
    first = refused(settings)
    write(usual, "sampling: {fps: fast}")
    assert not settings.reread()
    write(usual, "sampling: {fps: 17}")
    second = refused(settings)
    assert second != first
    assert settings.fault == second


@pytest.mark.parametrize(
    "text", ["sampling: {fps: 2.0}", "sampling: {fps: 3.0}"], ids=["as before", "otherwise"]
)
def test_a_mended_file_is_taken_and_the_fault_is_gone(text: str, usual: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    settings = Settings(None, usual)
    write(usual, "sampling: [")
    refused(settings)
    write(usual, text)
    assert settings.reread()
    assert settings.fault == ""
    assert not settings.reread()


def test_the_same_fault_again_after_it_was_mended_is_told_again(usual: Path) -> None:
    write(usual, "")
    settings = Settings(None, usual)
    for _ in range(2):
        write(usual, "sampling: [")
        refused(settings)
        write(usual, "")
        assert settings.reread()


def test_a_changed_rule_file_is_taken(usual: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.yaml", rules())
    write(usual, f"rules: {{packs: [], files: ['{mine}']}}")
    settings = Settings(None, usual)
    assert [rule.threshold for rule in settings.rules] == [50.0]
    write(mine, rules(threshold=55))
    assert settings.reread()
    assert [rule.threshold for rule in settings.rules] == [55.0]


def test_a_rule_file_edited_badly_keeps_the_last_good_rules_and_settings(usual: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.yaml", rules())
    write(usual, f"rules: {{packs: [], files: ['{mine}']}}")
    settings = Settings(None, usual)
    before = settings.rules
    write(mine, rules(threshold="high"))
    write(usual, f"sampling: {{fps: 4.0}}\nrules: {{packs: [], files: ['{mine}']}}")
    assert "mine.yaml:7" in refused(settings)
    assert settings.rules == before
    assert settings.config.sampling.fps == 1.0, "settings and rules are taken together or not at all"
    write(mine, rules(threshold=55))
    assert settings.reread()
    assert ([rule.threshold for rule in settings.rules], settings.config.sampling.fps) == ([55.0], 4.0)


def test_a_fault_may_be_mended_by_a_file_that_appears(usual: Path, tmp_path: Path) -> None:
    settings = Settings(None, usual)
    write(usual, f"rules: {{files: ['{tmp_path / 'later.yaml'}']}}")
    assert "later.yaml" in refused(settings)
    assert not settings.reread()
    write(tmp_path / "later.yaml", rules(id="later"))
    assert settings.reread()
    assert "later" in {rule.id for rule in settings.rules}
    assert settings.fault == ""


def test_an_edit_while_the_file_is_being_read_is_seen_the_next_time(usual: Path) -> None:
    write(usual, "sampling: {fps: 2.0}")
    edits = iter([lambda: write(usual, "sampling: {fps: 3.0}")])

    def edited_meanwhile(config: Config) -> Config:
        next(edits, lambda: None)()
        return config

    settings = Settings(None, usual, edited_meanwhile)
    assert settings.config.sampling.fps == 2.0
    assert settings.reread()
    assert settings.config.sampling.fps == 3.0


def test_an_edit_of_the_rules_while_the_settings_are_bad_is_not_lost(usual: Path, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.yaml", rules())
    good = f"rules: {{packs: [], files: ['{mine}']}}"
    write(usual, good)
    settings = Settings(None, usual)
    write(usual, "rules: [")
    refused(settings)
    write(mine, rules(threshold=60))
    assert not settings.reread()
    write(usual, good)
    assert settings.reread()
    assert [rule.threshold for rule in settings.rules] == [60.0]


def test_a_pack_that_does_not_ship_is_named_with_the_nearest(usual: Path) -> None:
    write(usual, "rules: {packs: [dusk]}")
    with pytest.raises(ConfigError, match="did you mean 'desk'"):
        read_config(None, usual)
