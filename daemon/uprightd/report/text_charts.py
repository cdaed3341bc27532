"""The charts of a summary as text. The more ink, the more time outside the limits; colours only add to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from uprightd.domain import Posture
from uprightd.report.course import Course
from uprightd.report.slices import MEANINGS, HourOfWeek, hours_of_week, slices_of
from uprightd.report.summary import Summary
from uprightd.report.tables import banded
from uprightd.report.text_tables import cut
from uprightd.report.times import JUDGED
from uprightd.report.words import WEEKDAYS, apportioned, bar, clock, named, percent

GOOD, MIDDLE, POOR, UNSURE, AWAY, NONE = "░", "▒", "█", "?", "·", " "
SHADES = ("░", "▒", "▓", "█")
"""Of the heat map, one for each step."""
_GREEN, _YELLOW, _RED, _DIM, RESET = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_COLOURS = {GOOD: _GREEN, MIDDLE: _YELLOW, POOR: _RED, UNSURE: _DIM, AWAY: _DIM}
_POSTURES = {Posture.GOOD: GOOD, Posture.POOR: POOR, Posture.UNRELIABLE: UNSURE, Posture.AWAY: AWAY}
_LINES = {Posture.GOOD: _GREEN, Posture.POOR: _RED, Posture.UNRELIABLE: _DIM, Posture.AWAY: _DIM}


def postures(summary: Summary, width: int, colour: bool) -> Iterator[str]:
    """How the time watched divides, one bar per posture."""
    if not summary.watched:
        return
    last = _widest(summary.seconds.values())
    room = min(44, width - 23 - last)
    for posture, seconds in summary.seconds.items():
        part = seconds / summary.watched
        cells = f"{bar(part, room):<{room}}"
        if colour:
            cells = f"{_LINES[posture]}{cells}{RESET}"
        yield f"  {posture.value:<10}  {cells}  {percent(part):>5}  {clock(seconds):>{last}}"


def parts(summary: Summary, width: int, colour: bool) -> Iterator[str]:
    """A bar per day, as long as it was watched, with what was judged beside it."""
    slices = slices_of(summary)
    if slices.of_an_hour or not summary.judged:
        return
    longest = max(each.watched for each in slices.parts)
    names = max(len(each.label) for each in slices.parts)
    last = _widest(each.judged for each in slices.parts)
    room = min(52, width - names - last - 14)
    yield f"{slices.each + 's':<{names + room + 4}}  within  {'judged':>{last}}"
    for each in slices.parts:
        cells = max(1, round(each.watched / longest * room)) if each.watched else 0
        amounts = apportioned((each.good, each.poor, each.unjudged), cells)
        text = GOOD * amounts[0] + POOR * amounts[1] + AWAY * amounts[2]
        figures = f"{percent(each.within):>6}  {clock(each.judged):>{last}}"
        yield f"  {each.label:<{names}}  {_inked(f'{text:<{room}}', colour)}  {figures}"
    yield from _fitted((f"{GOOD} within your limits", f"{POOR} outside", f"{AWAY} not judged"), width)


def course(day: Course | None, width: int, colour: bool) -> Iterator[str]:
    """A line per hour of a day, a cell for every minute or two or three, with what was judged of it beside."""
    if day is None:
        return
    cells = next(n for n in (60, 30, 20) if n <= width - 20)
    minutes = 60 // cells
    title = f"The day, {'a minute' if minutes == 1 else f'{minutes} minutes'} a cell"
    yield f"{title:<{cells + 6}} within judged" if cells > 20 else title
    for hour in day.hours:
        seen = [_most(day, hour * 60 + cell * minutes, minutes) for cell in range(cells)]
        sums = _of_hour(day, hour)
        judged = sum(sums[posture] for posture in JUDGED)
        within = percent(sums[Posture.GOOD] / judged if judged else None)
        line = _inked("".join(seen), colour)
        yield f"  {hour:02d}  {line}  {within:>5} {judged:2.0f} min"
    yield f"  {GOOD} within your limits  {POOR} outside"
    yield f"  {UNSURE} cannot be judged   {AWAY} away"


def _of_hour(day: Course, hour: int) -> Mapping[Posture, float]:
    """The minutes of each posture in one hour."""
    sums = dict.fromkeys(Posture, 0.0)
    for piece in day.pieces:
        sums[piece.posture] += max(0.0, min(piece.end, hour * 60 + 60) - max(piece.start, hour * 60))
    return sums


def _most(day: Course, start: int, minutes: int) -> str:
    """Given a span of the day, return the sign of what most of it was, outside the limits before all else."""
    sums = dict.fromkeys(Posture, 0.0)
    for piece in day.pieces:
        if piece.start < start + minutes and piece.end > start:
            sums[piece.posture] += min(piece.end, start + minutes) - max(piece.start, start)
    longest = max(sums, key=lambda it: (sums[it], it is Posture.POOR))
    return _POSTURES[longest] if sums[longest] >= minutes / 4 else NONE


def heat_map(summary: Summary, width: int, colour: bool) -> Iterator[str]:
    """Hour of the day by day of the week: how much of what could be judged was outside the limits."""
    hours = hours_of_week(summary)
    if len(summary.period.days) < 2 or not any(it.judged for it in hours.values()):
        return
    across = range(min(hour for _, hour in hours), max(hour for _, hour in hours) + 1)
    by_day = {
        day: round(sum(it.judged for (weekday, _), it in hours.items() if weekday == day), 3)
        for day in range(7)
    }
    last = _widest(by_day.values())
    cell = next((n for n in (4, 3, 2) if n * len(across) <= width - 9 - last), 1)
    yield "Hours of the week, time outside your limits"
    labels = "".join(_label(hour, across.start, cell) for hour in across)
    yield f"       {labels[: cell * len(across)]:<{cell * len(across)}}  {'judged':>{last}}"
    for weekday, name in enumerate(WEEKDAYS):
        row = [hours.get((weekday, hour)) for hour in across]
        if any(row):
            line = _inked("".join(_shade(it) * cell for it in row), colour)
            yield f"  {name}  {line}  {clock(by_day[weekday]):>{last}}"
    legend = [f"{shade} {meaning}" for shade, meaning in zip(SHADES, MEANINGS, strict=True)]
    yield from _fitted([*legend, f"{AWAY} under 5 min judged"], width)


def _label(hour: int, first: int, cell: int) -> str:
    """An hour's number where it has room; where it has not, that of every third."""
    if cell > 2 or (cell == 2 and (hour - first) % 2 == 0):
        return f"{hour:02d}" + " " * (cell - 2)
    if cell == 2:
        return "  "
    return f"{hour:02d} " if (hour - first) % 3 == 0 else ""


def _shade(of: HourOfWeek | None) -> str:
    if of is None:
        return NONE
    return AWAY if of.step is None else SHADES[of.step]


def bands(summary: Summary, width: int, colour: bool) -> Iterator[str]:
    """How each measure's known time divides into its bands."""
    measures = {name: of for name, of in banded(summary).items() if of.known}
    if not measures:
        return
    last = _widest(of.known for of in measures.values())
    names = min(max(len(named(name)) for name in measures), width - last - 26, 24)
    room = min(44, width - names - last - 14)
    yield f"{'Measures in their bands':<{names + room + 4}}    poor  {'known':>{last}}"
    for name, of in measures.items():
        assert of.bands is not None
        cells = "".join(
            sign * n for sign, n in zip((GOOD, MIDDLE, POOR), apportioned(of.bands, room), strict=True)
        )
        figures = f"{percent(of.poor_share):>6}  {clock(of.known):>{last}}"
        yield f"  {cut(named(name), names):<{names}}  {_inked(cells, colour)}  {figures}"
    yield f"  {GOOD} good  {MIDDLE} borderline  {POOR} poor"


def _widest(times: Iterable[float]) -> int:
    """Given seconds, return how many cells the longest takes, at least as many as the word above them."""
    return max([len(clock(seconds)) for seconds in times] + [len("judged")])


def _fitted(texts: Sequence[str], width: int) -> Iterator[str]:
    """Given texts, yield them in as few lines as fit."""
    line = ""
    for text in texts:
        if line and len(line) + 2 + len(text) > width:
            yield line
            line = ""
        line += "  " + text
    yield line


def _inked(cells: str, colour: bool) -> str:
    """Given cells, return them in colour where that is wanted, one escape code for each stretch of the same."""
    if not colour:
        return cells
    return "".join(_tinted(sign, run) for sign, run in _runs(cells))


def _tinted(sign: str, run: str) -> str:
    code = _COLOURS.get(sign) or (_YELLOW if sign == "▓" else "")
    return f"{code}{run}{RESET}" if code else run


def _runs(cells: Iterable[str]) -> Iterator[tuple[str, str]]:
    run = ""
    for sign in cells:
        if run and sign != run[0]:
            yield run[0], run
            run = ""
        run += sign
    if run:
        yield run[0], run
