"""Lines over time: a quantity over the periods before with its noise, and the measures of a day by the minute."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from uprightd.metrics.bands import BANDS, Bands
from uprightd.metrics.definitions import METRICS
from uprightd.report.changes import amount, spread, title_of, verdict
from uprightd.report.course import Course, Minute
from uprightd.report.markup import Child, tag
from uprightd.report.sentences import noun
from uprightd.report.strips import chart, day_axis, legend
from uprightd.report.summary import Summary
from uprightd.report.trend import ALERTS, Change
from uprightd.report.words import clock, measured, named, percent

TREND_HEIGHT, MINUTE_HEIGHT = 92, 84
TALL = 150
AIR = 0.22
"""Of a trend's height, left free above and below, so that the edges of its noise show."""
EDGE = 0.04
"""Share of the width left free at both ends of a trend, so that its dots are whole."""


class Scale(NamedTuple):
    """From what value at the bottom to what value at the top."""

    low: float
    high: float

    def down(self, value: float) -> float:
        """Given a value, return how far below the top it lies, in percent, within the picture."""
        return min(100.0, max(0.0, (self.high - value) / (self.high - self.low) * 100))


def scale_of(values: Sequence[float], margin: float = 0.08) -> Scale:
    """Given what is to be seen, return a scale with some air above and below it."""
    low, high = min(values), max(values)
    air = (high - low) * margin or abs(high) * margin or 1.0
    return Scale(low - air, high + air)


# ---- trend --------------------------------------------------------------------------------------------------


def trend(summary: Summary) -> Element | None:
    """The quantities against the periods before: the first large, the others small."""
    if not summary.trend:
        return None
    pictures = [_figure(change, summary, large=not place) for place, change in enumerate(summary.trend)]
    return chart(
        "trend-chart",
        "Against those before",
        "The shaded band is noise: by so much such periods differ by themselves. What lies in it has not changed.",
        pictures[0],
        tag("div", *pictures[1:], class_="multiples"),
        legend(("noise", "noise (minimal detectable change)"), ("now", "now")),
    )


def _figure(change: Change, summary: Summary, *, large: bool) -> Element:
    known = sum(past.value is not None for past in change.past)
    against = f"too few {noun(summary.period)} before to tell a change from noise"
    if change.mean is not None:
        before = f"{amount(change, change.mean)} ± {spread(change)}"
        against = f"{verdict(change)}; the {known} {noun(summary.period)} before {before}"
    caption = tag(
        "figcaption",
        tag("strong", f"{title_of(change)} {amount(change, change.now)}"),
        tag("span", f" {against}", class_="quiet"),
    )
    picture = _trend(change, summary, TALL if large else TREND_HEIGHT)
    return tag("figure", caption, picture, _ends(change, summary) if large else None, class_="trend")


def _ends(change: Change, summary: Summary) -> Element:
    """What the first and the last of a trend's dots are of."""
    first = change.past[0].period.name
    return tag("div", tag("span", first), tag("span", summary.period.name), class_="ends")


def _trend(change: Change, summary: Summary, height: int) -> Element:
    values = [*(past.value for past in change.past), change.now]
    seen = [value for value in values if value is not None]
    if change.mean is not None and change.mdc is not None:
        seen += [max(0.0, change.mean - change.mdc), change.mean + change.mdc]
    share = change.quantity != ALERTS
    seen = [min(1.0, value) for value in seen] if share else seen
    scale = scale_of(seen, AIR)
    places = [EDGE + (1 - 2 * EDGE) * at / (len(values) - 1) for at in range(len(values))]
    names = [*(past.period.name for past in change.past), summary.period.name]
    rests = [*(past.seconds for past in change.past), summary.judged]
    label = f"{title_of(change)}, {amount(change, change.now)} now: {verdict(change)}"
    svg = tag("svg", tag("title", label), class_="plot", width="100%", height=height, role="img")
    if change.mean is not None and change.mdc is not None:
        top, bottom = scale.down(change.mean + change.mdc), scale.down(max(0.0, change.mean - change.mdc))
        svg.append(
            tag("rect", class_="noise", x=0, y=f"{top:.1f}%", width="100%", height=f"{bottom - top:.1f}%")
        )
        middle = f"{scale.down(change.mean):.1f}%"
        svg.append(tag("line", class_="mean", x1=0, x2="100%", y1=middle, y2=middle))
    dots = [
        (at * 100, scale.down(value)) if value is not None else None
        for at, value in zip(places, values, strict=True)
    ]
    svg.append(_plotted([tag("path", class_="course", d=_path(dots))]))
    for dot, name, value, seconds in zip(dots, names, values, rests, strict=True):
        if dot is not None and value is not None:
            last = name == names[-1]
            title = tag("title", f"{name}: {amount(change, value)}, rests on {clock(round(seconds))}")
            svg.append(
                tag(
                    "circle",
                    title,
                    class_="now" if last else "past",
                    cx=f"{dot[0]:.2f}%",
                    cy=f"{dot[1]:.1f}%",
                    r=5 if last else 3,
                )
            )
    return svg


# ---- a day by the minute ------------------------------------------------------------------------------------


def minutes(summary: Summary, course: Course) -> Element | None:
    """The measures with bands over the day: each minute's median, and from its least to its most."""
    found = {name: rows for name, rows in course.minutes.items() if rows}
    if not found:
        return None
    figures: list[Child] = []
    for name, rows in found.items():
        of = summary.metrics.get(name)
        known = f"known {clock(of.known)}, {percent(of.known / summary.watched)} of watched" if of else ""
        caption = tag(
            "figcaption",
            tag("strong", named(name)),
            tag("span", f" {_limits(name, BANDS[name])}; {known}", class_="quiet"),
        )
        figures.append(tag("figure", caption, _by_minute(name, rows, course), class_="minutes"))
    return chart(
        "minutes",
        "By the minute",
        "The line is each minute's median, the shadow its least to its most; dashes mark where poor begins.",
        *figures,
        day_axis(course),
    )


def _by_minute(name: str, rows: Sequence[Minute], course: Course) -> Element:
    first, count = course.hours.start * 60, len(course.hours) * 60
    bands = BANDS[name]
    low, high = min(row.low for row in rows), max(row.high for row in rows)
    scale = scale_of([low, high], 0.05)
    label = f"{named(name)} by the minute, from {measured(name, low)} to {measured(name, high)}"
    svg = tag("svg", tag("title", label), class_="plot", width="100%", height=MINUTE_HEIGHT, role="img")
    paths = []
    for run in _runs(rows):
        left = [((row.minute - first) / count * 100, scale.down(row.high)) for row in run]
        right = [((row.minute + 1 - first) / count * 100, scale.down(row.low)) for row in reversed(run)]
        paths.append(tag("path", class_="shadow", d=_path([*left, *right]) + "Z"))
        middle = [((row.minute + 0.5 - first) / count * 100, scale.down(row.median)) for row in run]
        paths.append(
            tag(
                "path",
                class_="course",
                d=_path(middle if len(middle) > 1 else [left[0], (right[0][0], middle[0][1])]),
            )
        )
    svg.append(_plotted(paths))
    for limit in bands.poor:
        if math.isfinite(limit) and scale.low < limit < scale.high:
            at = f"{scale.down(limit):.1f}%"
            svg.append(tag("line", class_="limit", x1=0, x2="100%", y1=at, y2=at))
    for text, y in ((measured(name, high), 11), (measured(name, low), MINUTE_HEIGHT - 3)):
        svg.append(tag("text", text, class_="scale", x=3, y=y))
    return svg


def _runs(rows: Sequence[Minute]) -> Iterator[list[Minute]]:
    """Given minutes in order, yield those that follow on each other together: nobody knows what was in between."""
    run: list[Minute] = []
    for row in sorted(rows):
        if run and row.minute > run[-1].minute + 1:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _limits(name: str, bands: Bands) -> str:
    low, high = bands.poor
    text = METRICS[name].limit_text
    parts = [f"above {text(high)}"] * math.isfinite(high) + [f"below {text(low)}"] * math.isfinite(low)
    return f"poor {' or '.join(parts)}"


def _plotted(paths: Sequence[Element]) -> Element:
    """Given paths in percent of the picture, return them stretched over it, their lines as thick as ever."""
    return tag("svg", *paths, viewBox="0 0 100 100", preserveAspectRatio="none", width="100%", height="100%")


def _path(dots: Sequence[tuple[float, float] | None]) -> str:
    """Given points, None for one that is missing, return a path through them that breaks there."""
    steps, pen = [], "M"
    for dot in dots:
        if dot is None:
            pen = "M"
            continue
        steps.append(f"{pen}{dot[0]:.2f} {dot[1]:.2f}")
        pen = "L"
    return "".join(steps)
