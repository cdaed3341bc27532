"""The same figures in every format: what the tables say adds up, to the second, in text, Markdown, HTML and JSON."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from tests.unit.conftest import Shown

from uprightd.report.data import to_json
from uprightd.report.markdown import to_markdown
from uprightd.report.page import page
from uprightd.report.tables import tables_of
from uprightd.report.text import render
from uprightd.report.times import JUDGED

PERIODS = ("2026-W47", "2026-11-18", "30d", "200d", "2026-11-22")
"""A week, a day, a month by the day, half a year by the month, and a Sunday on which nothing was watched."""
Rows = dict[str, list[float]]
"""By the name of a row, the seconds in it."""


class TablesOf(HTMLParser):
    """Reads the tables of a page: by its key each table's rows, the seconds from the `data` elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, Rows] = {}
        self._rows: Rows = {}
        self._name, self._cells, self._naming = "", [], False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self._rows = self.tables.setdefault((given["id"] or "").removesuffix("-table"), {})
        elif tag == "tr":
            self._name, self._cells = "", []
        elif tag == "th":
            self._naming = given.get("scope") == "row"
        elif tag == "data":
            self._cells.append(float(given["value"] or "nan"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "th":
            self._naming = False
        elif tag == "tr" and self._cells:
            self._rows[self._name] = self._cells

    def handle_data(self, data: str) -> None:
        if self._naming:
            self._name += data


def in_text(text: str, title: str) -> Rows:
    """Given a report as text or Markdown and a table's title, return its rows."""
    block = text[text.index(f"{title}\n") :].split("\n\n")
    lines = (block[0] if "|" not in text else block[1]).split("\n")[1:]
    found: Rows = {}
    for line in lines:
        times = re.findall(r"\b(\d+):(\d\d):(\d\d)\b", line)
        if times:
            name = re.split(r"\s{2,}|\s\|", line.strip().strip("|* ").replace("**", ""))[0]
            found[name] = [float(int(h) * 3600 + int(m) * 60 + int(s)) for h, m, s in times]
    return found


@pytest.mark.parametrize("name", PERIODS)
def test_every_table_adds_up_and_is_the_same_in_every_format(shown: Shown, name: str) -> None:
    summary, course = shown(name)
    text, marked = render(summary, 100, course=course), to_markdown(summary)
    on_page = TablesOf(page(summary, course)).tables
    data = json.loads(json.dumps(to_json(summary)))
    assert set(on_page) == {table.key for table in tables_of(summary)}
    for key, title in (("postures", "Time watched"), ("bands", "Measures, time in each band")):
        if key in on_page:
            assert in_text(text, title) == in_text(marked, f"## {title}") == on_page[key]
    if not summary.watched:
        assert not on_page
        return
    assert {name: [seconds] for name, seconds in data["seconds"].items()} == {
        name: cells for name, cells in on_page["postures"].items() if name != "watched"
    }
    assert on_page["postures"]["watched"] == [data["watched"]]
    assert sum(data["seconds"].values()) == data["watched"]
    if "parts" in on_page:
        rows = on_page["parts"]
        assert rows == in_text(
            text, f"By the {next(t for t in tables_of(summary) if t.key == 'parts').title[7:]}"
        )
        total = rows.pop("all")
        assert [sum(column) for column in zip(*rows.values(), strict=True)] == total
        assert total == [
            data["seconds"]["good"],
            data["seconds"]["poor"],
            data["seconds"]["unreliable"] + data["seconds"]["away"],
            data["watched"],
        ]
    metrics = [of for of in data["metrics"].values() if of["bands"]]
    assert [[*of["bands"].values(), of["known"]] for of in metrics] == list(on_page["bands"].values())
    assert all(sum(of["bands"].values()) == of["known"] for of in metrics)
    for part in ("days", "hours", "heat_map"):
        assert sum(each["watched"] for each in data[part]) == data["watched"]
    assert sum(each["ran"] for each in data["days"]) == data["running"]
    states = sum(of["seconds"] for of in data["states"].values()) + data["stateless"]
    assert on_page["states"]["ran"] == [states] == [data["running"]]


def test_the_times_in_the_states_are_all_in_the_table(shown: Shown) -> None:
    summary, _ = shown("2026-W47")
    (table,) = [each for each in tables_of(summary) if each.key == "states"]
    assert table.total is not None
    assert sum(cells[1].seconds or 0.0 for cells in table.rows) == table.total[1].seconds


def test_beside_every_figure_stands_what_it_rests_on(shown: Shown) -> None:
    summary, _ = shown("2026-W47")
    beside = {"of watched", "of ran", "of the hour", "back", "weeks"}
    for table in tables_of(summary):
        assert beside & {column.title for column in table.columns}, table.key


def test_the_course_of_a_day_goes_by_the_clock_on_the_wall_and_comes_to_the_same(shown: Shown) -> None:
    summary, course = shown("2026-11-18")
    assert course is not None
    hours = sorted({cell.hour for cell in summary.times.cells})
    assert list(course.hours) == list(range(hours[0], hours[-1] + 1))
    for posture, seconds in summary.seconds.items():
        minutes = sum(piece.end - piece.start for piece in course.pieces if piece.posture is posture)
        assert abs(minutes * 60 - seconds) <= len(hours)
    assert set(course.minutes) == {name for name, of in summary.metrics.items() if of.bands}
    seen = {row.minute // 60 for rows in course.minutes.values() for row in rows}
    assert seen == {cell.hour for cell in summary.times.cells if cell.posture in JUDGED}
    assert shown("2026-W47")[1] is None
    assert shown("2026-11-22")[1] is None
