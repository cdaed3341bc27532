"""docs/DERM.md says the gate's limits as they are, and its pictures are there and small."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from uprightd.derm.gate import CHECKS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_s_limits_are_the_gate_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DOCS)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    table = importlib.import_module("build_derm").limits_table()
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE)[1:] == list(CHECKS)
    assert table in (DOCS / "DERM.md").read_text(encoding="utf-8"), "run `make docs`"


def test_every_picture_the_page_shows_is_there_and_all_of_them_are_small() -> None:
    shown = re.findall(r"\]\((derm/[^)]+)\)", (DOCS / "DERM.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(f"derm/{path.name}" for path in (DOCS / "derm").iterdir())
    assert sum((DOCS / name).stat().st_size for name in shown) < 300_000
