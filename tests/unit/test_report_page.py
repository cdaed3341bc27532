"""The page: one file that loads nothing and runs nothing, legible in both themes, and closed to what others wrote."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.fakes.summaries import ALERT, EMPTY, TUESDAY, WEEK, times
from tests.unit.conftest import Shown

from uprightd.domain import Activity, Posture
from uprightd.report.course import Course, Minute, Piece
from uprightd.report.heat_map import heat_map
from uprightd.report.markup import tag, written
from uprightd.report.measures import Measure
from uprightd.report.page import page
from uprightd.report.periods import day
from uprightd.report.style import CSS

EVIL = "<img src=x onerror=alert(1)>\"'&\x00\u202e</style></svg><script>alert(2)</script>"
VOID = {"meta", "br", "img", "link", "input", "hr"}
DAY = day(TUESDAY)


class Read(HTMLParser):
    """Reads a page as a browser would: elements with their attributes, and whether they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words += data

    def named(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name in names]


@pytest.mark.parametrize("name", ["2026-W47", "2026-11-18", "200d", "2026-11-22"])
def test_a_page_needs_nothing_and_runs_nothing(shown: Shown, name: str) -> None:
    text = page(*shown(name))
    found = Read(text)
    assert found.named("script", "link", "iframe", "img", "object", "base", "form") == []
    written_there = {key for _, attributes in found.elements for key in attributes}
    assert not {key for key in written_there if key.startswith("on")} | (
        written_there & {"href", "src", "style"}
    )
    assert set(re.findall(r"url\((.*?)\)", text)) == {"#poor", "#mid", "#unsure"}
    assert "@import" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert len(text) < 400_000


def test_the_policy_allows_our_style_and_nothing_else() -> None:
    text = page(WEEK)
    (css,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (policy,) = [it["content"] for it in Read(text).named("meta") if it.get("http-equiv")]
    assert policy is not None
    digest = b64encode(sha256(css.encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_what_others_wrote_stays_text() -> None:
    alert = replace(ALERT, rule=EVIL, message=EVIL, reason=EVIL, decision="held", cause=EVIL, after=None)
    summary = replace(
        WEEK,
        period=replace(WEEK.period, title=EVIL),
        states={**WEEK.states, Activity.DEGRADED: {EVIL: 500.0}},
        alerts=(alert,),
        metrics={EVIL: Measure(EVIL, 1, 0.0, 1.0, 2.0, 9.0, (3.0, 3.0, 3.0))},
        trend=tuple(replace(it, quantity=it.quantity._replace(name=EVIL)) for it in WEEK.trend),
    )
    text = page(summary)
    found = Read(text)
    assert found.named("script", "img") == []
    assert "\x00" not in text
    assert "\u202e" not in text
    assert found.words.count("<script>alert(2)</script>") >= 6
    harmless = {name for name, _ in Read(page(WEEK)).elements}
    assert {name for name, _ in found.elements} == harmless


def test_every_picture_and_every_piece_of_it_says_what_it_shows() -> None:
    found = Read(page(WEEK))
    pictures = [it for it in found.named("svg") if it.get("role") == "img"]
    assert len(pictures) >= 5
    assert len(found.named("title")) >= len(pictures) + 10
    text = page(WEEK)
    assert "<title>Tue 14–15: 56 % of 0:56:40 outside your limits</title>" in text
    assert "<title>Tue 17 Nov: 4:00:00 within your limits</title>" in text
    assert "<title>neck flexion: 6 % of 5:00:00 in poor</title>" in text
    assert re.findall(r"<title>(2026-W\d\d: [^<]*)", text)[:2] == [
        "2026-W42: 78 %, rests on 25:00:00",
        "2026-W43: 82 %, rests on 25:00:00",
    ]


def test_the_heat_map_says_where_little_was_judged() -> None:
    little = replace(WEEK, times=times({9: (3_000.0, 0, 0, 0), 10: (0, 200.0, 0, 0)}))
    drawn = heat_map(little)
    assert drawn is not None
    assert "Tue 10–11: only 0:03:20 could be judged" in written(drawn)
    assert heat_map(replace(WEEK, period=DAY)) is None
    assert heat_map(EMPTY) is None


def test_a_day_has_its_timeline_and_its_minutes_and_gaps_stay_empty() -> None:
    rows = tuple(Minute(9 * 60 + it, 10.0, 12.0 + it, 30.0) for it in (0, 1, 2, 10, 11))
    course = Course(
        (Piece(540.0, 543.0, Posture.GOOD), Piece(550.0, 552.5, Posture.POOR)), {"head_pitch": rows}
    )
    text = page(replace(WEEK, period=DAY), course)
    assert "<title>09:10–09:12 outside your limits</title>" in text
    assert "head pitch by the minute, from 10.0° to 30.0°" in text
    assert "poor above 25° or below -5°" in text
    assert len(re.findall(r'class="shadow"', text)) == 2
    assert re.findall(r'<rect class="poor" x="([^"]*)" y="0" width="([^"]*)"', text)[0] == (
        "16.667%",
        "4.167%",
    )


def test_an_empty_week_is_a_page_of_two_sentences() -> None:
    found = Read(page(EMPTY))
    assert found.named("table", "section", "dl") == []
    assert "Nothing was watched in this week." in found.words


def test_the_page_needs_no_course_and_no_trend() -> None:
    assert "Against" not in Read(page(replace(WEEK, trend=()))).words


# ---- legible ------------------------------------------------------------------------------------------------


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})\b", block))


LIGHT, DARK, PAPER = (_colours(block) for block in CSS.split(":root {")[1:4])


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (it / 12.92 if it <= 0.03928 else ((it + 0.055) / 1.055) ** 2.4 for it in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PAPER], ids=["light", "dark", "paper"])
def test_words_and_charts_have_the_contrast_of_wcag_aa(theme: dict[str, str]) -> None:
    for words in ("ink", "quiet"):
        assert all(contrast(theme[words], theme[ground]) >= 4.5 for ground in ("paper", "card"))
    for step, ink in (("h0", "ink"), ("h1", "ink"), ("h2", "ink"), ("h3", "h3-ink")):
        assert contrast(theme[step], theme[ink]) >= 4.5, step
    for part in ("good", "mid", "poor", "unsure"):
        assert contrast(theme[part], theme["card"]) >= 3.0, part


def test_attributes_and_text_are_escaped_by_whoever_writes_them() -> None:
    element = tag(
        "p", "a < b & c", tag("b", "x\x1by"), "\u202fend", title='"<>&', width=1.5, height=None, class_="k"
    )
    assert written(element) == (
        '<!doctype html>\n<p title="&quot;<&gt;&amp;" width="1.5" class="k">a &lt; b &amp; c<b>x y</b>\u202fend</p>\n'
    )


def test_the_picture_in_the_readme_is_small() -> None:
    picture = Path(__file__).parents[2] / "docs" / "summary.png"
    assert 10_000 < picture.stat().st_size < 200_000
