"""The heat map of a page: hour of the day by day of the week, each cell with its share and what that rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from uprightd.report.slices import MEANINGS, HourOfWeek, hours_of_week
from uprightd.report.strips import Part, axis, chart, legend, line, strip
from uprightd.report.summary import Summary
from uprightd.report.words import WEEKDAYS, clock, hour, percent

HEIGHT = 26
GAP = 0.06
"""Of a cell's width, left free beside it."""
FEWEST = 8
"""Hours across at least, so that a cell looks like one."""
FEW = 14
"""More hours than these leave no room for numbers in the cells."""


def heat_map(summary: Summary) -> Element | None:
    """Given a summary, return its heat map; None for a single day and where nothing was judged."""
    hours = hours_of_week(summary)
    if len(summary.period.days) < 2 or not any(it.judged for it in hours.values()):
        return None
    first = min(24 - FEWEST, *(start for _, start in hours))
    across = range(first, max(max(start for _, start in hours) + 1, first + FEWEST))
    count = len(across)
    step = 1 if count <= 16 else 3
    labels = (((at + 0.5) / count, f"{across[at]:02d}") for at in range(0, count, step))
    lines = [_line("", axis(labels), "judged")]
    for weekday, name in enumerate(WEEKDAYS):
        row = [hours.get((weekday, start)) for start in across]
        if any(row):
            judged = sum(it.judged for it in row if it)
            of = strip(_cells(weekday, across, hours), _words(name, row, judged), HEIGHT)
            lines.append(_line(name, of, clock(round(judged, 3))))
    return chart(
        "heat-map",
        "When in the week",
        "How much of what could be judged in each hour was outside your limits, in percent.",
        *lines,
        legend(
            *((f"h{step}", meaning) for step, meaning in enumerate(MEANINGS)),
            ("little", "under 5 min judged"),
        ),
    )


def _line(name: str, middle: Element, figure: str) -> Element:
    of = line(name, middle, figure)
    of.set("class", "line week heads" if not name else "line week")
    return of


def _cells(weekday: int, across: range, hours: Mapping[tuple[int, int], HourOfWeek]) -> Iterator[Part]:
    count = len(across)
    for place, start in enumerate(across):
        of = hours.get((weekday, start))
        if of is None:
            continue
        left, right = place / count, (place + 1 - GAP) / count
        when = f"{WEEKDAYS[weekday]} {hour(start)}"
        if of.outside is None or of.step is None:
            yield Part("little", left, right, f"{when}: only {clock(round(of.judged, 3))} could be judged")
            continue
        title = f"{when}: {percent(of.outside)} of {clock(round(of.judged, 3))} outside your limits"
        number = f"{round(of.outside * 100)}" if count <= FEW else ""
        yield Part(f"h{of.step}", left, right, title, number)


def _words(name: str, row: list[HourOfWeek | None], judged: float) -> str:
    good = sum(it.good for it in row if it)
    share = percent(good / judged if judged else None)
    return f"{name}: {share} of {clock(round(judged, 3))} within your limits"
