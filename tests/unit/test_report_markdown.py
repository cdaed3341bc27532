"""The summary as Markdown: tables that a forge renders, and nobody else's markup in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.summaries import ALERT, EMPTY, WEEK
from tests.unit.conftest import Shown

from uprightd.report.markdown import escaped, to_markdown


def test_a_week_begins_like_this() -> None:
    lines = to_markdown(WEEK).splitlines()
    assert lines[0] == "# Week 47 of 2026, Mon 16 Nov to Sun 22 Nov"
    assert lines[2].startswith(
        "Posture was within your limits for 4 h of the 5 h that could be judged (80 %)"
    )
    assert lines[4:13] == [
        "## Time watched",
        "",
        "| Posture | time | of watched |",
        "| --- | --: | --: |",
        "| good | 4:00:00 | 67 % |",
        "| poor | 1:00:00 | 17 % |",
        "| unreliable | 0:01:00 | \\<1 % |",
        "| away | 0:59:00 | 16 % |",
        "| **watched** | **6:00:00** | **100 %** |",
    ]


def test_the_heat_map_is_a_table_with_what_each_cell_rests_on() -> None:
    text = to_markdown(WEEK)
    assert "| Hour | Tue |\n| --- | --: |\n| 09–10 | 97 % of 1:00:00 |\n| 10–11 | 83 % of 1:00:00 |\n" in text


@pytest.mark.parametrize("name", ["2026-W47", "2026-11-18", "200d"])
def test_every_row_of_a_table_has_as_many_cells_as_its_head(shown: Shown, name: str) -> None:
    block: list[int] = []
    for line in [*to_markdown(shown(name)[0]).splitlines(), ""]:
        if line.startswith("|"):
            block.append(line.replace("\\|", "").count("|"))
        elif block:
            assert len(block) >= 3
            assert len(set(block)) == 1
            block = []


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("<img onerror=x>", "\\<img onerror=x\\>"),
        ("a|b*c_d`e`~f~&amp;", "a\\|b\\*c\\_d\\`e\\`\\~f\\~\\&amp;"),
        ("[x](javascript:y)", "\\[x\\](javascript:y)"),
        ("see http://e.org and WWW.e.org", "see http:\\//e.org and WWW\\.e.org"),
        ("two\nlines\x1b", "two lines"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_nothing_in_a_text_is_markup(text: str, shown_as: str) -> None:
    assert escaped(text) == shown_as


def test_a_message_begins_no_list_and_no_heading() -> None:
    for message, shown_as in (
        ("# big", "  \\# big r"),
        ("1. one", "  1\\. one r"),
        ("- dash", "  \\- dash r"),
    ):
        text = to_markdown(replace(WEEK, alerts=(replace(ALERT, rule="a|b", message=message, reason="r"),)))
        assert shown_as in text.splitlines()
        assert "- Tue 17 Nov 14:03:10 **a\\|b** back in 41 s" in text.splitlines()


def test_an_empty_week_has_no_tables() -> None:
    assert to_markdown(EMPTY).count("\n") == 3


def test_of_very_many_alerts_the_last_hundred_are_listed() -> None:
    text = to_markdown(replace(WEEK, alerts=(ALERT,) * 250))
    assert "## The last 100 of 250 alerts" in text
    assert text.count("**neck-flexed**") == 100
