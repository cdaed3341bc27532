"""What strict YAML resolves, where it says things are, and how problems are gathered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from uprightd.errors import ConfigError
from uprightd.problems import LISTED_LIMIT, Problems, key_text
from uprightd.strict_yaml import Document, load, resolve


def _load(tmp_path: Path, text: str, problems: Problems | None = None) -> Document:
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, problems)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("9007199254740992", 2**53),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1.5E-3", 0.0015),
        # All of these are something else to YAML 1.1.
        ("22:00", "22:00"),
        ("7:30", "7:30"),
        ("12:30:00", "12:30:00"),
        ("08:00", "08:00"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("2026-11-23", "2026-11-23"),
        ("0x10", "0x10"),
        ("0o10", "0o10"),
        ("0b1", "0b1"),
        ("1_000", "1_000"),
        ("=", "="),
        ("nan", "nan"),
        ("inf", "inf"),
        ("٣", "٣"),  # a digit, but not one of ours
    ],
)
def test_only_null_true_false_and_numbers_are_resolved(written: str, value: Any) -> None:
    resolved = resolve(written)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("010", 'ambiguous; write 10, or "010" for text'),
        ("-010", "write -10"),
        ("00", "write 0"),
        (".nan", "finite"),
        (".NaN", "finite"),
        (".inf", "finite"),
        ("-.INF", "finite"),
        ("1e999", "finite"),
        ("9007199254740993", "too large"),
        ("9" * 5000, "too large"),
    ],
)
def test_numbers_that_are_ambiguous_or_not_finite_are_refused(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        resolve(written)


def test_quoted_text_stays_text(tmp_path: Path) -> None:
    document = _load(tmp_path, "a: '1'\nb: \"true\"\nc: ''\nd: |\n  7\n")
    assert document.data == {"a": "1", "b": "true", "c": "", "d": "7\n"}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null\n", "\ufeff"])
def test_an_empty_file_is_an_empty_mapping(text: str, tmp_path: Path) -> None:
    assert _load(tmp_path, text).data == {}


def test_every_key_and_item_knows_its_line(tmp_path: Path) -> None:
    document = _load(
        tmp_path,
        "# a comment\ncamera:\n  width: 640\n\nrules:\n  - id: a\n    for: 1s\n  - [x,\n     y]\n"
        "last: {k: v}\r\nend: 1\r\n",
    )
    lines = {
        ("camera",): 2,
        ("camera", "width"): 3,
        ("rules",): 5,
        ("rules", 0): 6,
        ("rules", 0, "id"): 6,
        ("rules", 0, "for"): 7,
        ("rules", 1): 8,
        ("rules", 1, 0): 8,
        ("rules", 1, 1): 9,
        ("last", "k"): 10,
        ("end",): 11,
    }
    assert {keypath: document.where(keypath) for keypath in lines} == {
        keypath: f"{document.path}:{line}" for keypath, line in lines.items()
    }


def test_a_key_that_is_not_there_is_placed_at_its_block(tmp_path: Path) -> None:
    document = _load(tmp_path, "a: 1\nrules:\n  - id: a\n")
    assert document.where(("rules", 0, "for")) == f"{document.path}:3"
    assert document.where(("b",)) == f"{document.path}:1"
    assert _load(tmp_path, "").where(("b",)) == f"{document.path}:1"


def test_without_a_collector_problems_are_raised_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, "a: 010\nb: .nan\nb: 2\n")
    path = tmp_path / "some.yaml"
    assert caught.value.message.splitlines() == [
        f'{path}:1: a: 010 is ambiguous; write 10, or "010" for text',
        f"{path}:2: b: expected a finite number, got .nan",
    ]


def test_with_a_collector_the_rest_of_the_file_is_still_there(tmp_path: Path) -> None:
    problems = Problems("Do this next.")
    document = _load(tmp_path, "a: 010\nb: [1, .nan, 3]\nc: 4\nc: 5\n", problems)
    assert document.data == {"a": None, "b": [1, None, 3], "c": 4}
    document.problem(("c",), "another one, of a key already told")
    document.problem(("b", 2), "too large")
    with pytest.raises(ConfigError) as caught:
        problems.raise_any()
    assert caught.value.hint == "Do this next."
    assert [line.split(": ", 1)[1] for line in caught.value.message.splitlines()] == [
        'a: 010 is ambiguous; write 10, or "010" for text',
        "b[1]: expected a finite number, got .nan",
        "b[2]: too large",
        "c: given twice, first on line 3; keep one",
    ]


def test_problems_are_told_by_file_and_line() -> None:
    problems = Problems()
    for file, line in (("b.yaml", 9), ("a.yaml", 2), ("b.yaml", 1)):
        problems.add(file, line, (f"key{line}",), "wrong")
    assert list(problems) == ["b.yaml:1: key1: wrong", "b.yaml:9: key9: wrong", "a.yaml:2: key2: wrong"]


def test_a_flood_of_problems_is_cut_and_counted() -> None:
    problems = Problems()
    for number in range(LISTED_LIMIT + 7):
        problems.add("a.yaml", number + 1, (number,), "wrong")
    assert len(list(problems)) == LISTED_LIMIT + 1
    assert list(problems)[-1] == "… and 7 more"
    assert len(problems) == LISTED_LIMIT + 7


def test_no_problem_raises_nothing() -> None:
    Problems().raise_any()


@pytest.mark.parametrize(
    ("keypath", "text"),
    [
        ((), ""),
        (("camera", "fps"), "camera.fps"),
        (("rules", 2, "for"), "rules[2].for"),
        (("a\nb\x1b[31m",), "a\ufffdb\ufffd[31m"),
        (("k" * 60,), "k" * 39 + "…"),
    ],
)
def test_a_key_path_reads_as_a_person_writes_it(keypath: tuple[str | int, ...], text: str) -> None:
    assert key_text(keypath) == text


def test_long_or_odd_values_are_shown_short_and_on_one_line(tmp_path: Path) -> None:
    problems = Problems()
    document = _load(
        tmp_path, f'a: "{"x" * 500}"\nb: "line\\nbreak"\nc: [1]\nd: {{e: 1}}\nf: true\ng: 1.5\n', problems
    )
    for key in "abcdfgh":
        document.unexpected((key,), ValueError("something else"))
    assert [line.partition("got ")[2] for line in problems] == [
        '"' + "x" * 39 + '…"',
        "nothing",  # told at the first line, for want of one of its own
        '"line\ufffdbreak"',
        "a list",
        "a block of keys",
        "true",
        "1.5",
    ]
