"""A summary as one page that needs nothing else: no script, nothing from elsewhere, fit for browser and paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from uprightd import __version__
from uprightd.domain import Posture
from uprightd.report import lines, strips
from uprightd.report.alerts import DROPPED, HELD, SPOKEN, After, SummaryAlert
from uprightd.report.course import Course
from uprightd.report.heat_map import heat_map
from uprightd.report.markup import Child, add, filled, style, tag, written
from uprightd.report.sentences import sentences
from uprightd.report.style import CSS, POLICY, textures
from uprightd.report.summary import Summary
from uprightd.report.table import Column, Figure, Kind, Table, without
from uprightd.report.tables import tables_of
from uprightd.report.text import what_became_of
from uprightd.report.words import bound, clock, count, duration, percent

SHOWN_ALERTS = 40


def page(summary: Summary, course: Course | None = None) -> str:
    """Given a summary, and for a single day its course, return it as HTML."""
    lead, *more = map(bound, sentences(summary))
    body = tag(
        "main",
        tag("h1", summary.period.title),
        tag("p", lead, class_="lead"),
        tag("p", " ".join(more), class_="more") if more else None,
        _tiles(summary) if summary.watched else None,
    )
    filled(body, _charts(summary, course))
    filled(body, (_table(without(table, Kind.SPARK)) for table in tables_of(summary)))
    add(body, _alerts(summary.alerts))
    add(body, _footer())
    return written(tag("html", _head(summary), tag("body", textures(), body), lang="en"))


def _head(summary: Summary) -> Element:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("meta", name_="generator", content=f"uprightd {__version__}"),
        tag("title", f"Posture, {summary.period.title}"),
        style(CSS),
    )


def _charts(summary: Summary, course: Course | None) -> Iterator[Child]:
    if course is not None:
        yield strips.timeline(course)
    yield strips.parts(summary)
    yield heat_map(summary)
    yield strips.bands(summary)
    if course is not None:
        yield lines.minutes(summary, course)
    yield lines.trend(summary)


def _tiles(summary: Summary) -> Element:
    """Four figures to begin with, each with what it rests on."""
    good = summary.seconds[Posture.GOOD]
    spoken = summary.decided(SPOKEN).total()
    longest = summary.sitting.longest
    tiles = [
        ("Within your limits", _share(good, summary.judged), f"of {clock(summary.judged)} judged"),
        ("Watched", percent(summary.coverage), f"{clock(summary.watched)} of {clock(summary.running)}"),
        ("Alerts", str(spoken), _recovery(summary)),
    ]
    if longest is not None:
        tiles.append(
            (
                "Longest at the desk",
                duration(longest.seconds),
                f"of {count(len(summary.sitting.stretches), 'stretch').replace('stretchs', 'stretches')}",
            )
        )
    entries = [
        tag("div", tag("dt", name), tag("dd", figure, class_="big"), tag("dd", rests, class_="rests"))
        for name, figure, rests in tiles
    ]
    return tag("dl", *entries, class_="tiles")


def _share(part: float, whole: float) -> str:
    return percent(part / whole if whole else None)


def _recovery(summary: Summary) -> str:
    recovered = summary.went_on(After.RECOVERED)
    if recovered and summary.recovery is not None:
        followed = summary.went_on(After.LEFT) + summary.went_on(After.STAYED) + recovered
        return bound(f"{recovered} of {followed} back, usually in {duration(round(summary.recovery))}")
    kept = summary.decided(HELD).total() + summary.decided(DROPPED).total()
    return f"and {kept} not spoken" if kept else f"in {clock(summary.watched)} watched"


# ---- tables -------------------------------------------------------------------------------------------------


def _table(table: Table) -> Element:
    parts = [
        tag("thead", _cells(table.columns, [Figure(each.title) for each in table.columns], scope="col")),
        tag("tbody", *(_cells(table.columns, cells) for cells in table.rows)),
    ]
    if table.total is not None:
        parts.append(tag("tfoot", _cells(table.columns, table.total)))
    return tag(
        "section",
        tag("h2", table.title),
        tag("div", tag("table", *parts, id=f"{table.key}-table"), class_="wide"),
        tag("p", table.note, class_="note") if table.note else None,
        class_="table",
    )


def _cells(columns: Iterable[Column], cells: Iterable[Figure], scope: str = "") -> Element:
    row = tag("tr")
    for column, cell in zip(columns, cells, strict=True):
        head = scope or ("row" if column.kind is Kind.NAME else "")
        of = tag(
            "th" if head else "td", scope=head or None, class_="w" if column.kind is Kind.WORDS else None
        )
        # The seconds beside what people read: whoever adds up a page need not parse it.
        shown = (
            tag("data", cell.text, value=f"{cell.seconds:.3f}".rstrip("0").rstrip("."))
            if cell.seconds is not None
            else cell.text
        )
        row.append(add(of, shown))
    return row


# ---- alerts -------------------------------------------------------------------------------------------------


def _alerts(alerts: tuple[SummaryAlert, ...]) -> Element | None:
    if not alerts:
        return None
    shown = alerts[-SHOWN_ALERTS:]
    title = "Each alert" if len(shown) == len(alerts) else f"The last {len(shown)} of {len(alerts)} alerts"
    return tag("section", tag("h2", title), tag("ol", *map(_alert, shown), class_="alerts"), class_="long")


def _alert(alert: SummaryAlert) -> Element:
    when, rule, *rest = what_became_of(alert)
    return tag(
        "li",
        tag(
            "p",
            tag("time", when, datetime=alert.at.isoformat(timespec="seconds")),
            " ",
            tag("strong", rule),
            tag("span", ", ".join(rest), class_="quiet") if rest else None,
        ),
        tag("p", alert.message),
        tag("p", tag("span", alert.reason, class_="note")),
    )


def _footer() -> Element:
    return tag(
        "footer",
        f"Made by uprightd {__version__} from the log on this computer; nothing left it. It measures and does not "
        "diagnose: limits and bands are informed by the literature and conform to no standard.",
    )
