"""Strips: one line of a chart, its parts side by side. Places are shares of the width, so that a strip fits any screen
and its words keep their size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from xml.etree.ElementTree import Element

from uprightd.domain import Posture
from uprightd.report.course import Course
from uprightd.report.markup import Child, filled, tag
from uprightd.report.slices import slices_of
from uprightd.report.summary import Summary
from uprightd.report.tables import banded
from uprightd.report.words import clock, hour, named, percent

HEIGHT = 20
NARROWEST = 0.0015
"""Share of the width that anything above nothing gets."""
WORDS = {
    Posture.GOOD: "within your limits",
    Posture.POOR: "outside your limits",
    Posture.UNRELIABLE: "cannot be judged",
    Posture.AWAY: "away",
}


class Part(NamedTuple):
    """A piece of a strip: its class, from where to where as shares of the width, and what it says on being asked."""

    kind: str
    start: float
    end: float
    title: str
    text: str = ""


def strip(parts: Iterable[Part], label: str, height: int = HEIGHT) -> Element:
    """Given the parts of a strip and what it shows in words, return it as SVG."""
    svg = tag("svg", tag("title", label), class_="strip", width="100%", height=height, role="img")
    for each in parts:
        width = max(each.end - each.start, NARROWEST)
        rect = tag(
            "rect",
            tag("title", each.title),
            class_=each.kind,
            x=_share(each.start),
            y=0,
            width=_share(width),
            height=height,
        )
        svg.append(rect)
        if each.text:
            middle = _share((each.start + each.end) / 2)
            svg.append(tag("text", each.text, class_=f"on {each.kind}", x=middle, y=height / 2 + 4))
    return svg


def axis(labels: Iterable[tuple[float, str]]) -> Element:
    """Given labels and where they stand as shares of the width, return them as a line of SVG."""
    texts = [tag("text", text, class_="tick", x=_share(at), y=12) for at, text in labels]
    return filled(tag("svg", class_="axis", width="100%", height=16, aria_hidden="true"), list[Child](texts))


def line(name: str, middle: Element, *figures: str) -> Element:
    """Given a name, a strip and the figures beside it, return the line of a chart."""
    beside = [tag("span", figure, class_="n") for figure in figures]
    return tag("div", tag("span", name, class_="name"), middle, *beside, class_="line")


def chart(key: str, title: str, note: str, *lines: Child) -> Element:
    """Given a chart's name, title, how to read it, and what it is made of, return it."""
    return tag(
        "section",
        tag("h2", title),
        tag("p", note, class_="note") if note else None,
        *lines,
        class_="chart",
        id=key,
    )


def legend(*kinds: tuple[str, str]) -> Element:
    """Given classes and their meaning, return the key to a chart."""
    entries = []
    for kind, meaning in kinds:
        swatch = tag(
            "svg",
            tag("rect", class_=kind, width="100%", height="100%"),
            class_="swatch",
            width=18,
            height=12,
            aria_hidden="true",
        )
        entries.append(tag("span", swatch, f" {meaning}"))
    return tag("p", *entries, class_="legend")


def _share(of: float) -> str:
    return f"{of * 100:.3f}".rstrip("0").rstrip(".") + "%"


# ---- charts -------------------------------------------------------------------------------------------------


def parts(summary: Summary) -> Element | None:
    """A bar for each day (week, month), as long as it was watched."""
    slices = slices_of(summary)
    if slices.of_an_hour or not summary.judged:
        return None
    longest = max(each.watched for each in slices.parts)
    lines = [tag("div", tag("span"), tag("span"), *_heads("within", "judged"), class_="line heads")]
    for each in slices.parts:
        pieces, at = [], 0.0
        for posture in (Posture.GOOD, Posture.POOR, Posture.UNRELIABLE, Posture.AWAY):
            seconds = each.seconds.get(posture, 0.0)
            width = seconds / longest
            if seconds:
                title = f"{each.label}: {clock(seconds)} {WORDS[posture]}"
                pieces.append(Part(posture.value, at, at + width, title))
            at += width
        label = f"{each.label}: {clock(each.good)} of {clock(each.judged)} within your limits"
        lines.append(line(each.label, strip(pieces, label), percent(each.within), clock(each.judged)))
    return chart(
        "parts-chart",
        f"{slices.each} by {slices.each.lower()}",
        "",
        *lines,
        legend(*((posture.value, WORDS[posture]) for posture in Posture)),
    )


def bands(summary: Summary) -> Element | None:
    """How each measure's known time divides into good, borderline and poor."""
    measures = {name: of for name, of in banded(summary).items() if of.known}
    if not measures:
        return None
    lines = [tag("div", tag("span"), tag("span"), *_heads("poor", "known"), class_="line heads")]
    for name, of in measures.items():
        assert of.bands is not None
        pieces, at = [], 0.0
        for kind, seconds in zip(("good", "borderline", "poor"), of.bands, strict=True):
            width = seconds / of.known
            if seconds:
                title = f"{named(name)}: {clock(seconds)} {kind}, {percent(width)}"
                pieces.append(Part(kind, at, at + width, title))
            at += width
        label = f"{named(name)}: {percent(of.poor_share)} of {clock(of.known)} in poor"
        lines.append(line(named(name), strip(pieces, label), percent(of.poor_share), clock(of.known)))
    return chart(
        "bands-chart",
        "Each measure in its bands",
        "",
        *lines,
        legend(*((kind, kind) for kind in ("good", "borderline", "poor"))),
    )


def timeline(course: Course) -> Element:
    """A day from its first hour to its last."""
    first, count = course.hours.start * 60, len(course.hours) * 60
    pieces = [
        Part(
            it.posture.value,
            (it.start - first) / count,
            (it.end - first) / count,
            f"{_at(it.start)}–{_at(it.end)} {WORDS[it.posture]}",
        )
        for it in course.pieces
    ]
    label = f"The day from {hour(course.hours.start)} to {hour(course.hours.stop - 1)}"
    return chart(
        "timeline",
        "The day",
        "Where there is nothing, nothing was watched: a pause, a fault, or the monitor did not run.",
        strip(pieces, label, 40),
        day_axis(course),
        legend(*((posture.value, WORDS[posture]) for posture in Posture)),
    )


def day_axis(course: Course) -> Element:
    """The hours under a chart of the day; where there are many, every other."""
    count = len(course.hours)
    step = 1 if count <= 12 else 2
    return axis((at / count, f"{course.hours.start + at:02d}") for at in range(0, count + 1, step))


def _heads(*titles: str) -> list[Element]:
    return [tag("span", title, class_="n head") for title in titles]


def _at(minute: float) -> str:
    hours, minutes = divmod(int(minute), 60)
    return f"{hours:02d}:{minutes:02d}"
